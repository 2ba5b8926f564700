/* many.c - very many that mostly wait: a thread for each, or a loop for all.
 *
 * tasks: each holds one end of a socket pair and answers what comes. Someone outside asks BATCH of them at once, again and
 *        again, and waits for the answers. p50 and the others are the time for that.
 * timers: each does next to nothing every so often (work is the period). p50 and p99 are how late it is.
 */
#include "experiment.h"

#include <tvt/runtime.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef TVT_LIBUV
#include <uv.h>
#endif

enum { BATCH = 32, STACK = 64 * 1024, LATE = 1 << 20 };

static const struct setup *setup;
static bool timers;
static int n;
static int (*pairs)[2]; /* [0] of the instance, [1] of the one who asks */
static long memory_before, switches_before;
static int64_t began, until;
static struct outcome *out;

/* how late the timers were: many threads write */
static int64_t *late;
static atomic_uint nlate;

static void note_late(int64_t ns)
{
	unsigned i = atomic_fetch_add_explicit(&nlate, 1, memory_order_relaxed);

	if (i < LATE)
		late[i] = ns;
}

/* The first deadline of the i-th: they are spread over a period. */
static int64_t first_due(int i)
{
	return began + setup->work + setup->work * i / n;
}

/* ---- all are there: from now it is measured ---- */

static void all_wait(void)
{
	out->bytes = (double)(memory_bytes() - memory_before) / n;
	switches_before = context_switches();
}

static void over(long done)
{
	double seconds = (double)(now_ns() - began) * 1e-9;

	out->switches = (double)(context_switches() - switches_before) / seconds;
	out->rate = (double)done / seconds;
}

/* Asks BATCH instances and waits for all of them, until the time is over. Then closes, which ends them. */
static void ask(void)
{
	struct samples batches = {0};
	uint32_t rng = 1;
	long done = 0;
	char c = 0;

	began = now_ns();
	while (now_ns() < began + setup->time) {
		int64_t t = now_ns();
		int first;

		rng = rng * 1664525 + 1013904223;
		first = (int)((uint64_t)rng * (uint64_t)n >> 32);
		for (int i = 0; i < BATCH; i++)
			(void)!write(pairs[(first + i) % n][1], &c, 1);
		for (int i = 0; i < BATCH; i++)
			(void)!read(pairs[(first + i) % n][1], &c, 1);
		samples_add(&batches, now_ns() - t);
		done += BATCH;
	}
	over(done);
	out->p50 = (double)samples_at(&batches, .5);
	out->p99 = (double)samples_at(&batches, .99);
	out->p999 = (double)samples_at(&batches, .999);
	samples_free(&batches);
	for (int i = 0; i < n; i++)
		close(pairs[i][1]);
}

static void *asker(void *arg)
{
	while (!atomic_load((atomic_bool *)arg))
		sleep_ns(1000000);
	all_wait();
	ask();
	return NULL;
}

/* ---- a thread for each ---- */

static pthread_barrier_t gate;

static void *answer_thread(void *arg)
{
	int fd = *(int *)arg;
	char c;

	pthread_barrier_wait(&gate);
	while (read(fd, &c, 1) == 1)
		(void)!write(fd, &c, 1);
	return NULL;
}

static void *timer_thread(void *arg)
{
	int i = (int)((int (*)[2])arg - pairs);
	int64_t due;

	pthread_barrier_wait(&gate); /* all are there */
	pthread_barrier_wait(&gate); /* begin */
	for (due = first_due(i); due < until; due += setup->work) {
		int64_t now = now_ns();

		if (due > now)
			sleep_ns(due - now);
		note_late(now_ns() - due);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t *t = calloc((size_t)n, sizeof *t);
	pthread_attr_t attr;

	if (!t)
		die("calloc");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK); /* address space only; as the runtime's */
	pthread_barrier_init(&gate, NULL, (unsigned)n + 1);
	for (int i = 0; i < n; i++)
		if ((errno = pthread_create(&t[i], &attr, timers ? timer_thread : answer_thread, pairs[i])))
			die("pthread_create");
	pthread_barrier_wait(&gate);
	all_wait();
	/* the kernel's stacks are not the process's: what Linux on x86-64 and aarch64 takes */
	out->bytes += 16 * 1024;
	if (timers) {
		began = now_ns();
		until = began + setup->time;
		pthread_barrier_wait(&gate);
	} else {
		ask();
	}
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	if (timers)
		over(atomic_load(&nlate));
	free(t);
}

/* ---- tasks of the runtime ---- */

static int answer_task(void *arg)
{
	int fd = *(int *)arg;
	char c;

	while (tvt_read(fd, &c, 1, TVT_NEVER) == 1)
		tvt_write(fd, &c, 1, TVT_NEVER);
	tvt_close(fd);
	return 0;
}

