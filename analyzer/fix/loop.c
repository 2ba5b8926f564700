/* loop.c - `if (!full) wait();` becomes `while (!full) wait();`.
 *
 * Right if the condition only looks, so that it may be asked again, if nothing but the wait is done under it, and if
 * the wait has no limit: one that has ran out must not be begun anew.
 */
#include "fix/fix_int.h"

static bool only_looks(struct fixing *x, const struct src *s, uint32_t fn, uint32_t open, uint32_t close)
{
	static const char *const changes[] = {"=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "{"};
	const struct ir *ir = x->in->p->ir;
	const struct fn *f = &ir->fns[fn];

	for (uint32_t t = open + 1; t < close; t++)
		for (size_t i = 0; i < COUNT(changes); i++)
			if (tok_is(s, t, changes[i]))
				return false;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		const struct loc *l = op->loc == NONE ? NULL : &ir->locs[op->loc];
		uint32_t at;

		if ((op->kind != OP_CALL && op->kind != OP_ICALL && op->kind != OP_BLIND) || !l || !l->line || l->line > s->nline)
			continue;
		at = s->lines[l->line - 1] + l->col - 1;
		if (at <= s->toks[open].from || at >= s->toks[close].from)
			continue;
		if (fix_callee(x, o) == NONE || !fix_pure(x, fix_callee(x, o), 0))
			return false;
	}
	return true;
}

bool repair_loop(struct fixing *x, const struct finding *f)
{
	uint32_t site = f->repair.sites[0], callee = fix_callee(x, site), first, last, close, open;
	const struct clause *c = fix_clause(x, site, VERB_COND_WAIT);
	struct call call;
	struct src *s;

	if (callee == NONE || !c || x->in->p->ir->ops[site].narg != 2 || c->p + c->q != 1 || !fix_call(x, site, &call))
		return false;
	s = call.s;
	first = call.name;
	last = call.close + 1;
	if (!tok_is(s, last, ";"))
		return false;
	if (first && tok_is(s, first - 1, "{") && tok_is(s, last + 1, "}")) {
		first--;
		last++;
	}
	close = first - 1;
	if (!first || !tok_is(s, close, ")") || (open = s->toks[close].match) == NONE || !open || !tok_is(s, open - 1, "if") ||
		tok_is(s, last + 1, "else") || tok_directive(s, open, last + 1) || close == open + 1)
		return false;
	if (!only_looks(x, s, x->in->p->op_fn[site], open, close))
		return false;
	x->title = "look again when the wait returns";
	fix_edit(x, s, s->toks[open - 1].from, s->toks[open - 1].to, "while");
	return true;
}
