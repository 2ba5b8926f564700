/* unlock.c - the lock is given back before the `return` that forgot it.
 *
 * repair.sites: where it is taken, where it is given back on another way. Which returns forgot it is found by going
 * forward over the blocks: at a return it is held on every way, on none, or that depends; in the last case nothing is
 * changed at all. What is returned must not depend on what the lock guards: constants and locals alone.
 */
#include "fix/fix_int.h"

enum { HELD = 1, FREE = 2 };

static bool unlocks_alone(const struct fixing *x, uint32_t fn, int depth)
{
	const struct fn *f = &x->in->p->ir->fns[fn];
	bool unlocks = false;

	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t callee = fix_callee(x, o);

		if (callee == NONE)
			continue;
		if (fix_clause(x, o, VERB_LOCKS))
			return false;
		unlocks |= fix_clause(x, o, VERB_UNLOCKS) || (depth < 4 && fn_defined(x->in->p, callee) && unlocks_alone(x, callee, depth + 1));
	}
	return unlocks;
}

/* Same tokens: the lock is named alike. */
static bool same_args(const struct call *a, const struct call *b)
{
	uint32_t n = a->close - a->open;

	if (b->close - b->open != n || n < 2)
		return false;
	for (uint32_t i = 1; i < n; i++) {
		const struct tok *s = &a->s->toks[a->open + i], *t = &b->s->toks[b->open + i];

		if (s->to - s->from != t->to - t->from || memcmp(a->s->text + s->from, b->s->text + t->from, s->to - s->from))
			return false;
	}
	return true;
}

/* What the lock's name is made of is not set between the two; a lock is no call's result. */
static bool steady(const struct src *s, const struct call *lock, uint32_t to)
{
	for (uint32_t a = lock->open + 1; a < lock->close; a++) {
		if (tok_is(s, a, "("))
			return false;
		if (s->toks[a].kind != TOK_WORD)
			continue;
		for (uint32_t t = lock->close; t < to; t++) {
			size_t n = s->toks[a].to - s->toks[a].from;
			char next = t + 1 < s->ntok ? s->text[s->toks[t + 1].from] : 0, last;

			if (s->toks[t].to - s->toks[t].from != n || memcmp(s->text + s->toks[t].from, s->text + s->toks[a].from, n))
				continue;
			last = s->text[s->toks[t + 1].to - 1];
			if (next == '=' ? s->toks[t + 1].to - s->toks[t + 1].from == 1
					: strchr("+-*/%&|^", next) && (last == '=' || (last == next && last != '&' && last != '|')) &&
						  s->toks[t + 1].to - s->toks[t + 1].from > 1)
				return false;
			if (t && (tok_is(s, t - 1, "++") || tok_is(s, t - 1, "--")))
				return false;
		}
	}
	return true;
}

static bool plain_value(const struct fixing *x, const struct src *s, uint32_t fn, uint32_t from, uint32_t to)
{
	const struct ir *ir = x->in->p->ir;
	const struct fn *f = &ir->fns[fn];

	for (uint32_t t = from; t < to; t++) {
		bool ok = s->toks[t].kind == TOK_NUMBER || tok_is(s, t, "-") || tok_is(s, t, "(") || tok_is(s, t, ")") ||
			  tok_is(s, t, "true") || tok_is(s, t, "false");

		if (s->toks[t].kind == TOK_WORD && !ok) {
			const char *word = s->text + s->toks[t].from;
			size_t n = s->toks[t].to - s->toks[t].from;

			ok = true; /* a constant is written in capitals */
			for (size_t i = 0; i < n; i++)
				ok = ok && (word[i] == '_' || (word[i] >= 'A' && word[i] <= 'Z') || (word[i] >= '0' && word[i] <= '9'));
			for (uint32_t l = f->local; l < f->local + f->nlocal && !ok; l++) {
				const char *name = ir_text_of(ir, ir->locals[l].name);

				ok = strlen(name) == n && !memcmp(name, word, n) && !(ir->locals[l].flags & LOCAL_ADDR);
			}
			if (tok_is(s, t + 1, "(") || tok_is(s, t + 1, "->") || tok_is(s, t + 1, "[") || tok_is(s, t + 1, "."))
				ok = false;
		}
		if (!ok)
			return false;
	}
	return true;
}

static void put_unlock(struct fixing *x, const struct call *lock, const char *unlock, uint32_t ret, uint32_t end)
{
	struct src *s = lock->s;
	const char *nl = line_end(s), *indent = line_indent(s, tok_line(s, ret), x->mem), *outer;
	bool alone = tok_line(s, ret) != tok_line(s, ret - 1);
	bool braces = !tok_is(s, ret - 1, "{") && !tok_is(s, ret - 1, "}") && !tok_is(s, ret - 1, ";") && !tok_is(s, ret - 1, ":");
	const char *stmt = arena_printf(x->mem, "%s;%s%s", unlock, alone ? nl : " ", alone ? indent : "");
	uint32_t head = ret - 1;

	fix_edit(x, s, s->toks[ret].from, s->toks[ret].from, braces && !alone ? arena_printf(x->mem, "{ %s", stmt) : stmt);
	if (!braces)
		return;
	if (!alone) {
		fix_edit(x, s, s->toks[end].to, s->toks[end].to, " }");
		return;
	}
	if (s->toks[head].match != NONE && s->toks[head].match)
		head = s->toks[head].match - 1; /* the word before the brackets: `if` */
	outer = line_indent(s, tok_line(s, head), x->mem);
	fix_edit(x, s, s->toks[ret - 1].to, s->toks[ret - 1].to, " {");
	if (tok_is(s, end + 1, "else"))
		fix_edit(x, s, s->toks[end].to, s->toks[end + 1].from, arena_printf(x->mem, "%s%s} ", nl, outer));
	else
		fix_edit(x, s, s->toks[end].to, s->toks[end].to, arena_printf(x->mem, "%s%s}", nl, outer));
}

