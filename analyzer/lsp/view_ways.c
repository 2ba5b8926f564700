/* view_ways.c - entries, and the functions between them and what blocks.
 *
 * A function is on a way if it runs in a task and calls, through others that do, something that may
 * block there. Edges known by type alone do not count.
 */
#include "lsp/view_int.h"

#include "solve/solve.h"

enum { SHOWN = 6 };

struct ways {
	struct maker *m;
	const struct program *p;
	const struct facts *f;
	struct bits task;    /* functions that run in a task */
	struct bits blocks;  /* of these, which reach a blocking call */
	struct bits wanted;  /* that become a vfn */
	uint32_t *first;     /* per function: its first block site in a task, chained by next */
	uint32_t *next;	     /* per block site */
	uint32_t *entry_of, *entry_next; /* the same for entries */
	uint32_t *id;	     /* per function: in vfns */
	uint32_t *queue;     /* of a search */
};

static const char *const ctx_phrase[CTX_COUNT] = {
	[CTX_LOOP] = "task on",
	[CTX_TIMER] = "timer task on",
	[CTX_COROUTINE] = "coroutine on",
	[CTX_POOL] = "job on a pool of threads",
	[CTX_THREAD] = "thread of its own",
	[CTX_SIGNAL] = "signal handler",
	[CTX_ISR] = "nothing here may wait",
	[CTX_CHILD] = "in a forked child",
	[CTX_SHUTDOWN] = "at exit",
};

static bool counts(const struct block_site *b)
{
	return b->group == GROUP_TASK && b->category != CAT_CPU && b->category != CAT_LOOP && !b->by_type && !b->far &&
	       !(b->category == CAT_LOCK && b->severity != SEV_HIGH);
}

static bool strong(const struct ways *w, const struct edge *e)
{
	return e->why != EDGE_TYPE && bits_get(&w->task, e->callee);
}

/* Which functions reach a block site, from the sites up. */
static void find_blocking(struct ways *w)
{
	uint32_t head = 0, tail = 0;

	for (uint32_t i = w->f->nblock; i--;) {
		const struct block_site *b = &w->f->blocks[i];

		if (!counts(b))
			continue;
		w->next[i] = w->first[b->fn];
		w->first[b->fn] = i;
		if (!bits_get(&w->blocks, b->fn)) {
			bits_set(&w->blocks, b->fn);
			w->queue[tail++] = b->fn;
		}
	}
	while (head < tail) {
		uint32_t fn = w->queue[head++];

		for (uint32_t i = w->p->in[fn]; i < w->p->in[fn + 1]; i++) {
			const struct edge *e = &w->p->edges[w->p->in_edges[i]];

			if (!strong(w, e) || !bits_get(&w->task, e->caller) || bits_get(&w->blocks, e->caller))
				continue;
			bits_set(&w->blocks, e->caller);
			w->queue[tail++] = e->caller;
		}
	}
}

/* ---- words ---- */

static void put_context(struct sb *out, const struct ways *w, const struct entry *e)
{
	sb_puts(out, ctx_phrase[e->ctx]);
	if (e->ctx != CTX_LOOP && e->ctx != CTX_TIMER && e->ctx != CTX_COROUTINE)
		return;
	if (e->head == NONE && *e->library)
		sb_printf(out, " the %s loop", e->library);
	else
		sb_puts(out, e->head != NONE ? " this event loop" : " the event loop");
}

/* Each context, and how it comes about. */
static uint32_t runs(struct ways *w, uint32_t fn)
{
	struct sb b = {0};
	uint32_t shown = 0;

	for (uint32_t i = w->entry_of[fn]; i != NONE; i = w->entry_next[i]) {
		const struct entry *e = &w->f->entries[i];

		if (!ctx_phrase[e->ctx] || shown++ >= SHOWN)
			continue;
		sb_puts(&b, "\n\n");
		put_context(&b, w, e);
		if (e->model) {
			sb_puts(&b, ", registered by ");
			vm_md(&b, e->model->name);
		}
		if (e->site != NONE) {
			struct where at = vm_where(w->m, w->p->ir->ops[e->site].loc);

			sb_puts(&b, " at ");
			vm_link(w->m, &b, &at);
		}
	}
	if (shown > SHOWN)
		sb_printf(&b, "\n\nand in %u more ways", shown - SHOWN);
	return vm_take(w->m, &b);
}

