/* nonblock.c - socket(domain, SOCK_STREAM, 0) becomes socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0).
 *
 * For a call that would not wait if its descriptor were non-blocking. Right where the descriptor is known to be made by
 * one call, and where every function that is seen to use it so looks at EAGAIN or its like: then the program expects a
 * descriptor that does not block, and nobody has made it so. How the maker is told, the models know ("gives socket
 * nonblocking if type has SOCK_NONBLOCK"). Close-on-exec comes with it: the flags of a family are named alike.
 */
#include "fix/fix_int.h"

enum { MAX_HOPS = 6 };

/* What a place is told by: its last field, or a global as a whole; NONE: neither. */
static uint32_t place_of(const struct ir *ir, struct ref r)
{
	const struct path *path = &ir->paths[r.id];
	const struct step *last = path->nstep ? &ir->steps[path->step + path->nstep - 1] : NULL;

	if (last)
		return last->kind == STEP_FIELD ? last->field : NONE;
	return path->base.kind == REF_GLOBAL ? ir->nfields + path->base.id : NONE;
}

static uint32_t maker_of(const struct fixing *x, uint32_t fn, struct ref r, int hops);

/* The one maker of all that is stored there; NONE. */
static uint32_t stored(const struct fixing *x, uint32_t place, int hops)
{
	const struct ir *ir = x->in->p->ir;
	uint32_t maker = NONE;

	for (uint32_t o = 0; place != NONE && o < ir->nops; o++) {
		const struct op *op = &ir->ops[o];
		uint32_t m;

		if (op->kind != OP_STORE || place_of(ir, op->dst) != place)
			continue;
		if (op->src.kind == REF_CONST) /* -1: none */
			continue;
		m = maker_of(x, x->in->p->op_fn[o], op->src, hops + 1);
		if (m == NONE || (maker != NONE && m != maker))
			return NONE;
		maker = m;
	}
	return maker;
}

static uint32_t maker_of(const struct fixing *x, uint32_t fn, struct ref r, int hops)
{
	const struct program *p = x->in->p;
	const struct ir *ir = p->ir;
	const struct fn *f = &ir->fns[fn];
	uint32_t def = NONE;

	if (hops > MAX_HOPS || r.kind != REF_LOCAL || ir->locals[f->local + r.id].flags & LOCAL_ADDR)
		return NONE;
	for (uint32_t o = f->op; o < f->op + f->nop; o++)
		if (ir->ops[o].dst.kind == REF_LOCAL && ir->ops[o].dst.id == r.id) {
			if (ir->ops[o].kind == OP_COPY && ir->ops[o].src.kind == REF_CONST)
				continue;
			if (def != NONE)
				return NONE;
			def = o;
		}
	if (r.id < f->nparam) { /* of the only caller */
		uint32_t in = p->in[fn], site;

		if (def != NONE || p->in[fn + 1] != in + 1)
			return NONE;
		site = p->edges[p->in_edges[in]].site;
		if (ir->ops[site].kind != OP_CALL || fix_callee(x, site) != fn || r.id >= ir->ops[site].narg)
			return NONE;
		return maker_of(x, p->op_fn[site], ir->args[ir->ops[site].arg + r.id], hops + 1);
	}
	if (def == NONE)
		return NONE;
	switch (ir->ops[def].kind) {
	case OP_COPY:
		return maker_of(x, fn, ir->ops[def].src, hops + 1);
	case OP_LOAD:
		return stored(x, place_of(ir, ir->ops[def].src), hops);
	case OP_CALL:
		return fix_clause(x, def, VERB_GIVES) ? def : NONE;
	default:
		return NONE;
	}
}

/* The parameter of nonblocking(fd) in a condition, or -1. */
static int asks_mode(const struct mcond *c)
{
	int a;

	if (!c)
		return -1;
	if (c->kind == MC_NONBLOCKING)
		return c->arg.deref || c->arg.field ? -1 : c->arg.param;
	if (c->kind > MC_NOT)
		return -1;
	a = asks_mode(c->a);
	return a >= 0 || c->kind == MC_NOT ? a : asks_mode(c->b);
}

