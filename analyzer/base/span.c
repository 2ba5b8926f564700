/* span.c - what took how long, noted while it is asked for (--profile). One thread notes. */
#include "base/base.h"

static bool on;
static VEC(struct span) all;

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
	vec_add(&all, (struct span){.kind = kind, .name = name, .start = clock_now(), .cpu = clock_cpu(), .bytes = memory_resident()});
	return all.n - 1;
}

void span_close(uint32_t span)
{
	if (span == NONE)
		return;
	uint64_t before = all.v[span].bytes;
	all.v[span].seconds = clock_now() - all.v[span].start;
	all.v[span].cpu = clock_cpu() - all.v[span].cpu;
	all.v[span].bytes = memory_resident();
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
