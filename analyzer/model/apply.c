/* apply.c - the models on a program: effects of its calls, and what of it the places name.
 *
 * A function gets the model of its name, changed by its own annotations. A call has the effects of
 * its callee's model whether the callee is defined in the program or not: which of the two to
 * believe is for the solver to say (VERB_OPAQUE).
 *
 * needs: program, models      gives: effects
 */
#include "model/model_int.h"

struct apply {
	const struct program *p;
	const struct ir *ir;
	struct models *m;
	struct effects *e;
	VEC(struct effect) effects;
	VEC(struct place_use) uses;
	VEC(const struct place *) own; /* places that annotations made */
	uint32_t *outer; /* per record: the record that an unnamed one lies in, or NONE */
};

/* ---- libraries ---- */

/* .../event2/event.h is event2/event.h; .../myevent.h is not event.h. */
static bool is_header(const char *path, const char *header)
{
	size_t np = strlen(path), nh = strlen(header);

	return np >= nh && !strcmp(path + np - nh, header) &&
	       (np == nh || path[np - nh - 1] == '/');
}

/* A library is used if one of its headers is, or if its functions are called and the program does not define
 * them: a header that only includes others does not appear in the program. Names of strict libraries are
 * words of everybody's, so it takes two of them. */
static void find_libraries(struct apply *a)
{
	struct effects *e = a->e;
	uint32_t n = a->m->libs.n;
	uint32_t *called = arena_alloc(e->mem, n * sizeof *called + 1);

	e->uses_library = arena_alloc(e->mem, n * sizeof *e->uses_library + 1);
	for (uint32_t f = 0; f < a->ir->nfiles; f++) {
		const char *path = ir_text_of(a->ir, a->ir->files[f].path);

		for (uint32_t i = 0; i < n; i++) {
			const struct library *l = &a->m->libs.v[i];

			for (uint32_t k = 0; k < l->ndetect && !e->uses_library[i]; k++)
				e->uses_library[i] = is_header(path, l->detect[k]);
		}
	}
	for (uint32_t f = 0; f < a->ir->nfns; f++) {
		if (fn_defined(a->p, f) || a->p->in[f + 1] == a->p->in[f])
			continue;
		for (const struct model *m = e->of_fn[f]; m; m = m->other) {
			const struct library *l = models_library(a->m, m->library);
			uint32_t i = (uint32_t)(l - a->m->libs.v);

			if (m->strict ? ++called[i] == 2 : !m->other)
				e->uses_library[i] = true;
		}
	}
}

static bool uses(const struct effects *e, const char *library)
{
	const struct library *l = models_library(e->models, library);

	return l && e->uses_library[l - e->models->libs.v];
}

static void find_only_loop(struct apply *a)
{
	uint32_t n = a->m->libs.n;

	a->e->only_loop = arena_alloc(a->e->mem, n * sizeof *a->e->only_loop + 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct library *l = &a->m->libs.v[i];

		a->e->only_loop[i] = l->only_loop;
		for (uint32_t f = 0; l->only_loop && l->unless_called && f < a->ir->nfns; f++)
			if (a->p->in[f + 1] != a->p->in[f] &&
				!strcmp(fn_name(a->p, f), l->unless_called))
				a->e->only_loop[i] = false;
	}
}

bool library_only_loop(const struct effects *e, const char *library)
{
	const struct library *l = models_library(e->models, library);

	return l && e->only_loop[l - e->models->libs.v];
}

/* ---- annotations ---- */

static struct place_use no_use(const struct place *place)
{
	return (struct place_use){NONE, NONE, NONE, NONE, NONE, place};
}

/* Reads the annotations among attrs into *m; the caller has set its names. */
static bool annotations(struct apply *a, uint32_t attr, uint32_t nattr, struct model *m)
{
	bool any = false;

	for (uint32_t i = attr; i < attr + nattr; i++) {
		const struct attr *at = &a->ir->attrs[i];
		const struct loc *loc = at->loc < a->ir->nlocs ? &a->ir->locs[at->loc] : NULL;
		const char *why = "", *file = "";
		int rc;

		if (at->kind != ATTR_ANNOTATE && at->kind != ATTR_COMMENT)
			continue;
		rc = model_annotation(a->m, ir_text_of(a->ir, at->text), m, &why);
		if (rc == 0)
			any = true;
		if (rc != -2)
			continue;
		if (loc && loc->file < a->ir->nfiles)
			file = ir_text_of(a->ir, a->ir->files[loc->file].path);
		warn("%s:%u: '%s': %s", file, loc ? loc->line : 0, ir_text_of(a->ir, at->text),
			why);
	}
	return any;
}

