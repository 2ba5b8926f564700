/* A thread that looks every so often learns of a change half a period late, and wakes for nothing
 * in between. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->sleep == NONE || !t->polls)
			continue;
		struct finding *fi = rule_report(run, t->sleep,
			"'%s' sleeps and looks at memory until others change it",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_WARNING, CONF_MEDIUM);
		rule_label(run, fi, "half a period late on average, and awake for nothing");
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_way(run, fi, NONE, WAY_WAKE);
	}
}

RULE(polling_thread) = {
	.id = "polling-thread",
	.title = "a thread sleeps and looks at memory until it changes",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
