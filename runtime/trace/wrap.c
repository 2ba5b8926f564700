/* wrap.c - the wrappers: from the table in calls.def, and by hand where a prototype is variadic.
 *
 * Outside a turn a wrapper is one load and a jump. Inside, it reads the clock before and after.
 */
#undef _FORTIFY_SOURCE
#include "preload.h"

#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <resolv.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <threads.h>
#include <unistd.h>
#include <wordexp.h>

/* <resolv.h> gives these names to other symbols of old. */
#undef res_query
#undef res_search
#undef res_nquery
#undef res_nsearch
/* <bits/stdio.h> makes macros of these. */
#undef fread_unlocked
#undef fwrite_unlocked
#undef getc
#undef putc

struct io_uring;
struct io_uring_cqe;
struct __kernel_timespec;

/* Prototypes of functions that only a fortified program calls, or that headers hide. */
#define CALL(ret, name, when, fd, params, args) ret name params;
#define WAIT(ret, name, fds, sleeps, params, args) ret name params;
#include "calls.def"
int __fprintf_chk(FILE *f, int flag, const char *fmt, ...);
int __printf_chk(int flag, const char *fmt, ...);
int __dprintf_chk(int fd, int flag, const char *fmt, ...);
void __vsyslog_chk(int pri, int flag, const char *fmt, va_list ap);
void __syslog_chk(int pri, int flag, const char *fmt, ...);
int __isoc99_fscanf(FILE *f, const char *fmt, ...);

static int file_fd(const FILE *f)
{
	return f ? f->_fileno : -1;
}

/* ---- how many descriptors a wait watches: one means a worker rather than a loop ---- */

/* By number of the epoll descriptor: the first descriptor added + 1, or MANY. */
enum { MANY = -1 };
static int epoll_first[1024];

static int epoll_fds(int ep)
{
	int first;

	if (ep < 0 || ep >= (int)COUNT(epoll_first))
		return -1;
	first = __atomic_load_n(&epoll_first[ep], __ATOMIC_RELAXED);
	return first == MANY ? 2 : first ? 1 : -1;
}

EXPORT int epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	int r = REAL(epoll_ctl)(ep, op, fd, ev);

	if (r == 0 && op == EPOLL_CTL_ADD && ep >= 0 && ep < (int)COUNT(epoll_first)) {
		int first = __atomic_load_n(&epoll_first[ep], __ATOMIC_RELAXED);

		if (first != MANY && first != fd + 1)
			__atomic_store_n(&epoll_first[ep], first ? MANY : fd + 1, __ATOMIC_RELAXED);
	}
	return r;
}

static int select_fds(int n, const fd_set *r, const fd_set *w, const fd_set *x)
{
	int count = 0;

	if (n > FD_SETSIZE)
		return -1;
	for (int i = 0; i < (n + 63) / 64; i++) {
		long bits = (r ? r->fds_bits[i] : 0) | (w ? w->fds_bits[i] : 0) |
			    (x ? x->fds_bits[i] : 0);

		count += __builtin_popcountl((unsigned long)bits);
	}
	return count;
}

/* ---- from the table ---- */

