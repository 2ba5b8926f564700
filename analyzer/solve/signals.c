/* signals.c - conditions that are signaled though nothing changed what their waiters wait for.
 *
 * Who waits for a condition does so in a loop: while (!ready) wait. What that loop loads is what it waits for: fields and
 * globals, whatever the object. A signal is idle if nothing around it stores to any of them: not the function that
 * signals, not what calls it (CALLERS_UP calls up), not what these call. The waiter wakes, finds all as it was, and sleeps
 * on; or the change comes later, and then nobody is woken for it.
 *
 * This errs on the quiet side: a store through a bare pointer may be to anything, a loop that calls through pointers may
 * load anything, and a signal with too much around it is left alone.
 *
 * needs: effects, call graph      gives: facts.idle_signals
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { CALLERS_UP = 3, MAX_AROUND = 300, MAX_LOADED = 64, NAMED = 3 };

struct waited { /* for one condition */
	uint32_t key;	 /* of the condition */
	uint32_t wait;	 /* a site that waits for it */
	bool known;	 /* all that is waited for is in keys */
	VEC(uint32_t) keys;
};
struct signals {
	struct solver *s;
	const struct program *p;
	const struct ir *ir;
	VEC(struct waited) waited;
	struct map of; /* key -> waited */
	VEC(struct idle_signal) idle;
	/* functions around one place */
	VEC(uint32_t) fns;
	struct bits seen;
};

/* The condition that an argument is; NONE: a parameter, or not known. */
static uint32_t cond_key(const struct signals *x, const struct effect *e)
{
	struct ref r = effect_arg(x->p, e, e->clause->p);
	const struct local_facts *l = r.kind == REF_LOCAL ? local_facts(x->s, e->fn) : NULL;
	uint32_t def = l ? l->def[r.id] : NONE;
	if (def == NONE || l->next_def[def - x->ir->fns[e->fn].op] != NONE)
		return NONE;
	const struct op *op = &x->ir->ops[def];
	return op->kind == OP_ADDR || op->kind == OP_LOAD ? path_key_own(x->ir, op->src.id) : NONE;
}

/* ---- what is around a place ---- */

static bool add_fn(struct signals *x, uint32_t fn)
{
	if (bits_get(&x->seen, fn) || !fn_defined(x->p, fn))
		return true;
	bits_set(&x->seen, fn);
	vec_add(&x->fns, fn);
	return x->fns.n <= MAX_AROUND;
}

/* Everything that x->fns call. false: too much, or not known. */
static bool add_callees(struct signals *x)
{
	const struct program *p = x->p;
	for (uint32_t i = 0; i < x->fns.n; i++) {
		const struct fn *f = &x->ir->fns[x->fns.v[i]];
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			if (x->ir->ops[o].kind == OP_ICALL && p->site_edge[o] == NONE)
				return false;
			for (uint32_t e = p->site_edge[o]; e != NONE && e < p->nedge && p->edges[e].site == o; e++)
				if (p->edges[e].why == EDGE_TYPE || !add_fn(x, p->edges[e].callee))
					return false;
		}
	}
	return true;
}

static void begin(struct signals *x)
{
	for (uint32_t i = 0; i < x->fns.n; i++)
		bits_clear(&x->seen, x->fns.v[i]);
	x->fns.n = 0;
}

/* ---- waiting ---- */

static void load(struct waited *w, const struct ir *ir, const struct op *op)
{
	uint32_t key = op->kind == OP_LOAD ? path_key_own(ir, op->src.id) : NONE;
	if (op->kind == OP_LOAD && key == NONE && ir->paths[op->src.id].base.kind != REF_STR)
		w->known = false;
	if (key == NONE)
		return;
	for (uint32_t i = 0; i < w->keys.n; i++)
		if (w->keys.v[i] == key)
			return;
	vec_add(&w->keys, key);
	w->known &= w->keys.n <= MAX_LOADED;
}

static void add_wait(struct signals *x, const struct effect *e)
{
	const struct program *p = x->p;
	const struct fn *f = &x->ir->fns[e->fn];
	const struct cfg *g = program_cfg(p, e->fn);
	uint32_t key = cond_key(x, e), loop = g->loop_of[p->op_block[e->site]];
	if (key == NONE)
		return;
	uint32_t *slot = map_slot(&x->of, key, x->waited.n);
	if (*slot == x->waited.n)
		vec_add(&x->waited, ((struct waited){.key = key, .wait = e->site, .known = true}));
	struct waited *w = &x->waited.v[*slot];
	if (loop == NONE) { /* the loop is somewhere else */
		w->known = false;
		return;
	}
	begin(x);
	for (uint32_t i = 0; i < g->loops[loop].nblock; i++) {
		const struct block *b = &x->ir->blocks[f->block + g->loops[loop].blocks[i]];
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			load(w, x->ir, &x->ir->ops[o]);
			if (x->ir->ops[o].kind == OP_ICALL)
				w->known = false;
			for (uint32_t d = p->site_edge[o]; o != e->site && d != NONE && d < p->nedge && p->edges[d].site == o; d++)
				add_fn(x, p->edges[d].callee);
		}
	}
	if (!add_callees(x)) {
		w->known = false;
		return;
	}
	for (uint32_t i = 0; i < x->fns.n; i++) {
		const struct fn *c = &x->ir->fns[x->fns.v[i]];
		for (uint32_t o = c->op; o < c->op + c->nop; o++)
			load(w, x->ir, &x->ir->ops[o]);
	}
}

