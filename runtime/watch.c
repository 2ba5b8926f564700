/* watch.c - a thread that notices when a task holds its executor, and another that says so.
 *
 * Each worker counts its switches; that is all the watchdog costs it. The looker looks at the
 * counters four times a budget. One that did not move over three looks belongs to a task that has
 * run for three quarters of the budget at least; any that runs for the whole budget is seen three
 * times. The worker gets a signal, whose handler walks the interrupted stack and no more. While all
 * workers sleep, so does the looker.
 *
 * The teller finds names for the frames and prints, which may take longer than a stall: so it is
 * not the looker. It also writes a dump when opts.dump_signal comes. The handler of a signal can
 * only post a semaphore, and has no argument, so one runtime of a process at a time has the dump
 * signal.
 */
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "internal.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum { LOOKS = 4, QUIET = 8, NOTES = 16 };

struct note {
	int64_t held;
	int worker, n; /* n < 0: it did not answer */
	char name[NAME_SIZE];
	void *pc[STACK_DEPTH];
};

struct tvt__watch {
	pthread_t looker, teller;
	sem_t rest; /* the looker's, while all workers sleep */
	sem_t own_bell;
	sem_t *bell; /* the teller's: a note, a dump, the end */
	atomic_int resting;
	atomic_bool stop;
	pthread_mutex_t sampling;
	pthread_mutex_t lock; /* of what follows */
	struct note notes[NOTES];
	unsigned first, nnote, lost;
	struct seen { /* the looker's, for each worker */
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

static void nap(void)
{
	nanosleep(&(struct timespec){0, TVT_MS}, NULL);
}

/* The handler's answer, copied before another may ask. */
static void sample(struct tvt__worker *w, struct note *x)
{
	struct tvt__watch *watch = w->rt->watch;
	int got = 0;

	x->worker = w->index;
	pthread_mutex_lock(&watch->sampling);
	atomic_store(&w->stall.got, 0);
	atomic_store(&w->stall.want, 1);
	if (pthread_kill(w->thread, w->rt->opts.stall_signal) == 0) {
		for (int i = 0; i < 200 && !(got = atomic_load(&w->stall.got)); i++)
			nap();
	}
	atomic_store(&w->stall.want, 0);
	x->n = got - 1;
	if (got > 0) {
		memcpy(x->name, w->stall.name, sizeof x->name);
		memcpy(x->pc, w->stall.pc, sizeof x->pc);
	}
	pthread_mutex_unlock(&watch->sampling);
}

/* ---- telling ---- */

static void tell(struct tvt__rt *rt, const struct note *x)
{
	struct tvt__symbols *s = tvt__symbols_open();
	char text[8192], name[256];
	int at;

	at = snprintf(text, sizeof text, "tvt: stall: task '%s' has held executor %d for %lld ms\n",
		x->n < 0 ? "?" : x->name, x->worker, (long long)(x->held / TVT_MS));
	for (int i = 0; i < x->n && at < (int)(sizeof text - sizeof name - 16); i++) {
		tvt__symbol(s, x->pc[i], i == 0, name, sizeof name);
		at += snprintf(text + at, sizeof text - (size_t)at, "    #%d %s\n", i, name);
	}
	tvt__symbols_close(s);
	rt->opts.report(rt->opts.report_arg, text);
}

void tvt__watch_print(struct tvt__worker *w, int fd)
{
	struct note x = {.n = -1};
	struct tvt__symbols *s;
	char name[256];

	if (w->rt->watch)
		sample(w, &x);
	if (x.n < 0) {
		dprintf(fd, "executor %d: does not answer\n", w->index);
		return;
	}
	dprintf(fd, "executor %d: held by task '%s'\n", w->index, x.name);
	s = tvt__symbols_open();
	for (int i = 0; i < x.n; i++) {
		tvt__symbol(s, x.pc[i], i == 0, name, sizeof name);
		dprintf(fd, "    #%d %s\n", i, name);
	}
	tvt__symbols_close(s);
}

static bool take_note(struct tvt__watch *x, struct note *out, unsigned *lost)
{
	bool any;

	pthread_mutex_lock(&x->lock);
	any = x->nnote > 0;
	if (any) {
		*out = x->notes[x->first++ % NOTES];
		x->nnote--;
	}
	*lost = x->lost;
	x->lost = 0;
	pthread_mutex_unlock(&x->lock);
	return any;
}

static void *teller(void *arg)
{
	struct tvt__rt *rt = arg;
	struct tvt__watch *x = rt->watch;
	struct note note;
	unsigned lost;
	bool last;

	do {
		sem_wait(x->bell);
		last = atomic_load(&x->stop);
		if (x->bell == &dump_bell && atomic_exchange(&dumps, 0) && !last)
			tvt__dump(rt, 2, nap);
		while (take_note(x, &note, &lost))
			tell(rt, &note);
		if (lost)
			tvt__say(rt, "tvt: stall: %u more, too fast to be told\n", lost);
	} while (!last);
	return NULL;
}

/* ---- looking ---- */

static void stalled(struct tvt__worker *w, int64_t held)
{
	struct tvt__watch *x = w->rt->watch;
	struct note note = {.held = held};

	sample(w, &note);
	if (note.n == 0)
		return; /* it was the scheduler, or is over */
	tvt__bump(&w->rt->stalls);
	pthread_mutex_lock(&x->lock);
	if (x->nnote < NOTES)
		x->notes[(x->first + x->nnote++) % NOTES] = note;
	else
		x->lost++;
	pthread_mutex_unlock(&x->lock);
	sem_post(x->bell);
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
				stalled(w, tvt_now() - s->since);
		}
	}
	return awake;
}

