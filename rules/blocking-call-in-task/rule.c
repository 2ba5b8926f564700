/* A task shares its thread with every other task on the loop, so one call that sleeps in the kernel delays
 * them all. */
#include "rule/api/rule.h"

/* What an administrator asks for, by a signal or in the environment, may take its time. */
static enum level level_of(const struct block_site *b)
{
	return b->severity == SEV_LOW || b->on_signal || b->environ ? LEVEL_NOTE : LEVEL_WARNING;
}

/* A message to standard error costs what its reader makes it cost: that is worth a look only on request. */
static enum confidence confidence_of(const struct block_site *b)
{
	if (b->by_type || b->far || b->denied || (b->category == CAT_LOG && b->severity == SEV_LOW))
		return CONF_LOW;
	return b->assumed ? CONF_MEDIUM : CONF_HIGH;
}

static void label(struct rule_run *run, struct finding *f, const struct block_site *b)
{
	const char *phrase = category_phrase[b->category];
	if (b->clause->hi <= 0)
		rule_label(run, f, "%s", phrase);
	else if (b->clause->lo > 0 && b->clause->lo < b->clause->hi)
		rule_label(run, f, "%s: %s, up to %s", phrase, rule_time(run, b->clause->lo), rule_time(run, b->clause->hi));
	else
		rule_label(run, f, "%s: %s", phrase, rule_time(run, b->clause->hi));
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nblock; i++) {
		const struct block_site *b = &run->f->blocks[i];
		if (b->group != GROUP_TASK)
			continue;
		if (b->category == CAT_LOCK && b->clause->verb == VERB_BLOCKS && b->severity != SEV_HIGH)
			continue; /* a lock is held for a few instructions unless shown otherwise: lock-wait-in-task */
		if (b->category == CAT_CPU || b->category == CAT_LOOP || block_is_sync_form(b))
			continue; /* heavy-call-in-task, loop-run-in-callback, sync-call-of-async-library */
		const struct entry *e = &run->f->entries[b->entry];
		struct finding *f = rule_report(run, b->site, "'%s' may block (%s) while '%s' runs on %s", b->model->name,
			category_word[b->category], rule_name(run, e->fn), rule_context(run, b->entry));
		rule_level(f, level_of(b), confidence_of(b));
		label(run, f, b);
		if (b->on_signal)
			rule_note(run, f, "only behind a flag that a signal's handler sets");
		if (b->environ)
			rule_note(run, f, "only if the environment names that file");
		rule_identity(run, f, "%s", b->model->name);
		f->nother = b->nother;
		rule_task(run, f, b->entry);
		rule_trace(run, f, b->visit, b->site, category_phrase[b->category]);
		rule_instead(run, f, b->model);
		rule_repair(run, f, REPAIR_NONBLOCK, b->site);
	}
}

RULE(blocking_call_in_task) = {
	.id = "blocking-call-in-task",
	.title = "a call in a task can sleep in the kernel and stop every other task on the loop",
	.family = "blocking",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
