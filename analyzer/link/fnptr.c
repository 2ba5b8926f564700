/* fnptr.c - where values flow, and which functions an indirect call may reach.
 *
 * One pass over the ops gives copy edges between nodes (struct flow). A pointer whose target may hold a
 * function (`*h = fn`, tables handed over by address) gets a cell; cells are unified along copies, forward and
 * backward, which also sees through containers of void *. Then the functions whose address is taken are
 * pushed along the edges; a function that reaches the callee of an indirect call makes that call's arguments
 * flow to its parameters, and its result back, until nothing changes.
 *
 * At the end a call keeps those targets whose signature is the one it calls by; if there are none of those,
 * those with its number of arguments. A call that nothing reached is resolved by type, as a last resort and
 * marked so, if few functions have that type.
 *
 * needs: program.ir      gives: program.flow, edges, unresolved
 */
#include "link/link_int.h"

#include <stdlib.h>

enum { BY_TYPE_MAX = 6 }; /* more candidates than this say nothing */

struct pair {
	uint32_t a, b;
};
struct solver {
	struct program *p;
	const struct ir *ir;
	VEC(uint32_t) parent;	/* union-find over nodes */
	VEC(uint32_t) cell;	/* per node: what it points at, or NONE */
	VEC(struct pair) copies; /* from, to: nodes before unification */
	struct map linked;	/* (indirect call, function): arguments already connected */
	VEC(struct pair) seeds;	/* node, function: named in an op */
	VEC(uint32_t) icalls;
	/* one round of pushing functions */
	uint32_t *succ, *succ0;	/* copies between classes */
	bool *holder;		/* per class: may it hold a function's address */
	struct map have;	/* (class, function) */
	VEC(struct pair) facts;	/* class, function; also the work list */
	uint32_t *use0, *use;	/* indirect calls by the class of their callee */
};

static uint32_t find(struct solver *s, uint32_t n)
{
	while (s->parent.v[n] != n) {
		s->parent.v[n] = s->parent.v[s->parent.v[n]];
		n = s->parent.v[n];
	}
	return n;
}

static uint32_t new_cell(struct solver *s)
{
	uint32_t n = s->parent.n;
	vec_add(&s->parent, n);
	vec_add(&s->cell, NONE);
	return n;
}

/* Makes a and b one node, and what they point at, and so on. */
static void unite(struct solver *s, uint32_t a, uint32_t b)
{
	for (;;) {
		a = find(s, a);
		b = find(s, b);
		if (a == b)
			return;
		if (b < a) { /* the smaller id stands for both: independent of the order of work */
			uint32_t t = a;
			a = b;
			b = t;
		}
		uint32_t ca = s->cell.v[a], cb = s->cell.v[b];
		s->parent.v[b] = a;
		if (ca == NONE || cb == NONE) {
			s->cell.v[a] = ca == NONE ? cb : ca;
			return;
		}
		a = ca;
		b = cb;
	}
}

static uint32_t cell_behind(struct solver *s, uint32_t n)
{
	n = find(s, n);
	if (s->cell.v[n] == NONE) {
		uint32_t c = new_cell(s); /* may move the array */
		s->cell.v[n] = c;
	}
	return find(s, s->cell.v[n]);
}

/* ---- types ---- */

uint32_t path_field(const struct ir *ir, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	for (uint32_t i = p->nstep; i-- > 0;)
		if (ir->steps[p->step + i].kind == STEP_FIELD)
			return ir->steps[p->step + i].field;
	return NONE;
}

uint32_t path_key(const struct ir *ir, uint32_t path)
{
	uint32_t field = path_field(ir, path);
	const struct path *p = &ir->paths[path];
	return field != NONE ? field : p->base.kind == REF_GLOBAL ? ir->nfields + p->base.id : NONE;
}

uint32_t path_key_own(const struct ir *ir, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	if (path_field(ir, path) == NONE)
		for (uint32_t i = 0; i < p->nstep; i++)
			if (ir->steps[p->step + i].kind == STEP_DEREF)
				return NONE;
	return path_key(ir, path);
}

