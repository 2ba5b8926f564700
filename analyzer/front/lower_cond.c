/* lower_cond.c - conditions: !, && and || become control flow, and what is left is kept as
 * `local relation constant-or-local`, because results of trylock, flags and early returns are told
 * by it.
 *
 * A condition that is constant ends in a plain goto, so that the other side has no predecessors.
 */
#include "front/lower_int.h"

static void decide(struct lower *l, bool truth, uint32_t yes, uint32_t no, uint32_t loc)
{
	end_goto(l, truth ? yes : no, loc);
}

/* Functions and strings are addresses, which are not null. */
static bool is_address(struct ref r)
{
	return r.kind == REF_FN || r.kind == REF_STR;
}

static void test(struct lower *l, struct ref a, uint8_t rel, struct ref b, uint32_t yes,
	uint32_t no, uint32_t loc)
{
	struct cond c = {.lhs = a, .rel = rel, .rhs = b};

	block_here(l);
	end_if(l, c, yes, no, loc);
}

static void test_value(struct lower *l, struct ref r, uint32_t yes, uint32_t no, uint32_t loc)
{
	if (r.kind == REF_CONST)
		decide(l, const_of(l, r) != 0, yes, no, loc);
	else if (is_address(r))
		decide(l, true, yes, no, loc);
	else
		test(l, r, REL_NE, const_ref(l, 0), yes, no, loc);
}

static uint8_t swapped(uint8_t rel)
{
	switch (rel) {
	case REL_LT:
		return REL_GT;
	case REL_LE:
		return REL_GE;
	case REL_GT:
		return REL_LT;
	case REL_GE:
		return REL_LE;
	}
	return rel;
}

static bool rel_of(enum CXBinaryOperatorKind k, uint8_t *rel)
{
	switch (k) {
	case CXBinaryOperator_EQ:
		*rel = REL_EQ;
		return true;
	case CXBinaryOperator_NE:
		*rel = REL_NE;
		return true;
	case CXBinaryOperator_LT:
		*rel = REL_LT;
		return true;
	case CXBinaryOperator_LE:
		*rel = REL_LE;
		return true;
	case CXBinaryOperator_GT:
		*rel = REL_GT;
		return true;
	case CXBinaryOperator_GE:
		*rel = REL_GE;
		return true;
	default:
		return false;
	}
}

/* An expression whose value is a truth value, or mask bits: comparing it with 0 is asking for it.
 */
static bool is_truth(struct lower *l, uint32_t n)
{
	enum CXBinaryOperatorKind k;
	uint8_t rel;

	n = strip(l, n);
	switch (kind_of(l, n)) {
	case CXCursor_UnaryOperator:
		return un_kind(l, n) == CXUnaryOperator_LNot;
	case CXCursor_BinaryOperator:
		k = bin_kind(l, n);
		return k == CXBinaryOperator_LAnd || k == CXBinaryOperator_LOr ||
		       k == CXBinaryOperator_And || rel_of(k, &rel);
	case CXCursor_CallExpr:
		return expect_operand(l, n) != NONE;
	}
	return false;
}

static void compare(struct lower *l, uint32_t n, uint8_t rel, uint32_t yes, uint32_t no)
{
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1), loc;
	struct ref a, b;
	int64_t v;

	if ((rel == REL_EQ || rel == REL_NE) && is_truth(l, lhs) && fold(l, rhs, &v) && !v) {
		lower_cond(l, lhs, rel == REL_NE ? yes : no, rel == REL_NE ? no : yes);
		return;
	}
	a = lower_value(l, lhs);
	b = lower_value(l, rhs);
	loc = node_loc(l, n);
	if (is_address(a))
		a = as_local(l, a, node_type(l, lhs), loc);
	if (is_address(b))
		b = as_local(l, b, node_type(l, rhs), loc);
	if (a.kind == REF_CONST && b.kind == REF_CONST) { /* one of them had effects */
		uint8_t bin = rel == REL_EQ   ? BIN_EQ
			      : rel == REL_NE ? BIN_NE
			      : rel == REL_LT ? BIN_LT
			      : rel == REL_LE ? BIN_LE
			      : rel == REL_GT ? BIN_GT
					      : BIN_GE;

		if (fold_operator(l, n, bin, const_of(l, a), const_of(l, b), &v)) {
			decide(l, v != 0, yes, no, loc);
			return;
		}
	}
	if (a.kind == REF_CONST || (a.kind == REF_NONE && b.kind == REF_LOCAL))
		test(l, b, swapped(rel), a, yes, no, loc);
	else
		test(l, a, rel, b, yes, no, loc);
}

