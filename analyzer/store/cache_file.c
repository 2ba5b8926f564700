/* cache_file.c - are the files and directories as they were when a result was made?
 *
 * A file is the same if its content is. Its stamp (identity, size and times) only saves the
 * reading: where it is the one that was noted with the content, nobody has written since.
 *
 * Files that were looked for in vain are many: every header in every directory of the search path
 * before its own. They are kept by directory, with the directory's stamp: a directory in which no
 * name has come or gone has the same one, and one look at it answers for all its names. Otherwise
 * each of its names is looked for. A name that is there after all is marked, and stays so until
 * it is gone; every result that had missed it is void as long.
 */
#include "store/cache_int.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void world_free(struct world *k)
{
	for (uint32_t i = 0; i < k->dirs.n; i++) {
		map_free(&k->dirs.v[i].present);
		vec_free(&k->dirs.v[i].added);
	}
	vec_free(&k->versions);
	vec_free(&k->dirs);
	vec_free(&k->files);
	map_free(&k->version_of);
	map_free(&k->dir_of);
	map_free(&k->file_of);
	map_free(&k->added);
	if (k->mem)
		arena_free(k->mem);
	*k = (struct world){0};
}

static uint64_t dir_sum(const struct dir *d)
{
	return hash_mix(hash_mix(hash_mix((uint64_t)d->id, hash_str(d->path)), d->stamp),
		hash_mix(d->npresent, d->sum));
}

static bool get_hash(sqlite3_stmt *st, int col, struct hash128 *h)
{
	const void *p = sqlite3_column_blob(st, col);

	if (!p || sqlite3_column_bytes(st, col) != sizeof *h)
		return false;
	memcpy(h, p, sizeof *h);
	return true;
}

