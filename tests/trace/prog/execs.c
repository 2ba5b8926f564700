/* Goes on as another program with an empty environment, and starts one with vfork. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "inject.h"

static void on_turn(int turn)
{
	if (turn == 3)
		usleep(3000); /* EXPECT call usleep */
}

static void (*volatile turn_fn)(int) = on_turn;

static int loop(void)
{
	struct pollfd set[2];
	int fds[2];

	if (pipe(fds) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (int turn = 0; turn < 10; turn++) {
		poll(set, 2, 2);
		turn_fn(turn);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char *empty[] = {NULL}, *again[] = {argv[0], "loop", NULL},
	     *last[] = {argv[0], "last", NULL};
	int status;
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "last") == 0)
		return loop();
	if (argc > 1)
		return loop() || execve("/proc/self/exe", last, empty);
	pid = vfork();
	if (pid == 0) {
		execve("/proc/self/exe", again, empty);
		_exit(127);
	}
	return waitpid(pid, &status, 0) != pid || status != 0;
}
