/* A job that waits for another job of its own pool waits for ever once all threads of the pool do
 * so. */
#include "rule/api/rule.h"

/* Does the call give a function to a pool? */
static bool posts(const struct rule_run *run, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(run->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].callback && e[i].callback->ctx == CTX_POOL)
			return true;
	return false;
}

static bool waits(const struct rule_run *run, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(run->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_COND_WAIT)
			return true;
	return false;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	const struct ir *ir = run->p->ir;
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx != CTX_POOL)
			continue;
		uint32_t n;
		const uint32_t *fns = reach_of(run->p, e, run->mem, &n);
		uint32_t post = NONE, wait = NONE;
		for (uint32_t k = 0; k < n; k++)
			for (uint32_t o = ir->fns[fns[k]].op;
				o < ir->fns[fns[k]].op + ir->fns[fns[k]].nop; o++) {
				if (ir->ops[o].kind != OP_CALL)
					continue;
				if (post == NONE && posts(run, o))
					post = o;
				if (wait == NONE && post != NONE &&
					run->p->op_fn[o] == run->p->op_fn[post] && waits(run, o))
					wait = o;
			}
		if (wait == NONE)
			continue;
		struct finding *fi = rule_report(run, wait,
			"'%s', a job of the %s pool, waits for a job that it gave to a pool",
			rule_name(run, e->fn), *e->library ? e->library : "shared");
		rule_level(fi, LEVEL_WARNING, CONF_MEDIUM);
		rule_label(run, fi, "once every thread of the pool waits so, no job runs any more");
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, i);
		rule_note(run, fi,
			"instead: go on in the callback of the second job, or do its work in "
			"place");
	}
}

RULE(pool_starvation) = {
	.id = "pool-starvation",
	.title = "a job on a pool waits for another job on a pool",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
