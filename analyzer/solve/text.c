/* text.c - what a text begins with: paths that are put together from parts.
 *
 * `unlink(s->state_file)` waits for no disk if every assignment to the field puts a path below /run there. Nothing is
 * known of a text's end, so a value is what all texts that may be there begin with; NULL is no text. It is found by
 * asking: a field for all that is stored in it, a parameter for the arguments of all calls, a call for what the called
 * function returns or stores behind a pointer, an array or fresh memory for what is copied to its beginning. A
 * function whose result begins like one of its parameters (strdup, a function that joins paths) is seen as such, and
 * each call's own argument is looked at.
 *
 * What cannot be told is TOP. What is asked for while it is being looked for (a field that is assigned to itself) adds
 * nothing; what was found with the help of that is not remembered.
 *
 * needs: effects, call graph      gives: values of kind VAL_TEXT
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_ASK = 10, MAX_CALLERS = 24, MAX_ALIASES = 8 };

struct texts {
	VEC(const char *) v; /* what texts begin with */
	struct map ids;	     /* hash of a text -> v */
	uint32_t *first;     /* per field: newest op that stores to it or takes its address; NONE: none */
	uint32_t *next;	     /* per op: the one before */
	struct map asked;    /* (kind, what) -> found */
	VEC(struct val) found;
	uint32_t lowest; /* of the questions that are being answered, the outermost that was met again */
	uint32_t depth;
	bool symbolic; /* parameters stand for themselves */
};
enum question { Q_FIELD, Q_PARAM, Q_RESULT, Q_BEHIND };

static const struct val nothing = {.kind = VAL_TEXT, .mode = TEXT_NOTHING};

bool is_text(const struct ir *ir, uint32_t type)
{
	if (type == NONE || (ir->types[type].kind != TYPE_PTR && ir->types[type].kind != TYPE_ARRAY))
		return false;
	uint32_t to = ir->types[type].to;
	return to != NONE && ((ir->types[to].kind == TYPE_INT && ir->types[to].size == 1) || ir->types[to].kind == TYPE_VOID);
}

static bool is_null(struct val v)
{
	int64_t i;
	return val_const(v, &i) && i == 0;
}

static bool is_text_val(struct val v)
{
	return v.kind == VAL_TEXT || v.kind == VAL_STR || v.kind == VAL_NONNULL;
}

/* Nothing yet, NULL, or something that is known of a text. */
static bool is_known(struct val v)
{
	return v.kind == VAL_TEXT || v.kind == VAL_STR || is_null(v);
}

const char *text_begin(const struct solver *s, struct val v)
{
	return v.kind == VAL_STR ? ir_text_of(s->ir, v.id) : v.kind == VAL_TEXT && !v.mode ? s->texts->v.v[v.id] : "";
}

static struct val text_val(const struct solver *s, const char *text, size_t n, bool may_be_null)
{
	char *copy = arena_alloc(s->mem, n + 1);
	memcpy(copy, text, n);
	copy[n] = 0;
	uint32_t *slot = map_slot(&s->texts->ids, hash_str(copy), s->texts->v.n);
	if (*slot == s->texts->v.n)
		vec_add(&s->texts->v, copy);
	return (struct val){.kind = VAL_TEXT, .id = *slot, .fd_kind = may_be_null};
}

struct val text_join(const struct solver *s, struct val a, struct val b)
{
	bool null = (a.kind == VAL_TEXT && a.fd_kind) || (b.kind == VAL_TEXT && b.fd_kind);

