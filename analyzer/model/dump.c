/* dump.c - effects in readable form. */
#include "model/model_int.h"

static void put_param(const struct model *m, int param, struct sb *out)
{
	if (param == PARAM_RESULT)
		sb_puts(out, "result");
	else if (param == PARAM_REST)
		sb_puts(out, "...");
	else if (param >= 0 && param < m->nparam)
		sb_puts(out, m->params[param]);
}

static void put_operand(const struct model *m, const char *word, int param, struct sb *out)
{
	if (param == PARAM_NONE)
		return;
	sb_puts(out, word);
	put_param(m, param, out);
}

static void put_clause(const struct clause *c, const struct model *m, struct sb *out)
{
	static const char *const sev[] = {"low", "medium", "high"};

	sb_puts(out, verb_word[c->verb]);
	switch (c->verb) {
	case VERB_BLOCKS:
		sb_printf(out, " %s %s", category_word[c->category], sev[c->severity]);
		if (c->hi > 0)
			sb_printf(out, " for %gs..%gs", c->lo, c->hi);
		break;
	case VERB_GIVES:
		for (int i = 0; i < (int)COUNT(fd_kind_word); i++)
			if (c->kind & 1u << i)
				sb_printf(out, " %s", fd_kind_word[i]);
		put_operand(m, " in ", c->p, out);
		break;
	case VERB_COSTS:
		sb_printf(out, " %g ns", c->hi);
		put_operand(m, c->flags & CL_BYTES ? " per byte of " : " per ", c->p, out);
		sb_puts(out, c->flags & CL_LOG ? " log" : "");
		put_operand(m, " per ", c->q, out);
		break;
	case VERB_COPIES:
		put_operand(m, " ", c->p, out);
		put_operand(m, " to ", c->q, out);
		break;
	case VERB_BEGINS:
		put_operand(m, " like ", c->p, out);
		put_operand(m, " in ", c->q, out);
		break;
	case VERB_COND_WAIT:
		put_operand(m, " on ", c->p, out);
		put_operand(m, " with ", c->q, out);
		break;
	case VERB_TRUE_ON:
		sb_printf(out, " on %s", ctx_name[c->kind]);
		break;
	case VERB_ALLOCATES:
		put_operand(m, " bytes ", c->p, out);
		put_operand(m, " in ", c->q, out);
		break;
	case VERB_OVER:
		put_operand(m, " ", c->p, out);
		put_operand(m, " in ", c->q, out);
		break;
	default:
		put_operand(m, " ", c->p, out);
		put_operand(m, ", ", c->q, out);
		break;
	}
	if (c->name)
		sb_printf(out, " \"%s\"", c->name);
	sb_puts(out, c->flags & CL_SHARED ? " shared" : "");
	sb_puts(out, c->flags & CL_RECURSIVE ? " recursive" : "");
	sb_puts(out, c->flags & CL_SPIN ? " spin" : "");
	sb_puts(out, c->flags & CL_NONBLOCKING ? " nonblocking" : "");
	sb_puts(out, c->flags & CL_BLOCKING ? " blocking" : "");
	if (c->cond) {
		sb_putc(out, ' ');
		mcond_phrase(c->cond, m, out);
	}
}

static void put_callback(const struct callback *cb, const struct model *m, struct sb *out)
{
	if (m)
		put_param(m, cb->param, out);
	if (cb->fields)
		sb_printf(out, " {%s}", cb->fields);
	if (cb->ctx == CTX_COUNT) /* a global that is a descriptor */
		return;
	sb_printf(out, " on %s", ctx_name[cb->ctx]);
	if (m && cb->given != PARAM_NONE) {
		put_operand(m, " given ", cb->given, out);
		sb_printf(out, " as %d", cb->given_to + 1);
		for (uint32_t i = 0; i < cb->nalso; i++) {
			put_operand(m, " and ", cb->also[i].param, out);
			sb_printf(out, " as %d", cb->also[i].to + 1);
		}
	}
	if (m && cb->cond) {
		sb_putc(out, ' ');
		mcond_phrase(cb->cond, m, out);
	}
}

static void put_use(const struct place_use *u, const struct program *p, struct sb *out)
{
	const struct ir *ir = p->ir;

	if (u->field != NONE)
		sb_printf(out, "field %s.%s",
			ir_text_of(ir, ir->records[ir->fields[u->field].record].name),
			ir_text_of(ir, ir->fields[u->field].name));
	else if (u->type != NONE)
		sb_printf(out, "type %s", ir_text_of(ir, ir->types[u->type].name));
	else if (u->global != NONE)
		sb_printf(out, "global %s", ir_text_of(ir, ir->globals[u->global].name));
	else
		sb_printf(out, "function %s", fn_name(p, u->fn));
	if (u->macro != NONE)
		sb_printf(out, " (%s)", ir_text_of(ir, u->macro));
	sb_puts(out, ": ");
	put_callback(&u->place->cb, NULL, out);
	sb_putc(out, '\n');
}

void effects_dump(
	const struct effects *e, const struct program *p, struct sb *out, const char *only_fn)
{
	const struct ir *ir = p->ir;

	for (uint32_t i = 0; !only_fn && i < e->models->libs.n; i++)
		if (e->uses_library[i])
			sb_printf(out, "uses %s\n", e->models->libs.v[i].name);
	for (uint32_t i = 0; !only_fn && i < e->nplace; i++)
		put_use(&e->places[i], p, out);
	for (uint32_t i = 0; i < e->n; i++) {
		const struct effect *x = &e->e[i];
		uint32_t l = ir->ops[x->site].loc;

		if (only_fn && strcmp(fn_name(p, x->fn), only_fn))
			continue;
		if (i == 0 || x[-1].site != x->site || x[-1].callee != x->callee) {
			if (l < ir->nlocs && ir->locs[l].file != NONE)
				sb_printf(out, "%s:%u: ",
					path_base(ir_text_of(ir, ir->files[ir->locs[l].file].path)),
					ir->locs[l].line);
			sb_printf(out, "%s calls %s\n", fn_name(p, x->fn), fn_name(p, x->callee));
		}
		sb_putc(out, '\t');
		if (x->clause)
			put_clause(x->clause, x->model, out);
		else
			put_callback(x->callback, x->model, out);
		sb_putc(out, '\n');
	}
}
