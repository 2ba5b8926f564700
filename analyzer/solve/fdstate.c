/* fdstate.c - what kind of descriptor may be where, and whether it blocks.
 *
 * Two things are found. First, who changes a descriptor's mode: modelled calls (fcntl, ioctl), and functions of
 * the program that do so to a parameter or to a field, recognised by what they do, up to four calls deep; whether
 * such a call does anything on a given chain depends on its arguments (setblocking(fd, 1)) and is evaluated in the
 * chain's frame. Second, per class of the value flow, the kinds and modes of all descriptors that may be there:
 * sources are modelled (socket, open, accept4 with flags), modes are replaced where the class is changed.
 *
 * needs: effects, flow, params      gives: makes, fd
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_LEVEL = 4, MAX_MAKES = 48 };

static void add_make(struct make *list, uint32_t *n, struct make m)
{
	if (m.target.kind == KEY_NONE || *n == MAX_MAKES)
		return;
	for (uint32_t i = 0; i < *n; i++)
		if (list[i].site == m.site && list[i].target.kind == m.target.kind && list[i].target.id == m.target.id &&
			list[i].effect == m.effect && list[i].callee_make == m.callee_make)
			return;
	list[(*n)++] = m;
}

static void makes_of_site(const struct solver *s, uint32_t fn, uint32_t site, struct make *list, uint32_t *n)
{
	const struct program *p = s->p;
	uint32_t ne;
	const struct effect *e = effects_at(s->e, site, &ne);

	for (uint32_t i = 0; i < ne; i++)
		if (e[i].clause && e[i].clause->verb == VERB_MAKES)
			add_make(list, n,
				(struct make){.site = site,
					.target = fd_key_of(s, fn, effect_arg(p, &e[i], e[i].clause->p), site),
					.effect = &e[i],
					.callee = NONE,
					.callee_make = NONE});
	const struct op *op = &s->ir->ops[site];
	if (op->kind != OP_CALL || op->src.kind != REF_FN)
		return;
	uint32_t callee = op->src.id;
	for (uint32_t i = 0; i < s->nmake[callee]; i++) {
		const struct make *m = &s->makes[callee][i];
		if (m->level + 1 >= MAX_LEVEL)
			continue;
		struct make up = {.site = site, .callee = callee, .callee_make = i, .level = m->level + 1};
		if (m->target.kind == KEY_LOCAL) {
			if (m->target.id >= s->ir->fns[callee].nparam || m->target.id >= op->narg)
				continue;
			up.target = fd_key_of(s, fn, s->ir->args[op->arg + m->target.id], site);
		} else {
			up.target = m->target;
		}
		add_make(list, n, up);
	}
}

static void find_makes(struct solver *s)
{
	const struct program *p = s->p;
	uint32_t nfn = s->ir->nfns;

	s->makes = arena_alloc(s->mem, (nfn + 1) * sizeof *s->makes);
	s->nmake = arena_alloc(s->mem, (nfn + 1) * sizeof *s->nmake);
	for (uint32_t i = 0; i < nfn; i++) {
		struct make list[MAX_MAKES];
		uint32_t f = p->bottom_up[i], n = 0;
		const struct fn *fn = &s->ir->fns[f];
		for (uint32_t o = fn->op; o < fn->op + fn->nop; o++)
			if (s->ir->ops[o].kind == OP_CALL)
				makes_of_site(s, f, o, list, &n);
		if (n) {
			s->makes[f] = arena_alloc(s->mem, n * sizeof *list);
			memcpy(s->makes[f], list, n * sizeof *list);
			s->nmake[f] = n;
		}
	}
}

uint8_t make_mode(const struct frame *fr, const struct make *m)
{
	const struct solver *s = fr->s;
	if (fr->depth > 6)
		return 0;
	if (!fr->depth)
		*s->budget = MAX_STEPS;
	struct frame in = *fr;
	if (!in.depth) /* the calls down to the one that does it are few, and all are worth looking through */
		in.depth = 1;
	if (m->effect) {
		const struct clause *c = m->effect->clause;
		if (clause_holds(&in, m->effect, c->cond) != YES)
			return 0;
		return c->flags & CL_NONBLOCKING ? FD_NONBLOCKING : FD_BLOCKING;
	}
	struct bind bind;
	bind_call(&in, m->site, m->callee, &bind);
	struct frame callee = {.s = s, .fn = m->callee, .bind = &bind, .modes = fr->modes, .ctx = fr->ctx, .depth = in.depth};
	const struct make *inner = &s->makes[m->callee][m->callee_make];
	if (site_reached(&callee, inner->site) == NO)
		return 0;
	return make_mode(&callee, inner);
}

/* ---- per class ---- */

static uint32_t node_of_key(const struct solver *s, uint32_t fn, struct fd_key k)
{
	switch (k.kind) {
	case KEY_LOCAL:
		return flow_local(s->p, fn, k.id);
	case KEY_FIELD:
		return flow_field(s->p, k.id);
	case KEY_GLOBAL:
		return s->p->flow.rep[s->p->flow.global0 + k.id];
	default:
		return NONE;
	}
}

struct over {
	uint32_t from, to;
};
struct classes {
	uint8_t *made; /* per class: modes that calls give to it */
	VEC(uint32_t) todo;
	VEC(struct over) over;
};

