/* threads.c - how threads are started, and what they do.
 *
 * A start in a loop that takes connections, or in a task, starts one thread for each event; one in
 * a loop that counts starts as many as that. What a thread waits for is what blocks in the
 * functions below it; what it computes is a turn of its outermost loop.
 *
 * needs: entries, blocks, cpu_loops, effects      gives: threads
 */
#include "solve/solve_int.h"

enum { UP = 3, NEAR = 40 };

static bool has_verb(const struct solver *s, uint32_t site, enum verb verb)
{
	uint32_t n;
	const struct effect *e = effects_at(s->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == verb)
			return true;
	return false;
}

/* accept(): gives a socket, and waits for a peer. */
static bool accepts(const struct solver *s, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(s->e, site, &n);
	bool gives = false, peer = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		gives |= cl && cl->verb == VERB_GIVES && cl->kind & FD_SOCKET;
		peer |= cl && cl->verb == VERB_BLOCKS && cl->category == CAT_PEER;
	}
	return gives && peer;
}

static bool waits_for_event(const struct solver *s, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(s->e, site, &n);
	if (has_verb(s, site, VERB_LOOP_WAIT) || has_verb(s, site, VERB_COND_WAIT))
		return true;
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (cl && cl->verb == VERB_BLOCKS &&
			(cl->category == CAT_IO || cl->category == CAT_PEER ||
				cl->category == CAT_WAIT))
			return true;
	}
	return false;
}

/* The call in a loop, itself or one call further down, that says what happens. */
static uint32_t event_in(const struct solver *s, uint32_t fn, const struct loop *l,
	bool (*is)(const struct solver *, uint32_t), int deep)
{
	const struct program *p = s->p;
	const struct fn *f = &s->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if ((op->kind != OP_CALL && op->kind != OP_ICALL) ||
			(l && !loop_has(l, p->op_block[o])))
			continue;
		if (is(s, o))
			return o;
		if (op->kind == OP_CALL && deep > 0 && fn_defined(p, op->src.id) &&
			s->ir->fns[op->src.id].nop < 200 &&
			event_in(s, op->src.id, NULL, is, deep - 1) != NONE)
			return o;
	}
	return NONE;
}

static const struct loop_fact *loop_fact(const struct solver *s, uint32_t fn, uint32_t head)
{
	const struct facts *f = s->f;
	for (uint32_t i = 0; i < f->ncpu_loop; i++)
		if (f->cpu_loops[i].fn == fn && f->cpu_loops[i].head == head)
			return &f->cpu_loops[i];
	return NULL;
}

/* Is a number compared, in front of the start, that it counts up: if (nthreads < max)? */
static bool guarded_by_count(const struct solver *s, uint32_t site)
{
	const struct ir *ir = s->ir;
	uint32_t fn = s->p->op_fn[site];
	const struct local_facts *lf = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b]) {
		const struct guard *gd = &lf->guard[b];
		if (gd->at == NONE)
			continue;
		const struct cond *k = &ir->blocks[ir->fns[fn].block + gd->at].cond;
		if (k->rel == REL_EQ || k->rel == REL_NE)
			continue;
		struct ref side[2] = {k->lhs, k->rhs};
		for (int i = 0; i < 2; i++) {
			uint32_t d = side[i].kind == REF_LOCAL ? lf->def[side[i].id] : NONE;
			if (d == NONE || ir->ops[d].kind != OP_LOAD)
				continue;
			uint32_t field = path_field(ir, ir->ops[d].src.id);
			const struct path *p = &ir->paths[ir->ops[d].src.id];
			if (field != NONE || p->base.kind == REF_GLOBAL)
				return true;
		}
	}
	/* a semaphore, or a condition, is waited for in front */
	const struct fn *f = &ir->fns[fn];
	for (uint32_t o = f->op; o < site; o++)
		if (ir->ops[o].kind == OP_CALL && has_verb(s, o, VERB_COND_WAIT) &&
			s->p->op_block[o] < ir->fns[fn].nblock)
			return true;
	return false;
}

static void worse(struct thread_fact *t, enum start_kind k)
{
	if (k > t->start)
		t->start = k;
}