uint32_t path_type(const struct ir *ir, uint32_t fn, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	uint32_t t = NONE, i = p->nstep;

	while (i > 0 && ir->steps[p->step + i - 1].kind != STEP_FIELD)
		i--;
	if (i > 0)
		t = ir->fields[ir->steps[p->step + i - 1].field].type;
	else if (p->base.kind == REF_LOCAL)
		t = ir->locals[ir->fns[fn].local + p->base.id].type;
	else if (p->base.kind == REF_GLOBAL)
		t = ir->globals[p->base.id].type;
	for (; i < p->nstep && t != NONE; i++) {
		if (ir->steps[p->step + i].kind == STEP_INDEX && ir->types[t].kind != TYPE_ARRAY)
			continue; /* p[i] of a pointer is [deref, index] */
		t = ir->types[t].kind == TYPE_PTR || ir->types[t].kind == TYPE_ARRAY ? ir->types[t].to : NONE;
	}
	return t;
}

static uint32_t strip_arrays(const struct ir *ir, uint32_t t)
{
	while (t != NONE && ir->types[t].kind == TYPE_ARRAY)
		t = ir->types[t].to;
	return t;
}

/* Can a variable of that type hold a function's address or a descriptor, as far as its type tells? */
static bool holds(const struct ir *ir, uint32_t t)
{
	t = strip_arrays(ir, t);
	if (t == NONE)
		return true;
	const struct type *ty = &ir->types[t];
	if (ty->kind == TYPE_INT)
		return ty->size == 4;
	if (ty->kind != TYPE_PTR)
		return ty->kind == TYPE_OTHER;
	return ty->to == NONE || ir->types[ty->to].kind == TYPE_FN || ir->types[ty->to].kind == TYPE_VOID ||
	       ir->types[ty->to].kind == TYPE_OTHER;
}

/* Can it point at such a variable? */
static bool points_at_holder(const struct ir *ir, uint32_t t)
{
	t = strip_arrays(ir, t);
	if (t == NONE || ir->types[t].kind == TYPE_OTHER)
		return true;
	if (ir->types[t].kind != TYPE_PTR)
		return false;
	uint32_t to = ir->types[t].to;
	return to == NONE || ir->types[to].kind == TYPE_VOID || holds(ir, to);
}

static uint32_t node_type(const struct solver *s, uint32_t n)
{
	const struct flow *f = &s->p->flow;
	if (n < f->global0)
		return s->ir->locals[n].type;
	if (n < f->field0)
		return s->ir->globals[n - f->global0].type;
	if (n < f->result0)
		return s->ir->fields[n - f->field0].type;
	if (n < f->cell0) {
		uint32_t t = s->ir->fns[n - f->result0].type;
		return t == NONE ? NONE : s->ir->types[t].to;
	}
	return NONE;
}

/* Can a variable of that type hold a function's address? Only a pointer to a function, a void * or an integer
 * of its size: the rest would need a cast that nobody writes. */
static bool holds_function(const struct ir *ir, uint32_t t)
{
	t = strip_arrays(ir, t);
	if (t == NONE)
		return true;
	const struct type *ty = &ir->types[t];
	if (ty->kind == TYPE_INT)
		return ty->size == 8;
	if (ty->kind != TYPE_PTR)
		return ty->kind == TYPE_OTHER;
	return ty->to == NONE || ir->types[ty->to].kind == TYPE_FN || ir->types[ty->to].kind == TYPE_VOID ||
	       ir->types[ty->to].kind == TYPE_OTHER;
}

/* ---- constraints ---- */

/* The node that a path names; NONE if a pointer is followed to something that holds no function. */
static uint32_t node_of_path(struct solver *s, uint32_t fn, uint32_t path, bool make_cells)
{
	const struct ir *ir = s->ir;
	const struct path *p = &ir->paths[path];
	uint32_t i = p->nstep, n;

	while (i > 0 && ir->steps[p->step + i - 1].kind != STEP_FIELD)
		i--;
	if (i > 0)
		n = s->p->flow.field0 + ir->steps[p->step + i - 1].field;
	else if (p->base.kind == REF_LOCAL)
		n = ir->fns[fn].local + p->base.id;
	else if (p->base.kind == REF_GLOBAL)
		n = s->p->flow.global0 + p->base.id;
	else
		return NONE;
	bool checked = false;
	for (; i < p->nstep; i++) {
		if (ir->steps[p->step + i].kind != STEP_DEREF)
			continue;
		if (!checked && !holds(ir, path_type(ir, fn, path)))
			return NONE;
		checked = true;
		if (!make_cells && s->cell.v[find(s, n)] == NONE)
			return NONE;
		n = cell_behind(s, n);
	}
	return n;
}

