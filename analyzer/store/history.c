/* history.c - runs and findings over time, in one SQLite file that a run writes in one transaction.
 *
 * A finding is known by its fingerprint. It is open, silenced (by an allow()) or fixed; each change of that is a row,
 * with the run that saw it. A run of which a file could not be analysed fixes nothing: what it did not see may be
 * there. Neither does a run without --all fix what only runs with --all see.
 */
#include "store/sql.h"
#include "store/store.h"

#include <sys/stat.h>

enum { VERSION = 1, APPLICATION = 0x7476746c }; /* "tvtl" */

static const char schema[] =
	"CREATE TABLE run("
	"  id INTEGER PRIMARY KEY,"
	"  at INTEGER NOT NULL,"     /* seconds since 1970 */
	"  revision TEXT,"	     /* of git, NULL if it is none */
	"  version TEXT NOT NULL,"   /* of the tool */
	"  every INTEGER NOT NULL,"  /* with --all */
	"  seconds REAL NOT NULL,"
	"  units INTEGER NOT NULL, failed INTEGER NOT NULL,"
	"  errors INTEGER NOT NULL, warnings INTEGER NOT NULL, notes INTEGER NOT NULL, silenced INTEGER NOT NULL,"
	"  added INTEGER NOT NULL DEFAULT 0, fixed INTEGER NOT NULL DEFAULT 0, reopened INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE finding("
	"  fingerprint TEXT PRIMARY KEY,"
	"  rule TEXT NOT NULL, level TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK (state IN ('open', 'silenced', 'fixed')),"
	"  needs_all INTEGER NOT NULL," /* only runs with --all have seen it */
	"  first_run INTEGER NOT NULL, last_run INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE change("
	"  run INTEGER NOT NULL REFERENCES run(id), fingerprint TEXT NOT NULL REFERENCES finding(fingerprint),"
	"  what TEXT NOT NULL CHECK (what IN ('new', 'fixed', 'reopened', 'silenced')),"
	"  PRIMARY KEY (run, fingerprint)) WITHOUT ROWID;";

struct writer {
	sqlite3 *db;
	const char *path;
	sqlite3_stmt *find, *put, *change;
	struct history_run *run;
};

/* flags: of sqlite3_open_v2. The file is checked to be ours. NULL after error(). */
static sqlite3 *open_file(const char *path, int flags)
{
	sqlite3 *db = NULL;
	int64_t version;

	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK) {
		sql_error(db, path);
		goto bad;
	}
	sqlite3_busy_timeout(db, 10000); /* runs in parallel wait for one another */
	version = sql_number(db, "PRAGMA user_version", -1);
	if (flags & SQLITE_OPEN_CREATE) /* also a file that exists and is empty */
		return db;
	if (sql_number(db, "PRAGMA application_id", -1) == APPLICATION && version == VERSION)
		return db;
	error("%s: this is no history, or one of another version", path);
bad:
	sqlite3_close(db);
	return NULL;
}

int history_create(const char *path)
{
	struct arena *a = arena_new();
	sqlite3 *db;
	int rc = dir_make(path_dir(a, path));

	arena_free(a);
	if (rc < 0)
		return -1;
	if (fs_is_file(path))
		return error("'%s' is there already", path);
	db = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (!db)
		return -1;
	char *text = sqlite3_mprintf("BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d; %s COMMIT;", APPLICATION,
		VERSION, schema);
	rc = sql_exec(db, path, text);
	sqlite3_free(text);
	sqlite3_close(db);
	return rc;
}

/* ---- a run ---- */

static const char *level_word(enum level l)
{
	static const char *const words[] = {"note", "warning", "error"};
	return words[l];
}

static int changed(struct writer *w, const char *fingerprint, const char *what)
{
	sql_bind(w->change, "iss", w->run->id, fingerprint, what);
	return sql_run(w->db, w->path, w->change);
}

