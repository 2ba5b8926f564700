/* on_calls.c - call hierarchy over the ways from tasks to what blocks. */
#include "lsp/lsp_int.h"

static void put_item(struct server *s, struct json *j, const char *key, const struct view *v, uint32_t id)
{
	const struct vfn *fn = &v->fns[id];
	const char *path = fn->file == NONE ? "/" : view_str(v, v->files[fn->file].path);
	struct doc *d = doc_at(s, path);
	struct range at = fn->at;
	struct sb detail = {0};

	if (d)
		doc_move(d, &at);
	if (fn->detail)
		sb_puts(&detail, view_str(v, fn->detail));
	else if (!fn->nout)
		sb_puts(&detail, "may block");
	json_obj(j, key);
	json_str(j, "name", view_str(v, fn->name));
	json_int(j, "kind", 12);
	if (detail.n)
		json_str(j, "detail", detail.s);
	json_str(j, "uri", d ? d->uri : uri_of(path, s->mem));
	put_range(j, "range", at);
	put_range(j, "selectionRange", at);
	json_obj(j, "data"); /* a name survives the next view, a number would not */
	json_str(j, "name", view_str(v, fn->name));
	json_str(j, "path", path);
	json_end(j);
	json_end(j);
	sb_free(&detail);
}

void on_calls_prepare(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	struct range where;
	struct pos at;
	struct json j;
	uint32_t fn;

	if (!d)
		return;
	if (!get_pos(m->params, "position", &at)) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no position");
		return;
	}
	fn = fn_at(d->project, d, at, &where);
	if (fn == NONE) {
		rpc_null(s, m);
		return;
	}
	rpc_answer(s, m, &j);
	json_arr(&j, "result");
	put_item(s, &j, NULL, &d->project->view, fn);
	rpc_end(s, &j);
}

/* The function of an item, in whatever project has it. */
static const struct view *find(struct server *s, const struct msg *m, uint32_t *fn)
{
	const char *name = jval_str(m->params, "item.data.name"), *path = jval_str(m->params, "item.data.path");

	for (uint32_t i = 0; name && path && i < s->projects.n; i++) {
		const struct view *v = &s->projects.v[i]->view;

		for (uint32_t k = 0; v->map && k < v->nfns; k++) {
			const char *file = v->fns[k].file == NONE ? "/" : view_str(v, v->files[v->fns[k].file].path);

			if (strcmp(view_str(v, v->fns[k].name), name) || strcmp(file, path))
				continue;
			*fn = k;
			return v;
		}
	}
	return NULL;
}

/* calls[which[0..n)] by their other end: one item each, with all places. */
static void put_calls(struct server *s, const struct msg *m, const struct view *v, const uint32_t *which, uint32_t n,
	bool in)
{
	struct json j;

	rpc_answer(s, m, &j);
	json_arr(&j, "result");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t other = in ? v->calls[which[i]].caller : v->calls[which[i]].callee;
		bool seen = false;

		for (uint32_t k = 0; k < i; k++)
			seen |= other == (in ? v->calls[which[k]].caller : v->calls[which[k]].callee);
		if (seen)
			continue;
		json_obj(&j, NULL);
		put_item(s, &j, in ? "from" : "to", v, other);
		json_arr(&j, "fromRanges");
		for (uint32_t k = i; k < n; k++) {
			const struct vcall *c = &v->calls[which[k]];
			struct doc *d = c->file == NONE ? NULL : doc_at(s, view_str(v, v->files[c->file].path));
			struct range at = c->at;

			if (other != (in ? c->caller : c->callee))
				continue;
			if (d)
				doc_move(d, &at);
			put_range(&j, NULL, at);
		}
		json_end(&j);
		json_end(&j);
	}
	rpc_end(s, &j);
}

void on_calls_in(struct server *s, const struct msg *m)
{
	uint32_t fn;
	const struct view *v = find(s, m, &fn);

	if (!v)
		rpc_null(s, m);
	else
		put_calls(s, m, v, v->ins + v->fns[fn].in, v->fns[fn].nin, true);
}

void on_calls_out(struct server *s, const struct msg *m)
{
	uint32_t fn, *which, n = 0;
	const struct view *v = find(s, m, &fn);

	if (!v) {
		rpc_null(s, m);
		return;
	}
	which = arena_alloc(s->mem, (v->fns[fn].nout + 1) * sizeof *which);
	for (uint32_t i = 0; i < v->fns[fn].nout; i++)
		if (v->calls[v->fns[fn].out + i].callee != NONE)
			which[n++] = v->fns[fn].out + i;
	put_calls(s, m, v, which, n, false);
}
