/* lower_expr.c - values of expressions.
 *
 * A value is a constant, a local, a string or a function; what has to be computed or read ends in a
 * temp. Reading a local is naming it, so no op tells of it. Casts leave no trace, except that a
 * constant is cut to the width of its new type. Values that the IR has no words for (floating
 * point, label addresses) are REF_NONE, "not known".
 */
#include "front/lower_int.h"

bool enter(struct lower *l, uint32_t n)
{
	if (l->depth < MAX_DEPTH) {
		l->depth++;
		return true;
	}
	emit_blind(l, BLIND_NEST, node_loc(l, n));
	return false;
}

enum CXBinaryOperatorKind bin_kind(const struct lower *l, uint32_t n)
{
	return lc.getCursorBinaryOperatorKind(node_cursor(l, n));
}

enum CXUnaryOperatorKind un_kind(const struct lower *l, uint32_t n)
{
	return lc.getCursorUnaryOperatorKind(node_cursor(l, n));
}

bool bin_of(enum CXBinaryOperatorKind k, uint8_t *bin)
{
	static const uint8_t table[] = {[CXBinaryOperator_Mul] = BIN_MUL,
		[CXBinaryOperator_Div] = BIN_DIV,
		[CXBinaryOperator_Rem] = BIN_MOD,
		[CXBinaryOperator_Sub] = BIN_SUB,
		[CXBinaryOperator_Shl] = BIN_SHL,
		[CXBinaryOperator_Shr] = BIN_SHR,
		[CXBinaryOperator_LT] = BIN_LT,
		[CXBinaryOperator_GT] = BIN_GT,
		[CXBinaryOperator_LE] = BIN_LE,
		[CXBinaryOperator_GE] = BIN_GE,
		[CXBinaryOperator_EQ] = BIN_EQ,
		[CXBinaryOperator_NE] = BIN_NE,
		[CXBinaryOperator_And] = BIN_AND,
		[CXBinaryOperator_Xor] = BIN_XOR,
		[CXBinaryOperator_Or] = BIN_OR,
		[CXBinaryOperator_MulAssign] = BIN_MUL,
		[CXBinaryOperator_DivAssign] = BIN_DIV,
		[CXBinaryOperator_RemAssign] = BIN_MOD,
		[CXBinaryOperator_SubAssign] = BIN_SUB,
		[CXBinaryOperator_ShlAssign] = BIN_SHL,
		[CXBinaryOperator_ShrAssign] = BIN_SHR,
		[CXBinaryOperator_AndAssign] = BIN_AND,
		[CXBinaryOperator_XorAssign] = BIN_XOR,
		[CXBinaryOperator_OrAssign] = BIN_OR};

	*bin = (size_t)k < COUNT(table) ? table[k] : 0;
	return *bin || k == CXBinaryOperator_Add || k == CXBinaryOperator_AddAssign;
}

/* ---- what libclang calls an unexposed expression ---- */

static bool is_expr(uint32_t kind)
{
	return kind >= CXCursor_FirstExpr && kind <= CXCursor_LastExpr;
}

static uint32_t only_child(const struct lower *l, uint32_t n)
{
	uint32_t c = n + 1;

	return l->node.v[n].end > c && l->node.v[c].end == l->node.v[n].end ? c : NONE;
}

/* What is left of an expression with an error in it. */
static bool is_recovered(struct lower *l, uint32_t n)
{
	return l->nerror && lc.getCursorType(node_cursor(l, n)).kind == CXType_Dependent;
}

/* va_arg(ap, T) looks like an implicit cast of ap to T. A cast of a variable, member or call shows
 * what it refers to, va_arg does not, so that types are rarely asked for. */
static bool is_va_arg(struct lower *l, uint32_t n)
{
	enum CXCursorKind k;

	if (!l->seen_va_list)
		return false;
	k = lc.getCursorReferenced(node_cursor(l, n)).kind;
	if (k >= CXCursor_FirstDecl && k <= CXCursor_LastDecl)
		return false;
	return type_is_va_list(l, node_type(l, n + 1)) && !type_is_va_list(l, node_type(l, n));
}

