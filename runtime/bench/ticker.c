/* A ticker of 1 ms beside 50 ms of work in each 200: how late it is, at the 99th percentile, in us.
 * On this runtime, and on libuv, whose clock counts in milliseconds.
 */
#include <tvt/runtime.h>
#include <uv.h>

#include "bench.h"

enum { TICKS = 2000, TRIM = 20 };
enum { IDLE, BLOCK_INLINE, BLOCK_POOL, CPU_INLINE, CPU_POOL, CPU_YIELD };

static const char *const names[] = {
	"idle", "block_inline", "block_pool", "cpu_inline", "cpu_pool", "cpu_yield"};
static int64_t late[TICKS];
static int kind;

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

static int ticker(void *arg)
{
	struct tvt_scope s;
	int64_t at;

	tvt_scope_open(&s);
	if (kind != IDLE)
		tvt_spawn(&s, worker, NULL);
	at = tvt_now();
	for (int i = -TRIM; i < TICKS; i++) {
		at += TVT_MS;
		tvt_sleep(at);
		if (i >= 0)
			late[i] = tvt_now() - at;
		if (tvt_now() > at + TVT_MS)
			at = tvt_now();
	}
	tvt_scope_wait(&s, 0);
	return 0;
}

/* ---- libuv ---- */

static uv_loop_t loop;
static uv_timer_t tick_timer, work_timer;
static int64_t tick_at;
static int ticks;

static void uv_tick(uv_timer_t *t)
{
	int64_t now = now_ns();

	if (ticks >= TRIM)
		late[ticks - TRIM] = now - tick_at;
	if (++ticks == TICKS + TRIM)
		uv_stop(&loop);
	else
		uv_timer_start(t, uv_tick, 1, 0);
	tick_at = now_ns() + TVT_MS;
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
	uv_timer_start(&tick_timer, uv_tick, 1, 0);
	if (kind != IDLE)
		uv_timer_start(&work_timer, uv_work_due, 150, 200);
	uv_run(&loop, UV_RUN_DEFAULT);
}

int main(void)
{
	char key[40];

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