#define TIMED(name, never, fd, call)                                                               \
	struct span sp;                                                                            \
                                                                                                   \
	if (likely(!span_begin(&sp, CALL_##name, never, KIND_CALL, RETURN(), FRAME())))            \
		return REAL(name) call;                                                            \
	r = REAL(name) call;                                                                       \
	span_end(&sp, KIND_CALL, 0, fd);                                                           \
	return r

#define CALL(ret, name, when, fd, params, args)                                                    \
	EXPORT ret name params                                                                     \
	{                                                                                          \
		ret r;                                                                             \
		TIMED(name, when, fd, args);                                                       \
	}
#define VOID(name, when, params, args)                                                             \
	EXPORT void name params                                                                    \
	{                                                                                          \
		struct span sp;                                                                    \
		bool timed = span_begin(&sp, CALL_##name, when, KIND_CALL, RETURN(), FRAME());     \
                                                                                                   \
		REAL(name) args;                                                                   \
		if (timed)                                                                         \
			span_end(&sp, KIND_CALL, 0, -1);                                           \
	}
/* To wait for no descriptor at all is to sleep. A wait that is no loop's is a call like others: a
 * look at once, with a signal pending, would return EINTR. */
#define WAIT(ret, name, nfds, may_sleep, params, args)                                             \
	EXPORT ret name params                                                                     \
	{                                                                                          \
		struct wait me = {.ra = RETURN(),                                                  \
			.cfa = FRAME(),                                                            \
			.call = CALL_##name,                                                       \
			.fds = nfds,                                                               \
			.sleeps = may_sleep};                                                      \
		ret r;                                                                             \
                                                                                                   \
		if (unlikely(me.fds == 0 || !tvt__wait_begin(&me))) {                              \
			TIMED(name, me.fds == 0 && me.sleeps, -1, args);                           \
		}                                                                                  \
		r = REAL(name) args;                                                               \
		tvt__wait_end(&me);                                                                \
		return r;                                                                          \
	}

#include "calls.def"

/* ---- variadic ones ---- */

static bool has_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

#define OPEN(name, params, last, ...)                                                              \
	EXPORT int name params                                                                     \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
		int r;                                                                             \
                                                                                                   \
		if (has_mode(last)) {                                                              \
			va_start(ap, last);                                                        \
			mode = va_arg(ap, mode_t);                                                 \
			va_end(ap);                                                                \
		}                                                                                  \
		TIMED(name, false, r, (__VA_ARGS__, mode));                                        \
	}
OPEN(open, (const char *path, int flags, ...), flags, path, flags)
OPEN(open64, (const char *path, int flags, ...), flags, path, flags)
OPEN(openat, (int at, const char *path, int flags, ...), flags, at, path, flags)
OPEN(openat64, (int at, const char *path, int flags, ...), flags, at, path, flags)

#define CONTROL(name, type)                                                                        \
	EXPORT int name(int fd, type request, ...)                                                 \
	{                                                                                          \
		va_list ap;                                                                        \
		void *arg;                                                                         \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, request);                                                             \
		arg = va_arg(ap, void *); /* or nothing, or an int: passed on as it is */          \
		va_end(ap);                                                                        \
		TIMED(name, false, fd, (fd, request, arg));                                        \
	}
CONTROL(fcntl, int)
CONTROL(fcntl64, int)
CONTROL(ioctl, unsigned long)

/* real is the form with a va_list, and has the same behaviour. */
#define FORMAT(name, real, file, params, ...)                                                      \
	EXPORT int name params                                                                     \
	{                                                                                          \
		va_list ap;                                                                        \
		struct span sp;                                                                    \
		bool timed = span_begin(&sp, CALL_##name, false, KIND_CALL, RETURN(), FRAME());    \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		r = REAL(real)(__VA_ARGS__, ap);                                                   \
		va_end(ap);                                                                        \
		if (timed)                                                                         \
			span_end(&sp, KIND_CALL, 0, file);                                         \
		return r;                                                                          \
	}
FORMAT(fprintf, vfprintf, file_fd(f), (FILE * f, const char *fmt, ...), f, fmt)
FORMAT(__fprintf_chk, __vfprintf_chk, file_fd(f), (FILE * f, int flag, const char *fmt, ...), f,
	flag, fmt)
FORMAT(printf, vprintf, 1, (const char *fmt, ...), fmt)
FORMAT(__printf_chk, __vprintf_chk, 1, (int flag, const char *fmt, ...), flag, fmt)
FORMAT(dprintf, vdprintf, fd, (int fd, const char *fmt, ...), fd, fmt)
FORMAT(__dprintf_chk, __vdprintf_chk, fd, (int fd, int flag, const char *fmt, ...), fd, flag, fmt)
FORMAT(__isoc99_fscanf, __isoc99_vfscanf, file_fd(f), (FILE * f, const char *fmt, ...), f, fmt)

#define SYSLOG(name, real, params, ...)                                                            \
	EXPORT void name params                                                                    \
	{                                                                                          \
		va_list ap;                                                                        \
		struct span sp;                                                                    \
		bool timed = span_begin(&sp, CALL_##name, false, KIND_CALL, RETURN(), FRAME());    \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		REAL(real)(__VA_ARGS__, ap);                                                       \
		va_end(ap);                                                                        \
		if (timed)                                                                         \
			span_end(&sp, KIND_CALL, 0, -1);                                           \
	}
SYSLOG(syslog, vsyslog, (int pri, const char *fmt, ...), pri, fmt)
SYSLOG(__syslog_chk, __vsyslog_chk, (int pri, int flag, const char *fmt, ...), pri, flag, fmt)

/* ---- single characters: only those that empty or fill the buffer can block ---- */

static bool can_get(const FILE *f)
{
	return f->_IO_read_ptr < f->_IO_read_end;
}

static bool can_put(const FILE *f)
{
	return f->_IO_write_ptr < f->_IO_write_end;
}

#define CHARACTER(name, ready, file, params, args)                                                 \
	EXPORT int name params                                                                     \
	{                                                                                          \
		int r;                                                                             \
                                                                                                   \
		if (ready(file))                                                                   \
			return REAL(name) args;                                                    \
		TIMED(name, false, file_fd(file), args);                                           \
	}
CHARACTER(fgetc, can_get, f, (FILE * f), (f))
CHARACTER(getc, can_get, f, (FILE * f), (f))
CHARACTER(getchar, can_get, stdin, (void), ())
CHARACTER(fputc, can_put, f, (int c, FILE *f), (c, f))
CHARACTER(putc, can_put, f, (int c, FILE *f), (c, f))
CHARACTER(putchar, can_put, stdout, (int c), (c))

/* ---- system calls by number: libuv before 1.45, programs without liburing ---- */

static bool is_wait(long n, const long *a, int *fds, bool *sleeps)
{
	const struct timespec *ts;

	*fds = -1;
	switch (n) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		*fds = epoll_fds((int)a[0]);
		*sleeps = (int)a[3] != 0;
		return true;
	case SYS_epoll_pwait2:
		*fds = epoll_fds((int)a[0]);
		ts = (const struct timespec *)a[3];
		*sleeps = !ts || ts->tv_sec || ts->tv_nsec;
		return true;
	case SYS_poll:
		*fds = (int)a[1];
		*sleeps = (int)a[2] != 0;
		return a[1] > 0;
	case SYS_ppoll:
		*fds = (int)a[1];
		ts = (const struct timespec *)a[2];
		*sleeps = !ts || ts->tv_sec || ts->tv_nsec;
		return a[1] > 0;
	case SYS_io_uring_enter:
		*sleeps = true;
		return a[2] > 0 && a[3] & 1; /* min_complete, IORING_ENTER_GETEVENTS */
	default:
		return false;
	}
}

EXPORT long syscall(long n, ...)
{
	struct wait w = {.ra = RETURN(), .cfa = FRAME(), .call = CALL_syscall};
	long a[6], r;
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < COUNT(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (unlikely(is_wait(n, a, &w.fds, &w.sleeps)) && tvt__wait_begin(&w)) {
		r = REAL(syscall)(n, a[0], a[1], a[2], a[3], a[4], a[5]);
		tvt__wait_end(&w);
		return r;
	}
	if (n == SYS_seccomp)
		tvt__sandbox();
	TIMED(syscall, false, -1, (n, a[0], a[1], a[2], a[3], a[4], a[5]));
}
