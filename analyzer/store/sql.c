/* sql.c - short forms of what every use of SQLite repeats. */
#include "store/sql.h"

int sql_error(sqlite3 *db, const char *what)
{
	return error("%s: %s", what, db ? sqlite3_errmsg(db) : "no memory");
}

int sql_exec(sqlite3 *db, const char *what, const char *text)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error(db, what);
}

sqlite3_stmt *sql_prepare(sqlite3 *db, const char *what, const char *text)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK)
		sql_error(db, what);
	return st;
}

void sql_bind(sqlite3_stmt *st, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	for (int i = 1; *fmt; fmt++, i++) {
		if (*fmt == 'i')
			sqlite3_bind_int64(st, i, va_arg(args, int64_t));
		else if (*fmt == 'u')
			sqlite3_bind_int64(st, i, va_arg(args, uint32_t));
		else if (*fmt == 'd')
			sqlite3_bind_double(st, i, va_arg(args, double));
		else
			sqlite3_bind_text(st, i, va_arg(args, const char *), -1, SQLITE_STATIC);
	}
	va_end(args);
}

int sql_run(sqlite3 *db, const char *what, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		sql_error(db, what);
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

const char *sql_text(sqlite3_stmt *st, int column, struct arena *a)
{
	const unsigned char *s = sqlite3_column_text(st, column);

	return s ? arena_strndup(a, (const char *)s, (size_t)sqlite3_column_bytes(st, column)) : NULL;
}

int64_t sql_number(sqlite3 *db, const char *text, int64_t otherwise)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		otherwise = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return otherwise;
}
