/* lower_fold.c - integer constant expressions, as far as conditions, cases and designators need
 * them.
 *
 * Literals, enumerators, operators and casts are folded here; sizeof, offsetof and the like are
 * asked of clang_Cursor_Evaluate, which must never see an initialiser list (it crashes the
 * process).
 */
#include "front/lower_int.h"

bool evaluate(struct lower *l, uint32_t n, int64_t *v)
{
	CXEvalResult r = lc.Cursor_Evaluate(node_cursor(l, n));
	bool ok;

	if (!r)
		return false;
	ok = lc.EvalResult_getKind(r) == CXEval_Int;
	if (ok)
		*v = lc.EvalResult_getAsLongLong(r);
	lc.EvalResult_dispose(r);
	return ok;
}

int64_t wrap(const struct lower *l, uint32_t type, int64_t v)
{
	const struct type *t = type_at(l, type);
	unsigned bits = t->size * 8;

	if (type == l->type_bool)
		return v != 0;
	if ((t->kind != TYPE_INT && t->kind != TYPE_ENUM) || !bits || bits >= 64)
		return v;
	v = (int64_t)((uint64_t)v << (64 - bits));
	return t->flags & TYPEF_UNSIGNED ? (int64_t)((uint64_t)v >> (64 - bits)) : v >> (64 - bits);
}

static bool fold_bin(uint8_t op, int64_t a, int64_t b, bool is_unsigned, int64_t *v)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	switch (op) {
	case BIN_ADD:
		*v = (int64_t)(ua + ub);
		return true;
	case BIN_SUB:
		*v = (int64_t)(ua - ub);
		return true;
	case BIN_MUL:
		*v = (int64_t)(ua * ub);
		return true;
	case BIN_DIV:
	case BIN_MOD:
		if (!b || (!is_unsigned && a == INT64_MIN && b == -1))
			return false;
		if (is_unsigned)
			*v = (int64_t)(op == BIN_DIV ? ua / ub : ua % ub);
		else
			*v = op == BIN_DIV ? a / b : a % b;
		return true;
	case BIN_SHL:
		*v = ub < 64 ? (int64_t)(ua << ub) : 0;
		return true;
	case BIN_SHR:
		*v = ub >= 64 ? 0 : is_unsigned ? (int64_t)(ua >> ub) : a >> ub;
		return true;
	case BIN_AND:
		*v = a & b;
		return true;
	case BIN_OR:
		*v = a | b;
		return true;
	case BIN_XOR:
		*v = a ^ b;
		return true;
	case BIN_EQ:
		*v = a == b;
		return true;
	case BIN_NE:
		*v = a != b;
		return true;
	case BIN_LT:
		*v = is_unsigned ? ua < ub : a < b;
		return true;
	case BIN_LE:
		*v = is_unsigned ? ua <= ub : a <= b;
		return true;
	case BIN_GT:
		*v = is_unsigned ? ua > ub : a > b;
		return true;
	case BIN_GE:
		*v = is_unsigned ? ua >= ub : a >= b;
		return true;
	}
	return false;
}

static bool is_unsigned(struct lower *l, uint32_t n)
{
	const struct type *t = type_at(l, node_type(l, n));

	return t->flags & TYPEF_UNSIGNED || t->kind == TYPE_PTR;
}

bool fold_operator(struct lower *l, uint32_t n, uint8_t op, int64_t a, int64_t b, int64_t *v)
{
	bool compare = op >= BIN_EQ;

	if (!fold_bin(op, a, b, is_unsigned(l, compare ? n + 1 : n), v))
		return false;
	if (!compare)
		*v = wrap(l, node_type(l, n), *v);
	return true;
}

static bool fold_unary(struct lower *l, uint32_t n, int64_t *v)
{
	enum CXUnaryOperatorKind k = un_kind(l, n);

	switch (k) {
	case CXUnaryOperator_Plus:
	case CXUnaryOperator_Minus:
	case CXUnaryOperator_Not:
	case CXUnaryOperator_LNot:
	case CXUnaryOperator_Extension:
		break;
	default:
		return false;
	}
	if (n + 1 == l->node.v[n].end || !fold(l, n + 1, v))
		return false;
	if (k == CXUnaryOperator_LNot) {
		*v = !*v;
		return true;
	}
	if (k == CXUnaryOperator_Minus)
		*v = (int64_t) - (uint64_t)*v;
	else if (k == CXUnaryOperator_Not)
		*v = ~*v;
	*v = wrap(l, node_type(l, n), *v);
	return true;
}

static bool fold_binary(struct lower *l, uint32_t n, int64_t *v)
{
	enum CXBinaryOperatorKind k = bin_kind(l, n);
	uint32_t rhs = child(l, n, 1);
	int64_t a, b;
	uint8_t op;

	if (rhs == NONE)
		return false;
	if (k == CXBinaryOperator_LAnd || k == CXBinaryOperator_LOr) {
		if (!fold(l, n + 1, &a))
			return false;
		if ((k == CXBinaryOperator_LOr) == (a != 0)) {
			*v = a != 0;
			return true;
		}
		if (!fold(l, rhs, &b))
			return false;
		*v = b != 0;
		return true;
	}
	return bin_of(k, &op) && fold(l, n + 1, &a) && fold(l, rhs, &b) &&
	       fold_operator(l, n, op, a, b, v);
}

static bool fold_node(struct lower *l, uint32_t n, int64_t *v)
{
	uint32_t c;
	CXCursor ref;

	switch (kind_of(l, n)) {
	case CXCursor_IntegerLiteral:
	case CXCursor_CharacterLiteral:
	case CXCursor_CXXBoolLiteralExpr:
	case CXCursor_UnaryExpr:
		return evaluate(l, n, v);
	case CXCursor_CXXNullPtrLiteralExpr:
		*v = 0;
		return true;
	case CXCursor_DeclRefExpr:
		ref = lc.getCursorReferenced(node_cursor(l, n));
		if (ref.kind != CXCursor_EnumConstantDecl)
			return false;
		c = enum_const(l, ref);
		*v = l->ir->consts[c];
		return true;
	case CXCursor_UnaryOperator:
		return fold_unary(l, n, v);
	case CXCursor_BinaryOperator:
		return fold_binary(l, n, v);
	case CXCursor_CStyleCastExpr:
		c = last_child(l, n);
		if (c == NONE || !fold(l, c, v))
			return false;
		*v = wrap(l, node_type(l, n), *v);
		return true;
	case CXCursor_ConditionalOperator:
		if (nchild(l, n) != 3 || !fold(l, n + 1, v))
			return false;
		return fold(l, child(l, n, *v ? 1 : 2), v);
	case CXCursor_CallExpr:
		if (is_constant_p(l, n)) {
			*v = 0;
			return true;
		}
		c = expect_operand(l, n);
		return c != NONE && fold(l, c, v);
	case CXCursor_GenericSelectionExpr:
		c = chosen_generic(l, n);
		return c != NONE && fold(l, c, v);
	case CXCursor_UnexposedExpr: /* type traits; offsetof */
		if (l->node.v[n].end == n + 1 || kind_of(l, n + 1) == CXCursor_MemberRef)
			return evaluate(l, n, v);
		c = chosen_generic(l, n);
		return c != NONE && fold(l, c, v);
	}
	return false;
}

bool fold(struct lower *l, uint32_t n, int64_t *v)
{
	bool ok;

	if (n == NONE || l->depth >= MAX_DEPTH)
		return false;
	l->depth++;
	ok = fold_node(l, strip(l, n), v);
	l->depth--;
	return ok;
}
