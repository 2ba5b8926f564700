/* libevent. */
#include <event2/event.h>

#include "inject.h"

static int step;
static struct event_base *base;

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	if (!inject(step++))
		event_base_loopbreak(base);
}

int main(void)
{
	struct timeval every = {0, 1000};
	struct event *ev;

	base = event_base_new();
	ev = event_new(base, -1, EV_PERSIST, on_timer, NULL);
	event_add(ev, &every);
	event_base_dispatch(base);
	return 0;
}
