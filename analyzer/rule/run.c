/* run.c - runs the rules, and turns ids into places and words for their findings. */
#include "rule/api/rule.h"

#include <stdlib.h>

/* ---- places ---- */

static struct where where_of(const struct program *p, const char *root, uint32_t loc)
{
	struct where w = {.file = ""};
	if (loc == NONE || p->ir->locs[loc].file == NONE)
		return w;
	const struct loc *l = &p->ir->locs[loc];
	w.file = path_under(root, ir_text_of(p->ir, p->ir->files[l->file].path));
	w.line = w.end_line = l->line;
	w.col = l->col;
	w.end_col = l->end_col > l->col ? l->end_col : l->col + 1;
	w.macro = l->macro ? ir_text_of(p->ir, l->macro) : NULL;
	return w;
}

struct where rule_where(const struct rule_run *run, uint32_t site)
{
	return where_of(run->p, run->out->in->root, run->p->ir->ops[site].loc);
}

const char *rule_name(const struct rule_run *run, uint32_t fn)
{
	return fn_name(run->p, fn);
}

const char *rule_time(struct rule_run *run, double s)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = {{60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {0, "ns"}};
	for (size_t i = 0; i < COUNT(units); i++)
		if (s >= units[i].unit * 0.9995 || !units[i].unit)
			return arena_printf(run->mem, "%.3g %s", s / (units[i].unit ? units[i].unit : 1e-9), units[i].name);
	return "";
}

const char *rule_context(const struct rule_run *run, uint32_t entry)
{
	const struct entry *e = &run->f->entries[entry];
	switch (e->ctx) {
	case CTX_LOOP:
	case CTX_TIMER:
		if (e->head != NONE)
			return "the event loop";
		return *e->library ? arena_printf(run->mem, "the %s loop", e->library) : "the event loop";
	case CTX_COROUTINE:
		return "a coroutine on the event loop";
	case CTX_POOL:
		return "the thread pool";
	case CTX_THREAD:
		return "a thread of its own";
	case CTX_SIGNAL:
		return "a signal handler";
	case CTX_ISR:
		return "an interrupt";
	default:
		return "the main thread";
	}
}

/* ---- building a finding ---- */

