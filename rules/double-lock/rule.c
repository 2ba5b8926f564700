/* A lock that is not recursive is taken by the thread that holds it. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_TWICE)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s' is taken here by a thread that holds it already", u->lock);
		rule_label(run, f, "waits for itself");
		rule_lock_use(run, f, u);
	}
}

RULE(double_lock) = {
	.id = "double-lock",
	.title = "a thread takes a lock that it holds",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
