/* fs.c - files. Input is untrusted: only regular files are opened, and opening never waits. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Sources and caches are far smaller; a sparse file of a terabyte must not stop the tool. */
#define MAX_SIZE ((off_t)1 << 31)

static const char *why(int err)
{
	return err == EISDIR   ? "is a directory"
	       : err == EINVAL ? "not a regular file"
			       : strerror(err);
}

static int check_regular(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return -1;
}

/* A file descriptor, or -1 and errno: EISDIR for a directory, EINVAL for other irregular files. */
static int open_regular(const char *path, struct stat *st)
{
	int fd;

	/* Opening some devices has effects, so look first. What lies there may have changed since:
	 * O_NONBLOCK keeps a FIFO from hanging, and fstat looks again. */
	if (stat(path, st) < 0 || check_regular(st) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0 || check_regular(st) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

int fs_read_quiet(const char *path, char **data, size_t *size)
{
	struct stat st;
	size_t n = 0, cap;
	char *buf;
	int fd = open_regular(path, &st), err = 0;

	if (fd < 0)
		return -1;
	/* The size is a hint: files in /proc have none, and others may grow meanwhile. */
	if (st.st_size > MAX_SIZE) {
		close(fd);
		errno = EFBIG;
		return -1;
	}
	cap = (size_t)st.st_size + 1;
	buf = xmalloc(cap + 1);
	for (;;) {
		ssize_t got;

		if (n == cap) {
			cap *= 2;
			buf = xrealloc(buf, cap + 1);
		}
		got = read(fd, buf + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	if (err) {
		free(buf);
		errno = err;
		return -1;
	}
	buf[n] = '\0';
	*data = buf;
	*size = n;
	return 0;
}

int fs_read(const char *path, char **data, size_t *size)
{
	if (fs_read_quiet(path, data, size) < 0)
		return error("cannot read '%s': %s", path, why(errno));
	return 0;
}

/* The mapping of a file that someone truncates is a SIGBUS; map only files that are replaced whole,
 * as fs_write_atomic does. */
int fs_map(const char *path, const char **data, size_t *size)
{
	struct stat st;
	int fd = open_regular(path, &st);
	void *p;

	if (fd < 0)
		return error("cannot read '%s': %s", path, why(errno));
	*data = "";
	*size = 0;
	if (st.st_size == 0) {
		close(fd);
		return 0;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return error("cannot map '%s': %s", path, strerror(errno));
	*data = p;
	*size = (size_t)st.st_size;
	return 0;
}

void fs_unmap(const char *data, size_t size)
{
	if (size)
		munmap((void *)(uintptr_t)data, size);
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* A name in dir for the file fd, or, if fd is -1, a new file with that name. Not mkstemp: its mode
 * ignores the umask. Returns the file, or -1. */
static int name_temp(struct arena *a, const char *dir, int fd, char **name)
{
	char *self = arena_printf(a, "/proc/self/fd/%d", fd);

	for (unsigned i = 0; i < 1000; i++) {
		int got;

		*name = arena_printf(a, "%s/.tvt-%ld-%u", dir, (long)getpid(), i);
		if (fd < 0)
			got = open(
				*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		else
			got = linkat(AT_FDCWD, self, AT_FDCWD, *name, AT_SYMLINK_FOLLOW) < 0 ? -1
											     : fd;
		if (got >= 0)
			return got;
		if (errno != EEXIST)
			break;
	}
	*name = NULL;
	return -1;
}

/* While it is written the file has no name where the system can do that, so that nothing is left if
 * the tool is killed. */
static int open_temp(struct arena *a, const char *dir, char **name)
{
	int fd = -1;

	*name = NULL;
	if (fs_is_dir("/proc/self/fd"))
		fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	return fd >= 0 ? fd : name_temp(a, dir, -1, name);
}

/* The name itself is then on disk too. Some file systems cannot do this; the file is whole anyway.
 */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

int fs_write_atomic(const char *path, const void *data, size_t size)
{
	struct arena *a = arena_new();
	struct stat st = {0};
	char *real = NULL, *dir, *temp = NULL;
	const char *target = path;
	int fd = -1, rc = -1;

	/* Write through a symbolic link, keep the mode, and never replace a device. */
	if (!stat(path, &st)) {
		if (check_regular(&st) < 0)
			goto out;
		real = realpath(path, NULL);
		if (!real)
			goto out;
		target = real;
	}
	dir = path_dir(a, target);
	fd = open_temp(a, dir, &temp);
	if (fd < 0)
		goto out;
	if ((real && fchmod(fd, st.st_mode & 07777) < 0) || write_all(fd, data, size) < 0 ||
		fsync(fd) < 0)
		goto out;
	if (!temp && name_temp(a, dir, fd, &temp) < 0)
		goto out;
	if (rename(temp, target) < 0)
		goto out;
	temp = NULL;
	sync_dir(dir);
	rc = 0;
out:
	if (rc < 0)
		error("cannot write '%s': %s", path, why(errno));
	if (temp)
		unlink(temp);
	if (fd >= 0)
		close(fd);
	free(real);
	arena_free(a);
	return rc;
}

uint64_t fs_stamp(const struct stat *st)
{
	const uint64_t what[] = {st->st_dev, st->st_ino, (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
		(uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec};
	struct timespec now;
	time_t last =
		st->st_mtim.tv_sec > st->st_ctim.tv_sec ? st->st_mtim.tv_sec : st->st_ctim.tv_sec;

	clock_gettime(CLOCK_REALTIME, &now);
	if (last + 2 >= now.tv_sec)
		return 0;
	return hash_bytes(what, sizeof what) | 1;
}

bool fs_is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}
