/* value.c - what is known of a value at a place: constants, flag bits, functions, descriptors.
 *
 * Values are found by walking back: to the definitions that reach the place (backward over blocks until each
 * path has met one), through copies, arithmetic on flags, results of modelled calls, to parameters, whose
 * values the caller of this frame has bound. Branch conditions over such values decide whether a place is
 * reached on a chain at all.
 *
 * Three-valued throughout: MAYBE is what cannot be told, and the caller decides what that means.
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_DEPTH = 24, MAX_RETURNED = 3 };

struct val val_int(int64_t i)
{
	return (struct val){.kind = VAL_INT, .ones = (uint64_t)i, .zeros = ~(uint64_t)i};
}

bool val_const(struct val v, int64_t *i)
{
	if (v.kind != VAL_INT || (v.ones | v.zeros) != ~(uint64_t)0)
		return false;
	*i = (int64_t)v.ones;
	return true;
}

/* ---- definitions ---- */

/* The branch right in front of each block, if the block is reached only when it went one way. */
static void find_guards(const struct solver *s, uint32_t fn, struct local_facts *l)
{
	const struct ir *ir = s->ir;
	const struct fn *f = &ir->fns[fn];
	const struct cfg *g = program_cfg(s->p, fn);

	l->guard = arena_alloc(s->mem, f->nblock * sizeof *l->guard);
	l->guarded = arena_alloc(s->mem, f->nblock * sizeof *l->guarded);
	memset(l->guard, 0xff, f->nblock * sizeof *l->guard);
	memset(l->guarded, 0xff, f->nblock * sizeof *l->guarded);
	for (uint32_t i = 0; i < g->nrpo; i++) {
		uint32_t b = g->rpo[i], d = g->idom[b];
		if (d == NONE)
			continue;
		l->guarded[b] = l->guarded[d]; /* dominators come first */
		const struct block *bl = &ir->blocks[f->block + d];
		if ((bl->term != TERM_IF && bl->term != TERM_SWITCH) || g->npred[b] != 1)
			continue; /* with one predecessor, that is d, by one edge or (switch) several */
		uint32_t way = NONE, ways = 0;
		for (uint32_t k = 0; k < bl->nsucc; k++)
			if (ir->succs[bl->succ + k].block == b) {
				way = k;
				ways++;
			}
		if (ways == 1 && bl->cond.lhs.kind == REF_LOCAL) {
			l->guard[b] = (struct guard){d, way};
			l->guarded[b] = b;
		}
	}
}

void memo_open(struct memo *m, const struct solver *s, uint32_t fn)
{
	*m = (struct memo){.reached = xcalloc(s->ir->fns[fn].nblock + 1, 1)};
}

void memo_close(struct memo *m)
{
	map_free(&m->index);
	vec_free(&m->v);
	free(m->reached);
}

const struct local_facts *local_facts(const struct solver *s, uint32_t fn)
{
	if (s->local[fn])
		return s->local[fn];
	const struct fn *f = &s->ir->fns[fn];
	struct local_facts *l = arena_alloc(s->mem, sizeof *l);
	l->def = arena_alloc(s->mem, (f->nlocal + 1) * sizeof *l->def);
	memset(l->def, 0xff, (f->nlocal + 1) * sizeof *l->def);
	l->next_def = arena_alloc(s->mem, (f->nop + 1) * sizeof *l->next_def);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->dst.kind != REF_LOCAL)
			continue;
		l->next_def[o - f->op] = l->def[op->dst.id];
		l->def[op->dst.id] = o;
	}
	find_guards(s, fn, l);
	return s->local[fn] = l;
}

struct point at_site(const struct solver *s, uint32_t site)
{
	return (struct point){s->p->op_block[site], site};
}

struct point at_end(const struct solver *s, uint32_t fn, uint32_t block)
{
	const struct block *b = &s->ir->blocks[s->ir->fns[fn].block + block];
	return (struct point){block, b->op + b->nop};
}

/* The last definition of a local in ops [from, before), or NONE. */
static uint32_t last_def(const struct local_facts *l, uint32_t op0, uint32_t local, uint32_t from, uint32_t before)
{
	uint32_t d = l->def[local];
	while (d != NONE && d >= before)
		d = l->next_def[d - op0];
	return d != NONE && d >= from ? d : NONE;
}

