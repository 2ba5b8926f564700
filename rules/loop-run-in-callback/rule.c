/* A loop that is run inside a callback runs other callbacks on top of the one that waits: their order, and
 * whatever the outer ones hold, is no longer what their authors think. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nblock; i++) {
		const struct block_site *b = &run->f->blocks[i];
		if (b->group != GROUP_TASK || b->category != CAT_LOOP)
			continue;
		const struct entry *e = &run->f->entries[b->entry];
		struct finding *f = rule_report(run, b->site, "'%s' runs a loop inside '%s', which runs on %s", b->model->name,
			rule_name(run, e->fn), rule_context(run, b->entry));
		rule_level(f, LEVEL_WARNING, b->by_type || b->far ? CONF_LOW : b->assumed ? CONF_MEDIUM : CONF_HIGH);
		rule_label(run, f, "callbacks run on top of this one until the inner loop ends");
		rule_identity(run, f, "%s", b->model->name);
		f->nother = b->nother;
		rule_task(run, f, b->entry);
		rule_trace(run, f, b->visit, b->site, "runs a nested loop");
		rule_instead(run, f, b->model);
	}
}

RULE(loop_run_in_callback) = {
	.id = "loop-run-in-callback",
	.title = "a callback runs an event loop inside the event loop",
	.family = "blocking",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