static int put_finding(struct writer *w, const struct finding *f)
{
	const char *state = f->suppressed ? "silenced" : "open", *what = NULL;
	char before[16] = "";
	bool needs_all = w->run->every;
	int64_t first = w->run->id;

	sql_bind(w->find, "s", f->fingerprint);
	if (sqlite3_step(w->find) == SQLITE_ROW) {
		snprintf(before, sizeof before, "%s", (const char *)sqlite3_column_text(w->find, 0));
		first = sqlite3_column_int64(w->find, 1);
		needs_all &= sqlite3_column_int(w->find, 2) != 0;
	}
	sqlite3_reset(w->find);
	if (!strcmp(before, state))
		;
	else if (f->suppressed)
		what = "silenced";
	else
		what = *before ? "reopened" : "new";
	w->run->added += what && !strcmp(what, "new");
	w->run->reopened += what && !strcmp(what, "reopened");
	sql_bind(w->put, "ssssussiii", f->fingerprint, f->rule, level_word(f->level), f->at.file, f->at.line, f->message, state,
		(int64_t)needs_all, first, w->run->id);
	if (sql_run(w->db, w->path, w->put) < 0)
		return -1;
	return what ? changed(w, f->fingerprint, what) : 0;
}

/* What was there and is no longer. */
static int put_fixed(struct writer *w)
{
	sqlite3_stmt *st = sql_prepare(w->db, w->path,
		"INSERT INTO change SELECT ?1, fingerprint, 'fixed' FROM finding WHERE state <> 'fixed' AND last_run <> ?1 AND (?2 OR NOT needs_all)");
	int rc = -1;

	if (!st)
		return -1;
	sql_bind(st, "ii", w->run->id, (int64_t)w->run->every);
	if (sql_run(w->db, w->path, st) == 0) {
		w->run->fixed = (uint32_t)sqlite3_changes(w->db);
		rc = sql_exec(w->db, w->path,
			"UPDATE finding SET state = 'fixed' WHERE fingerprint IN "
			"(SELECT fingerprint FROM change WHERE what = 'fixed' AND run = (SELECT max(id) FROM run))");
	}
	sqlite3_finalize(st);
	return rc;
}