static void copy(struct solver *s, uint32_t from, uint32_t to)
{
	if (from != NONE && to != NONE && from != to)
		vec_add(&s->copies, ((struct pair){from, to}));
}

static void value_to(struct solver *s, uint32_t fn, struct ref src, uint32_t to)
{
	if (to == NONE)
		return;
	if (src.kind == REF_LOCAL)
		copy(s, s->ir->fns[fn].local + src.id, to);
	else if (src.kind == REF_FN)
		vec_add(&s->seeds, ((struct pair){to, src.id}));
}

static void connect_call(struct solver *s, uint32_t fn, const struct op *op, uint32_t callee)
{
	const struct fn *to = &s->ir->fns[callee];
	if (!to->nblock)
		return;
	for (uint32_t a = 0; a < op->narg && a < to->nparam; a++)
		value_to(s, fn, s->ir->args[op->arg + a], to->local + a);
	if (op->dst.kind == REF_LOCAL)
		copy(s, s->p->flow.result0 + callee, s->ir->fns[fn].local + op->dst.id);
}

static void constrain_op(struct solver *s, uint32_t fn, uint32_t at)
{
	const struct op *op = &s->ir->ops[at];
	uint32_t local0 = s->ir->fns[fn].local;
	uint32_t dst = op->dst.kind == REF_LOCAL ? local0 + op->dst.id : NONE;

	switch (op->kind) {
	case OP_COPY:
		value_to(s, fn, op->src, dst);
		break;
	case OP_BIN: /* pointer arithmetic stays in the object */
		if (op->flags == BIN_ADD || op->flags == BIN_SUB)
			value_to(s, fn, op->src, dst);
		break;
	case OP_LOAD:
		copy(s, node_of_path(s, fn, op->src.id, true), dst);
		break;
	case OP_STORE:
		value_to(s, fn, op->src, node_of_path(s, fn, op->dst.id, true));
		break;
	case OP_ADDR:
		if (holds(s->ir, path_type(s->ir, fn, op->src.id))) {
			uint32_t n = node_of_path(s, fn, op->src.id, true);
			if (n != NONE && dst != NONE)
				unite(s, cell_behind(s, dst), n);
		}
		break;
	case OP_RET:
		value_to(s, fn, op->src, s->p->flow.result0 + fn);
		break;
	case OP_CALL:
		if (op->src.kind == REF_FN)
			connect_call(s, fn, op, op->src.id);
		break;
	case OP_ICALL:
		vec_add(&s->icalls, at);
		break;
	default:
		break;
	}
}

/* Pointers that are copied point at the same cell. Rounds over the copies until nothing changes. */
static bool unify_cells(struct solver *s)
{
	bool any = false;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < s->copies.n; i++) {
			uint32_t a = find(s, s->copies.v[i].a), b = find(s, s->copies.v[i].b);
			uint32_t ca = s->cell.v[a], cb = s->cell.v[b];
			if (a == b || (ca == NONE && cb == NONE))
				continue;
			if (ca != NONE && cb != NONE) {
				if (find(s, ca) == find(s, cb))
					continue;
				unite(s, ca, cb);
			} else if (ca == NONE) {
				if (!points_at_holder(s->ir, node_type(s, s->copies.v[i].a)))
					continue;
				s->cell.v[a] = cb;
			} else {
				if (!points_at_holder(s->ir, node_type(s, s->copies.v[i].b)))
					continue;
				s->cell.v[b] = ca;
			}
			again = any = true;
		}
	}
	return any;
}

/* ---- pushing functions ---- */

static void build_succ(struct solver *s)
{
	uint32_t n = s->parent.n;
	free(s->succ);
	free(s->succ0);
	s->succ0 = xcalloc(n + 2, sizeof *s->succ0);
	s->succ = xmalloc((s->copies.n + 1) * sizeof *s->succ);
	for (uint32_t i = 0; i < s->copies.n; i++)
		s->succ0[find(s, s->copies.v[i].a) + 2]++;
	for (uint32_t i = 0; i < n; i++)
		s->succ0[i + 2] += s->succ0[i + 1];
	for (uint32_t i = 0; i < s->copies.n; i++)
		s->succ[s->succ0[find(s, s->copies.v[i].a) + 1]++] = find(s, s->copies.v[i].b);
}

