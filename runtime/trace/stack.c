/* stack.c - symbolised stacks, and the parting of two of them: the function where a callback's
 * stack leaves the stack of its loop's wait is the one that runs the loop.
 */
#include "runtime/trace/stack.h"

static uint32_t find_code(struct stacks *s, uint32_t module, uint64_t addr, bool exact)
{
	struct tracefile_frame frames[32];
	uint32_t *slot = map_slot(&s->ids, hash_mix(hash_mix(module, addr), exact), s->code.n);
	struct code c = {.module = module, .addr = addr, .exact = exact, .nframe = 1};

	if (*slot < s->code.n)
		return *slot;
	if (module == NONE) {
		memset(frames, 0, sizeof *frames);
		frames[0].module = "";
		frames[0].addr = addr;
		c.indirect = !exact;
	} else {
		c.nframe = symbols_frames(
			s->syms, module, exact ? addr : addr - 1, frames, COUNT(frames));
		c.indirect = !exact && symbols_indirect(s->syms, module, addr);
	}
	frames[0].indirect = c.indirect; /* the others are "called" by being inlined */
	c.frames = arena_alloc(s->arena, c.nframe * sizeof *c.frames);
	memcpy(c.frames, frames, c.nframe * sizeof *c.frames);
	c.function = frames[c.nframe - 1].fn;
	vec_add(&s->code, c);
	return s->code.n - 1;
}

void image_init(struct image *im, struct stacks *s, const struct trace_file *f)
{
	im->module = f->module;
	im->n = f->h.nmodule < TRACE_MODULES ? f->h.nmodule : TRACE_MODULES;
	im->exe = NONE;
	for (uint32_t i = 0; i < im->n; i++) {
		const struct trace_module *m = &f->module[i];
		const char *path =
			arena_strndup(s->arena, m->path, strnlen(m->path, sizeof m->path));
		size_t nid = m->nbuild_id < sizeof m->build_id ? m->nbuild_id : sizeof m->build_id;

		im->id[i] = m->ready && path[0] ? symbols_module(s->syms, path, m->build_id, nid)
						: NONE;
	}
	if (im->n)
		im->exe = im->id[0];
}

/* Which entry of the image held an address at a time; NONE. */
static uint32_t entry_at(const struct image *im, uint64_t addr, uint64_t when)
{
	for (uint32_t i = 0; i < im->n; i++) {
		const struct trace_module *m = &im->module[i];

		if (im->id[i] != NONE && addr >= m->lo && addr < m->hi && (!m->to || when <= m->to))
			return i;
	}
	return NONE;
}

const char *image_name(const struct image *im, struct stacks *s, uint64_t addr, uint64_t when)
{
	uint32_t i = entry_at(im, addr, when);
	const struct trace_module *m;
	const char *name;

	if (i == NONE)
		return arena_printf(s->arena, "0x%llx", (unsigned long long)addr);
	m = &im->module[i];
	name = symbols_name(s->syms, im->id[i], addr - m->base);
	if (name)
		return name;
	return arena_printf(s->arena, "%s+0x%llx",
		path_base(arena_strndup(s->arena, m->path, strnlen(m->path, sizeof m->path))),
		(unsigned long long)(addr - m->base));
}

uint32_t stack_resolve(struct stacks *s, const struct image *im, const uint64_t *frame, uint32_t n,
	uint64_t when, bool exact, uint32_t *stack)
{
	n = n < TRACE_FRAMES ? n : TRACE_FRAMES;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t m = entry_at(im, frame[i], when);
		uint64_t base = m == NONE ? 0 : im->module[m].base;

		stack[i] = find_code(
			s, m == NONE ? NONE : im->id[m], frame[i] - base, exact && i == 0);
	}
	return n;
}

struct tracefile_frame *stack_expand(
	const struct stacks *s, const uint32_t *stack, uint32_t n, uint32_t *nframe)
{
	struct tracefile_frame *frames;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		k += s->code.v[stack[i]].nframe;
	frames = arena_alloc(s->arena, (k + !k) * sizeof *frames);
	*nframe = k;
	k = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct code *c = &s->code.v[stack[i]];

		memcpy(frames + k, c->frames, c->nframe * sizeof *frames);
		k += c->nframe;
	}
	return frames;
}

/* Index in the expanded stack of the concrete function at stack[i]. */
static uint32_t expanded(const struct stacks *s, const uint32_t *stack, uint32_t i)
{
	uint32_t k = 0;

	for (uint32_t j = 0; j <= i; j++)
		k += s->code.v[stack[j]].nframe;
	return k - 1;
}

static bool same_function(const struct code *a, const struct code *b)
{
	if (a->module != b->module)
		return false;
	if (a->function && b->function)
		return strcmp(a->function, b->function) == 0;
	return !a->function && !b->function;
}

/* Walking inwards from the outermost frame, where the two stacks part. NONE if they have nothing in
 * common. */
static uint32_t parting(const struct stacks *s, const uint32_t *stack, uint32_t n,
	const uint32_t *wait, uint32_t nwait)
{
	uint32_t at = NONE;

	for (uint32_t k = 1; k <= n && k <= nwait; k++) {
		if (stack[n - k] == wait[nwait - k]) {
			at = n - k;
			continue;
		}
		if (same_function(&s->code.v[stack[n - k]], &s->code.v[wait[nwait - k]]))
			at = n - k;
		break;
	}
	return at;
}

struct in_loop stack_in_loop(const struct stacks *s, const struct image *im, const uint32_t *stack,
	uint32_t n, const uint32_t *wait, uint32_t nwait)
{
	struct in_loop r = {NONE, NONE, true, false};
	uint32_t loop = parting(s, stack, n, wait, nwait);
	uint32_t module = nwait ? s->code.v[wait[0]].module : NONE;

	if (loop == NONE)
		return r;
	r.loop = expanded(s, stack, loop);
	r.dispatched = false;
	for (uint32_t i = loop; i > 0; i--)
		r.dispatched |= s->code.v[stack[i]].indirect;
	r.in_library = module != im->exe && s->code.v[stack[loop]].module == module;
	for (uint32_t i = loop; i-- > 0;) {
		if (r.in_library && s->code.v[stack[i]].module == module)
			continue;
		r.callback = expanded(s, stack, i);
		break;
	}
	return r;
}

/* Not the user's: the C library and its loader, the kernel, the tracer itself. */
static bool of_system(const char *module)
{
	static const char *const names[] = {"libc.so", "libc-", "libpthread", "ld-linux", "libm.so",
		"libtvt-trace", "linux-vdso"};
	const char *base = path_base(module);

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_starts(base, names[i]))
			return true;
	return false;
}

uint32_t stack_site(const struct tracefile_frame *frames, uint32_t n, uint32_t last)
{
	uint32_t first = NONE;

	for (uint32_t i = 0; i < n && i <= last; i++) {
		const struct tracefile_frame *f = &frames[i];

		if (of_system(f->module))
			continue;
		if (first == NONE)
			first = i;
		/* Parts of a program may lack lines: what lies deeper in it says more. */
		for (uint32_t k = first; f->line && k < i; k++)
			if (strcmp(frames[k].module, f->module) == 0)
				return first;
		if (f->file && f->line)
			return i;
	}
	return first == NONE ? 0 : first;
}
