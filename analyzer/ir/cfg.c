/* cfg.c - control flow of one function: order, dominators, components, loops.
 *
 * Nothing recurses and nothing is quadratic, as functions come with 10^5 blocks.
 *
 * Dominators: Lengauer, Tarjan, "A Fast Algorithm for Finding Dominators in a Flowgraph", 1979, the
 * simple version. (Cooper, Harvey and Kennedy's iteration is shorter, but quadratic when every
 * block may jump to one common exit, as C functions do.) Post-dominators are the dominators of the
 * reversed graph from a virtual exit behind every block without successors. An infinite loop never
 * gets there; so the exit is also put behind the first block of each component that has no way out.
 *
 * Components: Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972.
 *
 * Loops: an edge t -> h is a back edge if h dominates t; the natural loop of h is h and what
 * reaches the tails of its back edges without passing h. Cycles with two entries have no back edge
 * and are left out. Heads are taken from the innermost out, and a loop that was found is one node
 * in the search for the next: each block and each loop is looked at once (Havlak, "Nesting of
 * Reducible and Irreducible Loops", 1997, with the irreducible ones left out).
 */
#include "ir/ir_int.h"

#include <assert.h>

/* The neighbours of i are to[first[i] .. first[i + 1]). */
struct graph {
	uint32_t n;
	uint32_t *first, *to;
};

/* Working memory of one step of a build; the next one starts over. */
struct words {
	uint32_t *w;
	size_t n, cap;
};

static uint32_t *words(struct words *t, size_t n)
{
	uint32_t *p = t->w + t->n;

	t->n += n;
	assert(t->n <= t->cap);
	return p;
}

static uint32_t *words_none(struct words *t, size_t n)
{
	return memset(words(t, n), 0xFF, n * sizeof(uint32_t));
}

static uint32_t *array(struct arena *a, size_t n)
{
	return arena_alloc(a, n * sizeof(uint32_t));
}

static uint32_t *array_none(struct arena *a, size_t n)
{
	return memset(array(a, n), 0xFF, n * sizeof(uint32_t));
}

/* ---- graphs ---- */

static struct graph successors(
	const struct ir *ir, const struct fn *fn, struct words *t, struct arena *a)
{
	struct graph g = {.n = fn->nblock};
	uint32_t *seen = words_none(t, g.n), at = 0;
	size_t total = 0;

	for (uint32_t i = 0; i < g.n; i++)
		total += ir->blocks[fn->block + i].nsucc;
	g.first = array(a, (size_t)g.n + 1);
	g.to = array(a, total);
	for (uint32_t i = 0; i < g.n; i++) {
		const struct block *b = &ir->blocks[fn->block + i];

		g.first[i] = at;
		for (uint32_t k = 0; k < b->nsucc; k++) {
			uint32_t s = ir->succs[b->succ + k].block;

			if (seen[s] == i)
				continue;
			seen[s] = i;
			g.to[at++] = s;
		}
	}
	g.first[g.n] = at;
	return g;
}

/* first and to are given: first has g->n + 1 zeros. */
static void reverse(const struct graph *g, struct graph *r, struct words *t)
{
	uint32_t *at = words(t, g->n);

	r->n = g->n;
	for (uint32_t i = 0; i < g->first[g->n]; i++)
		r->first[g->to[i] + 1]++;
	for (uint32_t i = 0; i < g->n; i++) {
		r->first[i + 1] += r->first[i];
		at[i] = r->first[i];
	}
	for (uint32_t i = 0; i < g->n; i++)
		for (uint32_t k = g->first[i]; k < g->first[i + 1]; k++)
			r->to[at[g->to[k]]++] = i;
}

static void neighbours(const struct graph *g, uint32_t **count, uint32_t ***list, struct arena *a)
{
	*count = array(a, g->n);
	*list = arena_alloc(a, g->n * sizeof **list);
	for (uint32_t i = 0; i < g->n; i++) {
		(*count)[i] = g->first[i + 1] - g->first[i];
		(*list)[i] = g->to + g->first[i];
	}
}

/* Reverse post-order from the entry. Successors are taken from the last to the first, so that the
 * first one follows its block. */
