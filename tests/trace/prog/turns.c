/* Waits that are easy to mistake: at start-up, in callbacks, twice in one loop, a loop after a
 * loop. */
#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "inject.h"

static int fds[2];

static int look(int ms, int n)
{
	struct pollfd set[] = {{fds[0], POLLIN, 0}, {fds[0], POLLIN, 0}};

	return poll(set, (nfds_t)n, ms);
}

/* A start-up that waits once and then works. */
static void start_up(void)
{
	struct timeval tv = {0, 2000};

	select(0, NULL, NULL, NULL, &tv); /* SILENT: no loop yet */
	look(2, 2);
	usleep(15000); /* SILENT: no loop yet */
}

/* A loop that ends before the real one begins. */
static void first_loop(void)
{
	for (int i = 0; i < 5; i++) {
		struct pollfd set[] = {{fds[0], POLLIN, 0}, {fds[0], POLLIN, 0}};

		poll(set, 2, 1);
		if (i == 3)
			usleep(4000); /* EXPECT call usleep */
	}
	usleep(5000); /* SILENT: between two loops */
}

static void on_event(int turn)
{
	struct pollfd one = {fds[0], POLLIN, 0};
	struct timeval tv = {0, 4000};
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	if (turn == 10)
		poll(&one, 1, 15); /* EXPECT call poll */
	if (turn == 20)
		select(fds[0] + 1, &in, NULL, NULL, &tv); /* EXPECT call select */
	if (turn == 30)
		for (int i = 0; i < 4; i++)
			poll(&one, 1, 5); /* EXPECT call poll */
	if (turn == 40)
		usleep(3000); /* EXPECT call usleep */
	if (turn == 50)
		poll(NULL, 0, 5); /* EXPECT call poll */
	poll(&one, 1, 0);	  /* SILENT: a look takes no time */
}

static void (*volatile event_fn)(int) = on_event;

static void main_loop(void)
{
	struct pollfd set[] = {{fds[0], POLLIN, 0}, {fds[0], POLLIN, 0}};

	for (int turn = 0; turn < 200; turn++) {
		if (turn % 3)
			poll(set, 2, 2); /* SILENT: this is where the loop waits */
		else
			poll(set, 2, 3); /* SILENT: and this */
		event_fn(turn);
	}
}

int main(void)
{
	if (pipe(fds) != 0)
		return 1;
	start_up();
	first_loop();
	main_loop();
	usleep(5000); /* SILENT: the loop is over */
	return 0;
}
