/* cache_int.h - private to store/: the parts of the cache.
 *
 *     cache.c       finding, loading and keeping results
 *     cache_file.c  are the files and directories as they were?
 *     cache_db.c    where the database is, who may write it, and what becomes of its errors
 */
#ifndef TVT_CACHE_INT_H
#define TVT_CACHE_INT_H

#include <sqlite3.h>

#include "store/store.h"

/* ---- cache_db.c ---- */

struct db {
	sqlite3 *h; /* NULL: given up, every call fails */
	const char *path;
	bool no_writes; /* a write failed in a way that the next one would too */
	bool said;	/* of a damaged database */
	uint32_t age;	/* how many times it was begun anew */
	struct arena *mem;
};
/* 0, or -1: no database, see cache_open(). */
int db_open(struct db *db, const char *dir, const char *root);
void db_close(struct db *db);
/* A statement, to be finalized; NULL after the error was dealt with. */
sqlite3_stmt *db_prepare(struct db *db, const char *sql);
/* SQLITE_ROW, SQLITE_DONE, or -1 after the error was dealt with: a damaged database is thrown away
 * and begun anew; all statements but this one must be finalized by then. */
int db_step(struct db *db, sqlite3_stmt *st);
int db_exec(struct db *db, const char *sql); /* 0 or -1 */
void db_damaged(struct db *db);

/* ---- cache_file.c ---- */

/* A file's content that some result was made from. */
struct version {
	int64_t id; /* hash of path and hash */
	const char *path;
	struct hash128 hash;
	uint64_t stamp; /* fs_stamp() when the content was this; 0: unknown */
	uint8_t is;	/* enum is */
	bool fresh;	/* to be written */
};
/* A directory in which files were looked for in vain. */
struct dir {
	int64_t id; /* hash of path */
	const char *path;
	uint64_t stamp;	   /* when names were looked at; 0: unknown */
	uint32_t npresent; /* how many of the names are there after all */
	uint64_t sum;	   /* of the names as they are in the database */
	bool looked;
	bool moved;	    /* the stamp is another one now: to be written */
	bool gone;	    /* not in the database: its results are not to be trusted */
	VEC(char) added;    /* names to be written, each ended by a NUL */
	struct map present; /* hash of each name that is there */
};
enum is { IS_UNKNOWN, IS_SAME, IS_OTHER };
#define STAMP_NO_DIR 2 /* fs_stamp() is odd or 0 */

struct seen_file {
	const char *path;
	uint64_t stamp;
	struct hash128 hash;
	bool there, hashed;
};
/* What is known of the file system; built from the database by every cache_find(). */
struct world {
	struct arena *mem;
	VEC(struct version) versions;
	VEC(struct dir) dirs;
	struct map version_of, dir_of; /* by id */
	struct map file_of;	       /* hash of path to files */
	VEC(struct seen_file) files;
	struct map added; /* hash of dir and name: is in dir.added, or was */
};
void world_free(struct world *k);
int world_load(struct world *k, struct db *db);
bool version_same(struct world *k, int64_t id);
/* The directory as it is now; NULL if it cannot be told. */
struct dir *dir_look(struct world *k, struct db *db, int64_t id);
/* The ids of what a result has read, to be written along with it. */
int64_t world_add_version(struct world *k, const struct read *r);
int64_t world_add_absent(struct world *k, const char *dir, size_t ndir, const char *name);
bool world_is_dirty(const struct world *k);
/* Within a transaction. 0 or -1. */
int world_write(struct world *k, struct db *db);

#endif
