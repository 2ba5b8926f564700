/* compdb.h - private to front/: the parts of compdb_load.
 *
 *     compdb_find.c   which database, and which directory is the project's root
 *     compdb_read.c   JSON to entries, one at a time (knows yajl)
 *     compdb_alike.c  which commands for one file differ in nothing that it can see
 *     compdb.c        entries to units: arguments judged, duplicates merged, files without an entry
 * added
 */
#ifndef TVT_COMPDB_H
#define TVT_COMPDB_H

#include "front/args.h"

/* One entry, valid during the call. */
struct entry {
	uint32_t index; /* counts from 0 */
	const char *dir;
	struct word file;   /* as written; NUL-terminated */
	struct words words; /* the compiler and its arguments */
};
/* Calls take for every entry of the database at path. 0, or -1 after error("file:line:column:
 * ..."). */
int compdb_read(const char *path, void (*take)(void *ctx, const struct entry *e), void *ctx);

/* Where the database is; *out is NULL if there is none. build_dir is -p or NULL; start a normal,
 * absolute path, the first on the command line. 0, or -1 after error(): -p leads nowhere, or there
 * are several. */
int compdb_find(struct arena *a, const char *build_dir, const char *start, const char **out);
/* Merges units of one file that are alike; db->tus are sorted. */
void compdb_merge_alike(struct compdb *db);
/* The project's root, given all units. */
const char *compdb_root(const struct compdb *db);
/* The nearest directory above path (or path itself) that holds .git; NULL if there is none. */
const char *compdb_toplevel(struct arena *a, const char *path);
/* The unit whose command suits file best; NONE if there are no units. */
uint32_t compdb_nearest(const struct compdb *db, const char *file);

#endif
