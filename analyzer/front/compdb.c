/* compdb.c - from the entries of a database to units.
 *
 * Entries repeat themselves: one file is compiled for a library and for each test, with other
 * object names but the same meaning. Entries of one file with the same arguments, after those
 * without meaning are gone, are one unit. A file that is compiled in two ways is two units.
 */
#include "front/compdb.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct dir {
	const char *raw, *real;
};
struct load {
	struct compdb *db;
	struct args *args;
	struct arena *scratch;
	VEC(struct tu_cmd)
	all; /* entries that are C; equal names that follow each other are one pointer */
	VEC(struct dir) dirs; /* names with "..", and what they stand for */
	struct map dir_of;
	const char *dir, *written_dir; /* of the entry before: absolute, and as written */
};

/* ---- entries ---- */

/* The normal, absolute name of a directory. Removing ".." from a name is wrong behind a symbolic
 * link, so such names are looked at. */
static const char *dir_name(struct load *l, const char *raw)
{
	struct arena *a = l->db->mem;
	struct stat want, st;
	const char *name;
	char *real;

	if (!strstr(raw, ".."))
		return path_normal(a, raw);
	for (uint64_t h = hash_str(raw);; h++) {
		uint32_t at = *map_slot(&l->dir_of, h, l->dirs.n);

		if (at == l->dirs.n)
			break;
		if (!strcmp(l->dirs.v[at].raw, raw))
			return l->dirs.v[at].real;
	}
	name = path_normal(a, raw);
	if (!stat(raw, &want) &&
		(stat(name, &st) < 0 || st.st_dev != want.st_dev || st.st_ino != want.st_ino)) {
		real = realpath(raw, NULL);
		if (real)
			name = arena_strdup(a, real);
		free(real);
	}
	vec_add(&l->dirs, ((struct dir){arena_strdup(a, raw), name}));
	return name;
}

static const char *join(struct arena *a, const char *dir, const char *name)
{
	return *name == '/' ? name : arena_printf(a, "%s/%s", dir, name);
}

static const char *file_name(struct load *l, const char *dir, const char *written)
{
	const char *raw = join(l->scratch, dir, written), *base = path_base(raw);
	char *file;

	if (strstr(written, "..")) {
		dir = dir_name(l, arena_strndup(l->scratch, raw, (size_t)(base - raw)));
		file = path_join(l->scratch, dir, base);
	} else {
		file = path_normal(l->scratch, raw);
	}
	if (l->all.n && !strcmp(l->all.v[l->all.n - 1].file, file))
		return l->all.v[l->all.n - 1].file;
	return arena_strdup(l->db->mem, file);
}

static void take_entry(void *ctx, const struct entry *e)
{
	struct load *l = ctx;
	struct compdb *db = l->db;
	struct args_cmd cmd;
	const char *file;

	db->nentry++;
	arena_reset(l->scratch);
	if (!l->dir || strcmp(e->dir, l->written_dir)) {
		l->written_dir = arena_strdup(db->mem, e->dir);
		l->dir = dir_name(l, join(l->scratch, path_dir(l->scratch, db->path), e->dir));
	}
	args_filter(l->args, l->dir, e->file, &e->words, &cmd);
	if (!cmd.is_c) {
		db->nother++;
		return;
	}
	file = file_name(l, l->dir, e->file.s);
	vec_add(&l->all, ((struct tu_cmd){
				 .file = file,
				 .dir = l->dir,
				 .argv = cmd.argv,
				 .argc = cmd.argc,
				 .compiler = cmd.compiler,
				 .ndropped = cmd.ndropped,
				 .entry = e->index,
			 }));
}

/* ---- duplicates ---- */

static int cmp_args(const struct tu_cmd *x, const struct tu_cmd *y)
{
	for (uint32_t i = 0; x->argv != y->argv && i < x->argc && i < y->argc; i++) {
		int c = x->argv[i] == y->argv[i] ? 0 : strcmp(x->argv[i], y->argv[i]);

		if (c)
			return c;
	}
	return (x->argc > y->argc) - (x->argc < y->argc);
}

static int by_file(const void *x, const void *y)
{
	const struct tu_cmd *a = x, *b = y;
	int c = a->file == b->file ? 0 : strcmp(a->file, b->file);

	if (!c)
		c = cmp_args(a, b);
	if (!c)
		c = strcmp(a->dir, b->dir);
	return c ? c : (a->entry > b->entry) - (a->entry < b->entry);
}

