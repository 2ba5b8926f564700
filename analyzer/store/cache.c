/* cache.c - results of parsing, kept.
 *
 * A result has a command (its file, directory and arguments, the parser and this very tool), the
 * contents it was read from, and the names that were looked for in vain. To find one is to go
 * through the few results of that command, the latest first, and take one for which all of that
 * still holds. Every row is content-addressed, so that two runs write the same rows and need not
 * agree on anything.
 *
 * Results are written many at once, in one short transaction.
 */
#include "store/cache_int.h"

#include <sys/mman.h>
#include <time.h>
#include <zstd.h>

enum {
	VARIANTS = 4,		/* results kept for one command: branches one switches between */
	KEEP_DAYS = 60,		/* results that nobody asked for so long are removed */
	FLUSH_BYTES = 8 << 20,	/* results are written when so many bytes have come together */
	FLUSH_SECONDS = 3,	/* or so much time has passed */
	MAX_VERSIONS = 1 << 20, /* a cache that has seen more is begun anew */
	DAY = 86400,
};
#define MAX_BYTES (INT64_C(2) << 30) /* of a cache; then the older half goes */

/* A result that is to be written. */
struct row {
	int64_t id;
	struct hash128 cmd;
	uint32_t state, nerror, size; /* size: bytes of the IR */
	char *error;
	double cpu;
	uint64_t ir_sum; /* of the IR as it is written */
	uint64_t sum;	 /* of all that is in the row */
	struct sb reads, dirs, misses, ir;
};
struct cache {
	struct db db;
	struct world world;
	struct hash128 tool; /* this program and the parser */
	uint32_t age;	     /* of db when world was loaded */
	VEC(struct row) rows;
	size_t pending; /* bytes in rows */
	time_t written;
	VEC(int64_t) used; /* found, and not for more than a day before */
	bool wrote;
	struct sb buf;
	ZSTD_CCtx *zip;
	ZSTD_DCtx *unzip;
};

/* ---- keys ---- */

/* The program itself: a version number would not change with every change of it. */
static struct hash128 tool_identity(void)
{
	struct hash128 h[2] = {front_identity(), {0}};
	const char *data;
	size_t size;

	if (fs_map("/proc/self/exe", &data, &size) == 0) {
		h[1] = hash128_bytes(data, size);
		fs_unmap(data, size);
	}
	return hash128_bytes(h, sizeof h);
}

static struct hash128 command(struct cache *c, const struct tu_cmd *cmd)
{
	struct sb *b = &c->buf;

	b->n = 0;
	sb_putn(b, &c->tool, sizeof c->tool);
	sb_putn(b, cmd->file, strlen(cmd->file) + 1);
	sb_putn(b, cmd->dir, strlen(cmd->dir) + 1);
	for (uint32_t i = 0; i < cmd->argc; i++)
		sb_putn(b, cmd->argv[i], strlen(cmd->argv[i]) + 1);
	return hash128_bytes(b->s, b->n);
}

static uint64_t sum_of(const struct row *r)
{
	const struct sb *parts[] = {&r->reads, &r->dirs, &r->misses};
	uint64_t h = hash_mix(
		hash_mix(r->cmd.lo, r->cmd.hi), hash_mix(r->state, hash_mix(r->nerror, r->size)));

	h = hash_mix(h, hash_mix((uint64_t)r->id, r->ir_sum));
	h = hash_mix(h, hash_str(r->error ? r->error : ""));
	for (size_t i = 0; i < COUNT(parts); i++)
		h = hash_mix(h, hash_bytes(parts[i]->s, parts[i]->n));
	return h;
}

static void row_free(struct row *r)
{
	free(r->error);
	sb_free(&r->reads);
	sb_free(&r->dirs);
	sb_free(&r->misses);
	sb_free(&r->ir);
}

static void zip(struct cache *c, const void *p, size_t n, struct sb *out)
{
	size_t bound = ZSTD_compressBound(n), got;

	sb_reserve(out, bound + 1);
	got = ZSTD_compressCCtx(c->zip, out->s, bound, p, n, 1);
	out->n = ZSTD_isError(got) ? 0 : got;
}

/* Into out, which is emptied. False if it is damaged, or larger than anything that was ever put. */
static bool unzip(struct cache *c, const void *p, size_t n, struct sb *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(p, n);
	size_t got;

	out->n = 0;
	if (size > (1u << 30)) /* errors are, too */
		return false;
	sb_reserve(out, size + 1);
	got = ZSTD_decompressDCtx(c->unzip, out->s, size, p, n);
	if (got != size)
		return false;
	out->n = got;
	out->s[got] = '\0';
	return true;
}

