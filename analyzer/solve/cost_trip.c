/* cost_trip.c - how often a loop turns.
 *
 * Every exit of a natural loop is a comparison. What its two sides are, seen from inside the loop,
 * says what kind of loop it is: a variable that moves by steps against something fixed counts; one
 * that is loaded from behind itself walks a list; one that is handed to a function and comes back,
 * or a call with fixed arguments, asks an iterator; one that is halved is logarithmic; memory at a
 * fixed place is a container that empties, or a flag that others set. An exit that every turn
 * passes bounds the loop; the others only count if they stop at a constant or at a time.
 *
 * needs: origins, effects      gives: per loop its bounds
 */
#include "solve/cost_role.h"

enum { MAX_COUNT = 100000000 };

bool op_has_verb(const struct costs *c, uint32_t site, enum verb verb)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == verb)
			return true;
	return false;
}

/* ---- exits ---- */

/* Where the loop is entered: its head, before anything in it. */
static struct point entry_of(const struct view *v)
{
	const struct block *b = &v->c->ir->blocks[v->f->block + v->l->head];
	return (struct point){v->l->head, b->op};
}

/* Sources of a local from outside the loop alone. */
static void initial(struct view *v, uint32_t local, struct origins *out)
{
	struct costs *c = v->c;
	uint32_t defs[MAX_DEFS + 1], n;

	*out = (struct origins){0};
	n = reaching(c->s, v->fn, local, entry_of(v), defs);
	for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
		struct origins o = {0};
		if (defs[i] == NONE) {
			if (local < v->f->nparam)
				origins_add(out, sym_id(c, SYM_PARAM, v->fn, local));
			continue;
		}
		if (role_inside(v, defs[i]))
			continue;
		const struct op *op = &c->ir->ops[defs[i]];
		if (op->dst.kind == REF_LOCAL)
			origins_of(c, v->fn, op->dst,
				(struct point){c->s->p->op_block[defs[i]], defs[i] + 1}, &o);
		for (uint32_t k = 0; k < o.n; k++)
			origins_add(out, o.sym[k]);
		if (o.has_const)
			origins_const(out, o.most);
		out->scaled |= o.scaled;
	}
}

/* Was a number masked or taken modulo, as an index into a hash table is? */
static bool from_hash(const struct view *v, struct ref r, struct point at, int deep)
{
	const struct costs *c = v->c;
	uint32_t defs[MAX_DEFS + 1];
	if (r.kind != REF_LOCAL || deep > 4)
		return false;
	uint32_t n = reaching(c->s, v->fn, r.id, at, defs);
	for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
		if (defs[i] == NONE)
			continue;
		const struct op *op = &c->ir->ops[defs[i]];
		if (op->kind == OP_BIN &&
			(op->flags == BIN_AND || op->flags == BIN_MOD || op->flags == BIN_SHR))
			return true;
		if (op->kind == OP_CALL)
			return true; /* hash(key) */
		if (op->kind == OP_COPY && from_hash(v, op->src, at_site(c->s, defs[i]), deep + 1))
			return true;
	}
	return false;
}

/* A pointer that came out of an array slot chosen by a hash: its chain is short. */
static bool from_bucket(const struct view *v, uint32_t local, int deep)
{
	const struct costs *c = v->c;
	uint32_t defs[MAX_DEFS + 1], n = reaching(c->s, v->fn, local, entry_of(v), defs);

	for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
		if (defs[i] == NONE || role_inside(v, defs[i]))
			continue;
		const struct op *op = &c->ir->ops[defs[i]];
		if (op->kind == OP_COPY && op->src.kind == REF_LOCAL && deep < 4 &&
			from_bucket(v, op->src.id, deep + 1))
			return true;
		if (op->kind != OP_LOAD)
			continue;
		const struct path *p = &c->ir->paths[op->src.id];
		for (uint32_t k = 0; k < p->nstep; k++) {
			const struct step *st = &c->ir->steps[p->step + k];
			if (st->kind == STEP_INDEX && st->index.kind != REF_CONST &&
				(k + 1 == p->nstep ||
					from_hash(v, st->index, at_site(c->s, defs[i]), 0)))
				return true; /* table[i], or table[hash].first */
		}
	}
	return false;
}

static bool has_io(const struct costs *c, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_BLOCKS &&
			(e[i].clause->category == CAT_IO || e[i].clause->category == CAT_PEER ||
				e[i].clause->category == CAT_PROCESS))
			return true;
	return false;
}