uint32_t strip(struct lower *l, uint32_t n)
{
	for (;;) {
		uint32_t c = only_child(l, n), k = kind_of(l, n);

		if (c == NONE || !is_expr(kind_of(l, c)) ||
			(k != CXCursor_ParenExpr && k != CXCursor_UnexposedExpr) ||
			(k == CXCursor_UnexposedExpr && (is_recovered(l, n) || is_va_arg(l, n))))
			return n;
		n = c;
	}
}

static uint32_t generic_choice(struct lower *l, uint32_t n)
{
	CXType want = lc.getCursorType(node_cursor(l, n)), canon = lc.getCanonicalType(want), t;
	uint32_t match = NONE;

	for (uint32_t c = l->node.v[n + 1].end; c < l->node.v[n].end; c = l->node.v[c].end) {
		t = lc.getCursorType(node_cursor(l, c));
		if (t.data[0] == want.data[0])
			return c;
		if (match == NONE && lc.getCanonicalType(t).data[0] == canon.data[0])
			match = c;
	}
	return match;
}

uint32_t chosen_generic(struct lower *l, uint32_t n)
{
	uint32_t a, b;
	int64_t v;

	if (l->node.v[n].end == n + 1)
		return NONE;
	if (kind_of(l, n) == CXCursor_GenericSelectionExpr)
		return generic_choice(l, n);
	a = child(l, n, 1);
	b = child(l, n, 2);
	if (kind_of(l, n) != CXCursor_UnexposedExpr || b == NONE ||
		l->node.v[b].end != l->node.v[n].end ||
		!spelled_as(l, lc.getCursorLocation(node_cursor(l, n)), "__builtin_choose_expr"))
		return NONE;
	return fold(l, n + 1, &v) ? v ? a : b : NONE;
}

static struct ref lower_va_arg(struct lower *l, uint32_t n)
{
	uint32_t loc = node_loc(l, n);
	struct ref ap = as_local(l, lower_value(l, n + 1), NONE, loc);
	struct ref t = new_temp(l, node_type(l, n), loc);

	emit(l, OP_VAARG, 0, t, ap, loc);
	return t;
}

static void effects_below(struct lower *l, uint32_t n)
{
	for_each_child(l, c, n)
		if (is_expr(kind_of(l, c)))
			lower_effect(l, c);
}

static struct ref lower_unexposed(struct lower *l, uint32_t n)
{
	CXCursor cursor = node_cursor(l, n);
	uint32_t args[8], narg = 0, c;
	char name[64];
	int64_t v;

	if (is_recovered(l, n)) {
		effects_below(l, n);
		emit_blind(l, BLIND_ERROR, node_loc(l, n));
		return no_ref();
	}
	if (only_child(l, n) != NONE && is_expr(kind_of(l, n + 1))) /* else strip() had gone on */
		return lower_va_arg(l, n);
	if (l->node.v[n].end == n + 1 || kind_of(l, n + 1) == CXCursor_MemberRef) {
		if (evaluate(l, n, &v))
			return const_ref(l, v);
		effects_below(l, n);
		return no_ref();
	}
	if (is_elvis(l, n))
		return lower_elvis(l, n, VALUE);
	spelled_ident(l, lc.getCursorLocation(cursor), name, sizeof name);
	if (is_atomic_name(name)) {
		for_each_child(l, arg, n)
			if (narg < COUNT(args) && is_expr(kind_of(l, arg)))
				args[narg++] = arg;
		return lower_atomic(l, n, name, args, narg);
	}
	c = chosen_generic(l, n);
	if (c != NONE)
		return lower_value(l, c);
	if (!strcmp(name, "va_arg") || !strcmp(name, "__builtin_va_arg"))
		return lower_va_arg(l, n);
	effects_below(l, n);
	if (strncmp(name, "__builtin_", 10)) /* vectors */
		emit_blind(l, BLIND_EXPR, node_loc(l, n));
	return no_ref();
}

/* ---- operators ---- */

