/* blocking.c - which calls may block, reached from where, each with its shortest witness.
 *
 * A search over the call graph, nearest first (Dijkstra; an edge that was found by type only counts as several),
 * from all entries of a group at once: tasks (loop callbacks, timers, coroutines, bodies of hand-written loops),
 * jobs of pools, threads, signal handlers. What is visited is not a function but a function as it is reached: with
 * the values of those parameters that decide something inside (constants, functions, descriptors; see value.c), and
 * with the descriptors whose mode was changed on the way. So a read of a non-blocking client and the same read after
 * the connection was made blocking are two visits, and wait_child(pid, &st, nonblock) blocks only where nonblock is
 * 0. Functions with very many such contexts fall back to one without values.
 *
 * Not followed: branches that the known values exclude, the child's side of a fork, calls on paths that end in
 * exit() or abort(), functions that never return.
 *
 * A call blocks if the model's condition holds. If it cannot be decided because nothing is known of a descriptor,
 * the descriptor is taken as non-blocking, as sockets in event-driven programs are, and counted (nassumed); evidence
 * (a regular file, a terminal, a descriptor made blocking) decides otherwise.
 *
 * In a signal handler it is not blocking that counts but whether a function is async-signal-safe. On threads and in
 * jobs it is also whether a function belongs on the thread of a loop: any call of one counts, unless the thread runs a
 * loop of that library itself, whose handles these may be, or gets there by calling what is a task, as the loop does.
 *
 * needs: entries, evloops, fd, makes, control      gives: visits, blocks, unsafe, foreign
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum {
	MAX_CONTEXTS = 32,   /* visits of one function before values are dropped */
	WEIGHT_TYPE = 8,     /* of an edge by type, against 1 */
	WEIGHT_SIGNAL = 32,  /* of a step behind a signal's flag: every other way is better */
	MAX_WEIGHT = 256,
	FAR_CALLS = 16,	     /* farther than this, or through more pointers, a chain is possible but hardly likely */
	FAR_JUMPS = 4,
	MODES_REACH = 7,     /* calls for which a changed mode is kept in mind */
};

struct queue {
	uint32_t *v;
	uint32_t n, cap;
};
struct search {
	struct solver *s;
	struct facts *f;
	VEC(struct visit) visits;
	enum group group;
	VEC(struct block_site) blocks;
	VEC(struct unsafe_site) unsafe;
	VEC(struct foreign_call) foreign;
	struct map foreign_of; /* site -> foreign */
	struct map own_loops; /* (entry, library) -> 1: the thread runs a loop of that library itself; 0: not */
	struct map seen;      /* hash of (fn, bind, modes, kind of context) */
	struct map block_of;  /* (site, callee) -> blocks */
	uint32_t *contexts;   /* per function: visits */
	struct queue *queue;  /* per weight: visits to look at */
	bool *is_task;	      /* per function: an entry of a task */
	struct bits assumed;  /* per op: a call in a task that was taken as not blocking */
	uint32_t *sites;      /* per function: where in list the calls worth a look are, behind their count; or NONE */
	VEC(uint32_t) list;
};

static uint32_t bind_id(struct solver *s, const struct bind *b)
{
	uint32_t *slot = map_slot(&s->binds.index, hash_bytes(b, sizeof *b), s->binds.v.n);
	if (*slot == s->binds.v.n)
		vec_add(&s->binds.v, *b);
	return *slot;
}

static uint32_t modeset_id(struct solver *s, const struct modeset *m)
{
	uint32_t *slot = map_slot(&s->modesets.index, hash_bytes(m, sizeof *m), s->modesets.v.n);
	if (*slot == s->modesets.v.n)
		vec_add(&s->modesets.v, *m);
	return *slot;
}

static enum ctx_kind kind_of(const struct search *se, const struct visit *v)
{
	enum ctx_kind k = se->f->entries[v->entry].ctx;
	return k == CTX_TIMER ? CTX_LOOP : k; /* a timer's callback runs on the loop */
}

static void visit(struct search *se, struct visit v)
{
	if (v.weight >= MAX_WEIGHT)
		return;
	if (se->contexts[v.fn] >= MAX_CONTEXTS) {
		v.bind = 0;
		if (se->contexts[v.fn] >= 2 * MAX_CONTEXTS)
			v.modes = 0;
	}
	uint64_t key = hash_mix(hash_mix(v.fn, v.bind), hash_mix(v.modes, kind_of(se, &v)));
	if (v.parent == NONE && se->f->entries[v.entry].head != NONE)
		key = hash_mix(key, se->f->entries[v.entry].head + 1);
	if (v.denied)
		key = hash_mix(key, NONE);
	uint32_t *slot = map_slot(&se->seen, key, se->visits.n);
	if (*slot != se->visits.n)
		return;
	se->contexts[v.fn]++;
	vec_add(&se->queue[v.weight], se->visits.n);
	vec_add(&se->visits, v);
}