/* Equal for names of one file. */
static uint64_t file_key(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 ? hash_str(file) : hash_mix(st.st_dev, st.st_ino);
}

/* Equal for commands that mean the same for one file: relative names in the arguments are those of
 * the directory. */
static uint64_t meaning(struct load *l, const struct tu_cmd *cmd)
{
	struct sb b = {0};
	uint64_t h;

	arena_reset(l->scratch);
	for (uint32_t i = 0; i < cmd->argc; i++) {
		args_resolve(cmd->dir, cmd->argv[i], &b, l->scratch);
		sb_putc(&b, '\n');
	}
	h = hash_bytes(b.s, b.n);
	sb_free(&b);
	return h;
}

/* Sorts, and merges what is the same. */
static void merge(struct load *l)
{
	struct compdb *db = l->db;
	struct map named = {0}, seen = {0};
	uint64_t file = 0;
	bool alone = true;

	if (l->all.n)
		qsort(l->all.v, l->all.n, sizeof *l->all.v, by_file);
	db->tus = arena_alloc(db->mem, (l->all.n + db->npath) * sizeof *db->tus);
	/* A file may have two names, through a link: the last part is mostly the same then, so that
	 * only those that share it are looked up. */
	for (uint32_t i = 0; i < l->all.n; i++)
		++*map_slot(&named, hash_str(path_base(l->all.v[i].file)), 0);
	for (uint32_t i = 0; i < l->all.n; i++) {
		const struct tu_cmd *c = &l->all.v[i];

		if (!i || strcmp(c->file, c[-1].file)) {
			alone = map_get(&named, hash_str(path_base(c->file))) == 1;
			file = alone ? 0 : file_key(c->file);
		}
		if (!alone && (*map_slot(&seen, hash_mix(file, meaning(l, c)), 0))++)
			db->nduplicate++;
		else
			db->tus[db->ntu++] = *c;
	}
	map_free(&named);
	map_free(&seen);
}

/* ---- files that were named ---- */

static bool has_file(const struct compdb *db, const char *path)
{
	struct stat want, st;

	for (uint32_t i = 0; i < db->ntu; i++)
		if (!strcmp(db->tus[i].file, path))
			return true;
	/* by another name: only files of this name are worth a look */
	if (stat(path, &want) < 0)
		return false;
	for (uint32_t i = 0; i < db->ntu; i++) {
		if (strcmp(path_base(db->tus[i].file), path_base(path)) ||
			stat(db->tus[i].file, &st) < 0)
			continue;
		if (st.st_dev == want.st_dev && st.st_ino == want.st_ino)
			return true;
	}
	return false;
}

void compdb_command(const struct compdb *db, const char *file, struct tu_cmd *cmd)
{
	*cmd = db->tus[compdb_nearest(db, file)];
	cmd->file = file;
	cmd->entry = NONE;
	cmd->ndropped = 0;
}

/* Adds units for files that the database lacks. */
static void add_named(struct load *l, bool quiet)
{
	struct compdb *db = l->db;
	VEC(struct tu_cmd) extra = {0};
	bool said = quiet;

	for (uint32_t i = 0; i < db->npath; i++) {
		const char *path = db->paths[i];
		struct tu_cmd cmd = {.file = path, .entry = NONE};
		struct args_cmd args;
		uint32_t near;

		if (fs_is_dir(path) || has_file(db, path))
			continue;
		if (!args_is_c_name(path, strlen(path)) &&
			!args_is_header_name(path, strlen(path))) {
			warn("'%s' is not C: left out", path);
			continue;
		}
		near = compdb_nearest(db, path);
		if (near != NONE) {
			compdb_command(db, path, &cmd);
			if (!quiet)
				note("'%s' has no entry in '%s': taken with the command of '%s'",
					path, db->path, db->tus[near].file);
		} else {
			args_default(l->args, &args);
			cmd.dir = path_dir(db->mem, path);
			cmd.argv = args.argv;
			cmd.argc = args.argc;
			cmd.compiler = args.compiler;
			if (!said)
				note("no compile_commands.json: '%s' is taken alone, with default "
				     "flags",
					path);
			said = true;
		}
		vec_add(&extra, cmd);
	}
	for (uint32_t i = 0; i < extra.n; i++)
		db->tus[db->ntu++] = extra.v[i];
	if (extra.n)
		qsort(db->tus, db->ntu, sizeof *db->tus, by_file);
	vec_free(&extra);
}