static void order_blocks(struct cfg *g, const struct graph *succ, struct words *t, struct arena *a)
{
	uint32_t *stack = words(t, g->n), *left = words(t, g->n), *post = words(t, g->n);
	uint32_t depth = 1, n = 0;

	g->order = array_none(a, g->n);
	stack[0] = 0;
	g->order[0] = 0;
	left[0] = succ->first[1];
	while (depth) {
		uint32_t b = stack[depth - 1];

		if (left[b] == succ->first[b]) {
			post[n++] = b;
			depth--;
			continue;
		}
		b = succ->to[--left[b]];
		if (g->order[b] != NONE)
			continue;
		g->order[b] = 0;
		left[b] = succ->first[b + 1];
		stack[depth++] = b;
	}
	g->rpo = array(a, n);
	g->nrpo = n;
	for (uint32_t i = 0; i < n; i++) {
		g->rpo[i] = post[n - 1 - i];
		g->order[g->rpo[i]] = i;
	}
}

/* ---- dominators ---- */

/* Nodes by their number in depth-first preorder, the root 0. */
struct lt {
	uint32_t n;
	uint32_t *node, *parent;
	uint32_t *semi, *label,
		*anc; /* anc: in the forest of nodes dealt with; NONE for its roots */
	uint32_t *stack;
};

static void number_nodes(
	struct lt *l, const struct graph *fwd, uint32_t root, uint32_t *num, struct words *t)
{
	uint32_t *next = words(t, fwd->n), depth = 1;

	num[root] = 0;
	l->node[0] = root;
	l->n = 1;
	next[root] = fwd->first[root];
	l->stack[0] = root;
	while (depth) {
		uint32_t b = l->stack[depth - 1], s;

		if (next[b] == fwd->first[b + 1]) {
			depth--;
			continue;
		}
		s = fwd->to[next[b]++];
		if (num[s] != NONE)
			continue;
		num[s] = l->n;
		l->node[l->n] = s;
		l->parent[l->n] = num[b];
		l->n++;
		next[s] = fwd->first[s];
		l->stack[depth++] = s;
	}
}

/* The node with the least semidominator between v and the root of its tree; halves the way for
 * later. */
static uint32_t eval(struct lt *l, uint32_t v)
{
	uint32_t depth = 0, x = v;

	if (l->anc[v] == NONE)
		return v;
	while (l->anc[l->anc[x]] != NONE) {
		l->stack[depth++] = x;
		x = l->anc[x];
	}
	while (depth) {
		uint32_t y = l->stack[--depth], p = l->anc[y];

		if (l->semi[l->label[p]] < l->semi[l->label[y]])
			l->label[y] = l->label[p];
		l->anc[y] = l->anc[p];
	}
	return l->label[v];
}

/* The tree as nested intervals: i is below d if in[d] <= in[i] < out[d]. Parents come before
 * children. */
static void intervals(
	const struct lt *l, const uint32_t *dom, struct words *t, uint32_t *in, uint32_t *out)
{
	uint32_t *size = words(t, l->n), *next = words(t, l->n);

	for (uint32_t i = 0; i < l->n; i++)
		size[i] = 1;
	for (uint32_t i = l->n; i-- > 1;)
		size[dom[i]] += size[i];
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t at = 0;

		if (i) {
			at = next[dom[i]];
			next[dom[i]] += size[i];
		}
		next[i] = at + 1;
		in[l->node[i]] = at;
		out[l->node[i]] = at + size[i];
	}
}

static void dominators(const struct graph *fwd, const struct graph *back, uint32_t root,
	struct words *t, uint32_t *idom, uint32_t *in, uint32_t *out)
{
	uint32_t n = fwd->n;
	struct lt l = {.node = words(t, n),
		.parent = words(t, n),
		.semi = words(t, n),
		.label = words(t, n),
		.anc = words_none(t, n),
		.stack = words(t, n)};
	uint32_t *num = words_none(t, n), *dom = words(t, n);
	uint32_t *bucket = words_none(t, n), *chain = words(t, n);

