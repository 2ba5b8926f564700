/* The local is gone when the thread looks at it. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != THREAD_STACK)
			continue;
		struct finding *f = rule_report(run, s->site, "a thread is given the address of a local of '%s', and is not joined before that ends",
			rule_name(run, run->p->op_fn[s->site]));
		rule_label(run, f, "the thread may live longer");
		rule_lock_use(run, f, u);
	}
}

RULE(thread_argument_outlives_stack) = {
	.id = "thread-argument-outlives-stack",
	.title = "a thread is given the address of a local and may live longer than it",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
