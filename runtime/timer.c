/* timer.c - deadlines: a 4-ary heap a worker.
 *
 * Four children a node make half the levels of a binary heap, and four entries of 16 bytes are one
 * cache line. Each entry carries its time, so that sifting reads no task; each task knows its place
 * (task.timer), so that a deadline that did not pass is taken out at once. A task waits for one
 * thing at a time, so it has at most one entry.
 */
#include <string.h>

#include "internal.h"

static inline void put(struct tvt__heap *h, uint32_t i, struct tvt__timer x)
{
	h->v[i] = x;
	x.task->timer = i;
}

static void sift_up(struct tvt__heap *h, uint32_t i, struct tvt__timer x)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 4;

		if (h->v[parent].when <= x.when)
			break;
		put(h, i, h->v[parent]);
		i = parent;
	}
	put(h, i, x);
}

static void sift_down(struct tvt__heap *h, uint32_t i, struct tvt__timer x)
{
	for (;;) {
		uint32_t child = 4 * i + 1, least = child, end = child + 4;

		if (child >= h->n)
			break;
		if (end > h->n)
			end = h->n;
		for (uint32_t c = child + 1; c < end; c++) {
			if (h->v[c].when < h->v[least].when)
				least = c;
		}
		if (h->v[least].when >= x.when)
			break;
		put(h, i, h->v[least]);
		i = least;
	}
	put(h, i, x);
}

static int grow(struct tvt__rt *rt, struct tvt__heap *h)
{
	uint32_t cap = h->cap ? 2 * h->cap : 64;
	struct tvt__timer *v = tvt__malloc(rt, cap * sizeof *v);

	if (!v)
		return -ENOMEM;
	if (h->n)
		memcpy(v, h->v, h->n * sizeof *v);
	tvt__free(rt, h->v, h->cap * sizeof *v);
	h->v = v;
	h->cap = cap;
	return 0;
}

int tvt__timer_add(struct tvt__worker *w, struct tvt__task *t, int64_t when)
{
	struct tvt__heap *h = &w->timers;

	if (UNLIKELY(h->n == h->cap) && grow(w->rt, h) < 0)
		return -ENOMEM;
	sift_up(h, h->n++, (struct tvt__timer){when, t});
	return 0;
}

void tvt__timer_del(struct tvt__worker *w, struct tvt__task *t)
{
	struct tvt__heap *h = &w->timers;
	uint32_t i = t->timer;
	struct tvt__timer last;

	if (i == NO_TIMER)
		return;
	t->timer = NO_TIMER;
	last = h->v[--h->n];
	if (i == h->n)
		return;
	if (i > 0 && h->v[(i - 1) / 4].when > last.when)
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

struct tvt__task *tvt__timer_pop(struct tvt__worker *w, int64_t now)
{
	struct tvt__heap *h = &w->timers;
	struct tvt__task *t;

	if (h->n == 0 || h->v[0].when > now)
		return NULL;
	t = h->v[0].task;
	tvt__timer_del(w, t);
	return t;
}
