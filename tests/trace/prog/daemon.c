/* A daemon of the old school: forks, closes every descriptor, forks workers, and handles all
 * signals itself. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "inject.h"

static void on_signal(int sig)
{
}

__attribute__((noinline)) static void spin(void)
{
	long n = 150000000;

	__asm__ volatile("0: dec %0; jnz 0b" : "+r"(n)); /* EXPECT long-turn */
}

static void on_turn(int turn)
{
	if (turn == 5)
		usleep(3000); /* EXPECT call usleep */
	if (turn == 6)
		spin();
}

static void (*volatile turn_fn)(int) = on_turn;

static int loop(void)
{
	struct pollfd set[2];
	sigset_t all;
	int fds[2];

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, on_signal);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (pipe(fds) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (int turn = 0; turn < 10; turn++) {
		if (poll(set, 2, 2) < 0 && errno != EINTR)
			return 1;
		turn_fn(turn);
	}
	return 0;
}

int main(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0;
	if (setsid() < 0 || chdir("/") != 0)
		return 1;
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			_exit(loop());
	while (wait(NULL) > 0)
		;
	return 0;
}
