/* ir_parse.c - reads the text form: declarations. The form is defined in ir_text.c. Names,
 * places and types are read in ir_parse_name.c, bodies in ir_parse_body.c and ir_parse_op.c.
 *
 * Two passes. The first gives ids to everything that is declared, in order, so that things may be
 * used before their declaration and keep their order when they are printed. The second reads. What
 * is used and never declared gets an id at its first use.
 *
 * Fields of one record lie together in ir.fields, but may turn up in any order: steps index a list
 * of the parser's, until at the end the fields get their places.
 *
 * After an error every token is the end of the text, so that all loops end; nobody looks at the
 * result.
 */
#include "ir/ir_parse.h"

/* ---- declarations ---- */

static uint32_t optional_type(struct parser *p)
{
	return tir_take(p, ':') ? tir_parse_type(p) : UNTYPED;
}

/* Sets the flag of the word at the current token. */
static bool take_flag(struct parser *p, const struct word *w, uint32_t *flags)
{
	uint32_t val;

	if (!tir_at(p, TOK_NAME) ||
		!tir_word_find(w, p->lex.tok.text, strlen(p->lex.tok.text), &val))
		return false;
	*flags |= val;
	tir_lex_next(&p->lex);
	return true;
}

static uint32_t take_key(struct parser *p)
{
	uint32_t key = ir_str(p->ir, p->lex.tok.text);

	tir_expect(p, TOK_STR, "the key in double quotes");
	return key;
}

static void end_line(struct parser *p)
{
	if (!tir_at(p, TOK_END) && !tir_at(p, '}'))
		tir_expect(p, TOK_LINE, "the end of the line");
}

static void parse_type_line(struct parser *p)
{
	struct type t = {.to = NONE};
	uint32_t id = map_get(&p->types, tir_name_key(p, &p->lex.tok)), kind = 0, flags = 0;

	tir_lex_next(&p->lex);
	if (!tir_at(p, TOK_NAME) ||
		!tir_word_find(tir_type_kinds, p->lex.tok.text, strlen(p->lex.tok.text), &kind))
		tir_fail_here(p, "the kind of type");
	tir_lex_next(&p->lex);
	t.kind = (uint8_t)kind;
	if (kind == TYPE_RECORD) {
		t.to = tir_parse_record_name(p);
	} else if (kind == TYPE_PTR || kind == TYPE_ARRAY || kind == TYPE_FN) {
		t.to = tir_parse_type(p);
		if (t.to == NONE)
			tir_lex_fail(&p->lex, p->lex.tok.line, "the element's type must be known");
	}
	if (tir_at(p, TOK_NUM))
		t.size = tir_take_u32(p, "the size");
	if (tir_at(p, TOK_STR)) {
		t.text = ir_str(p->ir, p->lex.tok.text);
		tir_lex_next(&p->lex);
	}
	for (;;) {
		if (take_flag(p, tir_type_words, &flags))
			continue;
		if (tir_take_word(p, "params")) {
			uint32_t n = tir_take_u32(p, "the number of parameters");

			if (n > UINT16_MAX)
				tir_lex_fail(&p->lex, p->lex.tok.line, "too many parameters");
			t.nparam = (uint16_t)n;
		} else if (tir_take_word(p, "name")) {
			t.name = ir_str(p->ir, p->lex.tok.text);
			tir_expect(p, TOK_STR, "the typedef's name in double quotes");
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
		if (tir_take_word(p, "bit"))
			f.bit = tir_take_u32(p, "the offset in bits");
		else if (tir_take_word(p, "at"))
			f.index = tir_take_u32(p, "the position");
		else
			break;
	}
	tir_parse_attrs(p, &f.attr, &f.nattr);
	p->field.v[id].f = f;
}

static void parse_record(struct parser *p)
{
	uint32_t id = tir_parse_record_name(p);
	struct record r;

	if (p->lex.failed)
		return;
	r = p->ir->records[id];
	for (;;) {
		if (tir_take_word(p, "size"))
			r.size = tir_take_u32(p, "the size");
		else if (tir_take_word(p, "union"))
			r.flags |= RECORD_UNION;
		else if (tir_take_word(p, "key"))
			r.key = take_key(p);
		else
			break;
	}
	p->ir->records[id] = r;
	if (!tir_take(p, '{'))
		return;
	while (!tir_at(p, '}') && !tir_at(p, TOK_END)) {
		if (tir_take(p, TOK_LINE))
			continue;
		parse_field_rest(p, tir_parse_field_of(p, id, true));
		end_line(p);
	}
	tir_expect(p, '}', "'}'");
}

static void parse_lone_field(struct parser *p)
{
	uint32_t id = tir_parse_field_name(p, true);

	if (!p->lex.failed)
		p->field.v[id].alone = true;
	parse_field_rest(p, id);
}

static void parse_global(struct parser *p)
{
	struct tok name = p->lex.tok;
	uint32_t id = tir_parse_global_name(p);
	struct global g;

	if (p->lex.failed)
		return;
	g = p->ir->globals[id];
	g.key = NONE;
	g.type = optional_type(p);
	for (;;) {
		if (take_flag(p, tir_global_words, &g.flags))
			continue;
		if (tir_take_word(p, "extern")) {
			g.flags &= ~(uint32_t)GLOBAL_DEFINED;
		} else if (tir_take_word(p, "in")) {
			g.fn = tir_parse_fn_name(p);
			g.flags |= GLOBAL_LOCAL;
		} else if (tir_take_word(p, "key")) {
			g.key = take_key(p);
		} else {
			break;
		}
	}
	g.loc = tir_parse_loc(p);
	tir_parse_attrs(p, &g.attr, &g.nattr);
	if (g.key == NONE)
		g.key = tir_usual_key(p, &name, g.flags & GLOBAL_STATIC);
	p->ir->globals[id] = g;
}

static void parse_fn_line(struct parser *p)
{
	struct tok name = p->lex.tok;
	uint32_t id = tir_parse_fn_name(p);
	struct fn *fn;

	if (p->lex.failed)
		return;
	p->ir->fns[id].key = NONE;
	tir_parse_fn(p, id);
	fn = &p->ir->fns[id];
	if (fn->key == NONE) {
		uint32_t key = tir_usual_key(p, &name, fn->flags & FN_STATIC);

		p->ir->fns[id].key = key;
	}
}

static void parse_remark(struct parser *p)
{
	struct remark r = {0};
	struct loc l;

	if (tir_take_word(p, "alone"))
		r.flags |= REMARK_ALONE;
	if (!tir_at(p, TOK_LOC)) {
		tir_fail_here(p, "the remark's place");
		return;
	}
	l = tir_make_loc(p, &p->lex.tok.loc);
	tir_lex_next(&p->lex);
	r.file = l.file;
	r.line = l.line;
	r.text = ir_str(p->ir, p->lex.tok.text);
	tir_expect(p, TOK_STR, "the remark's text");
	ir_add_remarks(p->ir, r);
}

static void parse_file_line(struct parser *p)
{
	uint32_t file = tir_file_id(p, p->lex.tok.text), flags = 0;

	tir_expect(p, TOK_STR, "the file's path in double quotes");
	while (take_flag(p, tir_file_words, &flags))
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
		if (tir_take_word(p, decls[i].word)) {
			decls[i].parse(p);
			end_line(p);
			return;
		}
	}
	tir_fail_here(p, "file, type, record, field, global, fn or remark");
}

