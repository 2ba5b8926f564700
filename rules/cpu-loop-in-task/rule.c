/* A loop over data shares its thread with every other task: nothing else runs until the last
 * element is done. What is told is the number of turns that take the budget, for the size of the
 * data is known at run time alone. */
#include "rule/api/rule.h"

static enum confidence confidence_of(const struct rule_run *run, const struct loop_fact *l)
{
	const struct visit *v = &run->f->visits[l->visit];
	if (v->by_type)
		return CONF_LOW;
	return l->trip == TRIP_ITER && l->extent == EXT_DATA ? CONF_HIGH : CONF_MEDIUM;
}

static void report(struct rule_run *run, const struct loop_fact *l)
{
	const struct visit *v = &run->f->visits[l->visit];
	const struct entry *e = &run->f->entries[v->entry];
	const char *turn = ns_text(l->turn, run->mem), *budget = ns_text(LOOP_BUDGET_NS, run->mem);
	struct finding *f;

	if (l->trip == TRIP_CONST)
		f = rule_report_loop(run, l,
			"'%s' computes for %s, %lld turns of %s, while '%s' runs on %s",
			rule_name(run, l->fn), ns_text(l->turn * (double)l->count, run->mem),
			(long long)l->count, turn, rule_name(run, e->fn),
			rule_context(run, v->entry));
	else
		f = rule_report_loop(run, l,
			"'%s' loops over %s, about %s each and so %s at %.2g, while '%s' runs on "
			"%s",
			rule_name(run, l->fn), sym_text(run->f, run->p, l->sym, run->mem), turn,
			budget, loop_limit(l, LOOP_BUDGET_NS), rule_name(run, e->fn),
			rule_context(run, v->entry));
	rule_level(f, LEVEL_WARNING, confidence_of(run, l));
	rule_label(run, f, "turns %s: %s", trip_phrase[l->trip], extent_phrase[l->extent]);
	rule_identity(
		run, f, "%s", l->sym == NONE ? "" : sym_text(run->f, run->p, l->sym, run->mem));
	rule_note(run, f, "all turns: %s", cost_text(run->f, run->p, &l->cost, run->mem));
	rule_task(run, f, v->entry);
	rule_trace_loop(run, f, l, "nothing else on the loop runs until it ends");
	rule_way(run, f, v->entry, WAY_BATCH);
	rule_way(run, f, v->entry, WAY_POOL);
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (loop_over_budget(f, l) && loop_outer_over(f, i) == NONE)
			report(run, l);
	}
}

RULE(cpu_loop_in_task) = {
	.id = "cpu-loop-in-task",
	.title = "a loop over data of any size keeps every other task on the loop waiting",
	.family = "cpu",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
