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

/* What a lock or number is: its field, or its global behind the fields. NONE: a local. */
static uint32_t key_of(const struct ir *ir, uint32_t path)
{
	uint32_t field = path_field(ir, path);
	const struct path *p = &ir->paths[path];
	return field != NONE ? field : p->base.kind == REF_GLOBAL ? ir->nfields + p->base.id : NONE;
}

static uint32_t lock_of(const struct rule_run *run, uint32_t site)
{
	const struct ir *ir = run->p->ir;
	uint32_t n;
	const struct effect *e = effects_at(run->e, site, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!e[i].clause || e[i].clause->verb != VERB_LOCKS || e[i].clause->p < 0)
			continue;
		struct ref r = effect_arg(run->p, &e[i], e[i].clause->p);
		const struct fn *f = &ir->fns[e[i].fn];
		for (uint32_t o = site; r.kind == REF_LOCAL && o-- > f->op;)
			if (ref_eq(ir->ops[o].dst, r))
				return ir->ops[o].kind == OP_ADDR || ir->ops[o].kind == OP_LOAD
					       ? key_of(ir, ir->ops[o].src.id)
					       : NONE;
	}
	return NONE;
}

struct section {
	uint32_t lock, number,
		store; /* number NONE: more than one number is updated, or something else is done */
};
struct sections {
	VEC(struct section) v;
};

static void collect(const struct rule_run *run, uint32_t fn, struct sections *all)
{
	const struct ir *ir = run->p->ir;
	const struct fn *f = &ir->fns[fn];
	for (uint32_t b = f->block; b < f->block + f->nblock; b++) {
		uint32_t lock = NONE;
		for (uint32_t o = ir->blocks[b].op; o < ir->blocks[b].op + ir->blocks[b].nop; o++) {
			if (ir->ops[o].kind != OP_CALL)
				continue;
			if (has_verb(run, o, VERB_LOCKS)) {
				lock = o;
				vec_add(&all->v, ((struct section){lock_of(run, o), NONE, o}));
			} else if (lock != NONE && has_verb(run, o, VERB_UNLOCKS)) {
				uint32_t store = only_update(run, lock, o);
				struct section *s = &all->v.v[all->v.n - 1];
				if (store != NONE && !(ir->ops[o].flags & OPF_MACRO)) {
					s->number = key_of(ir, ir->ops[store].dst.id);
					s->store = store;
				}
				lock = NONE;
			}
		}
	}
}

/* A lock that guards more than the number has to stay, and the number with it. */
static bool guards_only(const struct sections *all, uint32_t i)
{
	for (uint32_t k = 0; k < all->v.n; k++)
		if (all->v.v[k].lock == all->v.v[i].lock &&
			(all->v.v[k].number != all->v.v[i].number || k < i))
			return false;
	return true;
}

static void check(struct rule_run *run)
{
	struct sections all = {0};
	for (uint32_t fn = 0; fn < run->p->ir->nfns; fn++)
		collect(run, fn, &all);
	for (uint32_t i = 0; i < all.v.n; i++) {
		const struct section *s = &all.v.v[i];
		if (s->lock == NONE || s->number == NONE || !guards_only(&all, i))
			continue;
		struct finding *f = rule_report(run, s->store,
			"a lock is taken to update one number, and for nothing else");
		rule_level(f, LEVEL_NOTE, CONF_MEDIUM);
		rule_label(run, f, "locked and unlocked: about 13 ns; an atomic addition: 5.5 ns");
		rule_note(run, f, "instead: atomic_fetch_add()");
	}
	vec_free(&all.v);
}

RULE(lock_for_counter) = {
	.id = "lock-for-counter",
	.title = "a lock protects the update of one number, and nothing else",
	.family = "threads",
	.level = LEVEL_NOTE,
	.by_default = true,
	.check = check,
};
