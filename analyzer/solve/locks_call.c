/* locks_call.c - what a call does to a state: what models say of it, or the body of what is called. */
#include "solve/race.h"

#include <stdlib.h>

/* ---- conditions of clauses ---- */

struct asked {
	struct look *fl;
	struct state *s;
	const struct effect *e;
};

static bool on_result(const struct mcond *c)
{
	if (!c)
		return false;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return on_result(c->a) || on_result(c->b);
	return c->arg.param == PARAM_RESULT;
}

static enum tri leaf(void *ctx, const struct mcond *c)
{
	struct asked *a = ctx;
	struct race *r = a->fl->r;
	struct ref x = effect_arg(r->p, a->e, c->arg.param);
	struct rval v = {V_NONE, 0, 0};
	if (c->arg.param != PARAM_RESULT && !c->arg.deref && !c->arg.field)
		v = r->vals.v[flow_value(a->fl, a->s, x)];
	if (v.kind != V_CONST)
		return (v.kind == V_ADDR || v.kind == V_FN) && c->kind == MC_CMP && c->value == 0 ? (c->rel == REL_NE ? YES : NO) : MAYBE;
	switch (c->kind) {
	case MC_CMP:
		switch (c->rel) {
		case REL_EQ:
			return v.n == c->value ? YES : NO;
		case REL_NE:
			return v.n != c->value ? YES : NO;
		case REL_LT:
			return v.n < c->value ? YES : NO;
		case REL_LE:
			return v.n <= c->value ? YES : NO;
		case REL_GT:
			return v.n > c->value ? YES : NO;
		case REL_GE:
			return v.n >= c->value ? YES : NO;
		default:
			return MAYBE;
		}
	case MC_HAS:
		return v.n & c->value ? YES : NO;
	case MC_IN:
		for (uint32_t i = 0; i < c->nset; i++)
			if (v.n == c->set[i])
				return YES;
		return NO;
	default:
		return MAYBE;
	}
}

/* result 0, result not 0, ...: the value in a state where the clause holds, or where it does not. */
static bool assume_result(struct look *fl, struct state *s, uint32_t result, const struct mcond *c, bool holds_)
{
	static const uint8_t not[] = {[REL_EQ] = REL_NE, [REL_NE] = REL_EQ, [REL_LT] = REL_GE, [REL_LE] = REL_GT,
		[REL_GT] = REL_LE, [REL_GE] = REL_LT, [REL_BITS] = REL_NOBITS, [REL_NOBITS] = REL_BITS};
	if (c->kind == MC_NOT)
		return assume_result(fl, s, result, c->a, !holds_);
	if (c->kind != MC_CMP || c->arg.param != PARAM_RESULT)
		return true;
	return state_assume(fl, s, result, holds_ ? c->rel : not[c->rel], c->value);
}

/* ---- effects ---- */

struct after { /* what goes on behind a modelled call */
	struct look *fl;
	struct state *s;
	const struct effect *e;
	uint32_t ne;
	uint32_t result;
	bool gone; /* control does not come back */
};

static uint32_t pointee_size(const struct look *fl, struct ref x)
{
	const struct ir *ir = fl->r->ir;
	uint32_t t = x.kind == REF_LOCAL ? ir->locals[fl->f->local + x.id].type : NONE;
	return t != NONE && ir->types[t].kind == TYPE_PTR ? type_size(ir, ir->types[t].to) : 0;
}

static void access_arg(struct look *fl, struct state *s, const struct effect *e, int param, uint8_t flags)
{
	struct race *r = fl->r;
	const struct op *op = &r->ir->ops[e->site];
	int first = param, last = param;
	if (param == PARAM_REST) {
		first = e->model->nfixed;
		last = op->narg - 1;
	}
	for (int i = first; i <= last; i++) {
		struct ref x = param == PARAM_REST ? r->ir->args[op->arg + (uint32_t)i] : effect_arg(r->p, e, i);
		uint32_t addr = rval_behind(r, flow_value(fl, s, x)), size = pointee_size(fl, x);
		uint32_t t = x.kind == REF_LOCAL ? r->ir->locals[fl->f->local + x.id].type : NONE;
		if (addr == NONE || t == NONE || (param == PARAM_REST && r->ir->types[t].kind != TYPE_PTR))
			continue;
		if (flags & ACC_FREE)
			size = 4096; /* all of it */
		else if (escape_bytes(r->ir, r->ir->types[t].kind == TYPE_PTR ? r->ir->types[t].to : NONE))
			continue;
		if (!(flags & ACC_FREE) && r->pt->objs.v[r->addrs.v[addr].root].kind == OBJ_LOCAL && !addr_on_sym(r, addr) &&
			!r->pt->objs.v[r->addrs.v[addr].root].taken)
			continue;
		flow_access(fl, s, addr, size ? size : 1, flags | ACC_LIBRARY);
		if (flags & ACC_WRITE && !(flags & ACC_FREE))
			mem_kill_behind(fl, s, addr);
	}
}

