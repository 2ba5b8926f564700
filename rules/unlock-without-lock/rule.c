/* A lock is given back that is not held. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_NOT_HELD)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s' is given back here by a thread that does not hold it", u->lock);
		rule_label(run, f, "not held");
		rule_lock_use(run, f, u);
	}
}

RULE(unlock_without_lock) = {
	.id = "unlock-without-lock",
	.title = "a lock is given back by a thread that does not hold it",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
