/* ir_print.c - the IR as text: declarations and functions. The form is defined in ir_text.c. */
#include "ir/ir_print.h"

/* ---- which of several with one name ---- */

/* One of several with a name: a number from 1. salt keeps the names of different scopes apart. */
static uint32_t nth_of(struct map *seen, uint32_t name, uint64_t salt)
{
	return ++*map_slot(seen, salt ? hash_mix(salt, name) : name, 0);
}

static uint32_t *zeroed(uint32_t n, size_t size)
{
	return xcalloc(n, size);
}

static void number_names(struct printer *p)
{
	const struct ir *ir = p->ir;
	struct map seen = {0};

	p->fn_nth = zeroed(ir->nfns, sizeof(uint32_t));
	p->global_nth = zeroed(ir->nglobals, sizeof(uint32_t));
	p->record_nth = zeroed(ir->nrecords, sizeof(uint32_t));
	p->field_nth = zeroed(ir->nfields, sizeof(uint32_t));
	for (uint32_t i = 0; i < ir->nfns; i++)
		p->fn_nth[i] = nth_of(&seen, ir->fns[i].name, 0);
	map_free(&seen);
	for (uint32_t i = 0; i < ir->nglobals; i++)
		p->global_nth[i] = nth_of(&seen, ir->globals[i].name, 0);
	map_free(&seen);
	for (uint32_t i = 0; i < ir->nrecords; i++)
		p->record_nth[i] = nth_of(&seen, ir->records[i].name, 0);
	map_free(&seen);
	/* those that a record lists come before those that stand alone */
	for (uint32_t i = 0; i < ir->nrecords; i++)
		for (uint32_t k = 0; k < ir->records[i].nfield; k++) {
			uint32_t f = ir->records[i].field + k;

			p->field_nth[f] = nth_of(&seen, ir->fields[f].name, i + 1);
		}
	for (uint32_t i = 0; i < ir->nfields; i++)
		if (!p->field_nth[i])
			p->field_nth[i] = nth_of(
				&seen, ir->fields[i].name, (uint64_t)ir->fields[i].record + 1);
	map_free(&seen);
}

static void free_names(struct printer *p)
{
	free(p->fn_nth);
	free(p->global_nth);
	free(p->record_nth);
	free(p->field_nth);
}
/* ---- parts of declarations ---- */

static bool same_place(const struct ir *ir, uint32_t a, uint32_t b)
{
	const struct loc *x = a == NONE ? NULL : &ir->locs[a], *y = b == NONE ? NULL : &ir->locs[b];
	bool no_x = !x || x->file == NONE, no_y = !y || y->file == NONE;

	return a == b || (no_x && no_y) || (!no_x && !no_y && !memcmp(x, y, sizeof *x));
}

static void put_words(struct printer *p, const struct word *w, uint32_t flags)
{
	for (; w->word; w++)
		if (flags & w->val)
			sb_printf(p->out, " %s", w->word);
}

static void put_attrs(struct printer *p, uint32_t attr, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct attr *t = &p->ir->attrs[attr + i];

		sb_printf(p->out, " attr %s ", tir_word_of(tir_attr_kinds, t->kind));
		tir_put_quoted(p->out, ir_text_of(p->ir, t->text), '"');
		tir_put_loc(p, t->loc);
	}
}

static void put_key(struct printer *p, uint32_t key, uint32_t name, const uint32_t *nth,
	uint32_t id, bool is_static)
{
	struct sb usual = {0};

	ir_usual_key(p->ir, ir_text_of(p->ir, name), nth[id], is_static, &usual);
	if (strcmp(usual.s, ir_text_of(p->ir, key))) {
		sb_puts(p->out, " key ");
		tir_put_quoted(p->out, ir_text_of(p->ir, key), '"');
	}
	sb_free(&usual);
}
/* ---- declarations ---- */