	if (a.kind == VAL_TEXT && a.mode == TEXT_NOTHING)
		return b;
	if (b.kind == VAL_TEXT && b.mode == TEXT_NOTHING)
		return a;
	if (is_null(a) || is_null(b)) {
		struct val v = is_null(a) ? b : a;
		if (is_null(v))
			return v;
		if (v.kind == VAL_STR)
			return text_val(s, ir_text_of(s->ir, v.id), strlen(ir_text_of(s->ir, v.id)), true);
		v.fd_kind = v.kind == VAL_TEXT;
		return v.kind == VAL_TEXT ? v : TOP;
	}
	if (a.kind == VAL_TEXT && b.kind == VAL_TEXT && a.mode && a.mode == b.mode &&
		(a.id == b.id || (a.mode == TEXT_PARAM && (a.id == b.id + 1 || b.id == a.id + 1)))) {
		if (b.id < a.id) /* the first of several arguments, one after the other */
			a.id = b.id;
		a.fd_kind |= b.fd_kind;
		return a;
	}
	if (!is_text_val(a) || !is_text_val(b))
		return TOP;
	if ((a.kind == VAL_TEXT && a.mode) || (b.kind == VAL_TEXT && b.mode) || a.kind == VAL_NONNULL || b.kind == VAL_NONNULL)
		return null ? TOP : (struct val){.kind = VAL_NONNULL};
	const char *x = text_begin(s, a), *y = text_begin(s, b);
	size_t n = 0;
	while (x[n] && x[n] == y[n] && x[n] != '%')
		n++;
	if (n < 2)
		return null ? TOP : (struct val){.kind = VAL_NONNULL};
	return text_val(s, x, n, null);
}

/* ---- questions ---- */

static struct val ask(const struct solver *s, enum question q, uint64_t what, struct val (*answer)(const struct solver *, uint64_t))
{
	struct texts *t = s->texts;
	uint32_t *slot = map_slot(&t->asked, hash_mix(what, q + 1), t->found.n), i = *slot;

	if (i != t->found.n) {
		if (t->found.v[i].kind == VAL_TEXT && t->found.v[i].mode == TEXT_NOTHING && i < t->lowest)
			t->lowest = i;
		return t->found.v[i];
	}
	if (t->depth >= MAX_ASK) {
		vec_add(&t->found, TOP);
		return TOP;
	}
	vec_add(&t->found, nothing);
	uint32_t outer = t->lowest, budget = *s->budget;
	bool symbolic = t->symbolic;
	t->lowest = i;
	t->symbolic = q == Q_RESULT || q == Q_BEHIND;
	t->depth++;
	*s->budget = MAX_STEPS;
	struct val v = answer(s, what);
	*s->budget = budget;
	t->depth--;
	t->symbolic = symbolic;
	t->found.v[i] = t->lowest < i || (v.kind == VAL_TEXT && v.mode == TEXT_NOTHING) ? TOP : v;
	if (outer < t->lowest)
		t->lowest = outer;
	return v.kind == VAL_TEXT && v.mode == TEXT_NOTHING ? TOP : v;
}

/* ---- what calls leave behind ---- */

static struct val cut_format(const struct frame *fr, const struct effect *e, int param, int depth)
{
	const struct solver *s = fr->s;
	struct val v = value_at(fr, effect_arg(s->p, e, param), at_site(s, e->site), depth + 1);
	const char *text = text_begin(s, v);

	if (e->model->variadic && param == e->model->nfixed - 1 && !strncmp(text, "%s", 2))
		return value_at(fr, effect_arg(s->p, e, param + 1), at_site(s, e->site), depth + 1);
	int64_t null;
	if (e->model->variadic && param == e->model->nfixed - 1 && val_const(v, &null) && null == 0)
		return value_at(fr, effect_arg(s->p, e, param + 1), at_site(s, e->site), depth + 1);
	return v;
}

/* The argument of a call which a function's result or out-parameter begins like; a NULL in front of others is skipped. */
static struct val argument(const struct frame *fr, uint32_t site, struct val v, int depth)
{
	const struct solver *s = fr->s;
	const struct op *op = &s->ir->ops[site];
	int64_t null;