/* What reaches the beginning of a block: its predecessors backward, each path up to a definition. */
static uint32_t reach_block(const struct solver *s, uint32_t fn, uint32_t local, uint32_t block, uint32_t *defs)
{
	const struct fn *f = &s->ir->fns[fn];
	const struct local_facts *l = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	bool param = local < f->nparam;
	uint32_t n = 0, ntodo = 0, few[64], *todo = g->n < COUNT(few) ? few : xmalloc((g->n + 1) * sizeof *todo);
	uint64_t word[4] = {0}, *seen = g->n <= 64 * COUNT(word) ? word : xcalloc(g->n / 64 + 1, sizeof *seen);
	uint32_t found = NONE;

	for (;;) {
		if (found != NONE || block == 0) {
			bool have = false;
			for (uint32_t i = 0; i < n; i++)
				have |= defs[i] == found;
			if (!have && n == MAX_DEFS) {
				n = MAX_DEFS + 1;
				break;
			}
			if (!have && (found != NONE || param || n == 0 || g->npred[0] == 0))
				defs[n++] = found;
		}
		if (found == NONE)
			for (uint32_t i = 0; i < g->npred[block]; i++) {
				uint32_t b = g->pred[block][i];
				if (!(seen[b / 64] >> (b % 64) & 1)) {
					seen[b / 64] |= (uint64_t)1 << (b % 64);
					todo[ntodo++] = b;
				}
			}
		if (!ntodo)
			break;
		block = todo[--ntodo];
		const struct block *b = &s->ir->blocks[f->block + block];
		found = last_def(l, f->op, local, b->op, b->op + b->nop);
	}
	if (todo != few)
		free(todo);
	if (seen != word)
		free(seen);
	return n;
}

uint32_t reaching(const struct solver *s, uint32_t fn, uint32_t local, struct point at, uint32_t *defs)
{
	const struct fn *f = &s->ir->fns[fn];
	const struct local_facts *l = local_facts(s, fn);
	uint32_t first = l->def[local];

	defs[0] = first;
	if (first == NONE || (local >= f->nparam && l->next_def[first - f->op] == NONE))
		return 1; /* one definition: it must be the one */
	defs[0] = last_def(l, f->op, local, s->ir->blocks[f->block + at.block].op, at.before);
	if (defs[0] != NONE)
		return 1;
	uint32_t n = s->reached->v.n;
	uint32_t i = *map_slot(&s->reached->index, (uint64_t)(f->local + local) << 32 | at.block, n);
	if (i == n) {
		n = reach_block(s, fn, local, at.block, defs);
		vec_add(&s->reached->v, n);
		for (uint32_t k = 0; k < n && k < MAX_DEFS; k++)
			vec_add(&s->reached->v, defs[k]);
		return n;
	}
	n = s->reached->v.v[i];
	memcpy(defs, &s->reached->v.v[i + 1], (n < MAX_DEFS ? n : MAX_DEFS) * sizeof *defs);
	return n;
}

/* ---- places ---- */

bool site_dominates(const struct solver *s, uint32_t a, uint32_t b)
{
	uint32_t fn = s->p->op_fn[a], x = s->p->op_block[a], y = s->p->op_block[b];
	if (x == y)
		return a < b;
	return cfg_dominates(program_cfg(s->p, fn), x, y);
}

bool site_reaches(const struct solver *s, uint32_t a, uint32_t b)
{
	uint32_t fn = s->p->op_fn[a], x = s->p->op_block[a], y = s->p->op_block[b];
	if (x == y && a < b)
		return true;
	return cfg_reaches(program_cfg(s->p, fn), s->ir, fn, x, y);
}

uint64_t global_key(const struct ir *ir, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	uint32_t field = path_field(ir, path);

	if (p->base.kind != REF_GLOBAL)
		return 0;
	return p->nstep ? field == NONE ? 0 : hash_mix(field, 2) : hash_mix(p->base.id, 1);
}

static struct fd_key fd_key_at(const struct solver *s, uint32_t fn, struct ref r, struct point at)
{
	for (int hops = 0; hops < 8 && r.kind == REF_LOCAL; hops++) {
		uint32_t defs[MAX_DEFS + 1];
		if (!(s->ir->locals[s->ir->fns[fn].local + r.id].flags & LOCAL_TEMP))
			return (struct fd_key){KEY_LOCAL, r.id};
		if (reaching(s, fn, r.id, at, defs) != 1 || defs[0] == NONE)
			return (struct fd_key){KEY_LOCAL, r.id};
		const struct op *op = &s->ir->ops[defs[0]];
		if (op->kind == OP_COPY) {
			r = op->src;
			at = at_site(s, defs[0]);
			continue;
		}
		if (op->kind != OP_LOAD)
			return (struct fd_key){KEY_LOCAL, r.id};
		uint32_t field = path_field(s->ir, op->src.id);
		if (field != NONE)
			return (struct fd_key){KEY_FIELD, field};
		const struct path *p = &s->ir->paths[op->src.id];
		if (p->base.kind == REF_GLOBAL)
			return (struct fd_key){KEY_GLOBAL, p->base.id};
		return (struct fd_key){KEY_LOCAL, r.id};
	}
	return (struct fd_key){KEY_NONE, 0};
}

