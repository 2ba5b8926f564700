/* Locks that other threads held stay held in the child. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != THREAD_FORK)
			continue;
		struct finding *f = rule_report(run, s->site, "'%s' forks while the process has other threads, and the child goes on",
			rule_name(run, run->p->op_fn[s->site]));
		rule_label(run, f, "other threads' locks stay held");
		rule_lock_use(run, f, u);
	}
}

RULE(fork_with_threads) = {
	.id = "fork-with-threads",
	.title = "a process forks while it has other threads, and the child goes on",
	.family = "shared state",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
