/* points_addr.c - addresses as paths from an object or a symbol, the values and symbols in them, sets of them.
 *
 * All are interned: equal ones have equal ids, so that "the same lock" and "the same element" are comparisons of
 * numbers. Neighbouring distances add up, a zero one vanishes, so &p->f minus the offset of f is p again, and the
 * first field and its record have one address. An index keeps its value: a constant, or a symbol plus a constant.
 */
#include "solve/race.h"

#include <stdlib.h>

/* ---- interning ---- */

static uint64_t hash4(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return hash_mix(hash_mix((uint64_t)a << 32 | b, c), d);
}

uint32_t race_sym(struct race *r, enum rsym_kind kind, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t *slot = map_slot(&r->sym_of, hash4(kind, a, b, c), r->syms.n);
	if (*slot == r->syms.n)
		vec_add(&r->syms, ((struct rsym){kind, a, b, c}));
	return *slot;
}

static uint32_t val_id(struct race *r, uint32_t kind, uint32_t a, int64_t n)
{
	if (!r->vals.n)
		vec_add(&r->vals, ((struct rval){V_NONE, 0, 0}));
	uint32_t *slot = map_slot(&r->val_of, hash4(kind, a, (uint32_t)n, (uint32_t)((uint64_t)n >> 32)), r->vals.n);
	if (*slot == r->vals.n)
		vec_add(&r->vals, ((struct rval){kind, a, n}));
	return *slot;
}

uint32_t rval_const(struct race *r, int64_t n)
{
	return val_id(r, V_CONST, 0, n);
}

uint32_t rval_sym(struct race *r, uint32_t sym, int64_t n)
{
	return val_id(r, V_SYM, sym, n);
}

uint32_t rval_fn(struct race *r, uint32_t fn)
{
	return val_id(r, V_FN, fn, 0);
}

uint32_t rval_addr(struct race *r, uint32_t addr)
{
	if (addr == NONE)
		return VAL_UNKNOWN;
	if (r->addrs.v[addr].kind == ADDR_SYM)
		return rval_sym(r, r->addrs.v[addr].root, 0);
	return val_id(r, V_ADDR, addr, 0);
}

uint32_t rval_behind(struct race *r, uint32_t val)
{
	struct rval v = r->vals.v[val];
	if (v.kind == V_ADDR)
		return v.a;
	return v.kind == V_SYM && !v.n ? addr_sym(r, v.a) : NONE;
}

/* ---- addresses ---- */

static uint32_t addr_id(struct race *r, struct addr a)
{
	uint64_t h = hash_mix(hash4(a.kind, a.up, a.up == NONE ? a.root : 0, a.idx), (uint32_t)a.n);
	uint32_t *slot = map_slot(&r->addr_of, h, r->addrs.n);
	if (*slot == r->addrs.n)
		vec_add(&r->addrs, a);
	return *slot;
}

uint32_t addr_obj(struct race *r, uint32_t obj)
{
	return addr_id(r, (struct addr){.kind = ADDR_OBJ, .up = NONE, .root = obj});
}

uint32_t addr_sym(struct race *r, uint32_t sym)
{
	return addr_id(r, (struct addr){.kind = ADDR_SYM, .up = NONE, .root = sym});
}

static uint32_t step(struct race *r, uint32_t up, struct addr a)
{
	a.up = up;
	a.root = r->addrs.v[up].root;
	a.nstep = r->addrs.v[up].nstep + 1;
	return a.nstep > 24 ? up : addr_id(r, a); /* no real path is that long; one that grows in a loop stops */
}

uint32_t addr_off(struct race *r, uint32_t addr, int64_t bytes)
{
	const struct addr *a = &r->addrs.v[addr];
	if (a->kind == ADDR_OFF) {
		bytes += a->n;
		addr = a->up;
	}
	return bytes ? step(r, addr, (struct addr){.kind = ADDR_OFF, .n = (int32_t)bytes}) : addr;
}

