/* cost_find.c - what rules ask for beside single loops: loops that multiply, heavy calls, loops
 * that spin, recursion.
 *
 * Two loops multiply if the inner one starts, in every turn of the outer one, at a place that does
 * not come from the outer one's element: then all of one is gone over for each of the other. A list
 * of lists is no such thing, its time grows with the number of all elements.
 *
 * needs: loops, visits, costs      gives: steeps, heavy, recursions
 */
#include "solve/cost_role.h"

/* ---- loops that multiply ---- */

static bool holds_data(const struct loop_fact *l)
{
	return l->extent == EXT_DATA || l->extent == EXT_PEERS;
}

static bool walks(const struct loop_fact *l)
{
	return (l->trip == TRIP_LIST || l->trip == TRIP_COUNT || l->trip == TRIP_ITER) &&
	       holds_data(l) &&
	       !(l->flags & (LOOPF_MACRO | LOOPF_INNER | LOOPF_CLOCK | LOOPF_YIELDS | LOOPF_PRINTS |
				    LOOPF_RECURSES));
}

static const struct loop *loop_at(struct costs *c, const struct loop_fact *l)
{
	const struct cfg *g = program_cfg(c->s->p, l->fn);
	for (uint32_t i = 0; i < g->nloop; i++)
		if (g->loops[i].head == l->head)
			return &g->loops[i];
	return NULL;
}

/* Is the value the same in every turn, or loaded from a place that is, or the address of one? */
static bool anew(struct view *v, struct ref r)
{
	const struct local_facts *lf = local_facts(v->c->s, v->fn);
	uint32_t d = r.kind == REF_LOCAL ? lf->def[r.id] : NONE;
	if (d != NONE && lf->next_def[d - v->f->op] == NONE && v->c->ir->ops[d].kind == OP_ADDR) {
		const struct path *p = &v->c->ir->paths[v->c->ir->ops[d].src.id];
		for (uint32_t i = 0; i < p->nstep; i++)
			if (v->c->ir->steps[p->step + i].kind == STEP_INDEX &&
				v->c->ir->steps[p->step + i].index.kind == REF_LOCAL)
				return false;
		if (p->base.kind == REF_GLOBAL || (p->base.kind == REF_LOCAL && !p->nstep))
			return true;
		if (p->base.kind == REF_LOCAL)
			r = p->base;
	}
	v->fuel = 400;
	v->nbusy = 0;
	enum role role = role_of(v, r).role;
	return role == R_FIXED || role == R_MEM;
}

/* The list that the inner loop walks is the whole of it in every turn of the outer one. */
static bool starts_anew(struct costs *c, const struct loop_fact *outer, uint32_t inner)
{
	const struct loop_fact *l = &c->loops.v[inner];
	const struct loop *lo = loop_at(c, outer), *li = loop_at(c, l);
	const struct trip_info *t = &c->trips.v[inner];
	const struct local_facts *lf = local_facts(c->s, l->fn);
	struct view v = {.c = c,
		.fn = l->fn,
		.f = &c->ir->fns[l->fn],
		.l = lo,
		.g = program_cfg(c->s->p, l->fn)};

	if (!lo || !li)
		return false;
	for (int i = 0; i < t->n; i++) {
		uint32_t var = t->bound[i].var;
		bool any = false, all = true;
		if (t->bound[i].trip != TRIP_LIST || var == NONE)
			continue;
		for (uint32_t d = lf->def[var]; d != NONE; d = lf->next_def[d - v.f->op]) {
			uint32_t block = c->s->p->op_block[d];
			const struct op *op = &c->ir->ops[d];
			if (!loop_has(lo, block) || loop_has(li, block))
				continue;
			any = true;
			if (op->kind == OP_LOAD) {
				const struct path *p = &c->ir->paths[op->src.id];
				all &= p->base.kind == REF_GLOBAL ||
				       (p->base.kind == REF_LOCAL && anew(&v, p->base));
			} else {
				all &= op->kind == OP_COPY && anew(&v, op->src);
			}
		}
		if (any && all)
			return true;
	}
	return false;
}