/* Does a call read a descriptor, itself or two calls further down? */
static bool reads_io(const struct costs *c, uint32_t site, int deep)
{
	if (has_io(c, site))
		return true;
	const struct program *p = c->s->p;
	for (uint32_t e = p->site_edge[site]; e != NONE && e < p->nedge && p->edges[e].site == site;
		e++) {
		if (p->edges[e].why == EDGE_TYPE || deep == 0)
			continue;
		const struct fn *f = &c->ir->fns[p->edges[e].callee];
		if (f->nop > 250)
			continue;
		for (uint32_t o = f->op; o < f->op + f->nop; o++)
			if ((c->ir->ops[o].kind == OP_CALL || c->ir->ops[o].kind == OP_ICALL) &&
				!bits_get(&c->s->dead_end, o) && reads_io(c, o, deep - 1))
				return true;
	}
	return false;
}

/* Is r the parameter, or something loaded from behind it: it, it->inner, &it->inner? */
static bool behind_param(const struct costs *c, uint32_t fn, struct ref r, uint32_t param)
{
	const struct local_facts *lf = local_facts(c->s, fn);
	for (int hops = 0; hops < 4 && r.kind == REF_LOCAL; hops++) {
		if (r.id == param)
			return true;
		uint32_t d = lf->def[r.id];
		if (d == NONE)
			return false;
		const struct op *op = &c->ir->ops[d];
		if (op->kind == OP_COPY)
			r = op->src;
		else if (op->kind == OP_LOAD || op->kind == OP_ADDR)
			r = c->ir->paths[op->src.id].base;
		else
			return false;
	}
	return false;
}

/* Does a call store in the record behind its argument, itself or through what it hands it to? */
static bool moves_on(const struct costs *c, uint32_t site, uint32_t arg, int deep)
{
	const struct program *p = c->s->p;
	for (uint32_t e = p->site_edge[site]; e != NONE && e < p->nedge && p->edges[e].site == site;
		e++) {
		const struct fn *f = &c->ir->fns[p->edges[e].callee];
		if (!f->nblock)
			continue;
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			const struct op *op = &c->ir->ops[o];
			if (op->kind == OP_STORE) {
				const struct path *pa = &c->ir->paths[op->dst.id];
				if (pa->base.kind == REF_LOCAL && pa->base.id == arg &&
					path_field(c->ir, op->dst.id) != NONE)
					return true;
			}
			if ((op->kind != OP_CALL && op->kind != OP_ICALL) || deep == 0 ||
				bits_get(&c->s->dead_end, o))
				continue;
			for (uint32_t a = 0; a < op->narg; a++)
				if (behind_param(
					    c, p->edges[e].callee, c->ir->args[op->arg + a], arg) &&
					moves_on(c, o, a, deep - 1))
					return true;
		}
	}
	return false;
}

static bool is_address_of(const struct costs *c, uint32_t fn, struct ref a, uint32_t local)
{
	const struct local_facts *lf = local_facts(c->s, fn);
	uint32_t d = a.kind == REF_LOCAL ? lf->def[a.id] : NONE;
	if (d == NONE || c->ir->ops[d].kind != OP_ADDR)
		return false;
	const struct path *p = &c->ir->paths[c->ir->ops[d].src.id];
	return p->base.kind == REF_LOCAL && p->base.id == local;
}

static bool is_record(const struct costs *c, uint32_t type)
{
	while (type != NONE &&
		(c->ir->types[type].kind == TYPE_PTR || c->ir->types[type].kind == TYPE_ARRAY))
		type = c->ir->types[type].to;
	return type != NONE && c->ir->types[type].kind == TYPE_RECORD;
}

/* Was a call given the address of this local before the loop: rewind(list, &it)? */
static bool set_up(const struct view *v, uint32_t local, uint32_t site)
{
	const struct costs *c = v->c;
	for (uint32_t o = v->f->op; o < site; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_CALL || role_inside(v, o) || op->narg < 2)
			continue;
		for (uint32_t a = 0; a < op->narg; a++)
			if (is_address_of(c, v->fn, c->ir->args[op->arg + a], local))
				return true;
	}
	return false;
}

/* An iterator was made by a call before the loop, it = get(container) or rewind(container, &it),
 * and moves on when it is asked for the next one. What is only searched again and again with a
 * cursor is none. */
