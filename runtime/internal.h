/* internal.h - the runtime's inside: tvt__ names, seen by no user.
 *
 * Who may touch what. A task that has begun stays on its executor ("worker"), so most of a worker
 * and all of its tasks' stacks belong to one thread and need no lock. Between threads go only:
 *   tasks not yet begun    through the worker's deque (thieves) and the stack pool
 *   wake-ups               through the worker's inbox, after winning the task's claim
 *   waiting lists          under the lock of the object that has them
 *   cancellation           through the task's word, under its scope's lock
 * With one executor ("solo") there are no other threads but the pool's, which knock at the inbox
 * and touch nothing else: locks and claims are then plain loads and stores.
 */
#ifndef TVT_INTERNAL_H
#define TVT_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "tvt/runtime.h"
#include "sanitize.h"
#include "switch.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define container_of(p, type, field) ((type *)((char *)(p)-offsetof(type, field)))

enum {
	DEQUE_SLOTS = 256,
	POLL_MAX = 256,	 /* switches between two looks at the kernel and the clock, at most */
	LIFO_MAX = 3,	 /* runs in a row out of the LIFO slot */
	OP_BUDGET = 128, /* operations that did not wait, until a task yields for them */
	EVENTS = 128,	 /* events taken from the kernel at once */
	NAME_SIZE = 24,
	STACK_DEPTH = 48, /* frames in a report */
};

/* ---- locks: short, and nothing while there is one executor ---- */

struct tvt__lock {
	atomic_uint held;
};

void tvt__lock_slow(struct tvt__lock *l);

/* ---- lists of waiting tasks ---- */

struct tvt__waiter {
	struct tvt__waiter *prev, *next;
	struct tvt__task *task;
	void *value; /* a channel's sender or receiver: what to copy */
	int index;   /* tvt_select: the case */
	int rc;	     /* set by the one that wakes */
	bool linked;
};

struct tvt__list {
	struct tvt__waiter *head, *tail;
};

/* ---- messages to a worker ---- */

enum { NODE_TASK, NODE_JOB };

struct tvt__node {
	struct tvt__node *next;
	int kind;
};

/* ---- tasks ---- */

/* A task's word. Who clears WAITING owns the wake-up: it alone sets result and queues the task. */
enum { WAITING = 1, CANCELLED = 2, SHIELDED = 4 };
enum { TASK_FREE, TASK_NEW, TASK_BEGUN }; /* FREE is 0: a page never touched, or given back */

struct tvt__task {
	struct tvt__context context; /* where it goes on; first: gdb/tvt.py reads it there */
	struct tvt__task *next;	     /* run queue, or list of free stacks */
	struct tvt__worker *_Atomic worker;
	atomic_uint word;
	atomic_uchar state;
	int result; /* of the wait that ended */
	int budget;
	unsigned open;	 /* scopes */
	uint32_t timer;	 /* place in the worker's heap, or NO_TIMER */
	const char *why; /* what it waits for; NULL: runs or could. To here two cache lines. */
	const void *on;
	struct tvt__node node;
	tvt_fn *fn;
	void *arg;
	struct tvt__scope *scope;
	struct tvt__task *scope_prev, *scope_next;
	char *stack; /* lowest address, the guard */
	char name[NAME_SIZE];
	struct san_fibre fibre;
};

struct tvt__scope {
	struct tvt__lock lock;
	unsigned live;
	int rc;
	atomic_bool cancelled;
	bool waiting; /* the owner, in tvt_scope_wait */
	struct tvt__task *owner, *tasks;
};
_Static_assert(sizeof(struct tvt__scope) <= sizeof(struct tvt_scope), "tvt_scope is too small");

/* ---- timers: a 4-ary heap; see timer.c ---- */

#define NO_TIMER UINT32_MAX

struct tvt__timer {
	int64_t when;
	struct tvt__task *task;
};

