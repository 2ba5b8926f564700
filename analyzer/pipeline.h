/* pipeline.h - every stage in order. pipeline.c is the only place that calls them all; the commands choose
 * how far to go and print what came out.
 */
#ifndef TVT_PIPELINE_H
#define TVT_PIPELINE_H

#include "config/config.h"
#include "front/front.h"
#include "link/link.h"
#include "model/model.h"
#include "rule/api/rule.h"

/* STAGE(NAME, "word") - the stages, in order. The words are those of `tvt-lint dump`. */
#define STAGES(STAGE)                                                                              \
	STAGE(COMPDB, "compdb")                                                                    \
	STAGE(UNITS, "unit")                                                                       \
	STAGE(PROGRAM, "program")                                                                  \
	STAGE(EFFECTS, "effects")                                                                  \
	STAGE(FACTS, "facts")                                                                      \
	STAGE(FINDINGS, "findings")
enum stage {
#define STAGE(name, word) STAGE_##name,
	STAGES(STAGE)
#undef STAGE
	STAGE_COUNT
};

struct analysis;
struct cache;
struct pipeline_opts {
	struct compdb_opts db;
	struct front_opts front; /* front.stop cancels between stages too */
	enum stage until;	 /* the last stage to run; zero would be the database alone: say it */
	bool deep;		 /* shared state in programs of any size; so does all */
	bool all;		 /* rules that are off by default, and findings of low confidence */
	enum confidence confidence; /* findings below it are only counted; all: ignored */
	bool no_cache;
	struct config *config;	 /* NULL: no settings */
	/* The database is read: it may be changed, and settings_root set. -1 after error() ends it. May be NULL. */
	int (*loaded)(void *ctx, struct analysis *a);
	void *loaded_ctx;
	/* The text of a file that is not what is on disk, or NULL. May be NULL. */
	const char *(*text)(void *ctx, const char *path, size_t *n);
	void *text_ctx;
	const char *cache_dir; /* NULL: see cache_open() */
	const char *const *summaries; /* directories with the units: no database is read and nothing parsed */
	uint32_t nsummary;
	const char *root; /* of the project whose units they are; NULL: the working directory */
	/* Every unit's result is in the cache: ids tells which. True: what they lead to is known, nothing more is
	 * done, and analysis.answered is set. May be NULL. */
	bool (*known)(void *ctx, struct analysis *a, struct cache *c, const uint64_t *ids);
	void *known_ctx;
	void (*begin)(void *ctx, enum stage s); /* a stage begins; may be NULL */
	void *ctx;
};
/* Complete up to and with the stage asked for; later members are NULL or 0. */
struct analysis {
	struct compdb *db;
	const char *settings_root; /* where settings and operands look for what is below db->root; NULL: there */
	struct unit *units; /* db->ntu of them; their ir is gone once they are linked, unless until is UNITS */
	uint64_t *ids; /* per unit: which result of the cache it is, 0 if none; NULL without a cache */
	bool answered; /* only db is complete */
	struct program *p;
	struct models *m;
	struct effects *e;
	struct facts *f;
	struct finding *findings; /* sorted by (file, line, col, rule, identity); suppressed ones included */
	uint32_t nfinding;
	struct rules_out out;
	struct house_rule *house; /* the project's own rules */
	uint32_t nhouse;
	const struct rule_info *rules; /* every rule, sorted by id */
	uint32_t nrule;
	struct run_info run;
	int64_t began; /* in ns since 1970, before the first file was looked at; 0: the units were made before */
	double seconds[STAGE_COUNT]; /* wall clock of each stage */
	struct arena *mem;	     /* of findings and run */
};

/* 0, or -1 after error(): no database, a model that cannot be read, workers that cannot start, cancelled.
 * Units that fail are not an error here: see run.units_failed. pipeline_free() in either case. */
int pipeline_run(const struct pipeline_opts *o, struct analysis *a);
/* The stages behind the units, of an analysis whose db and units are set and all else is zero: what a caller
 * does who has lowered them himself. They stay the caller's; their ir is freed. As pipeline_run(). */
int pipeline_rest(const struct pipeline_opts *o, struct analysis *a);
void pipeline_free(struct analysis *a);
/* The facts (and, if asked for, the findings) as tables. NULL after error(). */
struct facts_db *pipeline_facts_db(const struct pipeline_opts *o, const struct config *c, const struct analysis *a,
	bool with_findings);
/* The units stage alone, for any units of a database: done gets each as soon as it is there, numbered as in db,
 * and may take it or free it (*u zero afterwards). Returns how many were in the cache, or -1 after error(). */
int pipeline_lower(const struct pipeline_opts *o, const struct compdb *db,
	void (*done)(void *ctx, uint32_t i, struct unit *u), void *ctx);
/* Makes a->run.lanes (lanes.c). */
void pipeline_lanes(struct analysis *a);
/* Every rule of the tool, sorted by id, without an analysis and without reading a file; returns the count. */
uint32_t pipeline_rules(const struct rule_info **rules);

#endif
