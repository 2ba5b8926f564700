/* since.h - the project as it was where this branch began. Only for this folder. */
#ifndef TVT_SINCE_H
#define TVT_SINCE_H

#include "cli/cli.h"
#include "store/store.h"

struct since {
	const char *ref;
	char commit[65];	  /* the merge base of ref and HEAD */
	const char *top;	  /* of the work tree */
	const char *root;	  /* of the analysis, in it */
	struct known_set before;  /* what was found there */
	struct map changed;	  /* files that differ from it: hashes of their paths relative to root, */
	struct map changed_lines; /* and with the number of each line that does */
	struct arena *mem;
};

/* Checks out the merge base beside the user's caches, analyses it with the commands of today, and removes it again.
 * -1: go on; else an exit status after error(). since_free() in either case. */
int since_load(const struct cli *c, struct since *s);
/* What the findings owe to the branch: a note for those that are new in files which the branch left alone. */
void since_explain(const struct since *s, struct finding *f, uint32_t n, struct arena *mem);
void since_free(struct since *s);

#endif
