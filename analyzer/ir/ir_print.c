/* ir_print.c - the IR as text. The form is defined in ir_text.c.
 *
 * There are two ways to print: the whole of an ir or a function, in full, so that it can be parsed;
 * and one op, path or value for people, with names as in C and nothing else.
 */
#include "ir/ir_int.h"

struct printer {
	const struct ir *ir;
	struct sb *out;
	bool full;
	uint32_t file; /* of places without a file's name */
	/* full: which of those with the same name it is, from 1 */
	uint32_t *fn_nth, *global_nth, *record_nth, *field_nth;
	/* of the function being printed */
	const struct fn *fn;
	uint32_t *local_nth;
	uint32_t *ndef, *def; /* full: per local, how many ops assign it, and the first of them */
	bool *addr;	      /* full: per local, an op takes its address */
	bool *told;	      /* full: per local, its type has been printed */
};

/* ---- names ---- */

static bool is_plain(const char *s)
{
	if (!*s || (*s >= '0' && *s <= '9'))
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
				(*s >= '0' && *s <= '9') || *s == '_' || *s == '$'))
			return false;
	return true;
}

static void put_quoted(struct sb *out, const char *s, char quote)
{
	size_t n = strlen(s);

	sb_putc(out, quote);
	while (n) {
		uint32_t c;
		unsigned len = utf8_next(s, n, &c);

		if (*s == quote || *s == '\\')
			sb_printf(out, "\\%c", *s);
		else if (*s == '\n')
			sb_puts(out, "\\n");
		else if (*s == '\t')
			sb_puts(out, "\\t");
		else if (!len || c < 0x20 || c == 0x7F)
			sb_printf(out, "\\x%02x", (unsigned char)*s);
		else
			sb_putn(out, s, len);
		s += len ? len : 1;
		n -= len ? len : 1;
	}
	sb_putc(out, quote);
}

static void put_name(struct printer *p, uint32_t str, const uint32_t *nth, uint32_t id)
{
	const char *s = ir_text_of(p->ir, str);
	uint32_t k = nth ? nth[id] : 1;

	if (!p->full)
		sb_puts(p->out, s);
	else if (is_plain(s))
		sb_puts(p->out, s);
	else if (*s)
		put_quoted(p->out, s, '\'');
	if (p->full && (k > 1 || !*s))
		sb_printf(p->out, "#%u", k);
}

static void put_fn_name(struct printer *p, uint32_t fn)
{
	put_name(p, p->ir->fns[fn].name, p->fn_nth, fn);
}

static void put_local(struct printer *p, uint32_t local)
{
	uint32_t name = p->ir->locals[p->fn->local + local].name;

	if (*ir_text_of(p->ir, name))
		put_name(p, name, p->local_nth, local);
	else
		sb_printf(p->out, "%%%u", local);
}

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
			p->field_nth[i] =
				nth_of(&seen, ir->fields[i].name, (uint64_t)ir->fields[i].record + 1);
	map_free(&seen);
}

static void free_names(struct printer *p)
{
	free(p->fn_nth);
	free(p->global_nth);
	free(p->record_nth);
	free(p->field_nth);
}

/* ---- places, types, attributes ---- */

static void put_file(struct printer *p, uint32_t file)
{
	const char *s = ir_text_of(p->ir, p->ir->files[file].path);
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";

	if (*s && strspn(s, plain) == strlen(s) && !(*s >= '0' && *s <= '9'))
		sb_puts(p->out, s);
	else
		put_quoted(p->out, s, '"');
	sb_putc(p->out, ':');
}

static void put_loc(struct printer *p, uint32_t loc)
{
	const struct loc *l;

	if (!p->full || loc == NONE || p->ir->locs[loc].file == NONE)
		return;
	l = &p->ir->locs[loc];
	sb_puts(p->out, " @");
	if (l->file != p->file)
		put_file(p, l->file);
	sb_printf(p->out, "%u:%u", l->line, l->col);
	if (l->end_col != l->col)
		sb_printf(p->out, "-%u", l->end_col);
	if (!l->macro && (l->sfile == NONE || !l->sline))
		return;
	sb_putc(p->out, '~');
	if (l->sfile != NONE) {
		put_file(p, l->sfile);
		sb_printf(p->out, "%u:%u", l->sline, l->scol);
	}
	sb_putc(p->out, '(');
	if (l->macro)
		put_name(p, l->macro, NULL, 0);
	sb_putc(p->out, ')');
}

