/* store.h - what stays between runs: the findings that are known (baseline.c), how they came and went
 * (history.c), and what was parsed (cache.c, summary.c); and what can be asked of this run: the facts as tables (export.c,
 * query.c) and the project's own rules over them (house.c). Only this folder knows SQLite.
 */
#ifndef TVT_STORE_H
#define TVT_STORE_H

#include "front/front.h"
#include "rule/api/rule.h"

#include <signal.h>

/* ---- baseline.c: findings that are known, and which of today's are among them ---- */

/* One finding, as far as another one can be the same. */
struct known {
	const char *identity; /* escaped */
	const char *file;     /* escaped, relative to the root */
	uint64_t line;	      /* hash of the text of its line without blanks; 0: not known */
};
struct known_set {
	VEC(struct known) list; /* sorted */
	struct arena *mem;	/* of the strings */
};

/* The findings that are not suppressed. root: where their files are; their lines are read. */
void known_of(struct known_set *s, const struct finding *f, uint32_t n, const char *root);
/* A file that known_write() wrote, or a merge of two such. 0, or -1 after error(). Free it in either case. */
int known_read(struct known_set *s, const char *path);
/* 0, or -1 after error(). The directory is made if it is missing. */
int known_write(const struct known_set *s, const char *path);
void known_free(struct known_set *s);
/* Marks the findings that are in the set, each element standing for one finding at most, and counts into c;
 * c->gone lives as long as the set. What two findings must share: the identity; if several have it, those with
 * the same file and line text belong together first, then those with the same line, then with the same file. */
void known_match(const struct known_set *s, struct finding *f, uint32_t n, const char *root, struct compared *c);

/* ---- cache.c: results of parsing, kept as long as every question that the parser asked the file
 * system would be answered the same. A cache may be lost at any time, and is never wrong. ---- */

struct cache;
/* The cache in the directory dir, which is made; or, if dir is NULL, in .tvt/ of the project's
 * root, or in the user's cache directory where that cannot be written. NULL if there is none to be
 * had, which is said only where dir was asked for, or where somebody else could write into it: then
 * the caller goes on without. Never fails for good: what is damaged or of another version is thrown
 * away. */
struct cache *cache_open(const char *dir, const char *root);
/* ids[i] becomes the result that is right for tus[i] as the files are now, or 0. Equal ids are
 * equal results, and so is everything that was read for them. Returns how many are not 0. */
uint32_t cache_find(struct cache *c, const struct tu_cmd *tus, uint32_t n, uint64_t *ids);
/* Loads such a result: ir, state, errors; *u was zero. 0, or -1: it is damaged or gone. */
int cache_load(struct cache *c, uint64_t id, struct unit *u);
/* Keeps a result of the parser that is whole and pure; others are ignored. Returns its id, or 0. It
 * is written some time later, many at once. */
uint64_t cache_put(struct cache *c, const struct tu_cmd *cmd, const struct unit *u);
/* An answer: bytes that were made from such results and from what else key stands for. */
bool cache_answer(struct cache *c, struct hash128 key, struct sb *out); /* false: none is kept */
void cache_keep_answer(struct cache *c, struct hash128 key, const void *data, size_t n);
void cache_close(struct cache *c); /* writes what is left; c may be NULL */

/* ---- summary.c: results of parsing as files, so that other machines can share the work ---- */

/* What the units of a database are called, wherever the project lies: the same for all shards. */
struct hash128 summary_program(const struct compdb *db);
/* Writes unit i of db into a file in dir, whole or not at all. The same unit from the same sources has the same name
 * and the same bytes everywhere. 0, or -1 after error(). */
int summary_write(const char *dir, const struct compdb *db, struct hash128 program, uint32_t i, const struct unit *u);
/* Reads all such files in these directories as units of a project at root: *db and *units are as if they had been
 * loaded and parsed there. 0; or -1 after error(): one is missing or damaged, or they do not belong together. Then
 * both are NULL. */
int summary_read(const char *const *dirs, uint32_t ndir, const char *root, struct compdb **db, struct unit **units);

/* ---- history.c: runs and findings over time ---- */

struct history_change {
	const char *what; /* "new", "fixed", "reopened", "silenced" */
	const char *rule, *level, *file;
	uint32_t line;
	const char *message;
	int64_t first_run;
	const char *fingerprint;
};
/* A new, empty one, with its directory. 0, or -1 after error(): it must not be there. */
int history_create(const char *path);
/* Adds a run over the whole project with its findings; the caller has set at, revision, version, every, seconds, units
 * and failed, the rest is counted here. Several may do so at once. 0, or -1 after error(): then nothing was added. */
int history_record(const char *path, const struct finding *f, uint32_t n, struct history_run *run);
/* The last runs, oldest first. Memory is of mem. 0, or -1 after error(). */
int history_runs(const char *path, uint32_t max, struct arena *mem, struct history_run **runs, uint32_t *n);
/* What one run saw change. The same. */
int history_changes(const char *path, int64_t run, struct arena *mem, struct history_change **changes, uint32_t *n);

/* ---- export.c, query.c: the facts in SQL ---- */

extern const char facts_schema[]; /* facts.sql: the tables, with what they mean */
struct facts_unit {
	const char *file, *state, *error;
};
struct facts_in {
	const struct program *p;
	const struct effects *e;
	const struct facts *f;
	const char *root, *version;
	const struct facts_unit *units;
	uint32_t nunit;
	const struct finding *findings; /* NULL: there are no such tables */
	uint32_t nfinding;
};
struct query_limits {
	double seconds, bytes; /* of each query; of SQLite in all. 0: no limit */
	const volatile sig_atomic_t *stop; /* or NULL */
};
/* The facts, ready to be asked. One at a time: the limit on memory is the process's. NULL after error(). */
struct facts_db;
struct facts_db *facts_db_open(const struct facts_in *in, const struct query_limits *limits);
void facts_db_close(struct facts_db *f);
/* What comes out. Either may end it by -1 after error(). Cells are text, NULL for NULL, good until the next row. */
struct query_sink {
	int (*columns)(void *ctx, uint32_t n, const char *const *names); /* may be NULL */
	int (*row)(void *ctx, uint32_t n, const char *const *cells);
	void *ctx;
};
/* One SELECT; what is the name of the query in messages. 0, or -1 after error(). */
int facts_query(struct facts_db *f, const char *what, const char *text, const struct query_sink *sink);

/* ---- house.c: the project's own rules ---- */

struct house_rule {
	const char *id; /* "house/NAME" */
	const char *file, *text;
	const char *title, *page; /* the first line of its head, and all of it */
	const char *instead;	  /* or NULL */
	enum level level;
};
/* The *.sql files of a directory, by id; none if it is not there. 0, or -1 after error(), one a bad file. */
int house_load(const char *dir, struct arena *mem, struct house_rule **house, uint32_t *n);
/* Adds its findings; only inside rules_in.more(). 0, or -1 after error(). */
int house_run(const struct house_rule *rule, struct facts_db *db, struct rules_out *out);

#endif