static uint32_t arg_addr(struct look *fl, struct state *s, const struct effect *e, int param, const char *name)
{
	struct race *r = fl->r;
	if (param == PARAM_NONE && name)
		return addr_obj(r, points_named(r->pt, name));
	struct ref x = effect_arg(r->p, e, param);
	uint32_t val = flow_value(fl, s, x), addr = rval_behind(r, val);
	if (addr == NONE)
		addr = addr_sym(r, race_sym(r, RSYM_OP, fl->op, 0x30000 + (uint32_t)param, 0));
	return addr;
}

static uint8_t lock_flags(const struct clause *c, bool tried)
{
	return (c->flags & CL_SHARED ? LOCK_SHARED : 0) | (c->flags & CL_SPIN ? LOCK_SPIN : 0) | (tried ? LOCK_TRIED : 0);
}

static void may_recurse(struct look *fl, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t places = context_places(r, fl->c, addr);
	r->recursive = uset_add(r, r->recursive, addr);
	if (places != USET_MANY)
		r->recursive = uset_union(r, r->recursive, places);
}

/* One clause, in a state in which it holds. */
static void effect(struct after *a, const struct effect *e)
{
	struct look *fl = a->fl;
	struct race *r = fl->r;
	struct state *s = a->s;
	const struct clause *c = e->clause;
	uint32_t addr;

	switch (c->verb) {
	case VERB_LOCKS:
		if (c->flags & CL_RECURSIVE)
			may_recurse(fl, arg_addr(fl, s, e, c->p, c->name));
		flow_lock(fl, s, arg_addr(fl, s, e, c->p, c->name), lock_flags(c, on_result(c->cond)));
		break;
	case VERB_UNLOCKS:
		flow_unlock(fl, s, arg_addr(fl, s, e, c->p, c->name));
		break;
	case VERB_COND_WAIT:
		if (c->q == PARAM_NONE)
			flow_lock(fl, s, arg_addr(fl, s, e, c->p, c->name), LOCK_SEM);
		break;
	case VERB_COND_WAKE:
		flow_post(fl, s, arg_addr(fl, s, e, c->p, c->name));
		break;
	case VERB_CREATES:
		if (c->p == PARAM_RESULT) {
			a->result = flow_thread_value(fl);
			break;
		}
		addr = rval_behind(r, flow_value(fl, s, effect_arg(r->p, e, c->p)));
		if (addr != NONE) {
			flow_access(fl, s, addr, pointee_size(fl, effect_arg(r->p, e, c->p)), ACC_WRITE | ACC_LIBRARY);
			mem_set(fl, s, addr, NONE, flow_thread_value(fl));
		}
		break;
	case VERB_JOINS:
		flow_join(fl, s, effect_arg(r->p, e, c->p));
		break;
	case VERB_BARRIER:
		addr = flow_the_lock(fl, arg_addr(fl, s, e, c->p, c->name));
		if (s->moment != MOMENT_INHERIT)
			s->moment = moment_meet(r, s->moment, addr_exact(r, addr) ? addr : NONE);
		break;
	case VERB_INITS: { /* the number that a semaphore or barrier begins with is the last argument */
		const struct op *op = &r->ir->ops[fl->op];
		addr = flow_the_lock(fl, arg_addr(fl, s, e, c->p, c->name));
		struct rval v = op->narg > 1 ? r->vals.v[flow_value(fl, s, r->ir->args[op->arg + op->narg - 1])] : (struct rval){0};
		if (c->flags & CL_RECURSIVE || (c->q != PARAM_NONE && flow_value(fl, s, effect_arg(r->p, e, c->q)) != rval_const(r, 0)))
			may_recurse(fl, addr);
		uint32_t *slot = map_slot(&r->init_value, addr, v.kind == V_CONST ? (uint32_t)v.n : NONE - 1);
		if (v.kind != V_CONST || *slot != (uint32_t)v.n)
			*slot = NONE - 1;
		break;
	}
	case VERB_RETURNS:
		a->result = flow_value(fl, s, effect_arg(r->p, e, c->p));
		break;
	case VERB_ALLOCATES:
		if (c->q == PARAM_NONE && a->result != VAL_UNKNOWN) {
			uint32_t obj = points_obj(r->pt, OBJ_HEAP, fl->op, fl->inst);
			struct rval v = r->vals.v[a->result];
			if (obj != NONE && v.kind == V_SYM) {
				flow_set_attr(fl, v.a, uset_add(r, USET_EMPTY, addr_obj(r, obj)), NONE, NONE);
				if (!state_fresh(s, v.a) && s->fresh.n < 64)
					vec_add(&s->fresh, v.a);
			}
		}
		break;
	case VERB_READS:
		access_arg(fl, s, e, c->p, 0);
		break;
	case VERB_WRITES:
		access_arg(fl, s, e, c->p, ACC_WRITE);
		break;
	case VERB_COPIES:
		access_arg(fl, s, e, c->p, 0);
		access_arg(fl, s, e, c->q, ACC_WRITE);
		break;
	case VERB_FREES:
		access_arg(fl, s, e, c->p, ACC_WRITE | ACC_FREE);
		break;
	case VERB_FORKS: /* what the child does it does to memory of its own */
		if (a->result != VAL_UNKNOWN)
			a->gone |= !state_assume(fl, s, a->result, REL_NE, 0);
		break;
	case VERB_NORETURN:
		if (s->moment != MOMENT_INHERIT)
			thread_end(r, s->moment);
		a->gone = true;
		break;
	case VERB_LONGJMP: {
		struct exit_state x = {.locks = s->locks, .moment = s->moment, .val = VAL_UNKNOWN, .jump = true, .lo = INT64_MIN, .hi = INT64_MAX};
		const struct op *op = &r->ir->ops[fl->op];
		if (op->narg > 1) {
			uint32_t v = flow_value(fl, s, r->ir->args[op->arg + 1]);
			x.val = r->vals.v[v].kind == V_CONST ? v : VAL_UNKNOWN;
		}
		flow_jump(fl, &x);
		a->gone = true;
		break;
	}
	case VERB_STATIC_STATE:
		addr = addr_obj(r, points_named(r->pt, c->name ? c->name : e->model->name));
		flow_access(fl, s, addr, 1, (c->flags & CL_SHARED ? 0 : ACC_WRITE) | ACC_LIBRARY);
		break;
	default:
		break;
	}
}

