/* ir_print_op.c - names, places, values, paths and ops as text, in both ways of printing. */
#include "ir/ir_print.h"

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

void tir_put_quoted(struct sb *out, const char *s, char quote)
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

void tir_put_name(struct printer *p, uint32_t str, const uint32_t *nth, uint32_t id)
{
	const char *s = ir_text_of(p->ir, str);
	uint32_t k = nth ? nth[id] : 1;

	if (!p->full)
		sb_puts(p->out, s);
	else if (is_plain(s))
		sb_puts(p->out, s);
	else if (*s)
		tir_put_quoted(p->out, s, '\'');
	if (p->full && (k > 1 || !*s))
		sb_printf(p->out, "#%u", k);
}

void tir_put_fn_name(struct printer *p, uint32_t fn)
{
	tir_put_name(p, p->ir->fns[fn].name, p->fn_nth, fn);
}

void tir_put_local(struct printer *p, uint32_t local)
{
	uint32_t name = p->ir->locals[p->fn->local + local].name;

	if (*ir_text_of(p->ir, name))
		tir_put_name(p, name, p->local_nth, local);
	else
		sb_printf(p->out, "%%%u", local);
}

/* ---- places and types ---- */

void tir_put_file(struct printer *p, uint32_t file)
{
	const char *s = ir_text_of(p->ir, p->ir->files[file].path);
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";

	if (*s && strspn(s, plain) == strlen(s) && !(*s >= '0' && *s <= '9'))
		sb_puts(p->out, s);
	else
		tir_put_quoted(p->out, s, '"');
	sb_putc(p->out, ':');
}

void tir_put_loc(struct printer *p, uint32_t loc)
{
	const struct loc *l;

	if (!p->full || loc == NONE || p->ir->locs[loc].file == NONE)
		return;
	l = &p->ir->locs[loc];
	sb_puts(p->out, " @");
	if (l->file != p->file)
		tir_put_file(p, l->file);
	sb_printf(p->out, "%u:%u", l->line, l->col);
	if (l->end_col != l->col)
		sb_printf(p->out, "-%u", l->end_col);
	if (!l->macro && (l->sfile == NONE || !l->sline))
		return;
	sb_putc(p->out, '~');
	if (l->sfile != NONE) {
		tir_put_file(p, l->sfile);
		sb_printf(p->out, "%u:%u", l->sline, l->scol);
	}
	sb_putc(p->out, '(');
	if (l->macro)
		tir_put_name(p, l->macro, NULL, 0);
	sb_putc(p->out, ')');
}

void tir_put_type(struct printer *p, uint32_t type)
{
	if (type == NONE)
		sb_puts(p->out, ": ?");
	else
		sb_printf(p->out, ": t%u", type);
}

/* ---- paths and values ---- */

void tir_put_value(struct printer *p, struct ref r)
{
	switch (r.kind) {
	case REF_NONE:
		sb_putc(p->out, '?');
		break;
	case REF_CONST:
		sb_printf(p->out, "%lld", (long long)p->ir->consts[r.id]);
		break;
	case REF_STR:
		tir_put_quoted(p->out, ir_text_of(p->ir, r.id), '"');
		break;
	case REF_LOCAL:
		tir_put_local(p, r.id);
		break;
	case REF_GLOBAL:
		if (p->full)
			sb_puts(p->out, "::");
		tir_put_name(p, p->ir->globals[r.id].name, p->global_nth, r.id);
		break;
	case REF_FN:
		if (p->full)
			sb_putc(p->out, '&');
		tir_put_fn_name(p, r.id);
		break;
	}
}

static void put_field(struct printer *p, uint32_t field)
{
	const struct field *f = &p->ir->fields[field];

	if (p->full) {
		tir_put_name(p, p->ir->records[f->record].name, p->record_nth, f->record);
		sb_putc(p->out, ':');
	}
	tir_put_name(p, f->name, p->field_nth, field);
}

static void put_path(struct printer *p, uint32_t id)
{
	const struct path *path = &p->ir->paths[id];
	const struct step *s = p->ir->steps + path->step;

	tir_put_value(p, path->base);
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
			tir_put_value(p, s[i].index);
			sb_putc(p->out, ']');
			break;
		}
	}
}

/* The same as in C: '*' goes before what it points to. A '*' before an index is left out, as p[i]
 * says it; an unnamed field is a member of an anonymous struct or union, which C does not write
 * either. */
static void put_c_path(struct printer *p, uint32_t id)
{
	const struct path *path = &p->ir->paths[id];
	const struct step *s = p->ir->steps + path->step;
	struct sb *out = p->out, b = {0};

	p->out = &b;
	tir_put_value(p, path->base);
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
				tir_put_value(p, s[i].index);
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
		tir_put_value(p, r);
	else if (p->full)
		put_path(p, r.id);
	else
		put_c_path(p, r.id);
}

void tir_put_op(struct printer *p, const struct op *op)
{
	enum form form = ir_op_form[op->kind];

	if (op->dst.kind == REF_LOCAL) {
		tir_put_local(p, op->dst.id);
		if (p->full && !p->told[op->dst.id]) {
			p->told[op->dst.id] = true;
			tir_put_type(p, p->ir->locals[p->fn->local + op->dst.id].type);
		}
		sb_puts(p->out, " = ");
	}
	sb_puts(p->out, op_name(op->kind));
	if (op->kind == OP_BIN)
		sb_printf(p->out, ".%s", tir_word_of(tir_bin_kinds, op->flags));
	else if (op->kind == OP_UN)
		sb_printf(p->out, ".%s", tir_word_of(tir_un_kinds, op->flags));
	else
		for (const struct word *w = tir_op_words; w->word; w++)
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
		tir_put_value(p, op->src);
		break;
	case FORM_DSS:
		sb_putc(p->out, ' ');
		tir_put_value(p, op->src);
		sb_puts(p->out, ", ");
		tir_put_value(p, ref_of(op->arg));
		break;
	case FORM_CALL:
		sb_putc(p->out, ' ');
		if (op->src.kind == REF_FN)
			tir_put_fn_name(p, op->src.id);
		else
			tir_put_value(p, op->src);
		sb_putc(p->out, '(');
		for (uint32_t i = 0; i < op->narg; i++) {
			if (i)
				sb_puts(p->out, ", ");
			tir_put_value(p, p->ir->args[op->arg + i]);
		}
		sb_putc(p->out, ')');
		break;
	case FORM_S:
		if (op->src.kind != REF_NONE) {
			sb_putc(p->out, ' ');
			tir_put_value(p, op->src);
		}
		break;
	case FORM_B:
		sb_printf(p->out, " %s", tir_word_of(tir_blind_kinds, op->arg));
		break;
	}
	tir_put_loc(p, op->loc);
}

/* ---- for people ---- */

void ir_print_op(const struct ir *ir, uint32_t fn, uint32_t op, struct sb *out)
{
	struct printer p = {.ir = ir, .out = out, .fn = &ir->fns[fn]};

	tir_put_op(&p, &ir->ops[op]);
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
