/* A condition wait returns when it likes: what is waited for must be looked at again. */
#include "rule/api/rule.h"

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

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->e->n; i++) {
		const struct effect *e = &run->e->e[i];
		if (!e->clause || e->clause->verb != VERB_COND_WAIT || e->clause->q == PARAM_NONE || in_loop(run, e->site) ||
			called_in_loop(run, e->fn))
			continue;
		struct finding *f = rule_report(run, e->site, "'%s' is not in a loop, and may return without what it waits for",
			e->model->name);
		rule_label(run, f, "look again when it returns");
		rule_identity(run, f, "%s", e->model->name);
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
