/* publish.c - diagnostics: pushed to clients that cannot pull, pulled by the others.
 *
 * Places of open documents are moved to the text of now; a finding whose code has been edited is
 * left out until the next round has seen the text.
 */
#include "lsp/lsp_int.h"

/* ---- one file ---- */

void each_diag(const struct project *p, const struct doc *d, diag_fn *fn, void *ctx)
{
	const struct vfile *f = p && p->view.map ? view_file(&p->view, d->path) : NULL;

	for (uint32_t i = 0; f && i < f->ndiag; i++) {
		const struct vdiag *v = &p->view.diags[f->diag + i];
		struct range at = v->at;

		if (doc_move(d, &at))
			fn(ctx, &p->view, v, at);
	}
}

static void put_related(struct server *s, struct json *j, const struct view *v, const struct vdiag *d)
{
	if (!d->nrel || !s->can.related)
		return;
	json_arr(j, "relatedInformation");
	for (uint32_t i = 0; i < d->nrel; i++) {
		const struct vrel *r = &v->rels[d->rel + i];
		const char *path = view_str(v, v->files[r->file].path);
		struct doc *doc = doc_at(s, path);
		struct range at = r->at;

		if (doc)
			doc_move(doc, &at);
		json_obj(j, NULL);
		json_obj(j, "location");
		json_str(j, "uri", doc ? doc->uri : uri_of(path, s->mem));
		put_range(j, "range", at);
		json_end(j);
		json_str(j, "message", view_str(v, r->message));
		json_end(j);
	}
	json_end(j);
}

static int severity(const struct vdiag *d)
{
	if (d->kind != VD_FINDING)
		return d->kind == VD_FAILED ? 3 : 4;
	return d->level == LEVEL_ERROR ? 1 : d->level == LEVEL_WARNING ? 2 : 3;
}

static const char *const kind_word[] = {
	[VD_FINDING] = "finding", [VD_REGISTERED] = "registration", [VD_UNUSED] = "unused", [VD_FAILED] = "failed"};

static void put_diag(struct server *s, struct json *j, const struct view *v, const struct vdiag *d, struct range at)
{
	const struct vrule *rule = d->rule ? view_rule(v, view_str(v, d->rule)) : NULL;

	json_obj(j, NULL);
	put_range(j, "range", at);
	json_int(j, "severity", severity(d));
	json_str(j, "source", "tvt-lint");
	if (d->rule)
		json_str(j, "code", view_str(v, d->rule));
	if (rule && rule->url) {
		json_obj(j, "codeDescription");
		json_str(j, "href", view_str(v, rule->url));
		json_end(j);
	}
	json_str(j, "message", view_str(v, d->message));
	if (d->kind == VD_UNUSED) {
		json_arr(j, "tags");
		json_int(j, NULL, 1);
		json_end(j);
	}
	put_related(s, j, v, d);
	json_obj(j, "data");
	json_str(j, "kind", kind_word[d->kind]);
	if (d->fingerprint)
		json_str(j, "fingerprint", view_str(v, d->fingerprint));
	json_end(j);
	json_end(j);
}

struct put {
	struct server *s;
	struct json *j;
};

static void put_one(void *ctx, const struct view *v, const struct vdiag *d, struct range at)
{
	struct put *p = ctx;

	put_diag(p->s, p->j, v, d, at);
}

static void put_doc(struct server *s, struct json *j, const char *key, const struct doc *d)
{
	struct put p = {s, j};

	json_arr(j, key);
	each_diag(d->project, d, put_one, &p);
	json_end(j);
}

static void put_file(struct server *s, struct json *j, const char *key, const struct view *v, const struct vfile *f)
{
	json_arr(j, key);
	for (uint32_t i = 0; f && i < f->ndiag; i++)
		put_diag(s, j, v, &v->diags[f->diag + i], v->diags[f->diag + i].at);
	json_end(j);
}

/* ---- push ---- */

void publish_doc(struct server *s, struct doc *d)
{
	struct json j;

	if (s->can.pull || !d->project || !d->project->view.map)
		return;
	rpc_notify(s, "textDocument/publishDiagnostics", &j);
	json_obj(&j, "params");
	json_str(&j, "uri", d->uri);
	json_int(&j, "version", d->version);
	put_doc(s, &j, "diagnostics", d);
	rpc_end(s, &j);
}