/* "tvt: on loop" at a declaration is a place of its own. */
static const struct place *own_place(
	struct apply *a, const struct callback *cb, enum place_kind kind, const char *name)
{
	struct place *pl = arena_alloc(a->e->mem, sizeof *pl);

	*pl = (struct place){.kind = kind, .name = name, .cb = *cb, .library = "", .file = ""};
	return pl;
}

static void annotated_fn(struct apply *a, uint32_t id)
{
	const struct fn *fn = &a->ir->fns[id];
	const struct model *of_name = a->e->of_fn[id];
	struct model *m;
	const char **params;

	if (!fn->nattr)
		return;
	m = arena_alloc(a->e->mem, sizeof *m);
	if (of_name)
		*m = *of_name;
	m->name = fn_name(a->p, id);
	if (!of_name) {
		m->library = "";
		m->file = "";
		params = arena_alloc(a->e->mem, (fn->nparam + 1) * sizeof *params);
		for (uint32_t i = 0; i < fn->nparam; i++)
			params[i] = fn->nlocal
					    ? ir_text_of(a->ir, a->ir->locals[fn->local + i].name)
					    : "";
		m->params = params;
		m->nparam = m->nfixed = (int)fn->nparam;
		m->variadic = fn->flags & FN_VARIADIC;
	}
	if (!annotations(a, fn->attr, fn->nattr, m))
		return;
	a->e->of_fn[id] = m;
	for (uint32_t i = 0; i < m->ncallback; i++) {
		if (m->callbacks[i].param == PARAM_NONE) {
			struct place_use u =
				no_use(own_place(a, &m->callbacks[i], PLACE_NAME, m->name));

			u.fn = id;
			vec_add(&a->uses, u);
		}
	}
}

/* Fields and globals: only contexts make sense there. */
static void annotated_place(struct apply *a, uint32_t attr, uint32_t nattr, struct place_use u,
	enum place_kind kind, const char *name)
{
	struct model m = {.name = name};

	if (!nattr || !annotations(a, attr, nattr, &m))
		return;
	for (uint32_t i = 0; i < m.ncallback; i++) {
		u.place = own_place(a, &m.callbacks[i], kind, name);
		vec_add(&a->uses, u);
	}
}

/* ---- places ---- */

static void find_outer(struct apply *a)
{
	const struct ir *ir = a->ir;

	a->outer = arena_alloc(a->e->mem, (ir->nrecords + 1) * sizeof *a->outer);
	for (uint32_t i = 0; i < ir->nrecords; i++)
		a->outer[i] = NONE;
	for (uint32_t i = 0; i < ir->nfields; i++) {
		uint32_t t = ir->fields[i].type;

		while (t != NONE && ir->types[t].kind == TYPE_ARRAY)
			t = ir->types[t].to;
		if (t == NONE || ir->types[t].kind != TYPE_RECORD || ir->types[t].to == NONE)
			continue;
		if (!*ir_text_of(ir, ir->records[ir->types[t].to].name))
			a->outer[ir->types[t].to] = ir->fields[i].record;
	}
}

static bool in_record(const struct apply *a, uint32_t record, const char *pattern)
{
	/* A record cannot contain itself, but the text may come from anywhere: bounded. */
	for (int depth = 0; record != NONE && depth < 16; depth++) {
		if (str_glob(pattern, ir_text_of(a->ir, a->ir->records[record].name)))
			return true;
		record = a->outer[record];
	}
	return false;
}

static bool has_macro(const struct apply *a, uint32_t attr, uint32_t nattr, const struct place *pl,
	uint32_t *macro)
{
	for (uint32_t i = attr; i < attr + nattr; i++) {
		if (a->ir->attrs[i].kind == ATTR_MACRO &&
			str_glob(pl->name, ir_text_of(a->ir, a->ir->attrs[i].text))) {
			*macro = a->ir->attrs[i].text;
			return true;
		}
	}
	return false;
}

