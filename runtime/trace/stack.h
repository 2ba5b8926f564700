/* stack.h - raw stacks to symbolised ones, and what they say about the loop they were in. Inside of
 * the reader. */
#ifndef TVT_TRACE_STACK_H
#define TVT_TRACE_STACK_H

#include "base/base.h"
#include "runtime/trace/format.h"
#include "runtime/trace/symbol.h"
#include "runtime/trace/tracefile.h"

/* One return address, symbolised once and shared. A stack is an array of indexes of these. */
struct code {
	uint32_t module; /* of symbols; NONE for code that is in no object */
	uint64_t addr;	 /* in the object's file */
	bool exact;	 /* where it stood, not a return address */
	bool indirect;	 /* its call goes through a pointer */
	struct tracefile_frame *frames;
	uint32_t nframe;
	const char *function; /* name of the concrete function: identity within module; or NULL */
};

struct stacks {
	struct arena *arena;
	struct symbols *syms;
	struct map ids; /* hash of (module, addr, exact) to index */
	VEC(struct code) code;
};

/* Where the objects of one process were mapped. */
struct image {
	const struct trace_module *module;
	uint32_t n;
	uint32_t id[TRACE_MODULES]; /* of symbols; NONE: unusable */
	uint32_t exe;		    /* of symbols; NONE */
};

void image_init(struct image *im, struct stacks *s, const struct trace_file *f);

/* "name", "name+0x10", "object+0x1234" or the bare address. */
const char *image_name(const struct image *im, struct stacks *s, uint64_t addr, uint64_t when);

/* Fills stack[TRACE_FRAMES] from n raw frames as they were mapped at a time. Returns how many.
 * exact: the first is no return address. */
uint32_t stack_resolve(struct stacks *s, const struct image *im, const uint64_t *frame, uint32_t n,
	uint64_t when, bool exact, uint32_t *stack);

/* The same with inlined functions as frames of their own. */
struct tracefile_frame *stack_expand(
	const struct stacks *s, const uint32_t *stack, uint32_t n, uint32_t *nframe);

/* How a stack relates to the loop whose wait has the stack `wait`. */
struct in_loop {
	uint32_t loop;	   /* expanded index of the function that runs the loop; NONE: unknown */
	uint32_t callback; /* of the first function outside the loop; NONE: unknown */
	bool dispatched; /* a call through a pointer leads from the loop there, or it is unknown */
	bool in_library; /* the loop is in a shared library, and this stack goes through it */
};
struct in_loop stack_in_loop(const struct stacks *s, const struct image *im, const uint32_t *stack,
	uint32_t n, const uint32_t *wait, uint32_t nwait);

/* The frame that shows the user's source best, up to frame `last`: the innermost with a line that
 * is not of the C library, but no caller of code without lines in the same object. */
uint32_t stack_site(const struct tracefile_frame *frames, uint32_t n, uint32_t last);

#endif
