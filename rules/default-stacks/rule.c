/* The default stack is 8 MB of address space each: it is not used up, but limits of containers and
 * of overcommit count it. */
#include "rule/api/rule.h"

enum { MANY = 256 };

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nthread; i++) {
		const struct thread_fact *t = &f->threads[i];
		const struct entry *e = &f->entries[t->entry];
		if (!t->default_stack || t->start != START_FIXED || t->count < MANY)
			continue;
		struct finding *fi = rule_report(run, e->site,
			"%lld threads with stacks of the default size", (long long)t->count);
		rule_level(fi, LEVEL_NOTE, CONF_HIGH);
		rule_label(run, fi, "8 MB of address space each: %.3g GB",
			(double)t->count * 8 / 1024);
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, t->entry);
		rule_note(run, fi,
			"instead: pthread_attr_setstacksize(), by what the deepest call needs; 256 "
			"kB is much");
	}
}

RULE(default_stacks) = {
	.id = "default-stacks",
	.title = "hundreds of threads with stacks of the default size",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
