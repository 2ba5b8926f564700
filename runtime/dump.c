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

static void print_task(struct tvt__symbols *s, int fd, struct tvt__task *t)
{
	void *pc[STACK_DEPTH];
	char name[256];
	int n;

	dprintf(fd, "  task %p '%s': ", (void *)t, t->name);
	if (!t->why)
		dprintf(fd, "can run\n");
	else if (!t->on)
		dprintf(fd, "waits: %s\n", t->why);
	else if ((uintptr_t)t->on < FD_MAX)
		dprintf(fd, "waits: %s, descriptor %d\n", t->why, (int)(intptr_t)t->on);
	else
		dprintf(fd, "waits: %s, %p\n", t->why, t->on);
	n = tvt__unwind_task(t, pc, STACK_DEPTH);
	for (int i = 0; i < n; i++) {
		tvt__symbol(s, pc[i], false, name, sizeof name);
		dprintf(fd, "    #%d %s\n", i, name);
	}
}

static int state_of(struct tvt__task *t)
{
	return atomic_load_explicit(&t->state, memory_order_acquire);
}

static void print_worker(struct tvt__worker *w, int fd)
{
	struct tvt__stacks *stacks = &w->rt->stacks;
	struct tvt__symbols *s = tvt__symbols_open();
	int waiting = 0;

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
}

void tvt__dump_worker(struct tvt__worker *w)
{
	int fd = atomic_load(&w->dump_fd);

	if (fd < 0 || !atomic_compare_exchange_strong(&w->dump_fd, &fd, DUMP_BEGUN))
		return;
	if (w->dump_of)
		tvt__watch_print(w->dump_of, fd);
	else
		print_worker(w, fd);
	atomic_store(&w->dump_fd, DUMP_NONE);
}

/* Have w's scheduler write, if it does within so many pauses; < 0: for ever. */
static bool ask(struct tvt__worker *w, int fd, int pauses, void (*pause)(void))
{
	int asked;

	atomic_store(&w->dump_fd, fd);
	tvt__kick(w);
	while (atomic_load(&w->dump_fd) != DUMP_NONE) {
		asked = fd;
		if (pauses-- == 0 && atomic_compare_exchange_strong(&w->dump_fd, &asked, DUMP_NONE))
			return false;
		pause();
	}
	return true;
}

int tvt__dump(struct tvt__rt *rt, int fd, void (*pause)(void))
{
	struct tvt__worker *me = tvt__w;

	if (pthread_mutex_trylock(&rt->dumping) != 0)
		return -EBUSY;
	dprintf(fd, "tvt: tasks on %d executors\n", rt->nworker);
	for (int i = 0; i < rt->nworker; i++) {
		if (ask(rt->worker[i], fd, PAUSES, pause))
			continue;
		if (me) { /* names need more stack than a task has: by our own scheduler */
			me->dump_of = rt->worker[i];
			ask(me, fd, -1, pause);
			me->dump_of = NULL;
		} else {
			tvt__watch_print(rt->worker[i], fd);
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