/* ---- signals ---- */

static bool has(const struct waited *w, uint32_t key)
{
	for (uint32_t i = 0; i < w->keys.n; i++)
		if (w->keys.v[i] == key)
			return true;
	return false;
}

/* May a store to a place without a name be to anything? Text is not. */
static bool anywhere(const struct ir *ir, uint32_t fn, uint32_t path)
{
	uint32_t type = path_type(ir, fn, path);
	bool deref = false;
	for (uint32_t i = 0; i < ir->paths[path].nstep; i++)
		deref |= ir->steps[ir->paths[path].step + i].kind == STEP_DEREF;
	return deref && (type == NONE || ir->types[type].size != 1);
}

/* May it change what is waited for? An address of it that is handed on counts. */
static bool changes(const struct signals *x, const struct waited *w, uint32_t fn)
{
	const struct ir *ir = x->ir;
	const struct fn *f = &ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		if (op->kind == OP_BLIND)
			return true;
		if (op->kind != OP_STORE && op->kind != OP_ADDR)
			continue;
		uint32_t path = op->kind == OP_STORE ? op->dst.id : op->src.id, key = path_key_own(ir, path);
		if (key == w->key)
			continue; /* the condition itself */
		if (has(w, key) || (op->kind == OP_STORE && key == NONE && anywhere(ir, fn, path)))
			return true;
	}
	return false;
}

/* The functions that call those from on, one call up. false: too many. */
static bool add_callers(struct signals *x, uint32_t from)
{
	const struct program *p = x->p;
	for (uint32_t i = from, n = x->fns.n; i < n; i++)
		for (uint32_t k = p->in[x->fns.v[i]]; k < p->in[x->fns.v[i] + 1]; k++)
			if (!add_fn(x, p->edges[p->in_edges[k]].caller))
				return false;
	return true;
}

static const char *names_of(const struct signals *x, const struct waited *w)
{
	const struct ir *ir = x->ir;
	struct sb out = {0};
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->keys.n && n < NAMED; i++) {
		uint32_t key = w->keys.v[i];
		if (key == w->key)
			continue;
		const char *name = ir_text_of(ir, key < ir->nfields ? ir->fields[key].name : ir->globals[key - ir->nfields].name);
		if (*name)
			sb_printf(&out, "%s'%s'", n++ ? ", " : "", name);
	}
	const char *text = n ? arena_strdup(x->s->f->mem, out.s) : "";
	sb_free(&out);
	return text;
}

static void look_at(struct signals *x, const struct effect *e)
{
	uint32_t key = cond_key(x, e), at = key == NONE ? NONE : map_get(&x->of, key), from = 0;
	const struct waited *w = at == NONE ? NULL : &x->waited.v[at];
	if (!w || !w->known)
		return;
	begin(x);
	add_fn(x, e->fn);
	for (uint32_t up = 0; up < CALLERS_UP; up++) {
		uint32_t n = x->fns.n;
		if (!add_callers(x, from))
			return;
		from = n;
	}
	if (!add_callees(x))
		return;
	for (uint32_t i = 0; i < x->fns.n; i++)
		if (changes(x, w, x->fns.v[i]))
			return;
	const char *names = names_of(x, w);
	if (*names)
		vec_add(&x->idle, ((struct idle_signal){e->site, w->wait, names}));
}

void solve_signals(struct solver *s)
{
	struct signals x = {.s = s, .p = s->p, .ir = s->ir, .seen = bits_new(s->mem, s->ir->nfns + 1)};
	const struct effects *all = s->e;

	for (uint32_t i = 0; i < all->n; i++)
		if (all->e[i].clause && all->e[i].clause->verb == VERB_COND_WAIT && all->e[i].clause->q != PARAM_NONE)
			add_wait(&x, &all->e[i]);
	for (uint32_t i = 0; i < all->n && x.waited.n; i++)
		if (all->e[i].clause && all->e[i].clause->verb == VERB_COND_WAKE)
			look_at(&x, &all->e[i]);
	s->f->idle_signals = arena_alloc(s->f->mem, (x.idle.n + 1) * sizeof *x.idle.v);
	if (x.idle.n)
		memcpy(s->f->idle_signals, x.idle.v, x.idle.n * sizeof *x.idle.v);
	s->f->nidle_signal = x.idle.n;
	for (uint32_t i = 0; i < x.waited.n; i++)
		vec_free(&x.waited.v[i].keys);
	vec_free(&x.waited);
	vec_free(&x.idle);
	vec_free(&x.fns);
	map_free(&x.of);
}
