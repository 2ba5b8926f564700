/* A lock around one addition costs twice what the addition costs if it is atomic, and more when two
 * want it. */
#include "rule/api/rule.h"

static bool has_verb(const struct rule_run *run, uint32_t site, enum verb verb)
{
	uint32_t n;
	const struct effect *e = effects_at(run->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == verb && e[i].clause->p >= 0 &&
			!(e[i].clause->flags & CL_SHARED))
			return true;
	return false;
}

/* Between the lock and the unlock: one number is loaded, changed and stored, and no more. Returns
 * the store, or NONE. */
static uint32_t only_update(const struct rule_run *run, uint32_t from, uint32_t to)
{
	const struct ir *ir = run->p->ir;
	uint32_t store = NONE, bins = 0, loads = 0;
	for (uint32_t o = from + 1; o < to; o++) {
		const struct op *op = &ir->ops[o];
		switch (op->kind) {
		case OP_LOAD:
			loads++;
			break;
		case OP_BIN:
			bins += op->flags == BIN_ADD || op->flags == BIN_SUB;
			break;
		case OP_STORE:
			if (store != NONE)
				return NONE;
			store = o;
			break;
		case OP_ADDR:
		case OP_COPY:
		case OP_UN:
			break;
		default:
			return NONE;
		}
	}
	if (store == NONE || bins != 1 || !loads)
		return NONE;
	/* what is stored is what was loaded from there */
	uint32_t field = path_field(ir, ir->ops[store].dst.id);
	const struct path *p = &ir->paths[ir->ops[store].dst.id];
	for (uint32_t o = from + 1; o < store; o++) {
		if (ir->ops[o].kind != OP_LOAD)
			continue;
		const struct path *q = &ir->paths[ir->ops[o].src.id];
		uint32_t t =
			ir->ops[o].dst.kind == REF_LOCAL
				? ir->locals[ir->fns[run->p->op_fn[o]].local + ir->ops[o].dst.id]
					  .type
				: NONE;
		if (t != NONE && ir->types[t].kind == TYPE_INT &&
			path_field(ir, ir->ops[o].src.id) == field &&
			p->base.kind == q->base.kind && p->base.id == q->base.id)
			return store;
	}
	return NONE;
}

static void check(struct rule_run *run)
{
	const struct ir *ir = run->p->ir;
	for (uint32_t fn = 0; fn < ir->nfns; fn++) {
		const struct fn *f = &ir->fns[fn];
		for (uint32_t b = f->block; b < f->block + f->nblock; b++) {
			uint32_t lock = NONE;
			for (uint32_t o = ir->blocks[b].op;
				o < ir->blocks[b].op + ir->blocks[b].nop; o++) {
				if (ir->ops[o].kind != OP_CALL)
					continue;
				if (has_verb(run, o, VERB_LOCKS) &&
					!(ir->ops[o].flags & OPF_MACRO)) {
					lock = o;
					continue;
				}
				uint32_t store = lock != NONE && has_verb(run, o, VERB_UNLOCKS)
							 ? only_update(run, lock, o)
							 : NONE;
				lock = NONE;
				if (store == NONE || ir->ops[o].flags & OPF_MACRO)
					continue;
				struct finding *fi = rule_report(run, store,
					"a lock is taken to update one number, and for nothing "
					"else");
				rule_level(fi, LEVEL_NOTE, CONF_MEDIUM);
				rule_label(run, fi,
					"locked and unlocked: about 13 ns; an atomic addition: 5.5 "
					"ns");
				rule_note(run, fi,
					"instead: atomic_fetch_add(), if no other code that holds "
					"this lock relies on the number");
			}
		}
	}
}

RULE(lock_for_counter) = {
	.id = "lock-for-counter",
	.title = "a lock protects the update of one number, and nothing else",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
