/* A library function returns a pointer into memory that its next caller, in whatever thread, overwrites. */
#include "rule/api/rule.h"

static const char *callee(const struct rule_run *run, uint32_t site)
{
	const struct op *op = &run->p->ir->ops[site];
	return op->src.kind == REF_FN ? rule_name(run, op->src.id) : "?";
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nshared; i++) {
		const struct shared_object *o = &run->f->shared[i];
		const struct shared_use *u = &run->f->uses[o->use];
		if (o->verdict != SHARED_RACE || !o->handed_out)
			continue;
		const char *here = callee(run, u[0].site), *there = callee(run, u[1].site);
		struct finding *f = rule_report(run, u->site,
			"'%s' returns memory that all threads share, and '%s' may call '%s' meanwhile", here, rule_name(run, u[1].fn), there);
		rule_level(f, run->rule->level, o->sure == 2 ? CONF_HIGH : CONF_MEDIUM);
		rule_label(run, f, "one result for all threads");
		rule_identity(run, f, "%s", here);
		rule_trace(run, f, u[0].visit, u[0].site, here);
		rule_trace(run, f, u[1].visit, u[1].site, there);
		for (uint32_t k = 2; k < o->nuse; k++)
			rule_also(run, f, "other calls", u[k].site, callee(run, u[k].site));
		for (uint32_t k = 0; k < o->nuse; k++)
			rule_repair(run, f, REPAIR_VARIANT, u[k].site);
		const struct op *op = &run->p->ir->ops[u->site];
		if (op->src.kind == REF_FN && run->e->of_fn[op->src.id])
			rule_instead(run, f, run->e->of_fn[op->src.id]);
		rule_note(run, f, "%s", o->why);
	}
}

RULE(non_reentrant_call) = {
	.id = "non-reentrant-call",
	.title = "two threads call a library function that returns memory shared by all callers",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