	if (v.kind != VAL_TEXT || v.mode != TEXT_PARAM)
		return v;
	bool may_be_null = v.fd_kind;
	uint32_t a = v.id;
	v = TOP;
	for (; a < op->narg; a++) {
		v = value_at(fr, s->ir->args[op->arg + a], at_site(s, site), depth + 1);
		if (!(val_const(v, &null) && null == 0 && s->ir->fns[op->src.id].flags & FN_VARIADIC))
			break;
	}
	return may_be_null ? text_join(s, v, val_int(0)) : v;
}

static struct val result_of(const struct solver *s, uint64_t fn)
{
	const struct fn *f = &s->ir->fns[fn];
	struct frame fr = {.s = s, .fn = (uint32_t)fn, .depth = 1, .text = true};
	struct val v = nothing;
	for (uint32_t o = f->op; o < f->op + f->nop; o++)
		if (s->ir->ops[o].kind == OP_RET)
			v = text_join(s, v, value_at(&fr, s->ir->ops[o].src, at_site(s, o), 1));
	return v;
}

/* Is r, on some path, the local, or what points into its array? Looks at a few definitions only. */
static bool leads_to(const struct solver *s, uint32_t fn, struct ref r, uint32_t local)
{
	const struct local_facts *l = local_facts(s, fn);
	uint32_t todo[MAX_ALIASES], n = 0, left = MAX_STEPS / 8;

	if (r.kind != REF_LOCAL)
		return false;
	todo[n++] = r.id;
	for (uint32_t i = 0; i < n; i++) {
		if (todo[i] == local)
			return true;
		for (uint32_t d = l->def[todo[i]]; d != NONE && left; d = l->next_def[d - s->ir->fns[fn].op], left--) {
			const struct op *op = &s->ir->ops[d];
			struct ref from = op->kind == OP_ADDR ? s->ir->paths[op->src.id].base : op->src;
			if (op->kind == OP_ADDR && from.kind == REF_LOCAL && from.id == local)
				return true;
			if (op->kind != OP_COPY && !(op->kind == OP_BIN && op->flags == BIN_ADD))
				continue;
			bool have = from.kind != REF_LOCAL || n == COUNT(todo);
			for (uint32_t k = 0; k < n && !have; k++)
				have = todo[k] == from.id;
			if (!have)
				todo[n++] = from.id;
		}
	}
	return false;
}

/* The first element of a local array of texts: { a, b, c }. */
static struct val first_element(const struct frame *fr, struct ref r, int depth)
{
	const struct solver *s = fr->s;
	const struct local_facts *l = local_facts(s, fr->fn);
	const struct fn *f = &s->ir->fns[fr->fn];

	if (r.kind != REF_LOCAL || l->def[r.id] == NONE || s->ir->ops[l->def[r.id]].kind != OP_LOAD)
		return TOP;
	const struct path *p = &s->ir->paths[s->ir->ops[l->def[r.id]].src.id];
	if (p->nstep != 1 || s->ir->steps[p->step].kind != STEP_INDEX || p->base.kind != REF_LOCAL)
		return TOP;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		const struct path *to = op->kind == OP_STORE ? &s->ir->paths[op->dst.id] : NULL;
		if (!to || !ref_eq(to->base, p->base) || to->nstep != 1 || s->ir->steps[to->step].kind != STEP_INDEX)
			continue;
		struct ref i = s->ir->steps[to->step].index;
		if (i.kind == REF_CONST && s->ir->consts[i.id] == 0)
			return value_at(fr, op->src, at_site(s, o), depth + 1);
	}
	return TOP;
}

/* What is copied to the beginning of the memory behind a local: the first call that copies there. A function of the
 * program that copies one parameter to another counts as such a call. */
