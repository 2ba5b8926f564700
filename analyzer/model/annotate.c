/* annotate.c - what the program says of itself: annotate("tvt: ...") and "// tvt: ..." at
 * declarations. */
#include "model/model_int.h"

int model_annotation(struct models *m, const char *text, struct model *into, const char **why)
{
	struct parser p = {.m = m, .file = "", .why = why, .p = text, .bol = text, .line = 1};
	bool ok = true;

	while (*p.p == ' ')
		p.p++;
	if (!str_starts(p.p, "tvt:"))
		return -1;
	p.p += 4;
	p.model = into;
	lex_next(&p);
	if (!tok_is(&p, "on") &&
		(p.tok.kind != T_WORD || word_find(verb_word, VERB_COUNT, p.tok.s, p.tok.n) < 0))
		return -1;
	for (uint32_t i = 0; i < into->nclause; i++)
		vec_add(&p.clauses, into->clauses[i]);
	for (uint32_t i = 0; i < into->ncallback; i++)
		vec_add(&p.callbacks, into->callbacks[i]);
	do {
		ok = tok_is(&p, "on") ? callback_parse(&p, PARAM_NONE) : clause_parse(&p);
	} while (ok && lex_accept(&p, ","));
	if (ok && p.tok.kind != T_END)
		ok = lex_wrong(&p, "',' or the text's end", NULL, 0);
	if (ok) {
		struct clause *c = arena_alloc(m->mem, p.clauses.n * sizeof *c + 1);
		struct callback *cb = arena_alloc(m->mem, p.callbacks.n * sizeof *cb + 1);

		if (p.clauses.n)
			memcpy(c, p.clauses.v, p.clauses.n * sizeof *c);
		if (p.callbacks.n)
			memcpy(cb, p.callbacks.v, p.callbacks.n * sizeof *cb);
		into->clauses = c;
		into->nclause = p.clauses.n;
		into->callbacks = cb;
		into->ncallback = p.callbacks.n;
	}
	vec_free(&p.clauses);
	vec_free(&p.callbacks);
	vec_free(&p.insteads);
	return ok ? 0 : -2;
}

struct place_use place_use_none(const struct place *place)
{
	return (struct place_use){NONE, NONE, NONE, NONE, NONE, place};
}

/* clang's attributes of functions that take and give locks, as verbs. tried: the first argument is the result that means
 * success. */
static const struct {
	const char *name, *verb, *shared;
	bool tried;
} safety[] = {
	{"acquire_capability", "locks", "", false},
	{"exclusive_lock_function", "locks", "", false},
	{"acquire_shared_capability", "locks", " shared", false},
	{"shared_lock_function", "locks", " shared", false},
	{"release_capability", "unlocks", "", false},
	{"release_shared_capability", "unlocks", "", false},
	{"release_generic_capability", "unlocks", "", false},
	{"unlock_function", "unlocks", "", false},
	{"try_acquire_capability", "locks", "", true},
	{"exclusive_trylock_function", "locks", "", true},
	{"try_acquire_shared_capability", "locks", " shared", true},
	{"shared_trylock_function", "locks", " shared", true},
};

/* Does the body itself call what a model knows as a lock? Then it shows what happens better than an attribute. */
static bool locks_itself(const struct apply *a, const struct fn *fn)
{
	for (uint32_t o = fn->op; o < fn->op + fn->nop; o++) {
		const struct op *op = &a->ir->ops[o];
		const struct model *m = op->kind == OP_CALL && op->src.kind == REF_FN ? a->e->of_fn[op->src.id] : NULL;
		for (uint32_t i = 0; m && i < m->nclause; i++)
			if (m->clauses[i].verb == VERB_LOCKS || m->clauses[i].verb == VERB_UNLOCKS)
				return true;
	}
	return false;
}

/* "acquire_capability(*m)" as "tvt: locks m, opaque". NULL: another attribute, or a lock that is no parameter. A function
 * without a body has no names: if it has one parameter, that is meant. */
static const char *safety_text(struct apply *a, const struct fn *fn, const struct model *m, const char *text)
{
	size_t n = strcspn(text, "("), row = 0;
	const char *t = text, *args = text + n;

	if (n > 4 && str_starts(text, "__")) {
		t += 2;
		n -= 4;
	}
	while (row < COUNT(safety) && (strlen(safety[row].name) != n || memcmp(safety[row].name, t, n)))
		row++;
	if (row == COUNT(safety) || !*args || locks_itself(a, fn))
		return NULL;
	const char *success = "";
	args++;
	if (safety[row].tried) {
		args += strspn(args, " ");
		success = str_starts(args, "false") || *args == '0' ? " if result is 0" : " if result is not 0";
		args += strcspn(args, ",");
		args += *args == ',';
	}
	args += strspn(args, " *&(");
	n = strcspn(args, " ),");
	for (int i = 0; i < m->nparam; i++) {
		const char *name = m->params[i];
		bool same = strlen(name) == n && !memcmp(name, args, n);
		if (n && (same || (m->nparam == 1 && !fn->nlocal && !memchr(args, '>', n) && !memchr(args, '.', n))))
			return arena_printf(a->e->mem, "tvt: %s %s%s%s%s", safety[row].verb, name, safety[row].shared, success,
				fn->nblock ? ", opaque" : "");
	}
	return NULL;
}

