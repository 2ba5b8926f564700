/* deque.h - tasks not yet begun: the owner pushes and takes at the bottom, thieves steal at the
 * top.
 *
 * Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), on a ring that never grows,
 * with the C11 atomics of Le, Pop, Cohen and Zappa Nardelli, "Correct and efficient work-stealing
 * for weak memory models" (PPoPP 2013). Where they have a sequentially consistent fence between
 * two relaxed accesses, here the accesses themselves are: no weaker, as dear on x86-64, and
 * ThreadSanitizer, which does not know fences, can follow. Indices are compared by their signed
 * difference, for bottom - 1 goes below top when the deque is empty.
 *
 * The states are explored in model/deque.pml.
 */
#ifndef TVT_DEQUE_H
#define TVT_DEQUE_H

#include "internal.h"

/* Owner. False: full. The store of bottom is sequentially consistent, not just a release, because
 * the caller then reads whether anyone is asleep (sched.c). */
static inline bool deque_push(struct tvt__deque *q, struct tvt__task *t)
{
	size_t bottom = atomic_load_explicit(&q->bottom, memory_order_relaxed);
	size_t top = atomic_load_explicit(&q->top, memory_order_acquire);

	if (bottom - top >= DEQUE_SLOTS)
		return false;
	atomic_store_explicit(&q->slot[bottom % DEQUE_SLOTS], t, memory_order_relaxed);
	atomic_store_explicit(&q->bottom, bottom + 1, memory_order_seq_cst);
	return true;
}

/* Anyone; a hint for all but the owner. */
static inline bool deque_empty(struct tvt__deque *q)
{
	size_t top = atomic_load_explicit(&q->top, memory_order_seq_cst);

	return (ptrdiff_t)(atomic_load_explicit(&q->bottom, memory_order_seq_cst) - top) <= 0;
}

/* Owner. The newest, or NULL. */
static inline struct tvt__task *deque_take(struct tvt__deque *q)
{
	size_t bottom = atomic_load_explicit(&q->bottom, memory_order_relaxed) - 1;
	size_t top = atomic_load_explicit(&q->top, memory_order_relaxed);
	struct tvt__task *t = NULL;

	if ((ptrdiff_t)(bottom - top) < 0)
		return NULL; /* top only grows: empty, without the dear store */
	atomic_store_explicit(&q->bottom, bottom, memory_order_seq_cst);
	top = atomic_load_explicit(&q->top, memory_order_seq_cst);
	if ((ptrdiff_t)(bottom - top) >= 0) {
		t = atomic_load_explicit(&q->slot[bottom % DEQUE_SLOTS], memory_order_relaxed);
		if (bottom != top)
			return t;
		/* the last one: thieves may be after it */
		if (!atomic_compare_exchange_strong_explicit(
			    &q->top, &top, top + 1, memory_order_seq_cst, memory_order_relaxed))
			t = NULL;
	}
	atomic_store_explicit(&q->bottom, bottom + 1, memory_order_relaxed);
	return t;
}

/* Anyone. The oldest, or NULL: empty, or another was faster. */
static inline struct tvt__task *deque_steal(struct tvt__deque *q)
{
	size_t top = atomic_load_explicit(&q->top, memory_order_seq_cst);
	size_t bottom = atomic_load_explicit(&q->bottom, memory_order_seq_cst);
	struct tvt__task *t;

	if ((ptrdiff_t)(bottom - top) <= 0)
		return NULL;
	t = atomic_load_explicit(&q->slot[top % DEQUE_SLOTS], memory_order_relaxed);
	if (!atomic_compare_exchange_strong_explicit(
		    &q->top, &top, top + 1, memory_order_seq_cst, memory_order_relaxed))
		return NULL;
	return t;
}

#endif