struct val text_copied_to(const struct frame *fr, uint32_t local, int depth)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];

	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		uint32_t n = 0;
		const struct effect *e = op->kind == OP_CALL ? effects_at(s->e, o, &n) : NULL;
		for (uint32_t i = 0; i < n; i++) {
			if (!e[i].clause || e[i].clause->verb != VERB_COPIES ||
				!leads_to(s, fr->fn, effect_arg(s->p, &e[i], e[i].clause->q), local))
				continue;
			struct val v = cut_format(fr, &e[i], e[i].clause->p, depth);
			return v.kind == VAL_TOP ? first_element(fr, effect_arg(s->p, &e[i], e[i].clause->p), depth) : v;
		}
		if (op->kind != OP_CALL || op->src.kind != REF_FN || !fn_defined(s->p, op->src.id))
			continue;
		for (uint32_t a = 0; a < op->narg && a < s->ir->fns[op->src.id].nparam; a++) {
			if (!leads_to(s, fr->fn, s->ir->args[op->arg + a], local))
				continue;
			struct val v = text_behind(s, op->src.id, a);
			if (v.kind == VAL_TEXT)
				return argument(fr, o, v, depth);
		}
	}
	return TOP;
}

/* What a function leaves in the text, or the pointer to one, behind a parameter. */
static struct val behind(const struct solver *s, uint64_t what)
{
	uint32_t fn = (uint32_t)(what >> 8), param = what & 255;
	const struct fn *f = &s->ir->fns[fn];
	struct frame fr = {.s = s, .fn = fn, .depth = 1, .text = true};
	struct val v = nothing;
	bool any = false;

	if (is_text(s->ir, s->ir->locals[f->local + param].type))
		return text_copied_to(&fr, param, 1);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->kind == OP_STORE) {
			const struct path *to = &s->ir->paths[op->dst.id];
			if (to->base.kind != REF_LOCAL || to->base.id != param || to->nstep != 1)
				continue;
			v = text_join(s, v, value_at(&fr, op->src, at_site(s, o), 1));
			any = true;
			continue;
		}
		if (op->kind != OP_CALL)
			continue;
		for (uint32_t a = 0; a < op->narg; a++)
			if (leads_to(s, fn, s->ir->args[op->arg + a], param)) {
				v = text_join(s, v, text_after(&fr, o, a, 1));
				any = true;
			}
	}
	return any ? v : TOP;
}

struct val text_behind(const struct solver *s, uint32_t fn, uint32_t param)
{
	return fn_defined(s->p, fn) && param < 256 ? ask(s, Q_BEHIND, (uint64_t)fn << 8 | param, behind) : TOP;
}

/* What is behind argument a, the address of a pointer to a text, when the call comes back. */
struct val text_after(const struct frame *fr, uint32_t site, uint32_t a, int depth)
{
	const struct solver *s = fr->s;
	const struct op *op = &s->ir->ops[site];
	uint32_t n;

	if (op->flags & OPF_IMPLICIT)
		return nothing; /* a cleanup: it frees */
	const struct effect *e = effects_at(s->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_BEGINS && e[i].clause->q == (int)a)
			return cut_format(fr, &e[i], e[i].clause->p, depth);
	return op->kind == OP_CALL && op->src.kind == REF_FN ? argument(fr, site, text_behind(s, op->src.id, a), depth) : TOP;
}

/* ---- places ---- */

/* What the address of the pointer in op `addr` is used for leaves there. */
static struct val by_address(const struct frame *fr, uint32_t addr, int depth)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];
	struct ref at = s->ir->ops[addr].dst;
	struct val v = nothing;

	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->kind == OP_CALL || op->kind == OP_ICALL) {
			for (uint32_t a = 0; a < op->narg; a++)
				if (ref_eq(s->ir->args[op->arg + a], at))
					v = text_join(s, v, text_after(fr, o, a, depth + 1));
		} else if (op->kind == OP_STORE && ref_eq(op->src, at)) {
			return TOP;
		} else if (op->kind == OP_COPY && ref_eq(op->src, at)) { /* *p = ... by a name of its own */
			for (uint32_t k = f->op; k < f->op + f->nop; k++) {
				const struct op *w = &s->ir->ops[k];
				if (w->kind == OP_STORE && ref_eq(s->ir->paths[w->dst.id].base, op->dst))
					v = text_join(s, v, value_at(fr, w->src, at_site(s, k), depth + 1));
			}
		}
	}
	return v;
}