/* Reads the annotations among attrs into *m; the caller has set its names. fn: whose they are, or NULL. */
static bool annotations(struct apply *a, const struct fn *fn, uint32_t attr, uint32_t nattr, struct model *m)
{
	bool any = false;

	for (uint32_t i = attr; i < attr + nattr; i++) {
		const struct attr *at = &a->ir->attrs[i];
		const struct loc *loc = at->loc < a->ir->nlocs ? &a->ir->locs[at->loc] : NULL;
		const char *why = "", *file = "";
		int rc;

		const char *text = ir_text_of(a->ir, at->text);

		if (at->kind == ATTR_THREAD_SAFETY && fn)
			text = safety_text(a, fn, m, text);
		else if (at->kind != ATTR_ANNOTATE && at->kind != ATTR_COMMENT)
			continue;
		if (!text)
			continue;
		rc = model_annotation(a->m, text, m, &why);
		if (rc == 0)
			any = true;
		if (rc != -2)
			continue;
		if (loc && loc->file < a->ir->nfiles)
			file = ir_text_of(a->ir, a->ir->files[loc->file].path);
		warn("%s:%u: '%s': %s", file, loc ? loc->line : 0, text, why);
	}
	return any;
}

/* A comment that speaks of the function: behind its name in the same line, or alone in a line above it (the result's
 * type may stand between). "tvt: allow" is for findings. */
static bool speaks_of(const struct ir *ir, const struct remark *r, const struct fn *fn)
{
	const struct loc *at = fn->loc < ir->nlocs ? &ir->locs[fn->loc] : NULL;
	uint32_t below = at ? at->line - r->line : 0;

	return at && at->file == r->file && !str_starts(ir_text_of(ir, r->text), "allow") &&
	       (below == 0 || (r->flags & REMARK_ALONE && (below == 1 || below == 2)));
}

static bool remarked(const struct ir *ir, const struct fn *fn)
{
	for (uint32_t i = 0; i < ir->nremarks; i++)
		if (speaks_of(ir, &ir->remarks[i], fn))
			return true;
	return false;
}

/* The comments' clauses, added to m; false if there are none. */
static bool comments(struct apply *a, const struct fn *fn, struct model *m)
{
	bool any = false;

	for (uint32_t i = 0; i < a->ir->nremarks; i++) {
		const struct remark *r = &a->ir->remarks[i];
		const char *why = "", *text = ir_text_of(a->ir, r->text);

		if (!speaks_of(a->ir, r, fn))
			continue;
		int rc = model_annotation(a->m, arena_printf(a->e->mem, "tvt: %s", text), m, &why);
		any |= rc == 0;
		if (rc == -2)
			warn("%s:%u: 'tvt: %s': %s", ir_text_of(a->ir, a->ir->files[r->file].path), r->line, text, why);
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

void apply_annotations(struct apply *a, uint32_t id)
{
	const struct fn *fn = &a->ir->fns[id];
	const struct model *of_name = a->e->of_fn[id];
	struct model *m;
	const char **params;

	bool comment = remarked(a->ir, fn);
	if (!fn->nattr && !comment)
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
					    : arena_printf(a->e->mem, "arg%u", i + 1);
		m->params = params;
		m->nparam = m->nfixed = (int)fn->nparam;
		m->variadic = fn->flags & FN_VARIADIC;
	}
	bool attribute = fn->nattr && annotations(a, fn, fn->attr, fn->nattr, m);
	if (!(comment && comments(a, fn, m)) && !attribute)
		return;
	a->e->of_fn[id] = m;
	for (uint32_t i = 0; i < m->ncallback; i++) {
		if (m->callbacks[i].param == PARAM_NONE) {
			struct place_use u =
				place_use_none(own_place(a, &m->callbacks[i], PLACE_NAME, m->name));

			u.fn = id;
			vec_add(&a->uses, u);
		}
	}
}

void apply_annotated_place(struct apply *a, uint32_t attr, uint32_t nattr, struct place_use u,
	enum place_kind kind, const char *name)
{
	struct model m = {.name = name};

	if (!nattr || !annotations(a, NULL, attr, nattr, &m))
		return;
	for (uint32_t i = 0; i < m.ncallback; i++) {
		u.place = own_place(a, &m.callbacks[i], kind, name);
		vec_add(&a->uses, u);
	}
}