struct tvt__heap {
	struct tvt__timer *v;
	uint32_t n, cap;
};

/* ---- the deque of tasks not yet begun; see deque.h ---- */

struct tvt__deque {
	_Alignas(64) atomic_size_t top;
	_Alignas(64) atomic_size_t bottom;
	_Alignas(64) struct tvt__task *_Atomic slot[DEQUE_SLOTS];
};

/* ---- workers ---- */

/* A counter that one thread writes and others may read. */
typedef _Atomic uint64_t tvt__counter;

static inline uint64_t tvt__get(tvt__counter *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

static inline uint64_t tvt__bump(tvt__counter *c)
{
	uint64_t v = atomic_load_explicit(c, memory_order_relaxed) + 1;

	atomic_store_explicit(c, v, memory_order_relaxed);
	return v;
}

struct tvt__stall {
	atomic_int want; /* the watchdog asks, the signal handler answers */
	atomic_int got;
	void *pc[STACK_DEPTH];
	char name[NAME_SIZE];
};

struct tvt__worker {
	struct tvt__task *cur;	       /* &sched while no task runs */
	struct tvt__task *lifo;	       /* woken last by a task here: its data is warm */
	struct tvt__task *head, *tail; /* could run, in order */
	struct tvt__task *free;	       /* stacks */
	uint32_t nfree, lifo_run, interval;
	bool solo;	      /* the only worker */
	tvt__counter tick;    /* switches; the watchdog watches it */
	tvt__counter poll_at; /* at this tick, go through the scheduler. Others may set it to 0. */
	struct tvt__rt *rt;
	struct tvt__heap timers;
	struct tvt__task sched; /* the thread's own stack */
	struct tvt__uring *uring;
	int64_t looked, polled; /* when: at the clock, at the kernel */
	int epfd, evfd, index;
	uint32_t rng;
	pthread_t thread;
	tvt__counter spawned, ended, steals, polls;
	struct epoll_event events[EVENTS];
	void *block, *sigstack;
	stack_t old_sigstack;
	struct tvt__stall stall;
	atomic_int dump_fd;	     /* -1: nobody asks */
	struct tvt__worker *dump_of; /* write this one's stalled task instead */

	_Alignas(64) struct tvt__node *_Atomic inbox;
	_Alignas(64) atomic_int asleep;
	struct tvt__deque deque;
};

/* ---- the runtime ---- */

enum { FD_CHUNK = 256, FD_CHUNKS = 4096, FD_MAX = FD_CHUNK * FD_CHUNKS };
enum { GUARD_UNKNOWN, GUARD_MADVISE, GUARD_MPROTECT };

struct tvt__slab {
	struct tvt__slab *next;
	char *base;
	uint32_t n; /* stacks */
};

struct tvt__stacks {
	pthread_mutex_t lock;
	struct tvt__task *warm; /* free, with their pages */
	char **cold;		/* free, without; room for all */
	size_t nwarm, ncold, cap, total;
	struct tvt__slab *_Atomic slabs;
	size_t size, page, keep;
	int guard;
	bool capped; /* said so */
};

struct tvt__pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct tvt__job *head, *tail;
	pthread_t *thread;
	int nthread, max, idle, queued;
	bool stop;
	tvt__counter jobs;
};

struct tvt__rt {
	struct tvt__rt *next; /* tvt__runtimes, for gdb */
	struct tvt_opts opts;
	int nworker;
	struct tvt__worker **worker;
	struct tvt__stacks stacks;
	struct tvt__pool pool;
	struct tvt__fd *_Atomic *fds; /* FD_CHUNKS pointers to FD_CHUNK entries */
	atomic_bool stop;
	int rc;
	atomic_int searching; /* workers that look for something to steal: 0 or 1 */
	atomic_int nasleep;
	tvt__counter wakes;
	struct tvt__watch *watch;
	pthread_mutex_t dumping;
	tvt__counter stalls;
};

