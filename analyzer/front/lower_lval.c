/* lower_lval.c - what an lvalue names: a variable, or a path from one.
 *
 * a->b->c is one path, {a, [deref, b, deref, c]}, so that two mentions of it compare equal and a
 * lock and what it guards can be told to have one base. Each DEREF after the first step, or of a
 * global, also reads what the path names up to there; there is no LOAD for that.
 *
 * A member of an anonymous struct or union is named directly, without a step for the nameless
 * field.
 */
#include "front/lower_int.h"

static struct lv lv_var(struct lower *l, struct ref base, uint32_t type)
{
	struct lv lv = lv_of(l, base, type);
	uint8_t f = type_at(l, type)->flags;

	lv.flags = (f & TYPEF_VOLATILE ? OPF_VOLATILE : 0) | (f & TYPEF_ATOMIC ? OPF_ATOMIC : 0);
	return lv;
}

static struct lv lv_unknown(struct lower *l)
{
	return lv_of(l, no_ref(), NONE);
}

/* A variable that is mentioned before its declaration was lowered: in code with errors. */
static struct lv late_local(struct lower *l, CXCursor var)
{
	uint32_t type = type_of(l, lc.getCursorType(var));

	return lv_var(l, as_local(l, no_ref(), type, NONE), type);
}

static struct lv lv_decl(struct lower *l, uint32_t n)
{
	CXCursor ref = lc.getCursorReferenced(node_cursor(l, n));
	enum CX_StorageClass sc;
	uint32_t id;

	switch (ref.kind) {
	case CXCursor_FunctionDecl:
		return lv_of(l, REF(FN, fn_of(l, ref)), NONE);
	case CXCursor_ParmDecl:
	case CXCursor_VarDecl:
		id = map_get(&l->b->var_of, (uintptr_t)ref.data[0]);
		if (id != NONE)
			return lv_var(l, REF(LOCAL, id), l->b->locals.v[id].type);
		id = map_get(&l->global_ids, (uintptr_t)ref.data[0]);
		if (id == NONE) {
			sc = lc.Cursor_getStorageClass(ref);
			if (ref.kind == CXCursor_ParmDecl ||
				(lc.getCursorLinkage(ref) == CXLinkage_NoLinkage &&
					sc != CX_SC_Static && sc != CX_SC_Extern))
				return late_local(l, ref);
			id = global_of(l, ref);
		}
		return lv_var(l, REF(GLOBAL, id), l->ir->globals[id].type);
	default:
		return lv_of(l, lower_value(l, n), NONE);
	}
}

bool is_lvalue(struct lower *l, uint32_t n)
{
	enum CXUnaryOperatorKind k;
	CXCursor ref;

	switch (kind_of(l, n)) {
	case CXCursor_DeclRefExpr:
		ref = lc.getCursorReferenced(node_cursor(l, n));
		return ref.kind == CXCursor_VarDecl || ref.kind == CXCursor_ParmDecl ||
		       ref.kind == CXCursor_FunctionDecl;
	case CXCursor_MemberRefExpr:
	case CXCursor_ArraySubscriptExpr:
	case CXCursor_CompoundLiteralExpr:
	case CXCursor_StringLiteral:
		return true;
	case CXCursor_UnaryOperator:
		k = un_kind(l, n);
		return k == CXUnaryOperator_Deref;
	}
	return false;
}

static bool is_pointer(struct lower *l, uint32_t n)
{
	enum CXTypeKind k = lc.getCanonicalType(lc.getCursorType(node_cursor(l, n))).kind;

	return k == CXType_Pointer || k == CXType_ConstantArray || k == CXType_IncompleteArray ||
	       k == CXType_VariableArray;
}

static bool is_vector(struct lower *l, uint32_t n)
{
	enum CXTypeKind k = lc.getCanonicalType(lc.getCursorType(node_cursor(l, n))).kind;

	return k == CXType_Vector || k == CXType_ExtVector;
}

/* p->x or s.x: the base of the first is a value, and of an lvalue's value there is an implicit
 * cast; a member may be one of a value, f().p->x. */
static bool is_arrow(struct lower *l, uint32_t base)
{
	while (kind_of(l, base) == CXCursor_ParenExpr)
		base++;
	switch (kind_of(l, base)) {
	case CXCursor_DeclRefExpr:
	case CXCursor_ArraySubscriptExpr:
		return false;
	}
	return is_pointer(l, base);
}

/* Steps from record into its nameless members until `to`, whose member is named in C as if it were
 * record's own. libclang leaves some of these out, and offsets would be wrong without them. */
static bool into_anonymous(
	struct lower *l, struct lv *lv, uint32_t record, uint32_t to, uint32_t depth)
{
	const struct record *r;