static char *vprint(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	char *s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

static struct finding *report_at(struct rule_run *run, struct where at, uint32_t fn, const char *message)
{
	struct finding *f = arena_alloc(run->mem, sizeof *f);
	f->message = message;
	f->rule = run->rule->id;
	f->level = run->rule->level;
	f->confidence = CONF_HIGH;
	f->at = at;
	f->identity = arena_printf(run->mem, "%s|%s", run->rule->id, fn_name(run->p, fn));
	vec_add(&run->out->list, f);
	return f;
}

struct finding *rule_report(struct rule_run *run, uint32_t site, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *message = vprint(run->mem, fmt, ap);
	va_end(ap);
	return report_at(run, rule_where(run, site), run->p->op_fn[site], message);
}

struct finding *rule_report_loop(struct rule_run *run, const struct loop_fact *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *message = vprint(run->mem, fmt, ap);
	va_end(ap);
	return report_at(run, where_of(run->p, run->out->in->root, l->loc), l->fn, message);
}

void rule_level(struct finding *f, enum level level, enum confidence confidence)
{
	f->level = level;
	f->confidence = confidence;
}

void rule_label(struct rule_run *run, struct finding *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	f->label = vprint(run->mem, fmt, ap);
	va_end(ap);
}

void finding_note(struct finding *f, struct arena *mem, const char *text)
{
	const char **notes = arena_alloc(mem, (f->nnote + 1) * sizeof *notes);
	if (f->nnote)
		memcpy(notes, f->notes, f->nnote * sizeof *notes);
	notes[f->nnote++] = text;
	f->notes = notes;
}

void rule_note(struct rule_run *run, struct finding *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	finding_note(f, run->mem, vprint(run->mem, fmt, ap));
	va_end(ap);
}

void rule_identity(struct rule_run *run, struct finding *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	f->identity = arena_printf(run->mem, "%s|%s", f->identity, vprint(run->mem, fmt, ap));
	va_end(ap);
}

void rule_instead(struct rule_run *run, struct finding *f, const struct model *m)
{
	const char **texts = arena_alloc(run->mem, 4 * sizeof *texts);
	f->ninstead = model_instead(run->e, m, texts, 4);
	f->insteads = texts;
}

void rule_repair(struct rule_run *run, struct finding *f, enum repair_kind kind, uint32_t site)
{
	uint32_t *sites = arena_alloc(run->mem, (f->repair.nsite + 1) * sizeof *sites);
	if (f->repair.nsite)
		memcpy(sites, f->repair.sites, f->repair.nsite * sizeof *sites);
	sites[f->repair.nsite] = site;
	f->repair = (struct repair){kind, sites, f->repair.nsite + 1};
}

static const struct {
	enum way way;
	const char *library, *text;
} ways[] = {
#define WAY(kind, library, text) {WAY_##kind, library, text},
#include "rule/ways.def"
#undef WAY
};

const char *way_text(const struct effects *e, const char *library, enum way way)
{
	const char *general = "";
	for (size_t i = 0; i < COUNT(ways); i++) {
		if (ways[i].way != way)
			continue;
		if (!*ways[i].library)
			general = ways[i].text;
		else if (*library ? !strcmp(library, ways[i].library) : library_used(e, ways[i].library))
			return ways[i].text;
	}
	return general;
}

void rule_way(struct rule_run *run, struct finding *f, uint32_t entry, enum way way)
{
	const char **texts = arena_alloc(run->mem, (f->ninstead + 1) * sizeof *texts);
	if (f->ninstead)
		memcpy(texts, f->insteads, f->ninstead * sizeof *texts);
	texts[f->ninstead++] = way_text(run->e, entry == NONE ? "" : run->f->entries[entry].library, way);
	f->insteads = texts;
}

void rule_task(struct rule_run *run, struct finding *f, uint32_t entry)
{
	const struct entry *e = &run->f->entries[entry];
	const char *name = fn_name(run->p, e->fn);

	if (e->head != NONE) {
		const struct evloop *l = &run->f->loops[e->loop];
		f->task = arena_printf(run->mem, "the loop in '%s' is an event loop: it waits in '%s'", name,
			run->p->ir->ops[l->site].src.kind == REF_FN ? fn_name(run->p, run->p->ir->ops[l->site].src.id) : "?");
		f->task_at = rule_where(run, l->wait);
		return;
	}
	if (e->model)
		f->task = arena_printf(
			run->mem, "'%s' runs on %s, registered by %s", name, rule_context(run, entry), e->model->name);
	else if (e->place && e->place->kind == PLACE_FIELD)
		f->task = arena_printf(run->mem, "'%s' runs on %s: it is kept in '%s.%s'", name, rule_context(run, entry),
			e->place->record, e->place->name);
	else if (e->place)
		f->task = arena_printf(run->mem, "'%s' runs on %s: it is marked '%s'", name, rule_context(run, entry),
			e->place->name);
	else
		f->task = arena_printf(run->mem, "'%s' runs on %s", name, rule_context(run, entry));
	f->task_at = e->site != NONE ? rule_where(run, e->site)
				     : where_of(run->p, run->out->in->root, run->p->ir->fns[e->fn].loc);
}

static const char *jump_text(struct rule_run *run, const struct visit *v)
{
	const struct program *p = run->p;
	const struct ir *ir = p->ir;
	const char *name = fn_name(p, v->fn);
	uint32_t via = NONE;
	for (uint32_t e = p->site_edge[v->site]; e != NONE && e < p->nedge && p->edges[e].site == v->site; e++)
		if (p->edges[e].callee == v->fn)
			via = p->edges[e].via;
	switch (v->why) {
	case EDGE_DIRECT:
		return arena_printf(run->mem, "calls '%s'", name);
	case EDGE_FIELD:
	case EDGE_TABLE:
		if (via != NONE)
			return arena_printf(run->mem, "calls '%s' through field '%s'", name, ir_text_of(ir, ir->fields[via].name));
		return arena_printf(run->mem, "calls '%s' through a table", name);
	case EDGE_PARAM:
		return arena_printf(run->mem, "calls '%s', handed over as a parameter", name);
	case EDGE_RETURNED:
		return arena_printf(run->mem, "calls '%s', returned by a function", name);
	case EDGE_MODEL:
		return arena_printf(run->mem, "a library calls '%s' back at once", name);
	case EDGE_TYPE:
		return arena_printf(run->mem, "may call '%s': it has this type, nothing more is known", name);
	default:
		return arena_printf(run->mem, "calls '%s' through a variable", name);
	}
}

void rule_trace(struct rule_run *run, struct finding *f, uint32_t visit, uint32_t site, const char *what)
{
	uint32_t chain[128], n = witness_chain(run->f, visit, chain, COUNT(chain)), k = 0;
	uint32_t entry = run->f->visits[visit].entry;
	struct trace_step *st = arena_alloc(run->mem, (n + 3) * sizeof *st);
	const struct entry *e = &run->f->entries[entry];
	const struct program *p = run->p;

	if (e->site != NONE)
		st[k++] = (struct trace_step){STEP_REGISTERED, rule_where(run, e->site), fn_name(p, p->op_fn[e->site]),
			arena_printf(run->mem, "registers '%s'", fn_name(p, e->fn))};
	st[k++] = (struct trace_step){STEP_ENTRY, where_of(p, run->out->in->root, p->ir->fns[e->fn].loc), fn_name(p, e->fn),
		e->head != NONE ? arena_printf(run->mem, "the loop in '%s'", fn_name(p, e->fn))
				: arena_printf(run->mem, "'%s' runs on %s", fn_name(p, e->fn), rule_context(run, entry))};
	for (uint32_t i = 1; i < n; i++) {
		const struct visit *v = &run->f->visits[chain[i]];
		st[k++] = (struct trace_step){v->why == EDGE_DIRECT ? STEP_CALL : STEP_JUMP, rule_where(run, v->site),
			fn_name(p, p->op_fn[v->site]), jump_text(run, v)};
	}
	st[k++] = (struct trace_step){STEP_SITE, rule_where(run, site), fn_name(p, p->op_fn[site]), what};

	struct trace *all = arena_alloc(run->mem, (f->ntrace + 1) * sizeof *all);
	if (f->ntrace)
		memcpy(all, f->traces, f->ntrace * sizeof *all);
	all[f->ntrace++] = (struct trace){fn_name(p, e->fn), st, k};
	f->traces = all;
}

void rule_trace_loop(struct rule_run *run, struct finding *f, const struct loop_fact *l, const char *what)
{
	rule_trace(run, f, l->visit, l->op, what);
	struct trace *t = &f->traces[f->ntrace - 1];
	t->steps[t->nstep - 1].at = f->at;
}

void rule_also(struct rule_run *run, struct finding *f, const char *kind, uint32_t site, const char *what)
{
	struct trace *t = f->ntrace ? &f->traces[f->ntrace - 1] : NULL;
	if (!t || strcmp(t->title, kind)) {
		struct trace *all = arena_alloc(run->mem, (f->ntrace + 1) * sizeof *all);
		if (f->ntrace)
			memcpy(all, f->traces, f->ntrace * sizeof *all);
		f->traces = all;
		t = &all[f->ntrace++];
		*t = (struct trace){.title = kind};
	}
	struct trace_step *st = arena_alloc(run->mem, (t->nstep + 1) * sizeof *st);
	if (t->nstep)
		memcpy(st, t->steps, t->nstep * sizeof *st);
	st[t->nstep++] = (struct trace_step){STEP_SITE, rule_where(run, site), fn_name(run->p, run->p->op_fn[site]), what};
	t->steps = st;
}

/* ---- all rules ---- */

static int by_place(const void *x, const void *y)
{
	const struct finding *a = *(struct finding *const *)x, *b = *(struct finding *const *)y;
	int d = strcmp(a->at.file, b->at.file);
	if (d)
		return d;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.col != b->at.col)
		return a->at.col < b->at.col ? -1 : 1;
	d = strcmp(a->rule, b->rule);
	if (!d)
		d = strcmp(a->identity, b->identity);
	return d ? d : strcmp(a->message, b->message);
}

