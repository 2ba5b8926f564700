/* ir_form.c - is an ir well formed: may its ids be followed without looking?
 *
 * A blob may be cut, stale or damaged. After this check every id lies in its array, every range in
 * its section, every op has the operands its form promises, every function's blocks and ops tile
 * its ranges, and chains of types end. Stages rely on it and check nothing themselves.
 *
 * Locals are relative to a function, but paths belong to none: a path's largest local is noted once
 * (check.need) and compared where an op of a function uses the path.
 */
#include "ir/ir_int.h"

const uint8_t ir_op_form[OP_COUNT] = {
#define OP(name, text, form, doc) [OP_##name] = FORM_##form,
#include "ir/ops.def"
#undef OP
};

struct check {
	const struct ir *ir;
	struct arena *a;
	struct check_at *at;
	uint32_t *need; /* per path: how many locals the function must have */
};

PRINTF(2, 3) static const char *bad(struct check *c, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	return arena_strdup(c->a, msg);
}

static bool opt(uint32_t id, uint32_t n)
{
	return id < n || id == NONE;
}

static bool span(uint32_t first, uint32_t n, uint32_t limit)
{
	return !n || (uint64_t)first + n <= limit;
}

/* ---- declarations ---- */

static const char *check_places(struct check *c)
{
	const struct ir *ir = c->ir;

	if (!ir->nstrs || ir->strs[0] || ir->strs[ir->nstrs - 1])
		return bad(c, "the strings do not begin and end with a NUL");
	for (uint32_t i = 0; i < ir->nfiles; i++)
		if (ir->files[i].path >= ir->nstrs)
			return bad(c, "file %u: bad path", i);
	for (uint32_t i = 0; i < ir->nlocs; i++) {
		const struct loc *l = &ir->locs[i];

		if (!opt(l->file, ir->nfiles) || !opt(l->sfile, ir->nfiles))
			return bad(c, "loc %u: no such file", i);
		if (l->macro >= ir->nstrs)
			return bad(c, "loc %u: bad macro name", i);
	}
	for (uint32_t i = 0; i < ir->nattrs; i++) {
		const struct attr *t = &ir->attrs[i];

		if (t->kind > ATTR_COMMENT || t->text >= ir->nstrs || !opt(t->loc, ir->nlocs))
			return bad(c, "attribute %u: bad kind, text or loc", i);
	}
	for (uint32_t i = 0; i < ir->nremarks; i++) {
		const struct remark *r = &ir->remarks[i];

		if (r->file >= ir->nfiles || r->text >= ir->nstrs)
			return bad(c, "remark %u: bad file or text", i);
	}
	return NULL;
}

static bool has_element(const struct type *t)
{
	return t->kind == TYPE_PTR || t->kind == TYPE_ARRAY || t->kind == TYPE_FN;
}

/* From pointer to pointee and so on, a walk must come to an end. Types that were added after the
 * ones they are made of, the usual case, need no walk. */
static const char *check_type_chains(struct check *c)
{
	enum { NEW, HERE, DONE };
	const struct ir *ir = c->ir;
	bool ordered = true;
	uint8_t *state;

	for (uint32_t i = 0; i < ir->ntypes; i++)
		ordered = ordered && (!has_element(&ir->types[i]) || ir->types[i].to < i);
	if (ordered)
		return NULL;
	state = arena_alloc(c->a, ir->ntypes);
	for (uint32_t i = 0; i < ir->ntypes; i++) {
		uint32_t t = i;

		for (; state[t] == NEW && has_element(&ir->types[t]); t = ir->types[t].to)
			state[t] = HERE;
		if (state[t] == HERE)
			return bad(c, "type %u is made of itself", t);
		state[t] = DONE;
		for (t = i; state[t] == HERE; t = ir->types[t].to)
			state[t] = DONE;
	}
	return NULL;
}

static const char *check_types(struct check *c)
{
	const struct ir *ir = c->ir;

	for (uint32_t i = 0; i < ir->ntypes; i++) {
		const struct type *t = &ir->types[i];

		if (t->kind > TYPE_OTHER)
			return bad(c, "type %u: bad kind %u", i, t->kind);
		if (t->name >= ir->nstrs || t->text >= ir->nstrs)
			return bad(c, "type %u: bad name or text", i);
		if (has_element(t) && t->to >= ir->ntypes)
			return bad(c, "type %u: no element or result type", i);
		if (t->kind == TYPE_RECORD && t->to >= ir->nrecords)
			return bad(c, "type %u: no such record", i);
		if (!has_element(t) && t->kind != TYPE_RECORD && t->to != NONE)
			return bad(c, "type %u: has an element, but its kind has none", i);
	}
	return check_type_chains(c);
}

