/* A ticker of 1 ms beside 50 ms of work in each 200: how late it is, at the 99th percentile, in us.
 * On this runtime, on a thread that does nothing else, and on libuv, whose clock counts in
 * milliseconds. Ticks are due at fixed times, and those that a stall swallows count each.
 */
#include <tvt/runtime.h>
#include <uv.h>

#include "bench.h"

enum { TICKS = 2000 };
enum { IDLE, BLOCK_INLINE, BLOCK_POOL, CPU_INLINE, CPU_POOL, CPU_YIELD };

static const char *const names[] = {
	"idle", "block_inline", "block_pool", "cpu_inline", "cpu_pool", "cpu_yield"};
static int64_t late[TICKS];
static int kind, ticks;

static void spin(int64_t ns)
{
	for (int64_t end = now_ns() + ns; now_ns() < end;)
		;
}

static int do_block(void *arg)
{
	usleep(50000);
	return 0;
}

static int do_spin(void *arg)
{
	spin(50 * TVT_MS);
	return 0;
}

static void work(void)
{
	switch (kind) {
	case BLOCK_INLINE:
		do_block(NULL);
		break;
	case BLOCK_POOL:
		tvt_block(do_block, NULL, TVT_NEVER);
		break;
	case CPU_INLINE:
		do_spin(NULL);
		break;
	case CPU_POOL:
		tvt_block(do_spin, NULL, TVT_NEVER);
		break;
	case CPU_YIELD:
		for (int i = 0; i < 500; i++) {
			spin(100 * TVT_US);
			tvt_yield();
		}
	}
}

static int worker(void *arg)
{
	while (tvt_sleep(tvt_now() + 150 * TVT_MS) == 0)
		work();
	return 0;
}

/* Note how late all are that are due; the next deadline, or 0 when there were enough. */
static int64_t tick(int64_t at)
{
	int64_t now = now_ns();

	for (; at <= now && ticks < TICKS; at += TVT_MS)
		late[ticks++] = now - at;
	return ticks < TICKS ? at : 0;
}

static int ticker(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	if (kind != IDLE)
		tvt_spawn(&s, worker, NULL);
	ticks = 0;
	for (int64_t at = tvt_now() + TVT_MS; at; at = tick(at))
		tvt_sleep(at);
	tvt_scope_wait(&s, 0);
	return 0;
}

static void thread_ticker(void)
{
	ticks = 0;
	for (int64_t at = now_ns() + TVT_MS; at; at = tick(at)) {
		struct timespec ts = {at / TVT_S, at % TVT_S};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
}

/* ---- libuv ---- */

static uv_loop_t loop;
static uv_timer_t tick_timer, work_timer;
static int64_t tick_at;

static void uv_tick(uv_timer_t *t)
{
	if (!(tick_at = tick(tick_at)))
		uv_stop(&loop);
}

static void uv_do(uv_work_t *w)
{
	if (kind == BLOCK_POOL)
		do_block(NULL);
	else
		do_spin(NULL);
}

static void uv_done(uv_work_t *w, int status)
{
}

static void uv_work_due(uv_timer_t *t)
{
	static uv_work_t w;

	if (kind == BLOCK_INLINE || kind == CPU_INLINE)
		work();
	else
		uv_queue_work(&loop, &w, uv_do, uv_done);
}

static void uv_ticker(void)
{
	uv_loop_init(&loop);
	uv_timer_init(&loop, &tick_timer);
	uv_timer_init(&loop, &work_timer);
	ticks = 0;
	tick_at = now_ns() + TVT_MS;
	uv_timer_start(&tick_timer, uv_tick, 1, 1);
	if (kind != IDLE)
		uv_timer_start(&work_timer, uv_work_due, 150, 200);
	uv_run(&loop, UV_RUN_DEFAULT);
}

int main(void)
{
	char key[40];

	thread_ticker();
	result("thread", (double)percentile(late, TICKS, .99) / 1000);
	for (kind = 0; kind <= CPU_YIELD; kind++) {
		if (tvt_run(NULL, ticker, NULL) < 0)
			return 1;
		result(names[kind], (double)percentile(late, TICKS, .99) / 1000);
		if (kind == CPU_YIELD)
			continue;
		uv_ticker();
		snprintf(key, sizeof key, "uv_%s", names[kind]);
		result(key, (double)percentile(late, TICKS, .99) / 1000);
	}
	return 0;
}