/* The call hands the walked list over anew in every turn: the loop in the callee goes along a list
 * that is global, or comes from a parameter whose argument stays the same. */
static bool searches(struct costs *c, const struct loop_fact *outer, uint32_t site, uint32_t inner)
{
	const struct loop_fact *l = &c->loops.v[inner];
	const struct trip_info *t = &c->trips.v[inner];
	const struct local_facts *lf = local_facts(c->s, l->fn);
	const struct op *call = &c->ir->ops[site];
	struct view v = {.c = c,
		.fn = outer->fn,
		.f = &c->ir->fns[outer->fn],
		.l = loop_at(c, outer),
		.g = program_cfg(c->s->p, outer->fn)};
	uint32_t nparam = c->ir->fns[l->fn].nparam, var = NONE;

	for (int i = 0; i < t->n; i++)
		if (t->bound[i].trip == TRIP_LIST)
			var = t->bound[i].var;
	if (!v.l || var == NONE)
		return false;
	for (uint32_t d = lf->def[var]; d != NONE; d = lf->next_def[d - c->ir->fns[l->fn].op]) {
		const struct op *op = &c->ir->ops[d];
		if (op->kind != OP_LOAD)
			continue;
		const struct path *p = &c->ir->paths[op->src.id];
		if (p->base.kind == REF_GLOBAL)
			return true;
		if (p->base.kind == REF_LOCAL && p->base.id != var && p->base.id < nparam &&
			p->base.id < call->narg)
			return anew(&v, c->ir->args[call->arg + p->base.id]);
	}
	return false;
}

static void add_steep(struct costs *c, enum steep_kind kind, uint32_t loop, uint32_t inner,
	uint32_t site, double ns)
{
	for (uint32_t i = 0; i < c->steeps.n; i++)
		if (c->steeps.v[i].loop == loop && c->steeps.v[i].kind == kind)
			return;
	vec_add(&c->steeps, ((struct steep){kind, loop, inner, site, ns}));
}

/* The end of the text is looked for in every turn: strcat(all, part) where all stays. */
static bool appends(struct costs *c, struct view *v, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (!cl || cl->verb != VERB_COSTS || !(cl->flags & CL_BYTES) || cl->p < 0)
			continue;
		for (uint32_t k = 0; k < n; k++)
			if (e[k].clause && e[k].clause->verb == VERB_WRITES &&
				e[k].clause->p == cl->p) {
				struct ref to = effect_arg(c->s->p, &e[i], cl->p);
				if (to.kind == REF_LOCAL && anew(v, to))
					return true;
			}
	}
	return false;
}

/* i < strlen(s) in the condition, of a text that the loop writes: a compiler takes it out of the
 * loop otherwise. */
static bool measures(struct costs *c, struct view *v, uint32_t site, const struct loop_fact *l)
{
	const struct op *op = &c->ir->ops[site];
	int text = length_param(c, site);
	if (text < 0 || text >= op->narg || op->dst.kind != REF_LOCAL)
		return false;
	v->fuel = 400;
	if (role_of(v, c->ir->args[op->arg + (uint32_t)text]).role != R_FIXED)
		return false;
	const struct block *b = &c->ir->blocks[v->f->block + c->s->p->op_block[site]];
	bool decides = b->term == TERM_IF &&
		       (ref_eq(b->cond.lhs, op->dst) || ref_eq(b->cond.rhs, op->dst)),
	     leaves = false;
	for (uint32_t k = 0; k < b->nsucc; k++)
		leaves |= !loop_has(v->l, c->ir->succs[b->succ + k].block);
	if (!decides || !leaves || l->trip != TRIP_COUNT)
		return false;
	for (uint32_t i = 0; i < v->l->nblock; i++) {
		const struct block *in = &c->ir->blocks[v->f->block + v->l->blocks[i]];
		for (uint32_t o = in->op; o < in->op + in->nop; o++)
			if (c->ir->ops[o].kind == OP_STORE ||
				((c->ir->ops[o].kind == OP_CALL ||
					 c->ir->ops[o].kind == OP_ICALL) &&
					length_param(c, o) < 0))
				return true;
	}
	return false;
}

