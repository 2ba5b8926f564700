/* stack.c - stacks: mapped in slabs, guarded, touched late, used again.
 *
 *   slab (mmap, 64 stacks)
 *   +---------+---------+---------+-- ... --+
 *   | stack 0 | stack 1 | stack 2 |         |
 *   +---------+---------+---------+-- ... --+
 *
 *   one stack, opts.stack_size bytes (64 KiB)
 *   low                                                                 high
 *   +-------+-------------------------------------+--------+--------+-------+
 *   | guard |  never touched, no memory           | frames | struct | colour|
 *   | 1 page|                        <- grows     |        | task   |       |
 *   +-------+-------------------------------------+--------+--------+-------+
 *    SIGSEGV                                      |<---- one page --------->|
 *
 * The task lives on its own stack, so a suspended task whose frames are small costs one page, and
 * a spawn takes no second allocation. The colour (0 to 15 cache lines, by the stack's number)
 * keeps the tasks of many stacks out of the same few cache sets.
 *
 * A guard is MADV_GUARD_INSTALL where the kernel has it (Linux 6.13): a mark in the page table that
 * splits no mapping. Else it is mprotect, which costs two mappings a stack and so ends at about
 * half of vm.max_map_count: 32 thousand stacks by default. That is -ENOMEM, and said once.
 *
 * A free stack is on its worker's list (warm, no lock), on the runtime's warm list, or cold: its
 * pages given back and only its address kept, in an array that is large enough before a stack can
 * need its place. A warm stack is still inside tvt__task_main, about to run another task, so its
 * next one needs no new context, and to the sanitizers it is the same fibre.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { SLAB = 64, BATCH = 32, LOCAL_MAX = 256, COLOURS = 16 };

#if SAN_ADDRESS || SAN_THREAD
#define STACK_DEFAULT (256 << 10) /* instrumented frames are large */
#else
#define STACK_DEFAULT (64 << 10)
#endif

struct tvt__task *tvt__stack_task(const struct tvt__stacks *s, char *base)
{
	size_t colour = (uintptr_t)base / s->size % COLOURS * 64;
	size_t task = (sizeof(struct tvt__task) + 63) / 64 * 64;

	return (struct tvt__task *)(base + s->size - colour - task);
}

int tvt__stacks_init(struct tvt__rt *rt)
{
	struct tvt__stacks *s = &rt->stacks;
	size_t size = rt->opts.stack_size ? rt->opts.stack_size : STACK_DEFAULT;

	s->page = (size_t)sysconf(_SC_PAGESIZE);
	s->size = (size + s->page - 1) / s->page * s->page;
	if (s->size < 4 * s->page || s->size > (size_t)1 << 30)
		return -EINVAL;
	s->keep = rt->opts.stack_keep ? rt->opts.stack_keep : 16384;
	s->guard = rt->opts.flags & TVT_GUARD_MPROTECT ? GUARD_MPROTECT : GUARD_UNKNOWN;
	return 0;
}

void tvt__stacks_free(struct tvt__rt *rt)
{
	struct tvt__stacks *s = &rt->stacks;
	struct tvt__slab *slab = atomic_load(&s->slabs), *next;

	for (; slab; slab = next) {
		next = slab->next;
		for (uint32_t i = 0; i < slab->n; i++)
			san_free(&tvt__stack_task(s, slab->base + i * s->size)->fibre);
		munmap(slab->base, slab->n * s->size);
		tvt__free(rt, slab, sizeof *slab);
	}
	tvt__free(rt, s->cold, s->cap * sizeof *s->cold);
}

static bool guard(struct tvt__stacks *s, char *base)
{
	if (s->guard != GUARD_MPROTECT) {
		if (madvise(base, s->page, MADV_GUARD_INSTALL) == 0) {
			s->guard = GUARD_MADVISE;
			return true;
		}
		if (s->guard == GUARD_MADVISE)
			return false;
		s->guard = GUARD_MPROTECT;
	}
	return mprotect(base, s->page, PROT_NONE) == 0;
}

/* Room for n more addresses in the cold array. */
static bool reserve(struct tvt__rt *rt, size_t n)
{
	struct tvt__stacks *s = &rt->stacks;
	size_t cap = s->cap ? s->cap : 2 * SLAB;
	char **v;

	if (s->total + n <= s->cap)
		return true;
	while (cap < s->total + n)
		cap *= 2;
	if (!(v = tvt__malloc(rt, cap * sizeof *v)))
		return false;
	if (s->ncold)
		memcpy(v, s->cold, s->ncold * sizeof *v);
	tvt__free(rt, s->cold, s->cap * sizeof *v);
	s->cold = v;
	s->cap = cap;
	return true;
}

