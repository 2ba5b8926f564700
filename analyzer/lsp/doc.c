/* doc.c - open documents, and the workers that follow what is typed.
 *
 * A worker has one text at a time: while it parses, what is typed meanwhile waits, and the next text
 * that it gets is the newest. A few workers are kept, for the documents changed last.
 *
 * A text with errors is mostly one that is being typed. If it has lost functions, its unit is held
 * back until typing stops, so that findings do not come and go with every brace.
 */
#include "lsp/lsp_int.h"

enum { WORKERS = 3 };
#define PATIENCE 1.0 /* seconds without a change after which a text with errors is taken */

/* ---- finding one ---- */

struct doc *doc_find(struct server *s, const char *uri)
{
	for (uint32_t i = 0; uri && i < s->docs.n; i++)
		if (!strcmp(s->docs.v[i]->uri, uri))
			return s->docs.v[i];
	return doc_at(s, uri_path(uri, s->mem));
}

struct doc *doc_at(struct server *s, const char *path)
{
	for (uint32_t i = 0; path && i < s->docs.n; i++)
		if (!strcmp(s->docs.v[i]->path, path))
			return s->docs.v[i];
	return NULL;
}

struct doc *doc_of(struct server *s, const struct msg *m)
{
	const char *uri = jval_str(m->params, "textDocument.uri");
	struct doc *d = doc_find(s, uri);

	if (!d && m->id)
		rpc_error(s, m->id, RPC_BAD_PARAMS, uri ? "the document is not open" : "no textDocument.uri");
	return d;
}

/* ---- positions ---- */

bool doc_move(const struct doc *d, struct range *r)
{
	uint32_t from = d->view_seq - d->edit0;

	return range_move(r, d->edits.v + from, d->edits.n - from);
}

void doc_seen(struct server *s, struct project *p)
{
	for (uint32_t i = 0; i < s->docs.n; i++) {
		struct doc *d = s->docs.v[i];
		uint32_t gone;

		if (d->project != p)
			continue;
		d->view_seq = d->round_seq;
		gone = d->view_seq - d->edit0;
		if (gone) {
			memmove(d->edits.v, d->edits.v + gone, (d->edits.n - gone) * sizeof *d->edits.v);
			d->edits.n -= gone;
			d->edit0 += gone;
		}
	}
}

static void put_pos(struct json *j, const char *key, struct pos p)
{
	json_obj(j, key);
	json_int(j, "line", p.line);
	json_int(j, "character", p.ch);
	json_end(j);
}

void put_range(struct json *j, const char *key, struct range r)
{
	json_obj(j, key);
	put_pos(j, "start", r.a);
	put_pos(j, "end", r.b);
	json_end(j);
}

bool get_pos(const struct jval *v, const char *path, struct pos *p)
{
	int64_t line, ch;

	v = jval_at(v, path);
	line = jval_int(v, "line", -1);
	ch = jval_int(v, "character", -1);
	if (line < 0 || ch < 0 || line > INT32_MAX || ch > INT32_MAX)
		return false;
	*p = (struct pos){(uint32_t)line, (uint32_t)ch};
	return true;
}

bool get_range(const struct jval *v, const char *path, struct range *r)
{
	v = jval_at(v, path);
	return get_pos(v, "start", &r->a) && get_pos(v, "end", &r->b);
}

/* ---- notifications ---- */

static bool is_c_name(const char *path)
{
	return str_ends(path, ".c") || str_ends(path, ".C");
}

void on_open(struct server *s, const struct msg *m)
{
	const char *uri = jval_str(m->params, "textDocument.uri"), *path = uri_path(uri, s->mem);
	const struct jval *text = jval_at(m->params, "textDocument.text");
	struct doc *d;

	if (!path || !text || text->kind != J_STR) {
		rpc_log(s, "warning", "didOpen of what is no file, or without a text");
		return;
	}
	if (doc_find(s, uri)) {
		rpc_log(s, "warning", "didOpen of a document that is open");
		return;
	}
	d = xcalloc(1, sizeof *d);
	d->uri = xstrdup(uri);
	d->path = xstrdup(path);
	d->is_c = is_c_name(path);
	d->version = jval_int(m->params, "textDocument.version", 0);
	d->failed_seq = NONE;
	text_set(&d->text, text->s, text->n);
	vec_add(&s->docs, d);
	d->project = project_of(s, path);
	project_attach(s, d);
	publish_doc(s, d);
}

static void changed(struct server *s, struct doc *d)
{
	if (d->has_held)
		unit_free(&d->held);
	d->has_held = false;
	d->typed = s->now;
	publish_drop(s, d->uri);
	project_changed(s, d->path, true);
	publish_doc(s, d);
}

void on_change(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);
	const struct jval *c = jval_at(m->params, "contentChanges");

	if (!d || !c || c->kind != J_ARR)
		return;
	d->version = jval_int(m->params, "textDocument.version", d->version + 1);
	if (!d->lowered.s)
		text_set(&d->lowered, d->text.s, d->text.n);
	for (c = c->kids; c; c = c->next) {
		const struct jval *text = jval_at(c, "text");
		struct edit e;
		struct range r;

		if (!text || text->kind != J_STR)
			continue;
		if (get_range(c, "range", &r))
			e = text_replace(&d->text, r, text->s, text->n, s->enc);
		else
			e = text_replace_all(&d->text, text->s, text->n, s->enc);
		vec_add(&d->edits, e);
		d->seq++;
	}
	changed(s, d);
}

void on_save(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);

	if (!d)
		return;
	d->saved_seq = d->seq;
	project_changed(s, d->path, false);
}