static void print_type(struct printer *p, uint32_t id)
{
	const struct type *t = &p->ir->types[id];

	sb_printf(p->out, "type t%u %s", id, tir_word_of(tir_type_kinds, t->kind));
	if (t->kind == TYPE_RECORD) {
		sb_putc(p->out, ' ');
		tir_put_name(p, p->ir->records[t->to].name, p->record_nth, t->to);
	} else if (t->to != NONE) {
		sb_printf(p->out, " t%u", t->to);
	}
	if (t->size)
		sb_printf(p->out, " %u", t->size);
	if (t->text) {
		sb_putc(p->out, ' ');
		tir_put_quoted(p->out, ir_text_of(p->ir, t->text), '"');
	}
	put_words(p, tir_type_words, t->flags);
	if (t->nparam)
		sb_printf(p->out, " params %u", t->nparam);
	if (t->name) {
		sb_puts(p->out, " name ");
		tir_put_quoted(p->out, ir_text_of(p->ir, t->name), '"');
	}
	sb_putc(p->out, '\n');
}

static void print_field(struct printer *p, uint32_t id)
{
	const struct field *f = &p->ir->fields[id];

	tir_put_name(p, f->name, p->field_nth, id);
	tir_put_type(p, f->type);
	sb_printf(p->out, " bit %u at %u", f->bit, f->index);
	put_attrs(p, f->attr, f->nattr);
	sb_putc(p->out, '\n');
}

static void print_record(struct printer *p, uint32_t id)
{
	const struct record *r = &p->ir->records[id];

	sb_puts(p->out, "record ");
	tir_put_name(p, r->name, p->record_nth, id);
	sb_printf(p->out, " size %u%s", r->size, r->flags & RECORD_UNION ? " union" : "");
	put_key(p, r->key, r->name, p->record_nth, id, false);
	if (r->nfield) {
		sb_puts(p->out, " {\n");
		for (uint32_t i = 0; i < r->nfield; i++) {
			sb_putc(p->out, '\t');
			print_field(p, r->field + i);
		}
		sb_putc(p->out, '}');
	}
	sb_putc(p->out, '\n');
}

static void print_lone_fields(struct printer *p)
{
	for (uint32_t i = 0; i < p->ir->nfields; i++) {
		uint32_t id = p->ir->fields[i].record;
		const struct record *r = &p->ir->records[id];

		if (i >= r->field && i - r->field < r->nfield)
			continue;
		sb_puts(p->out, "field ");
		tir_put_name(p, r->name, p->record_nth, id);
		sb_putc(p->out, ':');
		print_field(p, i);
	}
}

static void print_global(struct printer *p, uint32_t id)
{
	const struct global *g = &p->ir->globals[id];

	sb_puts(p->out, "global ");
	tir_put_name(p, g->name, p->global_nth, id);
	tir_put_type(p, g->type);
	if (!(g->flags & GLOBAL_DEFINED))
		sb_puts(p->out, " extern");
	put_words(
		p, tir_global_words, g->fn == NONE ? g->flags : g->flags & ~(uint32_t)GLOBAL_LOCAL);
	if (g->fn != NONE) {
		sb_puts(p->out, " in ");
		tir_put_fn_name(p, g->fn);
	}
	put_key(p, g->key, g->name, p->global_nth, id, g->flags & GLOBAL_STATIC);
	tir_put_loc(p, g->loc);
	put_attrs(p, g->attr, g->nattr);
	sb_putc(p->out, '\n');
}

/* ---- functions ---- */

static void put_cases(struct printer *p, const struct block *b)
{
	const struct succ *s = p->ir->succs + b->succ;

	sb_puts(p->out, "switch ");
	tir_put_value(p, b->cond.lhs);
	sb_puts(p->out, " [");
	for (uint32_t i = 0; i + 1 < b->nsucc; i++) {
		sb_printf(p->out, "%lld", (long long)s[i].lo);
		if (s[i].hi != s[i].lo)
			sb_printf(p->out, "..%lld", (long long)s[i].hi);
		sb_printf(p->out, ": b%u, ", s[i].block);
	}
	sb_printf(p->out, "else: b%u]", s[b->nsucc - 1].block);
}