int world_load(struct world *k, struct db *db)
{
	sqlite3_stmt *st;
	int rc;

	world_free(k);
	k->mem = arena_new();
	st = db_prepare(db, "SELECT id, path, hash, stamp FROM version");
	while ((rc = st ? db_step(db, st) : -1) == SQLITE_ROW) {
		struct version v = {.id = sqlite3_column_int64(st, 0)};
		const char *path = (const char *)sqlite3_column_text(st, 1);

		if (!path || !get_hash(st, 2, &v.hash))
			continue; /* its results have a hash of their own that is wrong, or are void
				   */
		v.path = arena_strdup(k->mem, path);
		v.stamp = (uint64_t)sqlite3_column_int64(st, 3);
		map_put(&k->version_of, (uint64_t)v.id, k->versions.n);
		vec_add(&k->versions, v);
	}
	sqlite3_finalize(st);
	if (rc < 0)
		return -1;
	st = db_prepare(db, "SELECT id, path, stamp, npresent, names_sum, sum FROM dir");
	while ((rc = st ? db_step(db, st) : -1) == SQLITE_ROW) {
		struct dir d = {.id = sqlite3_column_int64(st, 0)};
		const char *path = (const char *)sqlite3_column_text(st, 1);

		if (!path)
			continue;
		d.path = arena_strdup(k->mem, path);
		d.stamp = (uint64_t)sqlite3_column_int64(st, 2);
		d.npresent = (uint32_t)sqlite3_column_int64(st, 3);
		d.sum = (uint64_t)sqlite3_column_int64(st, 4);
		if (dir_sum(&d) != (uint64_t)sqlite3_column_int64(st, 5)) {
			rc = SQLITE_CORRUPT;
			break;
		}
		map_put(&k->dir_of, (uint64_t)d.id, k->dirs.n);
		vec_add(&k->dirs, d);
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_CORRUPT)
		db_damaged(db);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* ---- files ---- */

static int64_t version_id(const char *path, struct hash128 h)
{
	return (int64_t)hash_mix(hash_mix(hash_str(path), h.lo), h.hi);
}

static struct seen_file *look(struct world *k, const char *path)
{
	uint32_t *slot = map_slot(&k->file_of, hash_str(path), k->files.n);
	struct seen_file *f;
	struct stat st;

	if (*slot != k->files.n)
		return &k->files.v[*slot];
	f = vec_push(&k->files);
	*f = (struct seen_file){.path = path};
	f->there = !stat(path, &st) && S_ISREG(st.st_mode);
	if (f->there)
		f->stamp = fs_stamp(&st);
	return f;
}

static void read_hash(struct seen_file *f)
{
	char *data;
	size_t size;

	f->hashed = true;
	if (fs_read_quiet(f->path, &data, &size) < 0) {
		f->there = false;
		return;
	}
	f->hash = hash128_bytes(data, size);
	free(data);
}

bool version_same(struct world *k, int64_t id)
{
	uint32_t i = map_get(&k->version_of, (uint64_t)id);
	struct version *v;
	struct seen_file *f;

	if (i == NONE)
		return false;
	v = &k->versions.v[i];
	if (v->is != IS_UNKNOWN)
		return v->is == IS_SAME;
	f = look(k, v->path);
	v->is = IS_OTHER;
	if (f->there && f->stamp && f->stamp == v->stamp) {
		/* the hash is in the id too: a row that was damaged is no answer */
		v->is = v->id == version_id(v->path, v->hash) ? IS_SAME : IS_OTHER;
		return v->is == IS_SAME;
	}
	if (f->there && !f->hashed)
		read_hash(f);
	if (f->there && hash128_eq(f->hash, v->hash)) {
		v->is = IS_SAME;
		if (f->stamp) {
			v->stamp = f->stamp;
			v->fresh = true;
		}
	}
	return v->is == IS_SAME;
}

int64_t world_add_version(struct world *k, const struct read *r)
{
	int64_t id = version_id(r->path, r->hash);
	uint32_t *slot = map_slot(&k->version_of, (uint64_t)id, k->versions.n);
	struct version *v;

	if (*slot == k->versions.n)
		vec_add(&k->versions,
			((struct version){id, arena_strdup(k->mem, r->path), r->hash, 0, 0, true}));
	v = &k->versions.v[*slot];
	if (r->stamp && r->stamp != v->stamp) {
		v->stamp = r->stamp;
		v->fresh = true;
	}
	return id;
}

/* ---- directories ---- */

static uint64_t dir_stamp(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? STAMP_NO_DIR : fs_stamp(&st);
}

/* A link that leads nowhere counts as there: where it leads may come into being unseen. */
static bool is_there(int at, const char *name)
{
	struct stat st;

	return at >= 0 && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The names in the database, looked for now: dir.present and npresent. names gets their new form.
 */
static void look_for_names(struct dir *d, const char *old, size_t n, struct sb *names)
{
	int at = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *end = old + n;

	map_free(&d->present);
	d->npresent = 0;
	while (old && old < end) {
		const char *name = old + 1;
		bool there;

		if (!memchr(name, '\0', (size_t)(end - name)))
			break;
		there = is_there(at, name);
		if (there) {
			map_put(&d->present, hash_str(name), 1);
			d->npresent++;
		}
		sb_putc(names, there ? '+' : '-');
		sb_putn(names, name, strlen(name) + 1);
		old = name + strlen(name) + 1;
	}
	if (at >= 0)
		close(at);
}

struct dir *dir_look(struct world *k, struct db *db, int64_t id)
{
	uint32_t i = map_get(&k->dir_of, (uint64_t)id);
	struct dir *d = i == NONE ? NULL : &k->dirs.v[i];
	struct sb names = {0};
	sqlite3_stmt *st;
	uint64_t stamp;

	if (!d)
		return NULL;
	if (d->looked)
		return d->gone ? NULL : d;
	d->looked = true;
	stamp = dir_stamp(d->path);
	if (stamp && stamp == d->stamp && !d->npresent)
		return d;
	d->moved = stamp && stamp != d->stamp;
	st = db_prepare(db, "SELECT names FROM dir WHERE id=?");
	d->gone = true;
	if (st) {
		sqlite3_bind_int64(st, 1, id);
		if (db_step(db, st) == SQLITE_ROW) {
			const void *old = sqlite3_column_blob(st, 0);
			size_t n = (size_t)sqlite3_column_bytes(st, 0);

			d->gone = hash_bytes(old, n) != d->sum;
			if (!d->gone)
				look_for_names(d, old, n, &names);
		}
	}
	sqlite3_finalize(st);
	sb_free(&names);
	return d->gone ? NULL : d;
}

int64_t world_add_absent(struct world *k, const char *dir, size_t ndir, const char *name)
{
	uint64_t h = hash_bytes(dir, ndir);
	uint32_t *slot = map_slot(&k->dir_of, h, k->dirs.n), *added;
	uint32_t n = (uint32_t)strlen(name) + 1;
	struct dir *d;

	if (*slot == k->dirs.n)
		vec_add(&k->dirs,
			((struct dir){.id = (int64_t)h, .path = arena_strndup(k->mem, dir, ndir)}));
	d = &k->dirs.v[*slot];
	added = map_slot(&k->added, hash_mix(h, hash_str(name)), 0);
	if (!(*added)++)
		for (uint32_t i = 0; i < n; i++)
			vec_add(&d->added, name[i]);
	return d->id;
}

/* ---- writing ---- */

static int write_dir(struct world *k, struct db *db, struct dir *d)
{
	struct sb all = {0}, names = {0};
	struct map have = {0};
	uint64_t stamp = dir_stamp(d->path); /* before the names are looked for */
	sqlite3_stmt *st = db_prepare(db, "SELECT names FROM dir WHERE id=?");
	int rc = -1;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, d->id);
	rc = db_step(db, st);
	if (rc == SQLITE_ROW && sqlite3_column_bytes(st, 0))
		sb_putn(&all, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	sqlite3_finalize(st);
	if (rc < 0)
		goto out;
	rc = -1;
	if (all.n && all.s[all.n - 1])
		all.n = 0; /* damaged */
	for (size_t at = 0; at < all.n; at += strlen(all.s + at) + 1)
		map_put(&have, hash_str(all.s + at + 1), 1);
	for (uint32_t at = 0; at < d->added.n; at += (uint32_t)strlen(d->added.v + at) + 1) {
		const char *name = d->added.v + at;

		if ((*map_slot(&have, hash_str(name), 0))++)
			continue;
		sb_putc(&all, '-');
		sb_putn(&all, name, strlen(name) + 1);
	}
	look_for_names(d, all.s, all.n, &names);
	st = db_prepare(db,
		"INSERT OR REPLACE INTO dir(id, path, stamp, npresent, names_sum, sum, names) "
		"VALUES(?,?,?,?,?,?,?)");
	if (!st)
		goto out;
	d->stamp = stamp;
	d->sum = hash_bytes(names.s, names.n);
	sqlite3_bind_int64(st, 1, d->id);
	sqlite3_bind_text(st, 2, d->path, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (int64_t)stamp);
	sqlite3_bind_int64(st, 4, d->npresent);
	sqlite3_bind_int64(st, 5, (int64_t)d->sum);
	sqlite3_bind_int64(st, 6, (int64_t)dir_sum(d));
	sqlite3_bind_blob64(st, 7, names.s ? names.s : "", names.n, SQLITE_STATIC);
	rc = db_step(db, st) < 0 ? -1 : 0;
	sqlite3_finalize(st);
	d->moved = false;
out:
	map_free(&have);
	sb_free(&all);
	sb_free(&names);
	return rc;
}

bool world_is_dirty(const struct world *k)
{
	bool dirty = false;

	for (uint32_t i = 0; i < k->versions.n; i++)
		dirty |= k->versions.v[i].fresh;
	for (uint32_t i = 0; i < k->dirs.n; i++)
		dirty |= k->dirs.v[i].moved || k->dirs.v[i].added.n;
	return dirty;
}

int world_write(struct world *k, struct db *db)
{
	sqlite3_stmt *st = db_prepare(
		db, "INSERT OR REPLACE INTO version(id, path, hash, stamp) VALUES(?,?,?,?)");

	if (!st)
		return -1;
	for (uint32_t i = 0; i < k->versions.n; i++) {
		struct version *v = &k->versions.v[i];

		if (!v->fresh)
			continue;
		sqlite3_bind_int64(st, 1, v->id);
		sqlite3_bind_text(st, 2, v->path, -1, SQLITE_STATIC);
		sqlite3_bind_blob(st, 3, &v->hash, sizeof v->hash, SQLITE_STATIC);
		sqlite3_bind_int64(st, 4, (int64_t)v->stamp);
		if (db_step(db, st) < 0) {
			sqlite3_finalize(st);
			return -1;
		}
		sqlite3_reset(st);
		v->fresh = false;
	}
	sqlite3_finalize(st);
	for (uint32_t i = 0; i < k->dirs.n; i++) {
		struct dir *d = &k->dirs.v[i];

		if (!d->added.n && !d->moved)
			continue;
		if (write_dir(k, db, d) < 0)
			return -1;
		vec_free(&d->added);
	}
	return 0;
}