void on_close(struct server *s, const struct msg *m)
{
	struct doc *d = doc_of(s, m);

	if (!d)
		return;
	publish_drop(s, d->uri);
	for (uint32_t i = 0; i < s->docs.n; i++)
		if (s->docs.v[i] == d)
			s->docs.v[i--] = s->docs.v[--s->docs.n];
	doc_end_worker(s, d);
	project_detach(s, d);
	publish_nothing(s, d);
	if (d->has_held)
		unit_free(&d->held);
	text_free(&d->text);
	text_free(&d->lowered);
	text_free(&d->sent);
	vec_free(&d->edits);
	free(d->uri);
	free(d->path);
	free(d);
}

/* ---- workers ---- */

void doc_end_worker(struct server *s, struct doc *d)
{
	if (d->live)
		server_reap(s, live_end(d->live));
	d->live = NULL;
}

static bool needs(const struct doc *d)
{
	return d->is_c && d->project && project_slot(d->project, d) && (d->stale || d->unit_seq != d->seq) &&
	       !(d->has_held && d->held_seq == d->seq) && d->failed_seq != d->seq;
}

/* Room for one more worker: the one that was of use longest ago goes, if it is idle. */
static bool make_room(struct server *s)
{
	struct doc *oldest = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->docs.n; i++) {
		struct doc *d = s->docs.v[i];

		if (!d->live)
			continue;
		n++;
		if (!live_busy(d->live) && !needs(d) && (!oldest || d->used < oldest->used))
			oldest = d;
	}
	if (n < WORKERS)
		return true;
	if (oldest)
		doc_end_worker(s, oldest);
	return oldest != NULL;
}

static void give(struct server *s, struct doc *d)
{
	struct buffer *bufs = xcalloc(s->docs.n + 1, sizeof *bufs);
	uint32_t n = 0;

	bufs[n++] = (struct buffer){d->path, d->text.s, d->text.n};
	for (uint32_t i = 0; i < s->docs.n; i++) { /* and what it may include */
		const struct doc *o = s->docs.v[i];

		if (o != d && !o->is_c && o->seq != o->saved_seq)
			bufs[n++] = (struct buffer){o->path, o->text.s, o->text.n};
	}
	if (live_send(d->live, bufs, n, d->seq) == 0) {
		text_set(&d->sent, d->text.s, d->text.n);
		d->sent_seq = d->seq;
		d->stale = false;
		d->used = s->now;
	}
	free(bufs);
}

void doc_work(struct server *s)
{
	for (uint32_t i = 0; i < s->docs.n; i++) {
		struct doc *d = s->docs.v[i];

		if (!needs(d) || (d->live && live_busy(d->live)))
			continue;
		if (!d->live && make_room(s))
			d->live = live_start(&project_slot(d->project, d)->cmd, &s->o->pipe.front);
		if (d->live)
			give(s, d);
	}
}

/* ---- results ---- */

static uint32_t defined(const struct ir *ir)
{
	uint32_t n = 0;

	for (uint32_t i = 0; ir && i < ir->nfns; i++)
		n += ir->fns[i].nblock != 0;
	return n;
}

static void take(struct server *s, struct doc *d, struct unit *u, uint32_t seq)
{
	struct project *p = d->project;
	struct slot *slot = project_slot(p, d);
	bool same = slot->unit.ir && u->ir && slot->unit.nir == u->nir && slot->unit.state == u->state &&
		    !memcmp(slot->unit.blob, u->blob, u->nir);

	unit_free(&slot->unit);
	slot->unit = *u;
	slot->stale = false;
	d->unit_seq = seq;
	text_free(&d->lowered);
	d->lowered = d->sent;
	d->sent = (struct text){0};
	if (!same || !p->nview) {
		p->dirty = true;
	} else if (!p->dirty) {
		/* what is known is known of this text too */
		d->round_seq = d->unit_seq;
		if (!p->round_pid)
			doc_seen(s, p);
	}
}

void doc_receive(struct server *s, struct doc *d)
{
	struct unit u;
	uint32_t seq;
	int got = live_receive(d->live, &u, &seq);
	struct slot *slot;

	if (got < 0) {
		struct sb b = {0};

		/* The same text would end the next one too. */
		sb_printf(&b, "%s: the parser ended while it read this text; its findings are those of before", d->path);
		rpc_log(s, "warning", b.s);
		sb_free(&b);
		d->failed_seq = d->sent_seq;
		doc_end_worker(s, d);
		return;
	}
	if (got == 0)
		return;
	slot = d->project ? project_slot(d->project, d) : NULL;
	if (!slot) {
		unit_free(&u);
		return;
	}
	if ((u.state != UNIT_OK && slot->unit.ir && defined(u.ir) < defined(slot->unit.ir)) || !u.ir) {
		if (d->has_held)
			unit_free(&d->held);
		d->held = u;
		d->has_held = true;
		d->held_seq = seq;
		d->held_since = s->now;
		return;
	}
	take(s, d, &u, seq);
}

double doc_deadline(struct server *s)
{
	double first = 0;

	for (uint32_t i = 0; i < s->docs.n; i++) {
		struct doc *d = s->docs.v[i];
		double at = d->held_since + PATIENCE;

		if (!d->has_held)
			continue;
		if (s->now >= at) {
			d->has_held = false;
			if (project_slot(d->project, d))
				take(s, d, &d->held, d->held_seq);
			else
				unit_free(&d->held);
		} else if (!first || at < first) {
			first = at;
		}
	}
	return first;
}
