/* trial.h - advice put to the test: for each kind an experiment, what it promises on this machine, and what was seen.
 *
 * The experiments themselves are runtime/experiment, a program of its own; here is what they mean.
 */
#ifndef TVT_TRIAL_H
#define TVT_TRIAL_H

#include "advise/machine.h"

/* METRIC(id, name, unit, word): what an experiment tells, in nanoseconds, per second, or bytes. */
#define METRICS(METRIC)                                                                                                \
	METRIC(P50, "p50", TIME, "p50")                                                                                \
	METRIC(P99, "p99", TIME, "p99")                                                                                \
	METRIC(P999, "p999", TIME, "p99.9")                                                                            \
	METRIC(FLOOR, "floor", TIME, "p99 of the loop alone")                                                          \
	METRIC(JOB, "job", TIME, "a job")                                                                              \
	METRIC(RATE, "rate", RATE, "jobs/s")                                                                           \
	METRIC(BYTES, "bytes", SIZE, "each")                                                                           \
	METRIC(SWITCHES, "switches", RATE, "switches/s")                                                               \
	METRIC(BUSY, "busy", SHARE, "had by others")

enum metric_unit { IN_TIME, IN_RATE, IN_SIZE, IN_SHARE };
enum metric {
#define METRIC(id, ...) METRIC_##id,
	METRICS(METRIC)
#undef METRIC
	METRIC_COUNT
};
struct metric_row {
	const char *name;
	enum metric_unit unit;
	const char *word;
};
extern const struct metric_row metric_rows[METRIC_COUNT];

/* What of a finding the experiment imitates. */
struct trial_setup {
	double work; /* ns that one job blocks or computes */
	bool blocks; /* it sleeps in the kernel; else it computes */
	unsigned instances;
};
struct trial_kind {
	const char *name;   /* of the advice: "pool" */
	const char *advice; /* a clause: "run it on the pool, and come back" */
	const char *what;   /* is measured: "p99 of the loop" */
	const char *job;    /* what blocks or computes, and how many: "a job in a callback" */
	enum metric metric; /* by which the advice is judged */
	struct trial_setup setup;
	/* By which factor the metric gets better; 1 or less: it does not. */
	double (*promise)(const struct machine *m, const struct trial_setup *s);
};
extern const struct trial_kind trial_kinds[]; /* ends with name NULL */
const struct trial_kind *trial_find(const char *name);
/* The kind that a rule's finding is advised to follow, or NULL: nothing that can be measured. */
const struct trial_kind *trial_of_rule(const char *rule);

struct outcome {
	double v[METRIC_COUNT]; /* below zero: not measured */
};
/* What tvt-experiment printed: lines "name number"; 0, or -1 after error(). */
int outcome_parse(struct outcome *o, const char *text);
/* Is a better than b, by that metric? */
bool outcome_better(const struct outcome *a, const struct outcome *b, enum metric by);
/* Factor by which the metric got better; 0 if it was not measured. */
double trial_gain(enum metric by, const struct outcome *before, const struct outcome *after);

enum verdict {
	VERDICT_KEPT,	   /* at least half of the promised factor */
	VERDICT_PART,	   /* better, but by less */
	VERDICT_MISSED,	   /* not better */
	VERDICT_TOO_BUSY,  /* less than promised, while others had the machine */
	VERDICT_NO_GROUND, /* the experiment could not run there */
};
enum verdict trial_judge(const struct trial_kind *k, double promise, const struct outcome *before,
	const struct outcome *after);
extern const char *const verdict_words[];

#endif
