/* A thread that is waited for at once is a call that costs forty microseconds more. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->join == NONE || t->works_between || e->site == NONE)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"'%s' is waited for as soon as it is started: nothing runs beside it",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_NOTE, CONF_HIGH);
		rule_label(run, fi, "about 40 us more than a call");
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"instead: call '%s', unless it needs a stack or a signal mask of its own",
			rule_name(run, e->fn));
	}
}

RULE(create_then_join) = {
	.id = "create-then-join",
	.title = "a thread is waited for as soon as it is started",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
