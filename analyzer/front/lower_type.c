/* lower_type.c - types, records and their fields.
 *
 * A type is looked up by libclang's opaque pointer; two that look the same become one. A record
 * begins as a name and a key: its fields are listed only when a member of it is used, when an
 * object of it is declared, or when it lies in such a record. So a unit holds the records that its
 * code touches, and not all those that its headers name behind pointers.
 */
#include "front/lower_int.h"

#include <limits.h>

enum { MAX_TYPE_DEPTH = 64 }; /* pointers to arrays of pointers ...; deeper is TYPE_OTHER */

static uint32_t make_type(struct lower *l, CXType t, uint32_t depth);

static uint32_t intern_cxstring(struct lower *l, CXString s)
{
	const char *c = lc.getCString(s);
	uint32_t id = c ? ir_str(l->ir, c) : 0;

	lc.disposeString(s);
	return id;
}

static uint32_t clamp(long long n)
{
	return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* ---- records ---- */

/* "struct (unnamed at file.h:3:9)" is a description, not a name. */
static uint32_t record_name(struct lower *l, CXCursor decl)
{
	uint32_t id = intern_cxstring(l, lc.getCursorSpelling(decl));

	return strchr(ir_text_of(l->ir, id), '(') ? 0 : id;
}

static bool in_source_file(struct lower *l, CXCursor decl)
{
	struct src *s = place_expansion(l, lc.getCursorLocation(decl)).src;

	return s && (s->main || str_ends(src_path(l, s), ".c"));
}

/* All nameless structs in one record have one USR: they are told apart by where they are, and those
 * that one macro makes by their order. */
static uint32_t nameless_key(struct lower *l, CXCursor decl, uint32_t key)
{
	uint32_t off = place_expansion(l, lc.getCursorLocation(decl)).off;
	const char *s = arena_printf(l->mem, "%s:%u", ir_text_of(l->ir, key), off);

	while (map_get(&l->record_keys, key = ir_str(l->ir, s)) != NONE)
		s = arena_printf(l->mem, "%s'", s);
	return key;
}

static uint32_t record_of(struct lower *l, CXCursor decl)
{
	uint32_t *slot = map_slot(&l->record_ids, (uintptr_t)decl.data[0], l->ir->nrecords);
	uint32_t id = *slot, key, known;
	struct record r = {0};

	if (id != l->ir->nrecords)
		return id;
	r.name = record_name(l, decl);
	key = decl_key(l, decl, in_source_file(l, decl));
	if (!r.name)
		key = nameless_key(l, decl, key);
	known = *map_slot(&l->record_keys, key, id);
	if (known != id) { /* another declaration of the same record */
		map_put(&l->record_ids, (uintptr_t)decl.data[0], known);
		return known;
	}
	r.key = key;
	r.flags = decl.kind == CXCursor_UnionDecl ? RECORD_UNION : 0;
	if (!strcmp(ir_text_of(l->ir, r.name), "__va_list_tag") ||
		!strcmp(ir_text_of(l->ir, r.name), "__va_list"))
		l->seen_va_list = true;
	ir_add_records(l->ir, r);
	vec_add(&l->records, ((struct record_info){.decl = decl}));
	return id;
}

struct field_list {
	VEC(CXCursor) v;
};

static enum CXVisitorResult on_field(CXCursor c, CXClientData data)
{
	struct field_list *list = data;

	vec_add(&list->v, c);
	return CXVisit_Continue;
}

static uint32_t record_inside(const struct lower *l, uint32_t type)
{
	while (type != NONE && l->ir->types[type].kind == TYPE_ARRAY)
		type = l->ir->types[type].to;
	return type != NONE && l->ir->types[type].kind == TYPE_RECORD ? l->ir->types[type].to
								      : NONE;
}

static bool points_to_fn(const struct lower *l, uint32_t type)
{
	return type_at(l, type)->kind == TYPE_PTR &&
	       type_at(l, type_at(l, type)->to)->kind == TYPE_FN;
}

/* clang_Cursor_getOffsetOfField looks at all fields of the record and of those inside, each time.
 * So the offsets of a plain struct are computed, and asked for only where attributes or bit-fields
 * change them, or the sum is not the record's size. */
static void find_offsets(struct lower *l, CXCursor decl, uint32_t size, const CXCursor *fields,
	struct field *out, uint32_t n)
{
	bool plain = decl.kind == CXCursor_StructDecl && !lc.Cursor_hasAttrs(decl);
	long long at = 0, most = 1;

	if (decl.kind == CXCursor_UnionDecl)
		return;
	for (uint32_t i = 0; i < n && plain; i++) {
		CXType t = lc.getCursorType(fields[i]);
		long long align = lc.Type_getAlignOf(t);
		long long bytes = t.kind == CXType_IncompleteArray ? 0 : lc.Type_getSizeOf(t);

		plain = align > 0 && bytes >= 0 && !lc.Cursor_isBitField(fields[i]) &&
			!lc.Cursor_hasAttrs(fields[i]);
		if (!plain)
			break;
		at = (at + align - 1) / align * align;
		most = align > most ? align : most;
		out[i].bit = clamp(at * 8);
		at += bytes;
	}
	if (plain && (at + most - 1) / most * most == size)
		return;
	for (uint32_t i = 0; i < n; i++)
		out[i].bit = clamp(lc.Cursor_getOffsetOfField(fields[i]));
}

void record_fill(struct lower *l, uint32_t record)
{
	struct field_list list = {0};
	struct field *fields;
	CXType t;
	uint32_t n;

	if (l->records.v[record].filled)
		return;
	l->records.v[record].filled = true;
	t = lc.getCanonicalType(lc.getCursorType(l->records.v[record].decl));
	l->ir->records[record].size = clamp(lc.Type_getSizeOf(t));
	lc.Type_visitFields(t, on_field, &list);
	n = list.v.n;
	fields = arena_alloc(l->mem, (n + 1) * sizeof *fields);
	for (uint32_t i = 0; i < n; i++) {
		CXCursor c = list.v.v[i];
		struct field *f = &fields[i];
		struct annot a;

		f->name = intern_cxstring(l, lc.getCursorSpelling(c));
		if (strchr(ir_text_of(l->ir, f->name), '('))
			f->name = 0;
		f->type = type_of(l, lc.getCursorType(c));
		f->record = record;
		f->index = i;
		a = annot_read(l, c);
		if (points_to_fn(l, f->type))
			annot_macros(l, c, &a);
		f->attr = a.attr;
		f->nattr = a.nattr;
		if (record_inside(l, f->type) != NONE)
			vec_add(&l->record_queue, record_inside(l, f->type));
	}
	find_offsets(
		l, l->records.v[record].decl, l->ir->records[record].size, list.v.v, fields, n);
	l->ir->records[record].field = l->ir->nfields;
	l->ir->records[record].nfield = n;
	for (uint32_t i = 0; i < n; i++)
		map_put(&l->field_ids, (uintptr_t)list.v.v[i].data[0],
			ir_add_fields(l->ir, fields[i]));
	vec_free(&list.v);
}

void record_fill_queued(struct lower *l)
{
	for (uint32_t i = 0; i < l->record_queue.n; i++)
		record_fill(l, l->record_queue.v[i]);
	l->record_queue.n = 0;
}

void type_fill(struct lower *l, uint32_t type)
{
	uint32_t record = record_inside(l, type);

	if (record != NONE)
		record_fill(l, record);
}

uint32_t field_of(struct lower *l, CXCursor field)
{
	uint32_t id = map_get(&l->field_ids, (uintptr_t)field.data[0]);
	CXCursor parent;

	if (id != NONE)
		return id;
	parent = lc.getCursorSemanticParent(field);
	if (parent.kind != CXCursor_StructDecl && parent.kind != CXCursor_UnionDecl)
		return NONE;
	record_fill(l, record_of(l, parent));
	return map_get(&l->field_ids, (uintptr_t)field.data[0]);
}

/* ---- types ---- */

static uint32_t add_type(struct lower *l, struct type x)
{
	uint64_t h = hash_mix(hash_mix(x.kind | x.flags << 8 | x.nparam << 16, x.to),
		hash_mix((uint64_t)x.size << 32 | x.name, x.text));
	uint32_t id = *map_slot(&l->type_eq, h, l->ir->ntypes);

	if (id < l->ir->ntypes && !memcmp(&l->ir->types[id], &x, sizeof x))
		return id;
	return ir_add_types(l->ir, x);
}

static bool classify_number(enum CXTypeKind k, struct type *x)
{
	switch (k) {
	case CXType_Bool:
	case CXType_Char_U:
	case CXType_UChar:
	case CXType_Char16:
	case CXType_Char32:
	case CXType_UShort:
	case CXType_UInt:
	case CXType_ULong:
	case CXType_ULongLong:
	case CXType_UInt128:
		x->flags |= TYPEF_UNSIGNED;
		x->kind = TYPE_INT;
		return true;
	case CXType_Char_S:
	case CXType_SChar:
	case CXType_WChar:
	case CXType_Short:
	case CXType_Int:
	case CXType_Long:
	case CXType_LongLong:
	case CXType_Int128:
		x->kind = TYPE_INT;
		return true;
	case CXType_Float:
	case CXType_Double:
	case CXType_LongDouble:
	case CXType_Float128:
	case CXType_Half:
	case CXType_Float16:
	case CXType_BFloat16:
		x->kind = TYPE_FLOAT;
		return true;
	default:
		return false;
	}
}

/* noreturn is part of clang's type, but not of what callers and pointers must agree on. */
static uint32_t signature(struct lower *l, CXType t, bool *noreturn)
{
	CXString s = lc.getTypeSpelling(t);
	const char *text = lc.getCString(s), *attr = strstr(text, " __attribute__((");
	size_t n = attr ? (size_t)(attr - text) : strlen(text);
	uint32_t id = ir_strn(l->ir, text, n);

	*noreturn = attr && strstr(attr, "noreturn");
	lc.disposeString(s);
	return id;
}

static void describe(struct lower *l, CXType t, struct type *x, uint32_t depth)
{
	bool noreturn;
	CXType v;

	x->flags |= (lc.isConstQualifiedType(t) ? TYPEF_CONST : 0) |
		    (lc.isVolatileQualifiedType(t) ? TYPEF_VOLATILE : 0);
	if (t.kind == CXType_Atomic) {
		x->flags |= TYPEF_ATOMIC;
		v = lc.Type_getValueType(t);
		x->size = clamp(lc.Type_getSizeOf(t));
		t = lc.getCanonicalType(v);
	}
	if (classify_number(t.kind, x)) {
		x->size = clamp(lc.Type_getSizeOf(t));
		return;
	}
	switch (t.kind) {
	case CXType_Void:
		x->kind = TYPE_VOID;
		break;
	case CXType_Enum:
		x->kind = TYPE_ENUM;
		x->size = clamp(lc.Type_getSizeOf(t));
		break;
	case CXType_NullPtr:
		x->size = sizeof(void *);
		break;
	case CXType_Pointer:
		x->kind = TYPE_PTR;
		x->to = make_type(l, lc.getPointeeType(t), depth + 1);
		x->size = clamp(lc.Type_getSizeOf(t));
		break;
	case CXType_ConstantArray:
	case CXType_IncompleteArray:
	case CXType_VariableArray:
		x->kind = TYPE_ARRAY;
		x->to = make_type(l, lc.getArrayElementType(t), depth + 1);
		x->flags |=
			type_at(l, x->to)->flags & (TYPEF_CONST | TYPEF_VOLATILE | TYPEF_ATOMIC);
		x->size = t.kind == CXType_ConstantArray ? clamp(lc.getArraySize(t)) : 0;
		break;
	case CXType_Record:
		x->kind = TYPE_RECORD;
		x->to = record_of(l, lc.getTypeDeclaration(t));
		break;
	case CXType_FunctionNoProto:
	case CXType_FunctionProto:
		x->kind = TYPE_FN;
		x->to = make_type(l, lc.getResultType(t), depth + 1);
		if (t.kind == CXType_FunctionProto) {
			int n = lc.getNumArgTypes(t);

			x->nparam = n < 0 ? 0 : n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
			x->flags |= lc.isFunctionTypeVariadic(t) ? TYPEF_VARIADIC : 0;
		}
		x->text = signature(l, t, &noreturn);
		if (noreturn)
			x->name = ir_str(l->ir, "noreturn"); /* until make_type has noted it */
		break;
	default:
		break;
	}
	if ((x->kind == TYPE_PTR || x->kind == TYPE_ARRAY || x->kind == TYPE_FN) && x->to == NONE)
		x->kind = TYPE_OTHER;
}

static bool is_va_list_name(const char *s)
{
	return !strcmp(s, "va_list") || !strcmp(s, "__builtin_va_list") ||
	       !strcmp(s, "__gnuc_va_list");
}

static uint32_t typedef_name(struct lower *l, CXType t)
{
	if (t.kind == CXType_Elaborated)
		t = lc.Type_getNamedType(t);
	return t.kind == CXType_Typedef ? intern_cxstring(l, lc.getTypedefName(t)) : 0;
}

static uint32_t make_type(struct lower *l, CXType t, uint32_t depth)
{
	struct type x = {.kind = TYPE_OTHER, .to = NONE};
	uint64_t key = (uintptr_t)t.data[0];
	uint32_t id = map_get(&l->type_ids, key);
	CXType canon;

	if (id != NONE || t.kind == CXType_Invalid || depth > MAX_TYPE_DEPTH)
		return id;
	canon = lc.getCanonicalType(t);
	if (canon.data[0] != t.data[0]) {
		id = make_type(l, canon, depth + 1);
		if (id == NONE)
			return NONE;
		x = l->ir->types[id];
		x.name = typedef_name(l, t);
		if (x.name && is_va_list_name(ir_text_of(l->ir, x.name)))
			l->seen_va_list = true;
		id = add_type(l, x);
		if (map_get(&l->noreturn_types, (uintptr_t)canon.data[0]) != NONE)
			map_put(&l->noreturn_types, key, 1);
	} else {
		describe(l, t, &x, depth);
		if (x.kind == TYPE_FN && x.name) {
			map_put(&l->noreturn_types, key, 1);
			x.name = 0;
		}
		if (!x.text)
			x.text = intern_cxstring(l, lc.getTypeSpelling(t));
		id = add_type(l, x);
	}
	map_put(&l->type_ids, key, id);
	return id;
}

uint32_t type_of(struct lower *l, CXType t)
{
	return make_type(l, t, 0);
}

uint32_t node_type(struct lower *l, uint32_t n)
{
	return make_type(l, lc.getCursorType(node_cursor(l, n)), 0);
}

bool type_is_noreturn(struct lower *l, CXType t)
{
	make_type(l, t, 0);
	return map_get(&l->noreturn_types, (uintptr_t)t.data[0]) != NONE;
}

uint32_t type_number(struct lower *l, const char *text, uint32_t size)
{
	return add_type(l, (struct type){.kind = TYPE_INT,
				   .to = NONE,
				   .size = size,
				   .flags = *text == '_' ? TYPEF_UNSIGNED : 0,
				   .text = ir_str(l->ir, text)});
}

uint32_t type_pointer_to(struct lower *l, uint32_t type)
{
	const char *text;

	if (type == NONE)
		return NONE;
	text = ir_text_of(l->ir, l->ir->types[type].text);
	text = arena_printf(l->mem, "%s%s*", text, str_ends(text, "*") ? "" : " ");
	return add_type(l, (struct type){.kind = TYPE_PTR,
				   .to = type,
				   .size = sizeof(void *),
				   .text = ir_str(l->ir, text)});
}

uint32_t type_adjusted(struct lower *l, uint32_t type)
{
	const struct type *t = type_at(l, type);

	return t->kind == TYPE_ARRAY ? type_pointer_to(l, t->to)
	       : t->kind == TYPE_FN  ? type_pointer_to(l, type)
				     : type;
}

bool type_is_va_list(const struct lower *l, uint32_t type)
{
	const struct type *t;

	for (;; type = t->to) {
		t = type_at(l, type);
		if (is_va_list_name(ir_text_of(l->ir, t->name)))
			return true;
		if (t->kind == TYPE_RECORD)
			return str_starts(
				ir_text_of(l->ir, l->ir->records[t->to].name), "__va_list");
		if (t->kind != TYPE_PTR && t->kind != TYPE_ARRAY)
			return false;
	}
}

void type_sizes(struct lower *l)
{
	for (uint32_t i = 0; i < l->ir->ntypes; i++)
		if (l->ir->types[i].kind == TYPE_RECORD)
			l->ir->types[i].size = l->ir->records[l->ir->types[i].to].size;
}

void type_free(struct lower *l)
{
	map_free(&l->type_ids);
	map_free(&l->type_eq);
	map_free(&l->noreturn_types);
	map_free(&l->record_ids);
	map_free(&l->record_keys);
	map_free(&l->field_ids);
	vec_free(&l->records);
	vec_free(&l->record_queue);
}
