/* on_lens.c - lenses over callbacks, hints between the words. */
#include "lsp/lsp_int.h"

void on_lens(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	const struct view *v;
	const struct vfile *f;
	struct json j;

	if (!d)
		return;
	v = &d->project->view;
	f = v->map ? view_file(v, d->path) : NULL;
	rpc_answer(s, m, &j);
	json_arr(&j, "result");
	for (uint32_t i = 0; f && i < f->nfn; i++) {
		const struct vfn *fn = &v->fns[f->fn + i];
		struct range at = fn->at;
		struct sb title = {0};
		uint32_t n;

		if (!fn->detail || !doc_move(d, &at))
			continue;
		sb_printf(&title, "%s", view_str(v, fn->detail));
		n = fn_blocking(v, f->fn + i, s->mem);
		if (n)
			sb_printf(&title, ": %u blocking path%s", n, n == 1 ? "" : "s");
		json_obj(&j, NULL);
		put_range(&j, "range", at);
		json_obj(&j, "command");
		json_str(&j, "title", title.s);
		json_str(&j, "command", "tvt-lint.why");
		json_arr(&j, "arguments");
		json_str(&j, NULL, d->uri);
		json_str(&j, NULL, view_str(v, fn->name));
		json_end(&j);
		json_end(&j);
		json_end(&j);
		sb_free(&title);
	}
	rpc_end(s, &j);
}

void on_hint(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	struct range wanted;
	const struct view *v;
	const struct vfile *f;
	struct json j;

	if (!d)
		return;
	if (!get_range(m->params, "range", &wanted)) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no range");
		return;
	}
	v = &d->project->view;
	f = v->map ? view_file(v, d->path) : NULL;
	rpc_answer(s, m, &j);
	json_arr(&j, "result");
	for (uint32_t i = 0; f && i < f->nhint; i++) {
		const struct vhint *h = &v->hints[f->hint + i];
		struct range at = {h->at, h->at};

		if (!h->label || !doc_move(d, &at) || !range_touches(at, wanted))
			continue;
		json_obj(&j, NULL);
		json_obj(&j, "position");
		json_int(&j, "line", at.a.line);
		json_int(&j, "character", at.a.ch);
		json_end(&j);
		json_str(&j, "label", view_str(v, h->label));
		if (h->tip)
			json_str(&j, "tooltip", view_str(v, h->tip));
		json_bool(&j, "paddingRight", true);
		json_end(&j);
	}
	rpc_end(s, &j);
}
