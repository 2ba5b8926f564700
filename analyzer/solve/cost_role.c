/* cost_role.c - what a value does from turn to turn of a loop.
 *
 * Looks at the definitions of a local inside the loop, and at what these are made of, until it
 * comes back to a local that is being looked at: i = i + 1 steps, p = p->next follows a link, n = n
 * / 2 halves.
 *
 * needs: definitions      gives: role_of
 */
#include "solve/cost_role.h"

bool role_inside(const struct view *v, uint32_t op)
{
	return loop_has(v->l, v->c->s->p->op_block[op]);
}

/* First field step that leads from one record to the next: next, or entry in entry.tqe_next. */
static uint32_t link_field(const struct costs *c, const struct path *p)
{
	for (uint32_t i = 0; i < p->nstep; i++)
		if (c->ir->steps[p->step + i].kind == STEP_FIELD)
			return c->ir->steps[p->step + i].field;
	return NONE;
}

static struct seen role_of_path(struct view *v, uint32_t op, uint32_t path)
{
	const struct costs *c = v->c;
	const struct path *p = &c->ir->paths[path];
	struct seen out = {.role = R_MEM, .op = op, .var = NONE, .field = NONE};

	if (p->base.kind == REF_LOCAL) {
		struct seen b = role_of(v, p->base);
		bool addr = c->ir->locals[v->f->local + p->base.id].flags & LOCAL_ADDR && !p->nstep;
		out.var = b.var;
		switch (b.role) {
		case R_SELF:
			out.role = R_LINK;
			out.last = path_field(c->ir, path);
			out.field = link_field(c, p);
			for (uint32_t i = 0; i < p->nstep;
				i++) /* x->level[i].forward: down a skip list */
				if (c->ir->steps[p->step + i].kind == STEP_INDEX &&
					c->ir->steps[p->step + i].index.kind == REF_LOCAL)
					out.role = R_HALF;
			return out;
		case R_HALF:
			out.role = R_HALF;
			return out;
		case R_STEP:
		case R_READ:
			out.role = R_READ;
			return out;
		case R_FIXED:
			if (addr)
				out.role = R_FIXED;
			break;
		case R_MEM: /* what lies behind a field that is loaded anew: a cursor in memory */
			break;
		default:
			out.role = R_ELEM;
			return out;
		}
	}
	for (uint32_t i = 0; i < p->nstep; i++) {
		const struct step *st = &c->ir->steps[p->step + i];
		if (st->kind != STEP_INDEX || st->index.kind != REF_LOCAL)
			continue;
		struct seen x = role_of(v, st->index);
		if (x.role == R_STEP || x.role == R_SELF || x.role == R_READ) {
			out.role = R_READ;
			out.var = x.var;
			return out;
		}
		if (x.role == R_HALF) {
			out.role = R_HALF;
			return out;
		}
	}
	return out;
}

static double const_of(const struct costs *c, struct ref r)
{
	int64_t k = r.kind == REF_CONST ? c->ir->consts[r.id] : 0;
	return k < 0 ? -(double)k : (double)k;
}

static struct seen role_of_bin(struct view *v, uint32_t at)
{
	const struct op *op = &v->c->ir->ops[at];
	struct ref second = ref_of(op->arg);
	struct seen a = role_of(v, op->src), b = role_of(v, second);
	bool self = a.role == R_SELF || b.role == R_SELF;
	struct seen other = a.role == R_SELF ? b : a;
	struct seen out = {
		.role = R_OTHER, .op = at, .var = a.role == R_SELF ? a.var : b.var, .field = NONE};

	switch (op->flags) {
	case BIN_ADD:
	case BIN_SUB:
		if (self && other.role == R_FIXED) {
			out.role = R_STEP;
			out.step = const_of(v->c, a.role == R_SELF ? second : op->src);
			return out;
		}
		if (self) {
			out.role = other.role == R_HALF ? R_HALF : R_STEP;
			return out;
		}
		break;
	case BIN_SHR:
	case BIN_DIV:
		if (a.role == R_SELF || a.role == R_STEP) {
			out.role = R_HALF;
			out.var = a.var;
			return out;
		}
		break;
	case BIN_SHL:
	case BIN_MUL:
	case BIN_AND: /* x &= x - 1 */
		if (self) {
			out.role = R_HALF;
			return out;
		}
		break;
	case BIN_MOD: /* (i + 1) % n: goes round */
		if (a.role == R_SELF || a.role == R_STEP)
			return a.role == R_STEP ? a
						: (struct seen){.role = R_STEP,
							  .op = at,
							  .var = a.var,
							  .field = NONE};
		break;
	default:
		break;
	}
	if (a.role == R_HALF || b.role == R_HALF)
		return a.role == R_HALF ? a : b;
	if (a.role == R_FIXED || a.role == R_FLAG)
		return b;
	if (b.role == R_FIXED || b.role == R_FLAG || a.role == R_STEP)
		return a;
	return b.role == R_STEP ? b : a;
}

static struct seen role_of_call(struct view *v, uint32_t at)
{
	const struct op *op = &v->c->ir->ops[at];
	struct seen out = {.role = R_CALL, .op = at, .var = NONE, .field = NONE};