/* In which loops is the site, here and in the callers? */
static void how_often(const struct solver *s, struct thread_fact *t, uint32_t site, int deep)
{
	const struct program *p = s->p;
	uint32_t fn = p->op_fn[site];
	const struct cfg *g = program_cfg(p, fn);
	const struct facts *f = s->f;

	for (uint32_t l = g->loop_of[p->op_block[site]]; l != NONE; l = g->loops[l].parent) {
		const struct loop *lo = &g->loops[l];
		const struct loop_fact *lf = loop_fact(s, fn, lo->head);
		uint32_t accept = event_in(s, fn, lo, accepts, 2);
		if (accept != NONE) {
			t->accept = accept;
			worse(t, START_EVENT);
		} else if (lf && lf->trip == TRIP_CONST && lf->count > 0) {
			t->count = t->count > 0 ? t->count * lf->count : lf->count;
			worse(t, START_FIXED);
		} else if (lf && (lf->trip == TRIP_COUNT || lf->trip == TRIP_WALK ||
					 lf->trip == TRIP_CAP || lf->trip == TRIP_LIST)) {
			worse(t, lf->extent == EXT_DATA || lf->extent == EXT_PEERS ? START_EVENT
										   : START_CONFIG);
		} else if (event_in(s, fn, lo, waits_for_event, 2) != NONE) {
			worse(t, START_EVENT);
		} else {
			worse(t, START_CONFIG); /* until some condition holds: a retry as well as a
						   pool */
		}
	}
	/* a callback that is handed a connection is called for each */
	for (uint32_t i = 0; i < f->nentry; i++)
		if (f->entries[i].fn == fn && f->entries[i].head == NONE &&
			(f->entries[i].ctx == CTX_LOOP || f->entries[i].ctx == CTX_POOL)) {
			worse(t, START_EVENT);
			uint32_t accept = event_in(s, fn, NULL, accepts, 1);
			if (accept != NONE)
				t->accept = accept;
		}
	if (deep == UP)
		return;
	for (uint32_t i = p->in[fn]; i < p->in[fn + 1]; i++) {
		const struct edge *e = &p->edges[p->in_edges[i]];
		if (e->why == EDGE_DIRECT && e->caller != fn)
			how_often(s, t, e->site, deep + 1);
	}
}

static void find_join(const struct solver *s, struct thread_fact *t, uint32_t site)
{
	const struct ir *ir = s->ir;
	const struct fn *f = &ir->fns[s->p->op_fn[site]];
	const struct cfg *g = program_cfg(s->p, s->p->op_fn[site]);
	uint32_t at = g->loop_of[s->p->op_block[site]];

	/* one that was started before and not waited for runs beside this one */
	for (uint32_t o = site; o-- > f->op && o + NEAR > site && !has_verb(s, o, VERB_JOINS);)
		t->works_between |= has_verb(s, o, VERB_CREATES);
	for (uint32_t o = site + 1; o < f->op + f->nop && o < site + NEAR; o++) {
		const struct op *op = &ir->ops[o];
		if (op->kind != OP_CALL && op->kind != OP_ICALL)
			continue;
		if (has_verb(s, o, VERB_JOINS)) {
			/* in the same loop, or in none: each is waited for before the next begins
			 */
			if (g->loop_of[s->p->op_block[o]] == at &&
				cfg_reaches(g, ir, s->p->op_fn[site], s->p->op_block[site],
					s->p->op_block[o]))
				t->join = o;
			else if (s->p->op_block[o] == s->p->op_block[site])
				t->join = o;
			return;
		}
		if (!bits_get(&s->dead_end, o)) {
			uint32_t n;
			effects_at(s->e, o, &n);
			if (op->kind == OP_ICALL || fn_defined(s->p, op->src.id) ||
				has_verb(s, o, VERB_BLOCKS) || has_verb(s, o, VERB_CREATES))
				t->works_between = true;
		}
	}
}

static double seconds_of(const struct clause *cl)
{
	static const double usual[CAT_COUNT] = {[CAT_IO] = 1,
		[CAT_PEER] = 1,
		[CAT_WAIT] = 1,
		[CAT_SLEEP] = 1,
		[CAT_PROCESS] = 1,
		[CAT_JOIN] = 1,
		[CAT_DNS] = 0.03,
		[CAT_DISK] = 1e-4,
		[CAT_SYNC] = 5e-3,
		[CAT_NSS] = 1e-3,
		[CAT_IPC] = 1e-3,
		[CAT_DB] = 5e-3,
		[CAT_TTY] = 0.1,
		[CAT_DEVICE] = 1e-3};
	return cl->lo > 0 ? cl->lo : usual[cl->category];
}

/* What may block a thread for longer than the work itself takes, in the order of effects; asked once for all threads. */
struct waits {
	VEC(uint32_t) v;
};