struct fd_key fd_key_of(const struct solver *s, uint32_t fn, struct ref r, uint32_t site)
{
	return fd_key_at(s, fn, r, at_site(s, site));
}

/* ---- values ---- */

static struct val class_fd(const struct solver *s, uint32_t node)
{
	if (node == NONE || !s->fd || (!s->fd[node].kind && !s->fd[node].mode))
		return TOP;
	return (struct val){.kind = VAL_FD, .fd_kind = s->fd[node].kind, .mode = s->fd[node].mode};
}

struct val val_join(const struct solver *s, struct val a, struct val b)
{
	if (a.kind == VAL_TEXT || b.kind == VAL_TEXT || (a.kind == VAL_STR && b.kind == VAL_STR && a.id != b.id))
		return text_join(s, a, b);
	if (a.kind == VAL_FD && b.kind == VAL_INT) /* fd = -1 on error */
		return a;
	if (b.kind == VAL_FD && a.kind == VAL_INT)
		return b;
	if (a.kind != b.kind) {
		if ((a.kind == VAL_NONNULL && b.kind == VAL_STR) || (a.kind == VAL_STR && b.kind == VAL_NONNULL))
			return (struct val){.kind = VAL_NONNULL};
		return TOP;
	}
	switch (a.kind) {
	case VAL_INT:
		a.ones &= b.ones;
		a.zeros &= b.zeros;
		return a.ones | a.zeros ? a : TOP;
	case VAL_FD:
		a.fd_kind |= b.fd_kind;
		a.mode |= b.mode;
		return a;
	case VAL_FN:
	case VAL_STR:
		return a.id == b.id ? a : (struct val){.kind = VAL_NONNULL};
	default:
		return a;
	}
}

static struct val arithmetic(uint8_t how, struct val a, struct val b)
{
	int64_t x, y;
	if (how == BIN_OR && a.kind == VAL_INT && b.kind == VAL_INT)
		return (struct val){.kind = VAL_INT, .ones = a.ones | b.ones, .zeros = a.zeros & b.zeros};
	if (how == BIN_OR && (a.kind == VAL_INT || b.kind == VAL_INT)) {
		struct val k = a.kind == VAL_INT ? a : b;
		return (struct val){.kind = VAL_INT, .ones = k.ones, .zeros = 0};
	}
	if (how == BIN_AND && a.kind == VAL_INT && b.kind == VAL_INT)
		return (struct val){.kind = VAL_INT, .ones = a.ones & b.ones, .zeros = a.zeros | b.zeros};
	if (how == BIN_AND && (a.kind == VAL_INT || b.kind == VAL_INT)) {
		struct val k = a.kind == VAL_INT ? a : b;
		return (struct val){.kind = VAL_INT, .ones = 0, .zeros = k.zeros};
	}
	if (!val_const(a, &x) || !val_const(b, &y))
		return TOP;
	switch (how) {
	case BIN_ADD:
		return val_int((int64_t)((uint64_t)x + (uint64_t)y));
	case BIN_SUB:
		return val_int((int64_t)((uint64_t)x - (uint64_t)y));
	case BIN_MUL:
		return val_int((int64_t)((uint64_t)x * (uint64_t)y));
	case BIN_EQ:
		return val_int(x == y);
	case BIN_NE:
		return val_int(x != y);
	case BIN_LT:
		return val_int(x < y);
	case BIN_LE:
		return val_int(x <= y);
	case BIN_GT:
		return val_int(x > y);
	case BIN_GE:
		return val_int(x >= y);
	default:
		return TOP;
	}
}

static struct val with_modes(const struct frame *fr, struct val v, struct fd_key key, struct point at);

