/* Threads that hold one lock most of the time take turns: more of them do not get more done. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nlock_use; i++) {
		const struct lock_use *u = &run->f->lock_uses[i];
		if (!lock_too_big(u))
			continue;
		struct finding *f = rule_report(run, run->f->lock_steps[u->step].site,
			"'%s' is held for %d %% of the time that each '%s' computes: all of them together do the work of at most %.1f", u->lock,
			(int)(u->held * 100 / u->all), rule_name(run, run->f->entries[u->entry].fn), (double)(u->all / u->held));
		rule_task(run, f, u->entry);
		rule_label(run, f, "the others wait meanwhile");
		rule_note(run, f, "instead: a lock for each part of the data, or what needs no lock done before it is taken");
		rule_lock_use(run, f, u);
	}
}

RULE(one_big_lock) = {
	.id = "one-big-lock",
	.title = "threads hold one lock for most of the time that they compute",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
