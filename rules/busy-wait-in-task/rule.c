/* A task that waits for others by looking at memory again and again keeps the loop, and a whole
 * core, until they come. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (l->visit == NONE || l->op == NONE || !(l->flags & LOOPF_SPINS) ||
			l->flags & (LOOPF_MACRO | LOOPF_CLOCK))
			continue;
		const struct visit *v = &f->visits[l->visit];
		const struct entry *e = &f->entries[v->entry];
		struct finding *fi = rule_report_loop(run, l,
			"'%s' spins until others change memory, while '%s' runs on %s",
			rule_name(run, l->fn), rule_name(run, e->fn), rule_context(run, v->entry));
		rule_level(fi, LEVEL_WARNING, v->by_type ? CONF_LOW : CONF_HIGH);
		rule_label(run, fi, "nothing in the loop waits or changes what it looks at");
		rule_task(run, fi, v->entry);
		rule_trace_loop(run, fi, l, "spins");
		rule_way(run, fi, v->entry, WAY_WAKE);
	}
}

RULE(busy_wait_in_task) = {
	.id = "busy-wait-in-task",
	.title = "a task spins until another thread changes memory",
	.family = "cpu",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
