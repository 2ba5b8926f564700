/* advise.h - for every entry: should it be a task, a thread or a job of a pool, and what to change
 * first.
 *
 * A profile of each entry (what it waits for, what it computes, how many there are of it) goes
 * through the decision table of advice.def; gains are computed from the constants of the machine by
 * the formulas of trial.c.
 */
#ifndef TVT_ADVISE_H
#define TVT_ADVISE_H

#include "advise/machine.h"
#include "rule/api/rule.h"

enum advice_kind {
#define ADVICE(id, ...) ADVICE_##id,
#include "advise/advice.def"
	ADVICE_COUNT
};
struct advice_row {
	const char *word, *trial;
	int way; /* enum way, or -1 */
	const char *what, *formula, *unless;
};
extern const struct advice_row advice_rows[ADVICE_COUNT];

enum { MAX_REASONS = 10 };
struct advice {
	uint32_t entry;	 /* in the facts */
	const char *now; /* "task", "thread", "pool job" */
	enum advice_kind kind;
	const char *because;		  /* the facts that decide: a clause */
	const char *reasons[MAX_REASONS]; /* what was found: clauses */
	uint32_t nreason;
	uint32_t site;		      /* what to change first: an op, or NONE */
	const struct loop_fact *loop; /* the same, if it is a loop; or NULL */
	double hold;	  /* ns that it holds its loop, or that one job takes, at a time */
	double weight;	  /* 0 to 1: how sure that is, and that it happens while the program serves */
	double factor;	  /* by which it gets better; 0: nothing changes, or it is not known */
	const char *gain; /* "p99 of the loop 9.5 ms -> 0.1 ms"; "" if nothing changes */
	const char *code; /* what to write, in the program's library; "" if nothing changes */
	const char *side; /* what gets worse; or "" */
	double harm;	  /* for the order: ns, or what is as bad */
};
/* Worst first. All strings live as long as mem. */
struct advice *advise_all(const struct program *p, const struct effects *e, const struct facts *f,
	const struct machine *m, struct arena *mem, uint32_t *n);
bool advice_changes(const struct advice *a);

#endif
