/* reads.c - which files a parse has asked for, and what was in them.
 *
 * A result may be kept as long as each of these questions would be answered the same: the files
 * that were read have the same content, and those that were looked for in vain, in the directories
 * before the one where a header was found, are still not there. libclang tells of files it has
 * read, not of the others. So the questions are noted where they are asked: this program has
 * functions named open() and stat(), which libraries that are loaded later use in place of the C
 * library's (ELF symbol interposition; see ld.so(8)). They note, if noting is on, and do the same.
 *
 * A file's content is hashed through the descriptor that the parser is about to read from, so that
 * it is the content that was parsed even if an editor replaces the file a moment later.
 */
#include "front/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Also, below one directory that does not exist, files are memory: libclang writes precompiled headers in
 * a process that can write no files. */

/* Not <fcntl.h>: it may define the functions below inline. */
extern int openat(int dir, const char *path, int flags, ...);
extern int fstatat(int dir, const char *path, struct stat *st, int flags);
#define CWD (-100) /* AT_FDCWD */
#define TMPFILE 020200000
#define CREAT 0100

int reads_open(const char *path, int flags, ...) __asm__("open");
int reads_open64(const char *path, int flags, ...) __asm__("open64");
int reads_stat(const char *path, struct stat *st) __asm__("stat");
int reads_stat64(const char *path, struct stat *st) __asm__("stat64");
int reads_rename(const char *from, const char *to) __asm__("rename");
int reads_unlink(const char *path) __asm__("unlink");

/* A content that was hashed by this process before. */
struct known {
	uint64_t stamp;
	struct hash128 hash;
};
static struct {
	bool on, broken;
	struct sb out;	 /* records with paths as they were asked for */
	struct map seen; /* hash of a path */
	VEC(struct known) known;
	struct map known_of;
	char *buf; /* for reading */
	size_t cap;
} noted;

/* ---- records ---- */

struct note {
	struct hash128 hash;
	uint64_t stamp;
	uint64_t npath; /* bytes that follow, NULs at the end included */
};

static void put(struct sb *out, const char *dir, const char *path, struct note r)
{
	static const char zero[8];
	size_t n = strlen(path), ndir = 0, pad;

	if (*path != '/' && dir) {
		while (str_starts(path, "./"))
			path += 2;
		n = strlen(path);
		ndir = strlen(dir) + 1;
	}
	pad = 8 - (ndir + n) % 8;
	r.npath = ndir + n + pad;
	sb_putn(out, &r, sizeof r);
	if (ndir) {
		sb_puts(out, dir);
		sb_putc(out, '/');
	}
	sb_putn(out, path, n);
	sb_putn(out, zero, pad);
}

bool reads_next(const char *data, uint64_t size, uint64_t *at, struct read *out)
{
	struct note r;

	if (*at > size || size - *at < sizeof r)
		return false;
	memcpy(&r, data + *at, sizeof r);
	*at += sizeof r;
	if (!r.npath || r.npath > size - *at || data[*at + r.npath - 1])
		return false;
	*out = (struct read){data + *at, r.hash, r.stamp};
	*at += r.npath;
	return true;
}

/* ---- noting ---- */

static bool seen(const char *path)
{
	uint32_t *slot = map_slot(&noted.seen, hash_str(path), 0);

	return (*slot)++;
}

static void absent(const char *path)
{
	if (!seen(path))
		put(&noted.out, NULL, path, (struct note){0});
}

static int hash_content(int fd, size_t size, struct hash128 *hash)
{
	size_t n = 0;

	if (size + 1 > noted.cap)
		noted.buf = xrealloc(noted.buf, noted.cap = (size + 1) * 2);
	while (n < noted.cap) {
		ssize_t got = pread(fd, noted.buf + n, noted.cap - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		n += (size_t)got;
	}
	*hash = hash128_bytes(noted.buf, n);
	return n < noted.cap ? 0 : -1; /* it grows */
}

static void present(const char *path, int fd)
{
	struct stat st;
	struct note r = {0};
	uint32_t known;

	if (seen(path))
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		noted.broken = true;
		return;
	}
	r.stamp = fs_stamp(&st);
	known = r.stamp ? map_get(&noted.known_of, r.stamp) : NONE;
	if (known != NONE) {
		r.hash = noted.known.v[known].hash;
	} else if (hash_content(fd, (size_t)st.st_size, &r.hash) < 0) {
		noted.broken = true;
		return;
	} else if (r.stamp) {
		map_put(&noted.known_of, r.stamp, noted.known.n);
		vec_add(&noted.known, ((struct known){r.stamp, r.hash}));
	}
	put(&noted.out, NULL, path, r);
}

