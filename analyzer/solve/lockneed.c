/* lockneed.c - whether a lock keeps anybody out, and for how long.
 *
 * A lock keeps nobody out if no two moments at which it is taken can coincide. That is only said if all that may be
 * done with it is seen: every place in the program that takes it has been looked at in its threads, and its address goes
 * nowhere but to the library's own functions.
 *
 * How much of what a thread does goes by under a lock is a walk over its functions with what the cost solver found for
 * each operation and block: the time of those between lock and unlock, and that of all. The ratio bounds what any
 * number of threads can do (Amdahl, "Validity of the single processor approach", 1967). It is only told if the threads
 * do nothing else that takes time: no wait, and no call of which nothing is known.
 *
 * needs: contexts, orders, moments, entries, costs      gives: LOCK_ALONE and LOCK_BIG of facts.lock_uses
 */
#include "solve/lockuse.h"

enum { MAX_MOMENTS = 24, MAX_PLACES = 16 };

/* What a lock is by its name in the source: a field, or a global behind the fields. NONE: not told by the function. */
static uint32_t key_of(const struct race *r, uint32_t fn, struct ref arg)
{
	if (arg.kind != REF_LOCAL)
		return NONE;
	const struct local_facts *lf = local_facts(r->s, fn);
	uint32_t d = lf->def[arg.id];
	if (d == NONE || lf->next_def[d - r->ir->fns[fn].op] != NONE)
		return NONE;
	const struct op *op = &r->ir->ops[d];
	return op->kind == OP_ADDR || op->kind == OP_LOAD ? path_key_own(r->ir, op->src.id) : NONE;
}

static uint32_t key_of_place(struct race *r, uint32_t place)
{
	const struct obj *o = &r->pt->objs.v[r->addrs.v[place].root];
	uint32_t field = race_place_leaf(r, r->mem, race_place_name(r, r->mem, place), 4).field;
	return field != NONE ? field : o->kind == OBJ_GLOBAL ? r->ir->nfields + o->id : NONE;
}

/* ---- wanted by one thread alone ---- */

struct taken { /* a lock, or those of one array or one kind of object */
	uint32_t key, place, order; /* order: the first that takes it */
	uint32_t moment[MAX_MOMENTS], nmoment;
	uint32_t site[MAX_PLACES], nsite;
	bool spoiled, guess;
};
struct search {
	struct telling *m;
	struct race *r;
	VEC(struct taken) v;
	struct map of;	  /* (object, distance) -> v */
	struct map sites; /* places that take locks and were seen to */
	struct bits keys; /* of which something is done that is not seen */
	bool lost;	  /* some lock is taken of which nothing at all is known */
};

static void spoil(struct search *x, uint32_t key)
{
	if (key == NONE)
		x->lost = true;
	else
		bits_set(&x->keys, key);
}

static void at_moment(struct search *x, struct taken *t, uint32_t moment)
{
	struct race *r = x->r;
	for (uint32_t i = 0; i < t->nmoment; i++)
		if (t->moment[i] == moment)
			return;
	const struct thread *th = moment == MOMENT_INHERIT ? NULL : &r->threads.v[r->moments.v[moment].thread];
	if (!th || t->nmoment == MAX_MOMENTS || th->kind == THREAD_SIGNAL || th->kind == THREAD_CALLER || th->kind == THREAD_OPEN) {
		t->spoiled = true;
		return;
	}
	for (uint32_t i = 0; i < t->nmoment && !t->spoiled; i++)
		t->spoiled = moments_coincide(r, t->moment[i], moment);
	t->spoiled |= moments_coincide(r, moment, moment);
	t->moment[t->nmoment++] = moment;
}

static void add_taken(struct search *x, const struct order *o, uint32_t id, uint32_t place)
{
	struct race *r = x->r;
	struct context *c = r->ctxs.v[o->ctx];
	uint32_t obj;
	int32_t off;
	if (!addr_cell(r, place, &obj, &off) || r->pt->objs.v[obj].kind == OBJ_NAMED || r->pt->objs.v[obj].kind == OBJ_EXTERN) {
		spoil(x, key_of(r, r->p->op_fn[o->site], r->ir->args[r->ir->ops[o->site].arg]));
		return;
	}
	uint32_t *slot = map_slot(&x->of, (uint64_t)obj << 32 | (uint32_t)off, x->v.n);
	if (*slot == x->v.n)
		vec_add(&x->v, ((struct taken){.key = key_of_place(r, place), .place = place, .order = id}));
	struct taken *t = &x->v.v[*slot];
	bool have = false;
	for (uint32_t i = 0; i < t->nsite && !have; i++)
		have = t->site[i] == o->site;
	if (!have && t->nsite < MAX_PLACES)
		t->site[t->nsite++] = o->site;
	t->guess |= !telling_certain(r, o->ctx);
	if (o->moment != MOMENT_INHERIT)
		at_moment(x, t, o->moment);
	for (uint32_t i = 0; i < c->around.n && o->moment == MOMENT_INHERIT && !t->spoiled; i++)
		at_moment(x, t, c->around.v[i].moment);
}

