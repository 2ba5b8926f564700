/* Many long turns, asked often where they are, between calls that would fail with EINTR if the
 * signal met them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int fds[2], jobs[2];

static void spin(int turn)
{
	long n = 1500000 + turn % 7 * 700000;

	__asm__ volatile("0: dec %0; jnz 0b" : "+r"(n)); /* EXPECT long-turn */
}

static void on_turn(int turn)
{
	struct timespec ts = {0, 100000};
	struct pollfd set = {fds[0], POLLIN, 0};

	for (int i = 0; i < 3; i++) {
		spin(turn);
		for (int k = 0; k < 20; k++)
			if (poll(&set, 1, 0) != 0)
				abort();
		if (nanosleep(&ts, NULL) != 0 || usleep(50) != 0 || poll(&set, 1, 1) != 0 ||
			poll(NULL, 0, 1) != 0)
			abort();
	}
}

static void (*volatile turn_fn)(int) = on_turn;

int main(void)
{
	struct pollfd set[2];

	if (pipe(fds) != 0 || pipe(jobs) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (int turn = 0; turn < 100; turn++) {
		if (poll(set, 2, 1) != 0)
			abort();
		turn_fn(turn);
	}
	return 0;
}