/* ---- hints ---- */

static void add_hint(struct ways *w, uint32_t loc, uint32_t label, uint32_t tip)
{
	struct where at = vm_where(w->m, loc);
	uint32_t file = vm_file(w->m, at.file);

	if (file != NONE && label)
		vec_add(&w->m->hints, ((struct vhint){.file = file, .at = vm_range(w->m, &at).a, .label = label, .tip = tip}));
}

static const char *time_text(double s, char *buf, size_t n)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = {{60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "us"}};

	for (size_t i = 0; i < COUNT(units); i++)
		if (s >= units[i].unit * 0.9995 || i + 1 == COUNT(units)) {
			snprintf(buf, n, "%.3g %s", s / units[i].unit, units[i].name);
			break;
		}
	return buf;
}

static void add_hints(struct ways *w)
{
	char buf[40];

	for (uint32_t i = 0; i < w->f->nblock; i++) {
		const struct block_site *s = &w->f->blocks[i];
		struct sb b = {0};

		if (!counts(s))
			continue;
		if (s->clause->hi > 0)
			sb_printf(&b, "blocks ≤ %s", time_text(s->clause->hi, buf, sizeof buf));
		else
			sb_puts(&b, "may block");
		add_hint(w, w->p->ir->ops[s->site].loc, vm_take(w->m, &b), vm_str(w->m, category_phrase[s->category]));
	}
	for (uint32_t i = 0; i < w->f->nentry; i++) {
		const struct entry *e = &w->f->entries[i];
		const struct fn *fn = &w->p->ir->fns[e->fn];
		struct sb b = {0};

		/* the first context of a function speaks for it */
		if (!ctx_phrase[e->ctx] || w->entry_of[e->fn] != i || !fn_defined(w->p, e->fn))
			continue;
		put_context(&b, w, e);
		add_hint(w, e->head == NONE ? fn->loc : w->p->ir->blocks[fn->block + e->head].loc, vm_take(w->m, &b), 0);
	}
}

/* ---- functions and calls ---- */

static uint32_t leaf(const struct ways *w, const struct block_site *b)
{
	struct ref r = w->p->ir->ops[b->site].src;

	return r.kind == REF_FN ? r.id : NONE;
}

static void add_call(struct ways *w, uint32_t caller, uint32_t callee, uint32_t site, const struct block_site *b)
{
	struct where at = vm_where(w->m, w->p->ir->ops[site].loc);
	struct vcall c = {.caller = w->id[caller], .callee = callee == NONE ? NONE : w->id[callee]};

	c.file = vm_file(w->m, at.file);
	c.at = vm_range(w->m, &at);
	if (b) {
		c.name = vm_str(w->m, b->model->name);
		c.phrase = vm_str(w->m, category_phrase[b->category]);
	}
	vec_add(&w->m->calls, c);
}

static void add_calls(struct ways *w, uint32_t fn)
{
	struct vfn *v = &w->m->fns.v[w->id[fn]];

	v->out = w->m->calls.n;
	if (bits_get(&w->blocks, fn)) {
		for (uint32_t i = w->p->out[fn]; i != NONE && i < w->p->nedge && w->p->edges[i].caller == fn; i++)
			if (strong(w, &w->p->edges[i]) && bits_get(&w->blocks, w->p->edges[i].callee))
				add_call(w, fn, w->p->edges[i].callee, w->p->edges[i].site, NULL);
		for (uint32_t k = w->first[fn]; k != NONE; k = w->next[k])
			add_call(w, fn, leaf(w, &w->f->blocks[k]), w->f->blocks[k].site, &w->f->blocks[k]);
	}
	v->nout = w->m->calls.n - v->out;
}

