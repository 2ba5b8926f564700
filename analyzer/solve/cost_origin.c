/* cost_origin.c - where a number comes from: constants, parameters, fields, lengths, results of
 * calls.
 *
 * Walks back over the definitions that reach a place, through copies and arithmetic. A sum has the
 * sources of both sides; what a mask or a remainder leaves is a constant. Results of the program's
 * own functions are looked into, and their parameters replaced by the arguments.
 *
 * needs: reaching definitions, effects      gives: symbols, origins
 */
#include "solve/cost.h"

enum { MAX_DEEP = 24, MAX_FUEL = 300 };

/* The definitions being looked at, innermost first: i = i + 1 says nothing new of i. */
struct trail {
	const struct trail *up;
	uint32_t def;
	int deep;
};

uint32_t sym_id(struct costs *c, enum sym_kind kind, uint32_t fn, uint32_t id)
{
	uint64_t key = hash_mix(hash_mix(kind + 1, fn), id);
	uint32_t *slot = map_slot(&c->sym_of, key, c->syms.n);
	if (*slot == c->syms.n)
		vec_add(&c->syms, ((struct sym){kind, fn, id}));
	return *slot;
}

void origins_add(struct origins *to, uint32_t sym)
{
	for (uint32_t i = 0; i < to->n; i++)
		if (to->sym[i] == sym)
			return;
	if (to->n < MAX_ORIGINS)
		to->sym[to->n++] = sym;
}

void origins_const(struct origins *to, int64_t k)
{
	if (!to->has_const || k > to->most)
		to->most = k;
	to->has_const = true;
}

/* size_t strlen(const char *): costs per byte of its first argument, and returns a number as wide
 * as a pointer. */
int length_param(const struct costs *c, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (!cl || cl->verb != VERB_COSTS || !(cl->flags & CL_BYTES) ||
			e[i].model->nparam > 2)
			continue;
		uint32_t t = c->ir->fns[e[i].callee].type;
		if (t == NONE || c->ir->types[t].to == NONE)
			continue;
		const struct type *r = &c->ir->types[c->ir->types[t].to];
		if (r->kind == TYPE_INT && r->size == 8)
			return cl->p;
	}
	return PARAM_NONE;
}

/* long strtol(const char *, ...): reads one text, waits for nothing, and returns a number that is
 * not its length. */
static bool parses_number(const struct costs *c, uint32_t site)
{
	uint32_t n, reads = 0;
	const struct effect *e = effects_at(c->s->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (!cl || cl->verb == VERB_BLOCKS ||
			(cl->verb == VERB_COSTS && cl->flags & CL_BYTES))
			return false;
		reads += cl->verb == VERB_READS;
	}
	if (reads != 1)
		return false;
	uint32_t t = c->ir->fns[e[0].callee].type;
	if (t == NONE || c->ir->types[t].to == NONE ||
		c->ir->types[c->ir->types[t].to].kind != TYPE_INT)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause->verb == VERB_READS) {
			struct ref a = effect_arg(c->s->p, &e[i], e[i].clause->p);
			if (a.kind == REF_STR)
				return true;
			t = a.kind == REF_LOCAL
				    ? c->ir->locals[c->ir->fns[e[i].fn].local + a.id].type
				    : NONE;
			return t != NONE && c->ir->types[t].kind == TYPE_PTR &&
			       c->ir->types[t].to != NONE &&
			       c->ir->types[c->ir->types[t].to].size == 1;
		}
	return false;
}

static void from(struct costs *c, uint32_t fn, struct ref r, struct point at,
	const struct trail *up, struct origins *out);

/* The text or array that a pointer leads to: counted by the parameter or field that holds the
 * pointer. */
static void length_of(struct costs *c, uint32_t fn, struct ref r, struct point at,
	const struct trail *up, struct origins *out)
{
	struct origins base = {0};
	from(c, fn, r, at, up, &base);
	for (uint32_t i = 0; i < base.n; i++) {
		struct sym s = c->syms.v[base.sym[i]];
		if (s.kind == SYM_PARAM)
			origins_add(out, sym_id(c, SYM_TEXT, s.fn, s.id));
		else if (s.kind == SYM_FIELD)
			origins_add(out, sym_id(c, SYM_ARRAY, NONE, s.id));
		else
			origins_add(out, base.sym[i]);
	}
	if (!base.n)
		origins_add(out, sym_id(c, SYM_RESULT, NONE, NONE));
}

