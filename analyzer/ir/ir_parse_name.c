/* ir_parse_name.c - reads the text form: what is named in it. Tokens, functions, globals, records
 * and fields by their names, places, attributes, types. What has no id yet gets one.
 */
#include "ir/ir_parse.h"

/* ---- tokens ---- */

bool tir_at(const struct parser *p, int kind)
{
	return p->lex.tok.kind == kind;
}

bool tir_at_word(const struct parser *p, const char *word)
{
	return tir_at(p, TOK_NAME) && !strcmp(p->lex.tok.text, word);
}

bool tir_take(struct parser *p, int kind)
{
	if (!tir_at(p, kind))
		return false;
	tir_lex_next(&p->lex);
	return true;
}

bool tir_take_word(struct parser *p, const char *word)
{
	if (!tir_at_word(p, word))
		return false;
	tir_lex_next(&p->lex);
	return true;
}

void tir_fail_here(struct parser *p, const char *expected)
{
	const struct tok *t = &p->lex.tok;

	switch (t->kind) {
	case TOK_END:
		tir_lex_fail(&p->lex, t->line, "expected %s, not the end of the text", expected);
		break;
	case TOK_LINE:
		tir_lex_fail(&p->lex, t->line, "expected %s, not the end of the line", expected);
		break;
	case TOK_NAME:
	case TOK_STR:
		tir_lex_fail(&p->lex, t->line, "expected %s, not '%s'", expected, t->text);
		break;
	case TOK_TEMP:
		tir_lex_fail(&p->lex, t->line, "expected %s, not '%%%s'", expected, t->text);
		break;
	case TOK_NUM:
		tir_lex_fail(
			&p->lex, t->line, "expected %s, not %lld", expected, (long long)t->num);
		break;
	default:
		if (t->kind < 128)
			tir_lex_fail(&p->lex, t->line, "expected %s, not '%c'", expected, t->kind);
		else
			tir_lex_fail(&p->lex, t->line, "expected %s", expected);
	}
}

bool tir_expect(struct parser *p, int kind, const char *what)
{
	if (tir_take(p, kind))
		return true;
	tir_fail_here(p, what);
	return false;
}

uint32_t tir_take_u32(struct parser *p, const char *what)
{
	int64_t v = p->lex.tok.num;

	if (!tir_at(p, TOK_NUM) || v < 0 || v >= UNTYPED) {
		tir_fail_here(p, what);
		return 0;
	}
	tir_lex_next(&p->lex);
	return (uint32_t)v;
}

/* ---- things by name ---- */

uint64_t tir_name_key(struct parser *p, const struct tok *t)
{
	return (uint64_t)t->nth << 32 | ir_str(p->ir, t->text);
}

uint32_t tir_usual_key(struct parser *p, const struct tok *t, bool is_static)
{
	struct sb key = {0};
	uint32_t id;

	ir_usual_key(p->ir, t->text, t->nth, is_static, &key);
	id = ir_str(p->ir, key.s);
	sb_free(&key);
	return id;
}

uint32_t tir_new_fn(struct parser *p, const struct tok *t)
{
	vec_add(&p->fn, (struct text_fn){.line = t->line});
	return ir_add_fns(p->ir, (struct fn){.name = ir_str(p->ir, t->text),
					 .key = tir_usual_key(p, t, false),
					 .type = NONE,
					 .loc = NONE});
}

uint32_t tir_new_global(struct parser *p, const struct tok *t)
{
	return ir_add_globals(p->ir, (struct global){.name = ir_str(p->ir, t->text),
					     .key = tir_usual_key(p, t, false),
					     .type = UNTYPED,
					     .loc = NONE,
					     .flags = GLOBAL_DEFINED,
					     .fn = NONE});
}

uint32_t tir_new_record(struct parser *p, const struct tok *t)
{
	vec_add(&p->record, (struct text_record){0});
	return ir_add_records(p->ir,
		(struct record){.name = ir_str(p->ir, t->text), .key = tir_usual_key(p, t, false)});
}

static uint32_t by_name(struct parser *p, struct map *m,
	uint32_t (*make)(struct parser *p, const struct tok *t), const char *what)
{
	struct tok t = p->lex.tok;
	uint64_t key;
	uint32_t id;

	if (!tir_expect(p, TOK_NAME, what))
		return 0;
	key = tir_name_key(p, &t);
	id = map_get(m, key);
	if (id == NONE) {
		id = make(p, &t);
		map_put(m, key, id);
	}
	return id;
}

