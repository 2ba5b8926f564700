/* Most accesses to an object hold one lock, and one that may happen beside them does not: it was forgotten there. */
#include "rule/api/rule.h"

static bool has(const struct shared_use *u, const char *lock)
{
	const char *at = strstr(u->held, lock);
	return at && at > u->held && at[-1] == '\'' && at[strlen(lock)] == '\'';
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nshared; i++) {
		const struct shared_object *o = &run->f->shared[i];
		const struct shared_use *u = &run->f->uses[o->use], *odd = NULL;
		if (o->verdict != SHARED_RACE || o->mixed || !o->lock || o->handed_out)
			continue;
		for (uint32_t k = 0; k < o->nuse && !odd; k++)
			if (!has(&u[k], o->lock))
				odd = &u[k];
		if (!odd)
			odd = u;
		const struct shared_use *other = odd == u ? &u[1] : u;
		struct finding *f = rule_report(run, odd->site, "'%s' is %s here without '%s', which %u of its %u accesses hold", o->name,
			use_done(odd), o->lock, o->nheld,
			o->nheld + o->nother);
		/* A lock outside of the object may only guard how it is handed over. */
		rule_level(f, run->rule->level, o->heap && !o->lock_near ? CONF_LOW : sure_confidence(o->sure));
		rule_label(run, f, "%s", use_held(run, odd));
		rule_identity(run, f, "%s", o->name);
		rule_trace(run, f, odd->visit, odd->site, use_held(run, odd));
		rule_trace(run, f, other->visit, other->site, use_held(run, other));
		for (uint32_t k = 0; k < o->nuse; k++)
			if (&u[k] != odd && &u[k] != other)
				rule_also(run, f, "other accesses", u[k].site, use_held(run, &u[k]));
		rule_note(run, f, "%s", o->why);
		if (o->fields)
			rule_note(run, f, "the same goes for %s of the same object", o->fields);
	}
}

RULE(inconsistent_lock) = {
	.id = "inconsistent-lock",
	.title = "most accesses to an object hold one lock, and one that may happen beside them does not",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
