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
		rule_level(f, run->rule->level, u->sure == 2 ? CONF_HIGH : u->sure ? CONF_MEDIUM : CONF_LOW);
		rule_label(run, f, "not held");
		rule_identity(run, f, "%s", u->lock);
		for (uint32_t k = 0; k < u->nstep; k++) {
			if (s[k].visit != NONE)
				rule_trace(run, f, s[k].visit, s[k].site, s[k].what);
			else
				rule_also(run, f, "other places", s[k].site, s[k].what);
		}
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
