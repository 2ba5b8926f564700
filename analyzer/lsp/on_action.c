/* on_action.c - what can be done about a finding: suppress it, move the call to a thread, read the
 * page; and remove a suppression that covers nothing.
 */
#include "lsp/lsp_int.h"

struct actions {
	struct server *s;
	struct doc *d;
	struct json *j;
	struct range wanted;
};

/* ---- edits ---- */

static void begin(struct actions *a, const char *title, const char *kind, const struct view *v, const struct vdiag *d,
	struct range at)
{
	json_obj(a->j, NULL);
	json_str(a->j, "title", title);
	json_str(a->j, "kind", kind);
	json_arr(a->j, "diagnostics");
	json_obj(a->j, NULL);
	put_range(a->j, "range", at);
	json_str(a->j, "source", "tvt-lint");
	if (d->rule)
		json_str(a->j, "code", view_str(v, d->rule));
	json_str(a->j, "message", view_str(v, d->message));
	json_end(a->j);
	json_end(a->j);
}

static void put_edit(struct actions *a, struct range at, const char *text)
{
	json_obj(a->j, "edit");
	json_obj(a->j, "changes");
	json_arr(a->j, a->d->uri);
	json_obj(a->j, NULL);
	put_range(a->j, "range", at);
	json_str(a->j, "newText", text);
	json_end(a->j);
	json_end(a->j);
	json_end(a->j);
	json_end(a->j);
	json_end(a->j); /* the action */
}

/* Is a file of the view as it was analysed, as far as is known here? */
static bool unchanged(const struct server *s, const char *path)
{
	for (uint32_t i = 0; i < s->docs.n; i++) {
		const struct doc *d = s->docs.v[i];

		if (!strcmp(d->path, path))
			return d->view_seq == d->edit0 + d->edits.n;
	}
	return true;
}

/* The edits of --fix. */
static void mend(struct actions *a, const struct view *v, const struct vdiag *d, struct range at)
{
	struct sb title = {0};
	uint32_t file = NONE;

	for (uint32_t i = 0; i < d->nedit; i++)
		if (!unchanged(a->s, view_str(v, v->files[v->edits[d->fix + i].file].path)))
			return;
	if (!d->nedit)
		return;
	sb_printf(&title, "tvt-lint: %s", view_str(v, d->mend));
	begin(a, title.s, "quickfix", v, d, at);
	json_bool(a->j, "isPreferred", true);
	json_obj(a->j, "edit");
	json_obj(a->j, "changes");
	for (uint32_t i = 0; i < d->nedit; i++) {
		const struct vedit *e = &v->edits[d->fix + i];

		if (e->file != file) {
			if (file != NONE)
				json_end(a->j);
			file = e->file;
			json_arr(a->j, uri_of(view_str(v, v->files[file].path), a->s->mem));
		}
		json_obj(a->j, NULL);
		put_range(a->j, "range", e->at);
		json_str(a->j, "newText", view_str(v, e->text));
		json_end(a->j);
	}
	json_end(a->j);
	json_end(a->j);
	json_end(a->j);
	json_end(a->j); /* the action */
	sb_free(&title);
}

static size_t indent_of(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	return i;
}

static struct range insertion(uint32_t line)
{
	return (struct range){{line, 0}, {line, 0}};
}

/* A comment on a line of its own speaks of the next one. Inside a macro's body, or a line that goes on, it
 * would change the code: there it is not offered. */
static void suppress(struct actions *a, const struct view *v, const struct vdiag *d, struct range at)
{
	size_t n, before = 0;
	const char *line = text_line(&a->d->text, at.a.line, &n);
	const char *last = at.a.line ? text_line(&a->d->text, at.a.line - 1, &before) : "";
	struct sb b = {0}, title = {0};

	if (before && last[before - 1] == '\\')
		return;
	sb_putn(&b, line, indent_of(line, n));
	sb_printf(&b, "// tvt: allow(%s) TODO: say why it may stay\n", view_str(v, d->rule));
	sb_printf(&title, "tvt-lint: suppress %s here, with a reason", view_str(v, d->rule));
	begin(a, title.s, "quickfix", v, d, at);
	put_edit(a, insertion(at.a.line), b.s);
	sb_free(&b);
	sb_free(&title);
}

