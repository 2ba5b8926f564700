/* cache_db.c - the file of the cache: where it is, who may write it, and what becomes of its errors.
 *
 * A cache decides what is not looked at, so nobody but its owner may write it. Any error costs the
 * cache, never the run: damage throws it away; a full or read-only disk ends the writing.
 *
 * The journal makes a killed process harmless; nothing is synced, so that a power cut may damage
 * the file. SQLite's own checks and a hash in every row find that out.
 */
#include "store/cache_int.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION = 0x54565463, SCHEMA = 2, BUSY_MS = 5000 };

static const char schema[] =
	"CREATE TABLE version(id INTEGER PRIMARY KEY, path TEXT NOT NULL, hash BLOB NOT NULL, "
	"stamp INTEGER NOT NULL);"
	"CREATE TABLE dir(id INTEGER PRIMARY KEY, path TEXT NOT NULL, stamp INTEGER NOT NULL,"
	"	npresent INTEGER NOT NULL, names_sum INTEGER NOT NULL, sum INTEGER NOT NULL,"
	"	names BLOB NOT NULL);" /* '+' or '-', name, NUL; and so on */
	"CREATE TABLE unit(id INTEGER PRIMARY KEY, cmd BLOB NOT NULL, used INTEGER NOT NULL, state "
	"INTEGER NOT NULL,"
	"	nerror INTEGER NOT NULL, error TEXT, cpu REAL NOT NULL, size INTEGER NOT NULL,"
	"	ir_sum INTEGER NOT NULL, sum INTEGER NOT NULL,"
	"	reads BLOB NOT NULL,"	/* ids of versions, 8 bytes each */
	"	dirs BLOB NOT NULL,"	/* ids of dirs */
	"	misses BLOB NOT NULL);" /* zstd: for each of dirs its names, each ended by a NUL,
					   and a NUL */
	"CREATE INDEX unit_cmd ON unit(cmd);"
	"CREATE TABLE ir(id INTEGER PRIMARY KEY, data BLOB NOT NULL);" /* zstd */
	"CREATE TABLE answer(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, sum INTEGER NOT NULL, data BLOB NOT NULL);";

/* ---- where ---- */

/* May only we write there? Says so if not. */
static bool is_ours(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		warn("no cache: '%s' belongs to somebody else", path);
	else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		warn("no cache: '%s' is neither file nor directory", path);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		warn("no cache: others may write to '%s'", path);
	else
		return true;
	return false;
}