static bool interesting(const struct race *r, uint32_t fn)
{
	return fn_defined(r->p, fn) && r->touch[fn];
}

/* A condition wait lets go of its lock. */
static uint32_t stay_locks(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	uint32_t locks = s->locks, n;
	const struct effect *all = effects_at(r->e, e->site, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!all[i].clause || all[i].clause->verb != VERB_COND_WAIT || all[i].clause->q == PARAM_NONE)
			continue;
		uint32_t addr = flow_the_lock(fl, arg_addr(fl, s, &all[i], all[i].clause->q, NULL));
		bool was;
		locks = locks_give(r, fl->c, locks, (struct lock){addr, 0, 3}, fl->c->locks == LOCKS_INHERIT, &was);
	}
	return locks;
}

static void run_caller_callbacks(struct look *fl, struct state *s, const struct effect *e, uint32_t ne, struct states *out)
{
	struct race *r = fl->r;
	uint32_t once = NONE;
	bool any = false;

	for (uint32_t i = 0; i < ne; i++)
		if (e[i].clause && e[i].clause->verb == VERB_ONCE)
			once = flow_the_lock(fl, arg_addr(fl, s, &e[i], e[i].clause->p, e[i].clause->name));
	if (once != NONE && !addr_exact(r, once))
		once = NONE;
	for (uint32_t i = 0; i < ne; i++) {
		uint32_t fns[8], n, args[8] = {0};
		if (!e[i].callback || e[i].callback->ctx != CTX_CALLER)
			continue;
		n = flow_functions(fl, s, effect_arg(r->p, &e[i], e[i].callback->param), fns, COUNT(fns));
		if (e[i].callback->given != PARAM_NONE && (uint32_t)e[i].callback->given_to < COUNT(args))
			args[e[i].callback->given_to] = flow_value(fl, s, effect_arg(r->p, &e[i], e[i].callback->given));
		for (uint32_t k = 0; k < n; k++) {
			if (!interesting(r, fns[k]))
				continue;
			struct state t;
			struct states done = {0};
			state_copy(fl, &t, s);
			if (once != NONE)
				flow_lock(fl, &t, once, LOCK_ONCE);
			flow_descend(fl, &t, fns[k], fns[k], args, r->ir->fns[fns[k]].nparam < COUNT(args) ? r->ir->fns[fns[k]].nparam : COUNT(args),
				(struct ref){0}, EDGE_MODEL, &done);
			state_free(&t);
			for (uint32_t d = 0; d < done.n; d++) {
				if (once != NONE)
					for (uint32_t x = 0; x < uset_n(r, done.v[d].locks); x++) {
						struct lock l = r->locks.v[uset_at(r, done.v[d].locks, x)];
						if (l.addr != once || !(l.flags & LOCK_ONCE) || l.flags & LOCK_SHARED)
							continue;
						done.v[d].locks = uset_del(r, done.v[d].locks, lock_id(r, l));
						break;
					}
				if (once != NONE)
					flow_lock(fl, &done.v[d], once, LOCK_ONCE | LOCK_SHARED);
				states_add(fl, out, &done.v[d], r->ir->nblocks + fl->op);
				any = true;
			}
			free(done.v);
		}
	}
	if (once != NONE)
		flow_lock(fl, s, once, LOCK_ONCE | LOCK_SHARED);
	(void)any; /* it may have run before, or not at all */
}

