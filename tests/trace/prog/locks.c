/* A loop that waits for a lock which another thread holds while it sleeps. */
#include <poll.h>
#include <sys/prctl.h>

#include "inject.h"

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static volatile bool stop;
static int turn;

static void *hog(void *arg)
{
	prctl(PR_SET_NAME, "hog");
	while (!stop) {
		pthread_mutex_lock(&big);   /* SILENT: not in a loop */
		usleep(20000);		    /* SILENT: not in a loop */
		pthread_mutex_unlock(&big); /* EXPECT hold */
		usleep(2000);		    /* SILENT: not in a loop */
	}
	return NULL;
}

static void on_turn(void)
{
	struct timespec ts;

	pthread_mutex_lock(&big); /* EXPECT lock pthread_mutex_lock */
	if (turn == 9) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_nsec = (ts.tv_nsec + 5000000) % 1000000000;
		ts.tv_sec += ts.tv_nsec < 5000000;
		pthread_cond_timedwait(&cv, &big, &ts); /* EXPECT call pthread_cond_timedwait */
	}
	pthread_mutex_unlock(&big); /* SILENT: held for no time */
}

static void (*volatile turn_fn)(void) = on_turn;

int main(void)
{
	struct pollfd set[2];
	int fds[2];
	pthread_t th;

	if (pipe(fds) != 0 || pthread_create(&th, NULL, hog, NULL) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (; turn < 20; turn++) {
		poll(set, 2, 3);
		turn_fn();
	}
	stop = true;
	pthread_join(th, NULL);
	return 0;
}
