/* path.c - file names, lexically; and where the tool's own data is. */
#include "base/base.h"

#include <errno.h>
#include <unistd.h>

char *path_normal(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2);
	size_t n = 0, floor; /* ".." cannot remove what lies below floor: "/" or leading ".."s */

	if (*path == '/')
		out[n++] = '/';
	floor = n;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.')) {
			/* nothing */
		} else if (len == 2 && path[0] == '.' && path[1] == '.' && n > floor) {
			while (n > floor && out[n - 1] != '/')
				n--;
			if (n > floor)
				n--; /* the '/' before it */
		} else if (len == 2 && path[0] == '.' && path[1] == '.' && out[0] == '/') {
			/* the parent of the root is the root */
		} else {
			bool up = len == 2 && path[0] == '.' && path[1] == '.';

			if (n && out[n - 1] != '/')
				out[n++] = '/';
			memcpy(out + n, path, len);
			n += len;
			if (up)
				floor = n;
		}
		path += len;
		path += *path == '/';
	}
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return out;
}

char *path_join(struct arena *a, const char *dir, const char *path)
{
	if (*path == '/' || !*dir)
		return path_normal(a, path);
	return path_normal(a, arena_printf(a, "%s/%s", dir, path));
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_dir(struct arena *a, const char *path)
{
	const char *base = path_base(path);

	while (base > path + 1 && base[-1] == '/')
		base--;
	return base == path ? arena_strdup(a, ".") : arena_strndup(a, path, (size_t)(base - path));
}

const char *path_under(const char *root, const char *path)
{
	size_t n = strlen(root);

	if (!strcmp(root, "/"))
		return path[0] == '/' && path[1] ? path + 1 : path;
	return !strncmp(root, path, n) && path[n] == '/' && path[n + 1] ? path + n + 1 : path;
}

char *path_cwd(struct arena *a)
{
	char *cwd = getcwd(NULL, 0);
	char *s;

	if (!cwd) {
		warn("cannot tell the current directory: %s", strerror(errno));
		return arena_strdup(a, ".");
	}
	s = arena_strdup(a, cwd);
	free(cwd);
	return s;
}

static char *exe_dir(struct arena *a)
{
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof buf);

	return n <= 0 || n == sizeof buf ? path_cwd(a)
					 : path_dir(a, arena_strndup(a, buf, (size_t)n));
}

static bool holds_models(struct arena *a, const char *dir)
{
	return fs_is_dir(path_join(a, dir, "models"));
}

static char *find_data(struct arena *a)
{
	static const char *const places[] = {"../share/tvt-lint", "data"};
	const char *env = getenv("TVT_LINT_DATA");
	char *exe, *dir;

	if (env && *env) {
		if (holds_models(a, env))
			return path_normal(a, env);
		error("TVT_LINT_DATA is '%s', which has no directory 'models'", env);
		return NULL;
	}
	exe = exe_dir(a);
	for (size_t i = 0; i < COUNT(places); i++) {
		dir = path_join(a, exe, places[i]);
		if (holds_models(a, dir))
			return dir;
	}
	/* not installed: somewhere below the source tree */
	for (char *up = exe; strcmp(up, "/") && strcmp(up, "."); up = path_dir(a, up)) {
		dir = path_join(a, up, "rules");
		if (holds_models(a, dir))
			return dir;
	}
	error("cannot find the models beside '%s'; set TVT_LINT_DATA", exe);
	return NULL;
}

const char *data_dir(void)
{
	static char *found; /* the answer cannot change while the tool runs */
	struct arena *a;
	char *dir;

	if (found)
		return found;
	a = arena_new();
	dir = find_data(a);
	if (dir)
		found = xstrdup(dir);
	arena_free(a);
	return found;
}