static uint32_t add_index(struct race *r, uint32_t a, uint32_t b)
{
	struct rval x = r->vals.v[a], y = r->vals.v[b];
	if (x.kind == V_CONST && y.kind == V_CONST)
		return rval_const(r, x.n + y.n);
	if (x.kind == V_SYM && y.kind == V_CONST)
		return rval_sym(r, x.a, x.n + y.n);
	if (x.kind == V_CONST && y.kind == V_SYM)
		return rval_sym(r, y.a, x.n + y.n);
	return VAL_UNKNOWN;
}

uint32_t addr_idx(struct race *r, uint32_t addr, uint32_t stride, uint32_t val)
{
	const struct addr *a = &r->addrs.v[addr];
	struct rval v = r->vals.v[val];
	if (v.kind == V_CONST && !v.n)
		return addr;
	if (v.kind != V_CONST && v.kind != V_SYM)
		val = VAL_UNKNOWN;
	if (a->kind == ADDR_IDX && (a->n == (int32_t)stride || !stride || !a->n)) {
		uint32_t up = a->up;
		if (!stride)
			stride = (uint32_t)a->n;
		val = add_index(r, a->idx, val);
		v = r->vals.v[val];
		if (v.kind == V_CONST && !v.n)
			return up;
		addr = up;
	}
	return step(r, addr, (struct addr){.kind = ADDR_IDX, .n = (int32_t)stride, .idx = val});
}

uint32_t addr_rebase(struct race *r, uint32_t addr, uint32_t start)
{
	uint32_t chain[32], n = 0;
	for (uint32_t a = addr; r->addrs.v[a].kind >= ADDR_OFF && n < COUNT(chain); a = r->addrs.v[a].up)
		chain[n++] = a;
	while (n) {
		struct addr a = r->addrs.v[chain[--n]];
		start = a.kind == ADDR_OFF ? addr_off(r, start, a.n) : addr_idx(r, start, (uint32_t)a.n, a.idx);
	}
	return start;
}

uint32_t addr_of_spot(struct race *r, struct spot s)
{
	const struct obj *o = &r->pt->objs.v[s.obj];
	uint32_t a = addr_obj(r, s.obj), type = o->type;
	int64_t left = s.off;
	bool indexed = false;

	if (s.any && o->kind == OBJ_HEAP) {
		a = addr_idx(r, a, type == NONE ? 0 : type_size(r->ir, type), VAL_UNKNOWN);
		indexed = true;
	}
	for (int depth = 0; depth < 12 && type != NONE; depth++) {
		const struct type *t = &r->ir->types[type];
		if (t->kind == TYPE_ARRAY) {
			type = t->to;
			if (!s.any)
				continue;
			a = addr_idx(r, a, type_size(r->ir, type), VAL_UNKNOWN);
			indexed = true;
			continue;
		}
		if (t->kind != TYPE_RECORD || (!left && (indexed || !s.any)))
			break;
		const struct record *rec = &r->ir->records[t->to];
		uint32_t best = NONE;
		for (uint32_t i = 0; i < rec->nfield; i++)
			if (r->ir->fields[rec->field + i].bit / 8 <= left)
				best = rec->field + i;
		if (best == NONE)
			break;
		a = addr_off(r, a, r->ir->fields[best].bit / 8);
		left -= r->ir->fields[best].bit / 8;
		type = r->ir->fields[best].type;
	}
	if (left)
		a = addr_off(r, a, left);
	if (s.any && !indexed)
		a = addr_idx(r, a, 0, VAL_UNKNOWN);
	return a;
}

bool addr_cell(const struct race *r, uint32_t addr, uint32_t *obj, int32_t *off)
{
	*off = 0;
	for (; r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up)
		if (r->addrs.v[addr].kind == ADDR_OFF)
			*off += r->addrs.v[addr].n;
	*obj = r->addrs.v[addr].root;
	return r->addrs.v[addr].kind == ADDR_OBJ;
}

