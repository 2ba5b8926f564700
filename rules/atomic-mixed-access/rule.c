/* What is atomic at one place and plain at another is not atomic: the plain access tears, and orders nothing. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nshared; i++) {
		const struct shared_object *o = &run->f->shared[i];
		const struct shared_use *u = &run->f->uses[o->use];
		if (o->verdict != SHARED_RACE || !o->mixed || o->library)
			continue;
		const struct shared_use *plain = u[0].flags & USE_ATOMIC ? &u[1] : &u[0], *atomic = plain == u ? &u[1] : &u[0];
		struct finding *f = rule_report(run, plain->site, "'%s' is %s here by a plain access, while '%s' uses it atomically", o->name,
			use_done(plain), rule_name(run, atomic->fn));
		rule_level(f, run->rule->level, sure_confidence(o->sure));
		rule_label(run, f, "not atomic");
		rule_identity(run, f, "%s", o->name);
		rule_trace(run, f, plain->visit, plain->site, "not atomic");
		rule_trace(run, f, atomic->visit, atomic->site, "atomic");
		for (uint32_t k = 2; k < o->nuse; k++)
			rule_also(run, f, "other accesses", u[k].site, u[k].flags & USE_ATOMIC ? "atomic" : "not atomic");
		rule_note(run, f, "%s", o->why);
	}
}

RULE(atomic_mixed_access) = {
	.id = "atomic-mixed-access",
	.title = "an object is accessed atomically at one place and plainly at another, in two threads",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