static int make_dirs(struct arena *a, const char *path)
{
	if (fs_is_dir(path))
		return 0;
	if (strchr(path + 1, '/') && make_dirs(a, path_dir(a, path)) < 0)
		return -1;
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

/* A directory of ours in the project: git need not see what is in it. */
static void hide(struct arena *a, const char *dir)
{
	static const char text[] = "cache.db*\n";
	const char *path = path_join(a, dir, ".gitignore");

	if (access(path, F_OK) < 0)
		(void)fs_write_atomic(path, text, sizeof text - 1);
}

/* Is there a database in dir, or can one be made? On false *refused says that it has been told why
 * not. */
static bool usable(struct db *db, const char *dir, bool *refused)
{
	struct stat st;
	bool is_new = lstat(dir, &st) < 0;
	char *real;

	*refused = false;
	if (make_dirs(db->mem, dir) < 0)
		return false;
	if (is_new && (chmod(dir, 0755) < 0 || access(dir, W_OK) < 0))
		return false;
	real = realpath(dir, NULL);
	if (!real)
		return false;
	if (is_new && !strcmp(path_base(dir), ".tvt"))
		hide(db->mem, real);
	db->path = path_join(db->mem, real, "cache.db");
	*refused = !is_ours(real) || !is_ours(db->path);
	free(real);
	return !*refused && (access(dir, W_OK) == 0 || access(db->path, R_OK) == 0);
}

static bool find_place(struct db *db, const char *dir, const char *root)
{
	const char *user;
	bool refused;

	if (dir) {
		dir = path_join(db->mem, path_cwd(db->mem), dir);
		if (usable(db, dir, &refused))
			return true;
		if (!refused)
			warn("no cache: '%s' cannot be written", dir);
		return false;
	}
	/* a link in a project that someone else made leads to where he wants us to write */
	if (!is_ours(path_join(db->mem, root, ".tvt")))
		return false;
	if (usable(db, path_join(db->mem, root, ".tvt"), &refused))
		return true;
	if (refused)
		return false;
	user = dir_of_user(db->mem, DIR_CACHE);
	return user && usable(db,
			       arena_printf(db->mem, "%s/%016llx", user,
				       (unsigned long long)hash_str(root)),
			       &refused);
}

/* ---- opening ---- */

static int pragma(sqlite3 *h, const char *name)
{
	struct sb sql = {0};
	sqlite3_stmt *st = NULL;
	int val = -1;

	sb_printf(&sql, "PRAGMA %s", name);
	if (sqlite3_prepare_v2(h, sql.s, -1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW)
		val = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sb_free(&sql);
	return val;
}

/* Another process may do the same at the same time: the first one wins. */
static int make_schema(sqlite3 *h)
{
	struct sb sql = {0};
	int rc;

	sb_printf(&sql, "%sPRAGMA application_id=%d;PRAGMA user_version=%d;", schema, APPLICATION,
		SCHEMA);
	rc = sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK && pragma(h, "user_version") != SCHEMA)
		rc = sqlite3_exec(h, sql.s, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(h, "COMMIT", NULL, NULL, NULL);
	sb_free(&sql);
	return rc == SQLITE_OK ? 0 : -1;
}

static sqlite3 *connect(const char *path)
{
	sqlite3 *h = NULL;
	mode_t mask = umask(022);
	int rc = sqlite3_open_v2(path, &h,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_NOFOLLOW,
		NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(h, BUSY_MS);
		/* the file itself is trusted by nobody: no functions in its schema */
		sqlite3_exec(h,
			"PRAGMA trusted_schema=OFF;PRAGMA cell_size_check=ON;PRAGMA "
			"page_size=16384;"
			"PRAGMA cache_size=-32000;PRAGMA synchronous=OFF;PRAGMA "
			"journal_mode=TRUNCATE",
			NULL, NULL, NULL);
		rc = sqlite3_exec(h, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	}
	umask(mask);
	if (rc != SQLITE_OK && rc != SQLITE_NOTADB && rc != SQLITE_CORRUPT) {
		sqlite3_close(h);
		h = NULL;
	}
	return h;
}

static void remove_files(struct db *db)
{
	unlink(db->path);
	unlink(arena_printf(db->mem, "%s-journal", db->path));
}

/* Opens db->path. What is no cache of this version is removed first. */
static int open_file(struct db *db)
{
	int application, version;

	db->h = connect(db->path);
	if (!db->h)
		return -1;
	application = pragma(db->h, "application_id");
	version = pragma(db->h, "user_version");
	if (application == APPLICATION && version == SCHEMA)
		return 0;
	if (application != 0 || version != 0) {
		sqlite3_close(db->h);
		if (application != APPLICATION && !db->said) {
			warn("the cache '%s' is damaged: it is begun anew", db->path);
			db->said = true;
		}
		remove_files(db);
		db->h = connect(db->path);
	}
	if (db->h && make_schema(db->h) == 0)
		return 0;
	sqlite3_close(db->h);
	db->h = NULL;
	return -1;
}

int db_open(struct db *db, const char *dir, const char *root)
{
	*db = (struct db){.mem = arena_new()};
	if (find_place(db, dir, root) && open_file(db) == 0)
		return 0;
	arena_free(db->mem);
	return -1;
}

void db_close(struct db *db)
{
	sqlite3_close(db->h);
	arena_free(db->mem);
}

/* ---- errors ---- */

void db_damaged(struct db *db)
{
	if (!db->said)
		warn("the cache '%s' is damaged: it is begun anew", db->path);
	db->said = true;
	/* a statement that is still open keeps the connection until it is finalized */
	sqlite3_close_v2(db->h);
	db->h = NULL;
	db->age++;
	remove_files(db);
	(void)open_file(db);
}

static void give_up_writing(struct db *db, const char *why)
{
	if (!db->no_writes)
		warn("nothing more is kept in the cache '%s': %s", db->path, why);
	db->no_writes = true;
}

static void failed(struct db *db, int rc, sqlite3_stmt *st)
{
	switch (rc & 0xFF) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table that is not there */
	case SQLITE_MISMATCH:
		sqlite3_reset(st);
		db_damaged(db);
		break;
	case SQLITE_READONLY:
		db->no_writes = true;
		break;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		give_up_writing(db, rc == SQLITE_FULL ? "the disk is full" : sqlite3_errstr(rc));
		break;
	default: /* another process is at it for long: then not this time */
		break;
	}
}

sqlite3_stmt *db_prepare(struct db *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int rc;

	if (!db->h)
		return NULL;
	rc = sqlite3_prepare_v2(db->h, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		return st;
	failed(db, rc, NULL);
	return NULL;
}

int db_step(struct db *db, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return rc;
	failed(db, rc, st);
	return -1;
}

int db_exec(struct db *db, const char *sql)
{
	sqlite3_stmt *st = db_prepare(db, sql);
	int rc = st ? db_step(db, st) : -1;

	sqlite3_finalize(st);
	return rc < 0 ? -1 : 0;
}
