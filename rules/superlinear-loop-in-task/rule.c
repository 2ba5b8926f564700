/* What grows with the square of the data is fast in every test and stops the loop in production. */
#include "rule/api/rule.h"

#include <math.h>

static const char *what(struct rule_run *run, const struct steep *s)
{
	const struct facts *f = run->f;
	const struct loop_fact *l = &f->cpu_loops[s->loop];
	const struct op *op = s->site == NONE ? NULL : &run->p->ir->ops[s->site];
	const char *call = op && op->src.kind == REF_FN ? fn_name(run->p, op->src.id) : "";
	const char *outer = l->sym == NONE ? "its data" : sym_text(f, run->p, l->sym, run->mem);

	switch (s->kind) {
	case STEEP_NESTED:
		return arena_printf(run->mem, "goes over all of %s for each of %s",
			sym_text(f, run->p, f->cpu_loops[s->inner].sym, run->mem), outer);
	case STEEP_SEARCH:
		return arena_printf(run->mem, "calls '%s', which goes over %s, for each of %s",
			call, sym_text(f, run->p, f->cpu_loops[s->inner].sym, run->mem), outer);
	case STEEP_LENGTH:
		return arena_printf(run->mem, "measures a text anew by '%s' in every turn", call);
	case STEEP_APPEND:
		return arena_printf(run->mem,
			"looks for the end of a growing text by '%s' in every turn", call);
	}
	return "";
}

static const char *instead(const struct steep *s)
{
	switch (s->kind) {
	case STEEP_LENGTH:
		return "measure the text once, before the loop";
	case STEEP_APPEND:
		return "keep a pointer to the end of the text, or its length";
	default:
		return "look elements up in a hash table, or sort both and go through them once";
	}
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nsteep; i++) {
		const struct steep *s = &f->steeps[i];
		const struct loop_fact *l = &f->cpu_loops[s->loop];
		const struct visit *v = &f->visits[l->visit];
		const struct entry *e = &f->entries[v->entry];
		bool text = s->kind == STEEP_LENGTH || s->kind == STEEP_APPEND;
		double each = s->ns > 0 ? sqrt(LOOP_BUDGET_NS / s->ns) : 0;
		struct finding *fi =
			s->site == NONE
				? rule_report_loop(run, l, "'%s' %s, while '%s' runs on %s",
					  rule_name(run, l->fn), what(run, s),
					  rule_name(run, e->fn), rule_context(run, v->entry))
				: rule_report(run, s->site, "'%s' %s, while '%s' runs on %s",
					  rule_name(run, l->fn), what(run, s),
					  rule_name(run, e->fn), rule_context(run, v->entry));

		/* a text of a few hundred bytes is none to talk of: shown where the loop's text may
		 * be long */
		rule_level(
			fi, text ? LEVEL_NOTE : LEVEL_WARNING, v->by_type ? CONF_LOW : CONF_MEDIUM);
		rule_label(run, fi, "grows with the square: %s at %.2g %s",
			ns_text(LOOP_BUDGET_NS, run->mem), each,
			text ? "bytes" : "elements of each");
		rule_identity(run, fi, "%d", (int)s->kind);
		rule_task(run, fi, v->entry);
		rule_trace_loop(run, fi, l, "nothing else on the loop runs until it ends");
		rule_note(run, fi, "instead: %s", instead(s));
	}
}

RULE(superlinear_loop_in_task) = {
	.id = "superlinear-loop-in-task",
	.title = "the time of a task grows with the square of its data",
	.family = "cpu",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