static bool same_place(const struct ir *ir, uint32_t a, uint32_t b)
{
	const struct loc *x = a == NONE ? NULL : &ir->locs[a], *y = b == NONE ? NULL : &ir->locs[b];
	bool no_x = !x || x->file == NONE, no_y = !y || y->file == NONE;

	return a == b || (no_x && no_y) || (!no_x && !no_y && !memcmp(x, y, sizeof *x));
}

static void put_type(struct printer *p, uint32_t type)
{
	if (type == NONE)
		sb_puts(p->out, ": ?");
	else
		sb_printf(p->out, ": t%u", type);
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

		sb_printf(p->out, " attr %s ", word_of(attr_kinds, t->kind));
		put_quoted(p->out, ir_text_of(p->ir, t->text), '"');
		put_loc(p, t->loc);
	}
}

static void put_key(struct printer *p, uint32_t key, uint32_t name, const uint32_t *nth, uint32_t id,
	bool is_static)
{
	struct sb usual = {0};

	ir_usual_key(p->ir, ir_text_of(p->ir, name), nth[id], is_static, &usual);
	if (strcmp(usual.s, ir_text_of(p->ir, key))) {
		sb_puts(p->out, " key ");
		put_quoted(p->out, ir_text_of(p->ir, key), '"');
	}
	sb_free(&usual);
}

/* ---- declarations ---- */

static void print_type(struct printer *p, uint32_t id)
{
	const struct type *t = &p->ir->types[id];

	sb_printf(p->out, "type t%u %s", id, word_of(type_kinds, t->kind));
	if (t->kind == TYPE_RECORD) {
		sb_putc(p->out, ' ');
		put_name(p, p->ir->records[t->to].name, p->record_nth, t->to);
	} else if (t->to != NONE) {
		sb_printf(p->out, " t%u", t->to);
	}
	if (t->size)
		sb_printf(p->out, " %u", t->size);
	if (t->text) {
		sb_putc(p->out, ' ');
		put_quoted(p->out, ir_text_of(p->ir, t->text), '"');
	}
	put_words(p, type_words, t->flags);
	if (t->nparam)
		sb_printf(p->out, " params %u", t->nparam);
	if (t->name) {
		sb_puts(p->out, " name ");
		put_quoted(p->out, ir_text_of(p->ir, t->name), '"');
	}
	sb_putc(p->out, '\n');
}

static void print_field(struct printer *p, uint32_t id)
{
	const struct field *f = &p->ir->fields[id];

	put_name(p, f->name, p->field_nth, id);
	put_type(p, f->type);
	sb_printf(p->out, " bit %u at %u", f->bit, f->index);
	put_attrs(p, f->attr, f->nattr);
	sb_putc(p->out, '\n');
}

static void print_record(struct printer *p, uint32_t id)
{
	const struct record *r = &p->ir->records[id];

	sb_puts(p->out, "record ");
	put_name(p, r->name, p->record_nth, id);
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
		put_name(p, r->name, p->record_nth, id);
		sb_putc(p->out, ':');
		print_field(p, i);
	}
}

static void print_global(struct printer *p, uint32_t id)
{
	const struct global *g = &p->ir->globals[id];

	sb_puts(p->out, "global ");
	put_name(p, g->name, p->global_nth, id);
	put_type(p, g->type);
	if (!(g->flags & GLOBAL_DEFINED))
		sb_puts(p->out, " extern");
	put_words(p, global_words, g->fn == NONE ? g->flags : g->flags & ~(uint32_t)GLOBAL_LOCAL);
	if (g->fn != NONE) {
		sb_puts(p->out, " in ");
		put_fn_name(p, g->fn);
	}
	put_key(p, g->key, g->name, p->global_nth, id, g->flags & GLOBAL_STATIC);
	put_loc(p, g->loc);
	put_attrs(p, g->attr, g->nattr);
	sb_putc(p->out, '\n');
}

/* ---- paths and values ---- */

static void put_value(struct printer *p, struct ref r)
{
	switch (r.kind) {
	case REF_NONE:
		sb_putc(p->out, '?');
		break;
	case REF_CONST:
		sb_printf(p->out, "%lld", (long long)p->ir->consts[r.id]);
		break;
	case REF_STR:
		put_quoted(p->out, ir_text_of(p->ir, r.id), '"');
		break;
	case REF_LOCAL:
		put_local(p, r.id);
		break;
	case REF_GLOBAL:
		if (p->full)
			sb_puts(p->out, "::");
		put_name(p, p->ir->globals[r.id].name, p->global_nth, r.id);
		break;
	case REF_FN:
		if (p->full)
			sb_putc(p->out, '&');
		put_fn_name(p, r.id);
		break;
	}
}

