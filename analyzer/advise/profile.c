/* profile.c - what each entry waits for, computes, and how many there are of it; and of all that
 * could be changed below it, what to change first.
 *
 * The largest estimate is the one that errs most, so estimates do not choose alone: each counts by
 * how sure it is. What is known for certain and near weighs more than what was assumed and is far
 * away, and a turn of a loop that takes long is mostly a sum of what its calls might do at worst.
 */
#include "advise/profile.h"

#include <ctype.h>
#include <math.h>

enum { ELEMENTS = 10000, PEERS = 1000 }; /* for which gains of loops over data are told */
enum { SELDOM = 60 };			 /* seconds between two turns of a timer */
#define WEAK 0.45			 /* below that weight nobody should change a program */
#define PLAIN_TURN 1e3	/* ns: what a turn of a loop that does no more than it shows takes at most \
			 */
#define ALWAYS_SEEN 1e9 /* ns: who takes that long each time has been noticed, and is wanted so */

/* Seconds that a wait of a kind usually takes where its model does not say. */
static const double usual[CAT_COUNT] = {[CAT_IO] = 10e-3,
	[CAT_PEER] = 10e-3,
	[CAT_DISK] = 0.2e-3,
	[CAT_SYNC] = 5e-3,
	[CAT_DNS] = 30e-3,
	[CAT_NSS] = 1e-3,
	[CAT_LOCK] = 10e-6,
	[CAT_SLEEP] = 10e-3,
	[CAT_WAIT] = 10e-3,
	[CAT_JOIN] = 10e-3,
	[CAT_PROCESS] = 5e-3,
	[CAT_IPC] = 1e-3,
	[CAT_DB] = 5e-3,
	[CAT_TTY] = 1e-3,
	[CAT_LOG] = 10e-6,
	[CAT_DEVICE] = 1e-3,
	[CAT_LOOP] = 10e-3,
	[CAT_RANDOM] = 10e-6,
	[CAT_CPU] = 3e-3};

/* The short end is the usual one: a third of the way to the long one, in decades. */
static double usual_wait(const struct block_site *b)
{
	double lo = b->clause->lo, hi = b->clause->hi;
	if (lo > 0 && hi > lo)
		return lo * cbrt(hi / lo) * 1e9;
	return (hi > 0 ? hi : usual[b->category]) * 1e9;
}

/* ---- what its author says it is for ---- */

static bool test_word(const char *w, size_t n)
{
	static const char *const words[] = {"test", "tests", "testing", "tester", "selftest",
		"unittest", "bench", "benchmark", "benchmarks", "fuzz", "fuzzer", "fuzzing",
		"example", "examples", "sample", "samples", "demo", "demos", "debug", "mock"};
	if (n <= 5 && n > 4 && !strncasecmp(w + n - 4, "test", 4)) /* qtest, gtest */
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i]) == n && !strncasecmp(w, words[i], n))
			return true;
	return false;
}

bool profile_test_name(const char *name)
{
	size_t from = 0;
	for (size_t i = 0;; i++) {
		bool end = !isalpha((unsigned char)name[i]);
		bool hump = i > from && islower((unsigned char)name[i - 1]) &&
			    isupper((unsigned char)name[i]);
		if (!end && !hump)
			continue;
		if (test_word(name + from, i - from))
			return true;
		if (!name[i])
			return false;
		from = end ? i + 1 : i;
	}
}

/* A time-out that a timer sets for itself: a minute or more between two turns makes what it does in
 * one of them rare. */
static bool seldom(const struct ir *ir, const struct entry *e)
{
	const struct fn *f = &ir->fns[e->fn];
	int64_t least = INT64_MAX;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t field =
			ir->ops[o].kind == OP_STORE ? path_field(ir, ir->ops[o].dst.id) : NONE;
		if (field != NONE && ir->ops[o].src.kind == REF_CONST &&
			!strcmp(ir_text_of(ir, ir->fields[field].name), "tv_sec") &&
			ir->consts[ir->ops[o].src.id] < least)
			least = ir->consts[ir->ops[o].src.id];
	}
	return least != INT64_MAX && least >= SELDOM;
}

/* How much of all paths is the way to the project, which says nothing. */
static size_t common_path(const struct ir *ir)
{
	const char *first = NULL;
	size_t n = 0;
	for (uint32_t i = 0; i < ir->nfiles; i++) {
		const char *path = ir_text_of(ir, ir->files[i].path);
		size_t k = 0;
		if (!(ir->files[i].flags & FILE_MAIN))
			continue;
		if (!first) {
			first = path;
			n = strlen(path);
		}
		while (k < n && path[k] == first[k])
			k++;
		n = k;
	}
	while (n && first[n - 1] != '/')
		n--;
	return n;
}

