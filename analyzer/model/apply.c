/* apply.c - the models on a program: effects of its calls, and what of it the places name.
 *
 * A function gets the model of its name, changed by its own annotations. A call has the effects of
 * its callee's model whether the callee is defined in the program or not: which of the two to
 * believe is for the solver to say (VERB_OPAQUE).
 *
 * needs: program, models      gives: effects
 */
#include "model/model_int.h"

/* ---- libraries ---- */

/* .../event2/event.h is event2/event.h; .../myevent.h is not event.h. */
static bool is_header(const char *path, const char *header)
{
	size_t np = strlen(path), nh = strlen(header);

	return np >= nh && !strcmp(path + np - nh, header) &&
	       (np == nh || path[np - nh - 1] == '/');
}

/* A library is used if one of its headers is, or if its functions are called and the program does
 * not define them: a header that only includes others does not appear in the program. Names of
 * strict libraries are words of everybody's, so it takes two of them. */
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

bool library_used(const struct effects *e, const char *library)
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

/* Of the models of one name, that of a strict library that the program uses, else the one that is
 * not strict. */
static void choose_model(struct apply *a, uint32_t fn)
{
	const struct model *m = a->e->of_fn[fn], *strict = m && !m->strict ? m->other : m;

	while (strict && !library_used(a->e, strict->library))
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
		apply_annotations(&a, f);
	}
	apply_places(&a);
	find_effects(&a);
	/* Functions lie in the order of their ops, except after a renumbering. */
	if (a.effects.n)
		qsort(a.effects.v, a.effects.n, sizeof *a.effects.v, by_site);
	e->at = bits_new(e->mem, p->ir->nops + 1);
	for (uint32_t i = 0; i < a.effects.n; i++)
		bits_set(&e->at, a.effects.v[i].site);
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

const struct effect *effects_find(const struct effects *e, uint32_t site, uint32_t *n)
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

			if (when == round && (when != 1 || library_used(e, lib)))
				texts[n++] = m->insteads[i].text;
		}
	}
	return n;
}
