/* lower_stmt.c - statements.
 */
#include "front/lower_int.h"

/* ---- loops ---- */

static void mark_loop(struct lower *l, uint32_t head, uint32_t n)
{
	l->b->bbs.v[head].flags |= BLOCK_LOOP | (is_macro_body(l, n) ? BLOCK_MACRO : 0);
}

/* The body, with break and continue going to these blocks. */
static void loop_body(struct lower *l, uint32_t body, uint32_t brk, uint32_t cont)
{
	struct builder *b = l->b;
	struct jumps outer = b->jumps;

	b->jumps = (struct jumps){brk, b->cleanup, cont, b->cleanup};
	if (body != NONE)
		lower_stmt(l, body);
	b->jumps = outer;
}

/* while and for: head: if (cond) { body; next: inc; goto head } exit. Each part may be NONE. */
static void loop(struct lower *l, uint32_t n, uint32_t cond, uint32_t inc, uint32_t body)
{
	uint32_t head = block_new(l), exit = block_new(l), next = inc == NONE ? head : block_new(l);
	uint32_t inside;
	bool ever = true, always = cond == NONE;
	int64_t v;

	if (cond != NONE && fold(l, cond, &v)) {
		ever = v != 0;
		always = ever;
	}
	block_place(l, head);
	if (ever)
		mark_loop(l, head, n);
	if (!always) {
		inside = block_new(l);
		lower_cond(l, cond, inside, exit);
		block_place(l, inside);
	}
	loop_body(l, body, exit, next);
	if (inc != NONE) {
		block_join(l, next);
		if (l->b->cur != NONE)
			lower_effect(l, inc);
	}
	end_goto(l, head, NONE);
	block_join(l, exit);
}

static void lower_do(struct lower *l, uint32_t n)
{
	uint32_t body = child(l, n, 0), cond = child(l, n, 1);
	uint32_t head = block_new(l), check = block_new(l), exit = block_new(l);
	bool once;
	int64_t v;

	if (cond == NONE)
		return;
	once = fold(l, cond, &v) && !v; /* do { } while (0) is no loop */
	block_place(l, head);
	if (!once)
		mark_loop(l, head, n);
	loop_body(l, body, exit, check);
	block_join(l, check);
	if (l->b->cur != NONE && !once)
		lower_cond(l, cond, head, exit);
	block_join(l, exit);
}

/* ---- for ---- */

struct parts {
	uint32_t init, cond, inc, body;
};

/* Does the text after "for (" begin with a semicolon, or with two? */
static uint32_t leading_semicolons(struct lower *l, uint32_t n)
{
	struct place p = place_spelling(l, lc.getCursorLocation(node_cursor(l, n)));
	const char *s, *end;
	uint32_t k = 0;

	if (!p.src)
		return 0;
	s = p.src->text + p.off;
	end = p.src->text + p.src->size;
	s = skip_space(s + ident_len(s, (size_t)(end - s)), end);
	if (s == end || *s != '(')
		return 0;
	for (s = skip_space(s + 1, end); s < end && *s == ';'; s = skip_space(s + 1, end))
		k++;
	return k;
}

/* Of `init; X` and a body: is X the condition? Semicolons decide; what lies in macros by its looks.
 */
static bool is_condition(struct lower *l, uint32_t init, uint32_t x)
{
	CXSourceRange range = lc.getCursorExtent(node_cursor(l, init));
	struct place a = place_spelling(l, lc.getRangeEnd(range));
	struct place b = place_spelling(l, lc.getCursorLocation(node_cursor(l, x)));
	enum CXUnaryOperatorKind k;
	const char *s, *end;

	if (a.src && a.src == b.src && a.off < b.off) {
		s = a.src->text + a.off;
		end = a.src->text + b.off;
		s = memchr(s - (s > a.src->text && s[-1] == ';'), ';', (size_t)(end - s) + 1);
		return s && *skip_space(s + 1, end + 1) != ';';
	}
	x = strip(l, x);
	switch (kind_of(l, x)) {
	case CXCursor_UnaryOperator:
		k = un_kind(l, x);
		return k != CXUnaryOperator_PostInc && k != CXUnaryOperator_PostDec &&
		       k != CXUnaryOperator_PreInc && k != CXUnaryOperator_PreDec;
	case CXCursor_CompoundAssignOperator:
		return false;
	case CXCursor_BinaryOperator:
		return bin_kind(l, x) != CXBinaryOperator_Assign &&
		       bin_kind(l, x) != CXBinaryOperator_Comma;
	}
	return true;
}