static bool is_iterator(const struct view *v, uint32_t site)
{
	const struct costs *c = v->c;
	const struct op *op = &c->ir->ops[site];
	const struct local_facts *lf = local_facts(c->s, v->fn);

	for (uint32_t a = 0; a < op->narg; a++) {
		struct ref r = c->ir->args[op->arg + a];
		uint32_t d = r.kind == REF_LOCAL ? lf->def[r.id] : NONE;
		if (d == NONE || !is_record(c, c->ir->locals[v->f->local + r.id].type))
			continue;
		const struct op *def = &c->ir->ops[d];
		if (def->kind == OP_ADDR) {
			const struct path *p = &c->ir->paths[def->src.id];
			if (p->base.kind == REF_LOCAL && !p->nstep && set_up(v, p->base.id, site))
				return moves_on(c, site, a, 3);
			continue;
		}
		bool made = true;
		for (; d != NONE; d = lf->next_def[d - v->f->op])
			made &= c->ir->ops[d].kind == OP_CALL && !role_inside(v, d);
		if (made && moves_on(c, site, a, 3))
			return true;
	}
	return false;
}

static bool is_clock(const struct costs *c, uint32_t site)
{
	const struct program *p = c->s->p;
	if (op_has_verb(c, site, VERB_CLOCK))
		return true;
	for (uint32_t e = p->site_edge[site]; e != NONE && e < p->nedge && p->edges[e].site == site;
		e++)
		if (c->clock[p->edges[e].callee])
			return true;
	return false;
}

