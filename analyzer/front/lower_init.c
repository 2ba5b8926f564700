/* lower_init.c - initialisers as stores, one for each scalar.
 *
 * libclang shows the list as it was written, so the walk of C17 6.7.9 is done here: each value goes
 * to the next member or element, sub-objects whose braces are left out take as many as they have
 * members (20), and a designator moves on to what it names (17).
 *
 * What is not written is zero, and that is not told; neither are zeros of objects with static
 * storage. Of a long table, only the elements that are addresses are kept. An element that is given
 * for a range, [0 ... 9] = f, is one store with an unknown index.
 */
#include "front/lower_int.h"

struct list {		    /* the initialisers of one pair of braces, taken one by one */
	uint32_t next, end; /* nodes */
};

static bool list_empty(const struct list *it)
{
	return it->next >= it->end;
}

static uint32_t take(struct lower *l, struct list *it)
{
	uint32_t n = it->next;

	it->next = l->node.v[n].end;
	return n;
}

static void fill(struct lower *l, struct lv lv, struct list *it, uint32_t pos, bool braced);

/* ---- scalars ---- */

static void init_scalar(struct lower *l, struct lv lv, uint32_t n)
{
	struct ref r = lower_value(l, n);

	if (l->b == l->init && (r.kind == REF_NONE || (r.kind == REF_CONST && !const_of(l, r))))
		return;
	if (l->addresses_only && lv.nstep && r.kind == REF_CONST)
		return;
	emit_store(l, lv, r, OPF_INIT, node_loc(l, n));
}

/* ---- sub-objects ---- */

static uint32_t count(const struct lower *l, const struct type *t)
{
	const struct record *r;

	if (t->kind == TYPE_ARRAY)
		return t->size ? t->size : UINT32_MAX;
	r = &l->ir->records[t->to];
	return r->flags & RECORD_UNION && r->nfield ? 1 : r->nfield;
}

static bool is_aggregate(const struct lower *l, uint32_t type)
{
	uint8_t k = type_at(l, type)->kind;

	return k == TYPE_ARRAY || k == TYPE_RECORD;
}

/* Bit-fields without a name are not initialised. */
static bool is_padding(const struct lower *l, uint32_t type, uint32_t pos)
{
	const struct type *t = type_at(l, type);
	uint32_t field;

	if (t->kind != TYPE_RECORD)
		return false;
	field = l->ir->records[t->to].field + pos;
	return !l->ir->fields[field].name && !is_anonymous(l, field);
}

/* The pos-th part of lv, an array or record. range: any of several elements. */
static struct lv part(struct lower *l, struct lv lv, uint32_t pos, bool range)
{
	const struct type *t = type_at(l, lv.type);
	uint32_t field;

	if (t->kind == TYPE_ARRAY) {
		uint32_t elem = t->to;

		lv_index(l, &lv, range ? no_ref() : const_ref(l, pos), elem);
		return lv;
	}
	field = l->ir->records[t->to].field + pos;
	lv_field(l, &lv, field);
	return lv;
}

static bool is_record_value(struct lower *l, uint32_t n)
{
	return lc.getCanonicalType(lc.getCursorType(node_cursor(l, n))).kind == CXType_Record;
}

/* Is n for the whole of an aggregate, or only for its first scalar? */
static bool is_whole(struct lower *l, uint32_t n, uint32_t type)
{
	uint32_t s = strip(l, n);

	if (kind_of(l, s) == CXCursor_InitListExpr)
		return true;
	if (type_at(l, type)->kind == TYPE_ARRAY)
		return kind_of(l, s) == CXCursor_StringLiteral ||
		       kind_of(l, s) == CXCursor_CompoundLiteralExpr;
	return is_record_value(l, n);
}

static void init_part(struct lower *l, struct lv lv, struct list *it)
{
	if (is_aggregate(l, lv.type) && !is_whole(l, it->next, lv.type))
		fill(l, lv, it, 0, false);
	else
		lower_init(l, lv, take(l, it));
}

/* Takes the steps that part() added to lv from the stack. */
static void back_to(struct lower *l, const struct lv *lv)
{
	l->steps.n = lv->step + lv->nstep;
}

/* ---- designators ---- */

static bool is_designated(struct lower *l, uint32_t n)
{
	return kind_of(l, n) == CXCursor_UnexposedExpr && l->node.v[n].end > n + 1 &&
	       l->node.v[n + 1].end < l->node.v[n].end &&
	       lc.getCursorType(node_cursor(l, n)).kind == CXType_Void;
}

/* [a ... b] and [a][b] look alike but for the text in between. */
static bool is_range(struct lower *l, uint32_t lo, uint32_t hi)
{
	struct place a = place_spelling(l, lc.getCursorLocation(node_cursor(l, lo)));
	struct place b = place_spelling(l, lc.getCursorLocation(node_cursor(l, hi)));

	return a.src && a.src == b.src && a.off < b.off && b.off <= a.src->size &&
	       memmem(a.src->text + a.off, b.off - a.off, "...", 3);
}

struct designator {	      /* what is left of .a[1].b = value */
	uint32_t next, value; /* nodes */
};