static void learn(struct solver *s, uint32_t node, uint32_t fn)
{
	if (!s->holder[node])
		return;
	uint32_t *slot = map_slot(&s->have, (uint64_t)node << 32 | fn, 0);
	if (*slot)
		return;
	*slot = 1;
	vec_add(&s->facts, ((struct pair){node, fn}));
}

static bool arity_fits(const struct ir *ir, const struct op *op, uint32_t fn)
{
	const struct fn *f = &ir->fns[fn];
	if (f->flags & FN_KNR)
		return true;
	return f->flags & FN_VARIADIC ? op->narg >= f->nparam : op->narg == f->nparam;
}

static void push_functions(struct solver *s)
{
	build_succ(s);
	map_free(&s->have);
	s->facts.n = 0;
	free(s->holder);
	s->holder = xcalloc(s->parent.n + 1, 1);
	for (uint32_t i = 0; i < s->parent.n; i++)
		if (holds_function(s->ir, node_type(s, i)))
			s->holder[find(s, i)] = true;
	for (uint32_t i = 0; i < s->seeds.n; i++)
		learn(s, find(s, s->seeds.v[i].a), s->seeds.v[i].b);

	/* indirect calls by callee */
	uint32_t n = s->parent.n;
	free(s->use0);
	free(s->use);
	s->use0 = xmalloc((n + 1) * sizeof *s->use0);
	memset(s->use0, 0xff, (n + 1) * sizeof *s->use0);
	s->use = xmalloc((s->icalls.n + 1) * sizeof *s->use);
	for (uint32_t i = s->icalls.n; i-- > 0;) {
		const struct op *op = &s->ir->ops[s->icalls.v[i]];
		uint32_t node = find(s, s->ir->fns[s->p->op_fn[s->icalls.v[i]]].local + op->src.id);
		s->use[i] = s->use0[node];
		s->use0[node] = i;
	}
	for (uint32_t done = 0; done < s->facts.n; done++) {
		struct pair f = s->facts.v[done];
		for (uint32_t e = s->succ0[f.a]; e < s->succ0[f.a + 1]; e++)
			learn(s, s->succ[e], f.b);
		for (uint32_t u = s->use0[f.a]; u != NONE; u = s->use[u]) {
			uint32_t site = s->icalls.v[u];
			const struct op *op = &s->ir->ops[site];
			if (!arity_fits(s->ir, op, f.b))
				continue;
			uint32_t *slot = map_slot(&s->linked, (uint64_t)site << 32 | f.b, 0);
			if (*slot)
				continue;
			*slot = 1;
			uint32_t seeds = s->seeds.n;
			connect_call(s, s->p->op_fn[site], op, f.b); /* its copies count from the next round on */
			for (; seeds < s->seeds.n; seeds++)
				learn(s, find(s, s->seeds.v[seeds].a), s->seeds.v[seeds].b);
		}
	}
}

/* ---- the result ---- */

static int by_pair(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return a->b < b->b ? -1 : a->b > b->b;
}

static void keep_flow(struct solver *s)
{
	struct flow *f = &s->p->flow;
	uint32_t n = s->parent.n;

	f->nnode = n;
	f->rep = arena_alloc(s->p->mem, n * sizeof *f->rep);
	for (uint32_t i = 0; i < n; i++)
		f->rep[i] = find(s, i);
	f->cell = arena_alloc(s->p->mem, n * sizeof *f->cell);
	for (uint32_t i = 0; i < n; i++)
		f->cell[i] = s->cell.v[f->rep[i]] == NONE ? NONE : find(s, s->cell.v[f->rep[i]]);
	build_succ(s);
	f->succ0 = arena_alloc(s->p->mem, (n + 1) * sizeof *f->succ0);
	memcpy(f->succ0, s->succ0, (n + 1) * sizeof *f->succ0);
	f->succ = arena_alloc(s->p->mem, (s->copies.n + 1) * sizeof *f->succ);
	memcpy(f->succ, s->succ, s->copies.n * sizeof *f->succ);

	qsort(s->facts.v, s->facts.n, sizeof *s->facts.v, by_pair);
	f->fn0 = arena_alloc(s->p->mem, (n + 1) * sizeof *f->fn0);
	f->fn = arena_alloc(s->p->mem, (s->facts.n + 1) * sizeof *f->fn);
	for (uint32_t i = 0, at = 0; i <= n; i++) {
		f->fn0[i] = at;
		for (; at < s->facts.n && s->facts.v[at].a == i; at++)
			f->fn[at] = s->facts.v[at].b;
	}
}