	for (uint32_t i = 0; i < op->narg; i++) {
		struct seen a = role_of(v, v->c->ir->args[op->arg + i]);
		if (a.role == R_SELF || a.role == R_NEXT || a.role == R_LINK || a.role == R_ELEM ||
			a.role == R_READ) {
			out.role =
				a.role == R_SELF
					? R_NEXT
					: R_ELEM; /* the next one; or what is asked of this one */
			out.var = a.var;
			if (a.role == R_SELF)
				break;
		}
		if (a.role == R_STEP && out.role == R_CALL)
			out.var = a.var; /* get(i) */
	}
	return out;
}

static struct seen role_of_def(struct view *v, uint32_t at)
{
	const struct op *op = &v->c->ir->ops[at];
	struct seen out = {.role = R_OTHER, .op = at, .var = NONE, .field = NONE};

	switch (op->kind) {
	case OP_COPY:
		if (op->src.kind != REF_LOCAL)
			return (struct seen){.role = R_FLAG, .op = at, .var = NONE, .field = NONE};
		return role_of(v, op->src);
	case OP_UN:
		return role_of(v, op->src);
	case OP_BIN:
		return role_of_bin(v, at);
	case OP_LOAD:
		return role_of_path(v, at, op->src.id);
	case OP_CALL:
	case OP_ICALL:
		return role_of_call(v, at);
	default:
		return out;
	}
}

/* Of several definitions in the loop. Constants are resets, and say nothing if there is more. */
static struct seen merge(struct view *v, struct seen a, struct seen b)
{
	if (a.role == R_FLAG || a.role == R_SELF || a.role == R_FIXED)
		return b.role == R_SELF ? a : b;
	if (b.role == R_FLAG || b.role == R_SELF || b.role == R_FIXED)
		return a;
	if (a.role == b.role) {
		if (a.role == R_STEP && a.step != b.step)
			a.step = 0;
		if (a.role == R_LINK && a.last != b.last && a.last != NONE && b.last != NONE &&
			(a.chosen || b.chosen)) {
			a.role = R_HALF; /* left or right: these fields make a tree */
			bits_set(&v->c->tree, a.last);
			bits_set(&v->c->tree, b.last);
		}
		return a;
	}
	if (a.role == R_HALF || b.role == R_HALF)
		return a.role == R_HALF ? a : b;
	if (a.role == R_LINK || a.role == R_NEXT)
		return a;
	if (b.role == R_LINK || b.role == R_NEXT)
		return b;
	a.role = R_OTHER;
	return a;
}

/* The call that gets the address of a local inside the loop: while (next(it, &x)) ... x */
static uint32_t setter(const struct view *v, uint32_t local)
{
	const struct costs *c = v->c;
	for (uint32_t o = v->f->op; o < v->f->op + v->f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_ADDR || !role_inside(v, o))
			continue;
		const struct path *p = &c->ir->paths[op->src.id];
		if (p->base.kind != REF_LOCAL || p->base.id != local || p->nstep)
			continue;
		for (uint32_t k = o + 1; k < v->f->op + v->f->nop && k < o + 8; k++)
			if (c->ir->ops[k].kind == OP_CALL || c->ir->ops[k].kind == OP_ICALL)
				for (uint32_t a = 0; a < c->ir->ops[k].narg; a++)
					if (ref_eq(c->ir->args[c->ir->ops[k].arg + a], op->dst))
						return k;
	}
	return NONE;
}

/* left or right is decided anew in every turn, forward or backward once for all. */
static bool chosen(struct view *v, uint32_t def)
{
	const struct costs *c = v->c;
	const struct guard *g = &local_facts(c->s, v->fn)->guard[c->s->p->op_block[def]];
	if (g->at == NONE || !loop_has(v->l, g->at))
		return false;
	const struct cond *k = &c->ir->blocks[v->f->block + g->at].cond;
	enum role a = role_of(v, k->lhs).role, b = role_of(v, k->rhs).role;
	return a != R_FIXED || b != R_FIXED;
}

struct seen role_of(struct view *v, struct ref r)
{
	struct seen out = {.role = R_FIXED, .op = NONE, .var = NONE, .field = NONE};
	bool any = false;

	if (r.kind != REF_LOCAL)
		return out;
	for (uint32_t i = 0; i < v->nbusy; i++)
		if (v->busy[i] == r.id)
			return (struct seen){
				.role = R_SELF, .op = NONE, .var = r.id, .field = NONE};
	if (v->nbusy == COUNT(v->busy) || v->fuel-- <= 0)
		return (struct seen){.role = R_OTHER, .op = NONE, .var = r.id, .field = NONE};
	v->busy[v->nbusy++] = r.id;
	const struct local_facts *lf = local_facts(v->c->s, v->fn);
	for (uint32_t d = lf->def[r.id]; d != NONE; d = lf->next_def[d - v->f->op]) {
		if (!role_inside(v, d))
			continue;
		struct seen one = role_of_def(v, d);
		one.chosen = chosen(v, d);
		out = any ? merge(v, out, one) : one;
		any = true;
	}
	v->nbusy--;
	if (v->c->ir->locals[v->f->local + r.id].flags & LOCAL_ADDR) {
		uint32_t call = setter(v, r.id);
		if (call != NONE && (!any || out.role == R_FLAG))
			return (struct seen){
				.role = R_CALL, .op = call, .var = NONE, .field = NONE};
	}
	if (any && out.role == R_SELF) /* only copies of itself */
		out.role = R_FIXED;
	if (any && out.var == NONE)
		out.var = r.id;
	return out;
}