static void put_field(struct printer *p, uint32_t field)
{
	const struct field *f = &p->ir->fields[field];

	if (p->full) {
		put_name(p, p->ir->records[f->record].name, p->record_nth, f->record);
		sb_putc(p->out, ':');
	}
	put_name(p, f->name, p->field_nth, field);
}

static void put_path(struct printer *p, uint32_t id)
{
	const struct path *path = &p->ir->paths[id];
	const struct step *s = p->ir->steps + path->step;

	put_value(p, path->base);
	for (uint32_t i = 0; i < path->nstep; i++) {
		switch (s[i].kind) {
		case STEP_DEREF:
			if (i + 1 < path->nstep && s[i + 1].kind == STEP_FIELD) {
				sb_puts(p->out, "->");
				put_field(p, s[++i].field);
			} else {
				sb_puts(p->out, ".*");
			}
			break;
		case STEP_FIELD:
			sb_putc(p->out, '.');
			put_field(p, s[i].field);
			break;
		case STEP_INDEX:
			sb_putc(p->out, '[');
			put_value(p, s[i].index);
			sb_putc(p->out, ']');
			break;
		}
	}
}

/* The same as in C: '*' goes before what it points to. A '*' before an index is left out, as p[i] says
 * it; an unnamed field is a member of an anonymous struct or union, which C does not write either. */
static void put_c_path(struct printer *p, uint32_t id)
{
	const struct path *path = &p->ir->paths[id];
	const struct step *s = p->ir->steps + path->step;
	struct sb *out = p->out, b = {0};

	p->out = &b;
	put_value(p, path->base);
	for (uint32_t i = 0; i < path->nstep; i++) {
		bool last = i + 1 == path->nstep;

		switch (s[i].kind) {
		case STEP_DEREF:
			if (!last && s[i + 1].kind == STEP_FIELD) {
				i++;
				sb_puts(&b, "->");
				put_field(p, s[i].field);
				while (b.s[b.n - 1] == '>' && i + 1 < path->nstep &&
						s[i + 1].kind == STEP_FIELD)
					put_field(p, s[++i].field);
			} else if (last || s[i + 1].kind != STEP_INDEX) {
				struct sb inner = b;

				b = (struct sb){0};
				sb_printf(&b, last ? "*%s" : "(*%s)", inner.s);
				sb_free(&inner);
			}
			break;
		case STEP_FIELD:
			if (!*ir_text_of(p->ir, p->ir->fields[s[i].field].name))
				break;
			sb_putc(&b, '.');
			put_field(p, s[i].field);
			break;
		case STEP_INDEX:
			sb_putc(&b, '[');
			if (s[i].index.kind != REF_NONE)
				put_value(p, s[i].index);
			sb_putc(&b, ']');
			break;
		}
	}
	p->out = out;
	sb_putn(out, b.s, b.n);
	sb_free(&b);
}

/* ---- ops ---- */

static void put_operand(struct printer *p, struct ref r)
{
	if (r.kind != REF_PATH)
		put_value(p, r);
	else if (p->full)
		put_path(p, r.id);
	else
		put_c_path(p, r.id);
}

static void put_op(struct printer *p, const struct op *op)
{
	enum form form = op_form[op->kind];

	if (op->dst.kind == REF_LOCAL) {
		put_local(p, op->dst.id);
		if (p->full && !p->told[op->dst.id]) {
			p->told[op->dst.id] = true;
			put_type(p, p->ir->locals[p->fn->local + op->dst.id].type);
		}
		sb_puts(p->out, " = ");
	}
	sb_puts(p->out, op_name(op->kind));
	if (op->kind == OP_BIN)
		sb_printf(p->out, ".%s", word_of(bin_kinds, op->flags));
	else if (op->kind == OP_UN)
		sb_printf(p->out, ".%s", word_of(un_kinds, op->flags));
	else
		for (const struct word *w = op_words; w->word; w++)
			if (op->flags & w->val)
				sb_printf(p->out, ".%s", w->word);
	switch (form) {
	case FORM_N:
		break;
	case FORM_DS:
	case FORM_DP:
		sb_putc(p->out, ' ');
		put_operand(p, op->src);
		break;
	case FORM_PS:
		sb_putc(p->out, ' ');
		put_operand(p, op->dst);
		sb_puts(p->out, ", ");
		put_value(p, op->src);
		break;
	case FORM_DSS:
		sb_putc(p->out, ' ');
		put_value(p, op->src);
		sb_puts(p->out, ", ");
		put_value(p, ref_of(op->arg));
		break;
	case FORM_CALL:
		sb_putc(p->out, ' ');
		if (op->src.kind == REF_FN)
			put_fn_name(p, op->src.id);
		else
			put_value(p, op->src);
		sb_putc(p->out, '(');
		for (uint32_t i = 0; i < op->narg; i++) {
			if (i)
				sb_puts(p->out, ", ");
			put_value(p, p->ir->args[op->arg + i]);
		}
		sb_putc(p->out, ')');
		break;
	case FORM_S:
		if (op->src.kind != REF_NONE) {
			sb_putc(p->out, ' ');
			put_value(p, op->src);
		}
		break;
	case FORM_B:
		sb_printf(p->out, " %s", word_of(blind_kinds, op->arg));
		break;
	}
	put_loc(p, op->loc);
}

