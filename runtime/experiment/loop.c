/* loop.c - jobs beside a loop that has other things to do: how late is it for those?
 *
 * The other things are ticks, each due at a fixed time whatever happens: those that came due while the loop was held are
 * counted one by one when it is free again, so a stall is seen by all that it would have kept waiting.
 */
#include "experiment.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_bool stopped;
static double floor_p99;
static long switches_before;
static int64_t began;

/* ---- threads beside the loop ---- */

enum { THREADS = 1024 };
static pthread_t threads[THREADS];
static int nthread;
static atomic_long crowd_done;
static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static int message = -1;
static long state;

static void start(void *(*fn)(void *), void *arg)
{
	if (nthread == THREADS || (errno = pthread_create(&threads[nthread], NULL, fn, arg)))
		die("pthread_create");
	nthread++;
}

static void *crowd(void *arg)
{
	const struct loop_run *r = arg;

	while (!atomic_load_explicit(&stopped, memory_order_relaxed)) {
		loop_work(r, r->work);
		atomic_fetch_add(&crowd_done, 1);
	}
	return NULL;
}

static void *holder(void *arg)
{
	const struct loop_run *r = arg;

	while (!atomic_load(&stopped)) {
		uint64_t one = 1;

		if (r->how == LOCKED) {
			pthread_mutex_lock(&state_lock);
			loop_work(r, r->work);
			state++;
			pthread_mutex_unlock(&state_lock);
		} else {
			loop_work(r, r->work);
			(void)!write(message, &one, sizeof one);
		}
		sleep_ns(r->every - r->work);
	}
	return NULL;
}

void *loop_hog(void *arg)
{
	while (!atomic_load(&stopped))
		sleep_ns(1000000);
	return NULL;
}

int loop_hogs(const struct loop_run *r)
{
	return r->how == HOGGED || r->how == SPARED ? POOL_SIZE - 1 : 0;
}

int loop_pool(const struct loop_run *r)
{
	return r->how == QUEUE ? (int)cpus() : POOL_SIZE;
}

int loop_message_fd(void)
{
	return message;
}

void loop_stop(void)
{
	atomic_store(&stopped, true);
}

/* ---- what both grounds do ---- */

void loop_work(const struct loop_run *r, int64_t ns)
{
	if (r->blocks)
		sleep_ns(ns);
	else
		spin_ns(ns);
}

void loop_tick(struct loop_run *r)
{
	int64_t now;

	if (r->how == LOCKED) {
		pthread_mutex_lock(&state_lock);
		state++;
		pthread_mutex_unlock(&state_lock);
	}
	now = now_ns();
	for (; r->due <= now; r->due += TICK)
		samples_add(&r->late, now - r->due);
}

void loop_done(struct loop_run *r, int64_t begin)
{
	samples_add(&r->jobs, now_ns() - begin);
	r->done++;
}

void loop_jobs_begin(struct loop_run *r)
{
	floor_p99 = (double)samples_at(&r->late, .99);
	r->late.n = 0;
	switches_before = context_switches();
	began = now_ns();
	if (r->how == CROWD)
		for (int i = 0; i < r->instances; i++)
			start(crowd, r);
	if (r->how == LOCKED || r->how == MESSAGE)
		start(holder, r);
	if (r->how == SPARED)
		for (int i = loop_hogs(r); i > 0; i--)
			start(loop_hog, NULL);
}

void loop_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o)
{
	struct loop_run r = {.how = (enum how)(s->after ? e->after : e->before), .closed = e->closed};
	double seconds;

	r.blocks = s->blocks;
	r.work = s->work;
	r.instances = s->instances;
	r.every = 5 * r.work * (r.how == LOCKED || r.how == MESSAGE ? 1 : r.instances);
	if (r.every < 10 * 1000000)
		r.every = 10 * 1000000;
	r.end = now_ns() + s->time + s->time / 4;
	samples_reserve(&r.late, (uint32_t)(2 * s->time / TICK) + 1024);
	samples_reserve(&r.jobs, 1 << 20);
	message = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(g == GROUND_RUNTIME ? loop_on_runtime : loop_on_libuv)(&r, s->time / 4);
	seconds = (double)(now_ns() - began) * 1e-9;
	o->switches = (double)(context_switches() - switches_before) / seconds;
	loop_stop();
	for (int i = 0; i < nthread; i++)
		pthread_join(threads[i], NULL);
	o->p50 = (double)samples_at(&r.late, .5);
	o->p99 = (double)samples_at(&r.late, .99);
	o->p999 = (double)samples_at(&r.late, .999);
	o->floor = floor_p99;
	if (r.how == CROWD)
		r.done = atomic_load(&crowd_done);
	if (r.how != LOCKED && r.how != MESSAGE)
		o->rate = (double)r.done / seconds;
	if (r.jobs.n)
		o->job = (double)samples_at(&r.jobs, .5);
	samples_free(&r.late);
	samples_free(&r.jobs);
}
