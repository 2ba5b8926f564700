/* A lock of threads does not know tasks: the next task that wants it stops the thread, and with it the one that holds it. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_YIELDS)
			continue;
		const struct op *op = &run->p->ir->ops[s->site];
		struct finding *f = rule_report(run, s->site, "'%s' lets other tasks run on this thread while '%s' is held",
			op->src.kind == REF_FN ? rule_name(run, op->src.id) : "the call", u->lock);
		rule_label(run, f, "a task that takes '%s' now stops the thread for good", u->lock);
		rule_lock_use(run, f, u);
		rule_note(run, f, "instead: give the lock back first, or use a lock that suspends the task which waits");
	}
}

RULE(lock_across_yield) = {
	.id = "lock-across-yield",
	.title = "a task suspends itself while it holds a lock of threads",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
