/* Volatile is neither atomic nor an order. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nshared; i++) {
		const struct shared_object *o = &run->f->shared[i];
		const struct shared_use *u = &run->f->uses[o->use];
		if (o->verdict != SHARED_RACE || !(u[0].flags & u[1].flags & USE_VOLATILE) || o->lock)
			continue;
		struct finding *f = rule_report(run, u->site, "'%s' is volatile, and is %s here while '%s' may %s it: that is no synchronisation",
			o->name, u->flags & USE_WRITE ? "written" : "read", rule_name(run, u[1].fn), u[1].flags & USE_WRITE ? "write" : "read");
		rule_level(f, run->rule->level, sure_confidence(o->sure));
		rule_label(run, f, "volatile, not atomic");
		rule_identity(run, f, "%s", o->name);
		rule_trace(run, f, u[0].visit, u[0].site, "volatile access");
		rule_trace(run, f, u[1].visit, u[1].site, "volatile access");
		for (uint32_t k = 2; k < o->nuse; k++)
			rule_also(run, f, "other accesses", u[k].site, u[k].flags & USE_WRITE ? "written" : "read");
		rule_note(run, f, "%s", o->why);
	}
}

RULE(volatile_as_synchronisation) = {
	.id = "volatile-as-synchronisation",
	.title = "two threads use a volatile variable to tell each other something",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