	if (record == to)
		return true;
	if (record == NONE || depth > 16)
		return false;
	record_fill(l, record);
	r = &l->ir->records[record];
	for (uint32_t field = r->field; field < r->field + r->nfield; field++) {
		uint32_t step = l->steps.n;
		struct lv inner = *lv;

		if (!is_anonymous(l, field))
			continue;
		lv_field(l, &inner, field);
		if (into_anonymous(l, &inner, type_at(l, inner.type)->to, to, depth + 1)) {
			*lv = inner;
			return true;
		}
		l->steps.n = step;
		r = &l->ir->records[record]; /* filling others may have moved it */
	}
	return false;
}

static uint32_t record_at(struct lower *l, const struct lv *lv, uint32_t base, bool arrow)
{
	const struct type *t = type_at(l, lv->type);

	if (t->kind != TYPE_RECORD) {
		t = type_at(l, node_type(l, base));
		if (arrow)
			t = type_at(l, t->to);
	}
	return t->kind == TYPE_RECORD ? t->to : NONE;
}

static struct lv lv_member(struct lower *l, uint32_t n)
{
	uint32_t base = child(l, n, 0), record;
	uint32_t field = field_of(l, lc.getCursorReferenced(node_cursor(l, n)));
	bool arrow;
	struct lv lv;

	if (base == NONE || field == NONE) {
		emit_blind(l, BLIND_EXPR, node_loc(l, n));
		return lv_unknown(l);
	}
	arrow = is_arrow(l, base);
	lv = arrow ? lower_pointee(l, base) : lower_lvalue(l, base);
	if (lv_is_nowhere(&lv)) /* of which object is unknown, but not which member */
		lv.base = as_local(l, lv.base, NONE, node_loc(l, n));
	record = l->ir->fields[field].record;
	into_anonymous(l, &lv, record_at(l, &lv, base, arrow), record, 0);
	lv_field(l, &lv, field);
	return lv;
}

bool is_anonymous(const struct lower *l, uint32_t field)
{
	const struct field *f = &l->ir->fields[field];

	return !f->name && type_at(l, f->type)->kind == TYPE_RECORD;
}

/* Without casts as well; *cast is the outermost of them, or NONE. */
static uint32_t strip_casts(struct lower *l, uint32_t n, uint32_t *cast)
{
	uint32_t c;

	*cast = NONE;
	for (;;) {
		n = strip(l, n);
		if (kind_of(l, n) != CXCursor_CStyleCastExpr)
			return n;
		c = last_child(l, n);
		if (c == NONE || !is_pointer(l, n))
			return n;
		if (*cast == NONE)
			*cast = n;
		n = c;
	}
}

/* The object that a pointer's value ptr points into. Of an array that decays it is the array
 * itself, without an index yet, and *array is set. */
static struct lv lv_object(struct lower *l, uint32_t ptr, bool *array)
{
	uint32_t cast, n = strip_casts(l, ptr, &cast);
	uint32_t type = NONE;
	struct ref r;
	struct lv lv;

	*array = false;
	if (is_lvalue(l, n)) {
		lv = lower_lvalue(l, n);
		if (lv.base.kind == REF_FN)
			return lv;
		if (type_at(l, lv.type)->kind == TYPE_ARRAY ||
			(type_at(l, lv.type)->kind == TYPE_OTHER && is_vector(l, n)) ||
			kind_of(l, n) == CXCursor_StringLiteral) {
			*array = true;
			return lv;
		}
		if (lv.base.kind == REF_NONE)
			lv.base = as_local(l, lv.base, lv.type, NONE);
	} else {
		r = lower_value(l, n);
		if (r.kind == REF_NONE)
			r = as_local(l, r, node_type(l, n), node_loc(l, n));
		lv = lv_of(l, r, kind_of(l, n) == CXCursor_CallExpr ? ref_type(l, r) : NONE);
		if (r.kind == REF_FN || r.kind == REF_STR)
			return lv;
	}
	if (cast == NONE && type_at(l, lv.type)->kind == TYPE_PTR)
		type = type_at(l, lv.type)->to;
	else
		type = type_at(l, node_type(l, cast == NONE ? ptr : cast))->to;
	lv_deref(l, &lv, type, n);
	return lv;
}

static struct lv lv_element(struct lower *l, uint32_t ptr, uint32_t index)
{
	bool array;
	struct lv lv = lv_object(l, ptr, &array);
	uint32_t type = array ? type_at(l, lv.type)->to : lv.type;
	struct ref i = index == NONE ? const_ref(l, 0) : lower_value(l, index);

	lv_index(l, &lv, i, type);
	return lv;
}