static void add_ins(struct ways *w)
{
	struct maker *m = w->m;
	uint32_t *at;

	for (uint32_t i = 0; i < m->calls.n; i++)
		if (m->calls.v[i].callee != NONE)
			m->fns.v[m->calls.v[i].callee].nin++;
	for (uint32_t i = 0, sum = 0; i < m->fns.n; i++) {
		m->fns.v[i].in = sum;
		sum += m->fns.v[i].nin;
	}
	at = arena_alloc(m->mem, (m->fns.n + 1) * sizeof *at);
	for (uint32_t i = 0; i < m->calls.n; i++)
		vec_add(&m->ins, 0);
	for (uint32_t i = 0; i < m->calls.n; i++) {
		uint32_t callee = m->calls.v[i].callee;

		if (callee != NONE)
			m->ins.v[m->fns.v[callee].in + at[callee]++] = i;
	}
}

static void add_fns(struct ways *w)
{
	const struct program *p = w->p;

	/* by file and line, as fn_order is */
	for (uint32_t k = 0; k < p->ir->nfns; k++) {
		uint32_t fn = p->fn_order[k];
		struct where at;
		struct sb b = {0};
		struct vfn v = {0};

		if (!bits_get(&w->wanted, fn))
			continue;
		w->id[fn] = w->m->fns.n;
		at = vm_where(w->m, p->ir->fns[fn].loc);
		v.file = vm_file(w->m, at.file);
		v.at = vm_range(w->m, &at);
		v.name = vm_str(w->m, fn_name(p, fn));
		if (w->entry_of[fn] != NONE && ctx_phrase[w->f->entries[w->entry_of[fn]].ctx])
			put_context(&b, w, &w->f->entries[w->entry_of[fn]]);
		v.detail = vm_take(w->m, &b);
		v.runs = runs(w, fn);
		vec_add(&w->m->fns, v);
	}
	for (uint32_t k = 0; k < p->ir->nfns; k++)
		if (w->id[p->fn_order[k]] != NONE)
			add_calls(w, p->fn_order[k]);
	add_ins(w);
}

static uint32_t *nones(struct arena *a, uint32_t n)
{
	uint32_t *v = arena_alloc(a, (n + 1) * sizeof *v);

	memset(v, 0xFF, (n + 1) * sizeof *v);
	return v;
}

void vm_ways(struct maker *m)
{
	const struct program *p = m->in->a->p;
	const struct facts *f = m->in->a->f;
	uint32_t n = p->ir->nfns;
	struct ways w = {.m = m, .p = p, .f = f};

	w.task = bits_new(m->mem, n);
	w.blocks = bits_new(m->mem, n);
	w.wanted = bits_new(m->mem, n);
	w.first = nones(m->mem, n);
	w.next = nones(m->mem, f->nblock);
	w.entry_of = nones(m->mem, n);
	w.entry_next = nones(m->mem, f->nentry);
	w.id = nones(m->mem, n);
	w.queue = nones(m->mem, n);
	for (uint32_t i = 0; i < f->nvisit; i++)
		if (ctx_is_task(f->entries[f->visits[i].entry].ctx))
			bits_set(&w.task, f->visits[i].fn);
	for (uint32_t i = f->nentry; i--;) {
		uint32_t fn = f->entries[i].fn;

		w.entry_next[i] = w.entry_of[fn];
		w.entry_of[fn] = i;
		if (ctx_phrase[f->entries[i].ctx] && fn_defined(p, fn))
			bits_set(&w.wanted, fn);
	}
	find_blocking(&w);
	bits_or(&w.wanted, &w.blocks);
	for (uint32_t i = 0; i < f->nblock; i++)
		if (counts(&f->blocks[i]) && leaf(&w, &f->blocks[i]) != NONE)
			bits_set(&w.wanted, leaf(&w, &f->blocks[i]));
	add_fns(&w);
	add_hints(&w);
}
