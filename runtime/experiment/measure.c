/* measure.c - see measure.h. */
#include "measure.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void sleep_ns(int64_t ns)
{
	struct timespec ts = {ns / 1000000000, ns % 1000000000};

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* ---- work ---- */

static double turns_per_ns;
static volatile uint64_t sink;

static void turn(int64_t n)
{
	uint64_t x = 88172645463325252u;

	for (int64_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

/* By CPU time, and the best of several: a busy machine does not make the work longer. */
void spin_calibrate(void)
{
	enum { TURNS = 200000, TRIES = 9 };

	for (int i = 0; i < TRIES; i++) {
		int64_t t = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		double rate;

		turn(TURNS);
		rate = TURNS / (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - t + 1);
		if (rate > turns_per_ns)
			turns_per_ns = rate;
	}
}

void spin_ns(int64_t ns)
{
	turn((int64_t)((double)ns * turns_per_ns));
}

/* ---- samples ---- */

void samples_reserve(struct samples *s, uint32_t cap)
{
	int64_t *v;

	if (cap <= s->cap)
		return;
	v = realloc(s->v, cap * sizeof *v);
	if (!v)
		return;
	s->v = v;
	s->cap = cap;
}

void samples_add(struct samples *s, int64_t v)
{
	if (s->n == s->cap)
		samples_reserve(s, s->cap ? 2 * s->cap : 1024);
	if (s->n < s->cap)
		s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t samples_at(struct samples *s, double p)
{
	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof *s->v, by_value);
	return s->v[(uint32_t)((double)(s->n - 1) * p + 0.5)];
}

void samples_free(struct samples *s)
{
	free(s->v);
	*s = (struct samples){0};
}

/* ---- the process and the machine ---- */

/* The number behind a word that begins a line of a file in /proc, or -1. */
static long proc_number(const char *path, const char *word)
{
	char line[256];
	long v = -1;
	FILE *f = fopen(path, "re");

	while (f && v < 0 && fgets(line, sizeof line, f))
		if (!strncmp(line, word, strlen(word)))
			v = strtol(line + strlen(word), NULL, 10);
	if (f)
		fclose(f);
	return v;
}

long memory_bytes(void)
{
	return (proc_number("/proc/self/status", "VmRSS:") + proc_number("/proc/self/status", "VmPTE:")) * 1024;
}

long kernel_stacks(void)
{
	long kib = proc_number("/proc/meminfo", "KernelStack:");

	return kib < 0 ? -1 : kib * 1024;
}

long context_switches(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_nvcsw + ru.ru_nivcsw;
}

unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

void pin(unsigned cpu)
{
	cpu_set_t all, one;

	/* of the process, not of this thread, which may be pinned already */
	if (sched_getaffinity(getpid(), sizeof all, &all) < 0)
		return;
	for (unsigned i = 0, seen = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all) || seen++ != cpu)
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		(void)sched_setaffinity(0, sizeof one, &one);
		return;
	}
}

/* Time that all processors spent on something, in ns; stolen by the host counts as somebody's. */
static int64_t machine_ns(void)
{
	unsigned long long user = 0, nice = 0, system = 0, idle, wait, irq = 0, soft = 0, steal = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (f) {
		if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq,
			    &soft, &steal) < 8)
			user = nice = system = irq = soft = steal = 0;
		fclose(f);
	}
	return (int64_t)(user + nice + system + irq + soft + steal) * (1000000000 / sysconf(_SC_CLK_TCK));
}

void busy_begin(struct busy *b)
{
	*b = (struct busy){now_ns(), cpu_ns(), machine_ns()};
}

double busy_end(const struct busy *b)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	double wall = (double)(now_ns() - b->wall) * (double)(n > 0 ? n : 1);
	double others = (double)(machine_ns() - b->total - (cpu_ns() - b->cpu));
	double share = wall > 0 ? others / wall : 0;

	return share < 0 ? 0 : share > 1 ? 1 : share;
}

void result(const char *key, double v)
{
	printf("%s %.6g\n", key, v);
	fflush(stdout);
}

void die(const char *what)
{
	fprintf(stderr, "tvt-experiment: %s: %s\n", what, strerror(errno < 0 ? -errno : errno));
	exit(2);
}