static void note_answer(const char *path, int fd)
{
	int saved = errno;

	if (fd >= 0)
		present(path, fd);
	else if (saved == ENOENT || saved == ENOTDIR)
		absent(path);
	else
		noted.broken =
			true; /* no permission, say: nothing that a later look could compare */
	errno = saved;
}

void reads_begin(void)
{
	map_free(&noted.seen);
	noted.out.n = 0;
	noted.broken = false;
	noted.on = true;
}

bool reads_end(const char *dir, struct sb *out)
{
	uint64_t at = 0;
	struct read r;

	noted.on = false;
	while (reads_next(noted.out.s, noted.out.n, &at, &r))
		put(out, dir, r.path, (struct note){r.hash, r.stamp, 0});
	return !noted.broken;
}

void reads_add(const char *data, uint64_t size)
{
	uint64_t at = 0;
	struct read r;

	while (data && reads_next(data, size, &at, &r))
		if (!seen(r.path))
			put(&noted.out, NULL, r.path, (struct note){r.hash, r.stamp, 0});
}

/* ---- memory files: DIR/N, and while it is written DIR/N.anything ---- */

static struct {
	int *fd; /* by N; 0: none */
	uint32_t n;
} memory;

static int *memory_file(const char *path)
{
	unsigned long i;

	if (!str_starts(path, READS_PCH_DIR))
		return NULL;
	i = strtoul(path + strlen(READS_PCH_DIR), NULL, 10);
	if (i >= 1 << 20)
		return NULL;
	if (i >= memory.n) {
		uint32_t n = (uint32_t)i + 64;

		memory.fd = xrealloc(memory.fd, n * sizeof *memory.fd);
		memset(memory.fd + memory.n, 0, (n - memory.n) * sizeof *memory.fd);
		memory.n = n;
	}
	return &memory.fd[i];
}

static int open_memory(int *fd, int flags)
{
	if (flags & CREAT) {
		if (*fd)
			close(*fd);
		*fd = memfd_create("tvt-pch", MFD_CLOEXEC);
		if (*fd < 0)
			return *fd = 0, -1;
	}
	if (*fd)
		return dup(*fd); /* readers go by offset */
	errno = ENOENT;
	return -1;
}

int reads_rename(const char *from, const char *to)
{
	return memory_file(from) ? 0 : renameat(CWD, from, CWD, to);
}

int reads_unlink(const char *path)
{
	return memory_file(path) ? 0 : unlinkat(CWD, path, 0);
}

/* ---- what libraries call ---- */

static bool is_text(const char *path)
{
	return str_starts(path_base(path), READS_PCH_SOURCE);
}

static int do_open(const char *path, int flags, unsigned mode)
{
	int *memfd = memory_file(path);
	int fd = memfd ? open_memory(memfd, flags) : openat(CWD, path, flags, mode);

	if (memfd || is_text(path))
		return fd;
	if (noted.on)
		note_answer(path, fd);
	return fd;
}

static unsigned mode_of(int flags, va_list ap)
{
	return flags & CREAT || (flags & TMPFILE) == TMPFILE ? va_arg(ap, unsigned) : 0;
}

int reads_open(const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return do_open(path, flags, mode);
}

int reads_open64(const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return do_open(path, flags, mode);
}

/* Where the answer is yes, a directory is there or a file that will be opened: nothing to note. */
static int do_stat(const char *path, struct stat *st)
{
	int *memfd = memory_file(path);
	int rc;

	if (memfd && *memfd)
		return fstat(*memfd, st);
	if (!strcmp(path, READS_PCH_PARENT))
		path = "/"; /* it is a directory, and that is all that is asked */
	rc = fstatat(CWD, path, st, 0);
	if (rc < 0 && noted.on && !memfd && !is_text(path))
		note_answer(path, -1);
	return rc;
}

int reads_stat(const char *path, struct stat *st)
{
	return do_stat(path, st);
}

int reads_stat64(const char *path, struct stat *st)
{
	return do_stat(path, st);
}
