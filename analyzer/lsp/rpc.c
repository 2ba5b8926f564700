/* rpc.c - JSON-RPC 2.0: what comes in goes to the methods of the table, what goes out is queued.
 *
 * Whatever comes in, the answer is an answer, an error or a line in the log.
 */
#include "lsp/lsp_int.h"

enum { ASKED_MAX = 1000 }; /* a client that never answers is not remembered for ever */

static const struct {
	const char *name;
	void (*run)(struct server *s, const struct msg *m);
	bool request;
} methods[] = {
#define METHOD(fn, name, id) {name, on_##fn, id},
	METHODS(METHOD)
#undef METHOD
};

/* ---- out ---- */

static void begin(struct json *j)
{
	struct sb *b = xcalloc(1, sizeof *b);

	json_begin(j, b, false);
	json_obj(j, NULL);
	json_str(j, "jsonrpc", "2.0");
}

void rpc_answer(struct server *s, const struct msg *m, struct json *j)
{
	begin(j);
	jval_write(j, "id", m->id);
}

void rpc_notify(struct server *s, const char *method, struct json *j)
{
	begin(j);
	json_str(j, "method", method);
}

int64_t rpc_request(struct server *s, const char *method, struct json *j)
{
	begin(j);
	json_int(j, "id", ++s->next_id);
	json_str(j, "method", method);
	return s->next_id;
}

void rpc_end(struct server *s, struct json *j)
{
	struct sb *b = j->out;

	while (j->depth)
		json_end(j);
	if (s->out_at) {
		memmove(s->out.s, s->out.s + s->out_at, s->out.n - s->out_at);
		s->out.n -= s->out_at;
		s->out_at = 0;
	}
	sb_printf(&s->out, "Content-Length: %zu\r\n\r\n", b->n);
	sb_putn(&s->out, b->s, b->n);
	sb_free(b);
	free(b);
}

void rpc_null(struct server *s, const struct msg *m)
{
	struct json j;

	rpc_answer(s, m, &j);
	json_null(&j, "result");
	rpc_end(s, &j);
}

void rpc_error(struct server *s, const struct jval *id, enum rpc_error code, const char *text)
{
	struct json j;

	begin(&j);
	if (id)
		jval_write(&j, "id", id);
	else
		json_null(&j, "id");
	json_obj(&j, "error");
	json_int(&j, "code", code);
	json_str(&j, "message", text);
	rpc_end(s, &j);
}

void rpc_log(struct server *s, const char *level, const char *text)
{
	struct json j;

	if (!s->initialized) /* nothing may be sent before the answer to initialize */
		return;
	rpc_notify(s, "window/logMessage", &j);
	json_obj(&j, "params");
	json_int(&j, "type", !strcmp(level, "error") ? 1 : !strcmp(level, "warning") ? 2 : 3);
	json_str(&j, "message", text);
	rpc_end(s, &j);
}

/* ---- in ---- */

static void on_answer(struct server *s, const struct jval *root, const struct jval *id)
{
	for (uint32_t i = 0; i < s->asked.n; i++) {
		struct asked a = s->asked.v[i];

		if (id->kind != J_NUM || (double)a.id != id->num)
			continue;
		s->asked.v[i] = s->asked.v[--s->asked.n];
		if (a.what == ASK_TOKEN)
			progress_created(s, a.project, !jval_at(root, "error"));
		return;
	}
}

static void dispatch(struct server *s, const struct jval *root)
{
	struct msg m = {.method = jval_str(root, "method"), .id = jval_at(root, "id"), .params = jval_at(root, "params")};

	if (root->kind != J_OBJ) {
		rpc_error(s, NULL, RPC_INVALID, "a message is an object");
		return;
	}
	if (m.id && m.id->kind != J_NUM && m.id->kind != J_STR) {
		rpc_error(s, NULL, RPC_INVALID, "an id is a number or a string");
		return;
	}
	if (!m.method) {
		if (m.id && (jval_at(root, "result") || jval_at(root, "error")))
			on_answer(s, root, m.id);
		else
			rpc_error(s, m.id, RPC_INVALID, "no method");
		return;
	}
	if (!s->initialized && strcmp(m.method, "initialize") && strcmp(m.method, "exit")) {
		if (m.id)
			rpc_error(s, m.id, RPC_NOT_READY, "not initialized yet");
		return;
	}
	if (s->shutdown && strcmp(m.method, "exit")) {
		if (m.id)
			rpc_error(s, m.id, RPC_INVALID, "shut down");
		return;
	}
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (strcmp(methods[i].name, m.method))
			continue;
		if (methods[i].request && !m.id)
			return; /* nobody wants to know */
		if (!methods[i].request && m.id)
			rpc_error(s, m.id, RPC_INVALID, "this is a notification");
		else
			methods[i].run(s, &m);
		return;
	}
	if (m.id)
		rpc_error(s, m.id, RPC_NO_METHOD, "no such method");
}

void rpc_read(struct server *s)
{
	const char *body, *why;
	size_t n;
	int got;

	while (!s->exit && (got = frame_next(&s->in, &body, &n, &why))) {
		const struct jval *root;

		if (got < 0) {
			rpc_error(s, NULL, RPC_PARSE, why);
			continue;
		}
		arena_reset(s->mem);
		root = jval_read(body, n, s->mem);
		if (!root) {
			rpc_error(s, NULL, RPC_PARSE, "this is not JSON");
			frame_distrust(&s->in, body, n);
			continue;
		}
		if (root->kind == J_ARR) /* a batch, which the protocol has done without so far */
			for (const struct jval *v = root->kids; v; v = v->next)
				dispatch(s, v);
		else
			dispatch(s, root);
		if (s->asked.n > ASKED_MAX)
			s->asked.n = 0;
	}
}
