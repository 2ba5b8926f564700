/* The result says whether the callback will ever come. Ignored, a failed start looks like an operation that takes
 * for ever. */
#include "rule/api/rule.h"

/* Is the local read anywhere in the function? */
static bool used(const struct ir *ir, const struct fn *f, struct ref r)
{
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		if (ref_eq(op->src, r) || (op->kind == OP_BIN && ref_eq(ref_of(op->arg), r)))
			return true;
		for (uint32_t a = 0; (op->kind == OP_CALL || op->kind == OP_ICALL) && a < op->narg; a++)
			if (ref_eq(ir->args[op->arg + a], r))
				return true;
	}
	for (uint32_t b = f->block; b < f->block + f->nblock; b++)
		if (ref_eq(ir->blocks[b].cond.lhs, r) || ref_eq(ir->blocks[b].cond.rhs, r))
			return true;
	return false;
}

static void check(struct rule_run *run)
{
	const struct ir *ir = run->p->ir;
	for (uint32_t i = 0; i < run->e->n; i++) {
		const struct effect *e = &run->e->e[i];
		if (!e->clause || e->clause->verb != VERB_RESULT)
			continue;
		const struct op *op = &ir->ops[e->site];
		const struct fn *f = &ir->fns[e->fn];
		if (op->dst.kind == REF_LOCAL && (!(ir->locals[f->local + op->dst.id].flags & LOCAL_TEMP) || used(ir, f, op->dst)))
			continue;
		struct finding *fi = rule_report(run, e->site, "the result of '%s' is not looked at", e->model->name);
		rule_label(run, fi, "if it fails, the callback never comes");
		rule_identity(run, fi, "%s", e->model->name);
	}
}

RULE(task_result_ignored) = {
	.id = "task-result-ignored",
	.title = "the result of starting a task is ignored",
	.family = "blocking",
	.level = LEVEL_NOTE,
	.by_default = false,
	.check = check,
};
