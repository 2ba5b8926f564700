/* tvt/runtime.h - tasks for C programs: cheap stacks, one or many executors, and no callbacks.
 *
 * A task is a function with a stack of its own. Tasks run on executors, which are threads; a task
 * that waits (for a descriptor, a channel, a timer, a child) leaves its executor to the others.
 * The contract is on one page: runtime/README.md.
 *
 * Everywhere below:
 *  - errors are negative errno values; nothing here sets errno, aborts on out of memory or prints
 *    (except what struct tvt_opts asks for);
 *  - a deadline is absolute, in nanoseconds of tvt_now(). TVT_NEVER waits for ever, 0 does not
 *    wait at all; a call that had to give up says -ETIMEDOUT;
 *  - each call with a deadline, and tvt_yield, is a suspension point: other tasks may run in it,
 *    and in a cancelled task it returns -ECANCELED at once and each time;
 *  - unless said otherwise a call belongs into a task and says -EPERM elsewhere;
 *  - types with a size here (scope, mutex, ...) may live on the stack of a task that outlives their
 *    use, must not be copied, and their inside is not yours.
 */
#ifndef TVT_RUNTIME_H
#define TVT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TVT_NEVER INT64_MAX
#define TVT_US INT64_C(1000)
#define TVT_MS INT64_C(1000000)
#define TVT_S INT64_C(1000000000)

/* What a task, or a job for the pool, runs. Returns 0 or a negative errno. */
typedef int tvt_fn(void *arg);

/* ---- the runtime ---- */

/* Memory for everything but stacks, which are mapped. Called from any executor, on small stacks. */
struct tvt_alloc {
	void *(*alloc)(
		void *arg, size_t size); /* 16-byte aligned, or NULL: the call says -ENOMEM */
	void (*free)(void *arg, void *p, size_t size);
	void *arg;
};

enum {
	/* io_uring instead of epoll; -ENOSYS where there is none. Descriptors then stay blocking,
	 * and tvt_close wakes those that wait for fd on the same executor only. */
	TVT_URING = 1,
	TVT_GUARD_MPROTECT = 2, /* guard stacks as on kernels before 6.13 */
};

/* All zero is a good choice. */
struct tvt_opts {
	int threads;		/* executors, the caller's thread among them; 0: 1 */
	unsigned flags;		/* TVT_URING, ... */
	size_t stack_size;	/* bytes a stack, guard and task header included; 0: 64 KiB. Only
				 * what a task touches takes memory. */
	size_t stack_keep;	/* stacks of ended tasks that keep their memory; 0: 16384 */
	int pool_threads;	/* at most this many threads for tvt_block; 0: 4 */
	int stall_signal;	/* the watchdog's signal to a stalled executor; 0: SIGURG */
	int64_t stall_ns;	/* report a task that holds its executor longer; 0: no watchdog. The
				 * signal interrupts a blocking system call: it is for tests and canaries.
				 */
	int dump_signal;	/* this signal makes the runtime tvt_dump(2); 0: none */
	struct tvt_alloc alloc; /* NULL functions: malloc and free */
	void (*report)(
		void *arg, const char *text); /* stalls and warnings, any thread; NULL: stderr */
	void *report_arg;
};

/* Run main_fn(arg) as the first task, until it and so every other task has ended. opts may be NULL.
 * Returns what main_fn returned, or why the runtime could not start. May be called anew, and in
 * several threads at once; not from a task. */
int tvt_run(const struct tvt_opts *opts, tvt_fn *main_fn, void *arg);

/* Nanoseconds of CLOCK_MONOTONIC. Anywhere. */
int64_t tvt_now(void);

/* Let others run. 0 or -ECANCELED. */
int tvt_yield(void);

/* 0 once the deadline has passed, or -ECANCELED, -ENOMEM. */
int tvt_sleep(int64_t deadline);

/* Whether this task has been cancelled; for long computations. */
int tvt_cancelled(void);

/* The name of the running task, for dumps and reports: at most 23 bytes are copied. */
void tvt_name_set(const char *name);
const char *tvt_name(void);

/* Run fn(arg) on a pool thread and wait for it: for what blocks (files, getaddrinfo) and what
 * computes long. Returns what fn returned. A job that has begun is waited for, whatever the
 * deadline and even if this task is cancelled, so arg may live on this task's stack; a job still
 * queued then is dropped: -ETIMEDOUT, -ECANCELED. -EAGAIN: no thread can be made. */
int tvt_block(tvt_fn *fn, void *arg, int64_t deadline);

/* ---- scopes: a task ends before its scope does ---- */

struct tvt_scope {
	uint64_t opaque[6];
};

/* Opened and waited for by one task, innermost first. A task that returns with an open scope is a
 * bug and stops the program. */
int tvt_scope_open(struct tvt_scope *s);

/* Start fn(arg) as a task in s; by the opener or by a task in s. It runs at a later suspension
 * point, on any executor, and stays on it once it has begun. -ENOMEM: no memory or no stack;
 * -ECANCELED: the scope is cancelled. */
int tvt_spawn(struct tvt_scope *s, tvt_fn *fn, void *arg);

