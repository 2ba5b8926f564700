/* compdb_find.c - where the compilation database is, what the project's root is, and which unit's
 * command suits a file that has none.
 *
 * The search is clangd's (https://clangd.llvm.org/installation#project-setup): every directory
 * above the file, and build/ in each. Where that finds nothing, build* and cmake-build-* in the
 * project's root, which is the nearest directory with .git, else the start itself.
 */
#include "front/compdb.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NAME "compile_commands.json"

/* Something is there. Whether it can be read is said when it is opened. */
static bool exists(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

/* ---- which database ---- */

static int given(struct arena *a, const char *build_dir, const char **out)
{
	char *path = path_join(a, path_cwd(a), build_dir);

	if (fs_is_dir(path)) {
		path = path_join(a, path, NAME);
		if (!exists(path))
			return error("'%s': no " NAME " there%s%s", build_dir,
				errno == ENOENT ? "" : ": ",
				errno == ENOENT ? "" : strerror(errno));
	} else if (!exists(path)) {
		return error("'%s': %s", build_dir, strerror(errno));
	}
	*out = path;
	return 0;
}

const char *compdb_toplevel(struct arena *a, const char *path)
{
	const char *dir = path;

	for (;;) {
		if (exists(path_join(a, dir, ".git")))
			return dir;
		if (!strcmp(dir, "/"))
			return NULL;
		dir = path_dir(a, dir);
	}
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* In build* and cmake-build-* of root: none, one, or an error. */
static int find_build(struct arena *a, const char *root, const char **out)
{
	VEC(char *) found = {0};
	DIR *d = opendir(root);
	struct dirent *e;
	int rc = 0;

	if (!d) /* it can be searched, perhaps, but not listed */
		return 0;
	while ((e = readdir(d))) {
		if (!str_starts(e->d_name, "build") && !str_starts(e->d_name, "cmake-build-"))
			continue;
		char *path =
			arena_printf(a, "%s/%s/" NAME, strcmp(root, "/") ? root : "", e->d_name);

		if (exists(path))
			vec_add(&found, path);
	}
	closedir(d);
	if (found.n > 1) {
		struct sb list = {0};

		qsort(found.v, found.n, sizeof *found.v, by_name);
		for (uint32_t i = 0; i < found.n; i++)
			sb_printf(&list, "%s '%s'", i ? "," : "", path_dir(a, found.v[i]));
		rc = error("several compilation databases; choose one with -p:%s", list.s);
		sb_free(&list);
	} else if (found.n) {
		*out = found.v[0];
	}
	vec_free(&found);
	return rc;
}

int compdb_find(struct arena *a, const char *build_dir, const char *start, const char **out)
{
	static const char *const places[] = {NAME, "build/" NAME};
	const char *dir, *top;

	*out = NULL;
	if (build_dir)
		return given(a, build_dir, out);
	if (!fs_is_dir(start))
		start = path_dir(a, start);
	for (dir = start;; dir = path_dir(a, dir)) {
		for (size_t i = 0; i < COUNT(places); i++) {
			char *path = path_join(a, dir, places[i]);

			if (exists(path)) {
				*out = path;
				return 0;
			}
		}
		if (!strcmp(dir, "/"))
			break;
	}
	top = compdb_toplevel(a, start);
	return find_build(a, top ? top : start, out);
}

/* ---- the root ---- */

static bool at_edge(char c)
{
	return c == '/' || c == '\0';
}

/* The deepest directory that holds both; common may be NULL. */
static const char *meet(struct arena *a, const char *common, const char *dir)
{
	size_t cut = 0;

	if (!common)
		return dir;
	for (size_t i = 0;; i++) {
		if (at_edge(common[i]) && at_edge(dir[i]))
			cut = i;
		if (!common[i] || common[i] != dir[i])
			break;
	}
	if (!common[cut])
		return common;
	return cut ? arena_strndup(a, common, cut) : "/";
}

static bool holds(const char *dir, const char *path)
{
	return !strcmp(dir, path) || path_under(dir, path) != path;
}

const char *compdb_root(const struct compdb *db)
{
	struct arena *a = db->mem;
	const char *outside = NULL, *all = NULL, *work = NULL, *base, *top, *places[3];
	const char *build = db->path ? path_dir(a, db->path) : NULL;
	uint32_t nin = 0;

	/* What lies in the build directory is made, not written; if most of the code is elsewhere,
	 * that is where the project is. */
	for (uint32_t i = 0; i < db->ntu; i++) {
		const char *dir = path_dir(a, db->tus[i].file);
		bool in = build && holds(build, dir);

		nin += in;
		all = meet(a, all, dir);
		outside = in ? outside : meet(a, outside, dir);
		work = meet(a, work, db->tus[i].dir);
	}
	base = outside && nin < db->ntu - nin ? outside : all;
	if (!base)
		return build ? build : path_cwd(a);
	top = compdb_toplevel(a, base);
	if (top)
		return top;
	/* No version control: the directory of the database, or where commands run, or the one
	 * whose build directory it is, if that is above the code. */
	places[0] = build;
	places[1] = work;
	places[2] = build ? path_dir(a, build) : NULL;
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i] && strcmp(places[i], "/") && holds(places[i], base))
			return places[i];
	return base;
}

/* ---- the nearest command ---- */

static size_t stem(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? (size_t)(dot - base) : strlen(base);
}

/* Directories that two paths have in common, from the front. */
static uint32_t common_dirs(const char *x, const char *y)
{
	uint32_t n = 0;

	for (; *x && *x == *y; x++, y++)
		n += *x == '/';
	return n;
}

/* As clangd's interpolation: a file of the same name first, then the one that shares most
 * directories, then the first in order. */
uint32_t compdb_nearest(const struct compdb *db, const char *file)
{
	uint32_t best = NONE, best_dirs = 0;
	const char *base = path_base(file);
	bool best_same = false;

	for (uint32_t i = 0; i < db->ntu; i++) {
		const char *other = path_base(db->tus[i].file);
		bool same = stem(base) == stem(other) && !memcmp(base, other, stem(base));
		uint32_t dirs = common_dirs(file, db->tus[i].file);

		if (best == NONE || same > best_same || (same == best_same && dirs > best_dirs)) {
			best = i;
			best_dirs = dirs;
			best_same = same;
		}
	}
	return best;
}
