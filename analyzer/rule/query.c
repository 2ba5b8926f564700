/* query.c - small questions about facts that more than one rule asks. */
#include "rule/api/rule.h"

/* Does the condition ask whether a callback of this model is NULL? */
static bool asks_for_callback(const struct model *m, const struct mcond *c)
{
	if (!c)
		return false;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return asks_for_callback(m, c->a) || asks_for_callback(m, c->b);
	if (c->kind != MC_CMP || c->value != 0)
		return false;
	for (uint32_t i = 0; i < m->ncallback; i++)
		if (m->callbacks[i].param == c->arg.param)
			return true;
	return false;
}

bool block_is_sync_form(const struct block_site *b)
{
	return asks_for_callback(b->model, b->clause->cond);
}

bool block_computes_long(const struct block_site *b)
{
	double ns = 0;
	for (uint32_t i = 0; i < b->model->nclause; i++)
		if (b->model->clauses[i].verb == VERB_COSTS && b->model->clauses[i].p < 0)
			ns += b->model->clauses[i].hi;
	return b->severity == SEV_HIGH || b->clause->lo >= 1e-3 || ns >= LOOP_BUDGET_NS;
}

/* Elements that a container of a running program is expected to hold at times; a loop that needs
 * more than these to pass its budget is left alone. */
static double plausible(enum extent e)
{
	return e == EXT_DATA ? 1e5 : e == EXT_PEERS ? extent_most[e] : 0;
}

/* Turns of the innermost of loops in one another that all turn a fixed number of times; 0: one may end before. */
static double fixed_turns(const struct facts *f, const struct loop_fact *l)
{
	double most = 1;
	if (l->trip != TRIP_CONST || l->flags & LOOPF_EXITS)
		return 0;
	for (uint32_t i = (uint32_t)(l - f->cpu_loops) + 1; i < f->ncpu_loop && f->cpu_loops[i].fn == l->fn; i++)
		if (f->cpu_loops[i].parent != NONE && &f->cpu_loops[f->cpu_loops[i].parent] == l) {
			double n = fixed_turns(f, &f->cpu_loops[i]);
			most = n > most ? n : most;
		}
	return (double)l->count * most;
}

/* What one turn takes at most that is worth to be multiplied: beyond that it is made of what its calls may do at worst. */
enum { LOOP_TURN_NS = 10000 };

bool loop_over_budget(const struct facts *f, const struct loop_fact *l)
{
	if (l->visit == NONE || l->op == NONE ||
		l->flags & (LOOPF_MACRO | LOOPF_YIELDS | LOOPF_CLOCK | LOOPF_PRINTS))
		return false;
	if (l->trip ==
		TRIP_CONST) /* what its branches leave out is not known: only what is far over */
		return fixed_turns(f, l) >= 1000 &&
		       l->turn * (double)l->count >= 5 * LOOP_BUDGET_NS;
	if (l->trip == TRIP_WORK || l->trip == TRIP_OTHER)
		return false;
	if (l->turn > LOOP_TURN_NS) /* what is called does that, and its own loops are told; or it is a sum of guesses */
		return false;
	return l->turn * plausible(l->extent) >= LOOP_BUDGET_NS;
}

uint32_t loop_outer_over(const struct facts *f, uint32_t loop)
{
	for (uint32_t up = f->cpu_loops[loop].parent; up != NONE; up = f->cpu_loops[up].parent)
		if (loop_over_budget(f, &f->cpu_loops[up]))
			return up;
	return NONE;
}

bool lock_too_big(const struct lock_use *u)
{
	/* sections shorter than that are seldom waited for; with a share below a half two threads still work */
	return u->kind == LOCK_BIG && u->held >= 200 && u->held * 2 >= u->all;
}