/* Origins found in a callee, with its parameters replaced by the arguments. */
static void in_callers_words(struct costs *c, uint32_t fn, uint32_t site, uint32_t callee,
	const struct origins *in, const struct trail *up, struct origins *out)
{
	const struct op *op = &c->ir->ops[site];
	struct point at = at_site(c->s, site);

	if (in->has_const)
		origins_const(out, in->most);
	for (uint32_t i = 0; i < in->n; i++) {
		struct sym s = c->syms.v[in->sym[i]];
		bool param = (s.kind == SYM_PARAM || s.kind == SYM_TEXT) && s.fn == callee;
		if (!param)
			origins_add(out, in->sym[i]);
		else if (s.id >= op->narg)
			origins_add(out, sym_id(c, SYM_RESULT, NONE, callee));
		else if (s.kind == SYM_PARAM)
			from(c, fn, c->ir->args[op->arg + s.id], at, up, out);
		else
			length_of(c, fn, c->ir->args[op->arg + s.id], at, up, out);
	}
}

static void from_call(
	struct costs *c, uint32_t fn, uint32_t site, const struct trail *up, struct origins *out)
{
	const struct op *op = &c->ir->ops[site];
	struct point at = at_site(c->s, site);
	int text = length_param(c, site);
	uint32_t callee = op->kind == OP_CALL && op->src.kind == REF_FN ? op->src.id : NONE;

	if (text >= 0 && text < op->narg) {
		length_of(c, fn, c->ir->args[op->arg + (uint32_t)text], at, up, out);
		return;
	}
	if (callee == NONE || !fn_defined(c->s->p, callee)) {
		origins_add(out, parses_number(c, site) ? sym_id(c, SYM_INPUT, NONE, NONE)
							: sym_id(c, SYM_RESULT, NONE, callee));
		return;
	}
	const struct origins *res = result_origins(c, callee);
	if (!res->n && !res->has_const)
		origins_add(out, sym_id(c, SYM_RESULT, NONE, callee));
	in_callers_words(c, fn, site, callee, res, up, out);
}

/* What a function stores behind one of its parameters, itself or by handing it on. */
static bool out_origins(
	struct costs *c, uint32_t callee, uint32_t param, int deep, struct origins *out)
{
	const struct fn *f = &c->ir->fns[callee];
	bool any = false;
	if (!c->fuel)
		return false;
	c->fuel--;
	for (uint32_t o = f->op; o < f->op + f->nop && c->fuel; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind == OP_CALL && deep < 4 && fn_defined(c->s->p, op->src.id)) {
			for (uint32_t a = 0; a < op->narg; a++) {
				struct ref r = c->ir->args[op->arg + a];
				struct origins in = {0};
				if (r.kind != REF_LOCAL || r.id != param ||
					!out_origins(c, op->src.id, a, deep + 1, &in))
					continue;
				any = true;
				in_callers_words(c, callee, o, op->src.id, &in, NULL, out);
			}
		}
		if (op->kind != OP_STORE)
			continue;
		const struct path *p = &c->ir->paths[op->dst.id];
		if (p->base.kind != REF_LOCAL || p->base.id != param || p->nstep != 1 ||
			c->ir->steps[p->step].kind != STEP_DEREF)
			continue;
		any = true;
		from(c, callee, op->src, at_site(c->s, o), NULL, out);
	}
	return any;
}

