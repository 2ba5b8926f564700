/* ir_parse.c - reads the text form: declarations. The form is defined in ir_text.c; bodies are read in
 * ir_body.c.
 *
 * Two passes. The first gives ids to everything that is declared, in order, so that things may be used
 * before their declaration and keep their order when they are printed. The second reads. What is used
 * and never declared gets an id at its first use.
 *
 * Fields of one record lie together in ir.fields, but may turn up in any order: steps index a list of
 * the parser's, until at the end the fields get their places.
 *
 * After an error every token is the end of the text, so that all loops end; nobody looks at the result.
 */
#include "ir/ir_parse.h"

/* ---- tokens ---- */

bool at(const struct parser *p, int kind)
{
	return p->lex.tok.kind == kind;
}

bool at_word(const struct parser *p, const char *word)
{
	return at(p, TOK_NAME) && !strcmp(p->lex.tok.text, word);
}

bool take(struct parser *p, int kind)
{
	if (!at(p, kind))
		return false;
	lex_next(&p->lex);
	return true;
}

bool take_word(struct parser *p, const char *word)
{
	if (!at_word(p, word))
		return false;
	lex_next(&p->lex);
	return true;
}

void fail_here(struct parser *p, const char *expected)
{
	const struct tok *t = &p->lex.tok;

	switch (t->kind) {
	case TOK_END:
		lex_fail(&p->lex, t->line, "expected %s, not the end of the text", expected);
		break;
	case TOK_LINE:
		lex_fail(&p->lex, t->line, "expected %s, not the end of the line", expected);
		break;
	case TOK_NAME:
	case TOK_STR:
		lex_fail(&p->lex, t->line, "expected %s, not '%s'", expected, t->text);
		break;
	case TOK_TEMP:
		lex_fail(&p->lex, t->line, "expected %s, not '%%%s'", expected, t->text);
		break;
	case TOK_NUM:
		lex_fail(&p->lex, t->line, "expected %s, not %lld", expected, (long long)t->num);
		break;
	default:
		if (t->kind < 128)
			lex_fail(&p->lex, t->line, "expected %s, not '%c'", expected, t->kind);
		else
			lex_fail(&p->lex, t->line, "expected %s", expected);
	}
}

bool expect(struct parser *p, int kind, const char *what)
{
	if (take(p, kind))
		return true;
	fail_here(p, what);
	return false;
}

uint32_t take_u32(struct parser *p, const char *what)
{
	int64_t v = p->lex.tok.num;

	if (!at(p, TOK_NUM) || v < 0 || v >= UNTYPED) {
		fail_here(p, what);
		return 0;
	}
	lex_next(&p->lex);
	return (uint32_t)v;
}

/* ---- things by name ---- */

static uint64_t name_key(struct parser *p, const struct tok *t)
{
	return (uint64_t)t->nth << 32 | ir_str(p->ir, t->text);
}

static uint32_t usual_key(struct parser *p, const struct tok *t, bool is_static)
{
	struct sb key = {0};
	uint32_t id;

	ir_usual_key(p->ir, t->text, t->nth, is_static, &key);
	id = ir_str(p->ir, key.s);
	sb_free(&key);
	return id;
}

static uint32_t new_fn(struct parser *p, const struct tok *t)
{
	vec_add(&p->fn, (struct text_fn){.line = t->line});
	return ir_add_fns(p->ir, (struct fn){.name = ir_str(p->ir, t->text),
					 .key = usual_key(p, t, false), .type = NONE, .loc = NONE});
}

static uint32_t new_global(struct parser *p, const struct tok *t)
{
	return ir_add_globals(p->ir, (struct global){.name = ir_str(p->ir, t->text),
					     .key = usual_key(p, t, false), .type = UNTYPED,
					     .loc = NONE, .flags = GLOBAL_DEFINED, .fn = NONE});
}

static uint32_t new_record(struct parser *p, const struct tok *t)
{
	vec_add(&p->record, (struct text_record){0});
	return ir_add_records(p->ir, (struct record){.name = ir_str(p->ir, t->text),
					     .key = usual_key(p, t, false)});
}