static void find_place(struct apply *a, const struct place *pl)
{
	const struct ir *ir = a->ir;
	struct place_use u = no_use(pl);

	if (pl->kind == PLACE_FIELD || pl->kind == PLACE_MACRO) {
		for (u.field = 0; u.field < ir->nfields; u.field++) {
			const struct field *f = &ir->fields[u.field];

			if (pl->kind == PLACE_MACRO ? has_macro(a, f->attr, f->nattr, pl, &u.macro)
						    : str_glob(pl->name, ir_text_of(ir, f->name)) &&
							      in_record(a, f->record, pl->record))
				vec_add(&a->uses, u);
		}
		u = no_use(pl);
	}
	if (pl->kind == PLACE_TYPE) {
		for (u.type = 0; u.type < ir->ntypes; u.type++)
			if (ir->types[u.type].name &&
				str_glob(pl->name, ir_text_of(ir, ir->types[u.type].name)))
				vec_add(&a->uses, u);
		u = no_use(pl);
	}
	if (pl->kind == PLACE_GLOBAL || pl->kind == PLACE_MACRO) {
		for (u.global = 0; u.global < ir->nglobals; u.global++) {
			const struct global *g = &ir->globals[u.global];

			if (pl->kind == PLACE_MACRO ? has_macro(a, g->attr, g->nattr, pl, &u.macro)
						    : str_glob(pl->name, ir_text_of(ir, g->name)))
				vec_add(&a->uses, u);
		}
		u = no_use(pl);
	}
	if (pl->kind == PLACE_NAME || pl->kind == PLACE_MACRO) {
		for (u.fn = 0; u.fn < ir->nfns; u.fn++) {
			const struct fn *f = &ir->fns[u.fn];

			if (pl->kind == PLACE_MACRO
					? has_macro(a, f->attr, f->nattr, pl, &u.macro)
					: fn_defined(a->p, u.fn) && !(f->flags & FN_INIT) &&
						  str_glob(pl->name, ir_text_of(ir, f->name)))
				vec_add(&a->uses, u);
		}
	}
}

static int by_use(const void *x, const void *y)
{
	const struct place_use *a = x, *b = y;
#define ORDER(f)                                                                                   \
	if (a->f != b->f)                                                                          \
	return a->f < b->f ? -1 : 1
	ORDER(field);
	ORDER(type);
	ORDER(global);
	ORDER(fn);
	ORDER(place->line); /* the same thing named twice: a stable order */
#undef ORDER
	return strcmp(a->place->file, b->place->file);
}

static bool same_use(const struct place_use *a, const struct place_use *b)
{
	return a->field == b->field && a->type == b->type && a->global == b->global &&
	       a->fn == b->fn;
}

static size_t specific(const struct place *pl)
{
	return *pl->file ? strlen(pl->name) + (pl->record ? strlen(pl->record) : 0) : SIZE_MAX;
}

/* BlockDriver.bdrv_co_* speaks of a field before BlockDriver.bdrv_* does: of what several places
 * name, the longest one counts. What the program itself says (no file) comes before all. */
static void keep_specific(struct apply *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0, end; i < a->uses.n; i = end) {
		size_t best = 0;

		for (end = i; end < a->uses.n && same_use(&a->uses.v[i], &a->uses.v[end]); end++)
			if (specific(a->uses.v[end].place) > best)
				best = specific(a->uses.v[end].place);
		for (uint32_t k = i; k < end; k++)
			if (specific(a->uses.v[k].place) == best)
				a->uses.v[n++] = a->uses.v[k];
	}
	a->uses.n = n;
}

static void find_places(struct apply *a)
{
	const struct ir *ir = a->ir;

	find_outer(a);
	for (uint32_t i = 0; i < a->m->places.n; i++) {
		const struct place *pl = &a->m->places.v[i];
		const struct library *l = models_library(a->m, pl->library);

		if (!l || !l->strict || uses(a->e, pl->library))
			find_place(a, pl);
	}
	for (uint32_t i = 0; i < ir->nfields; i++) {
		struct place_use u = no_use(NULL);

		u.field = i;
		annotated_place(a, ir->fields[i].attr, ir->fields[i].nattr, u, PLACE_FIELD,
			ir_text_of(ir, ir->fields[i].name));
	}
	for (uint32_t i = 0; i < ir->nglobals; i++) {
		struct place_use u = no_use(NULL);

		u.global = i;
		annotated_place(a, ir->globals[i].attr, ir->globals[i].nattr, u, PLACE_GLOBAL,
			ir_text_of(ir, ir->globals[i].name));
	}
	if (a->uses.n)
		qsort(a->uses.v, a->uses.n, sizeof *a->uses.v, by_use);
	keep_specific(a);
}

/* ---- effects ---- */

