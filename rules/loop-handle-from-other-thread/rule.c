/* A loop's handles have no locks: while another thread changes one, the loop may look at it. */
#include "rule/api/rule.h"

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nforeign; i++) {
		const struct foreign_call *c = &run->f->foreign[i];
		uint32_t entry = run->f->visits[c->visit].entry;
		struct finding *f = rule_report(run, c->site, "'%s' may be called on its loop's thread only, and '%s' runs on %s",
			c->model->name, rule_name(run, run->f->entries[entry].fn), rule_context(run, entry));
		rule_level(f, LEVEL_WARNING, c->by_type || c->far ? CONF_LOW : c->assumed ? CONF_MEDIUM : CONF_HIGH);
		rule_label(run, f, "the loop may use it at the same time");
		rule_identity(run, f, "%s", c->model->name);
		rule_task(run, f, entry);
		rule_trace(run, f, c->visit, c->site, "not on the loop's thread");
		const char **way = arena_alloc(run->mem, sizeof *way);
		*way = way_text(run->e, c->model->library, WAY_WAKE);
		f->insteads = way;
		f->ninstead = 1;
	}
}

RULE(loop_handle_from_other_thread) = {
	.id = "loop-handle-from-other-thread",
	.title = "a thread or a job of a pool calls what only the thread of the loop may call",
	.family = "shared state",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