static bool test_place(const struct ir *ir, uint32_t fn, size_t skip)
{
	uint32_t loc = ir->fns[fn].loc;
	if (profile_test_name(ir_text_of(ir, ir->fns[fn].name)))
		return true;
	if (loc == NONE || ir->locs[loc].file == NONE)
		return false;
	const char *path = ir_text_of(ir, ir->files[ir->locs[loc].file].path);
	return strlen(path) > skip && profile_test_name(path + skip);
}

/* ---- what could be changed ---- */

struct profiler {
	const struct program *p;
	const struct facts *f;
	const struct effects *e;
	struct profile *all;
	double handoff;
	const char *library; /* of most tasks */
	size_t skip;	     /* of paths */
	bool *test;	     /* per entry */
};

static double score(const struct first *c)
{
	return c->weight * (c->ns < GRAVE ? c->ns : GRAVE);
}

/* What is reached by many calls through pointers, or many calls at all, is less sure and less
 * usual. */
static double nearness(const struct visit *v)
{
	double w = v->guarded ? 0.5 : 1;
	w *= pow(0.85, v->jumps);
	return v->depth > 6 ? w * pow(0.93, v->depth - 6) : w;
}

static void offer(
	struct profiler *pr, uint32_t entry, uint32_t fn, const struct visit *v, struct first c)
{
	struct profile *p = &pr->all[entry];
	c.weight *= nearness(v);
	if (v->on_signal)
		c.bits |= F_ASKED;
	if (seldom(pr->p->ir, &pr->f->entries[entry]))
		c.bits |= F_SELDOM;
	if (pr->test[entry] || test_place(pr->p->ir, fn, pr->skip))
		c.bits |= F_TEST;
	if (c.weight < WEAK)
		c.bits |= F_WEAK;
	if (c.ns < 3 * pr->handoff)
		c.bits |= F_SHORT;
	enum { AGAINST = F_TEST | F_ASKED | F_SELDOM | F_BRIEF | F_WEAK | F_SHORT };
	bool against = c.bits & AGAINST, before = p->first.bits & AGAINST;
	if (!p->first.bits || (before && !against) ||
		(before == against && score(&c) > score(&p->first)))
		p->first = c;
}

const char *profile_main_library(const struct facts *f)
{
	const char *best = "";
	uint32_t most = 0;
	for (uint32_t i = 0; i < f->nentry; i++) {
		uint32_t n = 0;
		if (!ctx_is_task(f->entries[i].ctx) || !*f->entries[i].library)
			continue;
		for (uint32_t k = i; k < f->nentry; k++)
			n += ctx_is_task(f->entries[k].ctx) &&
			     !strcmp(f->entries[k].library, f->entries[i].library);
		if (n > most) {
			most = n;
			best = f->entries[i].library;
		}
	}
	return best;
}

/* Is there an asynchronous form of the call in the library of the call, of the task, or of most
 * tasks? What one of many programs in a project links is of no use to the others. */
static bool has_async(const struct profiler *pr, const struct model *m, const struct entry *en)
{
	for (uint32_t i = 0; i < m->ninstead; i++) {
		const char *lib = m->insteads[i].library;
		if (*lib && (!strcmp(lib, m->library) || !strcmp(lib, en->library) ||
				    !strcmp(lib, pr->library)))
			return true;
	}
	return false;
}

static bool asks_nonblocking(const struct mcond *c)
{
	if (!c)
		return false;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return asks_nonblocking(c->a) || asks_nonblocking(c->b);
	return c->kind == MC_NONBLOCKING;
}

/* Without an end, or one that others decide on. */
static bool unbounded(const struct block_site *b)
{
	return b->category == CAT_PEER || b->category == CAT_WAIT || b->category == CAT_JOIN ||
	       b->category == CAT_PROCESS;
}

/* Metadata that the kernel keeps in memory, one file of a directory, the next buffer of a stream:
 * long only where the disk is busy, or the buffer is large. */
static bool brief(const struct block_site *b)
{
	double lo = b->clause->lo, hi = b->clause->hi;
	if (b->category == CAT_CPU)
		return !block_computes_long(b);
	if (b->category == CAT_DISK)
		return hi <= 0 || lo <= 100e-6;
	return lo > 0 && lo <= 100e-6 && hi <= 50e-3;
}

