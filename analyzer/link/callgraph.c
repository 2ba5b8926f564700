/* callgraph.c - orders and indexes over the call edges, and the program's text form.
 *
 * Strongly connected components: Tarjan, "Depth-First Search and Linear Graph Algorithms", with an explicit
 * stack. Components are numbered callees first, so that a bottom-up summary is one loop over them.
 *
 * needs: program.ir, edges      gives: out, in, site_edge, scc, fn_order
 */
#include "link/link_int.h"

#include <stdlib.h>

const char *const edge_word[EDGE_COUNT] = {
#define EDGE(name, word, phrase) word,
	EDGES(EDGE)
#undef EDGE
};

static void index_edges(struct program *p)
{
	uint32_t nfn = p->ir->nfns;

	p->out = arena_alloc(p->mem, (nfn + 2) * sizeof *p->out);
	p->in = arena_alloc(p->mem, (nfn + 2) * sizeof *p->in);
	p->in_edges = arena_alloc(p->mem, (p->nedge + 1) * sizeof *p->in_edges);
	p->site_edge = arena_alloc(p->mem, (p->ir->nops + 1) * sizeof *p->site_edge);
	memset(p->site_edge, 0xff, (p->ir->nops + 1) * sizeof *p->site_edge);
	for (uint32_t i = p->nedge; i-- > 0;)
		p->site_edge[p->edges[i].site] = i;
	/* edges are sorted by site; a function's ops lie together, so its edges do too */
	memset(p->out, 0xff, (nfn + 2) * sizeof *p->out);
	for (uint32_t i = p->nedge; i-- > 0;)
		p->out[p->edges[i].caller] = i;
	for (uint32_t i = 0; i < p->nedge; i++)
		p->in[p->edges[i].callee + 2]++;
	for (uint32_t f = 0; f < nfn; f++)
		p->in[f + 2] += p->in[f + 1];
	for (uint32_t i = 0; i < p->nedge; i++)
		p->in_edges[p->in[p->edges[i].callee + 1]++] = i;
}

struct frame {
	uint32_t fn, edge;
};

static void components(struct program *p)
{
	uint32_t n = p->ir->nfns, clock = 0;
	uint32_t *order = xcalloc(n + 1, sizeof *order), *low = xcalloc(n + 1, sizeof *low);
	bool *on = xcalloc(n + 1, 1);
	VEC(struct frame) calls = {0};
	VEC(uint32_t) stack = {0};

	p->scc = arena_alloc(p->mem, (n + 1) * sizeof *p->scc);
	for (uint32_t root = 0; root < n; root++) {
		if (order[root])
			continue;
		vec_add(&calls, ((struct frame){root, 0}));
		while (calls.n) {
			struct frame *fr = &calls.v[calls.n - 1];
			uint32_t f = fr->fn;
			if (!order[f]) {
				order[f] = low[f] = ++clock;
				vec_add(&stack, f);
				on[f] = true;
				fr->edge = p->out[f];
			}
			uint32_t e = fr->edge;
			if (e != NONE && e < p->nedge && p->edges[e].caller == f) {
				uint32_t to = p->edges[e].callee;
				if (!order[to]) {
					vec_add(&calls, ((struct frame){to, 0}));
					continue; /* this edge is looked at again when it is done */
				}
				if (on[to] && low[to] < low[f])
					low[f] = low[to];
				fr->edge++;
				continue;
			}
			if (low[f] == order[f]) {
				for (uint32_t top = NONE; top != f;) {
					top = stack.v[--stack.n];
					on[top] = false;
					p->scc[top] = p->nscc;
				}
				p->nscc++;
			}
			calls.n--;
		}
	}
	uint32_t *count = xcalloc(p->nscc + 2, sizeof *count);
	p->bottom_up = arena_alloc(p->mem, (n + 1) * sizeof *p->bottom_up);
	for (uint32_t f = 0; f < n; f++)
		count[p->scc[f] + 1]++;
	for (uint32_t c = 0; c < p->nscc; c++)
		count[c + 1] += count[c];
	for (uint32_t f = 0; f < n; f++)
		p->bottom_up[count[p->scc[f]]++] = f;
	free(count);
	free(order);
	free(low);
	free(on);
	vec_free(&calls);
	vec_free(&stack);
}

static int by_place(const void *x, const void *y, void *ctx)
{
	const struct ir *ir = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	const struct fn *f = &ir->fns[a], *g = &ir->fns[b];
	const struct loc *l = f->loc == NONE ? NULL : &ir->locs[f->loc];
	const struct loc *m = g->loc == NONE ? NULL : &ir->locs[g->loc];
	if (!l || !m || l->file == NONE || m->file == NONE) {
		bool lf = l && l->file != NONE, mf = m && m->file != NONE;
		if (lf != mf)
			return lf ? -1 : 1;
	} else {
		int d = strcmp(ir_text_of(ir, ir->files[l->file].path),
			ir_text_of(ir, ir->files[m->file].path));
		if (d)
			return d;
		if (l->line != m->line)
			return l->line < m->line ? -1 : 1;
	}
	int d = strcmp(ir_text_of(ir, f->key), ir_text_of(ir, g->key));
	return d ? d : a < b ? -1 : a > b;
}

