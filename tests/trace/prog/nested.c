/* A callback that runs a loop of its own on the same thread: for the outer loop that is one long
 * wait. */
#include <unistd.h>
#include <uv.h>

static int turn;
static uv_loop_t inner;

static void on_inner(uv_timer_t *t)
{
}

static void run_inner(void)
{
	uv_timer_t once;

	uv_loop_init(&inner);
	uv_timer_init(&inner, &once);
	uv_timer_start(&once, on_inner, 20, 0);
	uv_run(&inner, UV_RUN_DEFAULT); /* EXPECT call epoll_wait */
	uv_close((uv_handle_t *)&once, NULL);
	uv_run(&inner, UV_RUN_DEFAULT);
	uv_loop_close(&inner);
}

static void on_timer(uv_timer_t *t)
{
	turn++;
	if (turn % 5 == 0)
		run_inner();
	if (turn == 18)
		usleep(3000); /* EXPECT call usleep */
	if (turn == 40)
		uv_timer_stop(t);
}

int main(void)
{
	uv_timer_t timer;

	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 1, 1);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
