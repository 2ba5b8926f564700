/* on_life.c - from initialize to exit; folders, watched files, progress. */
#include "lsp/lsp_int.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- initialize ---- */

static bool has(const struct jval *list, const char *word)
{
	for (const struct jval *v = list && list->kind == J_ARR ? list->kids : NULL; v; v = v->next)
		if (v->kind == J_STR && !strcmp(v->s, word))
			return true;
	return false;
}

/* UTF-8 is what the analysis speaks. UTF-16 is what every client understands. */
static const char *choose_encoding(struct server *s, const struct jval *caps)
{
	const struct jval *list = jval_at(caps, "general.positionEncodings");

	s->enc = has(list, "utf-8") ? ENC_UTF8 : ENC_UTF16;
	if (s->enc == ENC_UTF16 && list && !has(list, "utf-16") && has(list, "utf-32"))
		s->enc = ENC_UTF32;
	return s->enc == ENC_UTF8 ? "utf-8" : s->enc == ENC_UTF32 ? "utf-32" : "utf-16";
}

static void read_capabilities(struct server *s, const struct jval *caps)
{
	s->can.pull = jval_at(caps, "textDocument.diagnostic") != NULL;
	s->can.refresh = jval_true(caps, "workspace.diagnostics.refreshSupport");
	s->can.lens_refresh = jval_true(caps, "workspace.codeLens.refreshSupport");
	s->can.hint_refresh = jval_true(caps, "workspace.inlayHint.refreshSupport");
	s->can.progress = jval_true(caps, "window.workDoneProgress");
	s->can.watch = jval_true(caps, "workspace.didChangeWatchedFiles.dynamicRegistration");
	s->can.show_doc = jval_true(caps, "window.showDocument.support");
	s->can.related = jval_true(caps, "textDocument.publishDiagnostics.relatedInformation") ||
			 jval_true(caps, "textDocument.diagnostic.relatedInformation") || s->can.pull;
	s->can.markdown = has(jval_at(caps, "textDocument.hover.contentFormat"), "markdown");
}

static void read_folders(struct server *s, const struct jval *params)
{
	const struct jval *list = jval_at(params, "workspaceFolders");
	const char *path = NULL;
	bool any = false;

	for (const struct jval *v = list && list->kind == J_ARR ? list->kids : NULL; v; v = v->next) {
		path = uri_path(jval_str(v, "uri"), s->mem);
		if (path)
			project_add(s, path);
		any |= path != NULL;
	}
	if (any)
		return;
	path = uri_path(jval_str(params, "rootUri"), s->mem);
	if (!path && jval_str(params, "rootPath"))
		path = path_normal(s->mem, jval_str(params, "rootPath"));
	if (path && *path == '/')
		project_add(s, path);
}

static void put_capabilities(struct json *j, const char *encoding)
{
	json_obj(j, "capabilities");
	json_str(j, "positionEncoding", encoding);
	json_obj(j, "textDocumentSync");
	json_bool(j, "openClose", true);
	json_int(j, "change", 2);
	json_bool(j, "save", true);
	json_end(j);
	json_obj(j, "diagnosticProvider");
	json_str(j, "identifier", "tvt-lint");
	json_bool(j, "interFileDependencies", true);
	json_bool(j, "workspaceDiagnostics", true);
	json_end(j);
	json_bool(j, "hoverProvider", true);
	json_obj(j, "codeActionProvider");
	json_arr(j, "codeActionKinds");
	json_str(j, NULL, "quickfix");
	json_str(j, NULL, "refactor.rewrite");
	json_end(j);
	json_end(j);
	json_obj(j, "codeLensProvider");
	json_end(j);
	json_bool(j, "inlayHintProvider", true);
	json_bool(j, "callHierarchyProvider", true);
	json_obj(j, "executeCommandProvider");
	json_arr(j, "commands");
	json_str(j, NULL, "tvt-lint.why");
	json_str(j, NULL, "tvt-lint.explain");
	json_str(j, NULL, "tvt-lint.reindex");
	json_end(j);
	json_end(j);
	json_obj(j, "workspace");
	json_obj(j, "workspaceFolders");
	json_bool(j, "supported", true);
	json_bool(j, "changeNotifications", true);
	json_end(j);
	json_end(j);
	json_end(j);
}

