/* run.c - from tvt_run to its return: options, workers, the first task. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { THREADS_MAX = 256 };

/* All runtimes of the process: gdb/tvt.py begins here. */
struct tvt__rt *tvt__runtimes;
static pthread_mutex_t runtimes_lock = PTHREAD_MUTEX_INITIALIZER;

int64_t tvt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * TVT_S + ts.tv_nsec;
}

static void *plain_alloc(void *arg, size_t size)
{
	return malloc(size);
}

static void plain_free(void *arg, void *p, size_t size)
{
	free(p);
}

static void plain_report(void *arg, const char *text)
{
	fputs(text, stderr);
}

void tvt__say(struct tvt__rt *rt, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	rt->opts.report(rt->opts.report_arg, text);
}

static void fill_opts(struct tvt_opts *o)
{
	if (o->threads == 0)
		o->threads = 1;
	if (o->pool_threads == 0)
		o->pool_threads = 4;
	if (o->stall_signal == 0)
		o->stall_signal = SIGURG;
	if (!o->alloc.alloc || !o->alloc.free)
		o->alloc = (struct tvt_alloc){plain_alloc, plain_free, NULL};
	if (!o->report)
		o->report = plain_report;
}

/* ---- workers ---- */

static size_t worker_size(void)
{
	return sizeof(struct tvt__worker) + _Alignof(struct tvt__worker);
}

/* The allocator aligns to 16, a worker wants cache lines: the block is kept in worker.block. */
static struct tvt__worker *worker_new(struct tvt__rt *rt, int index)
{
	void *block = tvt__malloc(rt, worker_size());
	struct tvt__worker *w;
	uintptr_t at;

	if (!block)
		return NULL;
	at = ((uintptr_t)block + _Alignof(struct tvt__worker) - 1) & -_Alignof(struct tvt__worker);
	w = (struct tvt__worker *)at;
	memset(w, 0, sizeof *w);
	w->block = block;
	w->rt = rt;
	w->index = index;
	w->rng = (uint32_t)index * 2654435761u + 1;
	w->solo = rt->opts.threads == 1;
	w->interval = 1;
	w->epfd = w->evfd = -1;
	w->cur = &w->sched;
	w->sched.timer = NO_TIMER;
	atomic_init(&w->dump_fd, -1);
	return w;
}

static void worker_free(struct tvt__worker *w)
{
	struct tvt__rt *rt = w->rt;

	tvt__poll_free(w);
	tvt__free(rt, w->timers.v, w->timers.cap * sizeof *w->timers.v);
	tvt__free(rt, w->block, worker_size());
}

/* In the worker's own thread. */
static void work(struct tvt__worker *w)
{
	void *low = NULL;
	size_t size = 0;
	pthread_attr_t attr;
	int slack = prctl(PR_GET_TIMERSLACK);

	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &low, &size);
		pthread_attr_destroy(&attr);
	}
	san_thread(&w->sched.fibre, low, size);
	prctl(PR_SET_TIMERSLACK, 1); /* the default lets every sleep be 50 us late */
	tvt__w = w;
	if (tvt__watch_enter(w) < 0)
		tvt__say(w->rt, "tvt: no memory for signals on executor %d\n", w->index);
	w->looked = w->polled = tvt_now();
	tvt__worker_loop(w);
	tvt__watch_leave(w);
	tvt__w = NULL;
	prctl(PR_SET_TIMERSLACK, slack);
}

static void *worker_thread(void *arg)
{
	work(arg);
	return NULL;
}

/* The first task has ended. */
void tvt__stop(struct tvt__rt *rt, int rc)
{
	rt->rc = rc;
	atomic_store(&rt->stop, true);
	for (int i = 0; i < rt->nworker; i++)
		tvt__kick(rt->worker[i]);
}

/* Signals are for the program's own threads, but for the watchdog's and for faults. */
void tvt__signals_block(struct tvt__rt *rt, sigset_t *old)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, rt->opts.stall_signal);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_BLOCK, &all, old);
}

