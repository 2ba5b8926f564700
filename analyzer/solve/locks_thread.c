/* locks_thread.c - calls that start threads, wait for their end, or run a loop's callbacks. */
#include "solve/race.h"

#include <stdlib.h>

/* Does the value differ each time that control comes here? */
static bool varies(struct look *fl, struct state *s, uint32_t val)
{
	struct race *r = fl->r;
	struct rval v = r->vals.v[val];
	uint32_t addr = v.kind == V_ADDR ? v.a : NONE;
	if (v.kind == V_SYM && state_fresh(s, v.a))
		return true;
	for (; addr != NONE && r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up) {
		struct rval i = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
		if (i.kind == V_SYM && r->syms.v[i.a].kind == RSYM_PHI && fl->g->loop_of[r->p->op_block[fl->op]] != NONE)
			return true;
		if (i.kind == V_SYM && r->syms.v[i.a].kind == RSYM_PARAM)
			return true; /* a helper that starts number i */
	}
	if (addr != NONE && r->addrs.v[addr].kind == ADDR_SYM && state_fresh(s, r->addrs.v[addr].root))
		return true;
	return false;
}

/* Starts a function with an argument of this state, in a thread of its own, or on a loop of this one. */
static void start(struct look *fl, struct state *s, uint32_t fn, uint32_t moment, const struct effect *e)
{
	struct race *r = fl->r;
	const struct callback *cb = e ? e->callback : NULL;
	struct call k = {.fl = fl, .s = s};
	uint32_t args[16], n = r->ir->fns[fn].nparam < COUNT(args) ? r->ir->fns[fn].nparam : COUNT(args);
	bool own[16] = {0};

	memset(args, 0, sizeof args);
	for (uint32_t i = 0; cb && i <= cb->nalso; i++) {
		int from = i ? cb->also[i - 1].param : cb->given, to = i ? cb->also[i - 1].to : cb->given_to;
		if (from == PARAM_NONE || to < 0 || (uint32_t)to >= n)
			continue;
		args[to] = flow_value(fl, s, effect_arg(r->p, e, from));
		own[to] = varies(fl, s, args[to]);
	}
	for (uint32_t i = 0; i < n; i++)
		state_escape(fl, s, args[i]);
	uint32_t ids[MAX_SET], nid = 0;
	for (uint32_t i = 0; i < uset_n(r, s->locks); i++)
		if (r->locks.v[uset_at(r, s->locks, i)].flags & LOCK_ONCE && r->locks.v[uset_at(r, s->locks, i)].flags & LOCK_SHARED)
			ids[nid++] = uset_at(r, s->locks, i);
	k.key = (struct context){.inst = fn, .parent = NONE, .site = fl->op, .moment = moment, .base = uset_of(r, ids, nid)};
	k.key.locks = r->touch[fn] & TOUCH_CREATE ? k.key.base : LOCKS_INHERIT;
	call_key(&k, fn, args, n);
	for (uint32_t i = 0; i < n && i < k.key.nparam; i++) {
		struct rval v = r->vals.v[k.params[i]];
		uint32_t addr = v.kind == V_ADDR ? v.a : NONE;
		if (!own[i])
			continue;
		if (v.kind == V_SYM && r->syms.v[v.a].kind == RSYM_PARAM)
			k.psyms[r->syms.v[v.a].a].own = fl->op;
		for (; addr != NONE; addr = r->addrs.v[addr].up) {
			struct rval x = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
			if (x.kind == V_SYM && r->syms.v[x.a].kind == RSYM_PARAM)
				k.psyms[r->syms.v[x.a].a].own = fl->op;
			if (r->addrs.v[addr].kind == ADDR_SYM && r->syms.v[r->addrs.v[addr].root].kind == RSYM_PARAM)
				k.psyms[r->syms.v[r->addrs.v[addr].root].a].own = fl->op;
		}
	}
	for (uint32_t i = 0; i < k.key.nsym; i++)
		k.psyms[i].fresh = false;
	k.key.moment = moment;
	uint32_t id = context_get(r, &k.key);
	context_look(r, id);
	vec_free(&k.map);
}

