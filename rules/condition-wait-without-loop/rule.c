/* A condition wait returns when it likes: what is waited for must be looked at again. */
#include "rule/api/rule.h"

#include <string.h>

static bool in_loop(const struct rule_run *run, uint32_t site)
{
	return program_cfg(run->p, run->p->op_fn[site])->loop_of[run->p->op_block[site]] != NONE;
}

static bool called_in_loop(const struct rule_run *run, uint32_t fn)
{
	for (uint32_t i = run->p->in[fn]; i < run->p->in[fn + 1]; i++)
		if (in_loop(run, run->p->edges[run->p->in_edges[i]].site))
			return true;
	return false;
}

static bool tests(const struct ir *ir, const struct block *b, uint32_t what)
{
	for (uint32_t o = b->op; b->term == TERM_IF && o < b->op + b->nop; o++)
		if (ir->ops[o].kind == OP_LOAD && path_key(ir, ir->ops[o].src.id) == what)
			return true;
	return false;
}

static bool changes(const struct ir *ir, const struct block *b, uint32_t what)
{
	for (uint32_t o = b->op; o < b->op + b->nop; o++)
		if (ir->ops[o].kind == OP_STORE && path_key(ir, ir->ops[o].dst.id) == what)
			return true;
	return false;
}

/* Is there a way from the wait to where that place is changed, in step with those who did not wait, and no test of it
 * on the way? */
static bool taken_for_granted(const struct rule_run *run, uint32_t fn, uint32_t wait, uint32_t what, struct arena *mem)
{
	const struct ir *ir = run->p->ir;
	const struct fn *f = &ir->fns[fn];
	const struct cfg *g = program_cfg(run->p, fn);
	bool *seen = memset(arena_alloc(mem, f->nblock), 0, f->nblock);
	uint32_t *todo = arena_alloc(mem, f->nblock * sizeof *todo), n = 0;

	seen[wait] = true;
	for (todo[n++] = wait; n;) {
		uint32_t b = todo[--n];
		for (uint32_t i = 0; i < g->nsucc[b]; i++) {
			uint32_t to = g->succ[b][i];
			if (seen[to] || tests(ir, &ir->blocks[f->block + to], what))
				continue;
			if (!cfg_dominates(g, wait, to) && changes(ir, &ir->blocks[f->block + to], what))
				return true;
			seen[to] = true;
			todo[n++] = to;
		}
	}
	return false;
}

/* if (!full) wait(); full = false: a loop further out, or a caller's, does not help. */
static bool acts_unlooked(const struct rule_run *run, uint32_t fn, uint32_t site, struct arena *mem)
{
	const struct ir *ir = run->p->ir;
	const struct fn *f = &ir->fns[fn];
	const struct cfg *g = program_cfg(run->p, fn);
	uint32_t wait = run->p->op_block[site];

	for (uint32_t d = g->idom[wait]; d != NONE; d = g->idom[d]) {
		const struct block *b = &ir->blocks[f->block + d];
		if (b->term != TERM_IF || cfg_postdominates(g, wait, d))
			continue;
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			uint32_t what = ir->ops[o].kind == OP_LOAD ? path_key(ir, ir->ops[o].src.id) : NONE;
			if (what != NONE && taken_for_granted(run, fn, wait, what, mem))
				return true;
		}
	}
	return false;
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->e->n; i++) {
		const struct effect *e = &run->e->e[i];
		if (!e->clause || e->clause->verb != VERB_COND_WAIT || e->clause->q == PARAM_NONE)
			continue;
		if ((in_loop(run, e->site) || called_in_loop(run, e->fn)) && !acts_unlooked(run, e->fn, e->site, run->mem))
			continue;
		struct finding *f = rule_report(run, e->site, "'%s' is not in a loop, and may return without what it waits for",
			e->model->name);
		rule_label(run, f, "look again when it returns");
		rule_identity(run, f, "%s", e->model->name);
		rule_repair(run, f, REPAIR_LOOP, e->site);
	}
}

RULE(condition_wait_without_loop) = {
	.id = "condition-wait-without-loop",
	.title = "a condition wait is not in a loop that looks at the condition again",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