/* ---- modes that this function changes before it calls ---- */

static uint32_t modes_at(struct search *se, const struct frame *fr, uint32_t site, uint32_t inherited)
{
	struct solver *s = se->s;
	struct modeset m = s->modesets.v.v[inherited];
	bool changed = false;

	if (se->group != GROUP_TASK)
		return 0;
	for (uint32_t i = 0; i < s->nmake[fr->fn]; i++) { /* in order of sites */
		const struct make *k = &s->makes[fr->fn][i];
		if (k->target.kind != KEY_FIELD || k->site == site || !site_dominates(s, k->site, site) ||
			site_reached(fr, k->site) == NO)
			continue;
		uint8_t mode = make_mode(fr, k);
		if (mode != FD_BLOCKING && mode != FD_NONBLOCKING)
			continue;
		uint32_t at = 0;
		while (at < m.n && m.v[at].field != k->target.id)
			at++;
		if (at == m.n) {
			if (mode == FD_NONBLOCKING || m.n == COUNT(m.v))
				continue; /* that is what is assumed anyway */
			m.n++;
		} else if (mode == FD_NONBLOCKING) {
			m.v[at] = m.v[--m.n];
			memset(&m.v[m.n], 0, sizeof m.v[0]);
			changed = true;
			continue;
		}
		m.v[at].field = k->target.id;
		m.v[at].mode = mode;
		changed = true;
	}
	return changed ? modeset_id(s, &m) : inherited;
}

/* ---- leaves ---- */

/* The parameter that a test of this kind in the condition asks about: whether a descriptor blocks, what a path begins
 * with. */
static int asked_param(const struct mcond *c, enum mcond_kind kind)
{
	if (!c)
		return PARAM_NONE;
	if (c->kind == kind)
		return c->arg.param;
	if (c->kind != MC_AND && c->kind != MC_OR && c->kind != MC_NOT)
		return PARAM_NONE;
	int p = asked_param(c->a, kind);
	return p != PARAM_NONE ? p : asked_param(c->b, kind);
}

/* LOGFILE=/tmp/x program: whoever asks for that file knows what it costs. */
static bool named_by_environment(const struct frame *fr, const struct effect *e)
{
	int p = asked_param(e->clause->cond, MC_LITERAL);
	if (p == PARAM_NONE)
		return false;
	struct frame in = *fr;
	in.text = true;
	struct val v = value_of(&in, effect_arg(fr->s->p, e, p), e->site);
	return v.kind == VAL_TEXT && v.mode == TEXT_ENVIRON;
}

static bool writes_to_standard_stream(const struct frame *fr, const struct effect *e)
{
	int64_t fd;
	int p = asked_param(e->clause->cond, MC_NONBLOCKING);
	return p != PARAM_NONE && val_const(value_of(fr, effect_arg(fr->s->p, e, p), e->site), &fd) && (fd == 1 || fd == 2);
}

static void block(struct search *se, const struct frame *fr, uint32_t visit_id, const struct effect *e)
{
	const struct clause *c = e->clause;
	enum tri t = clause_holds(fr, e, c->cond);
	struct block_site b = {.group = se->group,
		.site = e->site,
		.fn = fr->fn,
		.visit = visit_id,
		.model = e->model,
		.clause = c,
		.category = c->category,
		.severity = c->severity,
		.by_type = se->visits.v[visit_id].by_type,
		.on_signal = se->visits.v[visit_id].on_signal || behind_signal(fr->s, e->site),
		.denied = se->visits.v[visit_id].denied || option_denies(fr->s, se->visits.v, visit_id, e->site),
		.once = done_once(fr->s, e->site),
		.far = se->visits.v[visit_id].depth > FAR_CALLS || se->visits.v[visit_id].jumps > FAR_JUMPS,
		.entry = se->visits.v[visit_id].entry};

	if (t == MAYBE && clause_holds_assuming(fr, e, c->cond) == NO) {
		if (se->group == GROUP_TASK)
			bits_set(&se->assumed, e->site);
		return;
	}
	if (t == NO)
		return;
	b.assumed = t == MAYBE;
	b.environ = named_by_environment(fr, e);
	if (writes_to_standard_stream(fr, e)) { /* a message: it costs what its reader makes it cost */
		b.category = CAT_LOG;
		b.severity = SEV_LOW;
	}
	uint32_t *slot = map_slot(&se->block_of, hash_mix(e->site, e->callee), se->blocks.n);
	if (*slot == se->blocks.n) {
		vec_add(&se->blocks, b);
		return;
	}
	struct block_site *old = &se->blocks.v[*slot]; /* the nearest is kept, unless this one is certain */
	b.nother = old->nother + 1;
	if ((old->assumed && !b.assumed) || (old->by_type && !b.by_type) || (old->on_signal && !b.on_signal) ||
		(old->denied && !b.denied))
		*old = b;
	else
		old->nother++;
}