static int put_run(struct writer *w)
{
	struct history_run *r = w->run;
	sqlite3_stmt *st = sql_prepare(w->db, w->path,
		"INSERT INTO run(at, revision, version, every, seconds, units, failed, errors, warnings, notes, silenced)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	int rc = -1;

	if (!st)
		return -1;
	sql_bind(st, "issiduuuuuu", r->at, r->revision, r->version, (int64_t)r->every, r->seconds, r->units, r->failed,
		r->level[LEVEL_ERROR], r->level[LEVEL_WARNING], r->level[LEVEL_NOTE], r->silenced);
	rc = sql_run(w->db, w->path, st);
	r->id = sqlite3_last_insert_rowid(w->db);
	sqlite3_finalize(st);
	return rc;
}

static int put_all(struct writer *w, const struct finding *f, uint32_t n)
{
	struct history_run *r = w->run;
	sqlite3_stmt *st;

	if (put_run(w) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (put_finding(w, &f[i]) < 0)
			return -1;
	if (!r->failed && put_fixed(w) < 0)
		return -1;
	st = sql_prepare(w->db, w->path, "UPDATE run SET added = ?, fixed = ?, reopened = ? WHERE id = ?");
	if (!st)
		return -1;
	sql_bind(st, "uuui", r->added, r->fixed, r->reopened, r->id);
	int rc = sql_run(w->db, w->path, st);
	sqlite3_finalize(st);
	return rc;
}

int history_record(const char *path, const struct finding *f, uint32_t n, struct history_run *run)
{
	struct writer w = {.path = path, .run = run};
	int rc = -1;

	run->silenced = run->added = run->fixed = run->reopened = 0;
	memset(run->level, 0, sizeof run->level);
	for (uint32_t i = 0; i < n; i++)
		if (f[i].suppressed)
			run->silenced++;
		else
			run->level[f[i].level]++;
	w.db = open_file(path, SQLITE_OPEN_READWRITE);
	if (!w.db)
		return -1;
	if (sql_exec(w.db, path, "BEGIN IMMEDIATE") < 0)
		goto out;
	w.find = sql_prepare(w.db, path, "SELECT state, first_run, needs_all FROM finding WHERE fingerprint = ?");
	w.put = sql_prepare(w.db, path, "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	w.change = sql_prepare(w.db, path, "INSERT OR REPLACE INTO change VALUES (?, ?, ?)");
	if (w.find && w.put && w.change && put_all(&w, f, n) == 0)
		rc = sql_exec(w.db, path, "COMMIT");
out:
	sqlite3_finalize(w.find);
	sqlite3_finalize(w.put);
	sqlite3_finalize(w.change);
	sqlite3_close(w.db); /* rolls back what was not committed */
	return rc;
}

/* ---- reading ---- */

static void run_of(sqlite3_stmt *st, struct history_run *r, struct arena *mem)
{
	*r = (struct history_run){.id = sqlite3_column_int64(st, 0),
		.at = sqlite3_column_int64(st, 1),
		.revision = sql_text(st, 2, mem),
		.version = sql_text(st, 3, mem),
		.every = sqlite3_column_int(st, 4) != 0,
		.seconds = sqlite3_column_double(st, 5),
		.units = (uint32_t)sqlite3_column_int64(st, 6),
		.failed = (uint32_t)sqlite3_column_int64(st, 7),
		.level = {(uint32_t)sqlite3_column_int64(st, 10), (uint32_t)sqlite3_column_int64(st, 9),
			(uint32_t)sqlite3_column_int64(st, 8)},
		.silenced = (uint32_t)sqlite3_column_int64(st, 11),
		.added = (uint32_t)sqlite3_column_int64(st, 12),
		.fixed = (uint32_t)sqlite3_column_int64(st, 13),
		.reopened = (uint32_t)sqlite3_column_int64(st, 14)};
}

int history_runs(const char *path, uint32_t max, struct arena *mem, struct history_run **runs, uint32_t *n)
{
	sqlite3 *db = open_file(path, SQLITE_OPEN_READONLY);
	sqlite3_stmt *st = db ? sql_prepare(db, path, "SELECT * FROM (SELECT * FROM run ORDER BY id DESC LIMIT ?) ORDER BY id") : NULL;
	int rc = -1, step = SQLITE_DONE;

	*n = 0;
	if (st) {
		*runs = arena_alloc(mem, (max + 1) * sizeof **runs);
		sql_bind(st, "u", max);
		while ((step = sqlite3_step(st)) == SQLITE_ROW)
			run_of(st, &(*runs)[(*n)++], mem);
		rc = step == SQLITE_DONE ? 0 : sql_error(db, path);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return rc;
}

int history_changes(const char *path, int64_t run, struct arena *mem, struct history_change **changes, uint32_t *n)
{
	VEC(struct history_change) list = {0};
	sqlite3 *db = open_file(path, SQLITE_OPEN_READONLY);
	sqlite3_stmt *st = db ? sql_prepare(db, path,
					"SELECT what, rule, level, file, line, message, first_run, fingerprint FROM change JOIN finding USING (fingerprint)"
					" WHERE run = ? ORDER BY what, file, line, rule, fingerprint")
			      : NULL;
	int rc = -1, step = SQLITE_DONE;

	if (st) {
		sql_bind(st, "i", run);
		while ((step = sqlite3_step(st)) == SQLITE_ROW)
			vec_add(&list, (struct history_change){sql_text(st, 0, mem), sql_text(st, 1, mem), sql_text(st, 2, mem),
					       sql_text(st, 3, mem), (uint32_t)sqlite3_column_int64(st, 4), sql_text(st, 5, mem),
					       sqlite3_column_int64(st, 6), sql_text(st, 7, mem)});
		rc = step == SQLITE_DONE ? 0 : sql_error(db, path);
	}
	*n = list.n;
	*changes = arena_alloc(mem, (list.n + 1) * sizeof **changes);
	for (uint32_t i = 0; i < list.n; i++)
		(*changes)[i] = list.v[i];
	vec_free(&list);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return rc;
}