/* ---- open and close ---- */

static void load_world(struct cache *c)
{
	c->age = c->db.age;
	if (world_load(&c->world, &c->db) < 0 && c->age != c->db.age) {
		c->age = c->db.age; /* the one that was begun anew */
		(void)world_load(&c->world, &c->db);
	}
}

struct cache *cache_open(const char *dir, const char *root)
{
	struct cache *c = xcalloc(1, sizeof *c);

	if (db_open(&c->db, dir, root) < 0) {
		free(c);
		return NULL;
	}
	c->tool = tool_identity();
	c->zip = ZSTD_createCCtx();
	c->unzip = ZSTD_createDCtx();
	c->written = time(NULL);
	load_world(c);
	return c;
}

/* ---- finding ---- */

static void flush(struct cache *c);

/* Was a name that is there now looked for in vain? */
static bool missed(struct cache *c, const struct dir *d, const char *names)
{
	for (; *names; names += strlen(names) + 1)
		if (map_get(&d->present, hash_str(names)) != NONE)
			return true;
	return false;
}

static const char *skip_names(const char *p, const char *end)
{
	while (p < end && *p)
		p += strlen(p) + 1;
	return p + 1;
}

static int64_t get_id(const void *p)
{
	int64_t id; /* blobs are aligned to nothing */

	memcpy(&id, p, sizeof id);
	return id;
}

static void get_blob(sqlite3_stmt *st, int col, struct sb *out)
{
	/* borrowed from the statement */
	out->s = (char *)(uintptr_t)sqlite3_column_blob(st, col);
	out->n = (size_t)sqlite3_column_bytes(st, col);
}

#define ROW "id, cmd, state, nerror, error, cpu, size, ir_sum, sum, reads, dirs, misses"
enum { ROW_COLUMNS = 12, ID = sizeof(int64_t) };

/* A row of a query that begins with ROW; what it points to is the statement's. False if it is
 * damaged. */
static bool get_row(sqlite3_stmt *st, struct row *r)
{
	*r = (struct row){.id = sqlite3_column_int64(st, 0),
		.state = (uint32_t)sqlite3_column_int(st, 2),
		.nerror = (uint32_t)sqlite3_column_int(st, 3),
		.error = (char *)(uintptr_t)sqlite3_column_text(st, 4),
		.cpu = sqlite3_column_double(st, 5),
		.size = (uint32_t)sqlite3_column_int64(st, 6),
		.ir_sum = (uint64_t)sqlite3_column_int64(st, 7),
		.sum = (uint64_t)sqlite3_column_int64(st, 8)};
	if (sqlite3_column_bytes(st, 1) != sizeof r->cmd)
		return false;
	memcpy(&r->cmd, sqlite3_column_blob(st, 1), sizeof r->cmd);
	get_blob(st, 9, &r->reads);
	get_blob(st, 10, &r->dirs);
	get_blob(st, 11, &r->misses);
	return sum_of(r) == r->sum && r->size && r->reads.n;
}

/* Does all that the result was made from still hold? */
static bool is_right(struct cache *c, const struct row *r)
{
	uint32_t nread = (uint32_t)(r->reads.n / ID), ndir = (uint32_t)(r->dirs.n / ID);
	const char *misses, *end;
	bool any = false;

	for (uint32_t i = 0; i < nread; i++)
		if (!version_same(&c->world, get_id(r->reads.s + i * ID)))
			return false;
	for (uint32_t i = 0; i < ndir; i++) {
		struct dir *d = dir_look(&c->world, &c->db, get_id(r->dirs.s + i * ID));

		if (!d)
			return false;
		any |= d->npresent != 0;
	}
	if (!any)
		return true;
	if (!unzip(c, r->misses.s, r->misses.n, &c->buf))
		return false;
	misses = c->buf.s;
	end = misses + c->buf.n;
	for (uint32_t i = 0; i < ndir && misses < end; i++) {
		struct dir *d = dir_look(&c->world, &c->db, get_id(r->dirs.s + i * ID));

		if (d->npresent && missed(c, d, misses))
			return false;
		misses = skip_names(misses, end);
	}
	return true;
}

