/* A lock that no two threads can ever want at once keeps nobody out. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		const struct lock_step *s = &run->f->lock_steps[u->step];
		if (u->kind != LOCK_ALONE)
			continue;
		struct finding *f = rule_report(run, s->site, "no two threads can ever want '%s' at once: it keeps nobody out", u->lock);
		if (s->visit != NONE)
			rule_task(run, f, run->f->visits[s->visit].entry);
		rule_label(run, f, "locked and unlocked: about 13 ns each time");
		rule_note(run, f, "instead: no lock, and an assertion that it is the owner's thread where another one may come later");
		rule_lock_use(run, f, u);
	}
}

RULE(lock_not_needed) = {
	.id = "lock-not-needed",
	.title = "a lock is only ever taken where no other thread can want it",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