static void see_orders(struct search *x)
{
	struct race *r = x->r;
	for (uint32_t i = 0; i < r->orders.n; i++) {
		const struct order *o = &r->orders.v[i];
		*map_slot(&x->sites, o->site, 0) = 1;
		uint32_t places = context_places(r, r->ctxs.v[o->ctx], o->taken);
		if (places == USET_MANY || !uset_n(r, places))
			spoil(x, r->ir->ops[o->site].narg ? key_of(r, r->p->op_fn[o->site], r->ir->args[r->ir->ops[o->site].arg]) : NONE);
		for (uint32_t k = 0; places != USET_MANY && k < uset_n(r, places); k++)
			add_taken(x, o, i, uset_at(r, places, k));
	}
}

/* What the library's own functions do with a lock, we know. */
static bool keeps_to_itself(const struct race *r, uint32_t site, struct ref arg)
{
	uint32_t n;
	const struct effect *e = effects_at(r->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		if (!c || c->p < 0 || !ref_eq(effect_arg(r->p, &e[i], c->p), arg))
			continue;
		if (c->verb == VERB_INITS && c->q != PARAM_NONE) {
			struct ref with = effect_arg(r->p, &e[i], c->q); /* attributes: it may be for other processes */
			return with.kind == REF_CONST && r->ir->consts[with.id] == 0;
		}
		if (c->verb == VERB_LOCKS || c->verb == VERB_UNLOCKS || c->verb == VERB_INITS || c->verb == VERB_DESTROYS)
			return true;
	}
	return r->ir->ops[site].kind == OP_CALL && fn_defined(r->p, r->ir->ops[site].src.id);
}

/* What takes a lock and was not looked at, and where the address of one goes. */
static void see_rest(struct search *x)
{
	struct race *r = x->r;
	const struct ir *ir = r->ir;
	for (uint32_t i = 0; i < r->e->n; i++) {
		const struct effect *e = &r->e->e[i];
		if (e->clause && e->clause->verb == VERB_LOCKS && e->clause->p >= 0 && map_get(&x->sites, e->site) == NONE)
			spoil(x, key_of(r, e->fn, effect_arg(r->p, e, e->clause->p)));
	}
	for (uint32_t fn = 0; fn < ir->nfns; fn++) {
		const struct fn *f = &ir->fns[fn];
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			uint32_t key = ir->ops[o].kind == OP_ADDR ? path_key_own(ir, ir->ops[o].src.id) : NONE;
			if (key == NONE)
				continue;
			for (uint32_t u = o + 1; u < f->op + f->nop; u++) {
				const struct op *op = &ir->ops[u];
				if (op->kind == OP_STORE || op->kind == OP_RET || op->kind == OP_COPY) {
					if (ref_eq(op->src, ir->ops[o].dst))
						spoil(x, key);
				} else if (op->kind == OP_CALL || op->kind == OP_ICALL) {
					for (uint32_t k = 0; k < op->narg; k++)
						if (ref_eq(ir->args[op->arg + k], ir->ops[o].dst) &&
							!keeps_to_itself(r, u, ir->args[op->arg + k]))
							spoil(x, key);
				}
			}
		}
	}
}

void locks_alone(struct telling *m)
{
	struct race *r = m->r;
	struct search x = {.m = m, .r = r};
	struct arena *mem = arena_new();

	/* code that locks though its program starts no thread is also part of one that does */
	if (race_library(r) || race_blurred(r) || !r->parallel)
		goto out;
	x.keys = bits_new(mem, r->ir->nfields + r->ir->nglobals + 1);
	see_orders(&x);
	see_rest(&x);
	for (uint32_t i = 0; i < x.v.n && !x.lost; i++) {
		struct taken *t = &x.v.v[i];
		const struct order *o = &r->orders.v[t->order];
		if (t->spoiled || t->key == NONE || bits_get(&x.keys, t->key))
			continue;
		const char *name = telling_name(m, r->ctxs.v[o->ctx], t->place);
		if (build_races_with(m->b, name))
			continue; /* others lack it: it is not what is too much */
		telling_begin(m, LOCK_ALONE, name, t->guess ? 0 : 1);
		telling_step(m, o->site, o->ctx, arena_printf(m->f->mem, "takes '%s'", name));
		for (uint32_t k = 0; k < t->nsite; k++)
			if (t->site[k] != o->site)
				telling_step(m, t->site[k], NONE, "and here");
	}
out:
	vec_free(&x.v);
	map_free(&x.of);
	map_free(&x.sites);
	arena_free(mem);
}

