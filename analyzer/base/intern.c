/* intern.c - equal strings get equal ids. The strings lie in one blob; an open-addressing table
 * finds them by hash. Ids are offsets into the blob, so the blob alone is enough to read them. */
#include "base/base.h"

#include <unistd.h>

struct slot {
	uint32_t id; /* 0: empty, as "" is never looked up */
	uint32_t hash;
};

struct intern {
	char *blob;
	uint32_t size;
	size_t cap;
	struct slot *slot;
	uint32_t n, nslot;
};

struct intern *intern_new(void)
{
	struct intern *t = xcalloc(1, sizeof *t);

	t->cap = 256;
	t->blob = xmalloc(t->cap);
	t->blob[0] = '\0';
	t->size = 1;
	t->nslot = 64;
	t->slot = xcalloc(t->nslot, sizeof *t->slot);
	return t;
}

static void grow(struct intern *t)
{
	uint32_t nslot = t->nslot * 2, mask = nslot - 1;
	struct slot *slot = xcalloc(nslot, sizeof *slot);

	for (uint32_t i = 0; i < t->nslot; i++) {
		uint32_t at = t->slot[i].hash & mask;

		if (!t->slot[i].id)
			continue;
		while (slot[at].id)
			at = (at + 1) & mask;
		slot[at] = t->slot[i];
	}
	free(t->slot);
	t->slot = slot;
	t->nslot = nslot;
}

static uint32_t append(struct intern *t, const char *s, size_t n)
{
	uint32_t id = t->size;

	if (n >= UINT32_MAX - t->size) {
		error("more than 4 GiB of names");
		_exit(2);
	}
	if (t->size + n + 1 > t->cap) {
		/* s may be a piece of the blob itself */
		size_t off = (size_t)((uintptr_t)s - (uintptr_t)t->blob);

		while (t->size + n + 1 > t->cap)
			t->cap *= 2;
		t->blob = xrealloc(t->blob, t->cap);
		if (off < t->size)
			s = t->blob + off;
	}
	memcpy(t->blob + id, s, n);
	t->blob[id + n] = '\0';
	t->size += (uint32_t)n + 1;
	return id;
}

uint32_t intern_idn(struct intern *t, const char *s, size_t n)
{
	uint32_t hash, mask, i;

	n = strnlen(s, n); /* ids name C strings */
	if (!n)
		return 0;
	if (t->n >= t->nslot / 4 * 3)
		grow(t);
	hash = (uint32_t)hash_bytes(s, n);
	mask = t->nslot - 1;
	for (i = hash & mask; t->slot[i].id; i = (i + 1) & mask) {
		uint32_t id = t->slot[i].id;

		if (t->slot[i].hash == hash && t->size - id > n && !t->blob[id + n] &&
			!memcmp(t->blob + id, s, n))
			return id;
	}
	t->n++;
	t->slot[i].hash = hash;
	return t->slot[i].id = append(t, s, n);
}

uint32_t intern_id(struct intern *t, const char *s)
{
	return intern_idn(t, s, strlen(s));
}

const char *intern_str(const struct intern *t, uint32_t id)
{
	return t->blob + id;
}

const char *intern_blob(const struct intern *t, uint32_t *size)
{
	*size = t->size;
	return t->blob;
}

void intern_free(struct intern *t)
{
	if (!t)
		return;
	free(t->blob);
	free(t->slot);
	free(t);
}
