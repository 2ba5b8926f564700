/* ir_check.c - what ir.h states beyond the form (ir_form.c), for tests and for debug builds after
 * each stage: flags that exclude each other, temps that are assigned once, blocks that end as they
 * should.
 */
#include "ir/ir_int.h"

enum { ASSIGNED = 1, READ = 2 };

struct check {
	const struct ir *ir;
	struct arena *a;
	struct check_at *at;
	const struct fn *fn;
	uint8_t *seen; /* per local of fn: ASSIGNED, READ */
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

static const char *name_of(struct check *c, uint32_t local)
{
	const struct local *l = &c->ir->locals[c->fn->local + local];

	return *ir_text_of(c->ir, l->name) ? ir_text_of(c->ir, l->name)
					   : arena_printf(c->a, "%%%u", local);
}

/* ---- declarations ---- */

static const char *check_decls(struct check *c)
{
	const struct ir *ir = c->ir;

	for (uint32_t i = 0; i < ir->nlocs; i++) {
		const struct loc *l = &ir->locs[i];

		if (l->file != NONE && (!l->line || !l->col || l->end_col < l->col))
			return bad(c,
				"loc %u: line and columns begin at 1, and the end is behind the "
				"start",
				i);
	}
	for (uint32_t i = 0; i < ir->nrecords; i++)
		for (uint32_t k = 0; k < ir->records[i].nfield; k++)
			if (ir->fields[ir->records[i].field + k].index != k)
				return bad(c, "record '%s': field %u has another position",
					ir_text_of(ir, ir->records[i].name), k);
	for (uint32_t i = 0; i < ir->nglobals; i++)
		if (!(ir->globals[i].flags & GLOBAL_LOCAL) != (ir->globals[i].fn == NONE))
			return bad(c,
				"global '%s': a static local has a function, others have none",
				ir_text_of(ir, ir->globals[i].name));
	return NULL;
}

static const char *check_locals(struct check *c)
{
	for (uint32_t i = 0; i < c->fn->nlocal; i++) {
		const struct local *l = &c->ir->locals[c->fn->local + i];
		bool param = l->flags & LOCAL_PARAM;

		if (param != (i < c->fn->nparam))
			return bad(c, "'%s': the first %u locals are parameters, and no others",
				name_of(c, i), c->fn->nparam);
		if (l->flags & (LOCAL_TEMP | LOCAL_JOIN) && (param || *ir_text_of(c->ir, l->name)))
			return bad(c, "'%s' is a temp or join, so it has no name", name_of(c, i));
		if (l->flags & LOCAL_TEMP && l->flags & LOCAL_JOIN)
			return bad(c, "'%s' is a temp and a join", name_of(c, i));
	}
	return NULL;
}

/* ---- code ---- */

static void read_ref(struct check *c, struct ref r)
{
	if (r.kind == REF_LOCAL) {
		c->seen[r.id] |= READ;
	} else if (r.kind == REF_PATH) {
		const struct path *p = &c->ir->paths[r.id];

		read_ref(c, p->base);
		for (uint32_t i = 0; i < p->nstep; i++)
			if (c->ir->steps[p->step + i].kind == STEP_INDEX)
				read_ref(c, c->ir->steps[p->step + i].index);
	}
}

static const char *check_flags(struct check *c, const struct op *op)
{
	static const uint8_t access = OPF_ATOMIC | OPF_VOLATILE | OPF_RMW | OPF_MACRO;
	static const uint8_t allowed[OP_COUNT] = {
		[OP_LOAD] = access,
		[OP_STORE] = access | OPF_INIT,
		[OP_COPY] = OPF_INIT,
		[OP_ADDR] = OPF_DECAY | OPF_ARG,
		[OP_CALL] = OPF_IMPLICIT,
		[OP_ICALL] = OPF_IMPLICIT,
	};

	if (op->kind == OP_BIN || op->kind == OP_UN)
		return NULL;
	if (op->flags & ~(allowed[op->kind] | OPF_MACRO))
		return bad(c, "'%s' has a flag that is another op's", op_name(op->kind));
	return NULL;
}

static const char *check_op(struct check *c, const struct op *op, bool last)
{
	const struct ir *ir = c->ir;
	const char *msg = check_flags(c, op);

	if (msg)
		return msg;
	read_ref(c, op->src);
	if (op->kind == OP_BIN)
		read_ref(c, ref_of(op->arg));
	for (uint32_t i = 0; i < op->narg; i++)
		read_ref(c, ir->args[op->arg + i]);
	if (op->kind == OP_RET && !last)
		return bad(c, "'ret' is not the last op of a block that returns");
	if (op->dst.kind == REF_PATH)
		read_ref(c, op->dst);
	if (op->dst.kind == REF_LOCAL) {
		uint32_t flags = ir->locals[c->fn->local + op->dst.id].flags;

		if (flags & LOCAL_TEMP && c->seen[op->dst.id] & ASSIGNED)
			return bad(c, "the temp '%s' is assigned twice", name_of(c, op->dst.id));
		c->seen[op->dst.id] |= ASSIGNED;
	}
	if (op->kind == OP_ADDR) {
		uint32_t base = ir_addr_base(ir, c->fn, op->src.id);

		if (base != NONE && !(ir->locals[c->fn->local + base].flags & LOCAL_ADDR))
			return bad(c, "the address of '%s' is taken, but it has no flag addr",
				name_of(c, base));
	} else {
		struct ref r = op->kind == OP_LOAD    ? op->src
			       : op->kind == OP_STORE ? op->dst
						      : REF(NONE, 0);

		/* an atomic access has no other form than LOAD and STORE */
		if (r.kind == REF_PATH && !ir->paths[r.id].nstep && !(op->flags & OPF_ATOMIC) &&
			ir->paths[r.id].base.kind == REF_LOCAL)
			return bad(c, "the local '%s' is read and written by its name alone",
				name_of(c, ir->paths[r.id].base.id));
	}
	return NULL;
}

static const char *check_end(struct check *c, const struct block *b)
{
	const struct succ *s = c->ir->succs + b->succ;

	read_ref(c, b->cond.lhs);
	read_ref(c, b->cond.rhs);
	if (b->term != TERM_IF && (b->cond.rhs.kind || b->cond.rel))
		return bad(c, "a relation without an 'if'");
	if (b->term != TERM_IF && b->term != TERM_SWITCH && b->cond.lhs.kind)
		return bad(c, "a condition without an 'if' or 'switch'");
	if (b->term != TERM_SWITCH)
		return NULL;
	for (uint32_t i = 0; i + 1 < b->nsucc; i++)
		if (s[i].lo > s[i].hi)
			return bad(c, "case %u is empty", i);
	if (s[b->nsucc - 1].lo <= s[b->nsucc - 1].hi)
		return bad(c, "the last successor of a switch is the default");
	return NULL;
}

static const char *check_body(struct check *c)
{
	const struct ir *ir = c->ir;
	const struct fn *fn = c->fn;
	const char *msg;

	for (uint32_t i = 0; i < fn->nblock; i++) {
		const struct block *b = &ir->blocks[fn->block + i];

		c->at->block = fn->block + i;
		for (uint32_t k = 0; k < b->nop; k++) {
			c->at->op = b->op + k;
			msg = check_op(
				c, &ir->ops[b->op + k], k + 1 == b->nop && b->term == TERM_RET);
			if (msg)
				return msg;
		}
		c->at->op = NONE;
		msg = check_end(c, b);
		if (msg)
			return msg;
	}
	c->at->block = NONE;
	for (uint32_t i = 0; i < fn->nlocal; i++)
		if (ir->locals[fn->local + i].flags & LOCAL_TEMP && c->seen[i] == READ)
			return bad(c, "the temp '%s' is read and never assigned", name_of(c, i));
	return NULL;
}

const char *ir_check_meaning(const struct ir *ir, struct arena *a, struct check_at *at)
{
	struct check c = {.ir = ir, .a = a, .at = at};
	struct arena *scratch = arena_new();
	const char *msg;

	*at = (struct check_at){NONE, NONE, NONE};
	msg = check_decls(&c);
	for (uint32_t i = 0; i < ir->nfns && !msg; i++) {
		c.fn = &ir->fns[i];
		if (!c.fn->nblock)
			continue;
		at->fn = i;
		arena_reset(scratch);
		c.seen = arena_alloc(scratch, c.fn->nlocal);
		msg = check_locals(&c);
		if (!msg)
			msg = check_body(&c);
	}
	if (!msg)
		at->fn = NONE;
	arena_free(scratch);
	return msg;
}

static void put_place(const struct ir *ir, uint32_t loc, struct sb *out)
{
	const struct loc *l = loc == NONE ? NULL : &ir->locs[loc];

	if (l && l->file != NONE)
		sb_printf(out, "%s:%u:%u: ", ir_text_of(ir, ir->files[l->file].path), l->line,
			l->col);
}

const char *ir_check(const struct ir *ir, struct arena *a)
{
	struct check_at at;
	struct sb out = {0};
	const char *msg = ir_check_form(ir, a, &at);
	bool formed = !msg;
	char *text;

	if (formed)
		msg = ir_check_meaning(ir, a, &at);
	if (!msg)
		return "";
	/* ids can be followed only if the form is good */
	if (formed && at.op != NONE)
		put_place(ir, ir->ops[at.op].loc, &out);
	else if (formed && at.block != NONE)
		put_place(ir, ir->blocks[at.block].loc, &out);
	else if (formed && at.fn != NONE)
		put_place(ir, ir->fns[at.fn].loc, &out);
	if (at.fn != NONE)
		sb_printf(&out, "in '%s'", ir_text_of(ir, ir->fns[at.fn].name));
	if (at.block != NONE)
		sb_printf(&out, ", b%u", at.block - ir->fns[at.fn].block);
	if (at.op != NONE)
		sb_printf(&out, ", op %u", at.op - ir->blocks[at.block].op);
	if (formed && at.op != NONE) {
		sb_puts(&out, " (");
		ir_print_op(ir, at.fn, at.op, &out);
		sb_putc(&out, ')');
	}
	sb_printf(&out, "%s%s", out.n ? ": " : "", msg);
	text = arena_strdup(a, out.s);
	sb_free(&out);
	return text;
}