static void publish_file(struct server *s, const char *uri, const struct view *v, const struct vfile *f)
{
	struct json j;

	rpc_notify(s, "textDocument/publishDiagnostics", &j);
	json_obj(&j, "params");
	json_str(&j, "uri", uri);
	put_file(s, &j, "diagnostics", v, f);
	rpc_end(s, &j);
}

/* A document was closed: what is known of the file on disk stays. */
void publish_nothing(struct server *s, struct doc *d)
{
	const struct view *v = d->project ? &d->project->view : NULL;

	if (!s->can.pull)
		publish_file(s, d->uri, v, v && v->map ? view_file(v, d->path) : NULL);
}

/* The same diagnostics as before need not be sent again. */
static bool same_file(const struct view *v, const struct vfile *f, const struct view *w, const struct vfile *g)
{
	if (f->ndiag != g->ndiag)
		return false;
	for (uint32_t i = 0; i < f->ndiag; i++) {
		const struct vdiag *d = &v->diags[f->diag + i], *e = &w->diags[g->diag + i];

		if (memcmp(&d->at, &e->at, sizeof d->at) || d->kind != e->kind || d->level != e->level ||
			strcmp(view_str(v, d->message), view_str(w, e->message)) ||
			strcmp(view_str(v, d->rule), view_str(w, e->rule)) || d->nrel != e->nrel)
			return false;
		for (uint32_t k = 0; k < d->nrel; k++) {
			const struct vrel *r = &v->rels[d->rel + k], *q = &w->rels[e->rel + k];

			if (memcmp(&r->at, &q->at, sizeof r->at) || strcmp(view_str(v, r->message), view_str(w, q->message)) ||
				strcmp(view_str(v, v->files[r->file].path), view_str(w, w->files[q->file].path)))
				return false;
		}
	}
	return true;
}

static void refresh(struct server *s, const char *method)
{
	struct json j;

	rpc_request(s, method, &j);
	rpc_end(s, &j);
}

static void push_all(struct server *s, struct project *p, const struct view *old)
{
	const struct view *v = p->closing ? NULL : &p->view;

	for (uint32_t i = 0; v && i < v->nfiles; i++) {
		const struct vfile *f = &v->files[i], *g;
		const char *path = view_str(v, f->path);

		if (doc_at(s, path) || !f->ndiag)
			continue;
		g = old->map ? view_file(old, path) : NULL;
		if (!g || !same_file(v, f, old, g))
			publish_file(s, uri_of(path, s->mem), v, f);
	}
	for (uint32_t i = 0; old->map && i < old->nfiles; i++) {
		const char *path = view_str(old, old->files[i].path);
		const struct vfile *f = v ? view_file(v, path) : NULL;

		if (old->files[i].ndiag && (!f || !f->ndiag) && !doc_at(s, path))
			publish_file(s, uri_of(path, s->mem), NULL, NULL);
	}
}

void publish_view(struct server *s, struct project *p, const struct view *old)
{
	if (s->can.pull) {
		if (s->can.refresh)
			refresh(s, "workspace/diagnostic/refresh");
	} else {
		for (uint32_t i = 0; i < s->docs.n; i++)
			if (s->docs.v[i]->project == p)
				publish_doc(s, s->docs.v[i]);
		push_all(s, p, old);
	}
	if (s->can.lens_refresh)
		refresh(s, "workspace/codeLens/refresh");
	if (s->can.hint_refresh)
		refresh(s, "workspace/inlayHint/refresh");
}

/* ---- pull ---- */

static void answer_pull(struct server *s, const struct jval *id, const struct doc *d)
{
	struct msg m = {.id = id};
	struct json j;
	char result[64];

	snprintf(result, sizeof result, "%u.%u", d->project ? d->project->nview : 0, d->seq);
	rpc_answer(s, &m, &j);
	json_obj(&j, "result");
	json_str(&j, "kind", "full");
	json_str(&j, "resultId", result);
	put_doc(s, &j, "items", d);
	rpc_end(s, &j);
}

