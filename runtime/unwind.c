/* unwind.c - the stack of a task that does not run, or that a signal has stopped.
 *
 * With libunwind, from the registers that the switch saved or the signal carries; it needs no frame
 * pointers. Without, along the chain of frame pointers, which a program must be compiled with, and
 * only as far as the task's stack goes.
 */
#include <string.h>
#include <ucontext.h>

#include "internal.h"

/* A frame is {caller's frame, return address} on both machines. */
static int walk(const struct tvt__task *t, uintptr_t pc, uintptr_t fp, void **out, int max)
{
	uintptr_t low = (uintptr_t)t->stack, high = (uintptr_t)t;
	int n = 0;

	out[n++] = (void *)pc;
	while (n < max && fp >= low && fp + 2 * sizeof fp <= high && fp % sizeof fp == 0) {
		const uintptr_t *frame = (const uintptr_t *)fp;

		if (!frame[1])
			break;
		out[n++] = (void *)frame[1];
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

#if TVT_LIBUNWIND && defined(__x86_64__) && !defined(TVT_UCONTEXT)

#define UNW_LOCAL_ONLY
#include <libunwind.h>

static int unwind(unw_context_t *c, int flags, void **out, int max)
{
	unw_cursor_t cursor;
	unw_word_t pc;
	int n = 0;

	if (unw_init_local2(&cursor, c, flags) < 0)
		return 0;
	do {
		if (unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || !pc)
			break;
		out[n++] = (void *)pc;
	} while (n < max && unw_step(&cursor) > 0);
	return n;
}

int tvt__unwind_task(const struct tvt__task *t, void **pc, int max)
{
	unw_context_t c; /* is a ucontext_t here */
	greg_t *g = c.uc_mcontext.gregs;
	int n;

	memset(&c, 0, sizeof c);
	g[REG_RIP] = (greg_t)t->context.pc;
	g[REG_RSP] = (greg_t)t->context.sp;
	g[REG_RBP] = (greg_t)t->context.fp;
	n = unwind(&c, 0, pc, max);
	return n ? n : walk(t, t->context.pc, t->context.fp, pc, max);
}

int tvt__unwind_signal(const struct tvt__task *t, void *ucontext, void **pc, int max)
{
	return unwind(ucontext, UNW_INIT_SIGNAL_FRAME, pc, max);
}

#else

int tvt__unwind_task(const struct tvt__task *t, void **pc, int max)
{
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(TVT_UCONTEXT)
	return walk(t, t->context.pc, t->context.fp, pc, max);
#else
	return 0;
#endif
}

int tvt__unwind_signal(const struct tvt__task *t, void *ucontext, void **pc, int max)
{
	const mcontext_t *m = &((ucontext_t *)ucontext)->uc_mcontext;

#if defined(__x86_64__)
	return walk(t, (uintptr_t)m->gregs[REG_RIP], (uintptr_t)m->gregs[REG_RBP], pc, max);
#elif defined(__aarch64__)
	return walk(t, m->pc, m->regs[29], pc, max);
#else
	return 0;
#endif
}

#endif