/* The record that lies inside field, by value, or NONE. */
static uint32_t inside(const struct ir *ir, uint32_t field)
{
	uint32_t t = ir->fields[field].type;

	while (t != NONE && ir->types[t].kind == TYPE_ARRAY)
		t = ir->types[t].to;
	return t != NONE && ir->types[t].kind == TYPE_RECORD ? ir->types[t].to : NONE;
}

/* A record that holds itself by value has no size, and a walk over its parts no end. Depth first,
 * with the path from the root on an explicit stack. */
static const char *check_nesting(struct check *c)
{
	enum { NEW, HERE, DONE };
	const struct ir *ir = c->ir;
	uint8_t *state = arena_alloc(c->a, ir->nrecords);
	uint32_t *next = arena_alloc(c->a, (size_t)ir->nrecords * sizeof *next);
	VEC(uint32_t) path = {0};
	const char *msg = NULL;

	for (uint32_t i = 0; i < ir->nrecords && !msg; i++) {
		if (state[i] != NEW)
			continue;
		vec_add(&path, i);
		state[i] = HERE;
		while (path.n && !msg) {
			uint32_t r = path.v[path.n - 1], in;

			if (next[r] == ir->records[r].nfield) {
				state[r] = DONE;
				path.n--;
				continue;
			}
			in = inside(ir, ir->records[r].field + next[r]++);
			if (in == NONE || state[in] == DONE)
				continue;
			if (state[in] == HERE) {
				msg = bad(c, "record '%s' lies inside itself",
					ir_text_of(ir, ir->records[in].name));
			} else {
				state[in] = HERE;
				vec_add(&path, in);
			}
		}
	}
	vec_free(&path);
	return msg;
}

static const char *check_records(struct check *c)
{
	const struct ir *ir = c->ir;

	for (uint32_t i = 0; i < ir->nfields; i++) {
		const struct field *d = &ir->fields[i];

		if (d->name >= ir->nstrs)
			return bad(c, "field %u: bad name", i);
		if (!opt(d->type, ir->ntypes))
			return bad(c, "field '%s': no such type", ir_text_of(ir, d->name));
		if (d->record >= ir->nrecords)
			return bad(c, "field '%s': no such record", ir_text_of(ir, d->name));
		if (!span(d->attr, d->nattr, ir->nattrs))
			return bad(
				c, "field '%s': attributes out of range", ir_text_of(ir, d->name));
	}
	for (uint32_t i = 0; i < ir->nrecords; i++) {
		const struct record *r = &ir->records[i];

		if (r->name >= ir->nstrs || r->key >= ir->nstrs)
			return bad(c, "record %u: bad name or key", i);
		if (!span(r->field, r->nfield, ir->nfields))
			return bad(c, "record '%s': fields out of range", ir_text_of(ir, r->name));
		for (uint32_t k = 0; k < r->nfield; k++)
			if (ir->fields[r->field + k].record != i)
				return bad(c, "record '%s': field %u is another record's",
					ir_text_of(ir, r->name), k);
	}
	return check_nesting(c);
}

static const char *check_globals(struct check *c)
{
	const struct ir *ir = c->ir;

	for (uint32_t i = 0; i < ir->nglobals; i++) {
		const struct global *g = &ir->globals[i];

		if (g->name >= ir->nstrs || g->key >= ir->nstrs)
			return bad(c, "global %u: bad name or key", i);
		if (!opt(g->type, ir->ntypes) || !opt(g->loc, ir->nlocs) || !opt(g->fn, ir->nfns) ||
			!span(g->attr, g->nattr, ir->nattrs))
			return bad(c, "global '%s': bad type, loc, function or attributes",
				ir_text_of(ir, g->name));
	}
	return NULL;
}

/* ---- code ---- */

static const char *check_paths(struct check *c)
{
	const struct ir *ir = c->ir;

	c->need = arena_alloc(c->a, (size_t)ir->npaths * sizeof *c->need);
	for (uint32_t i = 0; i < ir->nsteps; i++) {
		const struct step *s = &ir->steps[i];

		if (s->kind > STEP_INDEX)
			return bad(c, "step %u: bad kind", i);
		if (s->kind == STEP_FIELD && s->field >= ir->nfields)
			return bad(c, "step %u: no such field", i);
		if (s->kind == STEP_INDEX && s->index.kind != REF_NONE &&
			s->index.kind != REF_LOCAL &&
			!(s->index.kind == REF_CONST && s->index.id < ir->nconsts))
			return bad(c, "step %u: the index is not a constant or a local", i);
	}
	for (uint32_t i = 0; i < ir->npaths; i++) {
		const struct path *p = &ir->paths[i];
		uint32_t need = 0;
		bool ok = false;

		switch (p->base.kind) {
		case REF_LOCAL:
			need = p->base.id + 1;
			ok = true;
			break;
		case REF_GLOBAL:
			ok = p->base.id < ir->nglobals;
			break;
		case REF_CONST:
			ok = p->base.id < ir->nconsts;
			break;
		case REF_STR:
			ok = p->base.id < ir->nstrs;
			break;
		}
		if (!ok)
			return bad(c, "path %u: bad base", i);
		if (!span(p->step, p->nstep, ir->nsteps))
			return bad(c, "path %u: steps out of range", i);
		for (uint32_t k = 0; k < p->nstep; k++) {
			const struct step *s = &ir->steps[p->step + k];

			if (s->kind == STEP_INDEX && s->index.kind == REF_LOCAL &&
				s->index.id >= need)
				need = s->index.id + 1;
		}
		c->need[i] = need;
	}
	return NULL;
}