/* libclang leaves out the parts of a for that are absent. */
static struct parts for_parts(struct lower *l, uint32_t n)
{
	struct parts p = {NONE, NONE, NONE, NONE};
	uint32_t k = nchild(l, n), a = child(l, n, 0), b = child(l, n, 1), semicolons;

	p.body = last_child(l, n);
	if (k == 4) {
		p.init = a;
		p.cond = b;
		p.inc = child(l, n, 2);
	} else if (k == 2 || k == 3) {
		semicolons = kind_of(l, a) == CXCursor_DeclStmt ? 0 : leading_semicolons(l, n);
		if (semicolons == 0) {
			p.init = a;
			if (k == 3 && is_condition(l, a, b))
				p.cond = b;
			else if (k == 3)
				p.inc = b;
		} else if (semicolons == 1) {
			p.cond = a;
			if (k == 3)
				p.inc = b;
		} else {
			p.inc = a;
		}
	}
	return p;
}

static void lower_for(struct lower *l, uint32_t n)
{
	struct parts p = for_parts(l, n);
	uint32_t outer = l->b->cleanup;

	if (p.init != NONE)
		lower_stmt(l, p.init);
	loop(l, n, p.cond, p.inc, p.body);
	cleanup_run(l, outer, node_loc(l, n));
	l->b->cleanup = outer;
}

/* ---- if, switch ---- */

static void lower_if(struct lower *l, uint32_t n)
{
	uint32_t end = block_new(l), yes, no, then, other;

	for (;;) { /* else if */
		then = child(l, n, 1);
		if (then == NONE)
			break;
		other = child(l, n, 2);
		yes = block_new(l);
		no = other == NONE ? end : block_new(l);
		lower_cond(l, n + 1, yes, no);
		block_place(l, yes);
		lower_stmt(l, then);
		end_goto(l, end, NONE);
		if (other == NONE)
			break;
		block_place(l, no);
		if (kind_of(l, other) != CXCursor_IfStmt) {
			lower_stmt(l, other);
			break;
		}
		n = other;
	}
	block_join(l, end);
}

static void lower_switch(struct lower *l, uint32_t n)
{
	struct builder *b = l->b;
	struct jumps outer = b->jumps;
	struct sw sw = {.outer = b->sw, .fallback = NONE};
	uint32_t head, body = last_child(l, n), exit = block_new(l), loc = node_loc(l, n);
	struct ref v;
	struct bb *bb;

	if (body == NONE || body == n + 1)
		return;
	v = lower_value(l, n + 1);
	block_here(l);
	head = b->cur;
	end_block(l, TERM_SWITCH, loc)->cond = (struct cond){.lhs = v};
	b->sw = &sw;
	b->jumps.brk = exit;
	b->jumps.brk_cleanup = b->cleanup;
	lower_stmt(l, body);
	end_goto(l, exit, NONE);
	b->jumps = outer;
	b->sw = sw.outer;

	bb = &b->bbs.v[head];
	bb->succ = b->succs.n;
	bb->nsucc = sw.cases.n + 1;
	for (uint32_t i = 0; i < sw.cases.n; i++)
		vec_add(&b->succs, sw.cases.v[i]);
	if (sw.fallback == NONE) {
		sw.fallback = exit;
		b->bbs.v[exit].nref++;
	}
	vec_add(&b->succs, ((struct succ){.block = sw.fallback, .lo = 1, .hi = 0}));
	vec_free(&sw.cases);
	block_join(l, exit);
}

/* clang's word is better in a constant expression: htons(80) asks __builtin_constant_p, which is 0
 * to fold(). */