static uint32_t by_name(struct parser *p, struct map *m,
	uint32_t (*make)(struct parser *p, const struct tok *t), const char *what)
{
	struct tok t = p->lex.tok;
	uint64_t key;
	uint32_t id;

	if (!expect(p, TOK_NAME, what))
		return 0;
	key = name_key(p, &t);
	id = map_get(m, key);
	if (id == NONE) {
		id = make(p, &t);
		map_put(m, key, id);
	}
	return id;
}

uint32_t parse_fn_name(struct parser *p)
{
	return by_name(p, &p->fns, new_fn, "a function");
}

uint32_t parse_global_name(struct parser *p)
{
	return by_name(p, &p->globals, new_global, "a global");
}

uint32_t parse_record_name(struct parser *p)
{
	return by_name(p, &p->records, new_record, "a record");
}

static uint32_t field_of(struct parser *p, uint32_t record, bool declare)
{
	struct tok t = p->lex.tok;
	struct text_field *f;
	uint32_t id;
	uint64_t key;

	if (!expect(p, TOK_NAME, "a field"))
		return 0;
	key = hash_mix((uint64_t)record << 32 | t.nth, ir_str(p->ir, t.text));
	id = *map_slot(&p->fields, key, p->field.n);
	if (id == p->field.n)
		vec_add(&p->field, (struct text_field){.line = t.line,
					   .f = {.name = ir_str(p->ir, t.text), .record = record,
						   .type = UNTYPED, .bit = NONE, .index = NONE},
					   .seq = p->record.v[record].nfield++});
	f = &p->field.v[id];
	if (declare && f->declared) {
		lex_fail(&p->lex, t.line, "field '%s' is declared twice", t.text);
	} else if (declare) {
		f->declared = true;
		f->line = t.line;
		f->seq = p->record.v[record].nfield++;
	}
	return id;
}

uint32_t parse_field_name(struct parser *p, bool declare)
{
	uint32_t record = parse_record_name(p);

	if (!expect(p, ':', "':' and a field behind the record's name"))
		return 0;
	return field_of(p, record, declare);
}

/* ---- places ---- */

static uint32_t file_id(struct parser *p, const char *path)
{
	uint32_t str = ir_str(p->ir, path);
	uint32_t id = *map_slot(&p->files, str, p->ir->nfiles);

	return id == p->ir->nfiles ? ir_add_files(p->ir, (struct file){.path = str}) : id;
}

static uint32_t usual_file(struct parser *p)
{
	uint32_t file = p->file != NONE ? p->file : ir_main_file(p->ir);

	if (file == NONE) {
		file = file_id(p, p->lex.name);
		p->ir->files[file].flags = FILE_MAIN;
	}
	return file;
}

static struct loc make_loc(struct parser *p, const struct text_loc *t)
{
	struct loc l = {.line = t->line, .col = t->col, .end_col = t->end_col, .sfile = NONE};

	l.file = t->file ? file_id(p, t->file) : usual_file(p);
	if (t->sfile) {
		l.sfile = file_id(p, t->sfile);
		l.sline = t->sline;
		l.scol = t->scol;
	}
	if (t->macro)
		l.macro = ir_str(p->ir, t->macro);
	return l;
}

uint32_t parse_loc(struct parser *p)
{
	struct ir *ir = p->ir;
	struct loc l;

	if (!at(p, TOK_LOC))
		return NONE;
	l = make_loc(p, &p->lex.tok.loc);
	lex_next(&p->lex);
	if (!ir->nlocs || memcmp(&ir->locs[ir->nlocs - 1], &l, sizeof l))
		ir_add_locs(ir, l);
	return ir->nlocs - 1;
}

