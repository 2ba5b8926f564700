/* An asynchronous library's own call in its synchronous form: the callback is NULL, or it does part of its work at
 * once. The asynchronous form is one argument away. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nblock; i++) {
		const struct block_site *b = &run->f->blocks[i];
		if (b->group != GROUP_TASK || !block_is_sync_form(b))
			continue;
		const struct entry *e = &run->f->entries[b->entry];
		struct finding *f = rule_report(run, b->site, "'%s' without a callback blocks (%s) while '%s' runs on %s",
			b->model->name, category_word[b->category], rule_name(run, e->fn), rule_context(run, b->entry));
		rule_level(f, b->severity == SEV_LOW ? LEVEL_NOTE : LEVEL_WARNING,
			b->by_type || b->far ? CONF_LOW : b->assumed ? CONF_MEDIUM : CONF_HIGH);
		rule_label(run, f, "%s", category_phrase[b->category]);
		rule_identity(run, f, "%s", b->model->name);
		f->nother = b->nother;
		rule_task(run, f, b->entry);
		rule_trace(run, f, b->visit, b->site, category_phrase[b->category]);
		rule_instead(run, f, b->model);
	}
}

RULE(sync_call_of_async_library) = {
	.id = "sync-call-of-async-library",
	.title = "an asynchronous library is called in its synchronous form on the loop",
	.family = "blocking",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
