/* variant.c - localtime(&now) becomes localtime_r(&now, &localtime_memory).
 *
 * repair.sites: every call that takes part; all are changed, or none. The memory is a local of the function around the
 * call, so what the call returns must not leave that function. strtok() goes on from call to call: its first one must be
 * in the same function, and come before the others.
 */
#include "fix/fix_int.h"

static const struct variant {
	const char *name, *declaration, *before, *after;
	bool kept;
} variants[] = {
#define VARIANT(...) {__VA_ARGS__},
#include "fix/variants.def"
#undef VARIANT
};

static const struct variant *variant_of(const struct fixing *x, uint32_t site)
{
	uint32_t callee = fix_callee(x, site);

	for (size_t i = 0; i < COUNT(variants) && callee != NONE; i++)
		if (!strcmp(variants[i].name, fn_name(x->in->p, callee)))
			return &variants[i];
	return NULL;
}

/* ---- does the result stay in the function? ---- */

struct follow {
	const struct fixing *x;
	const struct fn *f;
	bool *is; /* per local: holds it, or points into it */
};

static bool holds(const struct follow *w, struct ref r)
{
	return r.kind == REF_LOCAL && w->is[r.id];
}

static bool handed_on(const struct follow *w, const struct op *op)
{
	const struct program *p = w->x->in->p;

	for (uint32_t i = 0; i < op->narg; i++) {
		if (!holds(w, p->ir->args[op->arg + i]))
			continue;
		/* a function of a library that is known looks at it, and returns */
		if (op->kind != OP_CALL || op->src.kind != REF_FN || fn_defined(p, op->src.id) || !w->x->in->e->of_fn[op->src.id] ||
			w->x->in->e->of_fn[op->src.id]->ncallback)
			return true;
	}
	return false;
}

static bool stays(const struct fixing *x, uint32_t site)
{
	const struct ir *ir = x->in->p->ir;
	const struct fn *f = &ir->fns[x->in->p->op_fn[site]];
	struct follow w = {x, f, arena_alloc(x->mem, f->nlocal + 1)};
	bool more = true;

	if (ir->ops[site].dst.kind != REF_LOCAL)
		return ir->ops[site].dst.kind == REF_NONE;
	w.is[ir->ops[site].dst.id] = true;
	while (more) {
		more = false;
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			const struct op *op = &ir->ops[o];
			bool from = holds(&w, op->src) || (op->kind == OP_BIN && op->flags <= BIN_SUB && holds(&w, ref_of(op->arg)));

			if (op->kind == OP_ADDR && op->src.kind == REF_PATH)
				from = holds(&w, ir->paths[op->src.id].base);
			if (op->kind == OP_CALL || op->kind == OP_ICALL) {
				if (handed_on(&w, op))
					return false;
				for (uint32_t i = 0; i < op->narg; i++)
					from |= op->kind == OP_CALL && holds(&w, ir->args[op->arg + i]);
			}
			if ((op->kind == OP_STORE || op->kind == OP_RET) && from)
				return false;
			if (!from || op->dst.kind != REF_LOCAL || op->kind == OP_LOAD || w.is[op->dst.id])
				continue;
			w.is[op->dst.id] = more = true;
		}
	}
	for (uint32_t i = 0; i < f->nlocal; i++)
		if (w.is[i] && ir->locals[f->local + i].flags & LOCAL_ADDR)
			return false;
	return true;
}

static bool is_null(const struct ir *ir, struct ref r)
{
	return r.kind == REF_CONST && !ir->consts[r.id];
}

/* A call that begins anew stands before this one, on every way. */
static bool begun(const struct fixing *x, uint32_t site, const uint32_t *sites, uint32_t n)
{
	const struct ir *ir = x->in->p->ir;
	const struct program *p = x->in->p;
	uint32_t fn = p->op_fn[site];

	if (ir->ops[site].narg < 1)
		return false;
	if (!is_null(ir, ir->args[ir->ops[site].arg]))
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (p->op_fn[sites[i]] == fn && !is_null(ir, ir->args[ir->ops[sites[i]].arg]) &&
			(p->op_block[sites[i]] == p->op_block[site]
					? sites[i] < site
					: cfg_dominates(program_cfg(p, fn), p->op_block[sites[i]], p->op_block[site])))
			return true;
	return false;
}