uint32_t tir_parse_fn_name(struct parser *p)
{
	return by_name(p, &p->fns, tir_new_fn, "a function");
}

uint32_t tir_parse_global_name(struct parser *p)
{
	return by_name(p, &p->globals, tir_new_global, "a global");
}

uint32_t tir_parse_record_name(struct parser *p)
{
	return by_name(p, &p->records, tir_new_record, "a record");
}

uint32_t tir_parse_field_of(struct parser *p, uint32_t record, bool declare)
{
	struct tok t = p->lex.tok;
	struct text_field *f;
	uint32_t id;
	uint64_t key;

	if (!tir_expect(p, TOK_NAME, "a field"))
		return 0;
	key = hash_mix((uint64_t)record << 32 | t.nth, ir_str(p->ir, t.text));
	id = *map_slot(&p->fields, key, p->field.n);
	if (id == p->field.n)
		vec_add(&p->field, (struct text_field){.line = t.line,
					   .f = {.name = ir_str(p->ir, t.text),
						   .record = record,
						   .type = UNTYPED,
						   .bit = NONE,
						   .index = NONE},
					   .seq = p->record.v[record].nfield++});
	f = &p->field.v[id];
	if (declare && f->declared) {
		tir_lex_fail(&p->lex, t.line, "field '%s' is declared twice", t.text);
	} else if (declare) {
		f->declared = true;
		f->line = t.line;
		f->seq = p->record.v[record].nfield++;
	}
	return id;
}

uint32_t tir_parse_field_name(struct parser *p, bool declare)
{
	uint32_t record = tir_parse_record_name(p);

	if (!tir_expect(p, ':', "':' and a field behind the record's name"))
		return 0;
	return tir_parse_field_of(p, record, declare);
}

/* ---- places ---- */

uint32_t tir_file_id(struct parser *p, const char *path)
{
	uint32_t str = ir_str(p->ir, path);
	uint32_t id = *map_slot(&p->files, str, p->ir->nfiles);

	return id == p->ir->nfiles ? ir_add_files(p->ir, (struct file){.path = str}) : id;
}

static uint32_t usual_file(struct parser *p)
{
	uint32_t file = p->file != NONE ? p->file : ir_main_file(p->ir);

	if (file == NONE) {
		file = tir_file_id(p, p->lex.name);
		p->ir->files[file].flags = FILE_MAIN;
	}
	return file;
}

struct loc tir_make_loc(struct parser *p, const struct text_loc *t)
{
	struct loc l = {.line = t->line, .col = t->col, .end_col = t->end_col, .sfile = NONE};

	l.file = t->file ? tir_file_id(p, t->file) : usual_file(p);
	if (t->sfile) {
		l.sfile = tir_file_id(p, t->sfile);
		l.sline = t->sline;
		l.scol = t->scol;
	}
	if (t->macro)
		l.macro = ir_str(p->ir, t->macro);
	return l;
}

uint32_t tir_parse_loc(struct parser *p)
{
	struct ir *ir = p->ir;
	struct loc l;

	if (!tir_at(p, TOK_LOC))
		return NONE;
	l = tir_make_loc(p, &p->lex.tok.loc);
	tir_lex_next(&p->lex);
	if (!ir->nlocs || memcmp(&ir->locs[ir->nlocs - 1], &l, sizeof l))
		ir_add_locs(ir, l);
	return ir->nlocs - 1;
}

void tir_parse_attrs(struct parser *p, uint32_t *attr, uint32_t *nattr)
{
	*attr = p->ir->nattrs;
	while (tir_take_word(p, "attr")) {
		struct attr a = {.loc = NONE};
		const struct tok *t = &p->lex.tok;

		if (!tir_at(p, TOK_NAME) ||
			!tir_word_find(tir_attr_kinds, t->text, strlen(t->text), &a.kind))
			tir_fail_here(p, "annotate, safety, macro or comment");
		tir_lex_next(&p->lex);
		a.text = ir_str(p->ir, t->text);
		tir_expect(p, TOK_STR, "the attribute's text");
		a.loc = tir_parse_loc(p);
		ir_add_attrs(p->ir, a);
	}
	*nattr = p->ir->nattrs - *attr;
}