static struct val of_field(const struct solver *s, uint64_t field)
{
	struct val v = nothing;
	uint32_t type = s->ir->fields[field].type;
	bool array = type != NONE && s->ir->types[type].kind == TYPE_ARRAY;

	for (uint32_t o = s->texts->first[field]; o != NONE; o = s->texts->next[o]) {
		const struct op *op = &s->ir->ops[o];
		struct frame fr = {.s = s, .fn = s->p->op_fn[o], .depth = 1, .text = true};
		if (array)
			return TOP;
		if (op->kind == OP_STORE)
			v = text_join(s, v, value_at(&fr, op->src, at_site(s, o), 1));
		else
			v = text_join(s, v, by_address(&fr, o, 1));
		if (!is_known(v))
			return TOP;
	}
	return v;
}

static struct val of_param(const struct solver *s, uint64_t what)
{
	uint32_t fn = (uint32_t)(what >> 8), param = what & 255;
	const struct program *p = s->p;
	struct val v = nothing;

	if (p->in[fn + 1] - p->in[fn] > MAX_CALLERS)
		return TOP;
	for (uint32_t i = 0; i < s->f->nentry; i++)
		if (s->f->entries[i].fn == fn)
			return TOP;
	for (uint32_t i = p->in[fn]; i < p->in[fn + 1]; i++) {
		const struct edge *e = &p->edges[p->in_edges[i]];
		const struct op *op = &s->ir->ops[e->site];
		struct frame fr = {.s = s, .fn = e->caller, .depth = 1, .text = true};
		if (param >= op->narg)
			return TOP;
		v = text_join(s, v, value_at(&fr, s->ir->args[op->arg + param], at_site(s, e->site), 1));
		if (!is_known(v))
			return TOP;
	}
	return v;
}

struct val text_of_vararg(const struct frame *fr)
{
	const struct solver *s = fr->s;
	if (!s->texts->symbolic || fr->bind)
		return TOP;
	return (struct val){.kind = VAL_TEXT, .mode = TEXT_PARAM, .id = s->ir->fns[fr->fn].nparam};
}

struct val text_of_param(const struct frame *fr, uint32_t param)
{
	const struct solver *s = fr->s;
	if (s->texts->symbolic && !fr->bind)
		return (struct val){.kind = VAL_TEXT, .mode = TEXT_PARAM, .id = param};
	return param < 256 ? ask(s, Q_PARAM, (uint64_t)fr->fn << 8 | param, of_param) : TOP;
}

/* A local whose address is taken: all that is ever assigned to it, and what calls store there. */
struct val text_of_local(const struct frame *fr, uint32_t local, int depth)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];
	struct val v = local < f->nparam ? text_of_param(fr, local) : nothing;

	if (depth > MAX_ASK)
		return TOP;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->dst.kind == REF_LOCAL && op->dst.id == local)
			v = text_join(s, v, op->kind == OP_COPY ? value_at(fr, op->src, at_site(s, o), depth + 1)
								: value_of_def(fr, o, depth + 1));
		else if (op->kind == OP_ADDR && s->ir->paths[op->src.id].base.kind == REF_LOCAL &&
			 s->ir->paths[op->src.id].base.id == local && !s->ir->paths[op->src.id].nstep)
			v = text_join(s, v, by_address(fr, o, depth + 1));
		if (!is_known(v))
			return TOP;
	}
	return v.kind == VAL_TEXT && v.mode == TEXT_NOTHING ? TOP : v;
}