/* A local whose address is taken: what the calls that got it may have stored. */
static void stored_by_call(
	struct costs *c, uint32_t fn, uint32_t local, const struct trail *up, struct origins *out)
{
	const struct fn *f = &c->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop && c->fuel; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_ADDR)
			continue;
		const struct path *p = &c->ir->paths[op->src.id];
		if (p->base.kind != REF_LOCAL || p->base.id != local || p->nstep)
			continue;
		for (uint32_t k = o + 1; k < f->op + f->nop && k < o + 8; k++) {
			const struct op *call = &c->ir->ops[k];
			if (call->kind != OP_CALL && call->kind != OP_ICALL)
				continue;
			for (uint32_t a = 0; a < call->narg; a++) {
				if (!ref_eq(c->ir->args[call->arg + a], op->dst))
					continue;
				uint32_t callee = call->kind == OP_CALL ? call->src.id : NONE;
				struct origins in = {0};
				if (callee == NONE || !fn_defined(c->s->p, callee) ||
					!out_origins(c, callee, a, 0, &in))
					origins_add(out, sym_id(c, SYM_OUT, NONE, callee));
				else
					in_callers_words(c, fn, k, callee, &in, up, out);
			}
		}
	}
}

/* Is the definition one of the local that it multiplies, by way of what is being looked at? */
static bool is_self(const struct costs *c, const struct trail *up, const struct op *mul)
{
	for (const struct trail *t = up; t; t = t->up) {
		const struct op *op = &c->ir->ops[t->def];
		if (op->dst.kind == REF_LOCAL && ref_eq(op->dst, mul->src))
			return true;
	}
	return false;
}

static bool is_pointer(const struct costs *c, uint32_t fn, struct ref r)
{
	uint32_t t = r.kind == REF_LOCAL ? c->ir->locals[c->ir->fns[fn].local + r.id].type : NONE;
	return t != NONE &&
	       (c->ir->types[t].kind == TYPE_PTR || c->ir->types[t].kind == TYPE_ARRAY);
}

/* What is stored in the elements of a local array, or behind a local pointer, in this function. */
static bool stored_elements(
	struct costs *c, uint32_t fn, struct ref base, const struct trail *up, struct origins *out)
{
	const struct fn *f = &c->ir->fns[fn];
	bool any = false;
	for (uint32_t o = f->op; o < f->op + f->nop && c->fuel; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_STORE || !ref_eq(c->ir->paths[op->dst.id].base, base) ||
			path_field(c->ir, op->dst.id) != NONE)
			continue;
		any = true;
		from(c, fn, op->src, at_site(c->s, o), up, out);
	}
	return any;
}

static void from_def(
	struct costs *c, uint32_t fn, uint32_t def, const struct trail *up, struct origins *out)
{
	const struct op *op = &c->ir->ops[def];
	struct point at = at_site(c->s, def);
	struct origins a = {0}, b = {0};