/* Something that may stand where a value is read. */
static bool is_value(const struct ir *ir, const struct fn *fn, struct ref r)
{
	switch (r.kind) {
	case REF_NONE:
		return true;
	case REF_CONST:
		return r.id < ir->nconsts;
	case REF_STR:
		return r.id < ir->nstrs;
	case REF_LOCAL:
		return r.id < fn->nlocal;
	case REF_FN:
		return r.id < ir->nfns;
	}
	return false;
}

static bool is_local(const struct fn *fn, struct ref r)
{
	return r.kind == REF_LOCAL && r.id < fn->nlocal;
}

static bool is_path(const struct check *c, const struct fn *fn, struct ref r)
{
	return r.kind == REF_PATH && r.id < c->ir->npaths && c->need[r.id] <= fn->nlocal;
}

static const char *check_call(struct check *c, const struct fn *fn, const struct op *op)
{
	const struct ir *ir = c->ir;

	if (op->dst.kind != REF_NONE && !is_local(fn, op->dst))
		return bad(c, "the result is not a local");
	if (op->kind == OP_CALL && !(op->src.kind == REF_FN && op->src.id < ir->nfns))
		return bad(c, "the callee is not a function");
	if (op->kind == OP_ICALL && !is_local(fn, op->src))
		return bad(c, "the callee is not a local");
	if (!span(op->arg, op->narg, ir->nargs))
		return bad(c, "arguments out of range");
	for (uint32_t i = 0; i < op->narg; i++)
		if (!is_value(ir, fn, ir->args[op->arg + i]))
			return bad(c, "argument %u is not a value", i);
	return NULL;
}

static const char *check_op(struct check *c, const struct fn *fn, const struct op *op)
{
	const struct ir *ir = c->ir;
	bool dst, src;

	if (op->kind >= OP_COUNT)
		return bad(c, "bad kind %u of op", op->kind);
	if (!opt(op->loc, ir->nlocs))
		return bad(c, "no such loc");
	if (op->narg && ir_op_form[op->kind] != FORM_CALL)
		return bad(c, "'%s' has no arguments", op_name(op->kind));
	dst = is_local(fn, op->dst);
	src = is_value(ir, fn, op->src);
	switch ((enum form)ir_op_form[op->kind]) {
	case FORM_N:
		dst = op->dst.kind == REF_NONE;
		src = op->src.kind == REF_NONE;
		break;
	case FORM_DS:
		if (op->kind == OP_UN && op->flags >= UN_COUNT)
			return bad(c, "bad operator %u", op->flags);
		break;
	case FORM_DP:
		src = is_path(c, fn, op->src);
		break;
	case FORM_PS:
		dst = is_path(c, fn, op->dst);
		break;
	case FORM_DSS:
		if (op->flags >= BIN_COUNT)
			return bad(c, "bad operator %u", op->flags);
		src = src && is_value(ir, fn, ref_of(op->arg));
		break;
	case FORM_CALL:
		return check_call(c, fn, op);
	case FORM_S:
		dst = op->dst.kind == REF_NONE;
		break;
	case FORM_B:
		if (op->arg >= BLIND_COUNT)
			return bad(c, "bad reason %u", op->arg);
		dst = dst || op->dst.kind == REF_NONE;
		src = op->src.kind == REF_NONE;
		break;
	}
	if (!dst)
		return bad(c, "'%s' has a bad destination", op_name(op->kind));
	if (!src)
		return bad(c, "'%s' has a bad operand", op_name(op->kind));
	return NULL;
}