/* ---- the first pass ---- */

static void declare_once(
	struct parser *p, struct map *m, uint32_t (*make)(struct parser *p, const struct tok *t))
{
	struct tok t = p->lex.tok;
	uint64_t key = tir_name_key(p, &t);

	if (!tir_at(p, TOK_NAME))
		tir_fail_here(p, "a name");
	else if (map_get(m, key) != NONE)
		tir_lex_fail(&p->lex, t.line, "'%s' is declared twice", t.text);
	else
		map_put(m, key, make(p, &t));
}

static uint32_t new_type(struct parser *p, const struct tok *t)
{
	return ir_add_types(p->ir, (struct type){.kind = TYPE_OTHER, .to = NONE});
}

static void skip_line(struct parser *p)
{
	while (!tir_at(p, TOK_LINE) && !tir_at(p, '{') && !tir_at(p, TOK_END))
		tir_lex_next(&p->lex);
}

/* Files are read here: places without a file are in the main one, wherever that is declared. */
static void collect(struct parser *p)
{
	while (!tir_at(p, TOK_END)) {
		if (tir_take_word(p, "file")) {
			parse_file_line(p);
		} else if (tir_take_word(p, "type")) {
			declare_once(p, &p->types, new_type);
			p->ndeclared = p->ir->ntypes;
		} else if (tir_take_word(p, "global")) {
			declare_once(p, &p->globals, tir_new_global);
		} else if (tir_take_word(p, "fn")) {
			declare_once(p, &p->fns, tir_new_fn);
			if (!p->lex.failed)
				p->fn.v[p->fn.n - 1].declared = true;
		} else if (tir_take_word(p, "record")) {
			int line = p->lex.tok.line;
			uint32_t id = p->ir->nrecords;

			declare_once(p, &p->records, tir_new_record);
			if (p->lex.failed)
				return;
			p->record.v[id].line = line;
			skip_line(p);
			p->record.v[id].listed = tir_at(p, '{');
		}
		skip_line(p);
		if (tir_take(p, '{'))
			while (!tir_at(p, '}') && !tir_at(p, TOK_END))
				tir_lex_next(&p->lex);
		while (!tir_at(p, TOK_LINE) && !tir_at(p, TOK_END))
			tir_lex_next(&p->lex);
		tir_take(p, TOK_LINE);
	}
}

/* ---- the end ---- */

static int by_place(const void *a, const void *b)
{
	const struct text_field *x = *(struct text_field *const *)a,
				*y = *(struct text_field *const *)b;

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
			tir_lex_fail(&p->lex, t->line, "record '%s' has no field '%s'",
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
	tir_lex_fail(&p->lex, line, "%s", msg);
}

struct ir *ir_parse(const char *name, const char *text)
{
	struct arena *mem = arena_new();
	struct parser p = {.ir = ir_new(), .file = NONE};
	struct ir *ir;

	tir_lex_init(&p.lex, name, text, mem);
	collect(&p);
	if (!p.lex.failed) {
		tir_lex_init(&p.lex, name, text, mem);
		while (!tir_at(&p, TOK_END))
			if (!tir_take(&p, TOK_LINE))
				parse_decl(&p);
	}
	if (!p.lex.failed)
		place_fields(&p);
	if (!p.lex.failed) {
		tir_infer_types(&p);
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
