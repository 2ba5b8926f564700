/* profile.c - what each entry waits for, computes, and how many there are of it. */
#include "advise/profile.h"

#include <math.h>

enum { ELEMENTS = 1000 }; /* for which gains of loops over data are told */

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

double usual_wait(const struct block_site *b)
{
	double lo = b->clause->lo, hi = b->clause->hi;
	if (lo > 0 && hi > lo)
		return sqrt(lo * hi) * 1e9;
	return (hi > 0 ? hi : usual[b->category]) * 1e9;
}

static bool unbounded(const struct block_site *b)
{
	return b->category == CAT_PEER || b->category == CAT_WAIT || b->category == CAT_JOIN ||
	       b->category == CAT_PROCESS || b->category == CAT_SLEEP;
}

/* Is there an asynchronous form of the call in a library that the program uses? */
static bool has_async(const struct effects *e, const struct model *m)
{
	for (uint32_t i = 0; i < m->ninstead; i++) {
		const char *lib = m->insteads[i].library;
		if (*lib && strcmp(lib, "pool") &&
			(!strcmp(lib, m->library) || library_used(e, lib)))
			return true;
	}
	return false;
}

static void blocks(struct profile *all, const struct facts *f, const struct effects *e)
{
	for (uint32_t i = 0; i < f->nblock; i++) {
		const struct block_site *b = &f->blocks[i];
		struct profile *p = &all[b->entry];
		if (b->by_type || b->far || b->severity == SEV_LOW || b->category == CAT_LOG ||
			b->category == CAT_LOCK || b->category == CAT_RANDOM)
			continue;
		p->nblock++;
		if (b->category == CAT_CPU) {
			p->bits |= F_HEAVY;
		} else {
			p->bits |= F_BLOCKS;
			if (unbounded(b) && b->group == GROUP_POOL)
				p->bits |= F_UNBOUNDED;
		}
		double ns = usual_wait(b);
		if (ns <= p->wait)
			continue;
		p->wait = ns;
		p->block = b;
	}
	for (uint32_t i = 0; i < f->nentry; i++)
		if (all[i].block && has_async(e, all[i].block->model))
			all[i].bits |= F_ASYNC;
	for (uint32_t i = 0; i < f->nentry; i++)
		if (all[i].block && all[i].block->category == CAT_SLEEP)
			all[i].bits |= F_SLEEPS;
}

static void computes(struct profile *all, const struct facts *f)
{
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (!loop_over_budget(f, l) || loop_outer_over(f, i) != NONE ||
			f->visits[l->visit].by_type)
			continue;
		/* what one caller in many hands over is too weak a reason to rebuild a task for */
		if (l->sym != NONE && f->syms[l->sym].kind == SYM_PARAM)
			continue;
		struct profile *p = &all[f->visits[l->visit].entry];
		double ns = l->turn * (l->trip == TRIP_CONST ? (double)l->count : (double)ELEMENTS);
		p->bits |= F_OVER;
		p->nloop++;
		if (ns > p->compute) {
			p->compute = ns;
			p->loop = l;
		}
	}
	for (uint32_t i = 0; i < f->nheavy; i++) {
		const struct heavy_call *h = &f->heavy[i];
		struct profile *p = &all[f->visits[h->visit].entry];
		if (f->visits[h->visit].by_type)
			continue;
		p->bits |= F_HEAVY;
		if (h->most > p->compute) {
			p->compute = h->most;
			p->heavy = h;
			p->loop = NULL;
		}
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
	p->compute = t->turn;
}

/* A job whose cost hangs on nothing, and that is short. */
static bool small(const struct facts *f, const struct entry *e, double handoff)
{
	const struct cost *k = &f->cost[e->fn];
	return k->n == 1 && !k->t[0].degree && k->t[0].ns * 3 < handoff;
}

struct profile *profile_all(
	const struct facts *f, const struct effects *e, const struct machine *m, struct arena *mem)
{
	struct profile *all = arena_alloc(mem, (f->nentry + 1) * sizeof *all);
	double handoff = m->v[MACHINE_HANDOFF].median;

	blocks(all, f, e);
	computes(all, f);
	for (uint32_t i = 0; i < f->nthread; i++)
		thread(&all[f->threads[i].entry], f, &f->threads[i], m);
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *en = &f->entries[i];
		struct profile *p = &all[i];
		p->bits |= ctx_is_task(en->ctx)	   ? F_TASK
			   : en->ctx == CTX_POOL   ? F_POOL
			   : en->ctx == CTX_THREAD ? F_THREAD
						   : 0;
		if (p->bits & F_POOL && small(f, en, handoff))
			p->bits |= F_SMALL;
		if (p->wait > p->compute) /* the worse of both is to be changed first */
			p->bits &= ~(uint32_t)(F_OVER | (p->block && p->block->category == CAT_CPU
									? 0
									: F_HEAVY));
		else if (p->loop)
			p->bits &= ~(uint32_t)(F_BLOCKS | F_ASYNC | F_HEAVY);
		else if (p->heavy)
			p->bits &= ~(uint32_t)(F_BLOCKS | F_ASYNC | F_OVER);
		if (p->wait < 3 * handoff && p->compute < 3 * handoff)
			p->bits |= F_SHORT;
	}
	return all;
}
