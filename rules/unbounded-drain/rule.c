/* Reading until there is no more is right for edge-triggered readiness, but one peer that sends
 * faster than its data is handled never lets the loop go on to the others. */
#include "rule/api/rule.h"

enum {
	WORK_NS = 1500
}; /* a turn that does more than the system call itself: emptying a wake-up pipe is no drain */

/* Does the loop itself take new connections, or read from a descriptor? Loops further up go through
 * what is between. */
static bool reads(const struct rule_run *run, const struct loop_fact *l)
{
	uint32_t n;
	const struct effect *e = effects_at(run->e, l->op, &n);
	bool io = false, in = false, file = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		io |= cl && cl->verb == VERB_BLOCKS &&
		      (cl->category == CAT_IO || cl->category == CAT_PEER);
		file |= cl && cl->verb == VERB_BLOCKS &&
			cl->category == CAT_TTY; /* stdio: files, and what a user types */
		in |= cl && (cl->verb == VERB_WRITES || cl->verb == VERB_GIVES);
	}
	return io && in && !file;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (l->visit == NONE || l->op == NONE || l->trip != TRIP_IO || l->turn < WORK_NS ||
			l->flags & (LOOPF_MACRO | LOOPF_YIELDS | LOOPF_CLOCK | LOOPF_WAITS |
					   LOOPF_PRINTS))
			continue;
		const struct visit *v = &f->visits[l->visit];
		const struct entry *e = &f->entries[v->entry];
		struct finding *fi = rule_report_loop(run, l,
			"'%s' goes on until there is no more to read, without a limit, while '%s' "
			"runs on %s",
			rule_name(run, l->fn), rule_name(run, e->fn), rule_context(run, v->entry));
		rule_level(fi, LEVEL_NOTE, v->by_type || !reads(run, l) ? CONF_LOW : CONF_MEDIUM);
		rule_label(run, fi, "about %s a turn: a fast peer keeps the others waiting",
			ns_text(l->turn, run->mem));
		rule_task(run, fi, v->entry);
		rule_trace_loop(run, fi, l, "reads until there is no more");
		rule_note(run, fi,
			"instead: stop after 16 to 64 turns; with edge-triggered readiness go on "
			"in the next turn of the loop");
	}
}

RULE(unbounded_drain) = {
	.id = "unbounded-drain",
	.title = "a task reads until there is no more, so one fast peer starves the others",
	.family = "cpu",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