extern __thread struct tvt__worker *tvt__w; /* this thread's, or NULL */

/* ---- small things, inline because every suspension passes through them ---- */

static inline __attribute__((always_inline)) void tvt__lock(struct tvt__lock *l)
{
	if (!tvt__w->solo && UNLIKELY(atomic_exchange_explicit(&l->held, 1, memory_order_acquire)))
		tvt__lock_slow(l);
}

static inline __attribute__((always_inline)) void tvt__unlock(struct tvt__lock *l)
{
	if (!tvt__w->solo)
		atomic_store_explicit(&l->held, 0, memory_order_release);
}

/* The task that runs, or NULL outside of one. */
static inline struct tvt__task *tvt__self(void)
{
	struct tvt__worker *w = tvt__w;

	return LIKELY(w && w->cur != &w->sched) ? w->cur : NULL;
}

static inline struct tvt__worker *tvt__home(struct tvt__task *t)
{
	return atomic_load_explicit(&t->worker, memory_order_relaxed);
}

static inline bool tvt__cancelled(struct tvt__task *t)
{
	return UNLIKELY(atomic_load_explicit(&t->word, memory_order_relaxed) & CANCELLED);
}

/* The usual beginning of a call: cancelled, or not in a task? */
#define ENTER(t)                                                                                   \
	do {                                                                                       \
		if (UNLIKELY(!(t)))                                                                \
			return -EPERM;                                                             \
		if (tvt__cancelled(t))                                                             \
			return -ECANCELED;                                                         \
	} while (0)

static inline void tvt__list_add(struct tvt__list *l, struct tvt__waiter *x)
{
	x->next = NULL;
	x->prev = l->tail;
	*(l->tail ? &l->tail->next : &l->head) = x;
	l->tail = x;
	x->linked = true;
}

static inline void tvt__list_del(struct tvt__list *l, struct tvt__waiter *x)
{
	if (!x->linked)
		return;
	*(x->prev ? &x->prev->next : &l->head) = x->next;
	*(x->next ? &x->next->prev : &l->tail) = x->prev;
	x->linked = false;
}

/* ---- sched.c ---- */

/* To wait: put yourself where the waker finds you, arm, release the lock, park. park returns what
 * the winner of the claim said: its result, -ETIMEDOUT, -ECANCELED or -ENOMEM. Afterwards take
 * yourself off again under the lock, whoever won. With SHIELDED in flags only the object itself or
 * the deadline ends the wait. why is a string for dumps. */
void tvt__arm(struct tvt__task *t, unsigned flags);
int tvt__park(struct tvt__task *t, int64_t deadline, const char *why, const void *on);

/* To wake: claim, and if that says true set what the task shall find, then tvt__ready. */
bool tvt__claim(struct tvt__task *t);
void tvt__ready(struct tvt__task *t, int result);

/* Claim and wake the first of l that still waits; NULL if none does. rc goes to waiter.rc. */
struct tvt__waiter *tvt__list_claim(struct tvt__list *l);

void tvt__cancel(struct tvt__task *t);
void tvt__enqueue_new(struct tvt__worker *w, struct tvt__task *t);
void tvt__push(struct tvt__worker *w, struct tvt__task *t); /* to the end of the run queue */
void tvt__post(struct tvt__worker *w, struct tvt__node *n); /* from any thread */
void tvt__kick(struct tvt__worker *w);			    /* have it poll soon */
void tvt__worker_loop(struct tvt__worker *w);
void tvt__budget(struct tvt__task *t); /* spent: let others run */

/* An operation succeeded without waiting. */
static inline void tvt__spend(struct tvt__task *t)
{
	if (UNLIKELY(--t->budget <= 0))
		tvt__budget(t);
}