static struct val value_of_param(const struct frame *fr, uint32_t param)
{
	const struct solver *s = fr->s;
	uint32_t mask = s->params ? s->params[fr->fn] : 0;
	if (fr->bind && param < 32 && mask >> param & 1) {
		struct val v = fr->bind->val[__builtin_popcount(mask & ((1u << param) - 1))];
		if (v.kind != VAL_TOP)
			return v;
	}
	struct val v = class_fd(s, flow_local(s->p, fr->fn, param));
	const struct fn *f = &s->ir->fns[fr->fn];
	return v.kind == VAL_TOP && fr->text && is_text(s->ir, s->ir->locals[f->local + param].type) ? text_of_param(fr, param) : v;
}

static struct val value_of_path(const struct frame *fr, uint32_t path)
{
	const struct solver *s = fr->s;
	uint32_t field = path_field(s->ir, path), node = flow_path(s->p, fr->fn, path);
	struct val v = class_fd(s, node);
	if (v.kind == VAL_TOP && s->settled.v.n && ctx_is_task(fr->ctx)) {
		uint64_t key = global_key(s->ir, path);
		uint32_t i = key ? map_get(&s->settled.index, key) : NONE;
		if (i != NONE)
			return s->settled.v.v[i];
	}
	if (field == NONE || !fr->modes)
		return v;
	for (uint32_t i = 0; i < fr->modes->n; i++) {
		uint32_t changed = fr->modes->v[i].field;
		if (changed != field && !(node != NONE && s->over && s->over[node] == flow_field(s->p, changed)))
			continue; /* neither this one nor the one that it does its I/O on */
		if (v.kind != VAL_FD)
			v = (struct val){.kind = VAL_FD};
		v.mode = fr->modes->v[i].mode;
	}
	return v;
}

/* A call may give several kinds at once, as its arguments say: a file, and writable. */
static struct val given(const struct frame *fr, const struct effect *e, struct val have)
{
	const struct clause *c = e->clause;
	struct val v = {.kind = VAL_FD, .fd_kind = c->kind, .mode = FD_BLOCKING};
	if (c->flags & CL_NONBLOCKING) {
		enum tri t = clause_holds(fr, e, c->cond);
		v.mode = t == YES ? FD_NONBLOCKING : t == NO ? FD_BLOCKING : FD_BLOCKING | FD_NONBLOCKING;
	} else if (c->cond) {
		enum tri t = clause_holds(fr, e, c->cond);
		if (t == NO || (t == MAYBE && c->kind & ~FD_TRAITS))
			return have;
		if (t == YES && c->kind & ~FD_TRAITS)
			return v; /* this kind, and not the usual one */
	}
	if (!(c->kind & ~FD_TRAITS))
		v.mode = 0;
	return have.kind == VAL_FD ? val_join(fr->s, have, v) : v;
}

/* A descriptor that a function of the program returns, as this call's arguments make it: open_file(path, nonblock). */
static struct val value_returned(const struct frame *fr, uint32_t at)
{
	const struct solver *s = fr->s;
	const struct op *op = &s->ir->ops[at];
	struct val v = TOP;
	struct bind bind;

	if (op->kind != OP_CALL || op->src.kind != REF_FN || !fn_defined(s->p, op->src.id) || !s->params[op->src.id] ||
		fr->depth > MAX_RETURNED)
		return TOP;
	const struct fn *f = &s->ir->fns[op->src.id];
	struct frame in = *fr;
	in.depth++;
	bind_call(&in, at, op->src.id, &bind);
	struct frame callee = {.s = s, .fn = op->src.id, .bind = &bind, .ctx = fr->ctx, .depth = in.depth, .text = fr->text};
	bool first = true;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		if (s->ir->ops[o].kind != OP_RET || site_reached(&callee, o) == NO)
			continue;
		struct val r = value_of(&callee, s->ir->ops[o].src, o);
		v = first ? r : val_join(s, v, r);
		first = false;
	}
	return v;
}

static struct val value_of_call(const struct frame *fr, uint32_t at, int depth)
{
	const struct solver *s = fr->s;
	struct val v = TOP;
	uint32_t n;
	const struct effect *e = effects_at(s->e, at, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		if (!c)
			continue;
		if (c->verb == VERB_GIVES && c->p == PARAM_NONE)
			v = given(fr, &e[i], v);
		else if (c->verb == VERB_TRUE_ON)
			return val_int(c->kind == (uint32_t)fr->ctx);
		else if (c->verb == VERB_RETURNS || (c->verb == VERB_OVER && c->q == PARAM_NONE))
			v = value_at(fr, effect_arg(s->p, &e[i], c->p), at_site(s, at), depth + 1);
	}
	const struct op *op = &s->ir->ops[at];
	if (v.kind != VAL_TOP || op->dst.kind != REF_LOCAL)
		return v;
	struct val any = class_fd(s, flow_local(s->p, fr->fn, op->dst.id));
	if (any.kind != VAL_FD)
		return any;
	v = value_returned(fr, at);
	return v.kind == VAL_FD ? v : any;
}