/* ---- types ---- */

static const struct {
	const char *word;
	uint8_t kind, flags;
	uint32_t size;
	const char *text;
} basic[] = {
	{"void", TYPE_VOID, 0, 0, "void"},
	{"char", TYPE_INT, 0, 1, "char"},
	{"short", TYPE_INT, 0, 2, "short"},
	{"int", TYPE_INT, 0, 4, "int"},
	{"long", TYPE_INT, 0, 8, "long"},
	{"uchar", TYPE_INT, TYPEF_UNSIGNED, 1, "unsigned char"},
	{"ushort", TYPE_INT, TYPEF_UNSIGNED, 2, "unsigned short"},
	{"uint", TYPE_INT, TYPEF_UNSIGNED, 4, "unsigned int"},
	{"ulong", TYPE_INT, TYPEF_UNSIGNED, 8, "unsigned long"},
	{"float", TYPE_FLOAT, 0, 4, "float"},
	{"double", TYPE_FLOAT, 0, 8, "double"},
};

uint32_t tir_make_type(struct parser *p, struct type t)
{
	uint64_t key = hash_mix(
		t.kind | t.flags << 8 | (uint64_t)t.to << 32, (uint64_t)t.size << 32 | t.text);
	uint32_t id = *map_slot(&p->made, key, p->ir->ntypes);

	return id == p->ir->ntypes ? ir_add_types(p->ir, t) : id;
}

uint32_t tir_make_pointer(struct parser *p, uint32_t to)
{
	struct type t = {.kind = TYPE_PTR, .to = to, .size = 8};
	const char *text = ir_text_of(p->ir, p->ir->types[to].text);

	t.text =
		ir_str(p->ir, arena_printf(p->lex.mem, str_ends(text, "*") ? "%s*" : "%s *", text));
	return tir_make_type(p, t);
}

static uint32_t make_array(struct parser *p, uint32_t n, uint32_t to)
{
	struct type t = {.kind = TYPE_ARRAY, .to = to, .size = n};
	const char *text = ir_text_of(p->ir, p->ir->types[to].text);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, "%s[%u]", text, n));
	return tir_make_type(p, t);
}

uint32_t tir_make_record_type(struct parser *p, uint32_t record)
{
	struct type t = {.kind = TYPE_RECORD, .to = record};
	const char *name = ir_text_of(p->ir, p->ir->records[record].name);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, "struct %s", name));
	return tir_make_type(p, t);
}

static uint32_t named_type(struct parser *p)
{
	struct tok t = p->lex.tok;
	uint32_t id = map_get(&p->types, tir_name_key(p, &t));

	tir_lex_next(&p->lex);
	if (id != NONE)
		return id;
	for (size_t i = 0; i < COUNT(basic); i++)
		if (!strcmp(t.text, basic[i].word))
			return tir_make_type(p, (struct type){.kind = basic[i].kind,
							.flags = basic[i].flags,
							.to = NONE,
							.size = basic[i].size,
							.text = ir_str(p->ir, basic[i].text)});
	tir_lex_fail(&p->lex, t.line, "there is no type '%s'", t.text);
	return 0;
}

uint32_t tir_parse_type(struct parser *p)
{
	/* the stars and brackets before the innermost type, from the outside: NONE for a star */
	VEC(uint32_t) outer = {0};
	uint32_t type = NONE;

	if (tir_take(p, '?'))
		return NONE;
	while (tir_at(p, '*') || tir_at(p, '[')) {
		if (tir_take(p, '*')) {
			vec_add(&outer, NONE);
			continue;
		}
		tir_lex_next(&p->lex);
		vec_add(&outer, tir_take_u32(p, "the number of elements"));
		tir_expect(p, ']', "']'");
	}
	if (tir_take_word(p, "struct"))
		type = tir_make_record_type(p, tir_parse_record_name(p));
	else if (tir_at(p, TOK_NAME))
		type = named_type(p);
	else
		tir_fail_here(p, "a type");
	while (outer.n && !p->lex.failed) {
		uint32_t n = outer.v[--outer.n];

		type = n == NONE ? tir_make_pointer(p, type) : make_array(p, n, type);
	}
	vec_free(&outer);
	return type;
}