/* Held until what is open has been analysed: an answer from before would be taken for the truth. A client that
 * can be told to ask again gets one at once. */
void on_diagnostic(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	struct waiting w = {.version = 0};
	struct json j;

	if (!d)
		return;
	if (!d->project || !project_busy(d->project) || (s->can.refresh && d->project->nview)) {
		answer_pull(s, m->id, d);
		return;
	}
	json_begin(&j, &w.id, false);
	jval_write(&j, NULL, m->id);
	w.uri = xstrdup(d->uri);
	vec_add(&s->waiting, w);
}

static void forget(struct server *s, uint32_t i)
{
	sb_free(&s->waiting.v[i].id);
	free(s->waiting.v[i].uri);
	s->waiting.v[i] = s->waiting.v[--s->waiting.n];
}

void publish_waiting(struct server *s)
{
	for (uint32_t i = 0; i < s->waiting.n; i++) {
		struct waiting *w = &s->waiting.v[i];
		struct doc *d;

		arena_reset(s->mem);
		d = doc_find(s, w->uri);
		if (d && d->project && project_busy(d->project))
			continue;
		if (d)
			answer_pull(s, jval_read(w->id.s, w->id.n, s->mem), d);
		else
			rpc_error(s, jval_read(w->id.s, w->id.n, s->mem), RPC_MODIFIED, "the document was closed");
		forget(s, i--);
	}
}

void publish_cancel(struct server *s, const struct jval *id)
{
	for (uint32_t i = 0; i < s->waiting.n; i++) {
		const struct jval *mine = jval_read(s->waiting.v[i].id.s, s->waiting.v[i].id.n, s->mem);

		if (mine->kind != id->kind || (id->kind == J_STR ? strcmp(mine->s, id->s) != 0 : mine->num != id->num))
			continue;
		rpc_error(s, mine, RPC_CANCELLED, "cancelled");
		forget(s, i--);
	}
}

void publish_drop(struct server *s, const char *uri)
{
	for (uint32_t i = 0; i < s->waiting.n; i++) {
		if (strcmp(s->waiting.v[i].uri, uri))
			continue;
		rpc_error(s, jval_read(s->waiting.v[i].id.s, s->waiting.v[i].id.n, s->mem), RPC_MODIFIED,
			"the document has changed");
		forget(s, i--);
	}
}

/* All files with findings, and those that the client has findings of and that have none any more. */
void on_workspace_diagnostic(struct server *s, const struct msg *m)
{
	const struct jval *list = jval_at(m->params, "previousResultIds");
	struct json j;

	rpc_answer(s, m, &j);
	json_obj(&j, "result");
	json_arr(&j, "items");
	for (uint32_t i = 0; i < s->projects.n; i++) {
		const struct view *v = &s->projects.v[i]->view;
		char result[32];

		snprintf(result, sizeof result, "%u.0", s->projects.v[i]->nview);
		for (uint32_t k = 0; v->map && !s->projects.v[i]->closing && k < v->nfiles; k++) {
			const char *path = view_str(v, v->files[k].path);

			if (!v->files[k].ndiag || doc_at(s, path))
				continue;
			json_obj(&j, NULL);
			json_str(&j, "kind", "full");
			json_str(&j, "uri", uri_of(path, s->mem));
			json_null(&j, "version");
			json_str(&j, "resultId", result);
			put_file(s, &j, "items", v, &v->files[k]);
			json_end(&j);
		}
	}
	for (const struct jval *v = list && list->kind == J_ARR ? list->kids : NULL; v; v = v->next) {
		const char *uri = jval_str(v, "uri"), *path = uri_path(uri, s->mem);
		bool known = !path || doc_at(s, path);

		for (uint32_t i = 0; !known && i < s->projects.n; i++) {
			const struct view *w = &s->projects.v[i]->view;
			const struct vfile *f = w->map ? view_file(w, path) : NULL;

			known = f && f->ndiag;
		}
		if (known)
			continue;
		json_obj(&j, NULL);
		json_str(&j, "kind", "full");
		json_str(&j, "uri", uri);
		json_null(&j, "version");
		json_arr(&j, "items");
		json_end(&j);
		json_end(&j);
	}
	rpc_end(s, &j);
}