/* What LOAD at finds: a field, or through a pointer to a local of this function. */
struct val text_of_load(const struct frame *fr, uint32_t at, int depth)
{
	const struct solver *s = fr->s;
	const struct path *p = &s->ir->paths[s->ir->ops[at].src.id];
	const struct local_facts *l = local_facts(s, fr->fn);

	if (!p->nstep)
		return TOP;
	const struct step *last = &s->ir->steps[p->step + p->nstep - 1];
	if (last->kind == STEP_FIELD)
		return ask(s, Q_FIELD, last->field, of_field);
	if (last->kind != STEP_DEREF || p->nstep != 1 || p->base.kind != REF_LOCAL)
		return TOP;
	uint32_t d = l->def[p->base.id];
	if (d != NONE && s->ir->ops[d].kind == OP_COPY && s->ir->ops[d].src.kind == REF_LOCAL)
		d = l->def[s->ir->ops[d].src.id];
	if (d == NONE || s->ir->ops[d].kind != OP_ADDR)
		return TOP;
	const struct path *to = &s->ir->paths[s->ir->ops[d].src.id];
	if (to->nstep && s->ir->steps[to->step + to->nstep - 1].kind == STEP_FIELD)
		return ask(s, Q_FIELD, s->ir->steps[to->step + to->nstep - 1].field, of_field);
	return !to->nstep && to->base.kind == REF_LOCAL ? text_of_local(fr, to->base.id, depth + 1) : TOP;
}

struct val text_of_call(const struct frame *fr, uint32_t at, int depth)
{
	const struct solver *s = fr->s;
	const struct op *op = &s->ir->ops[at];
	uint32_t n;
	const struct effect *e = effects_at(s->e, at, &n);
	bool fresh = false;

	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		if (c && c->verb == VERB_BEGINS && c->q == PARAM_NONE)
			return cut_format(fr, &e[i], c->p, depth);
		if (c && c->verb == VERB_ENVIRON)
			return (struct val){.kind = VAL_TEXT, .mode = TEXT_ENVIRON, .fd_kind = 1};
		fresh |= c && c->verb == VERB_ALLOCATES && c->q == PARAM_NONE;
	}
	if (!fresh && op->kind == OP_CALL && op->src.kind == REF_FN && fn_defined(s->p, op->src.id)) {
		struct val v = argument(fr, at, ask(s, Q_RESULT, op->src.id, result_of), depth);
		if (v.kind != VAL_TOP)
			return v;
	}
	/* fresh memory, here or from a function that hands it out: what is copied to its beginning */
	return depth < MAX_ASK ? text_copied_to(fr, op->dst.id, depth + 1) : TOP;
}

/* ---- */

void texts_open(struct solver *s)
{
	const struct ir *ir = s->ir;
	struct texts *t = s->texts = xcalloc(1, sizeof *t);

	t->lowest = NONE;
	t->first = xmalloc((ir->nfields + 1) * sizeof *t->first);
	memset(t->first, 0xff, (ir->nfields + 1) * sizeof *t->first);
	t->next = xmalloc((ir->nops + 1) * sizeof *t->next);
	for (uint32_t o = 0; o < ir->nops; o++) {
		const struct op *op = &ir->ops[o];
		uint32_t path = op->kind == OP_STORE ? op->dst.id : op->kind == OP_ADDR ? op->src.id : NONE;
		if (path == NONE || !ir->paths[path].nstep)
			continue;
		const struct step *last = &ir->steps[ir->paths[path].step + ir->paths[path].nstep - 1];
		if (last->kind != STEP_FIELD)
			continue;
		t->next[o] = t->first[last->field];
		t->first[last->field] = o;
	}
}

void texts_close(struct solver *s)
{
	struct texts *t = s->texts;
	vec_free(&t->v);
	vec_free(&t->found);
	map_free(&t->ids);
	map_free(&t->asked);
	free(t->first);
	free(t->next);
	free(t);
}
