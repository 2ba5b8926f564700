/* A million timers: insert, cancel, expire; this runtime's heap against libuv's, as each is used:
 * here an expired timer claims a task, there it runs a callback. CPU ns each.
 */
#include <uv.h>

#include "bench.h"
#include "internal.h"

enum { N = 1000000, ROUNDS = 3 };

static uint64_t due[N]; /* in ms, spread over an hour */

static void fill(void)
{
	uint32_t x = 1;

	for (int i = 0; i < N; i++) {
		x = x * 1664525 + 1013904223;
		due[i] = 1 + x % 3600000;
	}
}

static void *take(void *arg, size_t n)
{
	return malloc(n);
}

static void drop(void *arg, void *p, size_t n)
{
	free(p);
}

static void ours(void)
{
	static struct tvt__rt rt;
	static struct tvt__worker w;
	struct tvt__task *tasks = calloc(N, sizeof *tasks), *t;
	int64_t at;
	long woken = 0;

	rt.opts.alloc = (struct tvt_alloc){take, drop, NULL};
	w.rt = &rt;
	w.solo = true;
	tvt__w = &w;
	for (int round = 0; round < ROUNDS; round++) {
		at = cpu_ns();
		for (int i = 0; i < N; i++) {
			tvt__arm(&tasks[i], 0);
			tvt__timer_add(&w, &tasks[i], (int64_t)due[i] * TVT_MS);
		}
		result("insert", (double)(cpu_ns() - at) / N);
		at = cpu_ns();
		for (int i = 0; i < N; i++)
			tvt__timer_del(&w, &tasks[i]);
		result("cancel", (double)(cpu_ns() - at) / N);
		for (int i = 0; i < N; i++)
			tvt__timer_add(&w, &tasks[i], (int64_t)due[i] * TVT_MS);
		at = cpu_ns();
		while ((t = tvt__timer_pop(&w, INT64_MAX)))
			woken += tvt__claim(t);
		result("expire", (double)(cpu_ns() - at) / N);
	}
	if (woken != (long)N * ROUNDS)
		abort();
	tvt__w = NULL;
}

static long fired;

static void on_timer(uv_timer_t *t)
{
	fired++;
}

/* libuv's clock cannot be set on from outside: to be due, its timers are within a second. */
static void theirs(void)
{
	uv_timer_t *timers = calloc(N, sizeof *timers);
	uv_loop_t loop;
	int64_t at;

	uv_loop_init(&loop);
	for (int i = 0; i < N; i++)
		uv_timer_init(&loop, &timers[i]);
	for (int round = 0; round < ROUNDS; round++) {
		at = cpu_ns();
		for (int i = 0; i < N; i++)
			uv_timer_start(&timers[i], on_timer, due[i], 0);
		result("uv_insert", (double)(cpu_ns() - at) / N);
		at = cpu_ns();
		for (int i = 0; i < N; i++)
			uv_timer_stop(&timers[i]);
		result("uv_cancel", (double)(cpu_ns() - at) / N);
		for (int i = 0; i < N; i++)
			uv_timer_start(&timers[i], on_timer, due[i] % 1000, 0);
		usleep(1100000); /* now all are due */
		at = cpu_ns();
		uv_run(&loop, UV_RUN_NOWAIT);
		result("uv_expire", (double)(cpu_ns() - at) / N);
	}
	if (fired != (long)N * ROUNDS)
		abort();
}

int main(void)
{
	fill();
	ours();
	theirs();
	return 0;
}
