/* on_command.c - what an editor may ask to be done. The answer is a text, Markdown. */
#include "lsp/lsp_int.h"

static void answer_text(struct server *s, const struct msg *m, const char *text)
{
	struct json j;

	rpc_answer(s, m, &j);
	json_str(&j, "result", text);
	rpc_end(s, &j);
}

/* why: [uri, name] or [uri, position] */
static void why(struct server *s, const struct msg *m, const struct jval *args)
{
	const struct jval *first = args ? args->kids : NULL, *second = first ? first->next : NULL;
	struct doc *d = first && first->kind == J_STR ? doc_find(s, first->s) : NULL;
	const struct view *v = d && d->project ? &d->project->view : NULL;
	const char *text;
	uint32_t fn = NONE;
	struct range where;
	struct pos at;

	if (!second || !v) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "wanted: the URI of an open document, and a function or a position");
		return;
	}
	if (v->map && second->kind == J_STR) {
		/* the one in this file, else any */
		for (uint32_t i = 0; i < v->nfns; i++) {
			uint32_t file = v->fns[i].file;
			bool here = file != NONE && !strcmp(view_str(v, v->files[file].path), d->path);

			if (!strcmp(view_str(v, v->fns[i].name), second->s) && (fn == NONE || here))
				fn = i;
		}
	} else if (v->map && get_pos(second, "", &at)) {
		fn = fn_at(d->project, d, at, &where);
	}
	text = fn == NONE ? NULL : fn_why(v, fn, s->mem);
	if (!text)
		answer_text(s, m, "nothing is known of it: it neither runs in a task, thread or handler nor leads from one to a "
				  "call that blocks");
	else
		answer_text(s, m, text);
}

static void explain(struct server *s, const struct msg *m, const struct jval *args)
{
	const struct jval *rule = args ? args->kids : NULL;

	for (uint32_t i = 0; rule && rule->kind == J_STR && i < s->projects.n; i++) {
		const struct view *v = &s->projects.v[i]->view;
		const struct vrule *r = v->map ? view_rule(v, rule->s) : NULL;

		if (r && r->page) {
			answer_text(s, m, view_str(v, r->page));
			return;
		}
	}
	rpc_error(s, m->id, RPC_BAD_PARAMS, "no such rule, or it has no page");
}

void on_command(struct server *s, const struct msg *m)
{
	const char *name = jval_str(m->params, "command");
	const struct jval *args = jval_at(m->params, "arguments");

	if (args && args->kind != J_ARR)
		args = NULL;
	if (!name) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no command");
	} else if (!strcmp(name, "tvt-lint.why")) {
		why(s, m, args);
	} else if (!strcmp(name, "tvt-lint.explain")) {
		explain(s, m, args);
	} else if (!strcmp(name, "tvt-lint.reindex")) {
		for (uint32_t i = 0; i < s->projects.n; i++)
			s->projects.v[i]->reload = true;
		rpc_null(s, m);
	} else {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no such command");
	}
}
