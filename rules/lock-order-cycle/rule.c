/* Threads that take two locks in different orders may each hold one and wait for the other. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_CYCLE)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s' is waited for here in an order that '%s' does not keep: a deadlock", u->lock,
			rule_name(run, run->p->op_fn[s[u->nstep > 1].site]));
		rule_label(run, f, "%s", s->what);
		rule_lock_use(run, f, u);
	}
}

RULE(lock_order_cycle) = {
	.id = "lock-order-cycle",
	.title = "threads take locks in orders that form a cycle",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
