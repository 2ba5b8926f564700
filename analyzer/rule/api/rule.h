/* rule.h - all that a rule can see.
 *
 * A rule is a folder rules/<id>/ with rule.c, README.md and fixtures/. rule.c defines one struct rule by RULE().
 * Its check() asks about solved, const facts and reports findings; it finds no facts itself. Rules run in the
 * order of their ids and do not see one another.
 */
#ifndef TVT_RULE_H
#define TVT_RULE_H

#include "rule/api/finding.h"
#include "solve/solve.h"

struct rule_run { /* one run of one rule */
	const struct program *p;
	const struct effects *e;
	const struct facts *f;
	const struct rule *rule;
	struct arena *mem;
	struct rules_out *out;
};
struct rule {
	const char *id;
	const char *title;  /* what it finds, as a clause: "a call in a task waits in the kernel" */
	const char *family; /* "blocking", "shared state", "cpu", "threads" */
	enum level level;   /* of its findings, if the rule does not say otherwise */
	bool by_default;    /* false: only with --all */
	void (*check)(struct rule_run *run);
};
#define RULE(name) const struct rule rule_##name

/* A finding at a call or access. message: a lowercase clause, names in quotes, no full stop. The finding belongs
 * to the run; more is added to it by the functions below. */
struct finding *rule_report(struct rule_run *run, uint32_t site, const char *fmt, ...) PRINTF(3, 4);
/* The same at a loop, and its way from an entry. */
struct finding *rule_report_loop(struct rule_run *run, const struct loop_fact *l, const char *fmt, ...) PRINTF(3, 4);
void rule_trace_loop(struct rule_run *run, struct finding *f, const struct loop_fact *l, const char *what);
void rule_level(struct finding *f, enum level level, enum confidence confidence);
void rule_label(struct rule_run *run, struct finding *f, const char *fmt, ...) PRINTF(3, 4);
void rule_note(struct rule_run *run, struct finding *f, const char *fmt, ...) PRINTF(3, 4);
/* "'on_read' runs on the libuv loop, registered by uv_read_start". */
void rule_task(struct rule_run *run, struct finding *f, uint32_t entry);
/* The way from an entry to the site, by the visits of a search. */
void rule_trace(struct rule_run *run, struct finding *f, uint32_t visit, uint32_t site, const char *what);
/* A further place of that kind ("other accesses"): they are one trace, at the end. */
void rule_also(struct rule_run *run, struct finding *f, const char *kind, uint32_t site, const char *what);
/* Confidence in what is told of a shared object or a lock, from the solver's "sure". */
enum confidence sure_confidence(uint8_t sure);
const char *use_done(const struct shared_use *u);			     /* "freed", "written" or "read" */
const char *use_held(struct rule_run *run, const struct shared_use *u); /* "written, with 'a' held" */
/* Level, identity and the steps of a misused lock. */
void rule_lock_use(struct rule_run *run, struct finding *f, const struct lock_use *u);
/* What to use instead of the modelled function, in the libraries that the program uses. */
void rule_instead(struct rule_run *run, struct finding *f, const struct model *m);
enum way {
#define WAY_KINDS(KIND) KIND(BATCH) KIND(POOL) KIND(TASK) KIND(TIMER) KIND(WAKE)
#define KIND(name) WAY_##name,
	WAY_KINDS(KIND)
#undef KIND
};
/* A mechanical edit may mend it: what kind, and the calls that it begins from. Again for a further one. */
void rule_repair(struct rule_run *run, struct finding *f, enum repair_kind kind, uint32_t site);
/* How to change where the work runs, in the library of the entry's loop (NONE: that of the program). */
void rule_way(struct rule_run *run, struct finding *f, uint32_t entry, enum way way);
const char *way_text(const struct effects *e, const char *library, enum way way);
/* Parts of the identity behind rule and function: what must stay the same for it to be the same finding. */
void rule_identity(struct rule_run *run, struct finding *f, const char *fmt, ...) PRINTF(3, 4);

/* The call blocks only because no callback was given to it: it belongs to sync-call-of-async-library. */
bool block_is_sync_form(const struct block_site *b);
/* A call that computes (CAT_CPU): a millisecond at least, whatever its parameters are? A stream's next buffer takes as
 * long as the buffer is. */
bool block_computes_long(const struct block_site *b);

/* ---- query.c ---- */

/* What one turn of an event loop may take before its other tasks suffer, in nanoseconds. */
enum { LOOP_BUDGET_NS = 1000000 };
/* Can the loop take longer than the budget, and does a task wait for it? */
bool loop_over_budget(const struct facts *f, const struct loop_fact *l);
/* Is the lock held for most of what the threads do that it is told of? */
bool lock_too_big(const struct lock_use *u);
/* The loop around it that is itself over budget, or NONE. */
uint32_t loop_outer_over(const struct facts *f, uint32_t loop);

struct where rule_where(const struct rule_run *run, uint32_t site);
const char *rule_name(const struct rule_run *run, uint32_t fn);
/* "the libuv loop", "the event loop of 'main'", "a thread". */
const char *rule_context(const struct rule_run *run, uint32_t entry);
/* "1 ms", "30 s". */
const char *rule_time(struct rule_run *run, double seconds);

/* ---- for the pipeline ---- */

extern const struct rule *const rules[]; /* all, sorted by id; made by the build from the folders */
extern const uint32_t nrules;
struct rules_out;
struct rules_in {
	const struct program *p;
	const struct effects *e;
	const struct facts *f;
	const char *root; /* paths are told relative to it */
	bool all;	  /* rules that are off by default, findings of low confidence */
	const char *const *paths; /* only findings below these (normal, absolute); none: all */
	uint32_t npath;
	enum confidence confidence; /* findings below it are only counted */
	/* What the project's configuration says; each may be NULL. */
	int (*on)(void *ctx, const char *rule);		      /* is the rule on? -1: nothing said of it */
	int (*level)(void *ctx, const struct finding *f);      /* its level; -1: it is not wanted there */
	void (*more)(void *ctx, struct rules_out *out);	      /* findings of rules that are not compiled in */
	bool (*known_rule)(void *ctx, const char *rule);      /* is that the name of one of those? */
	bool (*need_reason)(void *ctx, const char *file);     /* does an allow() without a reason cover nothing there? */
	void *ctx;
};
struct rules_out {
	struct finding *findings; /* sorted by (file, line, column, rule, identity) */
	uint32_t n;
	uint32_t nsuppressed, nunused, nbelow; /* covered by allow(); allow() that covers nothing; of low confidence */
	struct unused *unused; /* nunused of them */
	struct arena *mem;
	/* while running */
	const struct rules_in *in;
	VEC(struct finding *) list;
};
void rule_run_all(const struct rules_in *in, struct rules_out *out);
void rules_free(struct rules_out *out);
/* An empty finding of a rule that is not compiled in, to be filled; only inside rules_in.more(). */
struct finding *rules_add(struct rules_out *out, const char *rule, struct where at, const char *message);
const struct rule *rule_find(const char *id); /* NULL: no such rule is compiled in */
/* Did the rule run? */
bool rule_runs(const struct rules_in *in, const struct rule *rule);
/* Is a file below one of the paths that were asked for? */
bool rule_wants(const struct rules_in *in, const char *file);
/* suppress.c: marks which of n findings `// tvt: allow(rule) reason` covers, before any is left out: an allow()
 * for a finding that is not shown is used all the same. */
void rule_suppress(const struct rules_in *in, struct rules_out *out, struct finding *const *findings, uint32_t n);

#endif
