/* sql.h - SQLite as the files of this folder use it. Nobody else includes it. */
#ifndef TVT_SQL_H
#define TVT_SQL_H

#include "base/base.h"

#include <sqlite3.h>

/* error("%s: %s", what, ...) with SQLite's own words; -1. */
int sql_error(sqlite3 *db, const char *what);
/* Runs statements without parameters. 0, or -1 after error(). */
int sql_exec(sqlite3 *db, const char *what, const char *text);
/* A statement to be finalized; NULL after error(). */
sqlite3_stmt *sql_prepare(sqlite3 *db, const char *what, const char *text);
/* Binds by the letters of fmt: i int64_t, u uint32_t, s const char * (may be NULL; must live until the step), d double. */
void sql_bind(sqlite3_stmt *st, const char *fmt, ...);
/* One step of a statement that gives no rows, and resets it. 0, or -1 after error(). */
int sql_run(sqlite3 *db, const char *what, sqlite3_stmt *st);
/* A column's text in the arena; NULL stays NULL. */
const char *sql_text(sqlite3_stmt *st, int column, struct arena *a);
/* The first number of a query, or otherwise. */
int64_t sql_number(sqlite3 *db, const char *text, int64_t otherwise);

#endif