static void calls_in_loop(struct costs *c, uint32_t loop)
{
	const struct program *p = c->s->p;
	const struct loop_fact *l = &c->loops.v[loop];
	const struct loop *lo = loop_at(c, l);
	struct view v = {
		.c = c, .fn = l->fn, .f = &c->ir->fns[l->fn], .l = lo, .g = program_cfg(p, l->fn)};

	for (uint32_t i = 0; lo && i < lo->nblock; i++) {
		const struct block *b = &c->ir->blocks[v.f->block + lo->blocks[i]];
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			const struct op *op = &c->ir->ops[o];
			if (op->kind != OP_CALL || bits_get(&c->s->dead_end, o) ||
				op->flags & OPF_MACRO)
				continue;
			if (measures(c, &v, o, l))
				add_steep(c, STEEP_LENGTH, loop, NONE, o, 0.02);
			else if (l->trip != TRIP_CONST && l->trip != TRIP_CAP && appends(c, &v, o))
				add_steep(c, STEEP_APPEND, loop, NONE, o, 0.02);
			if (!walks(l) || !fn_defined(p, op->src.id) ||
				c->first_loop[op->src.id] == NONE)
				continue;
			for (uint32_t k = c->first_loop[op->src.id];
				k < c->loops.n && c->loops.v[k].fn == op->src.id; k++)
				if (walks(&c->loops.v[k]) && c->loops.v[k].parent == NONE &&
					searches(c, l, o, k))
					add_steep(c, STEEP_SEARCH, loop, k, o, c->loops.v[k].turn);
		}
	}
}

void find_steep(struct costs *c)
{
	for (uint32_t i = 0; i < c->loops.n; i++) {
		const struct loop_fact *l = &c->loops.v[i];
		if (l->visit == NONE || l->op == NONE || l->flags & LOOPF_MACRO)
			continue;
		if (l->parent != NONE && walks(l) && walks(&c->loops.v[l->parent]) &&
			starts_anew(c, &c->loops.v[l->parent], i))
			add_steep(c, STEEP_NESTED, l->parent, i, NONE, l->turn);
		calls_in_loop(c, i);
	}
}

/* ---- heavy calls ---- */

/* A large constant is a mask more often than a size. */
static bool grows(struct costs *c, const struct cost *k)
{
	for (int i = 0; i < k->n; i++)
		for (int d = 0; d < k->t[i].degree; d++) {
			enum extent e = sym_extent(c, k->t[i].sym[d], 0);
			if (e == EXT_DATA || e == EXT_PEERS)
				return true;
		}
	return false;
}

/* Is the number by which the call's own time grows one that data has? What it calls back may go over data of its own, but
 * for a handful of elements. */
static bool sized_by_data(struct costs *c, const struct effect *e)
{
	const int params[2] = {e->clause->p, e->clause->q};
	for (int k = 0; k < 2; k++) {
		struct origins o = {0};
		if (params[k] < 0)
			continue;
		struct ref arg = effect_arg(c->s->p, e, params[k]);
		if (arg.kind != REF_NONE)
			origins_of(c, e->fn, arg, at_site(c->s, e->site), &o);
		for (uint32_t i = 0; i < o.n; i++) {
			enum extent x = sym_extent(c, o.sym[i], 0);
			if (x == EXT_DATA || x == EXT_PEERS)
				return true;
		}
	}
	return params[0] < 0;
}