/* ---- loading ---- */

static int take_paths(struct compdb *db, const struct compdb_opts *o)
{
	const char *cwd = path_cwd(db->mem),
		   **paths = arena_alloc(db->mem, (o->npath + 1) * sizeof *paths);

	for (uint32_t i = 0; i < o->npath; i++) {
		char *path = path_join(db->mem, cwd, o->paths[i]);
		struct stat st;
		uint32_t k = 0;

		if (stat(path, &st) < 0)
			return error("'%s': %s", o->paths[i], strerror(errno));
		while (k < db->npath && strcmp(paths[k], path))
			k++;
		if (k == db->npath)
			paths[db->npath++] = path;
	}
	db->paths = paths;
	return 0;
}

static int no_database(const struct compdb *db)
{
	const char *start = db->npath ? db->paths[0] : path_cwd(db->mem);
	DIR *d;

	for (uint32_t i = 0; i < db->npath; i++)
		if (!fs_is_dir(db->paths[i]))
			return 0;
	d = opendir(start);
	if (!d)
		return error("cannot read '%s': %s", start, strerror(errno));
	closedir(d);
	return error("no compile_commands.json for '%s': not in it or a directory above, nor in "
		     "their build/, nor in "
		     "build* or cmake-build-* of the project; 'cmake "
		     "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON' or "
		     "'bear -- make' makes one, and -p says where it is",
		start);
}

static int load(struct load *l, const struct compdb_opts *o)
{
	struct compdb *db = l->db;

	if (take_paths(db, o) < 0)
		return -1;
	if (compdb_find(db->mem, o->build_dir, db->npath ? db->paths[0] : path_cwd(db->mem),
		    &db->path) < 0)
		return -1;
	if (!db->path && no_database(db) < 0)
		return -1;
	if (db->path && compdb_read(db->path, take_entry, l) < 0)
		return -1;
	merge(l);
	compdb_merge_alike(db);
	if (db->path && !db->ntu) {
		if (!db->nentry)
			return error("%s: no entries", db->path);
		return error("%s: none of the %u entries is C", db->path, db->nentry);
	}
	add_named(l, o->quiet);
	db->root = compdb_root(db);
	db->dropped = args_dropped(l->args, &db->ndropped);
	return 0;
}

struct compdb *compdb_load(const struct compdb_opts *o)
{
	struct arena *mem = arena_new();
	struct compdb *db = arena_alloc(mem, sizeof *db);
	struct load l = {.db = db, .args = args_new(mem), .scratch = arena_new()};
	int rc;

	db->mem = mem;
	rc = load(&l, o);
	args_free(l.args);
	arena_free(l.scratch);
	vec_free(&l.all);
	vec_free(&l.dirs);
	map_free(&l.dir_of);
	if (rc < 0) {
		compdb_free(db);
		return NULL;
	}
	return db;
}

void compdb_free(struct compdb *db)
{
	if (db)
		arena_free(db->mem);
}

void compdb_dump(const struct compdb *db, struct sb *out)
{
	sb_printf(out, "database %s\n", db->path ? db->path : "none");
	sb_printf(out, "root %s\n", db->root);
	sb_printf(out, "entries %u: %u units, %u repeated, %u not C\n", db->nentry, db->ntu,
		db->nduplicate, db->nother);
	for (uint32_t i = 0; i < db->npath; i++)
		sb_printf(out, "report %s\n", db->paths[i]);
	for (uint32_t i = 0; i < db->ntu; i++) {
		const struct tu_cmd *c = &db->tus[i];

		sb_printf(out, "\nunit %s\n\tin %s\n\tby %s\n", path_under(db->root, c->file),
			c->dir, c->compiler);
		if (c->entry == NONE)
			sb_puts(out, "\tentry none\n");
		else
			sb_printf(
				out, "\tentry %u, %u arguments left out\n", c->entry, c->ndropped);
		for (uint32_t k = 0; k < c->argc; k++)
			sb_printf(out, "\targ %s\n", c->argv[k]);
	}
	if (db->ndropped)
		sb_puts(out, "\nleft out\n");
	for (uint32_t i = 0; i < db->ndropped; i++)
		sb_printf(out, "\t%8u %s%s\n", db->dropped[i].count, db->dropped[i].arg,
			db->dropped[i].known ? "" : "  (unknown)");
}