static void print_term(struct printer *p, const struct block *b)
{
	const struct ir *ir = p->ir;
	const struct succ *s = ir->succs + b->succ;
	const struct op *last = b->nop ? &ir->ops[b->op + b->nop - 1] : NULL;

	/* an op 'ret' says enough */
	if (b->term == TERM_RET && last && last->kind == OP_RET &&
		same_place(ir, last->loc, b->loc))
		return;
	sb_putc(p->out, '\t');
	switch ((enum term)b->term) {
	case TERM_GOTO:
		sb_printf(p->out, "goto b%u", s->block);
		break;
	case TERM_IF:
		sb_puts(p->out, "if ");
		tir_put_value(p, b->cond.lhs);
		sb_printf(p->out, " %s ", tir_word_of(tir_rel_kinds, b->cond.rel));
		tir_put_value(p, b->cond.rhs);
		sb_printf(p->out, " goto b%u else b%u", s[0].block, s[1].block);
		break;
	case TERM_SWITCH:
		put_cases(p, b);
		break;
	case TERM_RET:
		sb_puts(p->out, "end");
		break;
	case TERM_STOP:
		sb_puts(p->out, "stop");
		break;
	case TERM_JUMP:
		sb_puts(p->out, "jump");
		for (uint32_t i = 0; i < b->nsucc; i++)
			sb_printf(p->out, "%s b%u", i ? "," : "", s[i].block);
		break;
	}
	tir_put_loc(p, b->loc);
	sb_putc(p->out, '\n');
}

static void study_locals(struct printer *p)
{
	const struct ir *ir = p->ir;
	const struct fn *fn = p->fn;
	struct map seen = {0};

	p->local_nth = zeroed(fn->nlocal, sizeof(uint32_t));
	p->ndef = zeroed(fn->nlocal, sizeof(uint32_t));
	p->def = zeroed(fn->nlocal, sizeof(uint32_t));
	p->addr = xcalloc(fn->nlocal, sizeof(bool));
	p->told = xcalloc(fn->nlocal, sizeof(bool));
	for (uint32_t i = 0; i < fn->nlocal; i++)
		p->local_nth[i] = nth_of(&seen, ir->locals[fn->local + i].name, 0);
	map_free(&seen);
	for (uint32_t i = fn->op; i < fn->op + fn->nop; i++) {
		const struct op *op = &ir->ops[i];
		uint32_t base;

		if (op->dst.kind == REF_LOCAL && p->ndef[op->dst.id]++ == 0)
			p->def[op->dst.id] = i;
		base = op->kind == OP_ADDR ? ir_addr_base(ir, fn, op->src.id) : NONE;
		if (base != NONE)
			p->addr[base] = true;
	}
}

static void free_locals(struct printer *p)
{
	free(p->local_nth);
	free(p->ndef);
	free(p->def);
	free(p->addr);
	free(p->told);
}

/* Named locals and parameters are declared; a temp only if its ops do not tell all of it. */
static bool is_declared(const struct printer *p, uint32_t i)
{
	const struct local *l = &p->ir->locals[p->fn->local + i];
	uint32_t usual = (p->ndef[i] > 1 ? LOCAL_JOIN : LOCAL_TEMP) | (p->addr[i] ? LOCAL_ADDR : 0);

	return i < p->fn->nparam || *ir_text_of(p->ir, l->name) || !p->ndef[i] ||
	       l->flags != usual || !same_place(p->ir, l->loc, p->ir->ops[p->def[i]].loc);
}

static void put_local_decl(struct printer *p, uint32_t i)
{
	const struct local *l = &p->ir->locals[p->fn->local + i];
	uint32_t flags = l->flags & ~(uint32_t)(p->addr[i] ? LOCAL_ADDR : 0);

	tir_put_local(p, i);
	tir_put_type(p, l->type);
	p->told[i] = true;
	if (i < p->fn->nparam) {
		flags &= ~(uint32_t)LOCAL_PARAM;
	} else if (!*ir_text_of(p->ir, l->name)) {
		uint32_t usual = p->ndef[i] > 1 ? LOCAL_JOIN : LOCAL_TEMP;

		if (!(flags & (LOCAL_TEMP | LOCAL_JOIN)))
			sb_puts(p->out, " var");
		else if ((flags & (LOCAL_TEMP | LOCAL_JOIN)) == usual)
			flags &= ~usual;
	}
	put_words(p, tir_local_words, flags);
	tir_put_loc(p, l->loc);
}