static const char *check_block(struct check *c, const struct fn *fn, const struct block *b)
{
	static const struct {
		uint32_t least, most;
	} nsucc[] = {[TERM_GOTO] = {1, 1},
		[TERM_IF] = {2, 2},
		[TERM_SWITCH] = {1, NONE},
		[TERM_RET] = {0, 0},
		[TERM_STOP] = {0, 0},
		[TERM_JUMP] = {0, NONE}};
	const struct ir *ir = c->ir;

	if (b->term >= COUNT(nsucc))
		return bad(c, "bad terminator %u", b->term);
	if (b->nsucc < nsucc[b->term].least || b->nsucc > nsucc[b->term].most)
		return bad(c, "the terminator cannot have %u successors", b->nsucc);
	if (!opt(b->loc, ir->nlocs))
		return bad(c, "no such loc");
	if (b->cond.rel > REL_NOBITS || !is_value(ir, fn, b->cond.lhs) ||
		!is_value(ir, fn, b->cond.rhs))
		return bad(c, "bad condition");
	if (!span(b->succ, b->nsucc, ir->nsuccs))
		return bad(c, "successors out of range");
	for (uint32_t i = 0; i < b->nsucc; i++)
		if (ir->succs[b->succ + i].block >= fn->nblock)
			return bad(c, "successor %u: no such block", i);
	return NULL;
}

/* The ops of the blocks, one after the other, are the ops of the function. */
static const char *check_body(struct check *c, const struct fn *fn)
{
	const struct ir *ir = c->ir;
	const char *msg;
	uint64_t at = fn->op, end = at + fn->nop;

	for (uint32_t i = 0; i < fn->nblock; i++) {
		const struct block *b = &ir->blocks[fn->block + i];

		c->at->block = fn->block + i;
		if (b->op != at || b->nop > end - at)
			return bad(c, "its ops do not follow those of the block before");
		for (uint32_t k = 0; k < b->nop; k++) {
			c->at->op = b->op + k;
			msg = check_op(c, fn, &ir->ops[b->op + k]);
			if (msg)
				return msg;
		}
		c->at->op = NONE;
		msg = check_block(c, fn, b);
		if (msg)
			return msg;
		at += b->nop;
	}
	c->at->block = NONE;
	if (at != end)
		return bad(c, "%u ops, but the blocks have fewer", fn->nop);
	return NULL;
}

static const char *check_fns(struct check *c)
{
	const struct ir *ir = c->ir;
	uint64_t nlocal = 0, nblock = 0, nop = 0;
	const char *msg;

	for (uint32_t i = 0; i < ir->nfns; i++)
		if (ir->fns[i].name >= ir->nstrs || ir->fns[i].key >= ir->nstrs)
			return bad(c, "function %u: bad name or key", i);
	for (uint32_t i = 0; i < ir->nfns; i++) {
		const struct fn *fn = &ir->fns[i];

		c->at->fn = i;
		if (fn->type != NONE &&
			(fn->type >= ir->ntypes || ir->types[fn->type].kind != TYPE_FN))
			return bad(c, "its type is not that of a function");
		if (!opt(fn->loc, ir->nlocs))
			return bad(c, "no such loc");
		if (!span(fn->attr, fn->nattr, ir->nattrs))
			return bad(c, "attributes out of range");
		if (!(fn->flags & FN_DEFINED) != !fn->nblock)
			return bad(c, fn->nblock ? "has blocks, but is not defined"
						 : "is defined, but has no blocks");
		if (fn->nblock && fn->nlocal < fn->nparam)
			return bad(c, "has fewer locals than parameters");
		if (!span(fn->local, fn->nlocal, ir->nlocals) ||
			!span(fn->block, fn->nblock, ir->nblocks) ||
			!span(fn->op, fn->nop, ir->nops))
			return bad(c, "locals, blocks or ops out of range");
		/* no two functions share any, so what follows is linear */
		nlocal += fn->nlocal;
		nblock += fn->nblock;
		nop += fn->nop;
		if (nlocal > ir->nlocals || nblock > ir->nblocks || nop > ir->nops)
			return bad(c, "shares locals, blocks or ops with another function");
		for (uint32_t k = 0; k < fn->nlocal; k++) {
			const struct local *l = &ir->locals[fn->local + k];

			if (l->name >= ir->nstrs || !opt(l->type, ir->ntypes) ||
				!opt(l->loc, ir->nlocs))
				return bad(c, "local %u: bad name, type or loc", k);
		}
		msg = check_body(c, fn);
		if (msg)
			return msg;
	}
	c->at->fn = NONE;
	return NULL;
}

const char *ir_check_form(const struct ir *ir, struct arena *a, struct check_at *at)
{
	static const char *(*const checks[])(struct check * c) = {
		check_places, check_types, check_records, check_globals, check_paths, check_fns};
	struct check c = {.ir = ir, .a = a, .at = at};
	const char *msg = NULL;

	*at = (struct check_at){NONE, NONE, NONE};
	for (size_t i = 0; i < COUNT(checks) && !msg; i++)
		msg = checks[i](&c);
	return msg;
}
