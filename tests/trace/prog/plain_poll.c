/* A loop of one's own on poll, in a function that returns before the callbacks run and has a large
 * frame. */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "inject.h"

static int fds[2], step;

static bool on_timeout(void)
{
	return inject(step++);
}

static bool (*volatile timeout_fn)(void) = on_timeout;

__attribute__((noinline)) static int wait_for_events(int ms)
{
	struct pollfd set[512];

	memset(set, 0, sizeof set);
	set[0] = (struct pollfd){fds[0], POLLIN, 0};
	set[1] = (struct pollfd){0, 0, 0};
	return poll(set, 2, ms);
}

int main(void)
{
	if (pipe(fds) != 0)
		return 1;
	while (wait_for_events(1) >= 0)
		if (!timeout_fn())
			break;
	return 0;
}
