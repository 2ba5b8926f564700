/* map.c - hash map from uint64_t to uint32_t: linear probing, a power of two, at most 3/4 full. */
#include "base/base.h"

#include <assert.h>

/* The slot that holds key, or the empty one where it belongs. The map is never full. */
static uint32_t find(const struct map *m, uint64_t key)
{
	uint32_t mask = m->cap - 1;
	uint32_t i = (uint32_t)hash_mix(key, 1) & mask;

	while (m->val[i] != NONE && m->key[i] != key)
		i = (i + 1) & mask;
	return i;
}

static void grow(struct map *m)
{
	struct map old = *m;

	assert(old.cap <= UINT32_MAX / 4);
	m->cap = old.cap ? old.cap * 2 : 16;
	m->key = xmalloc((size_t)m->cap * sizeof *m->key);
	m->val = xmalloc((size_t)m->cap * sizeof *m->val);
	memset(m->val, 0xFF, (size_t)m->cap * sizeof *m->val);
	for (uint32_t i = 0; i < old.cap; i++) {
		uint32_t at;

		if (old.val[i] == NONE)
			continue;
		at = find(m, old.key[i]);
		m->key[at] = old.key[i];
		m->val[at] = old.val[i];
	}
	free(old.key);
	free(old.val);
}

uint32_t map_get(const struct map *m, uint64_t key)
{
	return m->cap ? m->val[find(m, key)] : NONE;
}

uint32_t *map_slot(struct map *m, uint64_t key, uint32_t if_absent)
{
	uint32_t i;

	assert(if_absent != NONE);
	if (m->n >= m->cap / 4 * 3)
		grow(m);
	i = find(m, key);
	if (m->val[i] == NONE) {
		m->key[i] = key;
		m->val[i] = if_absent;
		m->n++;
	}
	return &m->val[i];
}

void map_put(struct map *m, uint64_t key, uint32_t val)
{
	*map_slot(m, key, val) = val;
}

void map_free(struct map *m)
{
	free(m->key);
	free(m->val);
	*m = (struct map){0};
}