struct lv lower_pointee(struct lower *l, uint32_t ptr)
{
	uint32_t cast, n = strip_casts(l, ptr, &cast), lhs, rhs;
	struct lv lv;
	bool array;

	if (!enter(l, ptr))
		return lv_unknown(l);
	lhs = child(l, n, 0);
	rhs = child(l, n, 1);
	if (kind_of(l, n) == CXCursor_UnaryOperator && un_kind(l, n) == CXUnaryOperator_AddrOf) {
		lv = lower_lvalue(l, lhs);
		if (cast != NONE)
			lv.type = type_at(l, node_type(l, cast))->to;
	} else if (kind_of(l, n) == CXCursor_BinaryOperator &&
		   bin_kind(l, n) == CXBinaryOperator_Add && cast == NONE && rhs != NONE &&
		   is_pointer(l, lhs)) {
		lv = lv_element(l, lhs, rhs); /* *(p + i) */
	} else {
		lv = lv_object(l, ptr, &array);
		if (array)
			lv_index(l, &lv, const_ref(l, 0), type_at(l, lv.type)->to);
	}
	leave(l);
	return lv;
}

static struct lv lv_subscript(struct lower *l, uint32_t n)
{
	uint32_t ptr = child(l, n, 0), index = child(l, n, 1), t;

	if (index == NONE)
		return lv_unknown(l);
	if (!is_pointer(l, ptr) && is_pointer(l, index)) { /* 2[p] */
		t = ptr;
		ptr = index;
		index = t;
	}
	return lv_element(l, ptr, index);
}

static struct lv lv_literal(struct lower *l, uint32_t n)
{
	uint32_t type = node_type(l, n), loc = node_loc(l, n), list = last_child(l, n);
	struct lv lv;

	type_fill(l, type);
	if (l->b == l->init) {
		lv = lv_of(l, REF(GLOBAL, global_literal(l, type, loc)), type);
	} else {
		lv = lv_of(l, REF(LOCAL, new_local(l, ir_str(l->ir, "(literal)"), type, 0, loc)),
			type);
	}
	if (list != NONE)
		lower_init(l, lv, list);
	return lv;
}

static struct lv lvalue(struct lower *l, uint32_t n)
{
	struct ref r;
	uint32_t c;

	n = strip(l, n);
	switch (kind_of(l, n)) {
	case CXCursor_DeclRefExpr:
		return lv_decl(l, n);
	case CXCursor_MemberRefExpr:
		return lv_member(l, n);
	case CXCursor_ArraySubscriptExpr:
		return lv_subscript(l, n);
	case CXCursor_CompoundLiteralExpr:
		return lv_literal(l, n);
	case CXCursor_StringLiteral:
		return lv_of(l, lower_value(l, n), node_type(l, n));
	case CXCursor_UnaryOperator:
		c = child(l, n, 0);
		if (c == NONE)
			break;
		switch (un_kind(l, n)) {
		case CXUnaryOperator_Deref:
			return lower_pointee(l, c);
		case CXUnaryOperator_Extension:
		case CXUnaryOperator_Real:
		case CXUnaryOperator_Imag:
			return lower_lvalue(l, c);
		default:
			break;
		}
		break;
	case CXCursor_GenericSelectionExpr:
	case CXCursor_UnexposedExpr:
		c = chosen_generic(l, n);
		if (c != NONE)
			return lower_lvalue(l, c);
		break;
	}
	r = lower_value(l, n); /* f().x */
	return lv_of(l, r, r.kind == REF_LOCAL ? ref_type(l, r) : NONE);
}

struct lv lower_lvalue(struct lower *l, uint32_t n)
{
	struct lv lv;

	if (!enter(l, n))
		return lv_unknown(l);
	lv = lvalue(l, n);
	leave(l);
	return lv;
}

struct ref read_lvalue(struct lower *l, struct lv lv, uint32_t n, uint8_t flags)
{
	struct ref r;

	if (lv_is_nowhere(&lv) || (lv_is_local(&lv) && type_at(l, lv.type)->kind != TYPE_ARRAY))
		r = lv.base;
	else if (!lv.nstep && lv.base.kind != REF_GLOBAL && lv.base.kind != REF_LOCAL)
		r = lv.base; /* a constant, a string */
	else if (type_at(l, lv.type)->kind == TYPE_ARRAY)
		r = emit_addr(l, lv, OPF_DECAY | flags, type_adjusted(l, lv.type), node_loc(l, n));
	else if (type_at(l, lv.type)->kind == TYPE_FN)
		r = emit_addr(l, lv, 0, type_adjusted(l, lv.type), node_loc(l, n));
	else
		r = emit_load(l, lv, 0, node_loc(l, n));
	lv_drop(l, &lv);
	return r;
}