	number_nodes(&l, fwd, root, num, t);
	for (uint32_t i = 0; i < l.n; i++)
		l.semi[i] = l.label[i] = i;
	for (uint32_t i = l.n; i-- > 1;) {
		uint32_t b = l.node[i], p = l.parent[i];

		for (uint32_t k = back->first[b]; k < back->first[b + 1]; k++) {
			uint32_t v = num[back->to[k]], u;

			if (v == NONE)
				continue;
			u = eval(&l, v);
			if (l.semi[u] < l.semi[i])
				l.semi[i] = l.semi[u];
		}
		chain[i] = bucket[l.semi[i]];
		bucket[l.semi[i]] = i;
		l.anc[i] = p;
		for (uint32_t v = bucket[p]; v != NONE; v = chain[v]) {
			uint32_t u = eval(&l, v);

			dom[v] = l.semi[u] < l.semi[v] ? u : p;
		}
		bucket[p] = NONE;
	}
	dom[0] = 0;
	for (uint32_t i = 1; i < l.n; i++) {
		if (dom[i] != l.semi[i])
			dom[i] = dom[dom[i]];
		idom[l.node[i]] = l.node[dom[i]];
	}
	intervals(&l, dom, t, in, out);
}

/* ---- components ---- */

static void components(struct cfg *g, const struct graph *succ, struct words *t, struct arena *a)
{
	uint32_t n = g->n, *num = words_none(t, n), *low = words(t, n), *next = words(t, n);
	uint32_t *call = words(t, n), *stack = words(t, n); /* of the walk; of open nodes */
	uint32_t count = 0, nscc = 0, depth = 0, nopen = 0;

	g->scc = array_none(a, n);
	for (uint32_t root = 0; root < n; root++) {
		if (num[root] != NONE)
			continue;
		call[depth++] = root;
		while (depth) {
			uint32_t b = call[depth - 1];

			if (num[b] == NONE) {
				num[b] = low[b] = count++;
				next[b] = succ->first[b];
				stack[nopen++] = b;
			}
			if (next[b] < succ->first[b + 1]) {
				uint32_t s = succ->to[next[b]++];

				if (num[s] == NONE)
					call[depth++] = s;
				else if (g->scc[s] == NONE && num[s] < low[b])
					low[b] = num[s];
				continue;
			}
			depth--;
			if (depth && low[b] < low[call[depth - 1]])
				low[call[depth - 1]] = low[b];
			if (low[b] != num[b])
				continue;
			do
				g->scc[stack[--nopen]] = nscc;
			while (stack[nopen] != b);
			nscc++;
		}
	}
}

/* The blocks before the virtual exit: those without successors, and the first one of each component
 * that cannot be left. Returns how many. */
static uint32_t last_blocks(
	const struct cfg *g, const struct graph *succ, struct words *t, uint32_t *last)
{
	uint32_t *leaves = words(t, g->n), n = 0;

	memset(leaves, 0, g->n * sizeof *leaves);
	for (uint32_t i = 0; i < g->n; i++)
		for (uint32_t k = succ->first[i]; k < succ->first[i + 1]; k++)
			if (g->scc[succ->to[k]] != g->scc[i])
				leaves[g->scc[i]] = 1;
	for (uint32_t i = 0; i < g->nrpo; i++) {
		if (leaves[g->scc[g->rpo[i]]])
			continue;
		leaves[g->scc[g->rpo[i]]] = 1;
		last[n++] = g->rpo[i];
	}
	for (uint32_t i = 0; i < g->n; i++) { /* unreachable ones */
		if (leaves[g->scc[i]])
			continue;
		leaves[g->scc[i]] = 1;
		last[n++] = i;
	}
	return n;
}

static void post_dominators(
	struct cfg *g, const struct graph *succ, struct words *t, struct arena *a)
{
	uint32_t n = g->n, nedge = succ->first[n], *last = words(t, n);
	uint32_t nlast = last_blocks(g, succ, t, last), at = 0, k = 0;
	struct graph to_exit = {
		.n = n + 1, .first = words(t, (size_t)n + 2), .to = words(t, (size_t)nedge + n)};
	struct graph from_exit = {
		.first = words(t, (size_t)n + 2), .to = words(t, (size_t)nedge + n)};
	uint32_t *is_last = words(t, n);

	memset(is_last, 0, n * sizeof *is_last);
	for (k = 0; k < nlast; k++)
		is_last[last[k]] = 1;
	for (uint32_t i = 0; i < n; i++) {
		to_exit.first[i] = at;
		for (k = succ->first[i]; k < succ->first[i + 1]; k++)
			to_exit.to[at++] = succ->to[k];
		if (is_last[i])
			to_exit.to[at++] = n;
	}
	to_exit.first[n] = to_exit.first[n + 1] = at;
	memset(from_exit.first, 0, ((size_t)n + 2) * sizeof *from_exit.first);
	reverse(&to_exit, &from_exit, t);
	g->ipdom = array_none(a, (size_t)n + 1);
	g->pdom_in = array_none(a, (size_t)n + 1);
	g->pdom_out = array_none(a, (size_t)n + 1);
	dominators(&from_exit, &to_exit, n, t, g->ipdom, g->pdom_in, g->pdom_out);
	for (uint32_t i = 0; i < n; i++)
		if (g->ipdom[i] == n)
			g->ipdom[i] = NONE;
}

