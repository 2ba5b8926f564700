/* watch.c - a thread that notices when a task holds its executor, and prints where.
 *
 * Each worker counts its switches; that is all the watchdog costs it. The watchdog looks at the
 * counters four times a budget. One that did not move over three looks belongs to a task that has
 * run for three quarters of the budget at least; any that runs for the whole budget is seen three
 * times. The worker gets a signal, whose handler walks the interrupted stack and no more: names are
 * looked up and printed by the watchdog. While all workers sleep, so does it.
 *
 * It also writes a dump when opts.dump_signal comes. The handler of a signal can only post a
 * semaphore, and has no argument, so one runtime of a process at a time has the dump signal.
 */
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "internal.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum { LOOKS = 4, QUIET = 8 };

struct tvt__watch {
	pthread_t thread;
	sem_t *bell;
	sem_t own_bell;
	atomic_int resting; /* all workers sleep */
	atomic_bool stop;
	struct sigaction old_stall, old_dump;
	struct seen {
		uint64_t tick;
		int still;
		int64_t since;
	} seen[];
};

static pthread_mutex_t handlers = PTHREAD_MUTEX_INITIALIZER;
static int stall_users, stall_signal;
static struct sigaction stall_old, dump_old;
static struct tvt__rt *dump_owner;
static sem_t dump_bell;
static atomic_int dumps;

/* ---- signals ---- */

static void on_stall(int sig, siginfo_t *info, void *ucontext)
{
	struct tvt__worker *w = tvt__w;
	int err = errno, n = 0;

	if (w && atomic_load(&w->stall.want)) {
		struct tvt__task *t = tvt__self();

		if (t) {
			memcpy(w->stall.name, t->name, sizeof w->stall.name);
			n = tvt__unwind_signal(t, ucontext, w->stall.pc, STACK_DEPTH);
		}
		atomic_store(&w->stall.want, 0);
		atomic_store(&w->stall.got, n + 1);
	} else if (stall_old.sa_flags & SA_SIGINFO) {
		stall_old.sa_sigaction(sig, info, ucontext);
	} else if (stall_old.sa_handler != SIG_DFL && stall_old.sa_handler != SIG_IGN) {
		stall_old.sa_handler(sig);
	}
	errno = err;
}

static void on_dump(int sig)
{
	int err = errno;

	atomic_store(&dumps, 1);
	sem_post(&dump_bell);
	errno = err;
}

