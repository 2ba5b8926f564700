/* Two threads reach the same memory at once, one of them writes, and no lock is held by both. */
#include "rule/api/rule.h"

static const char *doing(const struct shared_use *u)
{
	return u->flags & USE_FREE ? "free" : u->flags & USE_WRITE ? "write" : "read";
}

static const char *locks(struct rule_run *run, const struct shared_use *a, const struct shared_use *b)
{
	if (!*a->held && !*b->held)
		return "without a lock";
	if (!*b->held)
		return arena_printf(run->mem, "with %s held here alone", a->held);
	if (!*a->held)
		return arena_printf(run->mem, "with %s held there alone", b->held);
	return arena_printf(run->mem, "under different locks (%s here, %s there)", a->held, b->held);
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nshared; i++) {
		const struct shared_object *o = &run->f->shared[i];
		const struct shared_use *u = &run->f->uses[o->use];
		if (o->verdict != SHARED_RACE || o->mixed || o->lock || o->handed_out)
			continue; /* atomic-mixed-access, inconsistent-lock, non-reentrant-call */
		if (u[0].flags & u[1].flags & USE_VOLATILE)
			continue; /* volatile-as-synchronisation */
		const char *what = o->library ? "the state of" : "";
		struct finding *f;
		if (u[0].site == u[1].site)
			f = rule_report(run, u->site, "%s%s'%s' is %s here by several threads at once, %s", what, *what ? " " : "",
				o->name, use_done(u), *u->held ? arena_printf(run->mem, "each with its own %s", u->held) : "without a lock");
		else
			f = rule_report(run, u->site, "%s%s'%s' is %s here while '%s' may %s it, %s", what, *what ? " " : "", o->name,
				use_done(u), rule_name(run, u[1].fn), doing(&u[1]), locks(run, u, &u[1]));
		/* What is put into a list under its lock, and taken out under it, has one owner in between: from where one
		 * stands here that looks the same. */
		bool handed_over = o->heap && (*u[0].held || *u[1].held);
		rule_level(f, o->library ? LEVEL_NOTE : run->rule->level, handed_over ? CONF_LOW : sure_confidence(o->sure));
		rule_label(run, f, "%s", use_held(run, u));
		rule_identity(run, f, "%s", o->name);
		rule_trace(run, f, u[0].visit, u[0].site, use_held(run, &u[0]));
		rule_trace(run, f, u[1].visit, u[1].site, use_held(run, &u[1]));
		for (uint32_t k = 2; k < o->nuse; k++)
			rule_also(run, f, "other accesses", u[k].site, use_held(run, &u[k]));
		rule_note(run, f, "%s", o->why);
		if (o->fields)
			rule_note(run, f, "the same goes for %s of the same object", o->fields);
	}
}

RULE(unlocked_shared_state) = {
	.id = "unlocked-shared-state",
	.title = "two threads use the same memory at once, one writes it, and no lock is held by both",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
