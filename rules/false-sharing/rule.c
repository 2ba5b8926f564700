/* Two threads that write to one cache line take it from each other at every write, though they
 * share nothing. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->slot == NONE || (t->start != START_FIXED && t->start != START_CONFIG))
			continue;
		const struct record *r = &run->p->ir->records[t->slot];
		struct finding *fi = rule_report(run, e->site,
			"elements of an array of '%s' share cache lines, and '%s' writes to one of "
			"them "
			"in each thread",
			ir_text_of(run->p->ir, r->name), rule_name(run, e->fn));
		rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(run, fi, "%u bytes each, a cache line has 64", (unsigned)r->size);
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"instead: _Alignas(64) at its first member, or count in a local and store "
			"it once; 4 times as fast");
	}
}

RULE(false_sharing) = {
	.id = "false-sharing",
	.title = "neighbours in an array are written by different threads",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
