/* A handler may interrupt any code, malloc and printf with their locks held included: only what POSIX.1-2017,
 * 2.4.3 lists may be called in it. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nunsafe; i++) {
		const struct unsafe_site *u = &run->f->unsafe[i];
		const struct visit *v = &run->f->visits[u->visit];
		const char *name = rule_name(run, u->callee);
		struct finding *f = rule_report(run, u->site, "'%s' is not async-signal-safe, and '%s' is a signal handler", name,
			rule_name(run, run->f->entries[v->entry].fn));
		rule_level(f, LEVEL_WARNING, v->by_type || v->depth > 16 || v->jumps > 4 ? CONF_LOW : CONF_HIGH);
		rule_label(run, f, "may deadlock or corrupt memory when the signal interrupts it");
		rule_identity(run, f, "%s", name);
		rule_task(run, f, v->entry);
		rule_trace(run, f, u->visit, u->site, "not on the list of POSIX.1-2017, 2.4.3");
		if (u->nother)
			rule_note(run, f, "%u more such call%s below this handler", u->nother, u->nother == 1 ? "" : "s");
		rule_note(run, f, "set a volatile sig_atomic_t flag, or write() one byte to a pipe that the loop watches, "
				  "and do the work there");
	}
}

RULE(unsafe_call_in_signal_handler) = {
	.id = "unsafe-call-in-signal-handler",
	.title = "a signal handler calls a function that is not async-signal-safe",
	.family = "blocking",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
