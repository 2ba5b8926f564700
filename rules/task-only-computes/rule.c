/* A task that never waits keeps its loop as a plain loop does: it is a job for the pool, in the
 * shape of a task. */
#include "rule/api/rule.h"

static bool suspends(const struct rule_run *run, const uint32_t *fns, uint32_t n)
{
	const struct ir *ir = run->p->ir;
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t o = ir->fns[fns[k]].op; o < ir->fns[fns[k]].op + ir->fns[fns[k]].nop;
			o++) {
			if (ir->ops[o].kind == OP_ICALL && run->p->site_edge[o] == NONE)
				return true; /* nobody knows */
			if (ir->ops[o].kind != OP_CALL)
				continue;
			uint32_t m;
			const struct effect *e = effects_at(run->e, o, &m);
			for (uint32_t i = 0; i < m; i++)
				if (e[i].clause && (e[i].clause->verb == VERB_SUSPENDS ||
							   e[i].clause->verb == VERB_LOOP_WAIT))
					return true;
		}
	return false;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx != CTX_COROUTINE || (e->site == NONE && !run->p->ir->fns[e->fn].nop))
			continue;
		double most = cost_value(f, &f->cost[e->fn], COST_MOST);
		if (most < LOOP_BUDGET_NS)
			continue;
		uint32_t n;
		const uint32_t *fns = reach_of(run->p, e, run->mem, &n);
		if (suspends(run, fns, n))
			continue;
		struct finding *fi = rule_report(run,
			e->site != NONE ? e->site : run->p->ir->fns[e->fn].op,
			"'%s' is a task that only computes: it never gives the loop to others",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_WARNING, CONF_MEDIUM);
		rule_label(run, fi, "%s", cost_text(f, run->p, &f->cost[e->fn], run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, i);
		rule_note(run, fi,
			"instead: make it a job of the pool, or let it yield every 100 us");
	}
}

RULE(task_only_computes) = {
	.id = "task-only-computes",
	.title = "a coroutine computes for long and never gives the loop to others",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
