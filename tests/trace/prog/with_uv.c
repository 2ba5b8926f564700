/* libuv: a timer, and a job on the pool that sleeps. */
#include <uv.h>

#include "inject.h"

static int step;

static void on_pool(uv_work_t *w)
{
	usleep(30000); /* SILENT: the pool may sleep */
}

static void on_done(uv_work_t *w, int status)
{
}

static void on_timer(uv_timer_t *t)
{
	if (!inject(step++))
		uv_timer_stop(t);
}

int main(void)
{
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t timer;
	uv_work_t work;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_timer, 1, 1);
	uv_queue_work(loop, &work, on_pool, on_done);
	return uv_run(loop, UV_RUN_DEFAULT);
}
