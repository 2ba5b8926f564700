/* flags.c - flags that signal handlers set.
 *
 * What a loop does behind `if (reload)`, where SIGHUP's handler says reload = 1, it does when an administrator asks for
 * it. It blocks all the same, but is not what the program does all day.
 *
 * A flag is a global, or a field of one, to which handlers, or functions that they call, store something other than 0
 * in at least half of all places that do. Handlers of SIGCHLD and SIGALRM do not count: those come all day.
 *
 * needs: entries, effects      gives: flags, reads_flag
 */
#include "solve/solve_int.h"

#include <signal.h>
#include <stdlib.h>

enum { LEVELS = 2 }; /* of calls from the handler to the store */

static bool is_usual(int64_t signo)
{
	return signo == SIGCHLD || signo == SIGALRM || signo == SIGVTALRM || signo == SIGPROF || signo == SIGIO;
}

/* A call that registers a handler with the number that the handler is given: signal(SIGHUP, h). */
static bool registered_for_usual(const struct solver *s, const struct entry *e)
{
	uint32_t n;
	const struct effect *eff = e->site == NONE ? NULL : effects_at(s->e, e->site, &n);
	for (uint32_t i = 0; eff && i < n; i++) {
		struct frame fr = {.s = s, .fn = eff[i].fn};
		int64_t signo;
		if (eff[i].callback && eff[i].callback->given != PARAM_NONE &&
			val_const(value_of(&fr, effect_arg(s->p, &eff[i], eff[i].callback->given), e->site), &signo))
			return is_usual(signo);
	}
	return false;
}

/* In the arm of a switch on the handler's first parameter that is for such a signal. */
static bool in_usual_case(const struct solver *s, uint32_t fn, uint32_t site)
{
	const struct local_facts *l = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b]) {
		if (l->guard[b].at == NONE)
			continue;
		const struct block *bl = &s->ir->blocks[s->ir->fns[fn].block + l->guard[b].at];
		if (!(params_of(s, fn, bl->cond.lhs) & 1))
			continue;
		if (bl->term == TERM_SWITCH) {
			const struct succ *to = &s->ir->succs[bl->succ + l->guard[b].succ];
			if (to->lo == to->hi && is_usual(to->lo))
				return true;
		} else if (bl->cond.rel == REL_EQ && l->guard[b].succ == 0 && bl->cond.rhs.kind == REF_CONST &&
			   is_usual(s->ir->consts[bl->cond.rhs.id])) {
			return true;
		}
	}
	return false;
}

static bool sets(const struct ir *ir, const struct op *op)
{
	return op->kind == OP_STORE && !(op->src.kind == REF_CONST && ir->consts[op->src.id] == 0);
}

/* Counts stores to flags below a handler. */
static void in_handler(struct solver *s, uint32_t fn, int level, bool top, struct map *by_handlers, struct bits *seen)
{
	const struct fn *f = &s->ir->fns[fn];
	if (bits_get(seen, fn))
		return;
	bits_set(seen, fn);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		uint64_t key = sets(s->ir, op) ? global_key(s->ir, op->dst.id) : 0;
		if (key && !(top && in_usual_case(s, fn, o)))
			++*map_slot(by_handlers, key, 0);
		if (op->kind == OP_CALL && op->src.kind == REF_FN && level < LEVELS)
			in_handler(s, op->src.id, level + 1, false, by_handlers, seen);
	}
}

void solve_flags(struct solver *s)
{
	const struct ir *ir = s->ir;
	struct map by_handlers = {0}, all = {0};
	struct bits seen = bits_new(s->mem, ir->nfns + 1);

	s->reads_flag = arena_alloc(s->mem, ir->nfns + 1);
	for (uint32_t i = 0; i < s->f->nentry; i++)
		if (s->f->entries[i].ctx == CTX_SIGNAL && !registered_for_usual(s, &s->f->entries[i]))
			in_handler(s, s->f->entries[i].fn, 0, true, &by_handlers, &seen);
	if (!by_handlers.n)
		return;
	for (uint32_t o = 0; o < ir->nops; o++) {
		uint64_t key = sets(ir, &ir->ops[o]) ? global_key(ir, ir->ops[o].dst.id) : 0;
		if (key)
			++*map_slot(&all, key, 0);
	}
	for (uint32_t o = 0; o < ir->nops; o++) {
		uint64_t key = ir->ops[o].kind == OP_LOAD ? global_key(ir, ir->ops[o].src.id) : 0;
		uint32_t n = key ? map_get(&by_handlers, key) : NONE;
		if (n != NONE && 2 * n >= map_get(&all, key)) {
			map_put(&s->flags, key, 1);
			s->reads_flag[s->p->op_fn[o]] = true;
		}
	}
	map_free(&by_handlers);
	map_free(&all);
}

bool behind_signal(const struct solver *s, uint32_t site)
{
	uint32_t fn = s->p->op_fn[site];
	const struct ir *ir = s->ir;

	if (!s->reads_flag[fn])
		return false;
	const struct local_facts *l = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b]) {
		if (l->guard[b].at == NONE)
			continue;
		const struct block *bl = &ir->blocks[ir->fns[fn].block + l->guard[b].at];
		int64_t rhs = bl->cond.rhs.kind == REF_CONST ? ir->consts[bl->cond.rhs.id] : 1;
		bool set = l->guard[b].succ == 0 ? (bl->cond.rel == REL_NE && rhs == 0) || (bl->cond.rel == REL_EQ && rhs)
						 : bl->cond.rel == REL_EQ && rhs == 0;
		if (bl->term != TERM_IF || !set || bl->cond.lhs.kind != REF_LOCAL)
			continue;
		for (uint32_t d = l->def[bl->cond.lhs.id]; d != NONE; d = l->next_def[d - ir->fns[fn].op])
			if (ir->ops[d].kind == OP_LOAD && global_key(ir, ir->ops[d].src.id) &&
				map_get(&s->flags, global_key(ir, ir->ops[d].src.id)) != NONE)
				return true;
	}
	return false;
}
