/* One thread for each event, and nothing that says stop: a burst takes all memory, and all threads
 * that there may be. */
#include "rule/api/rule.h"

/* In a callback, or in a loop that takes connections: else it is a guess that there is one for each
 * event. */
static bool sure(const struct rule_run *run, const struct thread_fact *t)
{
	uint32_t fn = run->p->op_fn[run->f->entries[t->entry].site];
	for (uint32_t i = 0; i < run->f->nentry; i++)
		if (run->f->entries[i].fn == fn && ctx_is_task(run->f->entries[i].ctx))
			return true;
	return t->accept != NONE;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (t->start != START_EVENT || t->guard != NONE || t->join != NONE ||
			e->site == NONE)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"a thread is started for each %s, without a limit",
			t->accept != NONE ? "connection" : "event");
		rule_level(fi, LEVEL_WARNING, sure(run, t) ? CONF_MEDIUM : CONF_LOW);
		rule_label(run, fi,
			"about 28 kB each, and no more when the system's limit is reached");
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"instead: a pool with a queue that is full at some point, or a counter "
			"that refuses what is too much");
	}
}

RULE(unbounded_thread_creation) = {
	.id = "unbounded-thread-creation",
	.title = "threads are started for each event without a limit",
	.family = "threads",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
