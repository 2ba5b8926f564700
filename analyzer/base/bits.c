/* bits.c - bit sets of fixed size. Bits behind the last one are always 0. */
#include "base/base.h"

#include <assert.h>

static uint32_t words(const struct bits *b)
{
	return (uint32_t)(((uint64_t)b->n + 63) / 64);
}

struct bits bits_new(struct arena *a, uint32_t n)
{
	struct bits b = {.n = n};

	b.w = arena_alloc(a, (size_t)words(&b) * sizeof *b.w);
	return b;
}

bool bits_or(struct bits *to, const struct bits *from)
{
	uint64_t changed = 0;

	assert(to->n == from->n);
	for (uint32_t i = 0, n = words(to); i < n; i++) {
		changed |= from->w[i] & ~to->w[i];
		to->w[i] |= from->w[i];
	}
	return changed != 0;
}

bool bits_and(struct bits *to, const struct bits *from)
{
	uint64_t changed = 0;

	assert(to->n == from->n);
	for (uint32_t i = 0, n = words(to); i < n; i++) {
		changed |= to->w[i] & ~from->w[i];
		to->w[i] &= from->w[i];
	}
	return changed != 0;
}

uint32_t bits_count(const struct bits *b)
{
	uint32_t sum = 0;

	for (uint32_t i = 0, n = words(b); i < n; i++)
		sum += (uint32_t)__builtin_popcountll(b->w[i]);
	return sum;
}
