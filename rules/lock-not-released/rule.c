/* A way out of a function on which a lock is not given back. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_LEFT)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s', taken here, is still held on one way out of '%s'", u->lock,
			rule_name(run, run->p->op_fn[s->site]));
		rule_label(run, f, "not given back when it fails");
		rule_lock_use(run, f, u);
		for (uint32_t k = 0; k < u->nstep; k++)
			rule_repair(run, f, REPAIR_UNLOCK, s[k].site);
	}
}

RULE(lock_not_released) = {
	.id = "lock-not-released",
	.title = "one way out of a function keeps the lock that the others give back",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