struct ref lower_assign(struct lower *l, uint32_t n)
{
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1), loc;
	struct ref r;
	struct lv lv;

	if (rhs == NONE)
		return no_ref();
	r = lower_value(l, rhs);
	lv = lower_lvalue(l, lhs);
	loc = node_loc(l, strip(l, lhs));
	emit_store(l, lv, r, 0, loc);
	lv_drop(l, &lv);
	return lv_is_local(&lv) ? lv.base : r;
}

enum update { OLD, NEW, UNUSED }; /* what the expression's value is */

static struct ref update(struct lower *l, uint32_t lhs, uint8_t op, struct ref r, enum update want)
{
	struct lv lv = lower_lvalue(l, lhs);
	uint32_t loc = node_loc(l, strip(l, lhs));
	struct ref old, new;

	if (lv_is_local(&lv)) {
		old = lv.base;
		if (want == OLD) {
			old = new_temp(l, lv.type, loc);
			emit(l, OP_COPY, 0, old, lv.base, loc);
		}
		emit_copy(l, lv.base.id, emit_bin(l, op, lv.base, r, lv.type, loc), loc);
		new = lv.base;
	} else {
		old = emit_load(l, lv, OPF_RMW, loc);
		new = emit_bin(l, op, old, r, lv.type, loc);
		emit_store(l, lv, new, OPF_RMW, loc);
	}
	lv_drop(l, &lv);
	return want == OLD ? old : new;
}

static struct ref lower_compound_assign(struct lower *l, uint32_t n, enum update want)
{
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1);
	uint8_t op;

	if (rhs == NONE || !bin_of(bin_kind(l, n), &op))
		return no_ref();
	return update(l, lhs, op, lower_value(l, rhs), want);
}

static struct ref address(struct lower *l, uint32_t n, uint8_t flags)
{
	uint32_t operand = child(l, n, 0);
	struct lv lv;
	struct ref r;

	if (operand == NONE)
		return no_ref();
	lv = lower_lvalue(l, operand);
	r = emit_addr(l, lv, flags, node_type(l, n), node_loc(l, strip(l, operand)));
	lv_drop(l, &lv);
	return r;
}

static struct ref unary(struct lower *l, uint32_t n, uint8_t op, uint32_t operand)
{
	struct ref r, t;
	int64_t v;

	if (fold(l, n, &v))
		return const_ref(l, v);
	r = lower_value(l, operand);
	if (r.kind == REF_NONE)
		return r;
	t = new_temp(l, node_type(l, n), node_loc(l, n));
	emit(l, OP_UN, op, t, r, node_loc(l, n));
	return t;
}

/* x++, --x and the like, of which the IR has x + 1 and x - 1. */
static struct ref step(struct lower *l, uint32_t n, enum update want)
{
	enum CXUnaryOperatorKind k = un_kind(l, n);

	return update(l, child(l, n, 0),
		k == CXUnaryOperator_PostInc || k == CXUnaryOperator_PreInc ? BIN_ADD : BIN_SUB,
		const_ref(l, 1), want);
}

void lower_update(struct lower *l, uint32_t n)
{
	if (kind_of(l, n) == CXCursor_CompoundAssignOperator)
		lower_compound_assign(l, n, UNUSED);
	else
		step(l, n, UNUSED);
}

static struct ref lower_unary(struct lower *l, uint32_t n)
{
	uint32_t c = child(l, n, 0);

	if (c == NONE)
		return no_ref();
	switch (un_kind(l, n)) {
	case CXUnaryOperator_PreInc:
	case CXUnaryOperator_PreDec:
		return step(l, n, NEW);
	case CXUnaryOperator_PostInc:
	case CXUnaryOperator_PostDec:
		return step(l, n, OLD);
	case CXUnaryOperator_AddrOf:
		return address(l, n, 0);
	case CXUnaryOperator_Deref:
		return read_lvalue(l, lower_lvalue(l, n), n, 0);
	case CXUnaryOperator_Minus:
		return unary(l, n, UN_NEG, c);
	case CXUnaryOperator_Not:
		return unary(l, n, UN_NOT, c);
	case CXUnaryOperator_LNot:
		return unary(l, n, UN_LNOT, c);
	case CXUnaryOperator_Plus:
	case CXUnaryOperator_Extension:
		return lower_value(l, c);
	default: /* __real__, __imag__ */
		lower_effect(l, c);
		return no_ref();
	}
}

