/* lock.c - a lock that many want: held for less, cut in many, or not held while something is waited for.
 *
 * On libuv's side threads and a pthread mutex, since a loop has no locks; on the runtime's side tasks on as many executors
 * as there are processors, and its mutex, which suspends a task and not a thread.
 */
#include "experiment.h"

#include <tvt/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LOCKS = 64, PART = 10, THREADS = 256 }; /* narrow: a PART-th of the work needs the lock */

static const struct setup *setup;
static enum { NARROW, SPLIT, DROP } kind;
static bool on_runtime;
static int64_t until;
static struct {
	_Alignas(64) pthread_mutex_t of_threads;
	struct tvt_mutex of_tasks;
} locks[LOCKS];
static atomic_long done;

static void lock(unsigned i)
{
	if (on_runtime)
		tvt_mutex_lock(&locks[i].of_tasks, TVT_NEVER);
	else
		pthread_mutex_lock(&locks[i].of_threads);
}

static void unlock(unsigned i)
{
	if (on_runtime)
		tvt_mutex_unlock(&locks[i].of_tasks);
	else
		pthread_mutex_unlock(&locks[i].of_threads);
}

static void work(int64_t ns)
{
	if (!setup->blocks)
		spin_ns(ns);
	else if (on_runtime)
		tvt_sleep(tvt_now() + ns);
	else
		sleep_ns(ns);
}

static void operation(uint32_t *rng)
{
	unsigned i;

	*rng = *rng * 1664525 + 1013904223;
	i = kind == SPLIT && setup->after ? *rng >> 26 : 0;
	if (kind == SPLIT || !setup->after) {
		lock(i);
		work(setup->work);
		unlock(i);
	} else {
		int64_t inside = kind == NARROW ? setup->work / PART : 0;

		work(setup->work - inside);
		lock(0);
		if (inside)
			work(inside);
		unlock(0);
	}
}

static void *thread(void *arg)
{
	uint32_t rng = (uint32_t)(uintptr_t)arg;
	long count = 0;

	while (now_ns() < until) {
		operation(&rng);
		count++;
		if (on_runtime)
			tvt_yield();
	}
	atomic_fetch_add(&done, count);
	return NULL;
}

static int task(void *arg)
{
	spread((int)(uintptr_t)arg - 1);
	thread(arg);
	return 0;
}

static int body(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < *(int *)arg; i++)
		tvt_spawn(&s, task, (void *)(uintptr_t)(i + 1));
	return tvt_scope_wait(&s, TVT_NEVER);
}

void lock_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o)
{
	struct tvt_opts opts = {.threads = (int)cpus()};
	pthread_t t[THREADS];
	int n = s->instances ? s->instances : (int)cpus() < 2 ? 2 : (int)cpus();
	int64_t began = now_ns();
	long switches = context_switches();
	double seconds;

	setup = s;
	kind = !strcmp(e->name, "narrow") ? NARROW : !strcmp(e->name, "split") ? SPLIT : DROP;
	on_runtime = g == GROUND_RUNTIME;
	n = n > THREADS ? THREADS : n;
	until = began + s->time;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&locks[i].of_threads, NULL);
	if (on_runtime) {
		if (tvt_run(&opts, body, &n) < 0)
			die("tvt_run");
	} else {
		for (int i = 0; i < n; i++)
			if ((errno = pthread_create(&t[i], NULL, thread, (void *)(uintptr_t)(i + 1))))
				die("pthread_create");
		for (int i = 0; i < n; i++)
			pthread_join(t[i], NULL);
	}
	seconds = (double)(now_ns() - began) * 1e-9;
	o->rate = (double)atomic_load(&done) / seconds;
	o->switches = (double)(context_switches() - switches) / seconds;
}