static void mask(struct lower *l, uint32_t n, uint32_t yes, uint32_t no)
{
	struct ref a = lower_value(l, child(l, n, 0)), b = lower_value(l, child(l, n, 1));
	uint32_t loc = node_loc(l, n);

	if (a.kind == REF_CONST && b.kind == REF_CONST)
		decide(l, (const_of(l, a) & const_of(l, b)) != 0, yes, no, loc);
	else if (a.kind == REF_CONST)
		test(l, b, REL_BITS, a, yes, no, loc);
	else
		test(l, a, REL_BITS, b, yes, no, loc);
}

/* `a && b` with b reached at mid; b is left out if it is never reached. */
static void then(struct lower *l, uint32_t mid, uint32_t rhs, uint32_t yes, uint32_t no)
{
	block_join(l, mid);
	if (l->b->cur != NONE)
		lower_cond(l, rhs, yes, no);
}

static void binary(struct lower *l, uint32_t n, uint32_t yes, uint32_t no)
{
	enum CXBinaryOperatorKind k = bin_kind(l, n);
	uint32_t lhs = child(l, n, 0), rhs = child(l, n, 1), mid;
	uint8_t rel;

	switch (k) {
	case CXBinaryOperator_LAnd:
		mid = block_new(l);
		lower_cond(l, lhs, mid, no);
		then(l, mid, rhs, yes, no);
		break;
	case CXBinaryOperator_LOr:
		mid = block_new(l);
		lower_cond(l, lhs, yes, mid);
		then(l, mid, rhs, yes, no);
		break;
	case CXBinaryOperator_Comma:
		lower_effect(l, lhs);
		lower_cond(l, rhs, yes, no);
		break;
	case CXBinaryOperator_And:
		mask(l, n, yes, no);
		break;
	default:
		if (rel_of(k, &rel))
			compare(l, n, rel, yes, no);
		else
			test_value(l, lower_value(l, n), yes, no, node_loc(l, n));
	}
}

static void cond(struct lower *l, uint32_t n, uint32_t yes, uint32_t no)
{
	uint32_t c, a, b;

	switch (kind_of(l, n)) {
	case CXCursor_UnaryOperator:
		c = child(l, n, 0);
		switch (c == NONE ? CXUnaryOperator_Invalid : un_kind(l, n)) {
		case CXUnaryOperator_LNot:
			lower_cond(l, c, no, yes);
			return;
		case CXUnaryOperator_Extension:
			lower_cond(l, c, yes, no);
			return;
		default:
			break;
		}
		break;
	case CXCursor_BinaryOperator:
		if (child(l, n, 1) != NONE) {
			binary(l, n, yes, no);
			return;
		}
		break;
	case CXCursor_CStyleCastExpr:
		c = last_child(l, n);
		if (c != NONE) {
			lower_cond(l, c, yes, no);
			return;
		}
		break;
	case CXCursor_ConditionalOperator:
		if (nchild(l, n) == 3) {
			a = block_new(l);
			b = block_new(l);
			lower_cond(l, n + 1, a, b);
			then(l, a, child(l, n, 1), yes, no);
			then(l, b, child(l, n, 2), yes, no);
			return;
		}
		break;
	case CXCursor_CallExpr:
		c = expect_operand(l, n);
		if (c != NONE) {
			lower_cond(l, c, yes, no);
			return;
		}
		break;
	}
	test_value(l, lower_value(l, n), yes, no, node_loc(l, n));
}