/* The part that the next designator names, or NONE. */
static uint32_t designated_part(struct lower *l, uint32_t type, struct designator *d, bool *range)
{
	const struct type *t = type_at(l, type);
	uint32_t n = d->next, field, record;
	int64_t v, w;

	*range = false;
	d->next = l->node.v[n].end;
	if (t->kind == TYPE_RECORD) {
		record = t->to;
		field = kind_of(l, n) == CXCursor_MemberRef
				? field_of(l, lc.getCursorReferenced(node_cursor(l, n)))
				: NONE;
		if (field == NONE || l->ir->fields[field].record != record)
			return NONE;
		return l->ir->fields[field].index;
	}
	if (t->kind != TYPE_ARRAY || !fold(l, n, &v) || v < 0 || v >= UINT32_MAX)
		return NONE;
	if (d->next != d->value && is_range(l, n, d->next)) {
		if (!fold(l, d->next, &w) || w < v || w >= UINT32_MAX)
			return NONE;
		d->next = l->node.v[d->next].end;
		*range = w > v;
		v = w;
	}
	return (uint32_t)v;
}

/* Initialises what is designated inside of lv, and what follows it up to the end of the innermost
 * sub-object. Returns the part of lv that was designated, or NONE. */
static uint32_t init_designated(struct lower *l, struct lv lv, struct designator d, struct list *it)
{
	uint32_t pos, inner;
	struct lv sub;
	bool range;

	if (!is_aggregate(l, lv.type) || !enter(l, d.value))
		return NONE;
	type_fill(l, lv.type);
	pos = designated_part(l, lv.type, &d, &range);
	if (pos != NONE) {
		sub = part(l, lv, pos, range);
		if (d.next == d.value) {
			struct list one = {.next = d.value, .end = l->node.v[d.value].end};

			init_part(l, sub, &one);
		} else {
			inner = init_designated(l, sub, d, it);
			if (inner != NONE)
				fill(l, sub, it, inner + 1, false);
		}
		back_to(l, &lv);
	}
	leave(l);
	return pos;
}

/* ---- lists ---- */

/* Initialises the parts of lv from pos on, until it is full or the list is empty. Without braces of
 * its own (not braced), a designator ends it too: it belongs to the list around. */
static void fill(struct lower *l, struct lv lv, struct list *it, uint32_t pos, bool braced)
{
	uint32_t expect, limit;
	bool of_scalars;
	struct lv sub;

	if (list_empty(it) || !enter(l, it->next))
		return;
	type_fill(l, lv.type);
	limit = count(l, type_at(l, lv.type));
	of_scalars = type_at(l, lv.type)->kind == TYPE_ARRAY &&
		     !is_aggregate(l, type_at(l, lv.type)->to);
	expect = l->node.v[it->next].nth;
	while (!list_empty(it)) {
		uint32_t n = it->next;

		if (of_scalars &&
			braced) /* plain numbers of a long table are left out of the tree */
			pos += l->node.v[n].nth - expect;
		expect = l->node.v[n].nth + 1;
		if (is_designated(l, n)) {
			if (!braced)
				break;
			take(l, it);
			pos = init_designated(l, lv,
				(struct designator){.next = n + 1, .value = last_child(l, n)}, it);
			if (pos == NONE)
				break;
			pos++;
			continue;
		}
		while (pos < limit && is_padding(l, lv.type, pos))
			pos++;
		if (pos >= limit)
			break;
		sub = part(l, lv, pos++, false);
		init_part(l, sub, it);
		back_to(l, &lv);
		if (it->next == n && limit == UINT32_MAX)
			break; /* elements without members, as many as one likes */
	}
	leave(l);
}

void lower_initialiser(struct lower *l, struct lv lv, uint32_t n)
{
	uint32_t leaves = 0;

	for (uint32_t i = n; i < l->node.v[n].end; i++)
		leaves += l->node.v[i].end == i + 1;
	l->addresses_only = leaves > MAX_INIT;
	lower_init(l, lv, n);
	l->addresses_only = false;
}

void lower_init(struct lower *l, struct lv lv, uint32_t n)
{
	uint32_t s;

	if (!enter(l, n))
		return;
	s = strip(l, n);
	if (kind_of(l, s) == CXCursor_CompoundLiteralExpr && is_aggregate(l, lv.type) &&
		last_child(l, s) != NONE)
		s = last_child(l, s); /* = (struct s){...} */
	if (kind_of(l, s) == CXCursor_InitListExpr && is_aggregate(l, lv.type)) {
		struct list it = {.next = s + 1, .end = l->node.v[s].end};
		uint32_t only = child(l, s, 0);

		if (only != NONE && type_at(l, lv.type)->kind == TYPE_ARRAY &&
			type_at(l, type_at(l, lv.type)->to)->kind == TYPE_INT &&
			kind_of(l, strip(l, only)) == CXCursor_StringLiteral)
			init_scalar(l, lv, only); /* char s[] = {"..."} */
		else
			fill(l, lv, &it, 0, true);
	} else {
		init_scalar(l, lv, s);
	}
	leave(l);
}