/* ---- held most of the time ---- */

struct part { /* of a call, or of a turn: ns */
	double all, held;
	bool known; /* the rest of it neither waits nor calls what is not known */
	enum { PART_NEW, PART_ASKED, PART_DONE } state;
};
struct share {
	struct race *r;
	const struct facts *f;
	uint32_t key;
	struct part *of; /* per function */
	int8_t *net;	 /* per function: 1 returns with the lock, -1 gives it back, 2: not asked yet */
	struct arena *mem;
};
struct walk {
	struct share *s;
	uint32_t fn;
	const struct cfg *g;
	const bool *in; /* per block: the lock is held where it begins */
};

static int net_of(struct share *s, uint32_t site, int depth);

/* What a function does to the lock for its caller: a wrapper only locks, or only unlocks. */
static int net_of_fn(struct share *s, uint32_t fn, int depth)
{
	const struct fn *f = &s->r->ir->fns[fn];
	bool locks = false, unlocks = false;
	if (s->net[fn] != 2 || depth > 3)
		return s->net[fn] == 2 ? 0 : s->net[fn];
	s->net[fn] = 0;
	for (uint32_t o = f->op; o < f->op + f->nop && f->nop < 200; o++) {
		int n = s->r->ir->ops[o].kind == OP_CALL ? net_of(s, o, depth + 1) : 0;
		locks |= n > 0;
		unlocks |= n < 0;
	}
	return s->net[fn] = (int8_t)(locks && !unlocks ? 1 : unlocks && !locks ? -1 : 0);
}

static int net_of(struct share *s, uint32_t site, int depth)
{
	const struct race *r = s->r;
	uint32_t n;
	const struct effect *e = effects_at(r->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		if (!c || c->p < 0 || (c->verb != VERB_LOCKS && c->verb != VERB_UNLOCKS))
			continue;
		if (key_of(r, e[i].fn, effect_arg(r->p, &e[i], c->p)) == s->key)
			return c->verb == VERB_LOCKS ? 1 : -1;
	}
	return r->ir->ops[site].src.kind == REF_FN && fn_defined(r->p, r->ir->ops[site].src.id)
		       ? net_of_fn(s, r->ir->ops[site].src.id, depth)
		       : 0;
}

static bool after_block(struct share *s, const struct block *b, bool held)
{
	for (uint32_t o = b->op; o < b->op + b->nop; o++) {
		int n = s->r->ir->ops[o].kind == OP_CALL ? net_of(s, o, 0) : 0;
		held = n ? n > 0 : held;
	}
	return held;
}

/* Per block: is the lock certainly held where it begins? */
static bool *held_in(struct share *s, uint32_t fn, const struct cfg *g)
{
	const struct ir *ir = s->r->ir;
	const struct fn *f = &ir->fns[fn];
	bool *in = arena_alloc(s->mem, f->nblock + 1), again = true;
	memset(in, true, f->nblock);
	in[0] = false;
	while (again) {
		again = false;
		for (uint32_t k = 0; k < g->nrpo; k++) {
			const struct block *b = &ir->blocks[f->block + g->rpo[k]];
			bool out = after_block(s, b, in[g->rpo[k]]);
			for (uint32_t w = 0; w < b->nsucc && !out; w++) {
				bool *to = &in[ir->succs[b->succ + w].block];
				again |= *to;
				*to = false;
			}
		}
	}
	return in;
}

static struct part part_of(struct share *s, uint32_t fn);

/* A call: what of it is the lock's, and whether anything is known of it. */
static void add_call(struct share *s, uint32_t site, bool held, double ns, double times, struct part *to)
{
	const struct race *r = s->r;
	const struct op *op = &r->ir->ops[site];
	uint32_t n;
	const struct effect *e = effects_at(r->e, site, &n);
	bool waits = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		waits |= c && c->verb == VERB_BLOCKS && c->category != CAT_LOCK && c->category != CAT_LOG && c->category != CAT_CPU &&
			 c->category != CAT_RANDOM;
	}
	if (op->kind == OP_CALL && fn_defined(r->p, op->src.id)) {
		struct part p = part_of(s, op->src.id);
		to->known &= p.known || held;
		to->held += times * (held ? ns : p.all > 0 ? ns * p.held / p.all : 0);
		return;
	}
	to->known &= !waits && (held || (op->kind == OP_CALL && n));
	to->held += held ? times * ns : 0;
}

static double turns_of(const struct share *s, const struct loop_fact *l)
{
	double all = cost_value(s->f, &l->cost, COST_USUAL);
	return l->turn > 0 && all > l->turn ? all / l->turn : 1;
}

