/* span.c - what took how long, noted while it is asked for (--profile). One thread notes. */
#include "base/base.h"

#include <time.h>
#include <unistd.h>

static bool on;
static VEC(struct span) all;

double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void spans_on(void)
{
	on = true;
}

bool spans_wanted(void)
{
	return on;
}

uint32_t span_open(const char *kind, const char *name)
{
	if (!on)
		return NONE;
	vec_add(&all, (struct span){.kind = kind, .name = name, .start = clock_now(), .cpu = cpu_now(), .bytes = resident()});
	return all.n - 1;
}

void span_close(uint32_t span)
{
	if (span == NONE)
		return;
	uint64_t before = all.v[span].bytes;
	all.v[span].seconds = clock_now() - all.v[span].start;
	all.v[span].cpu = cpu_now() - all.v[span].cpu;
	all.v[span].bytes = resident();
	all.v[span].grown = (int64_t)(all.v[span].bytes - before);
}

void span_add(struct span s)
{
	if (on)
		vec_add(&all, s);
}

const struct span *spans(uint32_t *n)
{
	*n = all.n;
	return all.v;
}