static void say_capped(struct tvt__rt *rt)
{
	struct tvt__stacks *s = &rt->stacks;

	if (s->capped || s->guard != GUARD_MPROTECT)
		return;
	s->capped = true;
	tvt__say(rt,
		"tvt: no more than %zu stacks: each is guarded by mprotect, which takes two of "
		"vm.max_map_count mappings (Linux 6.13 has guards without)\n",
		s->total);
}

/* Map a slab and put its stacks on the cold array; the caller has the lock. */
static bool grow(struct tvt__rt *rt)
{
	struct tvt__stacks *s = &rt->stacks;
	size_t bytes = SLAB * s->size;
	struct tvt__slab *slab;
	uint32_t n;
	char *base;

	if (!reserve(rt, SLAB) || !(slab = tvt__malloc(rt, sizeof *slab)))
		return false;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (base == MAP_FAILED) {
		tvt__free(rt, slab, sizeof *slab);
		say_capped(rt);
		return false;
	}
	/* one huge page would be memory for 32 stacks; and neighbours merge into one mapping */
	madvise(base, bytes, MADV_NOHUGEPAGE);
	for (n = 0; n < SLAB && guard(s, base + n * s->size); n++)
		;
	if (n < SLAB) {
		say_capped(rt);
		munmap(base + n * s->size, bytes - n * s->size);
	}
	if (n == 0) {
		tvt__free(rt, slab, sizeof *slab);
		return false;
	}
	for (uint32_t i = n; i-- > 0;) {
		char *b = base + i * s->size;

		SAN_STACK_REGISTER(b + s->page, b + s->size);
		s->cold[s->ncold++] = b;
	}
	s->total += n;
	*slab = (struct tvt__slab){atomic_load(&s->slabs), base, n};
	atomic_store(&s->slabs, slab); /* a dump may walk them now */
	return true;
}

/* The worker has no free stack: fetch some, warm ones first. */
static bool refill(struct tvt__worker *w)
{
	struct tvt__stacks *s = &w->rt->stacks;

	pthread_mutex_lock(&s->lock);
	for (; w->nfree < BATCH && s->warm; w->nfree++) {
		struct tvt__task *t = s->warm;

		s->warm = t->next;
		s->nwarm--;
		t->next = w->free;
		w->free = t;
	}
	pthread_mutex_unlock(&s->lock);
	return w->nfree > 0;
}

/* A cold stack, untouched: the first write to it is the caller's. */
static struct tvt__task *get_cold(struct tvt__worker *w)
{
	struct tvt__stacks *s = &w->rt->stacks;
	struct tvt__task *t = NULL;
	char *base;

	pthread_mutex_lock(&s->lock);
	if (s->ncold > 0 || grow(w->rt)) {
		base = s->cold[--s->ncold];
		t = tvt__stack_task(s, base);
		t->stack = base;
		tvt__switch_new(&t->context, base + s->page, (char *)t);
		san_new(&t->fibre, base + s->page, (size_t)((char *)t - base) - s->page);
	}
	pthread_mutex_unlock(&s->lock);
	return t;
}

struct tvt__task *tvt__stack_get(struct tvt__worker *w)
{
	struct tvt__task *t;

	if (UNLIKELY(!w->free) && !refill(w)) {
		t = get_cold(w);
	} else {
		t = w->free;
		w->free = t->next;
		w->nfree--;
	}
	return t;
}

/* On the scheduler's stack, so no stack on the list is in use: share what one worker has too many
 * of, and give memory back where all have too much. At most BATCH a call, each a system call. */
void tvt__stack_trim(struct tvt__worker *w)
{
	struct tvt__stacks *s = &w->rt->stacks;

	if (w->nfree <= (w->solo ? s->keep : LOCAL_MAX))
		return;
	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < BATCH; i++) {
		struct tvt__task *t = w->free;

		w->free = t->next;
		w->nfree--;
		if (w->solo || s->nwarm >= s->keep) {
			char *base = t->stack;

			san_free(&t->fibre);
			madvise(base + s->page, s->size - s->page, MADV_DONTNEED);
			s->cold[s->ncold++] = base;
		} else {
			t->next = s->warm;
			s->warm = t;
			s->nwarm++;
		}
	}
	pthread_mutex_unlock(&s->lock);
}