/* ---- loops ---- */

struct finder {
	struct cfg *g;
	uint32_t *outer; /* per loop found: one that encloses it, towards the outermost so far */
	uint32_t *head, *parent; /* per loop found; inner ones first */
	uint32_t nloop;
};

static uint32_t outermost(struct finder *f, uint32_t l)
{
	while (f->outer[l] != l) {
		f->outer[l] = f->outer[f->outer[l]];
		l = f->outer[l];
	}
	return l;
}

/* Adds b, or the outermost loop that has it, to loop l. Returns the block whose predecessors are
 * next, or NONE if it was in already. */
static uint32_t absorb(struct finder *f, uint32_t l, uint32_t b)
{
	uint32_t in = f->g->loop_of[b];

	if (in == NONE) {
		f->g->loop_of[b] = l;
		return b;
	}
	in = outermost(f, in);
	if (in == l)
		return NONE;
	f->outer[in] = l;
	f->parent[in] = l;
	return f->head[in];
}

static void find_loop(struct finder *f, uint32_t head, uint32_t *stack)
{
	struct cfg *g = f->g;
	uint32_t l = NONE, depth = 0;

	for (uint32_t k = 0; k < g->npred[head]; k++) {
		uint32_t tail = g->pred[head][k];

		if (g->order[tail] == NONE || !cfg_dominates(g, head, tail))
			continue;
		if (l == NONE) {
			l = f->nloop++;
			f->outer[l] = l;
			f->head[l] = head;
			f->parent[l] = NONE;
			g->loop_of[head] = l;
		}
		tail = absorb(f, l, tail);
		if (tail != NONE)
			stack[depth++] = tail;
	}
	while (depth) {
		uint32_t b = stack[--depth];

		for (uint32_t k = 0; k < g->npred[b]; k++) {
			uint32_t p = g->pred[b][k];

			p = g->order[p] == NONE ? NONE : absorb(f, l, p);
			if (p != NONE)
				stack[depth++] = p;
		}
	}
}

/* Puts the blocks of each loop side by side, so that loops are ranges of one list. */
static void list_blocks(struct cfg *g, struct words *t, struct arena *a)
{
	uint32_t *size = words(t, g->nloop), *own = words(t, g->nloop), *sub = words(t, g->nloop);
	uint32_t *list = array(a, g->nrpo), *at = array_none(a, g->n), total = 0;

	memset(own, 0, g->nloop * sizeof *own);
	for (uint32_t i = 0; i < g->nrpo; i++)
		if (g->loop_of[g->rpo[i]] != NONE)
			own[g->loop_of[g->rpo[i]]]++;
	memcpy(size, own, g->nloop * sizeof *own);
	for (uint32_t i = g->nloop; i-- > 0;)
		if (g->loops[i].parent != NONE)
			size[g->loops[i].parent] += size[i];
	for (uint32_t i = 0; i < g->nloop; i++) {
		struct loop *l = &g->loops[i];
		uint32_t *next = l->parent == NONE ? &total : &sub[l->parent];

		l->first = *next;
		l->blocks = list + l->first;
		l->nblock = size[i];
		l->at = at;
		*next += size[i];
		sub[i] = l->first + own[i]; /* inner loops go behind its own blocks */
		own[i] = l->first;
	}
	for (uint32_t i = 0; i < g->nrpo; i++) {
		uint32_t b = g->rpo[i], l = g->loop_of[b];

		if (l == NONE)
			continue;
		at[b] = own[l];
		list[own[l]++] = b;
	}
}

