/* A task waits for a lock whose holder waits. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_TASK)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s' may be held while '%s' waits, and a task waits for it here", u->lock,
			rule_name(run, run->p->op_fn[s[1].site]));
		rule_label(run, f, "waits as long as the thread does");
		rule_lock_use(run, f, u);
	}
}

RULE(lock_wait_in_task) = {
	.id = "lock-wait-in-task",
	.title = "a task waits for a lock that a thread holds while it waits itself",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
