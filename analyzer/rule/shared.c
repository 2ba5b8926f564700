/* shared.c - what the rules about shared state and locks say alike. */
#include "rule/api/rule.h"

enum confidence sure_confidence(uint8_t sure)
{
	return sure == 2 ? CONF_HIGH : sure ? CONF_MEDIUM : CONF_LOW;
}

const char *use_done(const struct shared_use *u)
{
	return u->flags & USE_FREE ? "freed" : u->flags & USE_WRITE ? "written" : "read";
}

const char *use_held(struct rule_run *run, const struct shared_use *u)
{
	return *u->held ? arena_printf(run->mem, "%s, with %s held", use_done(u), u->held)
			: arena_printf(run->mem, "%s, with no lock held", use_done(u));
}

void rule_lock_use(struct rule_run *run, struct finding *f, const struct lock_use *u)
{
	const struct lock_step *s = &run->f->lock_steps[u->step];

	rule_level(f, run->rule->level, sure_confidence(u->sure));
	rule_identity(run, f, "%s", u->lock);
	for (uint32_t k = 0; k < u->nstep; k++) {
		if (s[k].visit != NONE)
			rule_trace(run, f, s[k].visit, s[k].site, s[k].what);
		else
			rule_also(run, f, "other places", s[k].site, s[k].what);
	}
}