uint32_t flow_path(const struct program *p, uint32_t fn, uint32_t path)
{
	const struct ir *ir = p->ir;
	const struct path *pa = &ir->paths[path];
	uint32_t i = pa->nstep, n;

	while (i > 0 && ir->steps[pa->step + i - 1].kind != STEP_FIELD)
		i--;
	if (i > 0)
		n = p->flow.field0 + ir->steps[pa->step + i - 1].field;
	else if (pa->base.kind == REF_LOCAL)
		n = ir->fns[fn].local + pa->base.id;
	else if (pa->base.kind == REF_GLOBAL)
		n = p->flow.global0 + pa->base.id;
	else
		return NONE;
	for (; i < pa->nstep && n != NONE; i++)
		if (ir->steps[pa->step + i].kind == STEP_DEREF)
			n = p->flow.cell[n];
	return n == NONE ? NONE : p->flow.rep[n];
}

/* Why the callee of an indirect call is what it is: the op that gave it its value. */
static enum edge_why reason(const struct program *p, uint32_t fn, uint32_t site, uint32_t *via)
{
	const struct ir *ir = p->ir;
	const struct fn *f = &ir->fns[fn];
	struct ref r = ir->ops[site].src;

	*via = NONE;
	for (uint32_t at = site, hops = 0; hops < 8; hops++) {
		if (r.kind != REF_LOCAL)
			return EDGE_VAR;
		uint32_t def = NONE;
		for (uint32_t o = at; o-- > f->op;) /* the nearest one before, in block order */
			if (ref_eq(ir->ops[o].dst, r) && ir->ops[o].kind != OP_STORE) {
				def = o;
				break;
			}
		if (def == NONE) {
			if (r.id < f->nparam) {
				*via = r.id;
				return EDGE_PARAM;
			}
			return EDGE_VAR;
		}
		const struct op *op = &ir->ops[def];
		if (op->kind == OP_CALL || op->kind == OP_ICALL)
			return EDGE_RETURNED;
		if (op->kind == OP_COPY) {
			r = op->src;
			at = def;
			continue;
		}
		if (op->kind != OP_LOAD)
			return EDGE_VAR;
		const struct path *pa = &ir->paths[op->src.id];
		uint32_t field = path_field(ir, op->src.id);
		bool index = false;
		for (uint32_t i = 0; i < pa->nstep; i++)
			index |= ir->steps[pa->step + i].kind == STEP_INDEX;
		if (field != NONE) {
			*via = field;
			return pa->base.kind == REF_GLOBAL && index ? EDGE_TABLE : EDGE_FIELD;
		}
		if (pa->base.kind == REF_GLOBAL)
			*via = pa->base.id;
		return index ? EDGE_TABLE : EDGE_VAR;
	}
	return EDGE_VAR;
}

static uint32_t callee_text(const struct program *p, uint32_t fn, uint32_t site)
{
	const struct ir *ir = p->ir;
	uint32_t t = ir->locals[ir->fns[fn].local + ir->ops[site].src.id].type;
	if (t != NONE && ir->types[t].kind == TYPE_PTR)
		t = ir->types[t].to;
	return t != NONE && ir->types[t].kind == TYPE_FN ? ir->types[t].text : 0;
}

static uint32_t fn_text(const struct ir *ir, uint32_t fn)
{
	return ir->fns[fn].type == NONE ? 0 : ir->types[ir->fns[fn].type].text;
}

struct edges {
	VEC(struct edge) v;
};

/* Functions whose address is taken, by signature: for calls that nothing reached. */
static void resolve_by_type(struct solver *s, struct edges *out, uint32_t fn, uint32_t site, const struct pair *taken,
	uint32_t ntaken)
{
	struct program *p = s->p;
	uint32_t text = callee_text(p, fn, site), lo = 0, hi = ntaken;
	if (!text)
		goto none;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (taken[mid].a < text)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (hi = lo; hi < ntaken && taken[hi].a == text;)
		hi++;
	if (hi == lo || hi - lo > BY_TYPE_MAX)
		goto none;
	for (; lo < hi; lo++)
		vec_add(&out->v, ((struct edge){site, fn, taken[lo].b, EDGE_TYPE, NONE}));
	p->nby_type++;
	return;
none:
	p->unresolved[p->nunresolved++] = site;
}