uint32_t cache_find(struct cache *c, const struct tu_cmd *tus, uint32_t n, uint64_t *ids)
{
	sqlite3_stmt *st;
	time_t now = time(NULL);
	uint32_t found = 0, age;
	bool damaged = false;

	flush(c);
	age = c->db.age;
	memset(ids, 0, n * sizeof *ids);
	(void)db_exec(&c->db, "BEGIN");
	load_world(c);
	st = db_prepare(
		&c->db, "SELECT " ROW ", used FROM unit WHERE cmd=? ORDER BY used DESC, id");
	for (uint32_t i = 0; i < n && st; i++) {
		struct hash128 cmd = command(c, &tus[i]);
		int rc;

		sqlite3_bind_blob(st, 1, &cmd, sizeof cmd, SQLITE_STATIC);
		while ((rc = db_step(&c->db, st)) == SQLITE_ROW && !ids[i]) {
			struct row r;

			if (!get_row(st, &r)) {
				damaged = true;
				break;
			}
			if (!is_right(c, &r))
				continue;
			ids[i] = (uint64_t)r.id;
			found++;
			if (sqlite3_column_int64(st, ROW_COLUMNS) < now - DAY)
				vec_add(&c->used, r.id);
		}
		if (rc < 0 || damaged)
			break;
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	if (damaged)
		db_damaged(&c->db);
	else
		(void)db_exec(&c->db, "COMMIT");
	if (c->db.age != age) { /* what was found is gone, and what was known is not written */
		memset(ids, 0, n * sizeof *ids);
		found = 0;
		load_world(c);
	}
	return found;
}

/* ---- loading ---- */

static int load_row(struct cache *c, sqlite3_stmt *st, struct unit *u)
{
	struct row r;
	void *p;

	if (!get_row(st, &r))
		return -1;
	get_blob(st, ROW_COLUMNS, &r.ir);
	if (hash_bytes(r.ir.s, r.ir.n) != r.ir_sum)
		return -1;
	p = mmap(NULL, r.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	if (ZSTD_decompressDCtx(c->unzip, p, r.size, r.ir.s, r.ir.n) != r.size ||
		!(u->ir = ir_map(p, r.size))) {
		munmap(p, r.size);
		return -1;
	}
	u->blob = p;
	u->nblob = u->nir = r.size;
	u->state = r.state;
	u->nerror = r.nerror;
	u->first_error = r.error ? xstrdup(r.error) : NULL;
	u->cpu = r.cpu;
	u->pure = true;
	return 0;
}

int cache_load(struct cache *c, uint64_t id, struct unit *u)
{
	sqlite3_stmt *st =
		db_prepare(&c->db, "SELECT " ROW ", data FROM unit JOIN ir USING(id) WHERE id=?");
	int rc = -1;
	bool there = false;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, (int64_t)id);
	there = db_step(&c->db, st) == SQLITE_ROW;
	if (there)
		rc = load_row(c, st, u);
	sqlite3_finalize(st);
	if (there && rc < 0)
		db_damaged(&c->db);
	if (c->age != c->db.age)
		load_world(c);
	return rc;
}

/* ---- keeping ---- */

static int bind_and_run(struct cache *c, sqlite3_stmt *unit, sqlite3_stmt *ir, struct row *r)
{
	sqlite3_bind_int64(unit, 1, r->id);
	sqlite3_bind_blob(unit, 2, &r->cmd, sizeof r->cmd, SQLITE_STATIC);
	sqlite3_bind_int(unit, 3, (int)r->state);
	sqlite3_bind_int(unit, 4, (int)r->nerror);
	sqlite3_bind_text(unit, 5, r->error, -1, SQLITE_STATIC);
	sqlite3_bind_double(unit, 6, r->cpu);
	sqlite3_bind_int64(unit, 7, r->size);
	sqlite3_bind_int64(unit, 8, (int64_t)r->ir_sum);
	sqlite3_bind_int64(unit, 9, (int64_t)r->sum);
	sqlite3_bind_blob64(unit, 10, r->reads.s, r->reads.n, SQLITE_STATIC);
	sqlite3_bind_blob64(unit, 11, r->dirs.s ? r->dirs.s : "", r->dirs.n, SQLITE_STATIC);
	sqlite3_bind_blob64(unit, 12, r->misses.s, r->misses.n, SQLITE_STATIC);
	sqlite3_bind_int64(unit, ROW_COLUMNS + 1, time(NULL));
	sqlite3_bind_int64(ir, 1, r->id);
	sqlite3_bind_blob64(ir, 2, r->ir.s, r->ir.n, SQLITE_STATIC);
	if (db_step(&c->db, unit) < 0 || db_step(&c->db, ir) < 0)
		return -1;
	sqlite3_reset(unit);
	sqlite3_reset(ir);
	return 0;
}

static int write_rows(struct cache *c)
{
	sqlite3_stmt *unit = db_prepare(&c->db,
		"INSERT OR REPLACE INTO unit(" ROW ", used) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
	sqlite3_stmt *ir = db_prepare(&c->db, "INSERT OR REPLACE INTO ir(id, data) VALUES(?,?)");
	sqlite3_stmt *old = db_prepare(&c->db, "DELETE FROM unit WHERE id IN (SELECT id FROM unit "
					       "WHERE cmd=? ORDER BY used DESC, id "
					       "LIMIT -1 OFFSET ?)");
	sqlite3_stmt *used = db_prepare(&c->db, "UPDATE unit SET used=? WHERE id=?");
	int rc = unit && ir && old && used ? 0 : -1;

	for (uint32_t i = 0; i < c->rows.n && rc == 0; i++) {
		rc = bind_and_run(c, unit, ir, &c->rows.v[i]);
		if (rc < 0)
			break;
		sqlite3_bind_blob(
			old, 1, &c->rows.v[i].cmd, sizeof c->rows.v[i].cmd, SQLITE_STATIC);
		sqlite3_bind_int(old, 2, VARIANTS);
		rc = db_step(&c->db, old) < 0 ? -1 : 0;
		sqlite3_reset(old);
	}
	for (uint32_t i = 0; i < c->used.n && rc == 0; i++) {
		sqlite3_bind_int64(used, 1, time(NULL));
		sqlite3_bind_int64(used, 2, c->used.v[i]);
		rc = db_step(&c->db, used) < 0 ? -1 : 0;
		sqlite3_reset(used);
	}
	sqlite3_finalize(unit);
	sqlite3_finalize(ir);
	sqlite3_finalize(old);
	sqlite3_finalize(used);
	return rc;
}

/* What could not be written is lost, and with it the rows that came before and are taken for
 * written: results that depend on them must not be written any more. */
static void flush(struct cache *c)
{
	if (c->age != c->db.age)
		c->db.no_writes = true;
	if ((c->rows.n || c->used.n || world_is_dirty(&c->world)) && !c->db.no_writes) {
		if (db_exec(&c->db, "BEGIN IMMEDIATE") == 0 && write_rows(c) == 0 &&
			world_write(&c->world, &c->db) == 0 && db_exec(&c->db, "COMMIT") == 0)
			c->wrote = true;
		else
			c->db.no_writes = true;
		if (c->db.h && !sqlite3_get_autocommit(c->db.h))
			sqlite3_exec(c->db.h, "ROLLBACK", NULL, NULL, NULL);
	}
	for (uint32_t i = 0; i < c->rows.n; i++)
		row_free(&c->rows.v[i]);
	c->rows.n = c->used.n = 0;
	c->pending = 0;
	c->written = time(NULL);
}

struct miss {
	int64_t dir;
	const char *name;
	uint32_t nth;
};

static int by_dir(const void *x, const void *y)
{
	const struct miss *a = x, *b = y;

	if (a->dir != b->dir)
		return a->dir < b->dir ? -1 : 1;
	return (a->nth > b->nth) - (a->nth < b->nth);
}

/* reads, dirs and misses of a row. */
static void put_reads(struct cache *c, const struct unit *u, struct row *r)
{
	VEC(struct miss) misses = {0};
	struct sb names = {0};
	uint64_t at = 0;
	struct read read;

	while (unit_read_next(u, &at, &read)) {
		const char *base = path_base(read.path);
		size_t ndir = (size_t)(base - read.path);
		int64_t id;

		if (read.hash.lo | read.hash.hi) {
			id = world_add_version(&c->world, &read);
			sb_putn(&r->reads, &id, sizeof id);
			continue;
		}
		id = world_add_absent(&c->world, read.path, ndir > 1 ? ndir - 1 : ndir, base);
		vec_add(&misses, ((struct miss){id, base, misses.n}));
	}
	if (misses.n)
		qsort(misses.v, misses.n, sizeof *misses.v, by_dir);
	for (uint32_t i = 0; i < misses.n; i++) {
		if (!i || misses.v[i].dir != misses.v[i - 1].dir) {
			if (i)
				sb_putc(&names, '\0');
			sb_putn(&r->dirs, &misses.v[i].dir, sizeof misses.v[i].dir);
		}
		sb_putn(&names, misses.v[i].name, strlen(misses.v[i].name) + 1);
	}
	sb_putc(&names, '\0');
	zip(c, names.s, names.n, &r->misses);
	vec_free(&misses);
	sb_free(&names);
}

uint64_t cache_put(struct cache *c, const struct tu_cmd *cmd, const struct unit *u)
{
	struct row r = {0};

	if (!u->pure || !u->ir || !u->nir || u->nir > UINT32_MAX ||
		(u->state != UNIT_OK && u->state != UNIT_ERRORS))
		return 0;
	r.cmd = command(c, cmd);
	r.state = u->state;
	r.nerror = u->nerror;
	r.error = u->first_error ? xstrdup(u->first_error) : NULL;
	r.cpu = u->cpu;
	r.size = (uint32_t)u->nir;
	put_reads(c, u, &r);
	zip(c, u->blob, u->nir, &r.ir);
	r.id = (int64_t)hash_mix(
		hash_mix(hash_mix(r.cmd.lo, r.cmd.hi), hash_bytes(r.reads.s, r.reads.n)),
		hash_bytes(r.misses.s, r.misses.n));
	r.id += !r.id;
	r.ir_sum = hash_bytes(r.ir.s, r.ir.n);
	r.sum = sum_of(&r);
	if (!r.reads.n || !r.ir.n) {
		row_free(&r);
		return 0;
	}
	c->pending += r.ir.n + r.reads.n + r.misses.n;
	vec_add(&c->rows, r);
	if (c->pending > FLUSH_BYTES || time(NULL) - c->written >= FLUSH_SECONDS)
		flush(c);
	return (uint64_t)r.id;
}

bool cache_answer(struct cache *c, struct hash128 key, struct sb *out)
{
	sqlite3_stmt *st = db_prepare(&c->db, "SELECT sum, data FROM answer WHERE key=?");
	bool good = false, there;
	struct sb zipped;

	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, &key, sizeof key, SQLITE_STATIC);
	there = db_step(&c->db, st) == SQLITE_ROW;
	if (there) {
		get_blob(st, 1, &zipped);
		good = hash_bytes(zipped.s, zipped.n) == (uint64_t)sqlite3_column_int64(st, 0) &&
		       unzip(c, zipped.s, zipped.n, out);
	}
	sqlite3_finalize(st);
	if (there && !good)
		db_damaged(&c->db);
	return good;
}

/* The latest few are kept: one a way of asking, as long as the sources go back and forth. */
void cache_keep_answer(struct cache *c, struct hash128 key, const void *data, size_t n)
{
	sqlite3_stmt *put = db_prepare(&c->db, "INSERT OR REPLACE INTO answer(key, sum, data) VALUES(?,?,?)");
	struct sb zipped = {0};

	zip(c, data, n, &zipped);
	if (put && zipped.n && !c->db.no_writes) {
		sqlite3_bind_blob(put, 1, &key, sizeof key, SQLITE_STATIC);
		sqlite3_bind_int64(put, 2, (int64_t)hash_bytes(zipped.s, zipped.n));
		sqlite3_bind_blob64(put, 3, zipped.s, zipped.n, SQLITE_STATIC);
		c->wrote |= db_step(&c->db, put) == SQLITE_DONE;
	}
	sqlite3_finalize(put);
	sb_free(&zipped);
	(void)db_exec(&c->db, "DELETE FROM answer WHERE id <= (SELECT max(id) FROM answer) - 16");
}

/* Bytes in use, without the room that deleted rows have left. */
static int64_t bytes(struct cache *c)
{
	sqlite3_stmt *st = db_prepare(&c->db,
		"SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, "
		"pragma_freelist_count, pragma_page_size");
	int64_t n = 0;

	if (st && db_step(&c->db, st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

/* What nobody has asked for in a long time. */
static void tidy(struct cache *c)
{
	sqlite3_stmt *st = db_prepare(&c->db, "DELETE FROM unit WHERE used < ?");

	if (!st)
		return;
	sqlite3_bind_int64(st, 1, time(NULL) - (time_t)KEEP_DAYS * DAY);
	(void)db_step(&c->db, st);
	sqlite3_finalize(st);
	if (bytes(c) > MAX_BYTES)
		(void)db_exec(
			&c->db, "DELETE FROM unit WHERE used <= (SELECT avg(used) FROM unit)");
	(void)db_exec(&c->db, "DELETE FROM ir WHERE id NOT IN (SELECT id FROM unit)");
	if (c->world.versions.n > MAX_VERSIONS)
		(void)db_exec(&c->db, "DELETE FROM version");
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	flush(c);
	if (c->wrote && !c->db.no_writes)
		tidy(c);
	world_free(&c->world);
	db_close(&c->db);
	vec_free(&c->rows);
	vec_free(&c->used);
	sb_free(&c->buf);
	ZSTD_freeCCtx(c->zip);
	ZSTD_freeDCtx(c->unzip);
	free(c);
}
