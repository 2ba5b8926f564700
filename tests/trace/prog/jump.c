/* Leaves calls and waits by siglongjmp from a signal handler, as time-outs of old were made. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static int fds[2];

static void on_alarm(int sig)
{
	siglongjmp(back, 1);
}

static void alarm_in(long us)
{
	struct itimerval it = {{0, 0}, {0, us}};

	setitimer(ITIMER_REAL, &it, NULL);
}

__attribute__((noinline)) static void read_with_timeout(void)
{
	char c;

	if (sigsetjmp(back, 1))
		return;
	alarm_in(5000);
	if (read(fds[0], &c, 1) >= 0)
		abort();
}

static void on_turn(int turn)
{
	if (turn == 5)
		read_with_timeout();
	if (turn == 5 || turn == 12)
		usleep(3000); /* EXPECT call usleep */
}

static void (*volatile turn_fn)(int) = on_turn;

int main(void)
{
	struct pollfd set[2];

	if (pipe(fds) != 0)
		return 1;
	signal(SIGALRM, on_alarm);
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (volatile int turn = 0; turn < 20; turn++) {
		if (!sigsetjmp(back, 1)) {
			if (turn % 4 == 3)
				alarm_in(3000);
			poll(set, 2, turn % 4 == 3 ? 1000 : 2); /* SILENT: this is where it waits */
		}
		turn_fn(turn);
	}
	return 0;
}