/* No file and no line is in it: a finding stays the same when lines move and files are renamed. Findings with one
 * identity are numbered in the order of their places. */
static void fingerprint(struct finding *f, uint32_t occurrence, struct arena *mem)
{
	const char *text = arena_printf(mem, "%s|%u", f->identity, occurrence);
	snprintf(f->fingerprint, sizeof f->fingerprint, "%016llx%016llx", (unsigned long long)hash_str(text),
		(unsigned long long)hash_mix(hash_str(text), hash_str(f->identity)));
}

bool rule_wants(const struct rules_in *in, const char *file)
{
	if (!in->npath)
		return true;
	for (uint32_t i = 0; i < in->npath; i++) {
		const char *below = path_under(in->root, in->paths[i]);
		size_t n = strlen(below);
		if (!strcmp(below, ".") || !strcmp(in->paths[i], in->root) ||
			(!strncmp(file, below, n) && (file[n] == 0 || file[n] == '/')))
			return true;
	}
	return false;
}

const struct rule *rule_find(const char *id)
{
	for (uint32_t i = 0; i < nrules; i++)
		if (!strcmp(rules[i]->id, id))
			return rules[i];
	return NULL;
}

bool rule_runs(const struct rules_in *in, const struct rule *rule)
{
	int on = in->on ? in->on(in->ctx, rule->id) : -1;
	return on < 0 ? rule->by_default || in->all : on;
}