static bool case_value(struct lower *l, uint32_t n, int64_t *v)
{
	return fold(l, n, v) || evaluate(l, n, v);
}

static void add_case(struct lower *l, uint32_t n, uint32_t block)
{
	uint32_t k = nchild(l, n);
	struct succ s = {.block = block, .lo = INT64_MIN, .hi = INT64_MAX};

	if (!l->b->sw || k < 2)
		return;
	if (!case_value(l, n + 1, &s.lo))
		emit_blind(l, BLIND_EXPR, node_loc(l, n));
	else if (k < 3 || !case_value(l, child(l, n, 1), &s.hi) || s.hi < s.lo)
		s.hi = s.lo;
	vec_add(&l->b->sw->cases, s);
}

/* case 1: case 2: default: statement */
static uint32_t lower_cases(struct lower *l, uint32_t n)
{
	uint32_t block = block_new(l);

	l->b->bbs.v[block].nref++; /* by the switch */
	block_place(l, block);
	while (n != NONE &&
		(kind_of(l, n) == CXCursor_CaseStmt || kind_of(l, n) == CXCursor_DefaultStmt)) {
		if (kind_of(l, n) == CXCursor_CaseStmt)
			add_case(l, n, block);
		else if (l->b->sw)
			l->b->sw->fallback = block;
		n = last_child(l, n);
	}
	return n;
}

/* ---- declarations ---- */

static void size_effects(struct lower *l, uint32_t n, uint32_t init)
{
	for_each_child(l, c, n)
		if (c != init)
			lower_effect(l, c);
}

static void lower_static(struct lower *l, uint32_t n, CXCursor var, bool init)
{
	struct builder *b = l->b;
	uint32_t global = global_of(l, var);

	if (!init)
		return;
	l->b = l->init;
	lower_initialiser(
		l, lv_of(l, REF(GLOBAL, global), l->ir->globals[global].type), last_child(l, n));
	l->b = b;
}

static void lower_var(struct lower *l, uint32_t n)
{
	CXCursor var = node_cursor(l, n);
	enum CX_StorageClass sc = lc.Cursor_getStorageClass(var);
	CXCursor init = lc.Cursor_getVarDeclInitializer(var);
	bool has_init = init.kind >= CXCursor_FirstExpr && init.kind <= CXCursor_LastExpr &&
			last_child(l, n) != NONE;
	uint32_t local, type, loc, name;
	CXString s;

	if (sc == CX_SC_Extern)
		return;
	if (sc == CX_SC_Static) {
		lower_static(l, n, var, has_init);
		return;
	}
	type = type_of(l, lc.getCursorType(var));
	type_fill(l, type);
	if (lc.getCanonicalType(lc.getCursorType(var)).kind == CXType_VariableArray)
		size_effects(l, n, has_init ? last_child(l, n) : NONE);
	s = lc.getCursorSpelling(var);
	name = ir_str(l->ir, lc.getCString(s));
	lc.disposeString(s);
	loc = cursor_loc(l, var);
	local = new_local(l, name, type, 0, loc);
	map_put(&l->b->var_of, (uintptr_t)var.data[0], local);
	if (has_init)
		lower_initialiser(l, lv_of(l, REF(LOCAL, local), type), last_child(l, n));
	if (lc.Cursor_hasAttrs(var)) {
		struct annot a = annot_read(l, var);

		if (a.cleanup != NONE)
			cleanup_push(l, local, a.cleanup, loc);
	}
}

/* ---- jumps out ---- */

static void lower_return(struct lower *l, uint32_t n)
{
	uint32_t c = child(l, n, 0), loc = node_loc(l, n);
	struct ref r = no_ref(), t;

	if (c != NONE && type_at(l, l->b->result)->kind == TYPE_VOID)
		lower_effect(l, c);
	else if (c != NONE)
		r = lower_value(l, c);
	if (l->b->cur == NONE)
		return;
	if (r.kind == REF_LOCAL && l->b->cleanup != NONE && l->b->locals.v[r.id].name) {
		t = new_temp(l, ref_type(l, r), loc); /* the value before it is cleaned up */
		emit(l, OP_COPY, 0, t, r, loc);
		r = t;
	}
	cleanup_run(l, NONE, loc);
	emit(l, OP_RET, 0, no_ref(), r, loc);
	end_block(l, TERM_RET, loc);
}