static int catch_signals(struct tvt__rt *rt)
{
	struct sigaction sa = {
		.sa_sigaction = on_stall, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	int rc = 0;

	pthread_mutex_lock(&handlers);
	if ((stall_users && stall_signal != rt->opts.stall_signal) ||
		(rt->opts.dump_signal && dump_owner)) {
		rc = -EBUSY;
	} else if (stall_users == 0 && sigaction(rt->opts.stall_signal, &sa, &stall_old) < 0) {
		rc = -errno;
	} else if (rt->opts.dump_signal) {
		sa = (struct sigaction){.sa_handler = on_dump, .sa_flags = SA_ONSTACK | SA_RESTART};
		sem_init(&dump_bell, 0, 0);
		atomic_store(&dumps, 0);
		if (sigaction(rt->opts.dump_signal, &sa, &dump_old) < 0) {
			rc = -errno;
			if (stall_users == 0)
				sigaction(rt->opts.stall_signal, &stall_old, NULL);
		} else {
			dump_owner = rt;
		}
	}
	if (rc == 0) {
		stall_users++;
		stall_signal = rt->opts.stall_signal;
	}
	pthread_mutex_unlock(&handlers);
	return rc;
}

static void release_signals(struct tvt__rt *rt)
{
	pthread_mutex_lock(&handlers);
	if (--stall_users == 0)
		sigaction(stall_signal, &stall_old, NULL);
	if (dump_owner == rt) {
		sigaction(rt->opts.dump_signal, &dump_old, NULL);
		dump_owner = NULL;
	}
	pthread_mutex_unlock(&handlers);
}

/* Unwinding takes more than a task's stack may have left. */
static size_t sigstack_size(void)
{
	return 64 * 1024 + (size_t)getauxval(AT_MINSIGSTKSZ);
}

int tvt__watch_enter(struct tvt__worker *w)
{
	stack_t st = {.ss_size = sigstack_size()};

	if (!w->rt->watch)
		return 0;
	if (!(w->sigstack = tvt__malloc(w->rt, st.ss_size)))
		return -ENOMEM;
	st.ss_sp = w->sigstack;
	return sigaltstack(&st, &w->old_sigstack) < 0 ? -errno : 0;
}

void tvt__watch_leave(struct tvt__worker *w)
{
	if (!w->sigstack)
		return;
	sigaltstack(&w->old_sigstack, NULL);
	tvt__free(w->rt, w->sigstack, sigstack_size());
	w->sigstack = NULL;
}

/* ---- looking ---- */

static void nap(void)
{
	nanosleep(&(struct timespec){0, TVT_MS}, NULL);
}

int tvt__watch_sample(struct tvt__worker *w)
{
	int got;

	if (!w->rt->watch)
		return -1;
	atomic_store(&w->stall.got, 0);
	atomic_store(&w->stall.want, 1);
	if (pthread_kill(w->thread, w->rt->opts.stall_signal) != 0)
		return -1;
	for (int i = 0; i < 200; i++) {
		if ((got = atomic_load(&w->stall.got)))
			return got - 1;
		nap();
	}
	atomic_store(&w->stall.want, 0);
	return -1;
}

static void report(struct tvt__worker *w, int64_t held)
{
	int n = tvt__watch_sample(w);
	struct tvt__symbols *s;
	char text[4096], name[256];
	int at;

	if (n == 0)
		return; /* it was the scheduler, or is over */
	tvt__bump(&w->rt->stalls);
	at = snprintf(text, sizeof text, "tvt: stall: task '%s' has held executor %d for %lld ms\n",
		n > 0 ? w->stall.name : "?", w->index, (long long)(held / TVT_MS));
	s = tvt__symbols_open();
	for (int i = 0; i < n && at < (int)(sizeof text - sizeof name); i++) {
		tvt__symbol(s, w->stall.pc[i], i == 0, name, sizeof name);
		at += snprintf(text + at, sizeof text - (size_t)at, "    #%d %s\n", i, name);
	}
	tvt__symbols_close(s);
	w->rt->opts.report(w->rt->opts.report_arg, text);
}

/* True: some worker is awake. */
static bool look(struct tvt__rt *rt)
{
	bool awake = false;

	for (int i = 0; i < rt->nworker; i++) {
		struct tvt__worker *w = rt->worker[i];
		struct seen *s = &rt->watch->seen[i];
		uint64_t tick = tvt__get(&w->tick);

		if (atomic_load(&w->asleep)) {
			s->still = 0;
			continue;
		}
		awake = true;
		if (s->still == 0 || tick != s->tick) {
			*s = (struct seen){tick, 1, tvt_now()};
		} else if (s->still < LOOKS) {
			if (++s->still == LOOKS)
				report(w, tvt_now() - s->since);
		}
	}
	return awake;
}

static void *watch(void *arg)
{
	struct tvt__rt *rt = arg;
	struct tvt__watch *x = rt->watch;
	int64_t period = rt->opts.stall_ns / LOOKS, at;
	struct timespec ts;
	int quiet = 0;

	if (period < TVT_MS / 10)
		period = TVT_MS / 10;
	while (!atomic_load(&x->stop)) {
		if (dump_owner == rt && atomic_exchange(&dumps, 0))
			tvt__dump(rt, 2, nap);
		if (rt->opts.stall_ns == 0) {
			sem_wait(x->bell);
			continue;
		}
		quiet = look(rt) ? 0 : quiet + 1;
		if (quiet > QUIET) {
			atomic_store(&x->resting, 1);
			quiet = 0;
			if (!look(rt) && !atomic_load(&x->stop))
				sem_wait(x->bell);
			atomic_store(&x->resting, 0);
		}
		at = tvt_now() + period;
		ts = (struct timespec){at / TVT_S, at % TVT_S};
		sem_clockwait(x->bell, CLOCK_MONOTONIC, &ts);
	}
	return NULL;
}

void tvt__watch_busy(struct tvt__rt *rt)
{
	struct tvt__watch *x = rt->watch;

	if (x && atomic_load(&x->resting) && atomic_exchange(&x->resting, 0))
		sem_post(x->bell);
}

int tvt__watch_start(struct tvt__rt *rt)
{
	size_t size = sizeof(struct tvt__watch) + (size_t)rt->nworker * sizeof(struct seen);
	struct tvt__watch *x;
	int rc;

	if (!rt->opts.stall_ns && !rt->opts.dump_signal)
		return 0;
	if (!(x = tvt__malloc(rt, size)))
		return -ENOMEM;
	memset(x, 0, size);
	sem_init(&x->own_bell, 0, 0);
	x->bell = rt->opts.dump_signal ? &dump_bell : &x->own_bell;
	rc = catch_signals(rt);
	rt->watch = x;
	if (rc == 0 && (rc = -pthread_create(&x->thread, NULL, watch, rt)) < 0)
		release_signals(rt);
	if (rc < 0) {
		rt->watch = NULL;
		tvt__free(rt, x, size);
	}
	return rc;
}

void tvt__watch_stop(struct tvt__rt *rt)
{
	struct tvt__watch *x = rt->watch;

	if (!x)
		return;
	atomic_store(&x->stop, true);
	sem_post(x->bell);
	pthread_join(x->thread, NULL);
	release_signals(rt);
	rt->watch = NULL;
	tvt__free(rt, x, sizeof *x + (size_t)rt->nworker * sizeof(struct seen));
}
