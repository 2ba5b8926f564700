/* shard.c - a loop that has more to do than a processor can: one loop, or one for each processor.
 *
 * Each instance is a connection that always has something to do; its state belongs to one loop.
 */
#include "experiment.h"

#include <tvt/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#ifdef TVT_LIBUV
#include <uv.h>
#endif

enum { LOOPS = 64 };

static const struct setup *setup;
static int64_t until;
static atomic_long done;

void spread(int i)
{
	static atomic_int begun;
	struct tvt_stats st;
	int64_t give_up = now_ns() + 50000000;

	if (tvt_stats_get(&st) < 0 || i >= st.threads)
		return;
	atomic_fetch_add(&begun, 1);
	while (atomic_load(&begun) < st.threads && now_ns() < give_up)
		;
}

static int loops(void)
{
	int n = setup->after ? (int)cpus() : 1;

	return n > LOOPS ? LOOPS : n;
}

static int connection(void *arg)
{
	long count = 0;

	spread((int)(uintptr_t)arg);
	while (now_ns() < until) {
		spin_ns(setup->work);
		count++;
		tvt_yield();
	}
	atomic_fetch_add(&done, count);
	return 0;
}

static int body(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < setup->instances; i++)
		tvt_spawn(&s, connection, (void *)(uintptr_t)i);
	return tvt_scope_wait(&s, TVT_NEVER);
}

#ifdef TVT_LIBUV

static void on_turn(uv_idle_t *h)
{
	spin_ns(setup->work);
	(*(long *)h->data)++;
	if (now_ns() >= until)
		uv_stop(h->loop);
}

static void *loop_thread(void *arg)
{
	int n = (setup->instances + loops() - 1) / loops();
	uv_idle_t *h = calloc((size_t)n, sizeof *h);
	uv_loop_t loop;
	long count = 0;

	if (!h || uv_loop_init(&loop) < 0)
		die("uv_loop_init");
	for (int i = 0; i < n; i++) {
		uv_idle_init(&loop, &h[i]);
		h[i].data = &count;
		uv_idle_start(&h[i], on_turn);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	atomic_fetch_add(&done, count);
	return NULL;
}

static void on_libuv(void)
{
	pthread_t t[LOOPS];

	for (int i = 0; i < loops(); i++)
		if ((errno = pthread_create(&t[i], NULL, loop_thread, NULL)))
			die("pthread_create");
	for (int i = 0; i < loops(); i++)
		pthread_join(t[i], NULL);
}

#else
static void on_libuv(void)
{
}
#endif

void shard_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o)
{
	struct tvt_opts opts = {0};
	int64_t began = now_ns();
	long switches = context_switches();
	double seconds;

	setup = s;
	until = began + s->time;
	opts.threads = loops();
	if (g == GROUND_LIBUV)
		on_libuv();
	else if (tvt_run(&opts, body, NULL) < 0)
		die("tvt_run");
	seconds = (double)(now_ns() - began) * 1e-9;
	o->rate = (double)atomic_load(&done) / seconds;
	o->switches = (double)(context_switches() - switches) / seconds;
}