/* POSIX.1-2017, 2.4.3: what may be called in a signal handler is a list; our models carry it. */
static void handler_calls(struct search *se, uint32_t visit_id, const struct effect *e)
{
	for (uint32_t i = 0; i < e->model->nclause; i++)
		if (e->model->clauses[i].verb == VERB_SIGNAL_SAFE)
			return;
	uint32_t *seen = map_slot(&se->block_of, hash_mix(e->site, e->callee), 0);
	if (*seen)
		return;
	*seen = 1;
	/* the nearest for each handler; how many more there are is a number */
	uint32_t *slot = map_slot(&se->block_of, hash_mix(NONE, se->visits.v[visit_id].entry), se->unsafe.n);
	if (*slot == se->unsafe.n)
		vec_add(&se->unsafe,
			(struct unsafe_site){.site = e->site, .callee = e->callee, .visit = visit_id, .model = e->model});
	else
		se->unsafe.v[*slot].nother++;
}

/* ---- calls that belong on a loop's thread ---- */

static bool runs_loop(struct search *se, uint32_t entry, const char *library)
{
	uint32_t *known = map_slot(&se->own_loops, hash_mix(entry, hash_str(library)), 2), n;
	if (*known != 2) /* asked before */
		return *known;
	const uint32_t *fns = reach_of(se->s->p, &se->f->entries[entry], se->s->mem, &n);
	bool own = false;
	for (uint32_t l = 0; l < se->f->nloop && !own; l++)
		for (uint32_t i = 0; i < n && !own; i++)
			own = fns[i] == se->f->loops[l].fn && !strcmp(se->f->loops[l].library, library);
	*known = own;
	return own;
}

/* May only the loop's thread make this call? MAYBE: a condition could not be decided. */
static enum tri only_on_loop(const struct search *se, const struct frame *fr, const struct effect *e)
{
	enum tri only = library_only_loop(se->s->e, e->model->library) ? YES : NO;
	for (uint32_t i = 0; i < e->model->nclause; i++) {
		const struct clause *c = &e->model->clauses[i];
		if (c->verb != VERB_ONLY_LOOP && c->verb != VERB_ANY_THREAD)
			continue;
		enum tri holds = c->cond ? clause_holds(fr, e, c->cond) : YES;
		if (holds == MAYBE)
			return MAYBE;
		if (holds == YES)
			only = c->verb == VERB_ONLY_LOOP ? YES : NO;
	}
	return only;
}

static void foreign(struct search *se, const struct frame *fr, uint32_t visit_id, uint32_t site)
{
	const struct solver *s = se->s;
	const struct op *op = &s->ir->ops[site];
	const struct model *m = op->kind == OP_CALL && op->src.kind == REF_FN ? s->e->of_fn[op->src.id] : NULL;
	const struct visit *v = &se->visits.v[visit_id];

	/* a function of the program's own that only has the name of one is static */
	if (!m || !m->nparam || v->as_task || s->ir->fns[op->src.id].flags & FN_STATIC || map_get(&se->foreign_of, site) != NONE)
		return;
	struct effect e = {.site = site, .fn = fr->fn, .callee = op->src.id, .model = m};
	enum tri only = only_on_loop(se, fr, &e);
	if (only == NO || runs_loop(se, v->entry, m->library))
		return;
	map_put(&se->foreign_of, site, se->foreign.n);
	vec_add(&se->foreign, ((struct foreign_call){.site = site,
				      .callee = op->src.id,
				      .visit = visit_id,
				      .model = m,
				      .assumed = only == MAYBE,
				      .by_type = v->by_type,
				      .far = v->depth > FAR_CALLS / 2 || v->jumps > FAR_JUMPS / 2}));
}

