/* A thread that waits costs a stack and a switch for each message; a task on a loop costs a few
 * hundred bytes. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->start != START_EVENT || t->accept == NONE || !t->io || t->data ||
			e->site == NONE)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"each connection gets a thread of its own, and '%s' mostly waits",
			rule_name(run, e->fn));
		rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(run, fi, "waits (%s); computes about %s a turn",
			category_word[t->waits_for], ns_text(t->turn, run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"a waiting thread takes about 28 kB and up to 40 us to start; below some "
			"200 connections, or with a "
			"library that only waits, threads are right");
		rule_way(run, fi, NONE, WAY_TASK);
	}
}

RULE(thread_per_waiting_connection) = {
	.id = "thread-per-waiting-connection",
	.title = "a thread for each connection that mostly waits",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