static void find_waits(const struct solver *s, struct waits *w)
{
	for (uint32_t i = 0; i < s->e->n; i++) {
		const struct effect *ef = &s->e->e[i];
		const struct clause *cl = ef->clause;
		struct bind none = {0};
		struct frame fr = {.s = s, .fn = ef->fn, .bind = &none, .ctx = CTX_THREAD};
		if (!cl || cl->verb != VERB_BLOCKS || bits_get(&s->dead_end, ef->site) || cl->category == CAT_LOCK ||
			cl->category == CAT_LOG || cl->category == CAT_CPU || cl->category == CAT_RANDOM)
			continue;
		if (!cl->cond || clause_holds(&fr, ef, cl->cond) != NO)
			vec_add(&w->v, i);
	}
}

static void what_it_waits_for(const struct solver *s, struct thread_fact *t, const uint32_t *fns, uint32_t n,
	const struct waits *w)
{
	const struct facts *f = s->f;
	struct arena *mem = arena_new();
	struct bits in = bits_new(mem, s->ir->nfns + 1);
	double most = 0;

	for (uint32_t i = 0; i < n; i++)
		bits_set(&in, fns[i]);
	for (uint32_t i = 0; i < w->v.n; i++) {
		const struct effect *ef = &s->e->e[w->v.v[i]];
		const struct clause *cl = ef->clause;
		if (!bits_get(&in, ef->fn) || !reach_has(s->p, &f->entries[t->entry], ef->site))
			continue;
		t->io |= cl->category == CAT_IO || cl->category == CAT_PEER;
		if (seconds_of(cl) > most) {
			most = seconds_of(cl);
			t->wait = ef->site;
			t->waits_for = cl->category;
		}
	}
	/* what waits for a condition waits for other threads */
	for (uint32_t i = 0; i < n && t->wait == NONE; i++) {
		const struct fn *fn = &s->ir->fns[fns[i]];
		for (uint32_t o = fn->op; o < fn->op + fn->nop && t->wait == NONE; o++)
			if (s->ir->ops[o].kind == OP_CALL &&
				(has_verb(s, o, VERB_COND_WAIT) ||
					has_verb(s, o, VERB_LOOP_WAIT))) {
				t->wait = o;
				t->waits_for = CAT_WAIT;
			}
	}
	arena_free(mem);
}

/* A loop of the start function that sleeps: is that all it does, and does it look at memory? */
static void does_it_sleep(const struct solver *s, struct thread_fact *t, uint32_t fn)
{
	const struct ir *ir = s->ir;
	const struct cfg *g = program_cfg(s->p, fn);
	for (uint32_t i = 0; i < g->nloop; i++) {
		const struct loop *l = &g->loops[i];
		uint32_t sleep = NONE, calls = 0, looks = 0;
		bool waits = false;
		if (l->parent != NONE)
			continue;
		for (uint32_t k = 0; k < l->nblock; k++) {
			const struct block *b = &ir->blocks[ir->fns[fn].block + l->blocks[k]];
			for (uint32_t o = b->op; o < b->op + b->nop; o++) {
				const struct op *op = &ir->ops[o];
				if (op->kind == OP_LOAD &&
					(op->flags & (OPF_ATOMIC | OPF_VOLATILE) ||
						ir->paths[op->src.id].base.kind == REF_GLOBAL))
					looks++;
				if (op->kind != OP_CALL && op->kind != OP_ICALL)
					continue;
				uint32_t n;
				const struct effect *e = effects_at(s->e, o, &n);
				bool sleeps = false;
				for (uint32_t c = 0; c < n; c++) {
					const struct clause *cl = e[c].clause;
					sleeps |= cl && cl->verb == VERB_BLOCKS &&
						  cl->category == CAT_SLEEP;
					waits |= cl && cl->verb == VERB_BLOCKS &&
						 cl->category != CAT_SLEEP &&
						 cl->category != CAT_LOG &&
						 cl->category != CAT_LOCK &&
						 cl->category != CAT_DISK;
				}
				if (sleeps)
					sleep = o;
				else if (!(op->kind == OP_CALL && has_verb(s, o, VERB_CLOCK)))
					calls++;
			}
		}
		if (sleep == NONE || waits)
			continue;
		const struct loop_fact *lf = loop_fact(s, fn, l->head);
		t->sleep = sleep;
		t->polls = !calls && looks;
		t->turn = lf ? lf->turn : 0;
		return;
	}
}

