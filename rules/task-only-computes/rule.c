/* A task that never waits keeps its loop as a plain loop does: it is a job for the pool, in the
 * shape of a task. */
#include "rule/api/rule.h"

static bool suspends(const struct rule_run *run, uint32_t op)
{
	uint32_t n;
	const struct effect *e = effects_at(run->e, op, &n);

	if (run->p->ir->ops[op].kind == OP_ICALL && run->p->site_edge[op] == NONE)
		return true; /* nobody knows */
	if (run->p->ir->ops[op].kind != OP_CALL)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && (e[i].clause->verb == VERB_SUSPENDS || e[i].clause->verb == VERB_LOOP_WAIT))
			return true;
	return false;
}

/* Functions that give the loop to others, or call one that does: from those that do, up the calls. */
static struct bits suspending(const struct rule_run *run)
{
	const struct program *p = run->p;
	struct bits set = bits_new(run->mem, p->ir->nfns + 1);
	VEC(uint32_t) fns = {0};

	for (uint32_t o = 0; o < p->ir->nops; o++)
		if (suspends(run, o) && !bits_get(&set, p->op_fn[o])) {
			bits_set(&set, p->op_fn[o]);
			vec_add(&fns, p->op_fn[o]);
		}
	for (uint32_t at = 0; at < fns.n; at++) {
		uint32_t fn = fns.v[at];

		for (uint32_t k = p->in[fn]; k < p->in[fn + 1]; k++) {
			const struct edge *e = &p->edges[p->in_edges[k]];

			if (e->why == EDGE_TYPE || bits_get(&set, e->caller))
				continue;
			bits_set(&set, e->caller);
			vec_add(&fns, e->caller);
		}
	}
	vec_free(&fns);
	return set;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	struct bits set = {0};
	bool known = false; /* which functions suspend: most programs never ask */

	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx != CTX_COROUTINE || (e->site == NONE && !run->p->ir->fns[e->fn].nop))
			continue;
		double most = cost_value(f, &f->cost[e->fn], COST_MOST);
		if (most < LOOP_BUDGET_NS)
			continue;
		if (!known)
			set = suspending(run);
		known = true;
		if (bits_get(&set, e->fn))
			continue;
		struct finding *fi = rule_report(run,
			e->site != NONE ? e->site : run->p->ir->fns[e->fn].op,
			"'%s' is a task that only computes: it never gives the loop to others",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_WARNING, CONF_MEDIUM);
		rule_label(run, fi, "%s", cost_text(f, run->p, &f->cost[e->fn], run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, i);
		rule_note(run, fi,
			"instead: make it a job of the pool, or let it yield every 100 us");
	}
}

RULE(task_only_computes) = {
	.id = "task-only-computes",
	.title = "a coroutine computes for long and never gives the loop to others",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
