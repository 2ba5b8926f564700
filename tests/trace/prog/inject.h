/* inject.h - what the loops of these programs should not do. A comment "EXPECT kind [call]" at a
 * line is what the tracer must report there, "SILENT" that it must report nothing. */
#ifndef INJECT_H
#define INJECT_H

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int slow_pipe[2];

static void *write_later(void *arg)
{
	usleep(30000); /* SILENT: a thread of its own may sleep */
	if (write(slow_pipe[1], "x", 1) != 1)
		abort();
	return NULL;
}

__attribute__((noinline)) static void read_slowly(void)
{
	pthread_t th;
	char c;

	if (pipe(slow_pipe) != 0 || pthread_create(&th, NULL, write_later, NULL) != 0)
		abort();
	if (read(slow_pipe[0], &c, 1) != 1) /* EXPECT call read */
		abort();
	pthread_join(th, NULL);
	close(slow_pipe[0]);
	close(slow_pipe[1]);
}

__attribute__((noinline)) static void resolve(void)
{
	struct addrinfo *res = NULL;

	if (getaddrinfo("localhost", "80", NULL, &res) == 0) /* EXPECT call getaddrinfo */
		freeaddrinfo(res);
}

__attribute__((noinline)) static void sync_file(void)
{
	FILE *f = tmpfile();

	if (!f || fputs("x", f) < 0 || fflush(f) != 0)
		abort();
	fsync(fileno(f)); /* EXPECT call fsync */
	fclose(f);
}

__attribute__((noinline)) static void compute(void)
{
	long n = 150000000;

	__asm__ volatile("0: dec %0; jnz 0b" : "+r"(n)); /* EXPECT long-turn */
}

enum { STEPS = 7 };

/* One injection a turn; returns false after the last. */
static bool inject(int step)
{
	switch (step) {
	case 2:
		usleep(20000); /* EXPECT call usleep */
		break;
	case 3:
		read_slowly();
		break;
	case 4:
		resolve();
		break;
	case 5:
		sync_file();
		break;
	case 6:
		compute();
		break;
	}
	return step < STEPS;
}

#endif