/* A loop's turn, or (loop NONE) a call. */
static struct part level(const struct walk *w, uint32_t loop, uint32_t first)
{
	struct share *s = w->s;
	const struct race *r = s->r;
	const struct fn *f = &r->ir->fns[w->fn];
	struct part sum = {.known = true};
	for (uint32_t k = 0; k < w->g->nrpo; k++) {
		uint32_t at = w->g->rpo[k];
		if (w->g->loop_of[at] != loop)
			continue;
		const struct block *b = &r->ir->blocks[f->block + at];
		double times = (double)r->s->times[f->block + at];
		bool held = w->in[at];
		for (uint32_t o = b->op; o < b->op + b->nop && times > 0; o++) {
			double ns = (double)r->s->op_ns[o];
			bool call = r->ir->ops[o].kind == OP_CALL || r->ir->ops[o].kind == OP_ICALL;
			int n = call ? net_of(s, o, 0) : 0;
			sum.all += times * ns;
			if (n)
				held = n > 0;
			else if (call)
				add_call(s, o, held, ns, times, &sum);
			else
				sum.held += held ? times * ns : 0;
		}
	}
	for (uint32_t i = 0; i < w->g->nloop; i++) {
		if (w->g->loops[i].parent != loop || first == NONE)
			continue;
		const struct loop_fact *l = &s->f->cpu_loops[first + i];
		struct part p = level(w, i, first);
		double times = l->entered * turns_of(s, l);
		sum.all += times * p.all;
		sum.held += times * p.held;
		sum.known &= p.known;
	}
	return sum;
}

static struct part part_of(struct share *s, uint32_t fn)
{
	const struct facts *f = s->f;
	uint32_t first = NONE;
	if (s->of[fn].state != PART_NEW)
		return s->of[fn].state == PART_ASKED ? (struct part){.known = true} : s->of[fn];
	s->of[fn].state = PART_ASKED;
	for (uint32_t i = 0; i < f->ncpu_loop && first == NONE; i++)
		first = f->cpu_loops[i].fn == fn ? i : NONE;
	struct walk w = {s, fn, program_cfg(s->r->p, fn), NULL};
	w.in = held_in(s, fn, w.g);
	s->of[fn] = level(&w, NONE, first);
	s->of[fn].state = PART_DONE;
	return s->of[fn];
}

static void tell_big(struct telling *m, const struct order *o, uint32_t place, uint32_t thread, uint32_t key)
{
	struct race *r = m->r;
	const struct thread *t = &r->threads.v[thread];
	struct share s = {.r = r, .f = m->f, .key = key, .mem = arena_new()};
	s.of = arena_alloc(s.mem, (r->ir->nfns + 1) * sizeof *s.of);
	s.net = arena_alloc(s.mem, r->ir->nfns + 1);
	memset(s.net, 2, r->ir->nfns + 1);
	struct part p = part_of(&s, t->fn);
	arena_free(s.mem);
	if (!p.known || p.held <= 0)
		return;
	const char *name = telling_name(m, r->ctxs.v[o->ctx], place);
	struct lock_use *u = telling_begin(m, LOCK_BIG, name, telling_certain(r, o->ctx) ? 1 : 0);
	u->entry = t->entry;
	u->held = (float)p.held;
	u->all = (float)p.all;
	telling_step(m, o->site, o->ctx, arena_printf(m->f->mem, "takes '%s'", name));
}

static void big_at(struct telling *m, const struct order *o, uint32_t place, uint32_t moment)
{
	struct race *r = m->r;
	uint32_t thread = moment == MOMENT_INHERIT ? NONE : r->moments.v[moment].thread, key = key_of_place(r, place);
	if (thread == NONE || key == NONE || !thread_many(r, thread) || r->threads.v[thread].entry == NONE)
		return;
	if (r->threads.v[thread].kind != THREAD_CREATED && r->threads.v[thread].kind != THREAD_POOL)
		return;
	uint32_t *seen = map_slot(&m->seen, hash_mix((uint64_t)LOCK_BIG << 32 | place, r->threads.v[thread].entry), 0);
	if (!*seen)
		tell_big(m, o, place, thread, key);
	*seen = 1;
}

static bool for_reading(const struct race *r, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(r->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_LOCKS && e[i].clause->flags & CL_SHARED)
			return true;
	return false;
}

void locks_big(struct telling *m)
{
	struct race *r = m->r;
	for (uint32_t i = 0; i < r->orders.n; i++) {
		const struct order *o = &r->orders.v[i];
		struct context *c = r->ctxs.v[o->ctx];
		uint32_t place = !for_reading(r, o->site) ? telling_place(r, c, o->taken) : NONE;
		if (place == NONE)
			continue;
		big_at(m, o, place, o->moment);
		for (uint32_t k = 0; k < c->around.n && o->moment == MOMENT_INHERIT; k++)
			big_at(m, o, place, c->around.v[k].moment);
	}
}