static void print_head(struct printer *p, uint32_t id)
{
	const struct fn *fn = p->fn;

	sb_puts(p->out, "fn ");
	tir_put_fn_name(p, id);
	sb_putc(p->out, '(');
	for (uint32_t i = 0; i < fn->nparam; i++) {
		if (i)
			sb_puts(p->out, ", ");
		if (fn->nblock)
			put_local_decl(p, i);
		else
			sb_putc(p->out, '?');
	}
	if (fn->flags & FN_VARIADIC)
		sb_puts(p->out, fn->nparam ? ", ..." : "...");
	sb_putc(p->out, ')');
	if (fn->type != NONE)
		tir_put_type(p, fn->type);
	put_words(p, tir_fn_words, fn->flags);
	put_key(p, fn->key, fn->name, p->fn_nth, id, fn->flags & FN_STATIC);
	if (fn->hash != (fn->nblock ? ir_hash_fn(p->ir, id) : 0))
		sb_printf(p->out, " hash \"%llx\"", (unsigned long long)fn->hash);
	tir_put_loc(p, fn->loc);
	put_attrs(p, fn->attr, fn->nattr);
}

static void print_fn(struct printer *p, uint32_t id)
{
	const struct ir *ir = p->ir;
	const struct fn *fn = p->fn = &ir->fns[id];
	uint32_t file = p->file;

	if (!fn->nblock) {
		print_head(p, id);
		sb_putc(p->out, '\n');
		return;
	}
	study_locals(p);
	print_head(p, id);
	sb_puts(p->out, " {\n");
	if (fn->loc != NONE && ir->locs[fn->loc].file != NONE)
		p->file = ir->locs[fn->loc].file;
	for (uint32_t i = fn->nparam; i < fn->nlocal; i++) {
		if (!is_declared(p, i))
			continue;
		sb_puts(p->out, "\tlocal ");
		put_local_decl(p, i);
		sb_putc(p->out, '\n');
	}
	for (uint32_t i = 0; i < fn->nblock; i++) {
		const struct block *b = &ir->blocks[fn->block + i];

		sb_printf(p->out, "b%u:", i);
		put_words(p, tir_block_words, b->flags);
		sb_putc(p->out, '\n');
		for (uint32_t k = 0; k < b->nop; k++) {
			sb_putc(p->out, '\t');
			tir_put_op(p, &ir->ops[b->op + k]);
			sb_putc(p->out, '\n');
		}
		print_term(p, b);
	}
	sb_puts(p->out, "}\n");
	free_locals(p);
	p->file = file;
}

static void print_remark(struct printer *p, const struct remark *r)
{
	sb_printf(p->out, "remark%s @", r->flags & REMARK_ALONE ? " alone" : "");
	tir_put_file(p, r->file);
	sb_printf(p->out, "%u:1 ", r->line);
	tir_put_quoted(p->out, ir_text_of(p->ir, r->text), '"');
	sb_putc(p->out, '\n');
}

void ir_print(const struct ir *ir, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .full = true, .file = ir_main_file(ir)};

	number_names(&p);
	for (uint32_t i = 0; i < ir->nfiles; i++) {
		sb_puts(out, "file ");
		tir_put_quoted(out, ir_text_of(ir, ir->files[i].path), '"');
		put_words(&p, tir_file_words, ir->files[i].flags);
		sb_putc(out, '\n');
	}
	for (uint32_t i = 0; i < ir->ntypes; i++)
		print_type(&p, i);
	for (uint32_t i = 0; i < ir->nrecords; i++)
		print_record(&p, i);
	print_lone_fields(&p);
	for (uint32_t i = 0; i < ir->nglobals; i++)
		print_global(&p, i);
	for (uint32_t i = 0; i < ir->nfns; i++)
		print_fn(&p, i);
	for (uint32_t i = 0; i < ir->nremarks; i++)
		print_remark(&p, &ir->remarks[i]);
	free_names(&p);
}

void ir_print_fn(const struct ir *ir, uint32_t fn, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .full = true, .file = ir_main_file(ir)};

	number_names(&p);
	print_fn(&p, fn);
	free_names(&p);
}