/* Does a branch on a question like qemu_in_coroutine() stand in front of the site? */
static bool mode_guarded(const struct solver *s, uint32_t site)
{
	uint32_t fn = s->p->op_fn[site];
	const struct local_facts *l = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);

	if (!s->asks_mode[fn])
		return false;
	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b]) {
		if (l->guard[b].at == NONE)
			continue;
		const struct block *bl = &s->ir->blocks[s->ir->fns[fn].block + l->guard[b].at];
		if (bl->cond.lhs.kind != REF_LOCAL)
			continue;
		uint32_t def = l->def[bl->cond.lhs.id], n;
		if (def == NONE)
			continue;
		const struct effect *e = effects_at(s->e, def, &n);
		for (uint32_t i = 0; i < n; i++)
			if (e[i].clause && e[i].clause->verb == VERB_TRUE_ON)
				return true;
	}
	return false;
}

/* ---- calls ---- */

/* weight: 1, or more if it is not certain at all that this callee is meant. */
static void call(struct search *se, const struct frame *fr, uint32_t from, uint32_t site, uint32_t callee, uint8_t why,
	uint32_t weight)
{
	struct solver *s = se->s;
	const struct visit *v = &se->visits.v[from];
	struct bind bind = {0};

	if (!fn_defined(s->p, callee) || s->no_return[callee])
		return;
	/* A task called through a pointer is a task on its own: a loop inside this one runs it for some other
	 * connection, and nothing of this one's is known to it. */
	bool task = why != EDGE_DIRECT && se->is_task[callee], on_signal = !v->on_signal && behind_signal(s, site);
	if (why != EDGE_MODEL && s->params[callee] && !task)
		bind_call(fr, site, callee, &bind);
	uint32_t modes = task || !bits_get(&s->leads, callee) ? 0 : modes_at(se, fr, site, v->modes);
	uint8_t age = modes && modes == v->modes ? v->modes_age + 1 : 0;
	if (age >= MODES_REACH)
		modes = 0;
	struct visit to = {.fn = callee,
		.parent = from,
		.site = site,
		.why = why,
		.entry = v->entry,
		.bind = s->params[callee] ? bind_id(s, &bind) : 0,
		.modes = modes,
		.modes_age = age,
		.guarded = v->guarded || mode_guarded(s, site),
		.denied = v->denied || option_denies(s, se->visits.v, from, site),
		.as_task = v->as_task || se->is_task[callee],
		.depth = v->depth + 1,
		.weight = v->weight + weight + (on_signal ? WEIGHT_SIGNAL : 0),
		.jumps = v->jumps + (why != EDGE_DIRECT),
		.by_type = v->by_type || weight > 1,
		.on_signal = v->on_signal || on_signal};
	visit(se, to);
}

/* In the argument of a macro that a model says runs its code on other threads. */
static bool runs_elsewhere(const struct solver *s, uint32_t site)
{
	uint32_t loc = s->ir->ops[site].loc, macro = loc == NONE ? 0 : s->ir->locs[loc].macro;
	return macro && s->macros.n && map_get(&s->macros, hash_str(ir_text_of(s->ir, macro))) != NONE;
}

