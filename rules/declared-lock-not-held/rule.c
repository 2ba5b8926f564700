/* The program says which lock it takes; this is where it does not. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->ndeclared; i++) {
		const struct declared_use *u = &run->f->declared[i];
		struct finding *f;
		switch (u->kind) {
		case DECLARED_CALL:
			f = rule_report(run, u->site, "'%s' requires '%s', and is called here without it", u->what, u->lock);
			break;
		case DECLARED_ORDER:
			f = rule_report(run, u->site, "'%s' is taken here while a lock is held that is declared to come after it", u->lock);
			break;
		default:
			f = rule_report(run, u->site, "'%s' is %s here without '%s', which is declared to guard it", u->what,
				u->kind == DECLARED_WRITE ? "written" : "read", u->lock);
		}
		rule_label(run, f, u->kind == DECLARED_ORDER ? "the wrong way round" : "'%s' is not held", u->lock);
		rule_identity(run, f, "%s|%s", u->what, u->lock);
	}
}

RULE(declared_lock_not_held) = {
	.id = "declared-lock-not-held",
	.title = "what guarded_by, requires_capability or acquired_after declare is not kept",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