static void resolve_site(struct solver *s, struct edges *out, uint32_t fn, uint32_t site, const struct pair *taken,
	uint32_t ntaken)
{
	struct program *p = s->p;
	const struct op *op = &s->ir->ops[site];
	const uint32_t *fns;
	uint32_t n = flow_fns(p, flow_local(p, fn, op->src.id), &fns), text = callee_text(p, fn, site);
	uint32_t exact = 0, fitting = 0, via;

	for (uint32_t i = 0; i < n; i++) {
		fitting += arity_fits(s->ir, op, fns[i]);
		exact += text && fn_text(s->ir, fns[i]) == text;
	}
	if (!exact && !fitting) {
		resolve_by_type(s, out, fn, site, taken, ntaken);
		return;
	}
	enum edge_why why = reason(p, fn, site, &via);
	for (uint32_t i = 0; i < n; i++)
		if (exact ? fn_text(s->ir, fns[i]) == text : arity_fits(s->ir, op, fns[i]))
			vec_add(&out->v, ((struct edge){site, fn, fns[i], why, via}));
}

void link_calls(struct program *p)
{
	const struct ir *ir = p->ir;
	struct solver s = {.p = p, .ir = ir};
	struct edges out = {0};
	VEC(struct pair) taken = {0};

	p->flow.global0 = ir->nlocals;
	p->flow.field0 = p->flow.global0 + ir->nglobals;
	p->flow.result0 = p->flow.field0 + ir->nfields;
	p->flow.cell0 = p->flow.result0 + ir->nfns;
	for (uint32_t i = 0; i < p->flow.cell0; i++)
		new_cell(&s);
	for (uint32_t f = 0; f < ir->nfns; f++)
		for (uint32_t o = 0; o < ir->fns[f].nop; o++)
			constrain_op(&s, f, ir->fns[f].op + o);
	for (int round = 0; round < 6; round++) {
		uint32_t before = s.copies.n;
		unify_cells(&s);
		push_functions(&s);
		if (s.copies.n == before)
			break;
	}
	keep_flow(&s);

	for (uint32_t o = 0; o < ir->nops; o++)
		if (ir->ops[o].src.kind == REF_FN && ir->ops[o].kind != OP_CALL)
			vec_add(&taken, (struct pair){fn_text(ir, ir->ops[o].src.id), ir->ops[o].src.id});
	for (uint32_t i = 0; i < ir->nargs; i++)
		if (ir->args[i].kind == REF_FN)
			vec_add(&taken, (struct pair){fn_text(ir, ir->args[i].id), ir->args[i].id});
	qsort(taken.v, taken.n, sizeof *taken.v, by_pair);
	uint32_t n = 0;
	for (uint32_t i = 0; i < taken.n; i++)
		if (!n || by_pair(&taken.v[n - 1], &taken.v[i]))
			taken.v[n++] = taken.v[i];
	p->unresolved = arena_alloc(p->mem, (s.icalls.n + 1) * sizeof *p->unresolved);
	for (uint32_t f = 0; f < ir->nfns; f++)
		for (uint32_t o = ir->fns[f].op; o < ir->fns[f].op + ir->fns[f].nop; o++) {
			if (ir->ops[o].kind == OP_CALL && ir->ops[o].src.kind == REF_FN) {
				vec_add(&out.v, ((struct edge){o, f, ir->ops[o].src.id, EDGE_DIRECT, NONE}));
				p->ncall++;
			} else if (ir->ops[o].kind == OP_ICALL) {
				p->nicall++;
				resolve_site(&s, &out, f, o, taken.v, n);
			}
		}
	p->nedge = out.v.n;
	p->edges = arena_alloc(p->mem, (out.v.n + 1) * sizeof *p->edges);
	memcpy(p->edges, out.v.v, out.v.n * sizeof *p->edges);

	vec_free(&out.v);
	vec_free(&taken);
	vec_free(&s.parent);
	vec_free(&s.cell);
	vec_free(&s.copies);
	vec_free(&s.seeds);
	vec_free(&s.icalls);
	vec_free(&s.facts);
	map_free(&s.have);
	map_free(&s.linked);
	free(s.succ);
	free(s.succ0);
	free(s.use);
	free(s.use0);
	free(s.holder);
}