void find_heavy(struct costs *c)
{
	const struct effects *e = c->s->e;
	for (uint32_t i = 0; i < e->n; i++) {
		uint32_t site = e->e[i].site, fn = e->e[i].fn;
		const struct clause *cl = e->e[i].clause;
		if ((i && e->e[i - 1].site == site && c->heavies.n &&
			    c->heavies.v[c->heavies.n - 1].site == site) ||
			!cl || cl->verb != VERB_COSTS || c->hot[fn] == NONE ||
			bits_get(&c->s->dead_end, site) || in_child(c->s, site))
			continue;
		struct cost k = {0};
		if (!cost_modelled(c, fn, site, &k))
			continue;
		double most = cost_most(c, &k);
		if (most < 1e6 || !grows(c, &k) || !sized_by_data(c, &e->e[i]))
			continue;
		struct bind none = {0};
		struct frame fr = {.s = c->s, .fn = fn, .bind = &none, .ctx = CTX_LOOP};
		if (site_reached(&fr, site) != NO)
			vec_add(&c->heavies, ((struct heavy_call){site, c->hot[fn], k, most}));
	}
}

/* ---- loops that spin ---- */

/* A call that neither waits nor writes: sched_yield(), a look at the clock. */
static bool harmless(const struct costs *c, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb != VERB_CLOCK &&
			e[i].clause->verb != VERB_SIGNAL_SAFE && e[i].clause->verb != VERB_COSTS &&
			e[i].clause->verb != VERB_ANY_THREAD)
			return false;
	return n > 0;
}

static bool others_change(const struct costs *c, const struct op *op)
{
	const struct path *p = &c->ir->paths[op->src.id];
	if (op->flags & (OPF_ATOMIC | OPF_VOLATILE))
		return !(op->flags & OPF_RMW);
	return p->base.kind == REF_GLOBAL && !(c->ir->globals[p->base.id].flags & GLOBAL_CONST);
}

bool loop_spins(struct costs *c, uint32_t fn, const struct cfg *g, const struct loop *l)
{
	struct view v = {.c = c, .fn = fn, .f = &c->ir->fns[fn], .l = l, .g = g};
	bool looks = false, leaves = false;

	if (l->nblock > 12)
		return false;
	for (uint32_t i = 0; i < l->nblock; i++) {
		const struct block *b = &c->ir->blocks[v.f->block + l->blocks[i]];
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			const struct op *op = &c->ir->ops[o];
			if (op->kind == OP_STORE || op->kind == OP_ICALL ||
				(op->kind == OP_CALL && !harmless(c, o)))
				return false;
			if (op->kind == OP_LOAD)
				looks |= others_change(c, op);
		}
		for (uint32_t k = 0; k < b->nsucc; k++) {
			if (loop_has(l, c->ir->succs[b->succ + k].block))
				continue;
			leaves = true;
			if (b->term != TERM_IF)
				return false;
			v.fuel = 200;
			enum role x = role_of(&v, b->cond.lhs).role,
				  y = role_of(&v, b->cond.rhs).role;
			if ((x != R_MEM && x != R_FIXED) || (y != R_MEM && y != R_FIXED) ||
				(x == R_FIXED && y == R_FIXED))
				return false;
		}
	}
	if (!looks || !leaves)
		return false;
	/* a part of a lock-free update, which begins anew if another thread was faster */
	for (uint32_t o = v.f->op; o < v.f->op + v.f->nop; o++)
		if (c->ir->ops[o].flags & OPF_RMW)
			return false;
	return true;
}

/* ---- recursion ---- */

static bool points_at_bytes(const struct ir *ir, uint32_t type)
{
	return type != NONE && ir->types[type].kind == TYPE_PTR && ir->types[type].to != NONE &&
	       ir->types[ir->types[type].to].kind == TYPE_INT &&
	       ir->types[ir->types[type].to].size == 1;
}