static uint32_t maker_for(const struct fixing *x, const struct effect *e)
{
	int param = e->clause && e->clause->verb == VERB_BLOCKS ? asks_mode(e->clause->cond) : -1;

	return param < 0 ? NONE : maker_of(x, e->fn, effect_arg(x->in->p, e, param), 0);
}

static bool expects(struct fixing *x, uint32_t fn)
{
	static const char *const words[] = {"EAGAIN", "EWOULDBLOCK", "EINPROGRESS"};
	uint32_t open, close;
	struct src *s;

	if (!fix_body(x, fn, &s, &open, &close))
		return false;
	for (uint32_t t = open; t < close; t++)
		for (size_t i = 0; i < COUNT(words); i++)
			if (tok_is(s, t, words[i]))
				return true;
	return false;
}

/* Both names come from the header that the call needs anyway. */
static bool same_header(const struct fixing *x, const struct model *m, const char *flag)
{
	const struct mconst *all;
	uint32_t n = models_consts(x->in->e->models, &all);

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(all[i].name, flag) && all[i].nheader && m->nheader && !strcmp(all[i].headers[0], m->headers[0]))
			return true;
	return false;
}

static bool edit_maker(struct fixing *x, uint32_t maker)
{
	uint32_t n, from, to;
	const struct effect *e = effects_at(x->in->e, maker, &n);
	const struct mcond *flag = NULL;
	const char *exec, *end;
	struct call c;

	for (uint32_t i = 0; i < n && !flag; i++)
		if (e[i].clause && e[i].clause->verb == VERB_GIVES && e[i].clause->flags & CL_NONBLOCKING && e[i].clause->cond &&
			e[i].clause->cond->kind == MC_HAS && e[i].clause->cond->text && same_header(x, e[i].model, e[i].clause->cond->text))
			flag = e[i].clause->cond;
	if (!flag || !(end = strstr(flag->text, "_NONBLOCK")) || end[strlen("_NONBLOCK")] || !fix_call(x, maker, &c) ||
		!call_arg(&c, flag->arg.param, &from, &to))
		return false;
	exec = arena_printf(x->mem, "%.*s_CLOEXEC", (int)(end - flag->text), flag->text);
	for (uint32_t t = from; t < to; t++) {
		if (c.s->toks[t].kind != TOK_WORD && c.s->toks[t].kind != TOK_NUMBER && !tok_is(c.s, t, "|"))
			return false;
		if (tok_is(c.s, t, flag->text))
			return false;
		if (tok_is(c.s, t, exec))
			exec = NULL;
	}
	const char *more = exec ? arena_printf(x->mem, "%s | %s", flag->text, exec) : flag->text;
	if (to == from + 1 && tok_is(c.s, from, "0"))
		fix_edit(x, c.s, c.s->toks[from].from, c.s->toks[from].to, more);
	else
		fix_edit(x, c.s, c.s->toks[to - 1].to, c.s->toks[to - 1].to, arena_printf(x->mem, " | %s", more));
	return true;
}

bool repair_nonblock(struct fixing *x, const struct finding *f)
{
	uint32_t n, maker = NONE;
	const struct effect *e = effects_at(x->in->e, f->repair.sites[0], &n);

	for (uint32_t i = 0; i < n && maker == NONE; i++)
		maker = maker_for(x, &e[i]);
	if (maker == NONE)
		return false;
	for (uint32_t i = 0; i < x->in->e->n; i++)
		if (maker_for(x, &x->in->e->e[i]) == maker && !expects(x, x->in->e->e[i].fn))
			return false;
	x->title = "make the descriptor non-blocking where it is made";
	return edit_maker(x, maker);
}