/* ---- statements ---- */

struct ref lower_compound(struct lower *l, uint32_t n, enum use use)
{
	struct builder *b = l->b;
	uint32_t outer = b->cleanup, last = use == VALUE ? last_child(l, n) : NONE;
	struct ref r = no_ref(), t;

	for_each_child(l, c, n) {
		while (c == last && kind_of(l, c) == CXCursor_LabelStmt && child(l, c, 0) != NONE) {
			lower_label(l, c);
			c = last = child(l, c, 0);
		}
		if (c == last && kind_of(l, c) < CXCursor_FirstStmt)
			r = lower_value(l, c);
		else
			lower_stmt(l, c);
	}
	if (b->cleanup != outer) {
		if (b->cur != NONE && r.kind == REF_LOCAL && b->locals.v[r.id].name) {
			t = new_temp(l, ref_type(l, r), NONE);
			emit(l, OP_COPY, 0, t, r, NONE);
			r = t;
		}
		if (b->cur != NONE)
			cleanup_run(l, outer,
				loc_of(l, lc.getRangeEnd(lc.getCursorExtent(node_cursor(l, n)))));
		b->cleanup = outer;
	}
	return r;
}

static void stmt(struct lower *l, uint32_t n)
{
	uint32_t k = kind_of(l, n), c;

	switch (k) {
	case CXCursor_CompoundStmt:
		lower_compound(l, n, EFFECT);
		break;
	case CXCursor_DeclStmt:
		for_each_child(l, var, n)
			if (kind_of(l, var) == CXCursor_VarDecl)
				lower_var(l, var);
		break;
	case CXCursor_NullStmt:
		break;
	case CXCursor_IfStmt:
		lower_if(l, n);
		break;
	case CXCursor_WhileStmt:
		loop(l, n, child(l, n, 0), NONE, child(l, n, 1));
		break;
	case CXCursor_DoStmt:
		lower_do(l, n);
		break;
	case CXCursor_ForStmt:
		lower_for(l, n);
		break;
	case CXCursor_SwitchStmt:
		lower_switch(l, n);
		break;
	case CXCursor_CaseStmt:
	case CXCursor_DefaultStmt:
		c = lower_cases(l, n);
		if (c != NONE)
			lower_stmt(l, c);
		break;
	case CXCursor_LabelStmt:
		lower_label(l, n);
		c = child(l, n, 0);
		if (c != NONE)
			lower_stmt(l, c);
		break;
	case CXCursor_GotoStmt:
		lower_goto(l, n);
		break;
	case CXCursor_IndirectGotoStmt:
		lower_indirect_goto(l, n);
		break;
	case CXCursor_BreakStmt:
		jump_to(l, l->b->jumps.brk, l->b->jumps.brk_cleanup, node_loc(l, n));
		break;
	case CXCursor_ContinueStmt:
		jump_to(l, l->b->jumps.cont, l->b->jumps.cont_cleanup, node_loc(l, n));
		break;
	case CXCursor_ReturnStmt:
		lower_return(l, n);
		break;
	case CXCursor_GCCAsmStmt:
		lower_asm(l, n);
		break;
	case CXCursor_MSAsmStmt:
		emit_blind(l, BLIND_ASM, node_loc(l, n));
		break;
	case CXCursor_UnexposedStmt: /* [[attribute]] statement */
		c = last_child(l, n);
		if (c != NONE)
			lower_stmt(l, c);
		break;
	default:
		if (k < CXCursor_FirstStmt) {
			lower_effect(l, n);
			break;
		}
		emit_blind(l, k >= CXCursor_OMPParallelDirective ? BLIND_OMP : BLIND_EXPR,
			node_loc(l, n));
		for_each_child(l, part, n)
			lower_stmt(l, part);
	}
}

void lower_stmt(struct lower *l, uint32_t n)
{
	if (!enter(l, n))
		return;
	stmt(l, n);
	leave(l);
}