/* How far is it to be believed that the call waits, where that was assumed? Of descriptors of which
 * nothing is known most are non-blocking in a program with a loop; what a call is asked for is
 * another matter. */
static double belief(const struct block_site *b)
{
	return !b->assumed ? 1 : b->category == CAT_IO || b->category == CAT_PEER ? 0.25 : 0.5;
}

static void blocks(struct profiler *pr)
{
	for (uint32_t i = 0; i < pr->f->nblock; i++) {
		const struct block_site *b = &pr->f->blocks[i];
		const struct entry *en = &pr->f->entries[b->entry];
		struct first c = {.block = b, .ns = usual_wait(b), .weight = belief(b)};
		if (b->by_type || b->far || b->severity == SEV_LOW || b->category == CAT_LOG ||
			b->category == CAT_LOCK || b->category == CAT_RANDOM)
			continue;
		pr->all[b->entry].nblock++;
		c.bits = b->category == CAT_CPU ? F_HEAVY : F_BLOCKS;
		c.bits |= b->category == CAT_SLEEP ? F_SLEEPS : 0;
		c.bits |= unbounded(b) ? F_UNBOUNDED : 0;
		c.bits |= b->category == CAT_JOIN || b->category == CAT_WAIT ? F_OTHERS : 0;
		c.bits |= brief(b) ? F_BRIEF : 0;
		c.bits |= c.bits & F_BLOCKS && has_async(pr, b->model, en) ? F_ASYNC : 0;
		c.bits |= b->on_signal ? F_ASKED : 0;
		c.bits |= b->category != CAT_DISK && asks_nonblocking(b->clause->cond) ? F_FD : 0;
		if (b->severity == SEV_MEDIUM)
			c.weight *= 0.8;
		/* a pause in the body of a hand-written loop is the loop's own */
		if (b->denied || b->once ||
			(b->category == CAT_SLEEP && en->head != NONE && b->fn == en->fn))
			c.weight *= 0.3;
		offer(pr, b->entry, b->fn, &pr->f->visits[b->visit], c);
	}
}

/* Does the loop touch locals alone: can it run beside whatever else the program does? */
static bool works_alone(const struct program *p, const struct loop_fact *l)
{
	const struct ir *ir = p->ir;
	const struct fn *f = &ir->fns[l->fn];
	const struct cfg *g = program_cfg(p, l->fn);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		uint32_t at = g->loop_of[p->op_block[o]];
		while (at != NONE && g->loops[at].head != l->head)
			at = g->loops[at].parent;
		if (at == NONE)
			continue;
		if (op->kind == OP_ICALL || (op->kind == OP_CALL && fn_defined(p, op->src.id)))
			return false;
		if (op->kind != OP_LOAD && op->kind != OP_STORE)
			continue;
		const struct path *t = &ir->paths[op->kind == OP_LOAD ? op->src.id : op->dst.id];
		if (t->base.kind != REF_LOCAL)
			return false;
		for (uint32_t i = 0; i < t->nstep; i++)
			if (ir->steps[t->step + i].kind == STEP_DEREF)
				return false;
	}
	return true;
}

static void loops(struct profiler *pr)
{
	const struct facts *f = pr->f;
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		struct first c = {.bits = F_OVER, .loop = l, .elements = ELEMENTS};
		if (!loop_over_budget(f, l) || loop_outer_over(f, i) != NONE ||
			f->visits[l->visit].by_type)
			continue;
		/* what one caller in many hands over is too weak a reason to rebuild a task for */
		if (l->sym != NONE && f->syms[l->sym].kind == SYM_PARAM)
			continue;
		c.weight = l->extent != EXT_DATA ? 0.5 : l->trip == TRIP_ITER ? 0.9 : 0.7;
		if (l->extent == EXT_PEERS)
			c.elements = PEERS;
		if (l->flags & LOOPF_EXITS) /* it looks for something, and may find it soon */
			c.weight *= 0.6;
		if (l->trip == TRIP_CONST)
			c.elements = (double)l->count;
		if (l->trip == TRIP_CONST && l->turn * (double)l->count > 10 * LOOP_BUDGET_NS && works_alone(pr->p, l))
			c.bits |= F_LONG;
		if (c.bits & F_LONG) /* all of it is seen, and counted */
			c.weight = 0.9;
		else if (l->turn > PLAIN_TURN)
			c.weight *= PLAIN_TURN / l->turn;
		c.ns = l->turn * c.elements;
		if (l->trip == TRIP_CONST && c.ns > ALWAYS_SEEN)
			c.weight *= 0.1;
		if (c.ns < LOOP_BUDGET_NS)
			c.bits |= F_SHORT;
		uint32_t entry = f->visits[l->visit].entry;
		pr->all[entry].nloop++;
		offer(pr, entry, l->fn, &f->visits[l->visit], c);
	}
}