	switch (op->kind) {
	case OP_COPY:
	case OP_UN:
		from(c, fn, op->src, at, up, out);
		return;
	case OP_BIN:
		if (is_pointer(c, fn, op->dst) && (op->flags == BIN_ADD || op->flags == BIN_SUB) &&
			is_pointer(c, fn, op->src) && ref_of(op->arg).kind == REF_LOCAL) {
			from(c, fn, ref_of(op->arg), at, up,
				out); /* begin + n: the end is as far as n says */
			return;
		}
		from(c, fn, op->src, at, up, &a);
		from(c, fn, ref_of(op->arg), at, up, &b);
		switch (op->flags) {
		case BIN_AND:
		case BIN_MOD: /* not more than the mask */
			if (b.has_const && !b.n && b.most >= 0) {
				origins_const(out, b.most);
				return;
			}
			break;
		case BIN_DIV: /* n / hz: a share of it */
			out->scaled |= b.n > 0;
			b = (struct origins){0};
			break;
		case BIN_SHR:
			b = (struct origins){0};
			break;
		case BIN_SHL: /* 1 << e */
			if (!a.n && b.n) {
				origins_add(out, sym_id(c, SYM_POWER, NONE, b.sym[0]));
				return;
			}
			b = (struct origins){0};
			break;
		case BIN_MUL: /* v = v * 10 + digit: a number read from text */
			if (is_self(c, up, op) && (b.has_const || b.n)) {
				origins_add(out, sym_id(c, SYM_INPUT, NONE, NONE));
				return;
			}
			break;
		case BIN_SUB: /* end - begin, n - 1: what is taken away makes it no larger */
			if (a.n)
				b = (struct origins){0};
			break;
		default:
			break;
		}
		for (uint32_t i = 0; i < a.n; i++)
			origins_add(out, a.sym[i]);
		for (uint32_t i = 0; i < b.n; i++)
			origins_add(out, b.sym[i]);
		if (a.has_const && b.has_const && !a.n && !b.n) {
			int64_t x = a.most, y = b.most;
			bool over = op->flags == BIN_MUL && y && (x > INT32_MAX || y > INT32_MAX);
			origins_const(out,
				op->flags == BIN_ADD && x < INT32_MAX && y < INT32_MAX ? x + y
				: op->flags == BIN_MUL && !over			       ? x * y
				: op->flags == BIN_SUB ? x - (b.has_const ? y : 0)
				: op->flags == BIN_SHL && y >= 0 && y < 40 && x < INT32_MAX ? x << y
											    : x);
		} else if (a.has_const || b.has_const) {
			/* n + 1, 2 * n: the constant says nothing */
		}
		out->scaled |= a.scaled || b.scaled;
		return;
	case OP_LOAD: {
		uint32_t field = path_field(c->ir, op->src.id);
		const struct path *p = &c->ir->paths[op->src.id];
		if (field != NONE)
			origins_add(out, sym_id(c, SYM_FIELD, NONE, field));
		else if (p->base.kind == REF_GLOBAL)
			origins_add(out, sym_id(c, SYM_GLOBAL, NONE, p->base.id));
		else if (p->base.kind == REF_LOCAL && !stored_elements(c, fn, p->base, up, out))
			from(c, fn, p->base, at, up, out); /* *p, p[i]: named by p */
		return;
	}
	case OP_ADDR: {
		uint32_t field = path_field(c->ir, op->src.id);
		const struct path *p = &c->ir->paths[op->src.id];
		if (field != NONE)
			origins_add(out, sym_id(c, SYM_FIELD, NONE, field));
		else if (p->base.kind == REF_GLOBAL)
			origins_add(out, sym_id(c, SYM_GLOBAL, NONE, p->base.id));
		return;
	}
	case OP_CALL:
	case OP_ICALL:
		from_call(c, fn, def, up, out);
		return;
	default:
		origins_add(out, sym_id(c, SYM_RESULT, NONE, NONE));
		return;
	}
}

static bool same_value(const struct costs *c, uint32_t fn, struct ref a, struct ref b)
{
	if (a.kind != b.kind)
		return false;
	if (a.kind == REF_CONST)
		return c->ir->consts[a.id] == c->ir->consts[b.id];
	if (ref_eq(a, b))
		return true;
	if (a.kind != REF_LOCAL)
		return false;
	const struct local_facts *lf = local_facts(c->s, fn); /* both loaded from one place */
	uint32_t x = lf->def[a.id], y = lf->def[b.id];
	if (x == NONE || y == NONE || c->ir->ops[x].kind != OP_LOAD ||
		c->ir->ops[y].kind != OP_LOAD)
		return false;
	uint32_t f = path_field(c->ir, c->ir->ops[x].src.id);
	return f != NONE && f == path_field(c->ir, c->ir->ops[y].src.id);
}

/* if (n > limit) n = limit: of the definitions, the one that sets the limit; else NONE. */
static uint32_t clamp_of(
	const struct costs *c, uint32_t fn, uint32_t local, const uint32_t *defs, uint32_t n)
{
	const struct fn *f = &c->ir->fns[fn];
	for (uint32_t i = 0; i < n; i++) {
		if (defs[i] == NONE)
			continue;
		const struct op *op = &c->ir->ops[defs[i]];
		struct ref value = op->kind == OP_COPY ? op->src : op->dst;
		const struct guard *g = &local_facts(c->s, fn)->guard[c->s->p->op_block[defs[i]]];
		if (g->at == NONE || c->ir->blocks[f->block + g->at].term != TERM_IF)
			continue;
		const struct cond *k = &c->ir->blocks[f->block + g->at].cond;
		bool above = g->succ == 0 ? k->rel == REL_GT || k->rel == REL_GE
					  : k->rel == REL_LT || k->rel == REL_LE;
		bool below = g->succ == 0 ? k->rel == REL_LT || k->rel == REL_LE
					  : k->rel == REL_GT || k->rel == REL_GE;
		if (above && k->lhs.kind == REF_LOCAL && k->lhs.id == local &&
			same_value(c, fn, k->rhs, value))
			return defs[i];
		if (below && k->rhs.kind == REF_LOCAL && k->rhs.id == local &&
			same_value(c, fn, k->lhs, value))
			return defs[i];
	}
	return NONE;
}

