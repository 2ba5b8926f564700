/* A thread that serves one descriptor is no event loop, whatever it does between two waits. */
#include <poll.h>

#include "inject.h"

static int jobs[2];

static void serve(void)
{
	char c;

	if (read(jobs[0], &c, 1) != 1)
		return;
	usleep(3000); /* SILENT: a worker may sleep */
}

static void *work(void *arg)
{
	for (int i = 0; i < 20; i++) {
		struct pollfd set = {jobs[0], POLLIN, 0};

		if (poll(&set, 1, 1000) > 0)
			serve();
	}
	return NULL;
}

static int turn;

static void on_turn(void)
{
	if (turn % 2 && write(jobs[1], "x", 1) != 1)
		abort();
	if (turn == 20)
		usleep(3000); /* EXPECT call usleep */
}

static void (*volatile turn_fn)(void) = on_turn;

int main(void)
{
	struct pollfd set[2];
	int fds[2];
	pthread_t th;

	if (pipe(jobs) != 0 || pipe(fds) != 0 || pthread_create(&th, NULL, work, NULL) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (; turn < 40; turn++) {
		poll(set, 2, 2);
		turn_fn();
	}
	pthread_join(th, NULL);
	return 0;
}
