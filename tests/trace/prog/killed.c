/* Killed in the middle of a turn, inside a call that would have gone on. */
#include <poll.h>
#include <signal.h>

#include "inject.h"

static void *kill_later(void *arg)
{
	usleep(150000); /* SILENT: not in a loop */
	kill(getpid(), SIGKILL);
	return NULL;
}

static void on_turn(int turn)
{
	pthread_t th;

	if (turn == 3)
		usleep(3000); /* EXPECT call usleep */
	if (turn == 5) {
		pthread_create(&th, NULL, kill_later, NULL);
		sleep(60); /* EXPECT call sleep */
	}
}

static void (*volatile turn_fn)(int) = on_turn;

int main(void)
{
	struct pollfd set[2];
	int fds[2];

	if (pipe(fds) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (int turn = 0;; turn++) {
		poll(set, 2, 2);
		turn_fn(turn);
	}
}
