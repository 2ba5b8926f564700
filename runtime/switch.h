/* switch.h - from one stack to another.
 *
 * tvt__switch(from, to) stores where `from` goes on and continues `to` where that was stored. It is
 * inline assembly that claims to change every register: so the compiler saves those it needs, in
 * the frame of the function that suspends, where its unwind information finds them; what is left
 * to save is sp, pc and the frame pointer. Not saved are the x87 and SSE control words, and fpcr: a
 * task that changes rounding puts it back before it suspends.
 *
 * It jumps, and neither calls nor returns, so each task finds the processor's return predictions as
 * deep as it left them. As a function of its own that ended in ret, the same switch made a spawn
 * and join twice as dear, by four mispredicted returns.
 *
 * A new task begins in tvt__task_main as if called by address 0, where backtraces end. Its argument
 * is where the switch has `to` anyway.
 *
 * Other machines, or a build with TVT_UCONTEXT, have swapcontext: right, and some fifty times
 * slower, for it saves and restores the signal mask with system calls.
 */
#ifndef TVT_SWITCH_H
#define TVT_SWITCH_H

#include <stdint.h>

struct tvt__task;

struct tvt__context {
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(TVT_UCONTEXT)
	uintptr_t sp, pc, fp; /* offsets 0, 8, 16: gdb/tvt.py knows them too */
#else
	void *saved; /* ucontext_t */
#endif
};

_Noreturn void tvt__task_main(struct tvt__task *t);

#if defined(__x86_64__) && !defined(TVT_UCONTEXT)

#if defined(__CET__) && (__CET__ & 1)
#define LANDING "endbr64\n\t"
#else
#define LANDING ""
#endif

static inline __attribute__((always_inline)) void tvt__switch(
	struct tvt__context *from, struct tvt__context *to)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "movq %%rsp, 0(%[from])\n\t"
			 "movq %%rax, 8(%[from])\n\t"
			 "movq %%rbp, 16(%[from])\n\t"
			 "movq 0(%[to]), %%rsp\n\t"
			 "movq 16(%[to]), %%rbp\n\t"
			 "jmpq *8(%[to])\n\t"
			 "1: " LANDING
			 : [to] "+D"(to), [from] "+S"(from)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
			 "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			 "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			 "xmm15", "st", "mm0", "memory", "cc");
}

/* top is 16-byte aligned; a function begins 8 below that, at its return address. */
static inline void tvt__switch_new(struct tvt__context *c, char *low, char *top)
{
	uintptr_t *sp = (uintptr_t *)top - 1;

	*sp = 0;
	*c = (struct tvt__context){(uintptr_t)sp, (uintptr_t)tvt__task_main, 0};
}

#elif defined(__aarch64__) && !defined(TVT_UCONTEXT)

static inline __attribute__((always_inline)) void tvt__switch(
	struct tvt__context *from, struct tvt__context *to)
{
	register struct tvt__context *x0 __asm__("x0") = to;
	register struct tvt__context *x1 __asm__("x1") = from;

	__asm__ volatile("mov x2, sp\n\t"
			 "adr x3, 1f\n\t"
			 "stp x2, x3, [x1]\n\t"
			 "str x29, [x1, #16]\n\t"
			 "ldp x2, x3, [x0]\n\t"
			 "ldr x29, [x0, #16]\n\t"
			 "mov sp, x2\n\t"
			 "mov x30, xzr\n\t"
			 "br x3\n"
			 "1: hint #36\n\t" /* bti j */
			 : "+r"(x0), "+r"(x1)
			 :
			 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
			 "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22",
			 "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3",
			 "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
			 "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
			 "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory", "cc");
}

static inline void tvt__switch_new(struct tvt__context *c, char *low, char *top)
{
	*c = (struct tvt__context){(uintptr_t)top, (uintptr_t)tvt__task_main, 0};
}

#else

#include <ucontext.h>

static inline void tvt__switch(struct tvt__context *from, struct tvt__context *to)
{
	ucontext_t here;

	from->saved = &here;
	swapcontext(&here, to->saved);
}

static void tvt__switch_entry(unsigned high, unsigned low) /* makecontext passes ints only */
{
	tvt__task_main((struct tvt__task *)((uintptr_t)high << 16 << 16 | low));
}

/* The context is the task's first field, and its ucontext_t lies below it on its stack. */
static inline void tvt__switch_new(struct tvt__context *c, char *low, char *top)
{
	ucontext_t *u = (ucontext_t *)((uintptr_t)(top - sizeof *u) & ~(uintptr_t)63);

	getcontext(u);
	u->uc_stack.ss_sp = low;
	u->uc_stack.ss_size = (size_t)((char *)u - low);
	u->uc_link = NULL;
	makecontext(u, (void (*)(void))tvt__switch_entry, 2, (unsigned)((uintptr_t)c >> 16 >> 16),
		(unsigned)(uintptr_t)c);
	c->saved = u;
}

#endif
#endif
