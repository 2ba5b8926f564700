/* A thread that sleeps between short actions is a timer with a stack. */
#include "rule/api/rule.h"

enum { SHORT_NS = 1000000 };

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->sleep == NONE || t->polls || t->turn > SHORT_NS || t->data || t->io)
			continue;
		struct finding *fi = rule_report(run, t->sleep,
			"'%s' is a thread that sleeps, and does something short in between",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(
			run, fi, "about %s of work between two sleeps", ns_text(t->turn, run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		if (run->f->nloop)
			rule_way(run, fi, NONE, WAY_TIMER);
		else
			rule_note(run, fi,
				"instead: one thread for all that is periodic, with the next time "
				"of each");
	}
}

RULE(timer_sleep_thread) = {
	.id = "timer-sleep-thread",
	.title = "a thread sleeps and does something short, over and over",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