static int timer_task(void *arg)
{
	int i = (int)((int (*)[2])arg - pairs);

	tvt_yield();
	for (int64_t due = first_due(i); due < until && tvt_sleep(due) == 0; due += setup->work)
		note_late(tvt_now() - due);
	return 0;
}

static int body(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	began = until = INT64_MAX / 4;
	if (timers) {
		began = now_ns() + 20 * TVT_MS; /* when all are there */
		until = began + setup->time;
	}
	for (int i = 0; i < n; i++)
		if (tvt_spawn(&s, timers ? timer_task : answer_task, pairs[i]) < 0)
			die("tvt_spawn");
	tvt_yield();
	tvt_sleep(tvt_now() + 10 * TVT_MS);
	if (timers)
		all_wait();
	else
		atomic_store((atomic_bool *)arg, true);
	return tvt_scope_wait(&s, TVT_NEVER);
}

static void tasks(void)
{
	atomic_bool go = false;
	pthread_t t;

	if (!timers && (errno = pthread_create(&t, NULL, asker, &go)))
		die("pthread_create");
	if (tvt_run(NULL, body, &go) < 0)
		die("tvt_run");
	if (timers)
		over(atomic_load(&nlate));
	else
		pthread_join(t, NULL);
}

/* ---- callbacks on libuv ---- */

#ifdef TVT_LIBUV

static uv_loop_t loop;

static void on_ask(uv_poll_t *h, int status, int events)
{
	int fd = *(int *)h->data;
	char c;

	if (read(fd, &c, 1) == 1)
		(void)!write(fd, &c, 1);
	else
		uv_poll_stop(h);
}

struct uv_timer {
	uv_timer_t handle;
	int64_t due;
};

static void on_timer(uv_timer_t *h)
{
	struct uv_timer *t = (struct uv_timer *)h;
	int64_t now = now_ns();

	note_late(now - t->due);
	t->due += setup->work;
	if (t->due >= until)
		return;
	uv_update_time(&loop);
	uv_timer_start(h, on_timer, t->due > now ? (uint64_t)((t->due - now + 999999) / 1000000) : 0, 0);
}

static void callbacks(void)
{
	atomic_bool go = true;
	pthread_t t;

	if (uv_loop_init(&loop) < 0)
		die("uv_loop_init");
	began = now_ns() + 20000000;
	until = began + setup->time;
	for (int i = 0; i < n; i++) {
		if (timers) {
			struct uv_timer *u = calloc(1, sizeof *u);

			if (!u)
				die("calloc");
			u->due = first_due(i);
			uv_timer_init(&loop, &u->handle);
			uv_timer_start(&u->handle, on_timer, (uint64_t)((u->due - now_ns() + 999999) / 1000000), 0);
		} else {
			uv_poll_t *h = calloc(1, sizeof *h);

			if (!h || uv_poll_init(&loop, h, pairs[i][0]) < 0)
				die("uv_poll_init");
			h->data = pairs[i];
			uv_poll_start(h, UV_READABLE, on_ask);
		}
	}
	if (timers) {
		all_wait();
		uv_run(&loop, UV_RUN_DEFAULT);
		over(atomic_load(&nlate));
		return;
	}
	if ((errno = pthread_create(&t, NULL, asker, &go)))
		die("pthread_create");
	uv_run(&loop, UV_RUN_DEFAULT);
	pthread_join(t, NULL);
}

#else
static void callbacks(void)
{
}
#endif

void many_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o)
{
	struct rlimit files;

	setup = s;
	out = o;
	timers = !strcmp(e->name, "timers");
	n = s->instances < BATCH ? BATCH : s->instances;
	if (!timers && getrlimit(RLIMIT_NOFILE, &files) == 0 && (rlim_t)n * 2 + 64 > files.rlim_cur)
		n = (int)(files.rlim_cur - 64) / 2;
	if (!s->after && n > 30000) /* what a machine gives without being asked to give more */
		n = 30000;
	pairs = calloc((size_t)n, sizeof *pairs);
	late = malloc(LATE * sizeof *late);
	if (!pairs || !late)
		die("calloc");
	memset(pairs, 0, (size_t)n * sizeof *pairs);
	for (int i = 0; !timers && i < n; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]) < 0)
			die("socketpair");
	memory_before = memory_bytes();
	if (!s->after)
		threads();
	else if (g == GROUND_RUNTIME)
		tasks();
	else
		callbacks();
	if (timers) {
		struct samples all = {.v = late, .n = atomic_load(&nlate) < LATE ? atomic_load(&nlate) : LATE};

		o->p50 = (double)samples_at(&all, .5);
		o->p99 = (double)samples_at(&all, .99);
		o->p999 = (double)samples_at(&all, .999);
	}
}