uint32_t flow_functions(struct look *fl, struct state *s, struct ref x, uint32_t *fns, uint32_t max)
{
	struct race *r = fl->r;
	struct rval v = r->vals.v[flow_value(fl, s, x)];
	const uint32_t *some;
	uint32_t n = 0, all;
	if (v.kind == V_FN) {
		fns[n++] = v.a;
	} else if (x.kind == REF_LOCAL) {
		all = flow_fns(r->p, flow_local(r->p, fl->fn, x.id), &some);
		for (uint32_t i = 0; i < all && n < max; i++)
			fns[n++] = some[i];
	}
	uint32_t m = 0;
	for (uint32_t i = 0; i < n; i++)
		if (fn_defined(r->p, fns[i]))
			fns[m++] = fns[i];
	return m;
}

/* Is the thread given the address of a local of the function that starts it? */
static void on_stack(struct look *fl, struct state *s, const struct effect *e, uint32_t thread)
{
	struct race *r = fl->r;
	if (e->callback->given == PARAM_NONE || e->callback->ctx != CTX_THREAD)
		return;
	uint32_t addr = rval_behind(r, flow_value(fl, s, effect_arg(r->p, e, e->callback->given)));
	if (addr == NONE || addr_on_sym(r, addr) || !strcmp(fn_name(r->p, fl->fn), "main"))
		return; /* the end of main() is the end of all */
	const struct obj *o = &r->pt->objs.v[r->addrs.v[addr].root];
	if (o->kind != OBJ_LOCAL || o->id < fl->f->local || o->id >= fl->f->local + fl->f->nlocal)
		return;
	for (uint32_t i = 0; i < fl->c->stack.n; i++)
		if (fl->c->stack.v[i].addr == thread)
			return;
	vec_add(&fl->c->stack, ((struct taken_at){thread, fl->op}));
}

void flow_create(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	uint32_t fns[16], n = flow_functions(fl, s, effect_arg(r->p, e, e->callback->param), fns, COUNT(fns));
	for (uint32_t i = 0; i < n; i++) {
		enum thread_kind kind = e->callback->ctx == CTX_POOL ? THREAD_POOL : THREAD_CREATED;
		uint32_t parent = s->moment == MOMENT_INHERIT ? NONE : r->moments.v[s->moment].thread;
		uint32_t t = thread_get(r, kind, parent, fl->op, fl->inst, fns[i]);
		uint32_t before = s->moment;
		if (s->moment != MOMENT_INHERIT)
			s->moment = moment_create(r, s->moment, t, s->locks);
		on_stack(fl, s, e, t);
		start(fl, s, fns[i], moment_start(r, t, before), e);
	}
}

void flow_open_call(struct look *fl, struct state *s)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < r->open_calls.n; i++) {
		const struct open_call *o = &r->open_calls.v[i];
		if (o->site != fl->op || s->moment == MOMENT_INHERIT)
			continue;
		uint32_t t = thread_get(r, THREAD_OPEN, r->moments.v[s->moment].thread, fl->op, fl->inst, o->fn), before = s->moment;
		s->moment = moment_create(r, s->moment, t, s->locks);
		start(fl, s, o->fn, moment_start(r, t, before), NULL);
	}
}

/* The value that stands for the thread created here. */
uint32_t flow_thread_value(struct look *fl)
{
	uint32_t obj = points_obj(fl->r->pt, OBJ_THREAD, fl->op, fl->inst);
	return obj == NONE ? VAL_UNKNOWN : rval_addr(fl->r, addr_obj(fl->r, obj));
}

/* Threads whose ids are among these addresses: ended, all of them, if the set is of one, or if told so. */
static void join_set(struct look *fl, struct state *s, uint32_t set, bool all)
{
	struct race *r = fl->r;
	if (s->moment == MOMENT_INHERIT || set == USET_MANY || (!all && uset_n(r, set) != 1))
		return;
	for (uint32_t i = 0; i < uset_n(r, set); i++) {
		const struct obj *o = &r->pt->objs.v[r->addrs.v[uset_at(r, set, i)].root];
		for (uint32_t t = 0; t < r->threads.n && o->kind == OBJ_THREAD; t++) {
			if (r->threads.v[t].site != o->id || r->threads.v[t].inst != o->inst)
				continue;
			bool have = false;
			for (uint32_t k = 0; k < r->threads.v[t].joiners.n; k++)
				have |= r->threads.v[t].joiners.v[k] == fl->id;
			if (!have)
				vec_add(&r->threads.v[t].joiners, fl->id);
			s->moment = moment_join(r, s->moment, t, all);
		}
	}
}