/* ---- task.c, run.c ---- */
void tvt__task_init(struct tvt__task *t, tvt_fn *fn, void *arg);
void tvt__scope_leave(struct tvt__task *t, int rc);
_Noreturn void tvt__bug(const char *what, const struct tvt__task *t);
void tvt__say(struct tvt__rt *rt, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tvt__stop(struct tvt__rt *rt, int rc);		    /* the first task has ended */
void tvt__signals_block(struct tvt__rt *rt, sigset_t *old); /* for a thread of ours */

/* ---- stack.c ---- */
int tvt__stacks_init(struct tvt__rt *rt);
void tvt__stacks_free(struct tvt__rt *rt);
struct tvt__task *tvt__stack_get(struct tvt__worker *w);
void tvt__stack_trim(struct tvt__worker *w);
struct tvt__task *tvt__stack_task(const struct tvt__stacks *s, char *base); /* on that stack */

/* ---- timer.c ---- */
int tvt__timer_add(struct tvt__worker *w, struct tvt__task *t, int64_t when);
void tvt__timer_del(struct tvt__worker *w, struct tvt__task *t);
struct tvt__task *tvt__timer_pop(struct tvt__worker *w, int64_t now); /* the next that is due */

/* ---- fd.c ---- */
int tvt__fds_init(struct tvt__rt *rt);
void tvt__fds_free(struct tvt__rt *rt);
void tvt__fd_event(int fd, uint32_t gen, uint32_t events);

/* ---- loop_epoll.c: wait for events up to timeout ns (0: do not; < 0: for ever) ---- */
int tvt__poll_init(struct tvt__worker *w);
void tvt__poll_free(struct tvt__worker *w);
void tvt__poll(struct tvt__worker *w, int64_t timeout);
void tvt__poll_wake(struct tvt__worker *w); /* from any thread */
int tvt__uring_init(struct tvt__worker *w); /* loop_uring.c; -ENOSYS without it */
void tvt__uring_free(struct tvt__worker *w);
void tvt__uring_poll(struct tvt__worker *w, int64_t timeout);
int tvt__poll_add(struct tvt__worker *w, int fd, uint32_t gen);

/* ---- pool.c ---- */
int tvt__pool_init(struct tvt__rt *rt);
void tvt__pool_free(struct tvt__rt *rt);
void tvt__job_done(struct tvt__node *n);

/* ---- watch.c: the watchdog ---- */
int tvt__watch_start(struct tvt__rt *rt);
void tvt__watch_stop(struct tvt__rt *rt);
void tvt__watch_busy(struct tvt__rt *rt);    /* a worker got up */
int tvt__watch_enter(struct tvt__worker *w); /* in the worker's thread: a stack for its signals */
void tvt__watch_leave(struct tvt__worker *w);
void tvt__watch_print(struct tvt__worker *w, int fd); /* of one that does not answer */

/* ---- dump.c ---- */
int tvt__dump(struct tvt__rt *rt, int fd, void (*pause)(void));
void tvt__dump_worker(struct tvt__worker *w); /* somebody asked: in its scheduler */

/* ---- unwind.c: program counters, innermost first; how many ---- */
int tvt__unwind_task(const struct tvt__task *t, void **pc, int max); /* suspended */
int tvt__unwind_signal(const struct tvt__task *t, void *ucontext, void **pc, int max);

/* ---- symbol.c: names of program counters, by the debug information ---- */
struct tvt__symbols *tvt__symbols_open(void);
void tvt__symbols_close(struct tvt__symbols *s);
/* "function at file:line", of the call before pc unless exact */
void tvt__symbol(struct tvt__symbols *s, void *pc, bool exact, char *buf, size_t n);

/* ---- memory, by the user's allocator ---- */
static inline void *tvt__malloc(struct tvt__rt *rt, size_t n)
{
	return rt->opts.alloc.alloc(rt->opts.alloc.arg, n);
}

static inline void tvt__free(struct tvt__rt *rt, void *p, size_t n)
{
	if (p)
		rt->opts.alloc.free(rt->opts.alloc.arg, p, n);
}

#endif
