/* System calls that do not go through the C library: seen by sampling and by the count of context
 * switches, and never interrupted if that would show. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long raw(long n, long a, long b, long c)
{
	long r = n;

	__asm__ volatile("syscall" /* EXPECT asleep */
			 : "+a"(r)
			 : "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

static int jobs[2];

static void *write_later(void *arg)
{
	usleep(60000); /* SILENT: not in a loop */
	if (write(jobs[1], "x", 1) != 1)
		abort();
	return NULL;
}

static void on_turn(int turn)
{
	struct timespec ts = {0, 30000000};
	pthread_t th;
	char c;

	if (raw(SYS_nanosleep, (long)&ts, 0, 0) != 0)
		abort(); /* a signal would have ended it early */
	if (turn != 5)
		return;
	pthread_create(&th, NULL, write_later, NULL);
	if (raw(SYS_read, jobs[0], (long)&c, 1) != 1)
		abort();
	pthread_join(th, NULL);
}

static void (*volatile turn_fn)(int) = on_turn;

int main(void)
{
	struct pollfd set[2];

	if (pipe(jobs) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){jobs[0], POLLIN, 0};
	for (int turn = 0; turn < 10; turn++) {
		poll(set, 2, 2); /* EXPECT loop-asleep */
		turn_fn(turn);
	}
	return 0;
}