bool addr_exact(const struct race *r, uint32_t addr)
{
	for (; r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up)
		if (r->addrs.v[addr].kind == ADDR_IDX && r->vals.v[r->addrs.v[addr].idx].kind != V_CONST)
			return false;
	return r->addrs.v[addr].kind == ADDR_OBJ && r->pt->objs.v[r->addrs.v[addr].root].once;
}

static uint32_t steps_of(const struct race *r, uint32_t addr, uint32_t *steps)
{
	uint32_t n = r->addrs.v[addr].nstep, i = n;
	for (; i > 0; addr = r->addrs.v[addr].up)
		steps[--i] = addr;
	return n;
}

bool addr_overlap(const struct race *r, uint32_t a, uint32_t asize, uint32_t b, uint32_t bsize)
{
	uint32_t sa[32], sb[32], na = steps_of(r, a, sa), nb = steps_of(r, b, sb), i = 0, j = 0;

	for (;;) {
		const struct addr *x = i < na ? &r->addrs.v[sa[i]] : NULL, *y = j < nb ? &r->addrs.v[sb[j]] : NULL;
		if (!x && !y)
			return true;
		bool xi = x && x->kind == ADDR_IDX, yi = y && y->kind == ADDR_IDX;
		if (xi && yi) {
			struct rval v = r->vals.v[x->idx], w = r->vals.v[y->idx];
			if (x->n != y->n && x->n && y->n)
				return true; /* seen as arrays of different things */
			if (v.kind == V_CONST && w.kind == V_CONST && v.n != w.n)
				return false;
			i++;
			j++;
		} else if (xi || yi) { /* the other one has the first element, or all of them */
			const struct addr *z = xi ? x : y;
			uint32_t size = xi ? bsize : asize;
			bool last = xi ? !y : !x;
			struct rval v = r->vals.v[z->idx];
			if (v.kind == V_CONST && !(last && (size > (uint64_t)v.n * (uint64_t)z->n)))
				return false;
			if (xi)
				i++;
			else
				j++;
		} else if (x && y) {
			if (x->n == y->n) {
				i++;
				j++;
				continue;
			}
			bool xlast = i + 1 == na, ylast = j + 1 == nb;
			if (x->n < y->n)
				return xlast && x->n + (int64_t)(asize ? asize : 1) > y->n;
			return ylast && y->n + (int64_t)(bsize ? bsize : 1) > x->n;
		} else { /* one is the record around the other */
			const struct addr *z = x ? x : y;
			uint32_t size = x ? bsize : asize;
			return z->n < 0 || (int64_t)(size ? size : 1) > z->n;
		}
	}
}

/* ---- sets ---- */

static int by_id(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return a < b ? -1 : a > b;
}

/* Of ids that are sorted already. */
static uint32_t intern_set(struct race *r, const uint32_t *ids, uint32_t n)
{
	if (!r->sets.n) {
		vec_add(&r->sets, ((struct uset){0, 0}));
		vec_add(&r->sets, ((struct uset){0, 0})); /* USET_MANY */
	}
	if (!n)
		return USET_EMPTY;
	uint32_t *slot = map_slot(&r->set_of, hash_bytes(ids, n * sizeof *ids), r->sets.n);
	if (*slot == r->sets.n) {
		vec_add(&r->sets, ((struct uset){r->pool.n, n}));
		for (uint32_t i = 0; i < n; i++)
			vec_add(&r->pool, ids[i]);
	}
	return *slot;
}

uint32_t uset_of(struct race *r, uint32_t *ids, uint32_t n)
{
	uint32_t k = 0;
	if (n)
		qsort(ids, n, sizeof *ids, by_id);
	for (uint32_t i = 0; i < n; i++)
		if (!k || ids[k - 1] != ids[i])
			ids[k++] = ids[i];
	return intern_set(r, ids, k);
}

bool uset_has(const struct race *r, uint32_t set, uint32_t id)
{
	for (uint32_t i = 0; i < uset_n(r, set); i++)
		if (uset_at(r, set, i) == id)
			return true;
	return false;
}

