/* fix.c - repairs: from findings to edits. */
#include "fix/fix_int.h"

/* ---- files ---- */

struct src *fix_src(struct fixing *x, uint32_t file)
{
	const struct ir *ir = x->in->p->ir;
	const char *path, *below;
	struct src *s;

	if (file == NONE || ir->files[file].flags & FILE_SYSTEM)
		return NULL;
	path = ir_text_of(ir, ir->files[file].path);
	below = path_under(x->in->root, path);
	if (*below == '/')
		return NULL;
	for (uint32_t i = 0; i < x->srcs.n; i++)
		if (!strcmp(x->srcs.v[i]->path, path))
			return x->srcs.v[i]->text ? x->srcs.v[i] : NULL;
	s = arena_alloc(x->mem, sizeof *s);
	vec_add(&x->srcs, s);
	s->path = path;
	s->file = below;
	s->text = x->in->text(x->in->ctx, path, &s->n);
	if (!s->text || s->n > UINT32_MAX / 2)
		return s->text = NULL, NULL;
	s->hash = hash_bytes(s->text, s->n);
	src_lex(s, x->mem);
	return s;
}

/* The token that a place names, which no macro has made. */
static uint32_t tok_of(struct fixing *x, uint32_t loc, struct src **s)
{
	const struct loc *l;

	if (loc == NONE)
		return NONE;
	l = &x->in->p->ir->locs[loc];
	if (l->macro || !l->line || !l->col)
		return NONE;
	*s = fix_src(x, l->file);
	if (!*s || l->line > (*s)->nline)
		return NONE;
	return tok_at(*s, (*s)->lines[l->line - 1] + l->col - 1);
}

/* ---- from the program to the text ---- */

uint32_t fix_callee(const struct fixing *x, uint32_t site)
{
	const struct op *op = &x->in->p->ir->ops[site];

	return op->kind == OP_CALL && op->src.kind == REF_FN ? op->src.id : NONE;
}

const struct clause *fix_clause(const struct fixing *x, uint32_t site, enum verb verb)
{
	uint32_t n;
	const struct effect *e = effects_at(x->in->e, site, &n);

	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == verb)
			return e[i].clause;
	return NULL;
}

bool fix_call(struct fixing *x, uint32_t site, struct call *c)
{
	uint32_t callee = fix_callee(x, site);

	if (callee == NONE || x->in->p->ir->ops[site].flags & (OPF_MACRO | OPF_IMPLICIT))
		return false;
	c->name = tok_of(x, x->in->p->ir->ops[site].loc, &c->s);
	if (c->name == NONE || !tok_is(c->s, c->name, fn_name(x->in->p, callee)) || !tok_is(c->s, c->name + 1, "("))
		return false;
	c->open = c->name + 1;
	c->close = c->s->toks[c->open].match;
	return c->close != NONE && !tok_directive(c->s, c->open, c->close);
}

bool call_arg(const struct call *c, int i, uint32_t *from, uint32_t *to)
{
	uint32_t t = c->open + 1;

	for (*from = t; t <= c->close; t++) {
		if (t == c->close || tok_is(c->s, t, ",")) {
			*to = t;
			if (!i--)
				return *to > *from;
			*from = t + 1;
		} else if (c->s->toks[t].match != NONE && c->s->toks[t].match > t) {
			t = c->s->toks[t].match;
		}
	}
	return false;
}

bool fix_body(struct fixing *x, uint32_t fn, struct src **s, uint32_t *open, uint32_t *close)
{
	uint32_t t = tok_of(x, x->in->p->ir->fns[fn].loc, s);

	if (t == NONE || !tok_is(*s, t, fn_name(x->in->p, fn)))
		return false;
	while (t < (*s)->ntok && !tok_is(*s, t, "{") && !tok_is(*s, t, "}"))
		t = tok_is(*s, t, "(") && (*s)->toks[t].match != NONE ? (*s)->toks[t].match + 1 : t + 1;
	if (!tok_is(*s, t, "{") || (*s)->toks[t].match == NONE)
		return false;
	*open = t;
	*close = (*s)->toks[t].match;
	return true;
}

void fix_edit(struct fixing *x, const struct src *s, uint32_t from, uint32_t to, const char *text)
{
	vec_add(&x->edits, ((struct patch){s->file, from, to, text, s->hash}));
}

bool fix_pure(const struct fixing *x, uint32_t fn, int depth)
{
	const struct fn *f = &x->in->p->ir->fns[fn];

	if (!fn_defined(x->in->p, fn) || depth > 3)
		return false;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &x->in->p->ir->ops[o];

		if (op->kind == OP_STORE || op->kind == OP_ICALL || op->kind == OP_BLIND || op->kind == OP_VAARG)
			return false;
		if (op->kind == OP_CALL && (op->src.kind != REF_FN || !fix_pure(x, op->src.id, depth + 1)))
			return false;
	}
	return true;
}

/* ---- all ---- */

/* In order, and none touches another. */
static bool settle(struct fixing *x)
{
	if (!x->edits.n)
		return false;
	qsort(x->edits.v, x->edits.n, sizeof *x->edits.v, patch_order);
	for (uint32_t i = 1; i < x->edits.n; i++) {
		const struct patch *a = &x->edits.v[i - 1], *b = &x->edits.v[i];

		if (!strcmp(a->file, b->file) && (b->from < a->to || b->from == a->from))
			return false;
	}
	return true;
}

void fix_all(const struct fix_in *in)
{
	static bool (*const repairs[])(struct fixing *x, const struct finding *f) = {
#define R(kind, name) [REPAIR_##kind] = repair_##name,
		REPAIRS_HERE(R)
#undef R
	};
	struct fixing x = {.in = in, .mem = arena_new()};

	for (uint32_t i = 0; i < in->n; i++) {
		struct finding *f = &in->findings[i];
		struct fix *fix;

		if (f->repair.kind == REPAIR_NONE)
			continue;
		x.edits.n = 0;
		if (!repairs[f->repair.kind](&x, f) || !settle(&x))
			continue;
		fix = arena_alloc(in->mem, sizeof *fix);
		fix->title = x.title;
		fix->nedit = x.edits.n;
		fix->edits = arena_alloc(in->mem, x.edits.n * sizeof *fix->edits);
		for (uint32_t k = 0; k < x.edits.n; k++) {
			fix->edits[k] = x.edits.v[k];
			fix->edits[k].text = arena_strdup(in->mem, x.edits.v[k].text);
			fix->edits[k].file = arena_strdup(in->mem, x.edits.v[k].file);
		}
		f->fix = fix;
	}
	vec_free(&x.edits);
	vec_free(&x.srcs);
	arena_free(x.mem);
}