void lower_cond(struct lower *l, uint32_t n, uint32_t yes, uint32_t no)
{
	int64_t v;

	if (!enter(l, n)) {
		test(l, no_ref(), REL_NE, const_ref(l, 0), yes, no, node_loc(l, n));
		return;
	}
	n = strip(l, n);
	block_here(l);
	if (fold(l, n, &v))
		decide(l, v != 0, yes, no, node_loc(l, n));
	else
		cond(l, n, yes, no);
	leave(l);
}

/* ---- conditions as values ---- */

static void arm(
	struct lower *l, uint32_t block, uint32_t join, struct ref r, uint32_t end, uint32_t loc)
{
	block_join(l, block);
	if (l->b->cur == NONE)
		return;
	emit_copy(l, join, r, loc);
	end_goto(l, end, NONE);
}

struct ref lower_bool(struct lower *l, uint32_t n)
{
	uint32_t yes, no, end, join, loc = node_loc(l, n);
	int64_t v;

	if (fold(l, n, &v))
		return const_ref(l, v != 0);
	yes = block_new(l);
	no = block_new(l);
	end = block_new(l);
	join = new_local(l, 0, l->type_int, LOCAL_JOIN, loc);
	lower_cond(l, n, yes, no);
	arm(l, yes, join, const_ref(l, 1), end, loc);
	arm(l, no, join, const_ref(l, 0), end, loc);
	block_join(l, end);
	return REF(LOCAL, join);
}

static void value_arm(struct lower *l, uint32_t block, uint32_t n, uint32_t join, uint32_t end)
{
	block_join(l, block);
	if (l->b->cur == NONE)
		return;
	if (join == NONE) {
		lower_effect(l, n);
	} else {
		struct ref r = lower_value(l, n);

		if (l->b->cur != NONE) /* it may have ended in abort() */
			emit_copy(l, join, r, node_loc(l, n));
	}
	end_goto(l, end, NONE);
}

static uint32_t new_join(struct lower *l, uint32_t n, enum use use)
{
	uint32_t type;

	if (use == EFFECT)
		return NONE;
	type = node_type(l, n);
	if (type_at(l, type)->kind == TYPE_VOID)
		return NONE;
	return new_local(l, 0, type, LOCAL_JOIN, node_loc(l, n));
}

static struct ref join_ref(uint32_t join)
{
	return join == NONE ? no_ref() : REF(LOCAL, join);
}

struct ref lower_ternary(struct lower *l, uint32_t n, enum use use)
{
	uint32_t yes, no, end, join;
	int64_t v;

	if (nchild(l, n) != 3)
		return no_ref();
	if (fold(l, n + 1, &v)) {
		uint32_t c = child(l, n, v ? 1 : 2);

		if (use == VALUE)
			return lower_value(l, c);
		lower_effect(l, c);
		return no_ref();
	}
	join = new_join(l, n, use);
	yes = block_new(l);
	no = block_new(l);
	end = block_new(l);
	lower_cond(l, n + 1, yes, no);
	value_arm(l, yes, child(l, n, 1), join, end);
	value_arm(l, no, child(l, n, 2), join, end);
	block_join(l, end);
	return join_ref(join);
}

/* libclang shows a, then a again as the condition and as the value if true, then b. */
bool is_elvis(struct lower *l, uint32_t n)
{
	uint32_t second;

	if (kind_of(l, n) != CXCursor_UnexposedExpr || nchild(l, n) != 4)
		return false;
	second = child(l, n, 1);
	for (int i = 0; i < 4 && second < l->node.v[n].end; i++, second++)
		if (l->node.v[second].d1 == l->node.v[n + 1].d1)
			return true;
	return false;
}

struct ref lower_elvis(struct lower *l, uint32_t n, enum use use)
{
	uint32_t yes = block_new(l), no = block_new(l), end = block_new(l);
	uint32_t join = new_join(l, n, use);
	struct ref r = lower_value(l, n + 1);

	block_here(l);
	test_value(l, r, yes, no, node_loc(l, n));
	block_join(l, yes);
	if (l->b->cur != NONE) {
		if (join != NONE)
			emit_copy(l, join, r, node_loc(l, n));
		end_goto(l, end, NONE);
	}
	value_arm(l, no, child(l, n, 3), join, end);
	block_join(l, end);
	return join_ref(join);
}