static void what_it_computes(
	const struct solver *s, struct thread_fact *t, const uint32_t *fns, uint32_t n)
{
	const struct facts *f = s->f;
	uint32_t fn = f->entries[t->entry].fn;
	struct arena *mem = arena_new();
	struct bits in = bits_new(mem, s->ir->nfns + 1);

	for (uint32_t i = 0; i < n; i++)
		bits_set(&in, fns[i]);
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (l->fn == fn && l->parent == NONE && !t->turn)
			t->turn = l->turn;
		if (bits_get(&in, l->fn) &&
			(l->extent == EXT_DATA ||
				(l->trip == TRIP_CONST && l->count * l->turn > 1e6)) &&
			l->trip != TRIP_WORK)
			t->data = true;
	}
	if (!t->turn)
		t->turn = cost_value(f, &f->cost[fn], COST_USUAL);
	t->data |= cost_value(f, &f->cost[fn], COST_MOST) > 1e7;
	arena_free(mem);
}

/* pthread_create(.., &slots[i]): each thread gets an element, and writes to it in its loops. */
static uint32_t neighbours(const struct solver *s, const struct entry *e)
{
	const struct ir *ir = s->ir;
	uint32_t n, given = NONE;
	const struct effect *ef = effects_at(s->e, e->site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (ef[i].callback && ef[i].callback->given >= 0)
			given = i;
	if (given == NONE)
		return NONE;
	struct ref arg = effect_arg(s->p, &ef[given], ef[given].callback->given);
	uint32_t caller = s->p->op_fn[e->site],
		 d = arg.kind == REF_LOCAL ? local_facts(s, caller)->def[arg.id] : NONE;
	if (d == NONE || ir->ops[d].kind != OP_ADDR)
		return NONE;
	const struct path *p = &ir->paths[ir->ops[d].src.id];
	if (!p->nstep || ir->steps[p->step + p->nstep - 1].kind != STEP_INDEX ||
		ir->steps[p->step + p->nstep - 1].index.kind == REF_CONST)
		return NONE;
	uint32_t t = ir->locals[ir->fns[caller].local + arg.id].type;
	if (t == NONE || ir->types[t].kind != TYPE_PTR || ir->types[t].to == NONE)
		return NONE;
	const struct type *el = &ir->types[ir->types[t].to];
	if (el->kind != TYPE_RECORD || !ir->records[el->to].size || ir->records[el->to].size >= 64)
		return NONE;
	/* the thread's function stores in it, in a loop */
	const struct fn *f = &ir->fns[e->fn];
	const struct cfg *g = program_cfg(s->p, e->fn);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t field =
			ir->ops[o].kind == OP_STORE ? path_field(ir, ir->ops[o].dst.id) : NONE;
		if (field != NONE && ir->fields[field].record == el->to &&
			g->loop_of[s->p->op_block[o]] != NONE)
			return el->to;
	}
	return NONE;
}

static bool default_stack(const struct solver *s, const struct entry *e)
{
	for (int i = 0; i < e->model->nparam; i++)
		if (!strcmp(e->model->params[i], "attr")) {
			const struct op *op = &s->ir->ops[e->site];
			struct ref r = (uint32_t)i < op->narg ? s->ir->args[op->arg + (uint32_t)i]
							      : REF(NONE, 0);
			return r.kind == REF_CONST && s->ir->consts[r.id] == 0;
		}
	return false;
}

void solve_threads(struct solver *s)
{
	struct facts *f = s->f;
	struct waits waits = {0};
	f->threads = arena_alloc(f->mem, (f->nentry + 1) * sizeof *f->threads);
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx != CTX_THREAD || !fn_defined(s->p, e->fn))
			continue;
		struct thread_fact t = {.entry = i,
			.count = -1,
			.accept = NONE,
			.guard = NONE,
			.join = NONE,
			.wait = NONE,
			.sleep = NONE,
			.slot = NONE};
		struct arena *mem = arena_new();
		uint32_t n;
		const uint32_t *fns = reach_of(s->p, e, mem, &n);
		t.nfn = n;
		if (e->site != NONE && e->model && s->ir->ops[e->site].kind == OP_CALL) {
			how_often(s, &t, e->site, 0);
			if (t.start == START_EVENT && guarded_by_count(s, e->site))
				t.guard = e->site;
			find_join(s, &t, e->site);
			t.default_stack = default_stack(s, e);
			t.slot = neighbours(s, e);
		}
		if (!f->nthread)
			find_waits(s, &waits);
		what_it_waits_for(s, &t, fns, n, &waits);
		does_it_sleep(s, &t, e->fn);
		what_it_computes(s, &t, fns, n);
		f->threads[f->nthread++] = t;
		arena_free(mem);
	}
	vec_free(&waits.v);
}