static void from_defs(struct costs *c, uint32_t fn, uint32_t local, const uint32_t *defs,
	uint32_t n, const struct trail *up, struct origins *out)
{
	for (uint32_t i = 0; i < n; i++) {
		bool busy = false;
		for (const struct trail *t = up; t; t = t->up)
			busy |= t->def == defs[i];
		if (defs[i] == NONE && local < c->ir->fns[fn].nparam)
			origins_add(out, sym_id(c, SYM_PARAM, fn, local));
		else if (defs[i] != NONE && !busy)
			from_def(c, fn, defs[i],
				&(struct trail){up, defs[i], up ? up->deep + 1 : 1}, out);
	}
}

static void add_all(struct origins *to, const struct origins *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		origins_add(to, a->sym[i]);
	if (a->has_const)
		origins_const(to, a->most);
	to->scaled |= a->scaled;
}

static double largest(struct costs *c, const struct origins *o)
{
	double most = o->has_const ? (double)o->most : 0;
	uint32_t fuel = c->fuel;
	for (uint32_t i = 0; i < o->n; i++) {
		double x = extent_most[sym_extent(c, o->sym[i], 1)];
		most = x > most ? x : most;
	}
	c->fuel = fuel;
	return most;
}

static void from(struct costs *c, uint32_t fn, struct ref r, struct point at,
	const struct trail *up, struct origins *out)
{
	const struct fn *f = &c->ir->fns[fn];
	uint32_t defs[MAX_DEFS + 1];

	if (r.kind == REF_CONST) {
		origins_const(out, c->ir->consts[r.id]);
		return;
	}
	if (r.kind == REF_STR) {
		origins_const(out, (int64_t)strlen(ir_text_of(c->ir, r.id)));
		return;
	}
	if (r.kind != REF_LOCAL)
		return;
	if ((up && up->deep > MAX_DEEP) || !c->fuel) {
		origins_add(out, sym_id(c, SYM_RESULT, NONE, NONE));
		return;
	}
	c->fuel--;
	if (c->ir->locals[f->local + r.id].flags & LOCAL_ADDR)
		stored_by_call(c, fn, r.id, up, out);
	uint32_t n = reaching(c->s, fn, r.id, at, defs);
	if (n > MAX_DEFS) {
		origins_add(out, sym_id(c, SYM_RESULT, NONE, NONE));
		return;
	}
	uint32_t limit = n > 1 ? clamp_of(c, fn, r.id, defs, n) : NONE;
	if (limit == NONE) {
		from_defs(c, fn, r.id, defs, n, up, out);
		return;
	}
	struct origins above = {0}, below = {0}; /* not more than either */
	uint32_t rest = 0, others[MAX_DEFS + 1];
	for (uint32_t i = 0; i < n; i++)
		if (defs[i] != limit)
			others[rest++] = defs[i];
	from_defs(c, fn, r.id, &limit, 1, up, &above);
	from_defs(c, fn, r.id, others, rest, up, &below);
	add_all(out, largest(c, &above) <= largest(c, &below) ? &above : &below);
}

void origins_of(struct costs *c, uint32_t fn, struct ref r, struct point at, struct origins *out)
{
	*out = (struct origins){0};
	c->fuel = MAX_FUEL;
	from(c, fn, r, at, NULL, out);
}

const struct origins *result_origins(struct costs *c, uint32_t fn)
{
	const struct fn *f = &c->ir->fns[fn];
	struct origins *out = &c->result[fn];

	if (c->result_known[fn]) /* 1: in a cycle, nothing is known yet */
		return out;
	c->result_known[fn] = 1;
	struct origins all = {0};
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind == OP_RET && op->src.kind != REF_NONE && !bits_get(&c->s->dead_end, o))
			from(c, fn, op->src, at_site(c->s, o), NULL, &all);
	}
	c->result_known[fn] = 2;
	*out = all;
	return out;
}