static void *looker(void *arg)
{
	struct tvt__rt *rt = arg;
	struct tvt__watch *x = rt->watch;
	int64_t period = rt->opts.stall_ns / LOOKS;
	int quiet = 0;

	if (period < TVT_MS / 10)
		period = TVT_MS / 10;
	while (!atomic_load(&x->stop)) {
		quiet = look(rt) ? 0 : quiet + 1;
		if (quiet > QUIET) {
			atomic_store(&x->resting, 1);
			if (!look(rt) && !atomic_load(&x->stop))
				sem_wait(&x->rest);
			atomic_store(&x->resting, 0);
			quiet = 0;
		}
		nanosleep(&(struct timespec){period / TVT_S, period % TVT_S}, NULL);
	}
	return NULL;
}

void tvt__watch_busy(struct tvt__rt *rt)
{
	struct tvt__watch *x = rt->watch;

	if (x && atomic_load(&x->resting) && atomic_exchange(&x->resting, 0))
		sem_post(&x->rest);
}

static size_t watch_size(struct tvt__rt *rt)
{
	return sizeof(struct tvt__watch) + (size_t)rt->opts.threads * sizeof(struct seen);
}

static void watch_free(struct tvt__rt *rt)
{
	struct tvt__watch *x = rt->watch;

	pthread_mutex_destroy(&x->lock);
	pthread_mutex_destroy(&x->sampling);
	sem_destroy(&x->rest);
	sem_destroy(&x->own_bell);
	rt->watch = NULL;
	tvt__free(rt, x, watch_size(rt));
}

static void stop_teller(struct tvt__watch *x)
{
	atomic_store(&x->stop, true);
	sem_post(x->bell);
	pthread_join(x->teller, NULL);
}

int tvt__watch_start(struct tvt__rt *rt)
{
	struct tvt__watch *x;
	int rc;

	if (!rt->opts.stall_ns && !rt->opts.dump_signal)
		return 0;
	if (!(x = tvt__malloc(rt, watch_size(rt))))
		return -ENOMEM;
	memset(x, 0, watch_size(rt));
	rt->watch = x;
	pthread_mutex_init(&x->lock, NULL);
	pthread_mutex_init(&x->sampling, NULL);
	sem_init(&x->rest, 0, 0);
	sem_init(&x->own_bell, 0, 0);
	x->bell = rt->opts.dump_signal ? &dump_bell : &x->own_bell;
	if ((rc = catch_signals(rt)) < 0)
		goto out;
	if ((rc = -pthread_create(&x->teller, NULL, teller, rt)) < 0)
		goto out_signals;
	if (rt->opts.stall_ns && (rc = -pthread_create(&x->looker, NULL, looker, rt)) < 0) {
		stop_teller(x);
		goto out_signals;
	}
	return 0;
out_signals:
	release_signals(rt);
out:
	watch_free(rt);
	return rc;
}

void tvt__watch_stop(struct tvt__rt *rt)
{
	struct tvt__watch *x = rt->watch;

	if (!x)
		return;
	if (rt->opts.stall_ns) {
		atomic_store(&x->stop, true);
		sem_post(&x->rest);
		pthread_join(x->looker, NULL);
	}
	stop_teller(x); /* after what the looker has seen */
	release_signals(rt);
	watch_free(rt);
}