static void flow_in(struct solver *s, struct classes *c, uint32_t node, uint16_t kind, uint8_t mode)
{
	if (node == NONE)
		return;
	uint16_t k = s->fd[node].kind | kind;
	uint8_t m = c->made[node] ? c->made[node] : s->fd[node].mode | mode;
	if (k == s->fd[node].kind && m == s->fd[node].mode)
		return;
	s->fd[node].kind = k;
	s->fd[node].mode = m;
	vec_add(&c->todo, node);
}

/* Of the kinds that a call gives to one place, the one under a condition that certainly holds is meant. */
static bool special_kind(const struct frame *fr, const struct effect *e)
{
	for (uint32_t i = 0; i < e->model->nclause; i++) {
		const struct clause *cl = &e->model->clauses[i];
		if (cl->verb == VERB_GIVES && cl->cond && !(cl->flags & CL_NONBLOCKING) && cl->kind & ~FD_TRAITS &&
			cl->p == e->clause->p && clause_holds(fr, e, cl->cond) == YES)
			return true;
	}
	return false;
}

static void source(struct solver *s, struct classes *c, const struct effect *e)
{
	const struct clause *cl = e->clause;
	const struct op *op = &s->ir->ops[e->site];
	struct frame fr = {.s = s, .fn = e->fn};
	uint8_t mode = FD_BLOCKING;
	uint32_t node = NONE;

	if (cl->verb == VERB_OVER) {
		struct ref from = effect_arg(s->p, e, cl->p);
		uint32_t a = node_of_key(s, e->fn, fd_key_of(s, e->fn, from, e->site)), b = NONE;
		if (cl->q != PARAM_NONE)
			b = node_of_key(s, e->fn, fd_key_of(s, e->fn, effect_arg(s->p, e, cl->q), e->site));
		else if (op->dst.kind == REF_LOCAL)
			b = flow_local(s->p, e->fn, op->dst.id);
		if (a != NONE && b != NONE)
			vec_add(&c->over, ((struct over){a, b}));
		return;
	}
	if (cl->flags & CL_NONBLOCKING) {
		enum tri t = clause_holds(&fr, e, cl->cond);
		mode = t == YES ? FD_NONBLOCKING : t == NO ? FD_BLOCKING : FD_NONBLOCKING | FD_BLOCKING;
	} else if (cl->cond) {
		enum tri t = clause_holds(&fr, e, cl->cond);
		if (t == NO || (t == MAYBE && cl->kind & ~FD_TRAITS))
			return;
	} else if (special_kind(&fr, e)) {
		return;
	}
	if (cl->p == PARAM_NONE) {
		if (op->dst.kind == REF_LOCAL)
			node = flow_local(s->p, e->fn, op->dst.id);
	} else {
		struct ref arg = effect_arg(s->p, e, cl->p);
		if (arg.kind == REF_LOCAL)
			node = s->p->flow.cell[flow_local(s->p, e->fn, arg.id)];
	}
	flow_in(s, c, node, cl->kind, cl->kind & ~FD_TRAITS ? mode : 0);
}

void solve_fdstate(struct solver *s)
{
	const struct flow *fl = &s->p->flow;
	struct classes c = {.made = xcalloc(fl->nnode + 1, 1)};

	find_makes(s);
	for (uint32_t f = 0; f < s->ir->nfns; f++)
		for (uint32_t i = 0; i < s->nmake[f]; i++) {
			struct frame fr = {.s = s, .fn = f};
			uint32_t node = node_of_key(s, f, s->makes[f][i].target);
			if (node != NONE)
				c.made[node] |= make_mode(&fr, &s->makes[f][i]);
		}
	s->f->fd = s->fd = arena_alloc(s->f->mem, (fl->nnode + 1) * sizeof *s->fd);
	s->over = arena_alloc(s->mem, (fl->nnode + 1) * sizeof *s->over);
	memset(s->over, 0xff, (fl->nnode + 1) * sizeof *s->over);
	for (uint32_t i = 0; i < s->e->n; i++) {
		const struct clause *cl = s->e->e[i].clause;
		if (cl && (cl->verb == VERB_GIVES || cl->verb == VERB_OVER))
			source(s, &c, &s->e->e[i]);
	}
	for (uint32_t i = 0; i < s->e->nplace; i++) {
		const struct place_use *u = &s->e->places[i];
		if (u->place->fd_kind && u->global != NONE)
			flow_in(s, &c, fl->rep[fl->global0 + u->global], u->place->fd_kind, FD_BLOCKING);
	}
	for (bool again = true; again;) {
		while (c.todo.n) {
			uint32_t n = c.todo.v[--c.todo.n];
			for (uint32_t e = fl->succ0[n]; e < fl->succ0[n + 1]; e++)
				flow_in(s, &c, fl->succ[e], s->fd[n].kind, s->fd[n].mode);
		}
		for (uint32_t i = 0; i < c.over.n; i++) {
			s->over[c.over.v[i].to] = c.over.v[i].from;
			flow_in(s, &c, c.over.v[i].to, s->fd[c.over.v[i].from].kind, s->fd[c.over.v[i].from].mode);
		}
		again = c.todo.n != 0;
	}
	free(c.made);
	vec_free(&c.todo);
	vec_free(&c.over);
}