void link_order(struct program *p)
{
	uint32_t n = p->ir->nfns;

	index_edges(p);
	components(p);
	p->op_block = arena_alloc(p->mem, (p->ir->nops + 1) * sizeof *p->op_block);
	for (uint32_t f = 0; f < n; f++) {
		const struct fn *fn = &p->ir->fns[f];
		for (uint32_t b = 0; b < fn->nblock; b++) {
			const struct block *bl = &p->ir->blocks[fn->block + b];
			for (uint32_t o = 0; o < bl->nop; o++)
				p->op_block[bl->op + o] = b;
		}
	}
	p->fn_order = arena_alloc(p->mem, (n + 1) * sizeof *p->fn_order);
	for (uint32_t f = 0; f < n; f++)
		p->fn_order[f] = f;
	qsort_r(p->fn_order, n, sizeof *p->fn_order, by_place, p->ir);
	p->cfgs = arena_alloc(p->mem, (n + 1) * sizeof(struct cfg *));
}

struct program *link_units(const struct ir *const *units, uint32_t n)
{
	const struct ir **have = xmalloc((n + 1) * sizeof *have);
	uint32_t nhave = 0;

	for (uint32_t i = 0; i < n; i++)
		if (units[i])
			have[nhave++] = units[i];
	struct arena *mem = arena_new();
	struct program *p = arena_alloc(mem, sizeof *p);
	p->mem = mem;
	p->ir = link_merge(have, nhave);
	free(have);
	p->op_fn = arena_alloc(mem, (p->ir->nops + 1) * sizeof *p->op_fn);
	for (uint32_t f = 0; f < p->ir->nfns; f++)
		for (uint32_t o = 0; o < p->ir->fns[f].nop; o++)
			p->op_fn[p->ir->fns[f].op + o] = f;
	link_calls(p);
	link_order(p);
	return p;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	ir_free(p->ir);
	arena_free(p->mem);
}

const struct cfg *program_cfg(const struct program *p, uint32_t fn)
{
	if (!p->cfgs[fn])
		p->cfgs[fn] = cfg_build(p->ir, fn, p->mem);
	return p->cfgs[fn];
}

uint32_t program_find(const struct program *p, const char *name, uint32_t *fns, uint32_t max)
{
	uint32_t n = 0;
	for (int defined = 1; defined >= 0; defined--)
		for (uint32_t i = 0; i < p->ir->nfns && n < max; i++) {
			uint32_t f = p->fn_order[i];
			if (fn_defined(p, f) == defined && !strcmp(fn_name(p, f), name))
				fns[n++] = f;
		}
	return n;
}

const char *program_check(const struct program *p, struct arena *a)
{
	const char *bad = ir_check(p->ir, a);
	if (*bad)
		return bad;
	for (uint32_t i = 0; i < p->nedge; i++) {
		const struct edge *e = &p->edges[i];
		uint8_t kind = p->ir->ops[e->site].kind;
		if (kind != OP_CALL && kind != OP_ICALL)
			return arena_printf(a, "edge %u: op %u is no call", i, e->site);
		if (p->op_fn[e->site] != e->caller)
			return arena_printf(a, "edge %u: site is not in its caller", i);
		if (i && (p->edges[i - 1].site > e->site ||
				 (p->edges[i - 1].site == e->site && p->edges[i - 1].callee >= e->callee)))
			return arena_printf(a, "edge %u: not sorted", i);
	}
	return "";
}

void program_dump(const struct program *p, struct sb *out, const char *only)
{
	const struct ir *ir = p->ir;

	if (!only)
		sb_printf(out, "%u functions, %u call sites: %u direct, %u indirect (%u by type only, %u unresolved)\n",
			ir->nfns, p->ncall + p->nicall, p->ncall, p->nicall, p->nby_type, p->nunresolved);
	for (uint32_t i = 0; i < ir->nfns; i++) {
		uint32_t f = p->fn_order[i];
		if (!fn_defined(p, f) || (only && strcmp(only, fn_name(p, f))))
			continue;
		const struct loc *l = ir->fns[f].loc == NONE ? NULL : &ir->locs[ir->fns[f].loc];
		sb_printf(out, "%s", fn_name(p, f));
		if (l && l->file != NONE)
			sb_printf(out, "  %s:%u", ir_text_of(ir, ir->files[l->file].path), l->line);
		sb_puts(out, "\n");
		for (uint32_t e = p->out[f]; e != NONE && e < p->nedge && p->edges[e].caller == f; e++) {
			const struct edge *ed = &p->edges[e];
			const char *via = "";
			if ((ed->why == EDGE_FIELD || ed->why == EDGE_TABLE) && ed->via != NONE)
				via = ir_text_of(ir, ir->fields[ed->via].name);
			sb_printf(out, "\t%u: %s %s%s%s\n", ir->locs[ir->ops[ed->site].loc].line, edge_word[ed->why],
				fn_name(p, ed->callee), *via ? " via " : "", via);
		}
		if (only)
			ir_print_fn(ir, f, out);
	}
}