/* ---- functions ---- */

static void put_cases(struct printer *p, const struct block *b)
{
	const struct succ *s = p->ir->succs + b->succ;

	sb_puts(p->out, "switch ");
	put_value(p, b->cond.lhs);
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
	if (b->term == TERM_RET && last && last->kind == OP_RET && same_place(ir, last->loc, b->loc))
		return;
	sb_putc(p->out, '\t');
	switch ((enum term)b->term) {
	case TERM_GOTO:
		sb_printf(p->out, "goto b%u", s->block);
		break;
	case TERM_IF:
		sb_puts(p->out, "if ");
		put_value(p, b->cond.lhs);
		sb_printf(p->out, " %s ", word_of(rel_kinds, b->cond.rel));
		put_value(p, b->cond.rhs);
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
	put_loc(p, b->loc);
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

	return i < p->fn->nparam || *ir_text_of(p->ir, l->name) || !p->ndef[i] || l->flags != usual ||
	       !same_place(p->ir, l->loc, p->ir->ops[p->def[i]].loc);
}

static void put_local_decl(struct printer *p, uint32_t i)
{
	const struct local *l = &p->ir->locals[p->fn->local + i];
	uint32_t flags = l->flags & ~(uint32_t)(p->addr[i] ? LOCAL_ADDR : 0);

	put_local(p, i);
	put_type(p, l->type);
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
	put_words(p, local_words, flags);
	put_loc(p, l->loc);
}

static void print_head(struct printer *p, uint32_t id)
{
	const struct fn *fn = p->fn;

	sb_puts(p->out, "fn ");
	put_fn_name(p, id);
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
		put_type(p, fn->type);
	put_words(p, fn_words, fn->flags);
	put_key(p, fn->key, fn->name, p->fn_nth, id, fn->flags & FN_STATIC);
	if (fn->hash != (fn->nblock ? ir_hash_fn(p->ir, id) : 0))
		sb_printf(p->out, " hash \"%llx\"", (unsigned long long)fn->hash);
	put_loc(p, fn->loc);
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
		put_words(p, block_words, b->flags);
		sb_putc(p->out, '\n');
		for (uint32_t k = 0; k < b->nop; k++) {
			sb_putc(p->out, '\t');
			put_op(p, &ir->ops[b->op + k]);
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
	put_file(p, r->file);
	sb_printf(p->out, "%u:1 ", r->line);
	put_quoted(p->out, ir_text_of(p->ir, r->text), '"');
	sb_putc(p->out, '\n');
}

void ir_print(const struct ir *ir, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .full = true, .file = ir_main_file(ir)};

	number_names(&p);
	for (uint32_t i = 0; i < ir->nfiles; i++) {
		sb_puts(out, "file ");
		put_quoted(out, ir_text_of(ir, ir->files[i].path), '"');
		put_words(&p, file_words, ir->files[i].flags);
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

void ir_print_op(const struct ir *ir, uint32_t fn, uint32_t op, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .fn = &ir->fns[fn]};

	put_op(&p, &ir->ops[op]);
}

void ir_print_path(const struct ir *ir, uint32_t fn, uint32_t path, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .fn = &ir->fns[fn]};

	put_c_path(&p, path);
}

void ir_print_ref(const struct ir *ir, uint32_t fn, struct ref r, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .fn = &ir->fns[fn]};

	put_operand(&p, r);
}
