/* What was true under a lock need not be true when the lock is taken again. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	const struct ir *ir = run->p->ir;
	for (uint32_t i = 0; i < run->f->nstale_test; i++) {
		const struct stale_test *s = &run->f->stale_tests[i];
		struct sb name = {0};
		ir_print_path(ir, run->p->op_fn[s->act], ir->ops[s->act].dst.id, &name);
		struct finding *f = rule_report(run, s->act, "'%s' was tested before the lock was given back, and is written here without a new test",
			name.s);
		rule_level(f, run->rule->level, CONF_MEDIUM);
		rule_label(run, f, "another thread may have written it meanwhile");
		rule_identity(run, f, "%s", name.s);
		rule_also(run, f, "the test", s->test, "tested here");
		rule_also(run, f, "the test", s->lock, "the lock is taken again");
		sb_free(&name);
	}
}

RULE(check_then_act) = {
	.id = "check-then-act",
	.title = "what was tested under a lock is acted on after the lock was given back and taken again",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