static void look_at_site(struct search *se, const struct frame *fr, uint32_t id, uint32_t site)
{
	struct solver *s = se->s;
	const struct program *p = s->p;
	uint32_t ne, edge = p->site_edge[site];
	const struct effect *e = effects_at(s->e, site, &ne);

	if ((se->group == GROUP_TASK && runs_elsewhere(s, site)) || site_reached(fr, site) == NO)
		return;

	if (se->group == GROUP_POOL || se->group == GROUP_THREAD)
		foreign(se, fr, id, site);
	bool opaque = false, guarded = se->visits.v[id].guarded || mode_guarded(s, site);
	for (uint32_t i = 0; i < ne; i++) {
		const struct clause *c = e[i].clause;
		if (c && c->verb == VERB_OPAQUE)
			opaque = true;
	}
	for (uint32_t i = 0; i < ne; i++) {
		const struct clause *c = e[i].clause;
		if (se->group == GROUP_SIGNAL && !fn_defined(p, e[i].callee)) {
			handler_calls(se, id, &e[i]);
		} else if (c && c->verb == VERB_BLOCKS) {
			/* Defined: its body is looked into, unless the model is to be believed. That is for calls
			 * which serve a task's own library, and where the author asked "am I a task?" first, the
			 * other arm is meant. */
			if (!fn_defined(p, e[i].callee) || (opaque && !guarded))
				block(se, fr, id, &e[i]);
		} else if (e[i].callback && e[i].callback->ctx == CTX_CALLER) {
			struct ref arg = effect_arg(p, &e[i], e[i].callback->param);
			struct val v = value_of(fr, arg, site);
			if (v.kind == VAL_FN) {
				call(se, fr, id, site, v.id, EDGE_MODEL, 1);
			} else if (arg.kind == REF_LOCAL) {
				const uint32_t *fns;
				uint32_t n = flow_fns(p, flow_local(p, fr->fn, arg.id), &fns);
				for (uint32_t k = 0; k < n; k++)
					call(se, fr, id, site, fns[k], EDGE_MODEL, 1);
			}
		}
	}
	if (opaque)
		return;
	struct val target = {.kind = VAL_TOP};
	if (s->ir->ops[site].kind == OP_ICALL)
		target = value_of(fr, s->ir->ops[site].src, site);
	if (target.kind == VAL_FN) {
		call(se, fr, id, site, target.id, edge != NONE ? p->edges[edge].why : EDGE_VAR, 1);
		return;
	}
	for (; edge != NONE && edge < p->nedge && p->edges[edge].site == site; edge++)
		call(se, fr, id, site, p->edges[edge].callee, p->edges[edge].why,
			p->edges[edge].why == EDGE_TYPE || bits_get(&s->vague, site) ? WEIGHT_TYPE : 1);
}

/* The calls of a function that lead anywhere, whoever calls it: *n of them, in the order of its blocks. */
static const uint32_t *sites_of(struct search *se, uint32_t fn, uint32_t *n)
{
	const struct solver *s = se->s;
	const struct fn *f = &s->ir->fns[fn];

	if (se->sites[fn] == NONE) {
		uint32_t head = se->sites[fn] = se->list.n;
		vec_add(&se->list, 0);
		for (uint32_t b = 0; b < f->nblock; b++) {
			const struct block *bl = &s->ir->blocks[f->block + b];
			for (uint32_t o = bl->op; o < bl->op + bl->nop; o++)
				if ((s->ir->ops[o].kind == OP_CALL || s->ir->ops[o].kind == OP_ICALL) &&
					(s->p->site_edge[o] != NONE || bits_get(&s->e->at, o)) &&
					!bits_get(&s->dead_end, o) && !bits_get(&s->own_wait, o) && !in_child(s, o))
					vec_add(&se->list, o);
		}
		se->list.v[head] = se->list.n - head - 1;
	}
	*n = se->list.v[se->sites[fn]];
	return &se->list.v[se->sites[fn] + 1];
}

static void look_at(struct search *se, uint32_t id)
{
	struct solver *s = se->s;
	struct visit v = se->visits.v[id];
	const struct entry *e = &se->f->entries[v.entry];
	uint32_t n;
	const uint32_t *sites = sites_of(se, v.fn, &n);
	if (!n)
		return;
	struct bind bind = s->binds.v.v[v.bind];
	struct modeset modes = s->modesets.v.v[v.modes];
	struct memo memo;
	struct frame fr = {.s = s, .fn = v.fn, .bind = &bind, .modes = &modes, .ctx = kind_of(se, &v), .memo = &memo};
	const struct loop *only = NULL;

	memo_open(&memo, s, v.fn);
	if (v.parent == NONE && e->head != NONE) {
		const struct cfg *g = program_cfg(s->p, v.fn);
		for (uint32_t l = 0; l < g->nloop; l++)
			if (g->loops[l].head == e->head)
				only = &g->loops[l];
	}
	for (uint32_t i = 0; i < n; i++)
		if (!only || loop_has(only, s->p->op_block[sites[i]]))
			look_at_site(se, &fr, id, sites[i]);
	memo_close(&memo);
}

/* ---- groups ---- */

static enum group group_of(enum ctx_kind ctx)
{
	switch (ctx) {
	case CTX_POOL:
		return GROUP_POOL;
	case CTX_THREAD:
		return GROUP_THREAD;
	case CTX_SIGNAL:
		return GROUP_SIGNAL;
	default:
		return ctx_is_task(ctx) ? GROUP_TASK : GROUP_COUNT;
	}
}

/* A descriptor that the loop has just reported as ready does not block the first read or write. */
static uint32_t ready_bind(struct solver *s, const struct entry *e)
{
	struct bind b = {0};
	uint32_t mask = s->params[e->fn], k = 0;
	if (!(mask & e->ready))
		return 0;
	for (uint32_t i = 0; i < 32; i++)
		if (mask >> i & 1) {
			if (e->ready >> i & 1)
				b.val[k] = (struct val){.kind = VAL_FD, .mode = FD_NONBLOCKING};
			k++;
		}
	return bind_id(s, &b);
}