void parse_attrs(struct parser *p, uint32_t *attr, uint32_t *nattr)
{
	*attr = p->ir->nattrs;
	while (take_word(p, "attr")) {
		struct attr a = {.loc = NONE};
		const struct tok *t = &p->lex.tok;

		if (!at(p, TOK_NAME) || !word_find(attr_kinds, t->text, strlen(t->text), &a.kind))
			fail_here(p, "annotate, safety, macro or comment");
		lex_next(&p->lex);
		a.text = ir_str(p->ir, t->text);
		expect(p, TOK_STR, "the attribute's text");
		a.loc = parse_loc(p);
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

uint32_t make_type(struct parser *p, struct type t)
{
	uint64_t key = hash_mix(t.kind | t.flags << 8 | (uint64_t)t.to << 32,
		(uint64_t)t.size << 32 | t.text);
	uint32_t id = *map_slot(&p->made, key, p->ir->ntypes);

	return id == p->ir->ntypes ? ir_add_types(p->ir, t) : id;
}

uint32_t make_pointer(struct parser *p, uint32_t to)
{
	struct type t = {.kind = TYPE_PTR, .to = to, .size = 8};
	const char *text = ir_text_of(p->ir, p->ir->types[to].text);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, str_ends(text, "*") ? "%s*" : "%s *", text));
	return make_type(p, t);
}

static uint32_t make_array(struct parser *p, uint32_t n, uint32_t to)
{
	struct type t = {.kind = TYPE_ARRAY, .to = to, .size = n};
	const char *text = ir_text_of(p->ir, p->ir->types[to].text);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, "%s[%u]", text, n));
	return make_type(p, t);
}

uint32_t make_record_type(struct parser *p, uint32_t record)
{
	struct type t = {.kind = TYPE_RECORD, .to = record};
	const char *name = ir_text_of(p->ir, p->ir->records[record].name);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, "struct %s", name));
	return make_type(p, t);
}

static uint32_t named_type(struct parser *p)
{
	struct tok t = p->lex.tok;
	uint32_t id = map_get(&p->types, name_key(p, &t));

	lex_next(&p->lex);
	if (id != NONE)
		return id;
	for (size_t i = 0; i < COUNT(basic); i++)
		if (!strcmp(t.text, basic[i].word))
			return make_type(p, (struct type){.kind = basic[i].kind,
						    .flags = basic[i].flags, .to = NONE,
						    .size = basic[i].size,
						    .text = ir_str(p->ir, basic[i].text)});
	lex_fail(&p->lex, t.line, "there is no type '%s'", t.text);
	return 0;
}

uint32_t parse_type(struct parser *p)
{
	/* the stars and brackets before the innermost type, from the outside: NONE for a star */
	VEC(uint32_t) outer = {0};
	uint32_t type = NONE;

	if (take(p, '?'))
		return NONE;
	while (at(p, '*') || at(p, '[')) {
		if (take(p, '*')) {
			vec_add(&outer, NONE);
			continue;
		}
		lex_next(&p->lex);
		vec_add(&outer, take_u32(p, "the number of elements"));
		expect(p, ']', "']'");
	}
	if (take_word(p, "struct"))
		type = make_record_type(p, parse_record_name(p));
	else if (at(p, TOK_NAME))
		type = named_type(p);
	else
		fail_here(p, "a type");
	while (outer.n && !p->lex.failed) {
		uint32_t n = outer.v[--outer.n];

		type = n == NONE ? make_pointer(p, type) : make_array(p, n, type);
	}
	vec_free(&outer);
	return type;
}

static uint32_t optional_type(struct parser *p)
{
	return take(p, ':') ? parse_type(p) : UNTYPED;
}

/* Sets the flag of the word at the current token. */
static bool take_flag(struct parser *p, const struct word *w, uint32_t *flags)
{
	uint32_t val;

	if (!at(p, TOK_NAME) || !word_find(w, p->lex.tok.text, strlen(p->lex.tok.text), &val))
		return false;
	*flags |= val;
	lex_next(&p->lex);
	return true;
}

/* ---- declarations ---- */

static uint32_t take_key(struct parser *p)
{
	uint32_t key = ir_str(p->ir, p->lex.tok.text);

	expect(p, TOK_STR, "the key in double quotes");
	return key;
}

static void end_line(struct parser *p)
{
	if (!at(p, TOK_END) && !at(p, '}'))
		expect(p, TOK_LINE, "the end of the line");
}