/* A local array that a call fills with a text: snprintf(path, n, "/proc/%d/stat", pid). */
static struct val text_in(const struct frame *fr, uint32_t path, int depth)
{
	const struct path *p = &fr->s->ir->paths[path];
	if (p->base.kind != REF_LOCAL || p->nstep || depth > MAX_DEPTH)
		return TOP;
	uint32_t type = fr->s->ir->locals[fr->s->ir->fns[fr->fn].local + p->base.id].type;
	if (type == NONE || fr->s->ir->types[type].kind != TYPE_ARRAY || !is_text(fr->s->ir, type))
		return TOP;
	return text_copied_to(fr, p->base.id, depth + 1);
}

/* Is a text, or a pointer to memory for one, defined there? */
static bool defines_text(const struct frame *fr, uint32_t at)
{
	const struct ir *ir = fr->s->ir;
	struct ref dst = ir->ops[at].dst;
	return fr->text && dst.kind == REF_LOCAL && is_text(ir, ir->locals[ir->fns[fr->fn].local + dst.id].type);
}

static struct val find_value_of_def(const struct frame *fr, uint32_t at, int depth)
{
	const struct op *op = &fr->s->ir->ops[at];
	struct point here = at_site(fr->s, at);
	switch (op->kind) {
	case OP_COPY:
		return value_at(fr, op->src, here, depth + 1);
	case OP_LOAD: {
		struct val v = value_of_path(fr, op->src.id);
		return v.kind == VAL_TOP && defines_text(fr, at) ? text_of_load(fr, at, depth) : v;
	}
	case OP_ADDR: {
		struct val text = fr->text ? text_in(fr, op->src.id, depth) : TOP;
		return text.kind == VAL_STR || text.kind == VAL_TEXT ? text : (struct val){.kind = VAL_NONNULL};
	}
	case OP_BIN:
		return arithmetic(op->flags, value_at(fr, op->src, here, depth + 1),
			value_at(fr, ref_of(op->arg), here, depth + 1));
	case OP_UN: {
		struct val v = value_at(fr, op->src, here, depth + 1);
		int64_t i;
		if (op->flags == UN_NOT && v.kind == VAL_INT)
			return (struct val){.kind = VAL_INT, .ones = v.zeros, .zeros = v.ones};
		if (!val_const(v, &i)) {
			if (op->flags == UN_LNOT && (v.kind == VAL_NONNULL || v.kind == VAL_FN || v.kind == VAL_STR ||
						    (v.kind == VAL_TEXT && !v.fd_kind)))
				return val_int(0);
			return TOP;
		}
		return val_int(op->flags == UN_NEG ? -i : !i);
	}
	case OP_CALL:
	case OP_ICALL: {
		struct val v = value_of_call(fr, at, depth);
		return v.kind == VAL_TOP && defines_text(fr, at) ? text_of_call(fr, at, depth) : v;
	}
	case OP_VAARG:
		return fr->text ? text_of_vararg(fr) : TOP;
	default:
		return TOP;
	}
}

/* A definition that is being looked at, as in i = i + 1, is worth TOP to itself. */
struct val value_of_def(const struct frame *fr, uint32_t at, int depth)
{
	if (!fr->memo)
		return find_value_of_def(fr, at, depth);
	uint32_t n = fr->memo->v.n, i = *map_slot(&fr->memo->index, (uint64_t)at << 1 | fr->text, n);
	if (i != n)
		return fr->memo->v.v[i];
	vec_add(&fr->memo->v, TOP);
	struct val v = find_value_of_def(fr, at, depth);
	fr->memo->v.v[i] = v;
	return v;
}