/* Does a value depend on a call that tells the time, made inside the loop (NULL: anywhere)? */
static bool from_clock(const struct costs *c, uint32_t fn, const struct loop *l, struct ref r,
	struct point at, int deep)
{
	uint32_t defs[MAX_DEFS + 1];
	if (r.kind != REF_LOCAL || deep > 6)
		return false;
	if (c->ir->locals[c->ir->fns[fn].local + r.id].flags &
		LOCAL_ADDR) { /* clock_gettime(.., &now) */
		const struct fn *f = &c->ir->fns[fn];
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			const struct op *op = &c->ir->ops[o];
			if (op->kind != OP_CALL || (l && !loop_has(l, c->s->p->op_block[o])) ||
				!is_clock(c, o))
				continue;
			for (uint32_t a = 0; a < op->narg; a++)
				if (is_address_of(c, fn, c->ir->args[op->arg + a], r.id))
					return true;
		}
	}
	uint32_t n = reaching(c->s, fn, r.id, at, defs);
	for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
		if (defs[i] == NONE)
			continue;
		const struct op *op = &c->ir->ops[defs[i]];
		struct point here = at_site(c->s, defs[i]);
		switch (op->kind) {
		case OP_COPY:
		case OP_UN:
			if (from_clock(c, fn, l, op->src, here, deep + 1))
				return true;
			break;
		case OP_BIN:
			if (from_clock(c, fn, l, op->src, here, deep + 1) ||
				from_clock(c, fn, l, ref_of(op->arg), here, deep + 1))
				return true;
			break;
		case OP_LOAD: {
			const struct path *p = &c->ir->paths[op->src.id];
			if (p->base.kind == REF_LOCAL &&
				from_clock(c, fn, l, p->base, here, deep + 1))
				return true;
			break;
		}
		case OP_CALL:
		case OP_ICALL:
			if ((!l || loop_has(l, here.block)) && is_clock(c, defs[i]))
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

/* Wrappers of clocks, callees first: what they return is what a clock said, or what it stored in a
 * local. */
void trip_clocks(struct costs *c)
{
	const struct program *p = c->s->p;
	for (uint32_t i = 0; i < c->ir->nfns; i++) {
		const struct fn *f = &c->ir->fns[p->bottom_up[i]];
		if (f->nop > 60) /* a wrapper is short */
			continue;
		for (uint32_t o = f->op; o < f->op + f->nop; o++)
			if (c->ir->ops[o].kind == OP_RET &&
				from_clock(c, p->bottom_up[i], NULL, c->ir->ops[o].src,
					at_site(c->s, o), 0))
				c->clock[p->bottom_up[i]] = true;
	}
}

/* What a walk goes along: the array by its field or global, or what the moving pointer started at.
 */
static void walked(struct view *v, const struct seen *x, struct origins *out)
{
	struct costs *c = v->c;
	struct origins base = {0};
	const struct op *op = x->op == NONE ? NULL : &c->ir->ops[x->op];

	if (op && op->kind == OP_LOAD) {
		const struct path *p = &c->ir->paths[op->src.id];
		uint32_t field = NONE;
		for (uint32_t i = 0; i < p->nstep; i++) {
			const struct step *st = &c->ir->steps[p->step + i];
			if (st->kind == STEP_INDEX && st->index.kind == REF_LOCAL)
				break;
			if (st->kind == STEP_FIELD)
				field = st->field;
		}
		if (p->base.kind == REF_GLOBAL)
			origins_add(out, sym_id(c, SYM_GLOBAL, NONE, p->base.id));
		else if (field != NONE && p->base.kind == REF_LOCAL && p->base.id != x->var)
			origins_add(out, sym_id(c, SYM_ARRAY, NONE, field));
		else if (p->base.kind == REF_LOCAL && p->base.id != x->var)
			origins_of(c, v->fn, p->base, entry_of(v), &base);
		if (out->n)
			return;
	}
	if (!base.n && x->var != NONE)
		initial(v, x->var, &base);
	for (uint32_t i = 0; i < base.n; i++) {
		struct sym s = c->syms.v[base.sym[i]];
		origins_add(out, s.kind == SYM_PARAM   ? sym_id(c, SYM_TEXT, s.fn, s.id)
				 : s.kind == SYM_FIELD ? sym_id(c, SYM_ARRAY, NONE, s.id)
						       : base.sym[i]);
	}
}

static void add_bound(struct trip_info *out, struct bound b)
{
	if (out->n < MAX_BOUNDS)
		out->bound[out->n++] = b;
}

/* Is the loop left when the call succeeds, and turns again when it was interrupted? */
static bool retries(const struct costs *c, const struct block *b, uint32_t call, uint32_t leaves)
{
	const struct cond *k = &b->cond;
	if (k->rhs.kind != REF_CONST || c->ir->ops[call].kind != OP_CALL || b->nsucc != 2)
		return false;
	int64_t v = c->ir->consts[k->rhs.id];
	bool first = c->ir->succs[b->succ].block == leaves;
	bool fails = (k->rel == REL_EQ && v == -1) || (k->rel == REL_LT && v == 0);
	bool succeeds = (k->rel == REL_NE && v == -1) || (k->rel == REL_GE && v == 0);
	return first ? succeeds : fails;
}

/* What one comparison says. every: each turn passes it. */
static void exit_bound(struct view *v, const struct block *b, uint32_t block, uint32_t leaves,
	bool every, struct trip_info *out)
{
	struct costs *c = v->c;
	struct point at = at_end(c->s, v->fn, block);
	struct seen x = role_of(v, b->cond.lhs), y = role_of(v, b->cond.rhs);
	struct bound bd = {.count = -1, .op = NONE, .var = NONE, .step = 1};

	if (x.role == R_FIXED && y.role == R_FIXED)
		return;
	if (x.role != R_FIXED && x.role != R_FLAG &&
		(from_clock(c, v->fn, v->l, b->cond.lhs, at, 0) ||
			from_clock(c, v->fn, v->l, b->cond.rhs, at, 0))) {
		struct origins lim;
		origins_of(c, v->fn, b->cond.rhs, at, &lim);
		out->clock = true;
		/* 200 ms, or 10 s, are no limit for a task; the unit is the program's, but not
		 * below a millisecond for numbers of that size */
		out->late = lim.has_const && !lim.n && lim.most >= 50 && lim.most <= 100000;
		return;
	}
	/* x: what moves; the other side is its limit */
	struct ref limit = b->cond.rhs;
	struct seen lim = y;
	if (x.role == R_FIXED || (x.role == R_MEM && y.role != R_FIXED && y.role != R_MEM) ||
		(x.role != R_STEP && y.role == R_STEP)) {
		lim = x;
		limit = b->cond.lhs;
		x = y;
	}
	bd.var = x.var;
	bd.op = x.op;
	switch (x.role) {
	case R_HALF:
		bd.trip = TRIP_LOG;
		break;
	case R_STEP: {
		struct origins end = {0}, begin = {0};
		bool known = false;
		bd.step = x.step > 1 ? x.step : 1;
		bd.trip = TRIP_COUNT;
		if (lim.role == R_STEP || lim.role == R_READ || lim.role == R_ELEM) {
			initial(v, lim.var != NONE ? lim.var : x.var, &end);
		} else if (lim.role == R_CALL || lim.role == R_MEM || lim.role == R_OTHER ||
			   lim.role == R_FIXED) {
			origins_of(c, v->fn, limit, at, &end);
		}
		if (x.var != NONE)
			initial(v, x.var, &begin);
		if (end.has_const && !end.n && begin.has_const && !begin.n) {
			int64_t far = end.most > begin.most ? end.most - begin.most
							    : begin.most - end.most;
			bd.count = (int64_t)((double)far / bd.step);
			bd.trip = every ? TRIP_CONST : TRIP_CAP;
			known = true;
			if (bd.count >
				MAX_COUNT) { /* -1 as an unsigned number: another exit counts */
				bd.count = -1;
				bd.trip = TRIP_OTHER;
			}
		} else if (end.has_const &&
			   !end.n) { /* down to 0, or up to a constant from somewhere */
			bd.from = begin;
			if (end.most > 1 && !begin.n) {
				bd.trip = TRIP_CAP;
				bd.count = end.most;
			}
		} else {
			bd.from = end;
		}
		if (!known && !bd.from.n && bd.trip == TRIP_COUNT) {
			bd.trip = TRIP_CAP;
			bd.count = bd.from.has_const ? bd.from.most : -1;
		}
		break;
	}
	case R_LINK:
		bd.trip = x.var != NONE && from_bucket(v, x.var, 0) ? TRIP_CHAIN : TRIP_LIST;
		if (x.field != NONE)
			origins_add(&bd.from, sym_id(c, SYM_LINK, x.last, x.field));
		break;
	case R_NEXT:
		bd.trip = TRIP_ITER;
		break;
	case R_READ:
		bd.trip = TRIP_WALK;
		walked(v, &x, &bd.from);
		break;
	case R_CALL:
		if (retries(c, b, x.op, leaves)) {
			bd.trip = TRIP_CAP;
			bd.count = 2;
			break;
		}
		bd.trip = reads_io(c, x.op, 3)	 ? TRIP_IO
			  : is_iterator(v, x.op) ? TRIP_ITER
						 : TRIP_OTHER;
		bd.var = NONE;
		break;
	case R_MEM:
		bd.trip = TRIP_WORK;
		if (c->ir->ops[x.op].kind == OP_LOAD)
			origins_of(c, v->fn, c->ir->ops[x.op].dst,
				(struct point){c->s->p->op_block[x.op], x.op + 1}, &bd.from);
		break;
	default:
		bd.trip = TRIP_OTHER;
		break;
	}
	if (every ? bd.trip != TRIP_OTHER : bd.trip == TRIP_CAP || bd.trip == TRIP_LOG)
		add_bound(out, bd);
}

static bool leads_nowhere(const struct view *v, uint32_t block)
{
	const struct costs *c = v->c;
	for (int hops = 0; hops < 4; hops++) {
		const struct block *b = &c->ir->blocks[v->f->block + block];
		if (b->term == TERM_STOP)
			return true;
		if (b->nop)
			return bits_get(&c->s->dead_end, b->op);
		if (b->term != TERM_GOTO || b->nsucc != 1)
			return false;
		block = c->ir->succs[b->succ].block;
	}
	return false;
}

void trip_of(struct costs *c, uint32_t fn, const struct cfg *g, const struct loop *l,
	struct trip_info *out)
{
	struct view v = {.c = c, .fn = fn, .f = &c->ir->fns[fn], .l = l, .g = g};

	*out = (struct trip_info){0};
	for (uint32_t i = 0; i < l->nblock; i++) {
		uint32_t block = l->blocks[i];
		const struct block *b = &c->ir->blocks[v.f->block + block];
		uint32_t leaves = NONE;
		for (uint32_t k = 0; k < b->nsucc; k++)
			if (!loop_has(l, c->ir->succs[b->succ + k].block))
				leaves = c->ir->succs[b->succ + k].block;
		if (leaves == NONE || b->term != TERM_IF || leads_nowhere(&v, leaves))
			continue;
		bool every = true;
		for (uint32_t k = 0; k < g->npred[l->head]; k++) {
			uint32_t tail = g->pred[l->head][k];
			if (loop_has(l, tail) && !cfg_dominates(g, block, tail))
				every = false;
		}
		v.fuel = 400;
		exit_bound(&v, b, block, leaves, every, out);
	}
}