enum set_op { UNION, MEET };
static uint32_t combine(struct race *r, uint32_t a, uint32_t b, enum set_op how)
{
	uint32_t n = 0, na = uset_n(r, a), nb = uset_n(r, b), *v = xmalloc((na + nb + 1) * sizeof *v), i = 0, j = 0;
	while (i < na || j < nb) {
		uint32_t x = i < na ? uset_at(r, a, i) : NONE, y = j < nb ? uset_at(r, b, j) : NONE;
		if (x == y || how == UNION)
			v[n++] = x < y ? x : y;
		i += x <= y;
		j += y <= x;
	}
	uint32_t set = intern_set(r, v, n);
	free(v);
	return set;
}

uint32_t uset_union(struct race *r, uint32_t a, uint32_t b)
{
	if (a == b || b == USET_EMPTY || a == USET_MANY)
		return a;
	if (a == USET_EMPTY || b == USET_MANY)
		return b;
	uint32_t set = combine(r, a, b, UNION);
	return uset_n(r, set) > MAX_SET ? USET_MANY : set;
}

uint32_t uset_meet(struct race *r, uint32_t a, uint32_t b)
{
	return a == b ? a : combine(r, a, b, MEET);
}

uint32_t uset_add(struct race *r, uint32_t set, uint32_t id)
{
	if (uset_has(r, set, id))
		return set;
	return uset_union(r, set, intern_set(r, &id, 1));
}

uint32_t uset_del(struct race *r, uint32_t set, uint32_t id)
{
	uint32_t n = 0, v[MAX_SET + 1];
	if (!uset_has(r, set, id))
		return set;
	for (uint32_t i = 0; i < uset_n(r, set) && n < COUNT(v); i++)
		if (uset_at(r, set, i) != id)
			v[n++] = uset_at(r, set, i);
	return intern_set(r, v, n);
}

/* ---- as text ---- */

static void print_index(const struct race *r, uint32_t val, struct sb *out)
{
	struct rval v = r->vals.v[val];
	if (v.kind == V_CONST)
		sb_printf(out, "[%lld]", (long long)v.n);
	else if (v.kind == V_SYM && v.n)
		sb_printf(out, "[$%u%+lld]", v.a, (long long)v.n);
	else if (v.kind == V_SYM)
		sb_printf(out, "[$%u]", v.a);
	else
		sb_puts(out, "[]");
}

static void print_obj(const struct race *r, uint32_t obj, struct sb *out)
{
	const struct ir *ir = r->ir;
	const struct obj *o = &r->pt->objs.v[obj];
	switch (o->kind) {
	case OBJ_GLOBAL:
		sb_puts(out, ir_text_of(ir, ir->globals[o->id].name));
		break;
	case OBJ_LOCAL:
		sb_puts(out, ir_text_of(ir, ir->locals[o->id].name));
		break;
	case OBJ_NAMED:
		sb_puts(out, ir_text_of(ir, o->id));
		break;
	case OBJ_EXTERN:
		sb_printf(out, "extern(%s)", ir_text_of(ir, ir->records[o->id].name));
		break;
	default:
		sb_printf(out, "%s@%u", o->kind == OBJ_HEAP ? "heap" : "thread",
			ir->ops[o->id].loc == NONE ? 0 : ir->locs[ir->ops[o->id].loc].line);
	}
}

void addr_print(const struct race *r, uint32_t addr, struct sb *out)
{
	const struct addr *a = &r->addrs.v[addr];
	switch (a->kind) {
	case ADDR_OBJ:
		print_obj(r, a->root, out);
		break;
	case ADDR_SYM:
		sb_printf(out, "$%u", a->root);
		break;
	case ADDR_OFF:
		addr_print(r, a->up, out);
		sb_printf(out, "+%d", a->n);
		break;
	default:
		addr_print(r, a->up, out);
		print_index(r, a->idx, out);
	}
}
