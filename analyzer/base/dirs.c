/* dirs.c - directories: the user's own, making and removing them. */
#include "base/base.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

/* XDG Base Directory Specification 0.8: a variable that is not an absolute path counts as not set. */
char *dir_of_user(struct arena *a, enum user_dir which)
{
	static const struct {
		const char *var, *below_home;
	} dirs[] = {[DIR_CACHE] = {"XDG_CACHE_HOME", ".cache"}, [DIR_STATE] = {"XDG_STATE_HOME", ".local/state"}};
	const char *dir = getenv(dirs[which].var), *home = getenv("HOME");

	if (dir && *dir == '/')
		return arena_printf(a, "%s/tvt-lint", dir);
	if (home && *home == '/')
		return arena_printf(a, "%s/%s/tvt-lint", home, dirs[which].below_home);
	return NULL;
}

int dir_make(const char *path)
{
	struct arena *a = arena_new();
	char *p = arena_strdup(a, path);
	int rc = 0;

	for (char *q = p + 1; !rc; q++) {
		if (*q && *q != '/')
			continue;
		char end = *q;
		*q = '\0';
		if (mkdir(p, 0777) < 0 && errno != EEXIST)
			rc = error("cannot make the directory '%s': %s", p, strerror(errno));
		*q = end;
		if (!end)
			break;
	}
	arena_free(a);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

int dir_remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return 0;
	if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) < 0)
		return error("cannot remove '%s': %s", path, strerror(errno));
	return 0;
}
