/* Who waits under a lock makes all others wait. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_WAITS)
			continue;
		struct finding *f = rule_report(run, s->site, "%s, and '%s' waits for that", s->what, rule_name(run, run->p->op_fn[s[1].site]));
		rule_label(run, f, "with '%s' held", u->lock);
		rule_lock_use(run, f, u);
	}
}

RULE(lock_held_across_blocking) = {
	.id = "lock-held-across-blocking",
	.title = "a thread waits for something slow while it holds a lock that others wait for",
	.family = "shared state",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