void flow_call(struct look *fl, struct state *s, uint32_t at, struct states *out)
{
	struct race *r = fl->r;
	const struct program *p = r->p;
	const struct op *op = &r->ir->ops[at];
	uint32_t ne, where = r->ir->nblocks + at, args[32], narg = op->narg < COUNT(args) ? op->narg : COUNT(args);
	const struct effect *e = effects_at(r->e, at, &ne);
	bool opaque = false, body = false;

	for (uint32_t i = 0; i < narg; i++)
		args[i] = flow_value(fl, s, r->ir->args[op->arg + i]);
	for (uint32_t i = 0; i < ne; i++)
		opaque |= e[i].clause && e[i].clause->verb == VERB_OPAQUE;
	flow_open_call(fl, s);

	/* bodies */
	struct rval target = {V_NONE, 0, 0};
	if (op->kind == OP_ICALL)
		target = r->vals.v[flow_value(fl, s, op->src)];
	uint32_t nbody = 0, others = 0;
	for (uint32_t x = p->site_edge[at]; x != NONE && x < p->nedge && p->edges[x].site == at && !opaque; x++) {
		uint32_t fn = p->edges[x].callee;
		if (target.kind == V_FN && target.a != fn)
			continue;
		if (!fn_defined(p, fn)) {
			others++;
			continue;
		}
		body = true;
		if (p->edges[x].why == EDGE_TYPE || !interesting(r, fn)) {
			others += p->edges[x].why == EDGE_TYPE || !r->s->no_return[fn];
			if (p->edges[x].why != EDGE_TYPE && (fl->c->locks == LOCKS_INHERIT || uset_n(r, s->locks))) {
				uint32_t in = waits_in(r, fn, 0);
				if (in != NONE)
					stay_add(r, STAY_BLOCKS, fl->id, at, in, s->locks, s->moment);
			}
			mem_kill(fl, s, &r->mods[fn]);
			for (uint32_t a = 0; a < narg && a < 32; a++)
				if (r->leaks[fn] >> a & 1)
					state_escape(fl, s, args[a]);
			for (uint32_t a = 0; a < narg; a++) {
				uint32_t addr = rval_behind(r, args[a]);
				if (addr != NONE && !addr_on_sym(r, addr) && r->pt->objs.v[r->addrs.v[addr].root].kind == OBJ_LOCAL)
					mem_kill_behind(fl, s, addr);
			}
			continue;
		}
		nbody++;
		flow_descend(fl, s, fn, points_callee(r->pt, fl->inst, at, fn), args, narg, op->dst, p->edges[x].why, out);
	}
	if (nbody && !others) {
		state_free(s);
		return;
	}

	/* models */
	struct after a = {.fl = fl, .s = s, .e = e, .ne = ne, .result = flow_unknown(fl, op->dst)};
	bool model = ne && (!body || opaque);
	for (uint32_t i = 0; model && i < ne; i++)
		if (e[i].clause && e[i].clause->verb == VERB_LOOP_RUN)
			flow_run_loop(fl, s, &e[i]);
	if (model)
		run_caller_callbacks(fl, s, e, ne, out);
	bool creates = false, definite = false;
	const struct mcond *split = NULL;
	for (uint32_t i = 0; model && i < ne; i++) {
		const struct clause *c = e[i].clause;
		struct asked ask = {fl, s, &e[i]};
		if (!c) {
			if (e[i].callback->ctx == CTX_THREAD || e[i].callback->ctx == CTX_POOL)
				creates = true;
			continue;
		}
		if (c->verb == VERB_SETJMP && a.result != VAL_UNKNOWN) {
			for (uint32_t k = 0; k < fl->arrivals.n; k++) {
				struct state t;
				if (fl->arrivals.v[k].site != at)
					continue;
				state_copy(fl, &t, s);
				t.locks = fl->arrivals.v[k].locks;
				t.moment = fl->arrivals.v[k].moment;
				uint32_t v = fl->arrivals.v[k].val;
				if (v == VAL_UNKNOWN)
					state_assume(fl, &t, a.result, REL_NE, 0);
				flow_set(fl, &t, op->dst, v == VAL_UNKNOWN ? a.result : v);
				states_add(fl, out, &t, where);
			}
			state_assume(fl, s, a.result, REL_EQ, 0);
			continue;
		}
		if (on_result(c->cond)) {
			split = c->cond;
			continue; /* below */
		}
		enum tri holds_ = c->cond ? mcond_eval(c->cond, leaf, &ask) : YES;
		if (holds_ == NO)
			continue;
		if (holds_ == YES && waits(r, &e[i]))
			stay_add(r, STAY_BLOCKS, fl->id, at, at, stay_locks(fl, s, &e[i]), s->moment);
		if (c->verb == VERB_SUSPENDS)
			stay_add(r, STAY_YIELDS, fl->id, at, at, s->locks, s->moment);
		if (c->verb == VERB_FORKS)
			stay_add(r, STAY_FORKS, fl->id, at, at, s->locks, s->moment);
		definite |= c->verb == VERB_LOCKS || c->verb == VERB_UNLOCKS || c->verb == VERB_JOINS || c->verb == VERB_COND_WAIT ||
			    c->verb == VERB_INITS;
		effect(&a, &e[i]);
	}
	if (a.gone) {
		state_free(s);
		return;
	}
	if (definite && a.result != VAL_UNKNOWN && r->vals.v[a.result].kind == V_SYM) {
		uint32_t t = op->dst.kind == REF_LOCAL ? r->ir->locals[fl->f->local + op->dst.id].type : NONE;
		if (t != NONE && r->ir->types[t].kind == TYPE_INT && !split)
			a.result = rval_const(r, 0); /* they succeed */
	}
	if (split) { /* a state where it did, and one where it did not */
		struct state t;
		state_copy(fl, &t, s);
		bool may = a.result == VAL_UNKNOWN || assume_result(fl, &t, a.result, split, false);
		if (may) {
			flow_set(fl, &t, op->dst, a.result);
			states_add(fl, out, &t, where);
		} else {
			state_free(&t);
		}
		if (a.result != VAL_UNKNOWN && !assume_result(fl, s, a.result, split, true)) {
			state_free(s);
			return;
		}
		for (uint32_t i = 0; i < ne; i++)
			if (e[i].clause && on_result(e[i].clause->cond))
				effect(&a, &e[i]);
	}
	if (creates) {
		struct rval v = r->vals.v[a.result];
		uint32_t t = op->dst.kind == REF_LOCAL ? r->ir->locals[fl->f->local + op->dst.id].type : NONE;
		if (v.kind == V_SYM && t != NONE && r->ir->types[t].kind == TYPE_INT) {
			struct state no;
			state_copy(fl, &no, s);
			state_assume(fl, &no, a.result, REL_NE, 0);
			flow_set(fl, &no, op->dst, a.result);
			states_add(fl, out, &no, where);
			state_assume(fl, s, a.result, REL_EQ, 0);
		}
		for (uint32_t i = 0; i < ne; i++)
			if (e[i].callback && (e[i].callback->ctx == CTX_THREAD || e[i].callback->ctx == CTX_POOL))
				flow_create(fl, s, &e[i]);
	} else {
		for (uint32_t i = 0; model && i < ne; i++) /* kept by a loop: other callbacks know it from now on */
			if (e[i].callback && e[i].callback->ctx != CTX_CALLER && e[i].callback->given != PARAM_NONE)
				state_escape(fl, s, flow_value(fl, s, effect_arg(p, &e[i], e[i].callback->given)));
	}
	flow_set(fl, s, op->dst, a.result);
	states_add(fl, out, s, where);
}
