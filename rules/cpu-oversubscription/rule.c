/* Threads that only compute do not become faster by being more than the cores, and those that must
 * answer wait longer. */
#include "rule/api/rule.h"

enum { MANY = 9 }; /* more than the cores of common machines that serve */

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->start != START_FIXED || t->count < MANY || t->wait != NONE || !t->data)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"%lld threads are started that only compute, whatever the cores",
			(long long)t->count);
		rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(run, fi, "'%s' waits for nothing", rule_name(run, e->fn));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"instead: sysconf(_SC_NPROCESSORS_ONLN) threads that take work from a "
			"queue; one less if a loop must "
			"answer beside them");
	}
}

RULE(cpu_oversubscription) = {
	.id = "cpu-oversubscription",
	.title = "more threads that only compute than a machine has cores",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
