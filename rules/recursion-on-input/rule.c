/* Input that nests deep takes as much stack: a peer decides when it is used up, and how long the
 * task computes. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nrecursion; i++) {
		const struct recursion *r = &run->f->recursions[i];
		const struct visit *v = &run->f->visits[r->visit];
		const struct entry *e = &run->f->entries[v->entry];
		struct finding *f = rule_report(run, r->site,
			"'%s' calls itself for what nests in its input, without a limit, while "
			"'%s' "
			"runs on %s",
			rule_name(run, r->fn), rule_name(run, e->fn), rule_context(run, v->entry));
		rule_level(f, LEVEL_NOTE, v->by_type ? CONF_LOW : CONF_MEDIUM);
		rule_label(run, f, "no depth is counted on the way");
		rule_task(run, f, v->entry);
		rule_trace(run, f, r->visit, r->site, "calls itself");
		rule_note(run, f,
			"instead: count the depth and refuse what nests deeper than a limit, or "
			"keep a stack of your own");
	}
}

RULE(recursion_on_input) = {
	.id = "recursion-on-input",
	.title = "a task calls itself once per level of its input, without a limit",
	.family = "cpu",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
