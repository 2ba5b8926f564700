/* Who is woken looks at what it waits for again. If that is as it was, it sleeps on. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nidle_signal; i++) {
		const struct idle_signal *s = &run->f->idle_signals[i];
		const struct op *op = &run->p->ir->ops[s->site];
		uint32_t waiter = run->p->op_fn[s->wait];
		struct finding *f = rule_report(run, s->site, "'%s' wakes '%s', which waits for a change of %s, and nothing here changes that",
			op->src.kind == REF_FN ? rule_name(run, op->src.id) : "the call", rule_name(run, waiter), s->what);
		rule_level(f, run->rule->level, CONF_MEDIUM);
		rule_label(run, f, "who wakes up sleeps on");
		rule_identity(run, f, "%s", rule_name(run, waiter));
		rule_also(run, f, "waits", s->wait, "waits there");
		rule_note(run, f, "set what is waited for first, with the lock of the wait held");
	}
}

RULE(signal_without_state_change) = {
	.id = "signal-without-state-change",
	.title = "a condition is signaled without a change of what its waiters wait for",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