void on_initialize(struct server *s, const struct msg *m)
{
	const struct jval *caps = jval_at(m->params, "capabilities");
	int64_t parent = jval_int(m->params, "processId", 0);
	const char *encoding;
	struct json j;

	if (s->initialized) {
		rpc_error(s, m->id, RPC_INVALID, "initialized already");
		return;
	}
	s->initialized = true;
	read_capabilities(s, caps);
	encoding = choose_encoding(s, caps);
	read_folders(s, m->params);
	if (parent > 1 && parent <= INT32_MAX)
		s->parent_fd = (int)syscall(SYS_pidfd_open, (pid_t)parent, 0);
	rpc_answer(s, m, &j);
	json_obj(&j, "result");
	put_capabilities(&j, encoding);
	json_obj(&j, "serverInfo");
	json_str(&j, "name", "tvt-lint");
	json_str(&j, "version", s->o->version);
	rpc_end(s, &j);
}

void on_initialized(struct server *s, const struct msg *m)
{
	static const char *const globs[] = {"**/compile_commands.json", "**/.tvt-lint", "**/.tvt/*.model", "**/.tvt/rules/*.sql", "**/baseline.tsv", "**/*.[ch]"};
	struct json j;

	if (!s->can.watch)
		return;
	rpc_request(s, "client/registerCapability", &j);
	json_obj(&j, "params");
	json_arr(&j, "registrations");
	json_obj(&j, NULL);
	json_str(&j, "id", "watch");
	json_str(&j, "method", "workspace/didChangeWatchedFiles");
	json_obj(&j, "registerOptions");
	json_arr(&j, "watchers");
	for (size_t i = 0; i < COUNT(globs); i++) {
		json_obj(&j, NULL);
		json_str(&j, "globPattern", globs[i]);
		json_end(&j);
	}
	rpc_end(s, &j);
}

void on_shutdown(struct server *s, const struct msg *m)
{
	s->shutdown = true;
	rpc_null(s, m);
}

void on_leave(struct server *s, const struct msg *m)
{
	s->exit = true;
}

void on_ignore(struct server *s, const struct msg *m)
{
}

void on_cancel(struct server *s, const struct msg *m)
{
	const struct jval *id = jval_at(m->params, "id");

	if (id)
		publish_cancel(s, id);
}

/* ---- folders and files ---- */

void on_folders(struct server *s, const struct msg *m)
{
	const struct jval *gone = jval_at(m->params, "event.removed"), *added = jval_at(m->params, "event.added");
	const char *path;

	for (const struct jval *v = gone && gone->kind == J_ARR ? gone->kids : NULL; v; v = v->next)
		if ((path = uri_path(jval_str(v, "uri"), s->mem)))
			project_remove(s, path);
	for (const struct jval *v = added && added->kind == J_ARR ? added->kids : NULL; v; v = v->next)
		if ((path = uri_path(jval_str(v, "uri"), s->mem)))
			project_add(s, path);
}

void on_watched(struct server *s, const struct msg *m)
{
	const struct jval *list = jval_at(m->params, "changes");

	for (const struct jval *v = list && list->kind == J_ARR ? list->kids : NULL; v; v = v->next) {
		const char *path = uri_path(jval_str(v, "uri"), s->mem);

		if (path)
			project_changed(s, path, false);
	}
}

/* ---- progress: shown once the client has taken the token ---- */

void progress_begin(struct server *s, struct project *p, const char *title)
{
	static uint32_t count;
	struct sb token = {0};
	struct json j;
	int64_t id;

	if (!s->can.progress || p->token)
		return;
	sb_printf(&token, "tvt-lint/%u", ++count);
	p->token = token.s;
	p->token_ok = false;
	id = rpc_request(s, "window/workDoneProgress/create", &j);
	json_obj(&j, "params");
	json_str(&j, "token", p->token);
	rpc_end(s, &j);
	vec_add(&s->asked, ((struct asked){id, ASK_TOKEN, p}));
}

static void put_progress(struct server *s, struct project *p, const char *kind, const char *text, uint32_t percent)
{
	struct json j;

	rpc_notify(s, "$/progress", &j);
	json_obj(&j, "params");
	json_str(&j, "token", p->token);
	json_obj(&j, "value");
	json_str(&j, "kind", kind);
	if (!strcmp(kind, "begin"))
		json_str(&j, "title", "tvt-lint: indexing");
	if (text)
		json_str(&j, "message", text);
	if (strcmp(kind, "end"))
		json_int(&j, "percentage", percent);
	rpc_end(s, &j);
}

void progress_created(struct server *s, struct project *p, bool ok)
{
	if (!p || !p->token)
		return;
	p->token_ok = ok;
	if (ok)
		put_progress(s, p, "begin", path_base(p->root), 0);
}

void progress_report(struct server *s, struct project *p, uint32_t percent, const char *text)
{
	if (p->token && p->token_ok)
		put_progress(s, p, "report", text, percent);
}

void progress_end(struct server *s, struct project *p)
{
	if (!p->token)
		return;
	if (p->token_ok)
		put_progress(s, p, "end", NULL, 0);
	free(p->token);
	p->token = NULL;
}
