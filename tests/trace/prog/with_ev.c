/* libev. */
#include <ev.h>

#include "inject.h"

static int step;

static void on_timer(struct ev_loop *loop, ev_timer *w, int what)
{
	if (!inject(step++))
		ev_break(loop, EVBREAK_ALL);
}

int main(void)
{
	struct ev_loop *loop = ev_default_loop(0);
	ev_timer timer;

	ev_timer_init(&timer, on_timer, 0.001, 0.001);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	return 0;
}