/* p + 1, or p after p++ */
static bool moved(const struct costs *c, uint32_t fn, struct ref r)
{
	const struct local_facts *lf = local_facts(c->s, fn);
	for (uint32_t d = r.kind == REF_LOCAL ? lf->def[r.id] : NONE; d != NONE;
		d = lf->next_def[d - c->ir->fns[fn].op]) {
		const struct op *op = &c->ir->ops[d];
		if (op->kind == OP_BIN && op->flags == BIN_ADD)
			return true;
		if (op->kind == OP_COPY && op->src.kind == REF_LOCAL && op->src.id != r.id &&
			moved(c, fn, op->src))
			return true;
	}
	return false;
}

/* Does the function move through a text: by a pointer to bytes that is handed on changed, or kept
 * in a record? */
static bool reads_text(const struct costs *c, uint32_t fn, uint32_t site)
{
	const struct ir *ir = c->ir;
	const struct fn *f = &ir->fns[fn];
	const struct op *call = &ir->ops[site];
	for (uint32_t a = 0; a < call->narg && a < f->nparam; a++) {
		struct ref r = ir->args[call->arg + a];
		if (points_at_bytes(ir, ir->locals[f->local + a].type) && moved(c, fn, r))
			return true;
	}
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		if (ir->ops[o].kind != OP_STORE)
			continue;
		const struct path *p = &ir->paths[ir->ops[o].dst.id];
		uint32_t field = path_field(ir, ir->ops[o].dst.id);
		if (field != NONE && p->base.kind == REF_LOCAL && p->base.id < f->nparam &&
			points_at_bytes(ir, ir->fields[field].type) && size_counts_up(c, o, field))
			return true;
	}
	return false;
}

/* A number that is handed on one larger, or as a part, or counted in memory, and compared: the
 * depth has a limit. */
static bool limited(const struct costs *c, uint32_t fn, uint32_t site)
{
	const struct ir *ir = c->ir;
	const struct fn *f = &ir->fns[fn];
	const struct op *call = &ir->ops[site];
	const struct local_facts *lf = local_facts(c->s, fn);
	for (uint32_t a = 0; a < call->narg; a++) {
		struct ref r = ir->args[call->arg + a];
		for (uint32_t d = r.kind == REF_LOCAL ? lf->def[r.id] : NONE; d != NONE;
			d = lf->next_def[d - f->op]) {
			const struct op *op = &ir->ops[d];
			uint32_t t = ir->locals[f->local + r.id].type;
			if (op->kind != OP_BIN || t == NONE || ir->types[t].kind != TYPE_INT ||
				op->src.kind != REF_LOCAL || op->src.id >= f->nparam)
				continue;
			if (op->flags == BIN_ADD || op->flags == BIN_DIV || op->flags == BIN_SHR)
				return true;
		}
	}
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t field =
			ir->ops[o].kind == OP_STORE ? path_field(ir, ir->ops[o].dst.id) : NONE;
		uint32_t t = field == NONE ? NONE : ir->fields[field].type;
		if (t != NONE && ir->types[t].kind == TYPE_INT && size_counts_up(c, o, field))
			return true;
	}
	return false;
}

void find_recursions(struct costs *c)
{
	const struct program *p = c->s->p;
	for (uint32_t i = 0; i < p->nedge; i++) {
		const struct edge *e = &p->edges[i];
		if (e->caller != e->callee || c->hot[e->caller] == NONE || !cost_recursive(c, e) ||
			c->ir->ops[e->site].flags & OPF_MACRO)
			continue;
		bool known = false;
		for (uint32_t k = 0; k < c->recursions.n; k++)
			known |= c->recursions.v[k].fn == e->caller;
		if (!known && reads_text(c, e->caller, e->site) && !limited(c, e->caller, e->site))
			vec_add(&c->recursions,
				((struct recursion){e->caller, e->site, c->hot[e->caller]}));
	}
}