struct finding *rules_add(struct rules_out *out, const char *rule, struct where at, const char *message)
{
	struct finding *f = arena_alloc(out->mem, sizeof *f);
	*f = (struct finding){
		.rule = rule, .level = LEVEL_WARNING, .confidence = CONF_HIGH, .at = at, .message = message, .identity = rule};
	vec_add(&out->list, f);
	return f;
}

/* Each finding once, in order, with its fingerprint. Those that will not be shown have one too: what else is asked
 * for must not change it. */
static void settle(struct rules_out *out)
{
	struct map seen = {0};
	uint32_t n = 0;
	if (out->list.n)
		qsort(out->list.v, out->list.n, sizeof *out->list.v, by_place);
	for (uint32_t i = 0; i < out->list.n; i++) {
		struct finding *f = out->list.v[i];
		if (n && !by_place(&out->list.v[n - 1], &f))
			continue;
		fingerprint(f, (*map_slot(&seen, hash_str(f->identity), 0))++, out->mem);
		out->list.v[n++] = f;
	}
	out->list.n = n;
	map_free(&seen);
}

/* The configuration may change a finding's level, or want none of it. */
static bool keep(const struct rules_in *in, struct rules_out *out, struct finding *f)
{
	int level = in->level ? in->level(in->ctx, f) : (int)f->level;
	if (level < 0 || !rule_wants(in, f->at.file))
		return false;
	f->level = (enum level)level;
	if (f->confidence >= in->confidence)
		return true;
	out->nbelow++;
	return false;
}

void rule_run_all(const struct rules_in *in, struct rules_out *out)
{
	*out = (struct rules_out){.mem = arena_new(), .in = in};
	for (uint32_t i = 0; i < nrules; i++) {
		if (!rule_runs(in, rules[i]))
			continue;
		struct rule_run run = {.p = in->p, .e = in->e, .f = in->f, .rule = rules[i], .mem = out->mem, .out = out};
		uint32_t span = span_open("rule", rules[i]->id);
		rules[i]->check(&run);
		span_close(span);
	}
	if (in->more)
		in->more(in->ctx, out);
	settle(out);
	rule_suppress(in, out, out->list.v, out->list.n);
	out->findings = arena_alloc(out->mem, (out->list.n + 1) * sizeof *out->findings);
	for (uint32_t i = 0; i < out->list.n; i++) {
		struct finding *f = out->list.v[i];
		if (!keep(in, out, f))
			continue;
		out->nsuppressed += f->suppressed != NULL;
		out->findings[out->n++] = *f;
	}
	vec_free(&out->list);
}

void rules_free(struct rules_out *out)
{
	if (out->mem)
		arena_free(out->mem);
	*out = (struct rules_out){0};
}