static int run(struct tvt__rt *rt, tvt_fn *fn, void *arg)
{
	struct tvt__worker *w = rt->worker[0];
	struct tvt__task *t;
	sigset_t old;
	int started = 1, err;

	w->thread = pthread_self();
	tvt__signals_block(rt, &old);
	err = tvt__watch_start(rt);
	for (; err == 0 && started < rt->nworker; started += err == 0)
		err = -pthread_create(
			&rt->worker[started]->thread, NULL, worker_thread, rt->worker[started]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	tvt__w = w;
	t = err == 0 ? tvt__stack_get(w) : NULL;
	if (t) {
		tvt__task_init(t, fn, arg);
		snprintf(t->name, sizeof t->name, "main");
		tvt__bump(&w->spawned);
		tvt__push(w, t);
		work(w);
	} else {
		tvt__stop(rt, err ? err : -ENOMEM);
	}
	tvt__w = NULL;
	for (int i = 1; i < started; i++)
		pthread_join(rt->worker[i]->thread, NULL);
	tvt__watch_stop(rt);
	return rt->rc;
}

static int workers_init(struct tvt__rt *rt)
{
	int rc;

	rt->worker = tvt__malloc(rt, (size_t)rt->opts.threads * sizeof *rt->worker);
	if (!rt->worker)
		return -ENOMEM;
	for (; rt->nworker < rt->opts.threads; rt->nworker++) {
		struct tvt__worker *w = worker_new(rt, rt->nworker);

		if (!w)
			return -ENOMEM;
		if ((rc = tvt__poll_init(w)) < 0) {
			worker_free(w);
			return rc;
		}
		rt->worker[rt->nworker] = w;
	}
	return 0;
}

/* Of whatever was made: each part knows by its zeros that it was not. */
static void rt_free(struct tvt__rt *rt)
{
	struct tvt_alloc alloc = rt->opts.alloc;

	tvt__pool_free(rt); /* its threads first: they look at workers */
	while (rt->nworker > 0)
		worker_free(rt->worker[--rt->nworker]);
	tvt__free(rt, rt->worker, (size_t)rt->opts.threads * sizeof *rt->worker);
	tvt__fds_free(rt);
	tvt__stacks_free(rt);
	pthread_mutex_destroy(&rt->dumping);
	alloc.free(alloc.arg, rt, sizeof *rt);
}

int tvt_run(const struct tvt_opts *opts, tvt_fn *main_fn, void *arg)
{
	struct tvt_opts o = opts ? *opts : (struct tvt_opts){0};
	struct tvt__rt *rt, **p;
	int rc;

	fill_opts(&o);
	if (o.threads < 1 || o.threads > THREADS_MAX || o.pool_threads < 0 || o.stall_ns < 0)
		return -EINVAL;
	if (tvt__w)
		return -EPERM;
	if (!(rt = o.alloc.alloc(o.alloc.arg, sizeof *rt)))
		return -ENOMEM;
	memset(rt, 0, sizeof *rt);
	rt->opts = o;
	pthread_mutex_init(&rt->dumping, NULL);
	if ((rc = tvt__stacks_init(rt)) < 0 || (rc = tvt__fds_init(rt)) < 0 ||
		(rc = workers_init(rt)) < 0 || (rc = tvt__pool_init(rt)) < 0)
		goto out;
	pthread_mutex_lock(&runtimes_lock);
	rt->next = tvt__runtimes;
	tvt__runtimes = rt;
	pthread_mutex_unlock(&runtimes_lock);
	rc = run(rt, main_fn, arg);
	pthread_mutex_lock(&runtimes_lock);
	for (p = &tvt__runtimes; *p != rt;)
		p = &(*p)->next;
	*p = rt->next;
	pthread_mutex_unlock(&runtimes_lock);
out:
	rt_free(rt);
	return rc;
}

int tvt_stats_get(struct tvt_stats *st)
{
	struct tvt__rt *rt;

	if (!tvt__self())
		return -EPERM;
	rt = tvt__w->rt;
	*st = (struct tvt_stats){.threads = rt->nworker};
	for (int i = 0; i < rt->nworker; i++) {
		struct tvt__worker *w = rt->worker[i];

		st->spawned += tvt__get(&w->spawned);
		st->tasks -= tvt__get(&w->ended);
		st->switches += tvt__get(&w->tick);
		st->steals += tvt__get(&w->steals);
		st->polls += tvt__get(&w->polls);
	}
	st->tasks += st->spawned;
	st->wakes = tvt__get(&rt->wakes);
	st->stalls = tvt__get(&rt->stalls);
	st->jobs = tvt__get(&rt->pool.jobs);
	pthread_mutex_lock(&rt->stacks.lock);
	st->stacks = rt->stacks.total;
	st->stack_bytes = rt->stacks.size;
	st->guard = rt->stacks.guard;
	pthread_mutex_unlock(&rt->stacks.lock);
	return 0;
}
