/* view_make.c - from an analysis to a view. Runs in the child that analysed. */
#include "lsp/view_int.h"

#include "report/report.h"

static const char *const level_name[] = {
	[LEVEL_NOTE] = "note", [LEVEL_WARNING] = "warning", [LEVEL_ERROR] = "error"};

/* ---- strings and places ---- */

uint32_t vm_str(struct maker *m, const char *s)
{
	return s ? intern_id(m->strs, s) : 0;
}

uint32_t vm_take(struct maker *m, struct sb *b)
{
	uint32_t id = vm_str(m, b->s);

	sb_free(b);
	return id;
}

void vm_md(struct sb *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\`*_{}[]<>#|~", *s))
			sb_putc(out, '\\');
		sb_putc(out, *s == '\n' ? ' ' : *s);
	}
}

static const char *absolute(struct maker *m, const char *file)
{
	return path_join(m->mem, m->in->a->db->root, file);
}

uint32_t vm_file(struct maker *m, const char *file)
{
	uint32_t path, *slot;

	if (!file || !*file)
		return NONE;
	path = vm_str(m, absolute(m, file));
	slot = map_slot(&m->file_of, path, m->files.n);
	if (*slot == m->files.n)
		vec_add(&m->files, ((struct vfile){.path = path}));
	return *slot;
}

static const char *line_of(struct maker *m, const char *file, uint32_t line, size_t *n)
{
	const char *path, *s;

	*n = 0;
	if (!line)
		return "";
	path = absolute(m, file);
	for (uint32_t i = 0; i < m->in->ntext; i++)
		if (!strcmp(m->in->texts[i].path, path))
			return text_line(m->in->texts[i].text, line - 1, n);
	s = report_line(m->in->a->db->root, file, line, n);
	return s ? s : "";
}

static bool is_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static struct pos position(struct maker *m, const char *s, size_t n, uint32_t line, uint32_t col)
{
	size_t bytes = col ? col - 1 : 0;

	return (struct pos){line ? line - 1 : 0, enc_length(s, bytes < n ? bytes : n, m->in->enc)};
}

struct range vm_range(struct maker *m, const struct where *w)
{
	struct range r;
	uint32_t end = w->end_col, end_line = w->end_line ? w->end_line : w->line;
	size_t n;
	const char *s = line_of(m, w->file, w->line, &n);

	r.a = position(m, s, n, w->line, w->col);
	/* where no end is known it is that of the name */
	if (end_line == w->line && end <= w->col + 1)
		for (end = w->col ? w->col : 1; end - 1 < n && is_ident(s[end - 1]);)
			end++;
	if (end_line == w->line && end <= w->col)
		end = w->col + 1;
	if (end_line != w->line)
		s = line_of(m, w->file, end_line, &n);
	r.b = position(m, s, n, end_line, end);
	return r;
}

struct where vm_where(struct maker *m, uint32_t loc)
{
	const struct ir *ir = m->in->a->p->ir;
	struct where w = {.file = ""};
	const struct loc *l;

	if (loc == NONE || ir->locs[loc].file == NONE)
		return w;
	l = &ir->locs[loc];
	w.file = path_under(m->in->a->db->root, ir_text_of(ir, ir->files[l->file].path));
	w.line = w.end_line = l->line;
	w.col = l->col;
	w.end_col = l->end_col;
	return w;
}

void vm_link(struct maker *m, struct sb *out, const struct where *w)
{
	if (!w->file || !*w->file)
		return;
	sb_putc(out, '[');
	vm_md(out, path_base(w->file));
	sb_printf(out, ":%u](file://", w->line);
	for (const unsigned char *s = (const unsigned char *)absolute(m, w->file); *s; s++)
		if (*s > 0x20 && *s < 0x7F && !strchr("%()<>\"?#", *s))
			sb_putc(out, (char)*s);
		else
			sb_printf(out, "%%%02X", *s);
	sb_printf(out, "#L%u)", w->line);
}

/* ---- findings ---- */

static void put_step(struct maker *m, struct sb *out, const struct trace_step *s)
{
	sb_puts(out, "1. ");
	if (s->fn && s->role != STEP_ENTRY && s->role != STEP_REGISTERED) {
		vm_md(out, s->fn);
		sb_puts(out, ": ");
	}
	vm_md(out, s->text ? s->text : "");
	sb_putc(out, ' ');
	vm_link(m, out, &s->at);
	sb_putc(out, '\n');
}

static uint32_t detail(struct maker *m, const struct finding *f)
{
	struct sb b = {0};

	sb_printf(&b, "**%s** ", level_name[f->level]);
	vm_md(&b, f->message);
	if (f->label) {
		sb_puts(&b, "\n\n");
		vm_md(&b, f->label);
	}
	for (uint32_t i = 0; i < f->nnote; i++) {
		sb_puts(&b, "\n\n");
		vm_md(&b, f->notes[i]);
	}
	if (f->task) {
		sb_puts(&b, "\n\n");
		vm_md(&b, f->task);
		sb_puts(&b, " at ");
		vm_link(m, &b, &f->task_at);
	}
	for (uint32_t i = 0; i < f->ntrace; i++) {
		sb_puts(&b, "\n\n**the way to it**");
		if (f->ntrace > 1) {
			sb_puts(&b, " (");
			vm_md(&b, f->traces[i].title);
			sb_putc(&b, ')');
		}
		sb_puts(&b, "\n\n");
		for (uint32_t k = 0; k < f->traces[i].nstep; k++)
			put_step(m, &b, &f->traces[i].steps[k]);
	}
	if (f->nother)
		sb_printf(&b, "\nand %u more ways\n", f->nother);
	for (uint32_t i = 0; i < f->ninstead; i++) {
		sb_puts(&b, i ? "\n- " : "\n**instead**\n\n- ");
		vm_md(&b, f->insteads[i]);
	}
	return vm_take(m, &b);
}

static void add_related(struct maker *m, const struct where *w, const char *fmt, const char *a, const char *b)
{
	struct sb s = {0};
	uint32_t file = vm_file(m, w->file);
	struct range at;

	if (file == NONE)
		return;
	at = vm_range(m, w);
	sb_printf(&s, fmt, a, b);
	vec_add(&m->rels, ((struct vrel){file, at, vm_take(m, &s)}));
}

/* Bytes to positions, in the text that was analysed; the fix is left out if that cannot be had. */
static void add_fix(struct maker *m, struct vdiag *d, const struct fix *fix)
{
	struct text disk = {0};
	uint32_t first = m->edits.n;

	for (uint32_t i = 0; i < fix->nedit; i++) {
		const struct patch *e = &fix->edits[i];
		const struct text *t = NULL;
		const char *path = absolute(m, e->file);
		char *data;
		size_t n;

		for (uint32_t k = 0; k < m->in->ntext && !t; k++)
			if (!strcmp(m->in->texts[k].path, path))
				t = m->in->texts[k].text;
		if (!t && (!i || strcmp(e->file, fix->edits[i - 1].file))) {
			text_free(&disk);
			if (fs_read_quiet(path, &data, &n) < 0)
				break;
			text_set(&disk, data, n);
			free(data);
		}
		t = t ? t : &disk;
		if (hash_bytes(t->s ? t->s : "", t->n) != e->seen)
			break;
		vec_add(&m->edits, ((struct vedit){vm_file(m, e->file),
					   {text_pos(t, e->from, m->in->enc), text_pos(t, e->to, m->in->enc)}, vm_str(m, e->text)}));
	}
	text_free(&disk);
	if (m->edits.n - first != fix->nedit) {
		m->edits.n = first;
		return;
	}
	d->fix = first;
	d->nedit = fix->nedit;
	d->mend = vm_str(m, fix->title);
}

static void add_finding(struct maker *m, const struct finding *f)
{
	struct vdiag d = {.kind = VD_FINDING, .level = f->level, .confidence = f->confidence};
	const struct trace *t = f->ntrace ? &f->traces[0] : NULL;

	d.file = vm_file(m, f->at.file);
	if (d.file == NONE)
		return;
	d.at = vm_range(m, &f->at);
	d.rule = vm_str(m, f->rule);
	d.message = vm_str(m, f->message);
	d.fingerprint = vm_str(m, f->fingerprint);
	d.detail = detail(m, f);
	d.fn = vm_str(m, t && t->nstep ? t->steps[t->nstep - 1].fn : NULL);
	d.rel = m->rels.n;
	for (uint32_t i = 0; i < f->ntrace; i++)
		for (uint32_t k = 0; k < f->traces[i].nstep; k++) {
			const struct trace_step *s = &f->traces[i].steps[k];

			if (s->text)
				add_related(m, &s->at, f->ntrace > 1 ? "%s (%s)" : "%s", s->text, f->traces[i].title);
		}
	d.nrel = m->rels.n - d.rel;
	d.instead = m->texts.n;
	for (uint32_t i = 0; i < f->ninstead; i++)
		vec_add(&m->texts, vm_str(m, f->insteads[i]));
	d.ninstead = m->texts.n - d.instead;
	if (f->fix)
		add_fix(m, &d, f->fix);
	vec_add(&m->diags, d);
}

static bool same_where(const struct where *a, const struct where *b)
{
	return a->line == b->line && a->col == b->col && a->file && b->file && !strcmp(a->file, b->file);
}

/* One for each place that registers a callback below which something was found. */
static void add_registrations(struct maker *m)
{
	const struct analysis *a = m->in->a;
	bool *done = arena_alloc(m->mem, a->nfinding + 1);

	for (uint32_t i = 0; i < a->nfinding; i++) {
		const struct finding *f = &a->findings[i];
		struct vdiag d = {.kind = VD_REGISTERED, .level = LEVEL_NOTE, .confidence = f->confidence};
		struct sb s = {0};
		uint32_t n = 0;

		if (done[i] || finding_quiet(f) || !f->task || !f->task_at.line || same_where(&f->task_at, &f->at))
			continue;
		d.file = vm_file(m, f->task_at.file);
		if (d.file == NONE)
			continue;
		d.rel = m->rels.n;
		for (uint32_t k = i; k < a->nfinding; k++) {
			const struct finding *g = &a->findings[k];

			if (done[k] || finding_quiet(g) || !g->task || strcmp(g->task, f->task) ||
				!same_where(&g->task_at, &f->task_at))
				continue;
			done[k] = true;
			n++;
			add_related(m, &g->at, "%s%s", g->message, "");
		}
		d.nrel = m->rels.n - d.rel;
		d.at = vm_range(m, &f->task_at);
		d.rule = vm_str(m, f->rule);
		sb_printf(&s, "%s: %u finding%s below it", f->task, n, n == 1 ? "" : "s");
		d.message = vm_take(m, &s);
		vec_add(&m->diags, d);
	}
}

static void add_unused(struct maker *m, const struct unused *u)
{
	struct vdiag d = {.kind = VD_UNUSED, .level = u->level, .confidence = CONF_HIGH};
	size_t n;
	const char *s = line_of(m, u->at.file, u->at.line, &n), *from = memmem(s, n, "//", 2);

	d.file = vm_file(m, u->at.file);
	if (d.file == NONE)
		return;
	d.at.a = position(m, s, n, u->at.line, from ? (uint32_t)(from - s) + 1 : 1);
	d.at.b = position(m, s, n, u->at.line, (uint32_t)n + 1);
	if (u->why == UNUSED_NO_RULE) {
		struct sb b = {0};

		sb_printf(&b, "there is no rule '%s'", u->word);
		if (u->near)
			sb_printf(&b, "; did you mean '%s'?", u->near);
		d.message = vm_take(m, &b);
	} else {
		d.message = vm_str(m, u->why == UNUSED_NO_REASON ? "this suppression gives no reason"
								 : "this suppression covers nothing");
	}
	vec_add(&m->diags, d);
}

static void add_failed(struct maker *m)
{
	const struct analysis *a = m->in->a;

	for (uint32_t i = 0; i < a->db->ntu; i++) {
		struct vdiag d = {.kind = VD_FAILED, .level = LEVEL_NOTE, .confidence = CONF_HIGH};
		struct sb s = {0};

		if (a->units[i].state == UNIT_OK || a->units[i].state == UNIT_ERRORS)
			continue;
		d.file = vm_file(m, a->db->tus[i].file);
		sb_printf(&s, "not analysed: %s", a->units[i].first_error ? a->units[i].first_error : "?");
		d.message = vm_take(m, &s);
		vec_add(&m->diags, d);
	}
}

/* ---- order, and the blob ---- */

static const struct maker *sorting; /* qsort() has no context */

static int by_path(const void *x, const void *y)
{
	const struct vfile *f = sorting->files.v;

	return strcmp(intern_str(sorting->strs, f[*(const uint32_t *)x].path),
		intern_str(sorting->strs, f[*(const uint32_t *)y].path));
}

static int by_place(uint32_t file, struct pos at, uint32_t file2, struct pos at2)
{
	if (file != file2)
		return file < file2 ? -1 : 1;
	return pos_before(at, at2) ? -1 : pos_before(at2, at);
}

static int diag_order(const void *x, const void *y)
{
	const struct vdiag *a = x, *b = y;
	int c = by_place(a->file, a->at.a, b->file, b->at.a);

	if (!c)
		c = (a->kind > b->kind) - (a->kind < b->kind);
	if (!c)
		c = strcmp(intern_str(sorting->strs, a->message), intern_str(sorting->strs, b->message));
	return c;
}

static int hint_order(const void *x, const void *y)
{
	const struct vhint *a = x, *b = y;

	return by_place(a->file, a->at, b->file, b->at);
}

static void sort_files(struct maker *m)
{
	uint32_t n = m->files.n, *order = arena_alloc(m->mem, (n + 1) * sizeof *order);
	uint32_t *to = arena_alloc(m->mem, (n + 1) * sizeof *to);
	struct vfile *files = xcalloc(n + 1, sizeof *files);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	sorting = m;
	qsort(order, n, sizeof *order, by_path);
	for (uint32_t i = 0; i < n; i++) {
		to[order[i]] = i;
		files[i] = m->files.v[order[i]];
	}
	free(m->files.v);
	m->files.v = files;
#define RENUMBER(what)                                                                             \
	for (uint32_t i = 0; i < m->what.n; i++)                                                   \
		if (m->what.v[i].file != NONE)                                                     \
			m->what.v[i].file = to[m->what.v[i].file];
	RENUMBER(diags)
	RENUMBER(rels)
	RENUMBER(edits)
	RENUMBER(fns)
	RENUMBER(calls)
	RENUMBER(hints)
#undef RENUMBER
}

static void sort_all(struct maker *m)
{
	sort_files(m);
	if (m->diags.n)
		qsort(m->diags.v, m->diags.n, sizeof *m->diags.v, diag_order);
	if (m->hints.n)
		qsort(m->hints.v, m->hints.n, sizeof *m->hints.v, hint_order);
#define SPAN(what, first, count)                                                                   \
	for (uint32_t i = m->what.n; i--;) {                                                       \
		struct vfile *f = m->what.v[i].file == NONE ? NULL : &m->files.v[m->what.v[i].file]; \
		if (f) {                                                                           \
			f->first = i;                                                              \
			f->count++;                                                                \
		}                                                                                  \
	}
	SPAN(diags, diag, ndiag)
	SPAN(hints, hint, nhint)
	SPAN(fns, fn, nfn)
#undef SPAN
}

static void add_rules(struct maker *m)
{
	const struct analysis *a = m->in->a;

	for (uint32_t i = 0; i < a->nrule; i++) {
		const char *id = a->rules[i].id;

		vec_add(&m->rules, ((struct vrule){vm_str(m, id), vm_str(m, a->rules[i].title),
					   vm_str(m, m->in->page ? m->in->page(id) : NULL),
					   vm_str(m, m->in->url ? m->in->url(id) : NULL)}));
	}
}

static void write_all(struct maker *m, struct sb *out)
{
	uint64_t head[] = {
#define T(type, name) 0,
		VIEW_TABLES(T)
#undef T
	};
	struct {
		const char *v;
		uint32_t n;
	} strs;
	int i = 0;

	strs.v = intern_blob(m->strs, &strs.n);
#define T(type, name) head[i++] = T_OF(name).n;
#define T_OF(name) T_OF_##name
#define T_OF_files m->files
#define T_OF_diags m->diags
#define T_OF_rels m->rels
#define T_OF_edits m->edits
#define T_OF_texts m->texts
#define T_OF_fns m->fns
#define T_OF_calls m->calls
#define T_OF_ins m->ins
#define T_OF_hints m->hints
#define T_OF_rules m->rules
#define T_OF_strs strs
	VIEW_TABLES(T)
#undef T
	sb_putn(out, head, sizeof head);
#define T(type, name)                                                                              \
	if (T_OF(name).n)                                                                          \
		sb_putn(out, T_OF(name).v, T_OF(name).n * sizeof(type));                           \
	while (out->n & 7)                                                                         \
		sb_putc(out, '\0');
	VIEW_TABLES(T)
#undef T
}

void view_make(const struct view_in *in, struct sb *out)
{
	struct maker m = {.in = in, .mem = arena_new(), .strs = intern_new()};

	for (uint32_t i = 0; i < in->a->nfinding; i++)
		if (!finding_quiet(&in->a->findings[i]))
			add_finding(&m, &in->a->findings[i]);
	add_registrations(&m);
	for (uint32_t i = 0; i < in->a->run.unused_suppressions; i++)
		add_unused(&m, &in->a->run.unused[i]);
	add_failed(&m);
	add_rules(&m);
	vm_ways(&m);
	vm_locks(&m);
	sort_all(&m);
	write_all(&m, out);
	/* the child ends: what it holds need not be freed one by one */
	arena_free(m.mem);
	intern_free(m.strs);
}