/* ---- the edits ---- */

static bool used(const struct src *s, const char *name)
{
	for (uint32_t t = 0; t < s->ntok; t++)
		if (tok_is(s, t, name))
			return true;
	return false;
}

static const char *format1(struct fixing *x, const char *format, const char *name)
{
	const char *at = strstr(format, "%s");

	return arena_printf(x->mem, "%.*s%s%s", (int)(at - format), format, name, at + 2);
}

static bool edit_call(struct fixing *x, uint32_t site, const struct variant *v, const char *memory)
{
	struct call c;

	if (!fix_call(x, site, &c))
		return false;
	fix_edit(x, c.s, c.s->toks[c.name].from, c.s->toks[c.open].to, v->before);
	fix_edit(x, c.s, c.s->toks[c.close].from, c.s->toks[c.close].to, format1(x, v->after, memory));
	return true;
}

/* One memory for each function that is called in fn. */
static bool edit_function(struct fixing *x, uint32_t fn, const uint32_t *sites, uint32_t n)
{
	uint32_t open, close, made = 0;
	const char *text = "", *before;
	struct src *s;

	if (!fix_body(x, fn, &s, &open, &close) || open + 1 >= close)
		return false;
	before = tok_line(s, open + 1) == tok_line(s, open)
			 ? " "
			 : arena_printf(x->mem, "%s%s", line_end(s), line_indent(s, tok_line(s, open + 1), x->mem));
	for (size_t v = 0; v < COUNT(variants); v++) {
		char *name = arena_printf(x->mem, "%s_memory", variants[v].name);
		bool any = false;

		for (int k = 2; used(s, name); k++)
			name = arena_printf(x->mem, "%s_memory%d", variants[v].name, k);
		for (uint32_t i = 0; i < n; i++) {
			if (x->in->p->op_fn[sites[i]] != fn || variant_of(x, sites[i]) != &variants[v])
				continue;
			struct call c;
			if (!edit_call(x, sites[i], &variants[v], name) || !fix_call(x, sites[i], &c) || c.s != s || c.name < open ||
				c.close > close)
				return false;
			any = true;
			made++;
		}
		if (any)
			text = arena_printf(x->mem, "%s%s%s", text, before, format1(x, variants[v].declaration, name));
	}
	fix_edit(x, s, s->toks[open].to, s->toks[open].to, text);
	return made > 0;
}

/* The headers declare it, or the file asks them to. */
static bool declared(struct fixing *x, uint32_t site)
{
	struct call c;

	if (!x->in->strict(x->in->ctx))
		return true;
	if (!fix_call(x, site, &c))
		return false;
	for (uint32_t t = 0; t < c.s->ntok; t++)
		if (c.s->toks[t].kind == TOK_DIRECTIVE) {
			const char *line = tok_str(c.s, t, x->mem);

			if (strstr(line, "define") && (strstr(line, "_GNU_SOURCE") || strstr(line, "_POSIX_C_SOURCE") ||
							      strstr(line, "_XOPEN_SOURCE") || strstr(line, "_DEFAULT_SOURCE")))
				return true;
		}
	return false;
}

bool repair_variant(struct fixing *x, const struct finding *f)
{
	const struct program *p = x->in->p;
	uint32_t n = 0, *sites = arena_alloc(x->mem, (f->repair.nsite + 1) * sizeof *sites);

	for (uint32_t i = 0; i < f->repair.nsite; i++) {
		bool seen = false;

		for (uint32_t k = 0; k < n; k++)
			seen |= sites[k] == f->repair.sites[i];
		if (!seen)
			sites[n++] = f->repair.sites[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct variant *v = variant_of(x, sites[i]);

		if (!v || !declared(x, sites[i]) || !(v->kept ? stays(x, sites[i]) : begun(x, sites[i], sites, n)))
			return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		bool done = false;

		for (uint32_t k = 0; k < i; k++)
			done |= p->op_fn[sites[k]] == p->op_fn[sites[i]];
		if (!done && !edit_function(x, p->op_fn[sites[i]], sites, n))
			return false;
	}
	x->title = "call the variant that is given the memory";
	return true;
}