static struct ref lower_binary(struct lower *l, uint32_t n)
{
	enum CXBinaryOperatorKind k = bin_kind(l, n);
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1), type;
	struct ref a, b;
	uint8_t op;
	int64_t v;

	if (rhs == NONE)
		return no_ref();
	switch (k) {
	case CXBinaryOperator_Assign:
		return lower_assign(l, n);
	case CXBinaryOperator_Comma:
		lower_effect(l, lhs);
		return lower_value(l, rhs);
	case CXBinaryOperator_LAnd:
	case CXBinaryOperator_LOr:
		return lower_bool(l, n);
	default:
		break;
	}
	a = lower_value(l, lhs);
	b = lower_value(l, rhs);
	if (!bin_of(k, &op))
		return no_ref();
	if (a.kind == REF_CONST && b.kind == REF_CONST &&
		fold_operator(l, n, op, const_of(l, a), const_of(l, b), &v))
		return const_ref(l, v);
	type = op >= BIN_EQ ? l->type_int : node_type(l, n);
	if (type_at(l, type)->kind == TYPE_FLOAT || (a.kind == REF_NONE && b.kind == REF_NONE))
		return no_ref();
	return emit_bin(l, op, a, b, type, node_loc(l, n));
}

static struct ref lower_cast(struct lower *l, uint32_t n)
{
	uint32_t c = last_child(l, n), type;
	struct ref r;

	if (c == NONE)
		return no_ref();
	type = node_type(l, n);
	if (type_at(l, type)->kind == TYPE_VOID) {
		lower_effect(l, c);
		return no_ref();
	}
	r = lower_value(l, c);
	return r.kind == REF_CONST ? const_ref(l, wrap(l, type, const_of(l, r))) : r;
}

