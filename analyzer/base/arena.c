/* arena.c - the bump allocator.
 *
 * An arena is a list of equal blocks that are filled one after the other; a request too big to
 * share a block gets memory of its own. A reset goes back to the first block. Memory is zeroed
 * when it is handed out, but only as far as an earlier round has dirtied the block: fresh blocks
 * come from calloc.
 */
#include "base/base.h"

#include <stdlib.h>

enum { BLOCK_SIZE = 64 * 1024 - 64, BIG = BLOCK_SIZE / 4, ALIGN = 16 };

struct blk {
	struct blk *next;
	size_t dirty; /* bytes that earlier rounds used */
	_Alignas(ALIGN) char mem[];
};

struct arena {
	struct blk *first, *cur;
	struct blk *big; /* freed by a reset */
	size_t used;	 /* of cur */
	size_t total;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

static struct blk *blk_new(size_t n)
{
	return xcalloc(1, sizeof(struct blk) + n);
}

/* Makes the next block the current one, a new one if there is none yet. */
static void next_block(struct arena *a)
{
	struct blk **at = a->cur ? &a->cur->next : &a->first;

	if (a->cur && a->used > a->cur->dirty)
		a->cur->dirty = a->used;
	if (!*at)
		*at = blk_new(BLOCK_SIZE);
	a->cur = *at;
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX / 2)
		n = SIZE_MAX / 2; /* more than there is */
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!n)
		n = ALIGN; /* every pointer is a different one */
	a->total += n;
	if (n > BIG) {
		struct blk *b = blk_new(n);

		b->next = a->big;
		a->big = b;
		return b->mem;
	}
	if (!a->cur || a->used + n > BLOCK_SIZE)
		next_block(a);
	p = a->cur->mem + a->used;
	if (a->used < a->cur->dirty)
		memset(p, 0, n);
	a->used += n;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	return memcpy(p, s, n);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

static void free_list(struct blk *b)
{
	while (b) {
		struct blk *next = b->next;

		free(b);
		b = next;
	}
}

void arena_reset(struct arena *a)
{
	if (a->cur && a->used > a->cur->dirty)
		a->cur->dirty = a->used;
	free_list(a->big);
	a->big = NULL;
	a->cur = a->first;
	a->used = a->total = 0;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_list(a->big);
	free_list(a->first);
	free(a);
}

size_t arena_size(const struct arena *a)
{
	return a->total;
}
