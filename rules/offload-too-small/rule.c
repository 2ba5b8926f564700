/* Handing a job to a pool and coming back costs two switches of threads. What is shorter is done
 * sooner in place. */
#include "rule/api/rule.h"

enum { HANDOFF_NS = 20000, SHARE = 3 }; /* a job below a third of the round trip is not worth it */

static bool blocks_below(const struct facts *f, uint32_t entry)
{
	for (uint32_t i = 0; i < f->nblock; i++)
		if (f->blocks[i].group == GROUP_POOL &&
			(f->blocks[i].entry == entry || f->blocks[i].category != CAT_LOCK) &&
			f->entries[f->blocks[i].entry].fn == f->entries[entry].fn)
			return true;
	return false;
}

/* Everything below the entry is known: a call through a pointer or out of the program may do
 * anything. */
static bool known(const struct rule_run *run, uint32_t entry)
{
	const struct program *p = run->p;
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nvisit; i++) {
		const struct visit *v = &f->visits[i];
		if (v->entry != entry)
			continue;
		const struct fn *fn = &p->ir->fns[v->fn];
		for (uint32_t o = fn->op; o < fn->op + fn->nop; o++) {
			const struct op *op = &p->ir->ops[o];
			uint32_t n;
			if (op->kind == OP_BLIND ||
				(op->kind == OP_ICALL && p->site_edge[o] == NONE))
				return false;
			if (op->kind == OP_CALL && !fn_defined(p, op->src.id)) {
				effects_at(run->e, o, &n);
				if (!n)
					return false;
			}
		}
	}
	return true;
}

static void check(struct rule_run *run)
{
	const struct facts *f = run->f;
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		const struct cost *k = &f->cost[e->fn];
		if (e->ctx != CTX_POOL || e->site == NONE || !e->model)
			continue;
		/* only what has no loop over anything is known to be short */
		if (k->n != 1 || k->t[0].degree || k->t[0].ns * SHARE > HANDOFF_NS ||
			blocks_below(f, i) || !known(run, i))
			continue;
		struct finding *fi = rule_report(run, e->site,
			"'%s' is handed to a pool, but takes only about %s", rule_name(run, e->fn),
			ns_text(k->t[0].ns, run->mem));
		rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(run, fi, "the way to the pool and back costs about %s",
			ns_text(HANDOFF_NS, run->mem));
		rule_identity(run, fi, "%s", rule_name(run, e->fn));
		rule_task(run, fi, i);
		rule_note(
			run, fi, "instead: do it in place, or give the pool many of them at once");
	}
}

RULE(offload_too_small) = {
	.id = "offload-too-small",
	.title = "a job for the pool is shorter than the way there and back",
	.family = "cpu",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
