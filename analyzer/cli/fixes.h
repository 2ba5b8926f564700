/* fixes.h - private to cli/: what --fix and --diff do. */
#ifndef TVT_CLI_FIXES_H
#define TVT_CLI_FIXES_H

#include "cli/cli.h"
#include "fix/fix.h"

struct edited;
struct fixes {
	bool *chosen;  /* per finding of the analysis */
	uint32_t left; /* left out: their edits touch those of others */
	struct edited *files;
	uint32_t nfile;
	bool trouble;
	struct arena *mem;
};
void fixes_choose(struct fixes *x, const struct analysis *a); /* first of all; for fixes_free() in any case */
int fixes_show(struct fixes *x, const struct analysis *a);    /* a diff on standard output; 0, or -1 after error() */
int fixes_do(struct fixes *x, struct analysis *a);	      /* those that are mended leave a->findings; the same */
void fixes_free(struct fixes *x);

#endif