/* Cancel every task in s, and those still to come. Does not wait. */
void tvt_scope_cancel(struct tvt_scope *s);

/* Wait until all tasks in s have ended; then the scope is closed, whatever is returned. At the
 * deadline, or if the caller is cancelled, the tasks are cancelled, and waited for all the same.
 * -ETIMEDOUT, -ECANCELED, or the first result below zero that a task returned, or 0. */
int tvt_scope_wait(struct tvt_scope *s, int64_t deadline);

/* ---- descriptors ----
 *
 * The first use makes a descriptor non-blocking and has it watched. Close it with tvt_close, or
 * tvt_release it before other code closes it. One task at a time may wait for each direction
 * (-EBUSY). Regular files never wait: use tvt_block. */

/* 1 to n bytes, 0 at the end of file. */
ssize_t tvt_read(int fd, void *buf, size_t n, int64_t deadline);

/* All n bytes; fewer if it had to stop after some, and then the next call says why. */
ssize_t tvt_write(int fd, const void *buf, size_t n, int64_t deadline);

/* A new descriptor, non-blocking and close-on-exec. addr may be NULL. */
int tvt_accept(int fd, struct sockaddr *addr, socklen_t *len, int64_t deadline);
int tvt_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline);

/* Wait until poll(2) would return for events, which is POLLIN or POLLOUT; returns its revents. */
int tvt_wait(int fd, int events, int64_t deadline);

/* Close; a task that waits for fd gets -EBADF. */
int tvt_close(int fd);

/* Stop watching fd, which stays open. */
int tvt_release(int fd);

/* ---- channels ---- */

struct tvt_chan;

/* A channel of values of size bytes that holds up to cap of them (0: sender and receiver meet).
 * Freed with tvt_chan_free, by then without waiting tasks. */
int tvt_chan_new(struct tvt_chan **c, size_t size, size_t cap);
void tvt_chan_free(struct tvt_chan *c);

/* Copy a value in or out, in order of arrival. -EPIPE: closed, and for recv also empty. */
int tvt_chan_send(struct tvt_chan *c, const void *value, int64_t deadline);
int tvt_chan_recv(struct tvt_chan *c, void *value, int64_t deadline);

/* No more sends; wakes all that wait. -EPIPE if it was closed. */
int tvt_chan_close(struct tvt_chan *c);

enum { TVT_RECV, TVT_SEND };

struct tvt_case {
	struct tvt_chan *chan;
	int op;	     /* TVT_RECV or TVT_SEND */
	int rc;	     /* of the chosen case: 0, or -EPIPE if the channel is closed */
	void *value; /* as for tvt_chan_send and tvt_chan_recv */
};

/* Do exactly one of n (1 to 16) cases, the first that can be done; which one, if several can, is
 * left to chance. Returns its index, or -ETIMEDOUT, -ECANCELED, -EINVAL, -ENOMEM. */
int tvt_select(struct tvt_case *cases, int n, int64_t deadline);

/* ---- between tasks of one runtime ----
 *
 * All zero is a valid start. First come, first served. */

struct tvt_mutex {
	uint64_t opaque[4];
};
struct tvt_sem {
	uint64_t opaque[4];
};
struct tvt_wg {
	uint64_t opaque[4];
};

int tvt_mutex_lock(struct tvt_mutex *m, int64_t deadline); /* -EDEADLK: it is yours */
int tvt_mutex_unlock(struct tvt_mutex *m);		   /* -EPERM: it is not */

void tvt_sem_init(struct tvt_sem *s, unsigned n);
int tvt_sem_wait(struct tvt_sem *s, int64_t deadline);
int tvt_sem_post(struct tvt_sem *s); /* -EOVERFLOW */

int tvt_wg_add(struct tvt_wg *w, int n); /* n may be negative; -EINVAL: the count would be */
int tvt_wg_done(struct tvt_wg *w);
int tvt_wg_wait(struct tvt_wg *w, int64_t deadline); /* until the count is 0 */

/* ---- looking inside ---- */

/* Write every task to fd: name, what it waits for, stack. In a task, or in any thread that is no
 * executor if the runtime has a watchdog or a dump_signal (kill(getpid(), dump_signal)). -EBUSY:
 * another dump runs. */
int tvt_dump(int fd);

struct tvt_stats {
	uint64_t tasks;	      /* not yet ended */
	uint64_t spawned;     /* since the start */
	uint64_t switches;    /* from task to task or to the scheduler */
	uint64_t steals;      /* tasks that began on another executor than their parent's */
	uint64_t polls;	      /* of the kernel for events */
	uint64_t wakes;	      /* system calls to wake a sleeping executor */
	uint64_t stalls;      /* reported by the watchdog */
	uint64_t jobs;	      /* run on the pool */
	uint64_t stacks;      /* mapped */
	uint64_t stack_bytes; /* of address space, for each */
	int threads;
	int guard; /* 1: MADV_GUARD_INSTALL, 2: mprotect */
};

/* Counts of the caller's runtime; exact only while its executors are quiet. */
int tvt_stats_get(struct tvt_stats *st);

#ifdef __cplusplus
}
#endif

#endif
