/* dump.c - every task, what it waits for, and its stack.
 *
 * A worker describes its own tasks, between two of them, so none can run on while its stack is
 * read; the others are asked one after the other. A worker that does not answer within a second is
 * held by a task, which the watchdog's signal can still look into.
 *
 * There is no list of tasks: their stacks are where they are found.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

enum { DUMP_NONE = -1, DUMP_BEGUN = -2, PAUSES = 1000 };

static void print_stack(struct tvt__symbols *s, int fd, void **pc, int n, bool exact)
{
	char text[256];

	for (int i = 0; i < n; i++) {
		tvt__symbol(s, pc[i], exact && i == 0, text, sizeof text);
		dprintf(fd, "    #%d %s\n", i, text);
	}
}

static void print_task(struct tvt__symbols *s, int fd, struct tvt__task *t)
{
	void *pc[STACK_DEPTH];

	dprintf(fd, "  task %p '%s': ", (void *)t, t->name);
	if (!t->why)
		dprintf(fd, "can run\n");
	else if (!t->on)
		dprintf(fd, "waits: %s\n", t->why);
	else if ((uintptr_t)t->on < FD_CHUNK * FD_CHUNKS)
		dprintf(fd, "waits: %s, descriptor %d\n", t->why, (int)(intptr_t)t->on);
	else
		dprintf(fd, "waits: %s, %p\n", t->why, t->on);
	print_stack(s, fd, pc, tvt__unwind_task(t, pc, STACK_DEPTH), false);
}

static int state_of(struct tvt__task *t)
{
	return atomic_load_explicit(&t->state, memory_order_acquire);
}

void tvt__dump_worker(struct tvt__worker *w)
{
	struct tvt__stacks *stacks = &w->rt->stacks;
	int fd = atomic_load(&w->dump_fd), waiting = 0;
	struct tvt__symbols *s;

	if (fd < 0 || !atomic_compare_exchange_strong(&w->dump_fd, &fd, DUMP_BEGUN))
		return;
	s = tvt__symbols_open();
	dprintf(fd, "executor %d:\n", w->index);
	for (struct tvt__slab *slab = atomic_load(&stacks->slabs); slab; slab = slab->next) {
		for (uint32_t i = 0; i < slab->n; i++) {
			struct tvt__task *t =
				tvt__stack_task(stacks, slab->base + i * stacks->size);

			if (state_of(t) == TASK_FREE || tvt__home(t) != w)
				continue;
			if (state_of(t) == TASK_BEGUN)
				print_task(s, fd, t);
			else
				waiting++; /* here or already stolen: not ours to look into */
		}
	}
	if (waiting)
		dprintf(fd, "  %d tasks have not begun\n", waiting);
	tvt__symbols_close(s);
	atomic_store(&w->dump_fd, DUMP_NONE);
}

static void print_stalled(struct tvt__worker *w, int fd)
{
	int n = tvt__watch_sample(w);
	struct tvt__symbols *s;

	if (n < 0) {
		dprintf(fd, "executor %d: does not answer\n", w->index);
		return;
	}
	s = tvt__symbols_open();
	dprintf(fd, "executor %d: held by task '%s'\n", w->index, w->stall.name);
	print_stack(s, fd, w->stall.pc, n, true);
	tvt__symbols_close(s);
}

int tvt__dump(struct tvt__rt *rt, int fd, void (*pause)(void))
{
	if (pthread_mutex_trylock(&rt->dumping) != 0)
		return -EBUSY;
	dprintf(fd, "tvt: tasks on %d executors\n", rt->nworker);
	for (int i = 0; i < rt->nworker; i++) {
		struct tvt__worker *w = rt->worker[i];
		int asked = fd, k;

		atomic_store(&w->dump_fd, fd);
		tvt__kick(w);
		for (k = 0; atomic_load(&w->dump_fd) != DUMP_NONE; k++) {
			if (k >= PAUSES &&
				atomic_compare_exchange_strong(&w->dump_fd, &asked, DUMP_NONE)) {
				print_stalled(w, fd);
				break;
			}
			asked = fd;
			pause();
		}
	}
	dprintf(fd, "tvt: end\n");
	pthread_mutex_unlock(&rt->dumping);
	return 0;
}

/* Even a cancelled task may dump. */
static void pause_task(void)
{
	struct tvt__task *t = tvt__self();

	tvt__arm(t, SHIELDED);
	if (tvt__park(t, tvt_now() + TVT_MS, "dump", NULL) == -ENOMEM)
		sched_yield();
}

int tvt_dump(int fd)
{
	if (!tvt__self())
		return -EPERM;
	if (fd < 0)
		return -EBADF;
	return tvt__dump(tvt__w->rt, fd, pause_task);
}