static void remove_comment(struct actions *a, const struct view *v, const struct vdiag *d, struct range at)
{
	size_t n;
	const char *line = text_line(&a->d->text, at.a.line, &n);
	bool alone = enc_length(line, indent_of(line, n), a->s->enc) >= at.a.ch;

	begin(a, "tvt-lint: remove this suppression", "quickfix", v, d, at);
	if (alone)
		at = (struct range){{at.a.line, 0}, {at.a.line + 1, 0}};
	put_edit(a, at, "");
}

/* ---- skeletons ---- */

/* How work is handed to a thread in a library: %1$s is the call's name, %2$s the line that it stands in. */
static const struct {
	const char *library; /* a word of the advice: its functions begin with it */
	const char *name, *text;
} offloads[] = {
	{"uv_", "libuv's pool of threads",
		"struct %1$s_work {\n\tuv_work_t req;\n\t/* what the call needs, and its result */\n};\n\n"
		"/* on a thread of the pool: here the wait delays no task */\n"
		"static void %1$s_on_thread(uv_work_t *req)\n{\n\tstruct %1$s_work *w = req->data;\n\n\t(void)w;\n\t%2$s\n}\n\n"
		"/* back on the loop */\n"
		"static void %1$s_done(uv_work_t *req, int status)\n{\n\tstruct %1$s_work *w = req->data;\n\n\tfree(w);\n}\n\n"
		"static void %1$s_start(uv_loop_t *loop)\n{\n\tstruct %1$s_work *w = calloc(1, sizeof *w);\n\n"
		"\tw->req.data = w;\n\tuv_queue_work(loop, &w->req, %1$s_on_thread, %1$s_done);\n}\n\n"},
	{"g_", "a thread of GTask",
		"/* on a thread: here the wait delays no task */\n"
		"static void %1$s_on_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancel)\n{\n\t%2$s\n"
		"\tg_task_return_boolean(task, TRUE);\n}\n\n"
		"/* back on the loop */\n"
		"static void %1$s_done(GObject *source, GAsyncResult *res, gpointer data)\n{\n"
		"\tg_task_propagate_boolean(G_TASK(res), NULL);\n}\n\n"
		"static void %1$s_start(gpointer data)\n{\n\tGTask *task = g_task_new(NULL, NULL, %1$s_done, data);\n\n"
		"\tg_task_set_task_data(task, data, NULL);\n\tg_task_run_in_thread(task, %1$s_on_thread);\n"
		"\tg_object_unref(task);\n}\n\n"},
	{"", "a thread",
		"struct %1$s_work {\n\tint wake; /* an eventfd that the loop watches */\n\t/* what the call needs, and its result */\n};\n\n"
		"/* on a thread: here the wait delays no task */\n"
		"static void *%1$s_on_thread(void *arg)\n{\n\tstruct %1$s_work *w = arg;\n\tuint64_t one = 1;\n\n\t%2$s\n"
		"\tif (write(w->wake, &one, sizeof one) < 0)\n\t\tabort();\n\treturn NULL;\n}\n\n"
		"static int %1$s_start(struct %1$s_work *w)\n{\n\tpthread_t t;\n\n"
		"\treturn pthread_create(&t, NULL, %1$s_on_thread, w) ? -1 : pthread_detach(t);\n}\n\n"},
};

static bool starts_item(const char *s, size_t n)
{
	/* the line before a definition ends something, or is empty, or speaks to the preprocessor */
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return !n || s[n - 1] == ';' || s[n - 1] == '}' || s[0] == '#';
}

/* The line at which the definition that holds line begins: lines that start in the first column with a name and
 * are not labels. */
static uint32_t definition(const struct text *t, uint32_t line)
{
	size_t n;
	const char *s;

	for (; line; line--) {
		s = text_line(t, line, &n);
		if (n && *s != ' ' && *s != '\t' && *s != '{' && *s != '}' && *s != '#' && *s != '/' && s[n - 1] != ':' &&
			memchr(s, '(', n))
			break;
	}
	while (line && (s = text_line(t, line - 1, &n), !starts_item(s, n)))
		line--;
	return line;
}