/* What an operation does to the lock: HELD, FREE, or 0: nothing; -1: that cannot be told. */
static int does(struct fixing *x, uint32_t o, uint32_t taken, const struct call *lock)
{
	uint32_t callee = fix_callee(x, o);
	struct call c;

	if (o == taken)
		return HELD;
	if (callee == NONE)
		return 0;
	if (fix_clause(x, o, VERB_UNLOCKS) || fix_clause(x, o, VERB_LOCKS)) {
		if (!fix_call(x, o, &c))
			return -1;
		if (!same_args(&c, lock))
			return 0;
		return fix_clause(x, o, VERB_UNLOCKS) ? FREE : HELD;
	}
	return fn_defined(x->in->p, callee) && unlocks_alone(x, callee, 0) ? -1 : 0;
}

/* state[b]: HELD and FREE at the end of each block that can be reached. False if it cannot be told. */
static bool flow(struct fixing *x, uint32_t fn, uint32_t taken, const struct call *lock, uint8_t *at_end)
{
	const struct ir *ir = x->in->p->ir;
	const struct fn *f = &ir->fns[fn];
	const struct cfg *g = program_cfg(x->in->p, fn);
	uint8_t *at_start = arena_alloc(x->mem, f->nblock);
	int8_t *last = arena_alloc(x->mem, f->nblock);
	bool more = true;

	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *k = &ir->blocks[f->block + b];

		for (uint32_t o = k->op; o < k->op + k->nop; o++) {
			int d = does(x, o, taken, lock);

			if (d < 0)
				return false;
			last[b] = d ? (int8_t)d : last[b];
		}
	}
	at_start[0] = FREE;
	while (more) {
		more = false;
		for (uint32_t i = 0; i < g->nrpo; i++) {
			uint32_t b = g->rpo[i];

			at_end[b] = last[b] ? (uint8_t)last[b] : at_start[b];
			for (uint32_t k = 0; k < g->nsucc[b]; k++) {
				uint8_t *to = &at_start[g->succ[b][k]];

				more |= (*to | at_end[b]) != *to;
				*to |= at_end[b];
			}
		}
	}
	return true;
}

bool repair_unlock(struct fixing *x, const struct finding *f)
{
	const struct ir *ir = x->in->p->ir;
	uint32_t taken = f->repair.sites[0], fn = x->in->p->op_fn[taken], scope;
	const struct clause *locks = fix_clause(x, taken, VERB_LOCKS);
	struct call lock, given;
	const char *unlock;
	uint8_t *at_end;

	if (!locks || locks->cond || locks->flags & CL_SHARED || !fix_call(x, taken, &lock) ||
		!fix_call(x, f->repair.sites[1], &given) || lock.s != given.s || !same_args(&lock, &given))
		return false;
	scope = tok_block(lock.s, lock.name);
	at_end = arena_alloc(x->mem, ir->fns[fn].nblock);
	if (scope == NONE || lock.s->toks[scope].match == NONE || !flow(x, fn, taken, &lock, at_end))
		return false;
	unlock = arena_strndup(x->mem, given.s->text + given.s->toks[given.name].from,
		given.s->toks[given.close].to - given.s->toks[given.name].from);
	for (uint32_t b = 0; b < ir->fns[fn].nblock; b++) {
		const struct block *k = &ir->blocks[ir->fns[fn].block + b];
		const struct loc *l;
		uint32_t ret, end;

		if (k->term != TERM_RET || !(at_end[b] & HELD))
			continue;
		if (at_end[b] & FREE || !k->nop || ir->ops[k->op + k->nop - 1].kind != OP_RET)
			return false;
		l = ir->ops[k->op + k->nop - 1].loc == NONE ? NULL : &ir->locs[ir->ops[k->op + k->nop - 1].loc];
		if (!l || l->macro || fix_src(x, l->file) != lock.s || !l->line || l->line > lock.s->nline)
			return false;
		ret = tok_at(lock.s, lock.s->lines[l->line - 1] + l->col - 1);
		if (ret == NONE || !ret || !tok_is(lock.s, ret, "return") || ret > lock.s->toks[scope].match || ret < lock.close)
			return false;
		for (end = ret + 1; end < lock.s->ntok && !tok_is(lock.s, end, ";"); end++)
			;
		if (end == lock.s->ntok || tok_directive(lock.s, ret - 1, end + 1) || !plain_value(x, lock.s, fn, ret + 1, end) ||
			!steady(lock.s, &lock, ret))
			return false;
		put_unlock(x, &lock, unlock, ret, end);
	}
	x->title = "give the lock back on every way out";
	return true;
}