/* Behind `if (!x) return;` x is not 0, if nothing is assigned to it but what it has from the start. */
static bool checked(const struct frame *fr, uint32_t local, struct point at)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];
	const struct local_facts *l = local_facts(s, fr->fn);

	if (local >= f->nparam || l->def[local] != NONE)
		return false;
	for (uint32_t b = l->guarded[at.block]; b != NONE; b = l->guarded[l->guard[b].at]) {
		const struct block *bl = &s->ir->blocks[f->block + l->guard[b].at];
		if (bl->term != TERM_IF || bl->cond.rhs.kind != REF_CONST || s->ir->consts[bl->cond.rhs.id] ||
			bl->cond.rel != (l->guard[b].succ == 0 ? REL_NE : REL_EQ))
			continue;
		struct ref x = bl->cond.lhs;
		uint32_t d = l->def[x.id];
		if (x.id != local && d != NONE && s->ir->ops[d].kind == OP_COPY)
			x = s->ir->ops[d].src;
		if (x.kind == REF_LOCAL && x.id == local)
			return true;
	}
	return false;
}

struct val value_at(const struct frame *fr, struct ref r, struct point at, int depth)
{
	const struct solver *s = fr->s;
	switch (r.kind) {
	case REF_CONST:
		return val_int(s->ir->consts[r.id]);
	case REF_FN:
		return (struct val){.kind = VAL_FN, .id = r.id};
	case REF_STR:
		return (struct val){.kind = VAL_STR, .id = r.id};
	case REF_LOCAL:
		break;
	default:
		return TOP;
	}
	if (depth > MAX_DEPTH || !*s->budget)
		return TOP;
	--*s->budget;
	const struct local *local = &s->ir->locals[s->ir->fns[fr->fn].local + r.id];
	struct val v = TOP;
	if (local->flags & LOCAL_ADDR) { /* may be written through a pointer */
		v = class_fd(s, flow_local(s->p, fr->fn, r.id));
		if (v.kind == VAL_TOP && fr->text && is_text(s->ir, local->type))
			v = text_of_local(fr, r.id, depth);
	} else {
		uint32_t defs[MAX_DEFS + 1], n = reaching(s, fr->fn, r.id, at, defs);
		bool first = true;
		for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
			struct val d;
			if (defs[i] == NONE) {
				if (r.id >= s->ir->fns[fr->fn].nparam)
					continue; /* not assigned on that path */
				d = value_of_param(fr, r.id);
			} else {
				if (n > 1 && (!fr->text || fr->memo) && site_reached(fr, defs[i]) == NO)
					continue;
				d = value_of_def(fr, defs[i], depth + 1);
			}
			v = first ? d : val_join(s, v, d);
			first = false;
		}
		if (v.kind == VAL_TOP)
			v = class_fd(s, flow_local(s->p, fr->fn, r.id));
		if (v.kind == VAL_TOP && checked(fr, r.id, at))
			v = (struct val){.kind = VAL_NONNULL};
	}
	if (v.kind == VAL_FD && s->makes && s->nmake[fr->fn])
		v = with_modes(fr, v, fd_key_at(s, fr->fn, r, at), at);
	return v;
}

struct val value_of(const struct frame *fr, struct ref r, uint32_t site)
{
	if (!fr->depth)
		*fr->s->budget = MAX_STEPS;
	return value_at(fr, r, at_site(fr->s, site), 0);
}

/* The mode that calls in this function gave the descriptor before control came to this point. */
static struct val with_modes(const struct frame *fr, struct val v, struct fd_key key, struct point at)
{
	const struct solver *s = fr->s;
	struct frame in = *fr;
	uint32_t last = NONE;
	uint8_t mode = 0, also = 0;

	if (fr->depth > 3 || key.kind == KEY_NONE)
		return v;
	in.depth++;
	for (uint32_t i = 0; i < s->nmake[fr->fn]; i++) {
		const struct make *m = &s->makes[fr->fn][i];
		if (m->target.kind != key.kind || m->target.id != key.id || m->site == at.before)
			continue;
		enum tri reached = site_reached(&in, m->site);
		if (reached == NO)
			continue;
		uint32_t from = s->p->op_block[m->site];
		const struct cfg *g = program_cfg(s->p, fr->fn);
		bool same = from == at.block && m->site < at.before;
		bool dom = same || (from != at.block && cfg_dominates(g, from, at.block));
		if (!dom && !cfg_reaches(g, s->ir, fr->fn, from, at.block))
			continue;
		uint8_t now = make_mode(&in, m);
		if (!now)
			continue;
		if (!dom && reached == MAYBE) {
			also |= now;
			continue;
		}
		if (last == NONE || m->site > last) {
			last = m->site;
			mode = now;
		}
	}
	if (last != NONE)
		v.mode = mode;
	v.mode |= also;
	return v;
}