static bool suits(const struct view *v, const struct vdiag *d, const char *library)
{
	if (!*library)
		return true;
	for (uint32_t i = 0; i < d->ninstead; i++) {
		const char *at = strstr(view_str(v, v->texts[d->instead + i]), library);

		if (at && (at == view_str(v, v->texts[d->instead + i]) || at[-1] == ' '))
			return true;
	}
	return false;
}

static void offload(struct actions *a, const struct view *v, const struct vdiag *d, struct range at)
{
	size_t from = text_offset(&a->d->text, at.a, a->s->enc), to = text_offset(&a->d->text, at.b, a->s->enc), n, cut;
	const char *line = text_line(&a->d->text, at.a.line, &n);
	struct sb b = {0}, name = {0}, code = {0}, title = {0};

	if (to <= from || at.a.line != at.b.line)
		return;
	cut = indent_of(line, n);
	sb_putn(&name, a->d->text.s + from, to - from);
	for (size_t i = 0; i < name.n; i++)
		if (!(name.s[i] == '_' || (name.s[i] >= '0' && name.s[i] <= '9') || ((name.s[i] | 32) >= 'a' && (name.s[i] | 32) <= 'z')))
			goto out; /* a macro's use or an expression: no name to call it by */
	sb_printf(&code, "/* %.*s */", (int)(n - cut), line + cut);
	if (strstr(code.s + 2, "*/") != code.s + code.n - 2 || strstr(code.s + 2, "/*"))
		goto out;
	for (size_t i = 0; i < COUNT(offloads); i++) {
		if (!suits(v, d, offloads[i].library))
			continue;
		sb_printf(&title, "tvt-lint: write a skeleton that calls %s on %s", name.s, offloads[i].name);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		sb_printf(&b, offloads[i].text, name.s, code.s);
#pragma GCC diagnostic pop
		begin(a, title.s, "refactor.rewrite", v, d, at);
		put_edit(a, insertion(definition(&a->d->text, at.a.line)), b.s);
		break;
	}
out:
	sb_free(&b);
	sb_free(&name);
	sb_free(&code);
	sb_free(&title);
}

/* ---- what to read ---- */

static void put_command(struct actions *a, const char *title, const char *command, const char *x, const char *y)
{
	json_obj(a->j, "command");
	json_str(a->j, "title", title);
	json_str(a->j, "command", command);
	json_arr(a->j, "arguments");
	json_str(a->j, NULL, x);
	if (y)
		json_str(a->j, NULL, y);
	json_end(a->j);
	json_end(a->j);
	json_end(a->j); /* the action */
}

static void read_more(struct actions *a, const struct view *v, const struct vdiag *d, struct range at)
{
	struct sb title = {0};

	sb_printf(&title, "tvt-lint: explain %s", view_str(v, d->rule));
	begin(a, title.s, "quickfix", v, d, at);
	put_command(a, title.s, "tvt-lint.explain", view_str(v, d->rule), NULL);
	sb_free(&title);
	if (!d->fn)
		return;
	sb_printf(&title, "tvt-lint: why does '%s' run there?", view_str(v, d->fn));
	begin(a, title.s, "quickfix", v, d, at);
	put_command(a, title.s, "tvt-lint.why", a->d->uri, view_str(v, d->fn));
	sb_free(&title);
}

/* ---- the request ---- */

static void on_diag(void *ctx, const struct view *v, const struct vdiag *d, struct range at)
{
	struct actions *a = ctx;

	if (!range_touches(at, a->wanted))
		return;
	if (d->kind == VD_UNUSED) {
		remove_comment(a, v, d, at);
	} else if (d->kind == VD_FINDING) {
		mend(a, v, d, at);
		suppress(a, v, d, at);
		offload(a, v, d, at);
		read_more(a, v, d, at);
	}
}

void on_action(struct server *s, const struct msg *m)
{
	struct json j;
	struct actions a = {.s = s, .d = doc_of(s, m), .j = &j};

	if (!a.d)
		return;
	if (!get_range(m->params, "range", &a.wanted)) {
		rpc_error(s, m->id, RPC_BAD_PARAMS, "no range");
		return;
	}
	rpc_answer(s, m, &j);
	json_arr(&j, "result");
	each_diag(a.d->project, a.d, on_diag, &a);
	rpc_end(s, &j);
}