static void parse_type_line(struct parser *p)
{
	struct type t = {.to = NONE};
	uint32_t id = map_get(&p->types, name_key(p, &p->lex.tok)), kind = 0, flags = 0;

	lex_next(&p->lex);
	if (!at(p, TOK_NAME) || !word_find(type_kinds, p->lex.tok.text, strlen(p->lex.tok.text), &kind))
		fail_here(p, "the kind of type");
	lex_next(&p->lex);
	t.kind = (uint8_t)kind;
	if (kind == TYPE_RECORD) {
		t.to = parse_record_name(p);
	} else if (kind == TYPE_PTR || kind == TYPE_ARRAY || kind == TYPE_FN) {
		t.to = parse_type(p);
		if (t.to == NONE)
			lex_fail(&p->lex, p->lex.tok.line, "the element's type must be known");
	}
	if (at(p, TOK_NUM))
		t.size = take_u32(p, "the size");
	if (at(p, TOK_STR)) {
		t.text = ir_str(p->ir, p->lex.tok.text);
		lex_next(&p->lex);
	}
	for (;;) {
		if (take_flag(p, type_words, &flags))
			continue;
		if (take_word(p, "params")) {
			uint32_t n = take_u32(p, "the number of parameters");

			if (n > UINT16_MAX)
				lex_fail(&p->lex, p->lex.tok.line, "too many parameters");
			t.nparam = (uint16_t)n;
		} else if (take_word(p, "name")) {
			t.name = ir_str(p->ir, p->lex.tok.text);
			expect(p, TOK_STR, "the typedef's name in double quotes");
		} else {
			break;
		}
	}
	t.flags = (uint8_t)flags;
	if (!p->lex.failed)
		p->ir->types[id] = t;
}

static void parse_field_rest(struct parser *p, uint32_t id)
{
	struct field f;

	if (p->lex.failed)
		return;
	f = p->field.v[id].f;
	f.type = optional_type(p);
	for (;;) {
		if (take_word(p, "bit"))
			f.bit = take_u32(p, "the offset in bits");
		else if (take_word(p, "at"))
			f.index = take_u32(p, "the position");
		else
			break;
	}
	parse_attrs(p, &f.attr, &f.nattr);
	p->field.v[id].f = f;
}

static void parse_record(struct parser *p)
{
	uint32_t id = parse_record_name(p);
	struct record r;

	if (p->lex.failed)
		return;
	r = p->ir->records[id];
	for (;;) {
		if (take_word(p, "size"))
			r.size = take_u32(p, "the size");
		else if (take_word(p, "union"))
			r.flags |= RECORD_UNION;
		else if (take_word(p, "key"))
			r.key = take_key(p);
		else
			break;
	}
	p->ir->records[id] = r;
	if (!take(p, '{'))
		return;
	while (!at(p, '}') && !at(p, TOK_END)) {
		if (take(p, TOK_LINE))
			continue;
		parse_field_rest(p, field_of(p, id, true));
		end_line(p);
	}
	expect(p, '}', "'}'");
}

static void parse_lone_field(struct parser *p)
{
	uint32_t id = parse_field_name(p, true);

	if (!p->lex.failed)
		p->field.v[id].alone = true;
	parse_field_rest(p, id);
}

static void parse_global(struct parser *p)
{
	struct tok name = p->lex.tok;
	uint32_t id = parse_global_name(p);
	struct global g;

	if (p->lex.failed)
		return;
	g = p->ir->globals[id];
	g.key = NONE;
	g.type = optional_type(p);
	for (;;) {
		if (take_flag(p, global_words, &g.flags))
			continue;
		if (take_word(p, "extern")) {
			g.flags &= ~(uint32_t)GLOBAL_DEFINED;
		} else if (take_word(p, "in")) {
			g.fn = parse_fn_name(p);
			g.flags |= GLOBAL_LOCAL;
		} else if (take_word(p, "key")) {
			g.key = take_key(p);
		} else {
			break;
		}
	}
	g.loc = parse_loc(p);
	parse_attrs(p, &g.attr, &g.nattr);
	if (g.key == NONE)
		g.key = usual_key(p, &name, g.flags & GLOBAL_STATIC);
	p->ir->globals[id] = g;
}

static void parse_fn_line(struct parser *p)
{
	struct tok name = p->lex.tok;
	uint32_t id = parse_fn_name(p);
	struct fn *fn;

	if (p->lex.failed)
		return;
	p->ir->fns[id].key = NONE;
	parse_fn(p, id);
	fn = &p->ir->fns[id];
	if (fn->key == NONE) {
		uint32_t key = usual_key(p, &name, fn->flags & FN_STATIC);

		p->ir->fns[id].key = key;
	}
}