static void find_loops(struct cfg *g, struct words *t, struct arena *a)
{
	struct finder f = {
		.g = g, .outer = words(t, g->n), .head = words(t, g->n), .parent = words(t, g->n)};
	uint32_t *stack = words(t, g->n);

	g->loop_of = array_none(a, g->n);
	for (uint32_t i = g->nrpo; i-- > 0;)
		find_loop(&f, g->rpo[i], stack);
	g->nloop = f.nloop;
	g->loops = arena_alloc(a, g->nloop * sizeof *g->loops);
	/* from the outermost in: turn the numbers round */
	for (uint32_t i = 0; i < g->nloop; i++) {
		uint32_t old = g->nloop - 1 - i;
		struct loop *l = &g->loops[i];

		l->head = f.head[old];
		l->parent = f.parent[old] == NONE ? NONE : g->nloop - 1 - f.parent[old];
		l->depth = l->parent == NONE ? 1 : g->loops[l->parent].depth + 1;
	}
	for (uint32_t i = 0; i < g->n; i++)
		if (g->loop_of[i] != NONE)
			g->loop_of[i] = g->nloop - 1 - g->loop_of[i];
	list_blocks(g, t, a);
}

/* ---- the whole ---- */

struct cfg *cfg_build(const struct ir *ir, uint32_t fn, struct arena *a)
{
	struct cfg *g = arena_alloc(a, sizeof *g);
	struct graph succ, pred;
	struct words t = {0};
	size_t nedge = 0;

	g->n = ir->fns[fn].nblock;
	if (!g->n)
		return g;
	for (uint32_t i = 0; i < g->n; i++)
		nedge += ir->blocks[ir->fns[fn].block + i].nsucc;
	t.cap = 24 * ((size_t)g->n + 4) + 2 * nedge;
	t.w = xmalloc(t.cap * sizeof *t.w);
	succ = successors(ir, &ir->fns[fn], &t, a);
	pred.first = array(a, (size_t)g->n + 1);
	pred.to = array(a, succ.first[g->n]);
	reverse(&succ, &pred, &t);
	neighbours(&succ, &g->nsucc, &g->succ, a);
	neighbours(&pred, &g->npred, &g->pred, a);
	t.n = 0;
	order_blocks(g, &succ, &t, a);
	t.n = 0;
	g->idom = array_none(a, g->n);
	g->dom_in = array_none(a, g->n);
	g->dom_out = array_none(a, g->n);
	dominators(&succ, &pred, 0, &t, g->idom, g->dom_in, g->dom_out);
	t.n = 0;
	components(g, &succ, &t, a);
	t.n = 0;
	post_dominators(g, &succ, &t, a);
	t.n = 0;
	find_loops(g, &t, a);
	free(t.w);
	return g;
}

bool cfg_dominates(const struct cfg *g, uint32_t a, uint32_t b)
{
	return a == b || (g->dom_in[a] <= g->dom_in[b] && g->dom_in[b] < g->dom_out[a]);
}

bool cfg_postdominates(const struct cfg *g, uint32_t a, uint32_t b)
{
	return a == b || (g->pdom_in[a] <= g->pdom_in[b] && g->pdom_in[b] < g->pdom_out[a]);
}

bool cfg_reaches(const struct cfg *g, const struct ir *ir, uint32_t fn, uint32_t a, uint32_t b)
{
	struct arena *mem;
	struct bits seen;
	uint32_t *stack, depth = 0;
	bool found = false;

	if (g->scc[a] < g->scc[b])
		return false;
	if (g->scc[a] == g->scc[b] && a != b)
		return true;
	if (a != b && (cfg_dominates(g, a, b) || cfg_postdominates(g, b, a)))
		return true;
	if (a == b) {
		for (uint32_t k = 0; k < g->nsucc[a]; k++)
			found |= g->scc[g->succ[a][k]] == g->scc[a];
		return found;
	}
	mem = arena_new();
	seen = bits_new(mem, g->n);
	stack = array(mem, g->n);
	stack[depth++] = a;
	while (depth && !found) {
		uint32_t x = stack[--depth];

		for (uint32_t k = 0; k < g->nsucc[x]; k++) {
			uint32_t s = g->succ[x][k];

			/* components before b's do not lead to it */
			if (g->scc[s] < g->scc[b] || bits_get(&seen, s))
				continue;
			found |= s == b;
			bits_set(&seen, s);
			stack[depth++] = s;
		}
	}
	arena_free(mem);
	return found;
}

uint32_t op_block(const struct ir *ir, uint32_t fn, uint32_t op)
{
	const struct fn *f = &ir->fns[fn];
	const struct block *b = &ir->blocks[f->block];
	uint32_t lo = 0, hi = f->nblock;

	/* the last block that does not begin behind op and is not empty */
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b[mid].op <= op)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}
