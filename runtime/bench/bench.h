/* bench.h - what the benchmarks share: time, memory, and the form of a result. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* CPU time of the process: what a busy machine spoils least. */
static inline int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Resident memory with page tables, in bytes. */
static inline long resident(void)
{
	char line[128];
	long kib = 0, v;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "VmRSS: %ld", &v) == 1 || sscanf(line, "VmPTE: %ld", &v) == 1)
			kib += v;
	}
	if (f)
		fclose(f);
	return kib * 1024;
}

/* One line a result: the script takes the best of several. */
static inline void result(const char *key, double value)
{
	printf("%s %.2f\n", key, value);
	fflush(stdout);
}

static inline int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts v. */
static inline int64_t percentile(int64_t *v, int n, double p)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return v[(int)((n - 1) * p)];
}

#endif