static void parse_remark(struct parser *p)
{
	struct remark r = {0};
	struct loc l;

	if (take_word(p, "alone"))
		r.flags |= REMARK_ALONE;
	if (!at(p, TOK_LOC)) {
		fail_here(p, "the remark's place");
		return;
	}
	l = make_loc(p, &p->lex.tok.loc);
	lex_next(&p->lex);
	r.file = l.file;
	r.line = l.line;
	r.text = ir_str(p->ir, p->lex.tok.text);
	expect(p, TOK_STR, "the remark's text");
	ir_add_remarks(p->ir, r);
}

static void parse_file_line(struct parser *p)
{
	uint32_t file = file_id(p, p->lex.tok.text), flags = 0;

	expect(p, TOK_STR, "the file's path in double quotes");
	while (take_flag(p, file_words, &flags))
		;
	p->ir->files[file].flags |= flags;
}

static const struct {
	const char *word;
	void (*parse)(struct parser *p);
} decls[] = {{"file", parse_file_line}, {"type", parse_type_line}, {"record", parse_record},
	{"field", parse_lone_field}, {"global", parse_global}, {"fn", parse_fn_line},
	{"remark", parse_remark}};

static void parse_decl(struct parser *p)
{
	for (size_t i = 0; i < COUNT(decls); i++) {
		if (take_word(p, decls[i].word)) {
			decls[i].parse(p);
			end_line(p);
			return;
		}
	}
	fail_here(p, "file, type, record, field, global, fn or remark");
}

/* ---- the first pass ---- */

static void declare_once(struct parser *p, struct map *m,
	uint32_t (*make)(struct parser *p, const struct tok *t))
{
	struct tok t = p->lex.tok;
	uint64_t key = name_key(p, &t);

	if (!at(p, TOK_NAME))
		fail_here(p, "a name");
	else if (map_get(m, key) != NONE)
		lex_fail(&p->lex, t.line, "'%s' is declared twice", t.text);
	else
		map_put(m, key, make(p, &t));
}

static uint32_t new_type(struct parser *p, const struct tok *t)
{
	return ir_add_types(p->ir, (struct type){.kind = TYPE_OTHER, .to = NONE});
}

static void skip_line(struct parser *p)
{
	while (!at(p, TOK_LINE) && !at(p, '{') && !at(p, TOK_END))
		lex_next(&p->lex);
}

/* Files are read here: places without a file are in the main one, wherever that is declared. */
static void collect(struct parser *p)
{
	while (!at(p, TOK_END)) {
		if (take_word(p, "file")) {
			parse_file_line(p);
		} else if (take_word(p, "type")) {
			declare_once(p, &p->types, new_type);
			p->ndeclared = p->ir->ntypes;
		} else if (take_word(p, "global")) {
			declare_once(p, &p->globals, new_global);
		} else if (take_word(p, "fn")) {
			declare_once(p, &p->fns, new_fn);
			if (!p->lex.failed)
				p->fn.v[p->fn.n - 1].declared = true;
		} else if (take_word(p, "record")) {
			int line = p->lex.tok.line;
			uint32_t id = p->ir->nrecords;

			declare_once(p, &p->records, new_record);
			if (p->lex.failed)
				return;
			p->record.v[id].line = line;
			skip_line(p);
			p->record.v[id].listed = at(p, '{');
		}
		skip_line(p);
		if (take(p, '{'))
			while (!at(p, '}') && !at(p, TOK_END))
				lex_next(&p->lex);
		while (!at(p, TOK_LINE) && !at(p, TOK_END))
			lex_next(&p->lex);
		take(p, TOK_LINE);
	}
}

/* ---- the end ---- */

