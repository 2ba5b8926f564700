/* Starting and ending a thread takes longer than a short request does. */
#include "rule/api/rule.h"

enum { THREAD_NS = 40000, SHARE = 20 }; /* worth it from twenty times its price on */

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->start != START_EVENT || e->site == NONE ||
			t->turn * SHARE > (double)THREAD_NS * SHARE * SHARE)
			continue;
		if (t->wait != NONE || t->data || t->sleep != NONE)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"a thread is started for each request, of about %s",
			ns_text(t->turn, run->mem));
		rule_level(fi, LEVEL_WARNING, CONF_MEDIUM);
		rule_label(run, fi, "to start and end it takes about %s",
			ns_text(THREAD_NS, run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		if (t->turn * 3 < THREAD_NS)
			rule_note(run, fi,
				"instead: do it in place, which takes less than to hand it over");
		rule_way(run, fi, NONE, WAY_POOL);
	}
}

RULE(thread_per_request) = {
	.id = "thread-per-request",
	.title = "a thread is started and ended for each short request",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