/* for (i = 0; i < n; i++): n - 0; 0 if it is not that simple. */
static int64_t trips(const struct race *r, uint32_t fn, uint32_t loop)
{
	const struct fn *f = &r->ir->fns[fn];
	const struct cfg *g = program_cfg(r->p, fn);
	const struct block *b = &r->ir->blocks[f->block + g->loops[loop].head];
	const struct local_facts *lf = local_facts(r->s, fn);
	if (b->term != TERM_IF || b->cond.lhs.kind != REF_LOCAL || b->cond.rhs.kind != REF_CONST || b->cond.rel > REL_GE)
		return 0;
	int64_t to = r->ir->consts[b->cond.rhs.id] + (b->cond.rel == REL_LE);
	for (uint32_t d = lf->def[b->cond.lhs.id]; d != NONE; d = lf->next_def[d - f->op])
		if (r->ir->ops[d].kind == OP_COPY && r->ir->ops[d].src.kind == REF_CONST)
			return to - r->ir->consts[r->ir->ops[d].src.id];
	return 0;
}

/* Leaving a loop that joins: all have ended, if it makes as many steps as the loop that started them, as far as that
 * can be told. */
void flow_leave_loop(struct look *fl, struct state *s, uint32_t head)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < fl->joins.n; i++) {
		const struct loop_join *j = &fl->joins.v[i];
		const uint32_t *spots = NULL;
		uint32_t n = points_local(r->pt, fl->inst, j->local, &spots), ids[POINTS_MANY], m = 0;
		if (j->head != head || n >= POINTS_MANY)
			continue;
		int64_t here = trips(r, fl->fn, fl->g->loop_of[r->p->op_block[j->site]]);
		for (uint32_t k = 0; k < n; k++) {
			const struct obj *o = &r->pt->objs.v[r->pt->spots.v[spots[k]].obj];
			if (o->kind != OBJ_THREAD)
				continue;
			uint32_t fn = r->p->op_fn[o->id], loop = program_cfg(r->p, fn)->loop_of[r->p->op_block[o->id]];
			int64_t there = loop == NONE ? 0 : trips(r, fn, loop);
			if (!here || !there || here >= there)
				ids[m++] = addr_obj(r, r->pt->spots.v[spots[k]].obj);
		}
		join_set(fl, s, uset_of(r, ids, m), true);
	}
}

void flow_join(struct look *fl, struct state *s, struct ref x)
{
	join_set(fl, s, flow_val_set(fl, flow_value(fl, s, x)), false);
}

/* Callbacks of a loop that this call runs: in this thread, one after the other, in any order, any number of times. */
void flow_run_loop(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < r->s->f->nentry; i++) {
		const struct entry *en = &r->s->f->entries[i];
		if ((en->ctx != CTX_LOOP && en->ctx != CTX_TIMER && en->ctx != CTX_COROUTINE) || en->head != NONE ||
			strcmp(en->library, e->model->library))
			continue;
		if (!(r->touch[en->fn] & ~TOUCH_VALUE))
			continue;
		struct call k = {.fl = fl, .s = s};
		k.key = (struct context){.inst = en->fn,
			.parent = NONE,
			.site = en->site,
			.locks = r->touch[en->fn] & TOUCH_CREATE ? USET_EMPTY : LOCKS_INHERIT};
		call_key(&k, en->fn, NULL, 0);
		for (uint32_t p = 0; p < k.key.nsym; p++)
			k.psyms[p].own = en->site == NONE ? NONE - 1 : en->site;
		k.key.moment = s->moment;
		uint32_t id = context_get(r, &k.key);
		r->ctxs.v[id]->guess = s->moment == MOMENT_INHERIT || r->threads.v[r->moments.v[s->moment].thread].kind != THREAD_MAIN;
		context_user(r->ctxs.v[id], fl->id);
		context_look(r, id);
		vec_free(&k.map);
		/* what a callback starts or joins is so from then on, perhaps */
		for (uint32_t x = 0; x < r->ctxs.v[id]->exits.n; x++)
			if (r->ctxs.v[id]->exits.v[x].moment != s->moment && !r->ctxs.v[id]->exits.v[x].jump)
				s->moment = moment_weaker(r, s->moment, r->ctxs.v[id]->exits.v[x].moment);
	}
}