static int by_place(const void *a, const void *b)
{
	const struct text_field *x = *(struct text_field *const *)a, *y = *(struct text_field *const *)b;

	if (x->alone != y->alone)
		return x->alone - y->alone;
	if (!x->alone && x->f.record != y->f.record)
		return x->f.record < y->f.record ? -1 : 1;
	if (x->alone)
		return x->line != y->line ? (x->line < y->line ? -1 : 1) : (x > y) - (x < y);
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Puts the fields of each record together and points the steps at them. */
static void place_fields(struct parser *p)
{
	struct ir *ir = p->ir;
	uint32_t n = p->field.n;
	struct text_field **sorted = xcalloc(n, sizeof *sorted);
	uint32_t *id = xcalloc(n, sizeof *id);

	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &p->field.v[i];
	qsort(sorted, n, sizeof *sorted, by_place);
	for (uint32_t i = 0; i < n; i++) {
		struct text_field *t = sorted[i];
		struct record *r = &ir->records[t->f.record];

		if (p->record.v[t->f.record].listed && !t->declared)
			lex_fail(&p->lex, t->line, "record '%s' has no field '%s'",
				ir_text_of(ir, r->name), ir_text_of(ir, t->f.name));
		if (t->f.index == NONE)
			t->f.index = r->nfield;
		if (t->f.bit == NONE)
			t->f.bit = r->flags & RECORD_UNION ? 0 : t->f.index * 64;
		if (!t->alone && r->nfield++ == 0)
			r->field = i;
		id[t - p->field.v] = ir_add_fields(ir, t->f);
	}
	for (uint32_t i = 0; i < ir->nsteps; i++)
		if (ir->steps[i].kind == STEP_FIELD)
			ir->steps[i].field = id[ir->steps[i].field];
	for (uint32_t i = 0; i < ir->nrecords; i++)
		if (!p->record.v[i].line) /* never declared */
			ir->records[i].size = ir->records[i].nfield * 8;
	free(sorted);
	free(id);
}

/* What follows from the code, once types are known. */
static void derive(struct parser *p)
{
	struct ir *ir = p->ir;

	for (uint32_t i = p->ndeclared; i < ir->ntypes; i++)
		if (ir->types[i].kind == TYPE_RECORD)
			ir->types[i].size = ir->records[ir->types[i].to].size;
	for (uint32_t i = 0; i < ir->nfns; i++) {
		struct fn *fn = &ir->fns[i];

		for (uint32_t k = fn->op; k < fn->op + fn->nop; k++) {
			uint32_t local = NONE;

			if (ir->ops[k].kind == OP_ADDR)
				local = ir_addr_base(ir, fn, ir->ops[k].src.id);
			if (local != NONE)
				ir->locals[fn->local + local].flags |= LOCAL_ADDR;
		}
		if (fn->nblock && !p->fn.v[i].hash)
			fn->hash = ir_hash_fn(ir, i);
	}
}

static void check(struct parser *p)
{
	struct arena *a = p->lex.mem;
	struct check_at where;
	const char *msg = ir_check_form(p->ir, a, &where);
	int line = 1;

	if (!msg)
		msg = ir_check_meaning(p->ir, a, &where);
	if (!msg)
		return;
	if (where.op != NONE)
		line = p->op_line.v[where.op];
	else if (where.block != NONE)
		line = p->block_line.v[where.block];
	else if (where.fn != NONE)
		line = p->fn.v[where.fn].line;
	lex_fail(&p->lex, line, "%s", msg);
}

struct ir *ir_parse(const char *name, const char *text)
{
	struct arena *mem = arena_new();
	struct parser p = {.ir = ir_new(), .file = NONE};
	struct ir *ir;

	lex_init(&p.lex, name, text, mem);
	collect(&p);
	if (!p.lex.failed) {
		lex_init(&p.lex, name, text, mem);
		while (!at(&p, TOK_END))
			if (!take(&p, TOK_LINE))
				parse_decl(&p);
	}
	if (!p.lex.failed)
		place_fields(&p);
	if (!p.lex.failed) {
		infer_types(&p);
		derive(&p);
		check(&p);
	}
	ir = p.ir;
	if (p.lex.failed) {
		ir_free(ir);
		ir = NULL;
	}
	map_free(&p.fns);
	map_free(&p.globals);
	map_free(&p.records);
	map_free(&p.fields);
	map_free(&p.types);
	map_free(&p.files);
	map_free(&p.made);
	vec_free(&p.field);
	vec_free(&p.record);
	vec_free(&p.fn);
	vec_free(&p.block_line);
	vec_free(&p.op_line);
	arena_free(mem);
	return ir;
}