static void heavy(struct profiler *pr)
{
	for (uint32_t i = 0; i < pr->f->nheavy; i++) {
		const struct heavy_call *h = &pr->f->heavy[i];
		const struct visit *v = &pr->f->visits[h->visit];
		struct first c = {.bits = F_HEAVY,
			.heavy = h,
			.ns = h->most / (1e5 / ELEMENTS),
			.elements = ELEMENTS,
			.weight = 0.6};
		if (!v->by_type)
			offer(pr, v->entry, v->fn, v, c);
	}
}

static void thread(struct profile *p, const struct facts *f, const struct thread_fact *t,
	const struct machine *m)
{
	p->thread = t;
	p->bits |= t->start == START_EVENT ? F_EVENT : 0;
	p->bits |= t->start == START_FIXED && t->count > (int64_t)m->cores ? F_MANY : 0;
	p->bits |= t->join != NONE && !t->works_between ? F_JOINED : 0;
	p->bits |= t->sleep != NONE && t->turn < LOOP_BUDGET_NS ? t->polls ? F_POLLS : F_SLEEPS : 0;
	p->bits |= t->wait != NONE ? F_WAITS : 0;
	p->bits |= t->io ? F_IO : 0;
	p->bits |= t->data ? F_DATA : 0;
	p->bits |= f->nloop ? F_LOOP : 0;
	p->work = t->turn;
}

/* A job whose cost hangs on nothing, and that is short. */
static bool small(const struct facts *f, const struct entry *e, double handoff)
{
	const struct cost *k = &f->cost[e->fn];
	return k->n == 1 && !k->t[0].degree && k->t[0].ns * 3 < handoff;
}

/* No work of its own: it does nothing at all, or ends the thread that it runs on. */
static bool does_nothing(const struct profiler *pr, const struct entry *e)
{
	const struct ir *ir = pr->p->ir;
	const struct fn *f = &ir->fns[e->fn];
	bool returns = program_cfg(pr->p, e->fn)->nloop > 0, does = false;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		returns |= ir->ops[o].kind == OP_RET;
		does |= ir->ops[o].kind != OP_RET;
	}
	for (uint32_t b = f->block; b < f->block + f->nblock; b++)
		returns |= ir->blocks[b].term == TERM_RET;
	return !returns || !does;
}

struct profile *profile_all(const struct program *p, const struct facts *f, const struct effects *e,
	const struct machine *m, struct arena *mem)
{
	struct profiler pr = {.p = p,
		.f = f,
		.e = e,
		.handoff = m->v[MACHINE_HANDOFF].median,
		.library = profile_main_library(f),
		.skip = common_path(p->ir)};

	pr.all = arena_alloc(mem, (f->nentry + 1) * sizeof *pr.all);
	pr.test = arena_alloc(mem, f->nentry + 1);
	for (uint32_t i = 0; i < f->nentry; i++)
		pr.test[i] = test_place(p->ir, f->entries[i].fn, pr.skip);
	blocks(&pr);
	loops(&pr);
	heavy(&pr);
	for (uint32_t i = 0; i < f->nthread; i++)
		thread(&pr.all[f->threads[i].entry], f, &f->threads[i], m);
	for (uint32_t i = 0; i < f->nlock_use; i++) {
		const struct lock_use *u = &f->lock_uses[i];
		if (!lock_too_big(u) || pr.all[u->entry].big)
			continue;
		pr.all[u->entry].big = u;
		pr.all[u->entry].bits |= F_LOCKED;
	}
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *en = &f->entries[i];
		struct profile *q = &pr.all[i];
		q->bits |= ctx_is_task(en->ctx)	   ? F_TASK
			   : en->ctx == CTX_POOL   ? F_POOL
			   : en->ctx == CTX_THREAD ? F_THREAD
						   : 0;
		if (!(q->bits & F_THREAD))
			q->bits |= q->first.bits;
		if (q->bits & (F_POOL | F_THREAD) && pr.test[i])
			q->bits |= F_TEST;
		if (q->bits & F_POOL) {
			q->work = f->cost[en->fn].n ? f->cost[en->fn].t[0].ns : 0;
			q->bits |= small(f, en, pr.handoff) ? F_SMALL : 0;
		}
		if (q->bits & (F_POOL | F_THREAD) && does_nothing(&pr, en))
			q->bits |= F_NOTHING;
	}
	return pr.all;
}
