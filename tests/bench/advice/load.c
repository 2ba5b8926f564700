/* load.c - how long a loop lets others wait while it is given work.
 *
 *	load PORT WORK SECONDS
 *
 * Sends the datagram WORK to a server, waits for its answer, and sends it again after four times as long as that took: work
 * has a fifth of the time. Meanwhile PING is sent every 200 us, and not before the last one was answered; those that could
 * not be sent in time count as having waited since they were due (the correction for coordinated omission of Gil Tene's
 * HdrHistogram). Prints p99 of PING and the median time of WORK, in nanoseconds, and how many of each there were.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVERY = 200000, MOST = 4000000 };
static const char *work;
static int64_t until, *pings, *works;
static size_t npings, nworks;
static int port;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(int64_t at)
{
	struct timespec t = {at / 1000000000, at % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

static int dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {10, 0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_port = htons((uint16_t)port);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		exit(1);
	return fd;
}

static int64_t ask(int fd, const char *text)
{
	char answer[512];
	int64_t t = now();

	if (send(fd, text, strlen(text), 0) < 0 || recv(fd, answer, sizeof answer, 0) <= 0)
		exit(1);
	return now() - t;
}

static void *give_work(void *arg)
{
	int fd = dial();

	while (now() < until && nworks < MOST) {
		int64_t took = ask(fd, work);

		works[nworks++] = took;
		sleep_until(now() + 4 * took);
	}
	close(fd);
	return arg;
}

static int by_size(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
	pthread_t t;
	int fd;

	if (argc != 4)
		return 2;
	port = atoi(argv[1]);
	work = argv[2];
	pings = malloc(MOST * sizeof *pings);
	works = malloc(MOST * sizeof *works);
	fd = dial();
	until = now() + (int64_t)(atof(argv[3]) * 1e9);
	if (!pings || !works || pthread_create(&t, NULL, give_work, NULL))
		return 1;
	for (int64_t due = now(); due < until; due += EVERY) {
		sleep_until(due);
		int64_t late = now() - due, took = ask(fd, "PING");

		/* what this thread itself was late is not the server's doing */
		for (int64_t left = took; left > 0 && npings < MOST; left -= EVERY) {
			pings[npings++] = left;
			due += left > EVERY ? EVERY : 0;
		}
		due += late / EVERY * EVERY;
	}
	pthread_join(t, NULL);
	qsort(pings, npings, sizeof *pings, by_size);
	qsort(works, nworks, sizeof *works, by_size);
	printf("p99 %lld\nwork %lld\npings %zu\nworks %zu\n", (long long)pings[npings * 99 / 100], (long long)works[nworks / 2], npings,
		nworks);
	return 0;
}
