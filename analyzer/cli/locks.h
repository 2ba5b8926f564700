/* locks.h - private to cli/: which lock guards what, in rows. */
#ifndef TVT_CLI_LOCKS_H
#define TVT_CLI_LOCKS_H

#include "cli/cli.h"
#include "solve/solve.h"

struct lock_row {
	const struct shared_object *o; /* the first of them */
	uint32_t held, total;	       /* accesses with the lock, all */
	bool race;
	uint8_t sure;		       /* of the race, as in shared_object */
	VEC(uint32_t) use;	       /* in facts.uses: one a place, in order */
};
struct lock_table {
	const struct analysis *a;
	VEC(struct lock_row) rows;
	uint32_t nlock, nrace, nguess, natomic, nother; /* objects: under a lock, racing, that perhaps, atomic alone, never at once */
};

/* Fills a table whose a is set. all: also what no lock guards. */
void locks_collect(struct lock_table *t, bool all);
void locks_free(struct lock_table *t);
const char *lock_text(const struct analysis *a, const struct lock_row *r); /* or "(none)", "(atomic)", ... */
bool locks_atomic(const struct analysis *a, const struct shared_object *o);
/* Functions that access it, each once: some of them, and how many more. */
void locks_put_fns(struct sb *out, const struct analysis *a, const struct lock_row *r);
/* For a report: what the locks guard, and what each entry should be. */
void cli_tell(struct analysis *a);

#endif