static void search_group(struct search *se, enum group group)
{
	struct solver *s = se->s;

	se->group = group;
	map_free(&se->seen);
	map_free(&se->block_of);
	memset(se->contexts, 0, (s->ir->nfns + 1) * sizeof *se->contexts);
	for (uint32_t w = 0; w < MAX_WEIGHT; w++)
		se->queue[w].n = 0;
	for (uint32_t i = 0; i < s->f->nentry; i++) {
		const struct entry *e = &s->f->entries[i];
		if (group_of(e->ctx) == group)
			visit(se, (struct visit){.fn = e->fn, .parent = NONE, .site = NONE, .entry = i, .bind = ready_bind(s, e)});
	}
	for (uint32_t w = 0; w < MAX_WEIGHT; w++)
		for (uint32_t i = 0; i < se->queue[w].n; i++)
			look_at(se, se->queue[w].v[i]);
}

static int by_site(const void *x, const void *y)
{
	const struct block_site *a = x, *b = y;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static int by_unsafe_site(const void *x, const void *y)
{
	const struct unsafe_site *a = x, *b = y;
	return a->site < b->site ? -1 : a->site > b->site;
}

static int by_foreign_site(const void *x, const void *y)
{
	const struct foreign_call *a = x, *b = y;
	return a->site < b->site ? -1 : a->site > b->site;
}

static void *kept(struct arena *mem, const void *v, uint32_t n, size_t size)
{
	void *to = arena_alloc(mem, (n + 1) * size);
	if (n)
		memcpy(to, v, n * size);
	return to;
}

void solve_blocking(struct solver *s)
{
	struct search se = {.s = s, .f = s->f};
	struct facts *f = s->f;
	struct bind no_bind = {0};
	struct modeset no_modes = {0};

	s->all_settled = true;
	bind_id(s, &no_bind);
	modeset_id(s, &no_modes);
	se.contexts = xcalloc(s->ir->nfns + 1, sizeof *se.contexts);
	se.queue = xcalloc(MAX_WEIGHT, sizeof *se.queue);
	se.sites = xmalloc((s->ir->nfns + 1) * sizeof *se.sites);
	memset(se.sites, 0xff, (s->ir->nfns + 1) * sizeof *se.sites);
	se.assumed = bits_new(s->mem, s->ir->nops + 1);
	se.is_task = xcalloc(s->ir->nfns + 1, 1);
	for (uint32_t i = 0; i < f->nentry; i++)
		if (ctx_is_task(f->entries[i].ctx) && f->entries[i].head == NONE)
			se.is_task[f->entries[i].fn] = true;
	search_group(&se, GROUP_TASK);
	f->nassumed = bits_count(&se.assumed);
	search_group(&se, GROUP_POOL);
	search_group(&se, GROUP_THREAD);
	search_group(&se, GROUP_SIGNAL);

	f->visits = kept(f->mem, se.visits.v, se.visits.n, sizeof *f->visits);
	f->nvisit = se.visits.n;
	f->blocks = kept(f->mem, se.blocks.v, se.blocks.n, sizeof *f->blocks);
	f->nblock = se.blocks.n;
	qsort(f->blocks, f->nblock, sizeof *f->blocks, by_site);
	f->unsafe = kept(f->mem, se.unsafe.v, se.unsafe.n, sizeof *f->unsafe);
	f->nunsafe = se.unsafe.n;
	qsort(f->unsafe, f->nunsafe, sizeof *f->unsafe, by_unsafe_site);

	f->foreign = kept(f->mem, se.foreign.v, se.foreign.n, sizeof *f->foreign);
	f->nforeign = se.foreign.n;
	qsort(f->foreign, f->nforeign, sizeof *f->foreign, by_foreign_site);

	for (uint32_t w = 0; w < MAX_WEIGHT; w++)
		vec_free(&se.queue[w]);
	free(se.queue);
	free(se.contexts);
	free(se.sites);
	vec_free(&se.list);
	free(se.is_task);
	vec_free(&se.visits);
	vec_free(&se.blocks);
	vec_free(&se.unsafe);
	vec_free(&se.foreign);
	map_free(&se.foreign_of);
	map_free(&se.own_loops);
	map_free(&se.seen);
	map_free(&se.block_of);
}
