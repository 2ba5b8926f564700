/* lower_effect.c - expressions whose value is not used.
 */
#include "front/lower_int.h"

/* Reading something volatile is an effect; reading anything else for nothing is not. */
static void effect_lvalue(struct lower *l, uint32_t n)
{
	struct lv lv = lower_lvalue(l, n);

	if (lv.flags && (lv.nstep || lv.base.kind == REF_GLOBAL) &&
		type_at(l, lv.type)->kind != TYPE_ARRAY)
		emit_load(l, lv, 0, node_loc(l, n));
	lv_drop(l, &lv);
}

static void effect_binary(struct lower *l, uint32_t n)
{
	enum CXBinaryOperatorKind k = bin_kind(l, n);
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1), then, end;

	if (rhs == NONE)
		return;
	switch (k) {
	case CXBinaryOperator_Assign:
		lower_assign(l, n);
		return;
	case CXBinaryOperator_LAnd:
	case CXBinaryOperator_LOr:
		then = block_new(l);
		end = block_new(l);
		lower_cond(l, lhs, k == CXBinaryOperator_LAnd ? then : end,
			k == CXBinaryOperator_LAnd ? end : then);
		block_join(l, then);
		if (l->b->cur != NONE)
			lower_effect(l, rhs);
		block_join(l, end);
		return;
	default:
		lower_effect(l, lhs);
		lower_effect(l, rhs);
	}
}

static void effect(struct lower *l, uint32_t n)
{
	uint32_t c;

	switch (kind_of(l, n)) {
	case CXCursor_IntegerLiteral:
	case CXCursor_CharacterLiteral:
	case CXCursor_FloatingLiteral:
	case CXCursor_StringLiteral:
	case CXCursor_UnaryExpr:
		return;
	case CXCursor_DeclRefExpr:
		if (!is_lvalue(l, n))
			return;
		/* fallthrough */
	case CXCursor_MemberRefExpr:
	case CXCursor_ArraySubscriptExpr:
		effect_lvalue(l, n);
		return;
	case CXCursor_CallExpr:
		lower_call(l, n, EFFECT);
		return;
	case CXCursor_UnaryOperator:
		switch (un_kind(l, n)) {
		case CXUnaryOperator_PreInc:
		case CXUnaryOperator_PreDec:
		case CXUnaryOperator_PostInc:
		case CXUnaryOperator_PostDec:
			lower_update(l, n);
			return;
		case CXUnaryOperator_Deref:
			effect_lvalue(l, n);
			return;
		default:
			lower_effect(l, child(l, n, 0));
			return;
		}
	case CXCursor_BinaryOperator:
		effect_binary(l, n);
		return;
	case CXCursor_CompoundAssignOperator:
		lower_update(l, n);
		return;
	case CXCursor_ConditionalOperator:
		lower_ternary(l, n, EFFECT);
		return;
	case CXCursor_CStyleCastExpr:
		lower_effect(l, last_child(l, n));
		return;
	case CXCursor_StmtExpr:
		c = child(l, n, 0);
		if (c != NONE)
			lower_compound(l, c, EFFECT);
		return;
	case CXCursor_GenericSelectionExpr:
		c = chosen_generic(l, n);
		if (c != NONE)
			lower_effect(l, c);
		return;
	case CXCursor_UnexposedExpr:
		if (is_elvis(l, n)) {
			lower_elvis(l, n, EFFECT);
			return;
		}
		/* fallthrough */
	default:
		lower_value(l, n);
	}
}

void lower_effect(struct lower *l, uint32_t n)
{
	if (n == NONE || !enter(l, n))
		return;
	effect(l, strip(l, n));
	leave(l);
}
