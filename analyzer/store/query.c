/* query.c - questions in SQL over the exported facts, by people who are not trusted with more than asking.
 *
 * An authorizer lets through reading and functions alone: no ATTACH, no PRAGMA, no extension, nothing is written. A
 * progress handler ends what takes too long, a hard limit on SQLite's heap what takes too much. The database is in
 * memory and holds nothing but the facts.
 */
#include "store/facts_int.h"


struct facts_db {
	sqlite3 *db;
	struct query_limits limits;
	double until;
	bool late;
};

static int permit(void *ctx, int action, const char *one, const char *two, const char *schema, const char *trigger)
{
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return !sqlite3_stricmp(two, "load_extension") ? SQLITE_DENY : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

/* Not 0: end it. */
static int progress(void *ctx)
{
	struct facts_db *f = ctx;

	if (f->limits.stop && *f->limits.stop)
		return 1;
	f->late |= f->limits.seconds > 0 && clock_now() > f->until;
	return f->late;
}

struct facts_db *facts_db_open(const struct facts_in *in, const struct query_limits *limits)
{
	static const struct {
		int what, most;
	} most[] = {{SQLITE_LIMIT_LENGTH, 16 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 1 << 20}, {SQLITE_LIMIT_EXPR_DEPTH, 200},
		{SQLITE_LIMIT_COMPOUND_SELECT, 100}, {SQLITE_LIMIT_ATTACHED, 0}, {SQLITE_LIMIT_WORKER_THREADS, 0},
		{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000}, {SQLITE_LIMIT_COLUMN, 2000}, {SQLITE_LIMIT_TRIGGER_DEPTH, 1}};
	struct facts_db *f = xcalloc(1, sizeof *f);

	f->limits = *limits;
	if (limits->bytes > 0)
		sqlite3_hard_heap_limit64((sqlite3_int64)limits->bytes);
	if (sqlite3_open_v2(":memory:", &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL) !=
			SQLITE_OK ||
		sqlite3_exec(f->db, "PRAGMA temp_store = memory", NULL, NULL, NULL) != SQLITE_OK) {
		sql_error(f->db, "facts");
		goto bad;
	}
	if (facts_export(f->db, in) < 0)
		goto bad;
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	for (size_t i = 0; i < COUNT(most); i++)
		sqlite3_limit(f->db, most[i].what, most[i].most);
	sqlite3_exec(f->db, "PRAGMA query_only = 1", NULL, NULL, NULL);
	sqlite3_set_authorizer(f->db, permit, NULL);
	sqlite3_progress_handler(f->db, 10000, progress, f);
	return f;
bad:
	facts_db_close(f);
	return NULL;
}

void facts_db_close(struct facts_db *f)
{
	if (!f)
		return;
	sqlite3_close(f->db);
	sqlite3_hard_heap_limit64(0);
	free(f);
}

/* Why a query ended, in words that say what to do. */
static int tell(const struct facts_db *f, const char *what, int code)
{
	if (f->late)
		return error("%s: takes more than %g s, which is what the settings allow (queries.time)", what, f->limits.seconds);
	if (code == SQLITE_INTERRUPT)
		return error("%s: cancelled", what);
	if (code == SQLITE_NOMEM)
		return error("%s: needs more than %.0f MB with the facts, which is what the settings allow (queries.memory)", what,
			f->limits.bytes / (1 << 20));
	if (code == SQLITE_AUTH)
		return error("%s: only SELECT is allowed here: %s", what, sqlite3_errmsg(f->db));
	return sql_error(f->db, what);
}

static bool is_blank(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\r\n;");
		if (str_starts(s, "--"))
			s += strcspn(s, "\n");
		else
			return !*s;
	}
}

int facts_query(struct facts_db *f, const char *what, const char *text, const struct query_sink *sink)
{
	sqlite3_stmt *st = NULL;
	const char *rest;
	int rc, n, status = -1;

	f->late = false;
	f->until = clock_now() + f->limits.seconds;
	rc = sqlite3_prepare_v2(f->db, text, -1, &st, &rest);
	if (rc != SQLITE_OK)
		return tell(f, what, rc);
	if (!st)
		return error("%s: no SELECT in it", what);
	n = sqlite3_column_count(st);
	if (!is_blank(rest)) {
		error("%s: more than one statement", what);
		goto out;
	}
	const char **cells = xcalloc((size_t)n + 1, sizeof *cells);
	for (int i = 0; i < n; i++)
		cells[i] = sqlite3_column_name(st, i);
	status = sink->columns ? sink->columns(sink->ctx, (uint32_t)n, cells) : 0;
	while (status == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			cells[i] = (const char *)sqlite3_column_text(st, i);
		status = sink->row(sink->ctx, (uint32_t)n, cells);
	}
	free(cells);
	if (status == 0 && rc != SQLITE_DONE)
		status = tell(f, what, rc);
out:
	sqlite3_finalize(st);
	return status;
}