/* What a string literal means, from the way clang spells it: "abc\n\001" or L"abc". */
static uint32_t unescape(struct lower *l, const char *s)
{
	enum { MAX_STRING = 4096 };
	static const char letters[] = "abfnrtv", bytes[] = "\a\b\f\n\r\t\v";
	char out[MAX_STRING];
	size_t n = 0;

	s = strchr(s, '"');
	if (!s)
		return 0;
	for (s++; *s && *s != '"' && n < sizeof out; s++) {
		const char *at;
		unsigned c = 0;

		if (*s != '\\' || !s[1]) {
			out[n++] = *s;
			continue;
		}
		s++;
		at = strchr(letters, *s);
		if (*s >= '0' && *s <= '7') {
			for (int i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
				c = c * 8 + (unsigned)(*s++ - '0');
			s--;
			out[n++] = (char)c;
		} else {
			out[n++] = at ? bytes[at - letters] : *s;
		}
	}
	return ir_strn(l->ir, out, n);
}

static struct ref lower_string(struct lower *l, uint32_t n)
{
	CXString s = lc.getCursorSpelling(node_cursor(l, n));
	const char *text = lc.getCString(s);
	uint32_t id = text ? unescape(l, text) : 0;

	lc.disposeString(s);
	return REF(STR, id);
}

static struct ref lower_decl_ref(struct lower *l, uint32_t n)
{
	CXCursor ref = lc.getCursorReferenced(node_cursor(l, n));

	switch (ref.kind) {
	case CXCursor_EnumConstantDecl:
		return REF(CONST, enum_const(l, ref));
	case CXCursor_FunctionDecl:
	case CXCursor_VarDecl:
	case CXCursor_ParmDecl:
		return read_lvalue(l, lower_lvalue(l, n), n, 0);
	default:
		emit_blind(l, BLIND_EXPR, node_loc(l, n));
		return no_ref();
	}
}

/* ---- values ---- */

static struct ref value(struct lower *l, uint32_t n)
{
	uint32_t c;
	int64_t v;

	switch (kind_of(l, n)) {
	case CXCursor_IntegerLiteral:
	case CXCursor_CharacterLiteral:
	case CXCursor_CXXBoolLiteralExpr:
	case CXCursor_CXXNullPtrLiteralExpr:
	case CXCursor_UnaryExpr:
		return fold(l, n, &v) ? const_ref(l, v) : no_ref();
	case CXCursor_FloatingLiteral:
	case CXCursor_ImaginaryLiteral:
	case CXCursor_FixedPointLiteral:
		return no_ref();
	case CXCursor_StringLiteral:
		return lower_string(l, n);
	case CXCursor_DeclRefExpr:
		return lower_decl_ref(l, n);
	case CXCursor_MemberRefExpr:
	case CXCursor_ArraySubscriptExpr:
	case CXCursor_CompoundLiteralExpr:
		return read_lvalue(l, lower_lvalue(l, n), n, 0);
	case CXCursor_CallExpr:
		return lower_call(l, n, VALUE);
	case CXCursor_UnaryOperator:
		return lower_unary(l, n);
	case CXCursor_BinaryOperator:
		return lower_binary(l, n);
	case CXCursor_CompoundAssignOperator:
		return lower_compound_assign(l, n, NEW);
	case CXCursor_ConditionalOperator:
		return lower_ternary(l, n, VALUE);
	case CXCursor_CStyleCastExpr:
		return lower_cast(l, n);
	case CXCursor_StmtExpr:
		c = child(l, n, 0);
		return c == NONE ? no_ref() : lower_compound(l, c, VALUE);
	case CXCursor_AddrLabelExpr:
		c = child(l, n, 0);
		if (c != NONE)
			label_taken(l, c);
		return no_ref();
	case CXCursor_InitListExpr:
		c = child(l, n, 0);
		if (c == NONE)
			return const_ref(l, 0);
		if (only_child(l, n) != NONE) /* of a scalar */
			return lower_value(l, c);
		effects_below(l, n); /* of a vector */
		return no_ref();
	case CXCursor_GenericSelectionExpr:
		c = chosen_generic(l, n);
		if (c != NONE)
			return lower_value(l, c);
		break;
	case CXCursor_UnexposedExpr:
		return lower_unexposed(l, n);
	}
	effects_below(l, n);
	emit_blind(l, BLIND_EXPR, node_loc(l, n));
	return no_ref();
}

struct ref lower_value(struct lower *l, uint32_t n)
{
	struct ref r;

	if (n == NONE || !enter(l, n))
		return no_ref();
	r = value(l, strip(l, n));
	leave(l);
	return r;
}

/* accept(fd, &addr, n) of glibc takes a transparent union, which clang makes of the pointer as if a
 * compound literal had been written. Returns what was written. */
static uint32_t transparent(struct lower *l, uint32_t n)
{
	uint32_t list = kind_of(l, n) == CXCursor_CompoundLiteralExpr ? last_child(l, n) : NONE;

	if (list == NONE || kind_of(l, list) != CXCursor_InitListExpr ||
		only_child(l, list) == NONE ||
		spelled_as(l, lc.getCursorLocation(node_cursor(l, list)), "{"))
		return n;
	return strip(l, only_child(l, list));
}

struct ref lower_arg(struct lower *l, uint32_t n)
{
	uint32_t s = transparent(l, strip(l, n));
	struct lv lv;

	while (kind_of(l, s) == CXCursor_CStyleCastExpr && last_child(l, s) != NONE)
		s = strip(l, last_child(l, s));
	if (kind_of(l, s) == CXCursor_UnaryOperator && un_kind(l, s) == CXUnaryOperator_AddrOf)
		return address(l, s, OPF_ARG);
	if (kind_of(l, s) == CXCursor_DeclRefExpr || kind_of(l, s) == CXCursor_MemberRefExpr) {
		if (!is_lvalue(l, s))
			return lower_value(l, n);
		lv = lower_lvalue(l, s);
		return read_lvalue(l, lv, s, OPF_ARG);
	}
	n = strip(l, n);
	return lower_value(l, transparent(l, n));
}