static void add_effects(struct apply *a, uint32_t site, uint32_t fn, uint32_t callee)
{
	const struct model *m = a->e->of_fn[callee];
	struct effect e = {.site = site, .fn = fn, .callee = callee, .model = m};

	if (!m)
		return;
	for (uint32_t i = 0; i < m->nclause; i++) {
		e.clause = &m->clauses[i];
		vec_add(&a->effects, e);
	}
	e.clause = NULL;
	for (uint32_t i = 0; i < m->ncallback; i++) {
		if (m->callbacks[i].param == PARAM_NONE)
			continue; /* where the function itself runs */
		e.callback = &m->callbacks[i];
		vec_add(&a->effects, e);
	}
}

static void find_effects(struct apply *a)
{
	const struct ir *ir = a->ir;

	for (uint32_t f = 0; f < ir->nfns; f++) {
		for (uint32_t op = ir->fns[f].op; op < ir->fns[f].op + ir->fns[f].nop; op++) {
			if (ir->ops[op].kind == OP_CALL && ir->ops[op].src.kind == REF_FN) {
				add_effects(a, op, f, ir->ops[op].src.id);
			} else if (ir->ops[op].kind == OP_ICALL) {
				uint32_t i = a->p->site_edge[op];

				for (; i < a->p->nedge && a->p->edges[i].site == op; i++)
					if (a->p->edges[i].why != EDGE_TYPE)
						add_effects(a, op, f, a->p->edges[i].callee);
			}
		}
	}
}

static int by_site(const void *x, const void *y)
{
	const struct effect *a = x, *b = y;

	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	if (a->callee != b->callee)
		return a->callee < b->callee ? -1 : 1;
	if (!a->clause != !b->clause)
		return a->clause ? -1 : 1;
	if (a->clause)
		return (a->clause > b->clause) - (a->clause < b->clause);
	return (a->callback > b->callback) - (a->callback < b->callback);
}

/* Of the models of one name, that of a strict library that the program uses, else the one that is not strict. */
static void choose_model(struct apply *a, uint32_t fn)
{
	const struct model *m = a->e->of_fn[fn], *strict = m && !m->strict ? m->other : m;

	while (strict && !uses(a->e, strict->library))
		strict = strict->other;
	if (strict || (m && m->strict))
		a->e->of_fn[fn] = strict;
}

struct effects *model_apply(const struct program *p, struct models *m)
{
	struct effects *e = xcalloc(1, sizeof *e);
	struct apply a = {.p = p, .ir = p->ir, .m = m, .e = e};

	e->models = m;
	e->mem = arena_new();
	e->of_fn = arena_alloc(e->mem, (p->ir->nfns + 1) * sizeof *e->of_fn);
	for (uint32_t f = 0; f < p->ir->nfns; f++)
		e->of_fn[f] = models_find(m, fn_name(p, f));
	find_libraries(&a);
	find_only_loop(&a);
	for (uint32_t f = 0; f < p->ir->nfns; f++) {
		choose_model(&a, f);
		annotated_fn(&a, f);
	}
	find_places(&a);
	find_effects(&a);
	/* Functions lie in the order of their ops, except after a renumbering. */
	if (a.effects.n)
		qsort(a.effects.v, a.effects.n, sizeof *a.effects.v, by_site);
	e->e = a.effects.v;
	e->n = a.effects.n;
	e->places = a.uses.v;
	e->nplace = a.uses.n;
	return e;
}

void effects_free(struct effects *e)
{
	if (!e)
		return;
	free(e->e);
	free(e->places);
	arena_free(e->mem);
	free(e);
}

const struct effect *effects_at(const struct effects *e, uint32_t site, uint32_t *n)
{
	uint32_t lo = 0, hi = e->n, first;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (e->e[mid].site < site)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (first = lo; lo < e->n && e->e[lo].site == site;)
		lo++;
	*n = lo - first;
	return e->e + first;
}

struct ref effect_arg(const struct program *p, const struct effect *e, int param)
{
	const struct op *op = &p->ir->ops[e->site];
	int n = op->narg, i = param;

	if (param == PARAM_RESULT)
		return op->dst;
	if (e->model->open_front)
		i += n - e->model->nparam;
	if (param < 0 || i < 0 || i >= n)
		return (struct ref){0};
	return p->ir->args[op->arg + (uint32_t)i];
}

uint32_t model_instead(
	const struct effects *e, const struct model *m, const char **texts, uint32_t max)
{
	uint32_t n = 0;

	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < m->ninstead && n < max; i++) {
			const char *lib = m->insteads[i].library;
			bool own = !strcmp(lib, m->library), pool = !strcmp(lib, "pool");
			int when = own ? 0 : !*lib ? 2 : pool ? 3 : 1;

			if (when == round && (when != 1 || uses(e, lib)))
				texts[n++] = m->insteads[i].text;
		}
	}
	return n;
}
