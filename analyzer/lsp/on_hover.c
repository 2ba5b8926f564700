/* on_hover.c - what is known of the code under the pointer: findings with their chains, and where a
 * function runs. */
#include "lsp/lsp_int.h"

struct hover {
	struct server *s;
	struct pos at;
	struct sb text;
	struct range range;
	const struct vrule *rule; /* its page is shown last */
};

/* Without Markdown: no marks, no targets of links. */
static void plain(struct sb *out, const char *md)
{
	for (; *md; md++) {
		if (*md == '\\' && md[1]) {
			sb_putc(out, *++md);
		} else if (*md == ']' && md[1] == '(') {
			md = strchr(md, ')');
			if (!md)
				return;
		} else if (*md != '*' && *md != '[' && *md != '`') {
			sb_putc(out, *md);
		}
	}
}

static void add(struct hover *h, const char *md)
{
	if (!*md)
		return;
	if (h->text.n)
		sb_puts(&h->text, h->s->can.markdown ? "\n\n---\n\n" : "\n\n");
	if (h->s->can.markdown)
		sb_puts(&h->text, md);
	else
		plain(&h->text, md);
}

static void on_diag(void *ctx, const struct view *v, const struct vdiag *d, struct range at)
{
	struct hover *h = ctx;

	if (!range_touches(at, (struct range){h->at, h->at}))
		return;
	if (!h->text.n)
		h->range = at;
	if (d->detail) {
		add(h, view_str(v, d->detail));
		h->rule = view_rule(v, view_str(v, d->rule));
	} else if (d->kind != VD_REGISTERED || !h->text.n) {
		struct sb b = {0};

		vm_md(&b, view_str(v, d->message));
		for (uint32_t i = 0; i < d->nrel; i++) {
			sb_puts(&b, "\n- ");
			vm_md(&b, view_str(v, v->rels[d->rel + i].message));
		}
		add(h, b.s);
		sb_free(&b);
	}
}

/* What guards the variable or field. */
static void add_hints(struct hover *h, const struct doc *d)
{
	const struct view *v = &d->project->view;
	const struct vfile *f = v->map ? view_file(v, d->path) : NULL;
	const char *last = "";

	for (uint32_t i = 0; f && i < f->nhint; i++) {
		const struct vhint *x = &v->hints[f->hint + i];
		struct range at = x->of;

		if (!x->hover || !doc_move(d, &at) || !range_touches(at, (struct range){h->at, h->at}) ||
			!strcmp(last, view_str(v, x->hover)))
			continue;
		if (!h->text.n)
			h->range = at;
		add(h, last = view_str(v, x->hover));
	}
}

uint32_t fn_at(const struct project *p, const struct doc *d, struct pos at, struct range *where)
{
	const struct view *v = &p->view;
	const struct vfile *f = p->view.map ? view_file(v, d->path) : NULL;
	struct range point = {at, at};

	for (uint32_t i = 0; f && i < f->nfn; i++) {
		*where = v->fns[f->fn + i].at;
		if (doc_move(d, where) && range_touches(*where, point))
			return f->fn + i;
	}
	for (uint32_t i = 0; f && i < v->ncalls; i++) {
		if (v->calls[i].file != (uint32_t)(f - v->files) || v->calls[i].callee == NONE)
			continue;
		*where = v->calls[i].at;
		if (doc_move(d, where) && range_touches(*where, point))
			return v->calls[i].callee;
	}
	return NONE;
}

void on_hover(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	struct hover h = {.s = s};
	const char *why;
	struct range where;
	struct json j;
	uint32_t fn;

	if (!d)
		return;
	if (!get_pos(m->params, "position", &h.at)) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no position");
		return;
	}
	each_diag(d->project, d, on_diag, &h);
	fn = fn_at(d->project, d, h.at, &where);
	why = fn == NONE ? NULL : fn_why(&d->project->view, fn, s->mem);
	if (why) {
		if (!h.text.n)
			h.range = where;
		add(&h, why);
	}
	add_hints(&h, d);
	if (h.rule && h.rule->page) {
		struct sb b = {0};

		if (h.rule->url)
			sb_printf(&b, "[%s](%s)\n\n", view_str(&d->project->view, h.rule->id),
				view_str(&d->project->view, h.rule->url));
		sb_puts(&b, view_str(&d->project->view, h.rule->page));
		if (s->can.markdown)
			add(&h, b.s);
		sb_free(&b);
	}
	rpc_answer(s, m, &j);
	if (h.text.n) {
		json_obj(&j, "result");
		json_obj(&j, "contents");
		json_str(&j, "kind", s->can.markdown ? "markdown" : "plaintext");
		json_str(&j, "value", h.text.s);
		json_end(&j);
		put_range(&j, "range", h.range);
	} else {
		json_null(&j, "result");
	}
	rpc_end(s, &j);
	sb_free(&h.text);
}
