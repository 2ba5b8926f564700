/* A library call that computes for long is as bad for the other tasks as one that sleeps: they wait
 * all the same. */
#include "rule/api/rule.h"

static void finish(
	struct rule_run *run, struct finding *f, uint32_t visit, uint32_t site, const char *name)
{
	uint32_t entry = run->f->visits[visit].entry;
	rule_identity(run, f, "%s", name);
	rule_task(run, f, entry);
	rule_trace(run, f, visit, site, "computes for long");
}

static void known_heavy(struct rule_run *run, const struct block_site *b)
{
	const struct entry *e = &run->f->entries[b->entry];
	double lo = b->clause->lo, hi = b->clause->hi;
	struct finding *f =
		rule_report(run, b->site, "'%s' computes for long while '%s' runs on %s",
			b->model->name, rule_name(run, e->fn), rule_context(run, b->entry));

	rule_level(f, b->severity == SEV_LOW ? LEVEL_NOTE : LEVEL_WARNING,
		b->by_type || b->far || !block_computes_long(b) ? CONF_LOW
		: b->assumed || b->severity == SEV_MEDIUM ? CONF_MEDIUM
							  : CONF_HIGH);
	if (hi > 0)
		rule_label(run, f, "%s to %s of CPU time, by its parameters",
			rule_time(run, lo > 0 ? lo : hi / 10), rule_time(run, hi));
	f->nother = b->nother;
	finish(run, f, b->visit, b->site, b->model->name);
	rule_instead(run, f, b->model);
	if (!f->ninstead)
		rule_way(run, f, b->entry, WAY_POOL);
}

static void heavy_by_size(struct rule_run *run, const struct heavy_call *h)
{
	const struct visit *v = &run->f->visits[h->visit];
	const struct entry *e = &run->f->entries[v->entry];
	const struct op *op = &run->p->ir->ops[h->site];
	const char *name = op->src.kind == REF_FN ? fn_name(run->p, op->src.id) : "the call";
	struct finding *f = rule_report(run, h->site, "'%s' takes %s while '%s' runs on %s", name,
		cost_text(run->f, run->p, &h->cost, run->mem), rule_name(run, e->fn),
		rule_context(run, v->entry));

	rule_level(f, LEVEL_WARNING, v->by_type ? CONF_LOW : CONF_MEDIUM);
	rule_label(run, f, "up to %s with the sizes that this data can have",
		ns_text(h->most, run->mem));
	finish(run, f, h->visit, h->site, name);
	rule_way(run, f, v->entry, WAY_POOL);
}

static bool known(const struct facts *f, uint32_t site)
{
	for (uint32_t i = 0; i < f->nblock; i++)
		if (f->blocks[i].site == site)
			return true;
	return false;
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nblock; i++)
		if (run->f->blocks[i].group == GROUP_TASK && run->f->blocks[i].category == CAT_CPU)
			known_heavy(run, &run->f->blocks[i]);
	for (uint32_t i = 0; i < run->f->nheavy; i++)
		if (!known(run->f, run->f->heavy[i].site)) /* what also waits is told by
							      blocking-call-in-task */
			heavy_by_size(run, &run->f->heavy[i]);
}

RULE(heavy_call_in_task) = {
	.id = "heavy-call-in-task",
	.title = "a library call in a task computes for milliseconds",
	.family = "cpu",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
