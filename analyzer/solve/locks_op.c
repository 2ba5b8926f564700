/* locks_op.c - what an op does to a state: values of locals, what memory holds, which accesses it makes.
 *
 * A pointer read from memory is a symbol, with the addresses that points.c found there, and with the address it was
 * read from. Until this thread may have written that place the same symbol comes again, so that P->lock and P->data
 * have one root. That another thread changes P meanwhile is a race of P, not of what it points at.
 *
 * Memory that this thread has allocated, or taken out of a list, and not made known again, is fresh: accesses to it
 * are not recorded.
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_MEM = 48 };

static uint32_t local_type(const struct look *fl, struct ref x)
{
	return x.kind == REF_LOCAL ? fl->r->ir->locals[fl->f->local + x.id].type : NONE;
}

static bool is_record(const struct ir *ir, uint32_t t)
{
	return t != NONE && ir->types[t].kind == TYPE_RECORD;
}

static bool in_memory(const struct look *fl, uint32_t local)
{
	const struct ir *ir = fl->r->ir;
	const struct local *l = &ir->locals[fl->f->local + local];
	return l->flags & LOCAL_ADDR || is_record(ir, l->type) || (l->type != NONE && ir->types[l->type].kind == TYPE_ARRAY);
}

static uint32_t local_addr(struct look *fl, uint32_t local)
{
	return addr_obj(fl->r, points_local_obj(fl->r->pt, fl->inst, local));
}

/* ---- memory ---- */

uint32_t mem_get(const struct state *s, uint32_t addr)
{
	for (uint32_t i = 0; i < s->mem.n; i++)
		if (s->mem.v[i].addr == addr)
			return s->mem.v[i].val;
	return VAL_UNKNOWN;
}

static void mem_put(struct state *s, uint32_t addr, uint32_t key, uint32_t val)
{
	for (uint32_t i = 0; i < s->mem.n; i++)
		if (s->mem.v[i].addr == addr) {
			s->mem.v[i].val = val;
			return;
		}
	if (s->mem.n >= MAX_MEM) {
		memmove(s->mem.v, s->mem.v + 1, (s->mem.n - 1) * sizeof *s->mem.v);
		s->mem.n--;
	}
	vec_add(&s->mem, ((struct memcell){addr, key, val}));
}

static bool may_alias(struct look *fl, uint32_t a, uint32_t b)
{
	struct race *r = fl->r;
	uint32_t x = context_places(r, fl->c, a), y = context_places(r, fl->c, b);
	if (x == USET_MANY || y == USET_MANY)
		return true;
	for (uint32_t i = 0; i < uset_n(r, x); i++)
		for (uint32_t k = 0; k < uset_n(r, y); k++) {
			uint32_t p = uset_at(r, x, i), q = uset_at(r, y, k);
			if (r->addrs.v[p].root == r->addrs.v[q].root && addr_overlap(r, p, 8, q, 8))
				return true;
		}
	return false;
}

void mem_set(struct look *fl, struct state *s, uint32_t addr, uint32_t key, uint32_t val)
{
	for (uint32_t i = 0; i < s->mem.n;) {
		const struct memcell *m = &s->mem.v[i];
		if (m->addr != addr && (m->key == key || m->key == NONE || key == NONE) && may_alias(fl, m->addr, addr))
			s->mem.v[i] = s->mem.v[--s->mem.n];
		else
			i++;
	}
	mem_put(s, addr, key, val);
}

static bool starts_with(const struct race *r, uint32_t addr, uint32_t start)
{
	for (; addr != NONE; addr = r->addrs.v[addr].up)
		if (addr == start)
			return true;
	return false;
}

void mem_kill_behind(struct look *fl, struct state *s, uint32_t addr)
{
	for (uint32_t i = 0; i < s->mem.n;)
		if (starts_with(fl->r, s->mem.v[i].addr, addr))
			s->mem.v[i] = s->mem.v[--s->mem.n];
		else
			i++;
}

void mem_kill(struct look *fl, struct state *s, const struct mods *mods)
{
	for (uint32_t i = 0; i < s->mem.n;) {
		const struct memcell *m = &s->mem.v[i];
		const struct addr *a = &fl->r->addrs.v[m->addr];
		bool own = !addr_on_sym(fl->r, m->addr) && fl->r->pt->objs.v[a->root].kind == OBJ_LOCAL &&
			   !fl->r->pt->objs.v[a->root].taken;
		if (!own && m->key != NONE && mods_has(mods, m->key))
			s->mem.v[i] = s->mem.v[--s->mem.n];
		else
			i++;
	}
}

/* ---- accesses ---- */

static bool is_shared(struct look *fl, uint32_t addr, uint32_t size)
{
	struct race *r = fl->r;
	uint32_t obj;
	int32_t off;

	if (addr_cell(r, addr, &obj, &off))
		return escape_shared(r, obj, off, size);
	uint32_t set = context_places(r, fl->c, addr);
	for (uint32_t i = 0; i < uset_n(r, set); i++)
		if (addr_cell(r, uset_at(r, set, i), &obj, &off) && escape_shared(r, obj, off, size))
			return true;
	return false;
}

void flow_access(struct look *fl, struct state *s, uint32_t addr, uint32_t size, uint8_t flags)
{
	struct context *c = fl->c;
	if (addr == NONE || !fl->r->parallel)
		return;
	if (addr_on_sym(fl->r, addr) && state_fresh(s, fl->r->addrs.v[addr].root))
		return;
	if (!is_shared(fl, addr, size))
		return;
	struct access a = {.site = fl->op,
		.addr = addr,
		.size = size,
		.locks = s->locks,
		.moment = c->moment == MOMENT_INHERIT ? MOMENT_INHERIT : s->moment,
		.flags = flags};
	uint64_t h = hash_mix(hash_mix((uint64_t)a.site << 32 | a.addr, (uint64_t)a.locks << 32 | a.moment), (uint64_t)a.size << 8 | a.flags);
	uint32_t *slot = map_slot(&c->acc_seen, h, c->accs.n);
	if (*slot == c->accs.n)
		vec_add(&c->accs, a);
}

static uint8_t access_flags(const struct op *op, bool write)
{
	return (write ? ACC_WRITE : 0) | (op->flags & OPF_ATOMIC ? ACC_ATOMIC : 0) | (op->flags & OPF_VOLATILE ? ACC_VOLATILE : 0) |
	       (op->flags & OPF_RMW ? ACC_RMW : 0);
}

/* ---- values ---- */

/* Addresses that may be kept at this place. */
static uint32_t contents(struct look *fl, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t places = context_places(r, fl->c, addr), set = USET_EMPTY;

	if (places == USET_MANY)
		return USET_MANY;
	for (uint32_t i = 0; i < uset_n(r, places); i++) {
		uint32_t obj, one;
		int32_t off;
		addr_cell(r, uset_at(r, places, i), &obj, &off);
		uint32_t *slot = map_slot(&r->cell_set, (uint64_t)obj << 32 | (uint32_t)off, NONE - 1);
		if (*slot == NONE - 1) {
			const uint32_t *spots = NULL;
			uint32_t n = points_cell(r->pt, obj, off, &spots), ids[POINTS_MANY];
			for (uint32_t k = 0; k < n && n < POINTS_MANY; k++)
				ids[k] = addr_of_spot(r, r->pt->spots.v[spots[k]]);
			one = n >= POINTS_MANY ? USET_MANY : uset_of(r, ids, n);
			map_put(&r->cell_set, (uint64_t)obj << 32 | (uint32_t)off, one);
		} else {
			one = *slot;
		}
		set = uset_union(r, set, one);
	}
	return set;
}

static uint32_t own_of(const struct look *fl, uint32_t addr)
{
	const struct symattr *a = addr_on_sym(fl->r, addr) ? context_find_attr(fl->c, fl->r->addrs.v[addr].root) : NULL;
	return a ? a->own : NONE;
}

/* What is read from an address; which: tells the reads of one op apart. */
static uint32_t load(struct look *fl, struct state *s, uint32_t addr, uint32_t key, uint32_t type, uint32_t which)
{
	struct race *r = fl->r;
	uint32_t v = mem_get(s, addr);
	if (v != VAL_UNKNOWN)
		return v;
	uint32_t set = type_holds_pointer(r->ir, type) ? contents(fl, addr) : USET_EMPTY;
	if (uset_n(r, set) == 1 && addr_exact(r, uset_at(r, set, 0))) {
		v = rval_addr(r, uset_at(r, set, 0));
	} else {
		uint32_t sym = race_sym(r, RSYM_OP, fl->op, which, 0);
		flow_set_attr(fl, sym, set, addr, own_of(fl, addr));
		v = rval_sym(r, sym, 0);
	}
	mem_put(s, addr, key, v);
	return v;
}

uint32_t flow_unknown(struct look *fl, struct ref dst)
{
	struct race *r = fl->r;
	if (dst.kind != REF_LOCAL)
		return VAL_UNKNOWN;
	uint32_t sym = race_sym(r, RSYM_OP, fl->op, 0, 0), set = USET_EMPTY;
	if (type_holds_pointer(r->ir, local_type(fl, dst))) {
		const uint32_t *spots = NULL;
		uint32_t n = points_local(r->pt, fl->inst, dst.id, &spots), ids[POINTS_MANY];
		for (uint32_t i = 0; i < n && n < POINTS_MANY; i++)
			ids[i] = addr_of_spot(r, r->pt->spots.v[spots[i]]);
		set = n >= POINTS_MANY ? USET_MANY : uset_of(r, ids, n);
		if (uset_n(r, set) > MAX_SET)
			set = USET_MANY;
	}
	flow_set_attr(fl, sym, set, NONE, NONE);
	return rval_sym(r, sym, 0);
}

uint32_t flow_value(struct look *fl, struct state *s, struct ref x)
{
	struct race *r = fl->r;
	switch (x.kind) {
	case REF_CONST:
		return rval_const(r, r->ir->consts[x.id]);
	case REF_FN:
		return rval_fn(r, x.id);
	case REF_LOCAL:
		break;
	default:
		return VAL_UNKNOWN;
	}
	if (!in_memory(fl, x.id))
		return s->env[x.id];
	uint32_t type = local_type(fl, x), addr = local_addr(fl, x.id);
	if (type != NONE && (r->ir->types[type].kind == TYPE_RECORD || r->ir->types[type].kind == TYPE_ARRAY))
		return VAL_UNKNOWN;
	if (r->pt->objs.v[r->addrs.v[addr].root].taken)
		flow_access(fl, s, addr, type_size(r->ir, type), 0);
	return load(fl, s, addr, NONE, type, x.id + 1);
}

/* A pointer's value of which nothing is known: the addresses that it has anywhere. */
static uint32_t some_pointer(struct look *fl, struct state *s, struct ref x)
{
	struct race *r = fl->r;
	uint32_t val = flow_value(fl, s, x), addr = rval_behind(r, val);
	if (addr != NONE || x.kind != REF_LOCAL || r->vals.v[val].kind == V_CONST)
		return addr;
	uint32_t sym = race_sym(r, RSYM_OP, fl->op, 0x10000 + x.id, 0), n, ids[POINTS_MANY];
	const uint32_t *spots = NULL;
	n = points_local(r->pt, fl->inst, x.id, &spots);
	for (uint32_t i = 0; i < n && n < POINTS_MANY; i++)
		ids[i] = addr_of_spot(r, r->pt->spots.v[spots[i]]);
	uint32_t set = n >= POINTS_MANY ? USET_MANY : uset_of(r, ids, n);
	flow_set_attr(fl, sym, uset_n(r, set) > MAX_SET ? USET_MANY : set, NONE, NONE);
	return addr_sym(r, sym);
}

struct walked {
	uint32_t addr, key, type;
};

/* The address that a path names; pointers on the way are read. */
static struct walked walk(struct look *fl, struct state *s, uint32_t path, uint8_t flags)
{
	struct race *r = fl->r;
	const struct ir *ir = r->ir;
	const struct path *p = &ir->paths[path];
	struct walked w = {NONE, NONE, NONE};
	uint32_t i = 0;

	if (p->base.kind == REF_GLOBAL) {
		w = (struct walked){addr_obj(r, points_global_obj(r->pt, p->base.id)), ir->nfields + p->base.id, ir->globals[p->base.id].type};
	} else if (p->base.kind == REF_LOCAL) {
		w.type = local_type(fl, p->base);
		if (p->nstep && ir->steps[p->step].kind == STEP_DEREF) {
			w.addr = some_pointer(fl, s, p->base);
			w.type = w.type != NONE && ir->types[w.type].kind == TYPE_PTR ? ir->types[w.type].to : NONE;
			i = 1;
		} else {
			w.addr = local_addr(fl, p->base.id);
		}
	}
	for (; i < p->nstep && w.addr != NONE; i++) {
		const struct step *st = &ir->steps[p->step + i];
		uint8_t kind = w.type == NONE ? TYPE_OTHER : ir->types[w.type].kind;
		if (st->kind == STEP_FIELD) {
			w.addr = addr_off(r, w.addr, ir->fields[st->field].bit / 8);
			w.type = ir->fields[st->field].type;
			w.key = st->field;
		} else if (st->kind == STEP_INDEX) {
			if (kind == TYPE_ARRAY)
				w.type = ir->types[w.type].to;
			w.addr = addr_idx(r, w.addr, type_size(ir, w.type), flow_value(fl, s, st->index));
		} else {
			flow_access(fl, s, w.addr, 8, flags);
			uint32_t v = load(fl, s, w.addr, w.key, w.type, 0x20000 + i);
			w = (struct walked){rval_behind(r, v), NONE, kind == TYPE_PTR || kind == TYPE_ARRAY ? ir->types[w.type].to : NONE};
		}
	}
	return w;
}

void flow_set(struct look *fl, struct state *s, struct ref dst, uint32_t val)
{
	if (dst.kind != REF_LOCAL)
		return;
	if (!in_memory(fl, dst.id)) {
		s->env[dst.id] = val;
		return;
	}
	uint32_t type = local_type(fl, dst), addr = local_addr(fl, dst.id);
	if (fl->r->pt->objs.v[fl->r->addrs.v[addr].root].taken)
		flow_access(fl, s, addr, type_size(fl->r->ir, type), ACC_WRITE);
	if (is_record(fl->r->ir, type))
		mem_kill_behind(fl, s, addr);
	else
		mem_set(fl, s, addr, NONE, val);
}

/* ---- taking out of a list ---- */

static uint32_t origin_root(const struct look *fl, uint32_t val)
{
	const struct race *r = fl->r;
	const struct symattr *a = r->vals.v[val].kind == V_SYM ? context_find_attr(fl->c, r->vals.v[val].a) : NULL;
	return a && a->origin != NONE && addr_on_sym(r, a->origin) ? r->addrs.v[a->origin].root : NONE;
}

static bool index_read_from(const struct look *fl, uint32_t addr, uint32_t from)
{
	const struct race *r = fl->r;
	for (; r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up) {
		if (r->addrs.v[addr].kind != ADDR_IDX)
			continue;
		struct rval v = r->vals.v[r->addrs.v[addr].idx];
		const struct symattr *a = v.kind == V_SYM ? context_find_attr(fl->c, v.a) : NULL;
		if (a && a->origin == from)
			return true;
	}
	return false;
}

static void own(struct state *s, uint32_t sym)
{
	if (!state_fresh(s, sym) && s->fresh.n < 64)
		vec_add(&s->fresh, sym);
}

/* x = list->first; list->first = x->next: nobody else finds x any more. The same with x = ring[head]; head = ..., and
 * with the links of x's neighbours. What is not gone is what goes in: first->prev = new; list->first = new. */
static void taken_out(struct look *fl, struct state *s, uint32_t addr, uint32_t val)
{
	struct race *r = fl->r;
	struct rval v = r->vals.v[val];
	uint32_t from = origin_root(fl, val);
	bool plain = v.kind == V_CONST || (v.kind == V_SYM && r->syms.v[v.a].kind == RSYM_BIN);

	if (from != NONE && addr_on_sym(r, addr)) {
		const struct symattr *a = context_find_attr(fl->c, r->addrs.v[addr].root);
		if (a && a->origin != NONE && addr_on_sym(r, a->origin) && r->addrs.v[a->origin].root == from &&
			r->addrs.v[addr].root != from)
			own(s, from);
	}
	for (uint32_t i = 0; i < fl->f->nlocal; i++) {
		struct rval x = r->vals.v[s->env[i]];
		if (x.kind != V_SYM || x.n || s->env[i] == val)
			continue;
		const struct symattr *a = context_find_attr(fl->c, x.a);
		if (!a || a->origin == NONE || !uset_n(r, a->set))
			continue;
		if (a->origin == addr ? plain || from == x.a : plain && index_read_from(fl, a->origin, addr))
			own(s, x.a);
	}
}

/* ---- ops ---- */

static void store(struct look *fl, struct state *s, const struct op *op)
{
	struct race *r = fl->r;
	uint32_t val = flow_value(fl, s, op->src);
	struct walked w = walk(fl, s, op->dst.id, 0);

	if (w.addr == NONE)
		return;
	w.type = escape_type(r->ir, fl->fn, op, w.type);
	if (!escape_bytes_op(r->ir, op, w.type))
		flow_access(fl, s, w.addr, type_size(r->ir, w.type), access_flags(op, true));
	if (is_record(r->ir, w.type)) {
		mem_kill_behind(fl, s, w.addr);
		return;
	}
	uint32_t what = rval_behind(r, val);
	if (what != NONE) {
		bool on_sym = addr_on_sym(r, w.addr);
		uint32_t root = r->addrs.v[w.addr].root;
		if (on_sym && state_fresh(s, root)) {
			if (addr_on_sym(r, what) && r->addrs.v[what].root != root && s->held.n < 64)
				vec_add(&s->held, ((struct held){r->addrs.v[what].root, root}));
		} else if (on_sym || r->pt->objs.v[root].kind != OBJ_LOCAL) {
			state_escape(fl, s, val);
		}
	}
	taken_out(fl, s, w.addr, val);
	mem_set(fl, s, w.addr, w.key, val);
}

static uint32_t binary(struct look *fl, struct state *s, const struct op *op)
{
	struct race *r = fl->r;
	struct ref rb = ref_of(op->arg);
	uint32_t type = local_type(fl, op->dst);

	if (op->flags == BIN_ADD || op->flags == BIN_SUB) {
		struct offset o = points_offset(r->s, fl->fn, op);
		uint32_t from = local_type(fl, o.base), base = flow_value(fl, s, o.base), addr = rval_behind(r, base);
		bool ptr = (from != NONE && r->ir->types[from].kind == TYPE_PTR) || r->vals.v[base].kind == V_ADDR;
		bool to_ptr = type != NONE && (r->ir->types[type].kind == TYPE_PTR || r->ir->types[type].size == 8);
		if (ptr && to_ptr && addr != NONE) {
			uint32_t stride = from != NONE && r->ir->types[from].kind == TYPE_PTR ? type_size(r->ir, r->ir->types[from].to) : 1;
			struct ref i = ref_eq(o.base, op->src) ? rb : op->src;
			if (o.known && (o.bytes || stride <= 1))
				return rval_addr(r, addr_off(r, addr, o.n));
			if (o.known)
				return rval_addr(r, addr_idx(r, addr, stride, rval_const(r, o.n)));
			if (type != NONE && r->ir->types[type].kind != TYPE_PTR && i.kind == REF_LOCAL &&
				local_type(fl, i) != NONE && r->ir->types[local_type(fl, i)].kind == TYPE_PTR)
				return flow_unknown(fl, op->dst); /* the difference of two pointers */
			uint32_t idx = op->flags == BIN_ADD ? flow_value(fl, s, i) : VAL_UNKNOWN;
			return rval_addr(r, addr_idx(r, addr, o.bytes ? 0 : stride, o.bytes ? VAL_UNKNOWN : idx));
		}
	}
	uint32_t a = flow_value(fl, s, op->src), b = flow_value(fl, s, rb);
	struct rval x = r->vals.v[a], y = r->vals.v[b];
	if (x.kind == V_CONST && y.kind == V_CONST)
		switch (op->flags) {
		case BIN_ADD:
			return rval_const(r, (int64_t)((uint64_t)x.n + (uint64_t)y.n));
		case BIN_SUB:
			return rval_const(r, (int64_t)((uint64_t)x.n - (uint64_t)y.n));
		case BIN_MUL:
			return rval_const(r, (int64_t)((uint64_t)x.n * (uint64_t)y.n));
		case BIN_AND:
			return rval_const(r, x.n & y.n);
		case BIN_OR:
			return rval_const(r, x.n | y.n);
		case BIN_EQ:
			return rval_const(r, x.n == y.n);
		case BIN_NE:
			return rval_const(r, x.n != y.n);
		case BIN_LT:
			return rval_const(r, x.n < y.n);
		case BIN_LE:
			return rval_const(r, x.n <= y.n);
		case BIN_GT:
			return rval_const(r, x.n > y.n);
		case BIN_GE:
			return rval_const(r, x.n >= y.n);
		default:
			break;
		}
	if (op->flags == BIN_ADD && x.kind == V_SYM && y.kind == V_CONST && llabs(y.n) < INT32_MAX && llabs(x.n) < INT32_MAX)
		return rval_sym(r, x.a, x.n + y.n);
	if (op->flags == BIN_ADD && y.kind == V_SYM && x.kind == V_CONST && llabs(x.n) < INT32_MAX && llabs(y.n) < INT32_MAX)
		return rval_sym(r, y.a, x.n + y.n);
	if (op->flags == BIN_SUB && x.kind == V_SYM && y.kind == V_CONST && llabs(y.n) < INT32_MAX && llabs(x.n) < INT32_MAX)
		return rval_sym(r, x.a, x.n - y.n);
	if (op->flags == BIN_SUB && a == b && a != VAL_UNKNOWN)
		return rval_const(r, 0);
	if (a == VAL_UNKNOWN || b == VAL_UNKNOWN || (x.kind != V_SYM && y.kind != V_SYM))
		return flow_unknown(fl, op->dst);
	return rval_sym(r, race_sym(r, RSYM_BIN, op->flags, a, b), 0);
}

static uint32_t unary(struct look *fl, struct state *s, const struct op *op)
{
	struct race *r = fl->r;
	uint32_t a = flow_value(fl, s, op->src);
	struct rval x = r->vals.v[a];

	if (x.kind == V_CONST)
		return rval_const(r, op->flags == UN_NEG ? (int64_t)(0 - (uint64_t)x.n) : op->flags == UN_NOT ? ~x.n : !x.n);
	if (op->flags == UN_LNOT && x.kind == V_SYM)
		return rval_sym(r, race_sym(r, RSYM_BIN, BIN_EQ, a, rval_const(r, 0)), 0);
	if (op->flags == UN_LNOT && (x.kind == V_ADDR || x.kind == V_FN))
		return rval_const(r, 0);
	return flow_unknown(fl, op->dst);
}

void flow_op(struct look *fl, struct state *s, uint32_t at)
{
	struct race *r = fl->r;
	const struct ir *ir = r->ir;
	const struct op *op = &ir->ops[at];
	struct walked w;

	switch (op->kind) {
	case OP_COPY:
		flow_set(fl, s, op->dst, flow_value(fl, s, op->src));
		break;
	case OP_LOAD:
		w = walk(fl, s, op->src.id, 0);
		if (w.addr == NONE) {
			flow_set(fl, s, op->dst, flow_unknown(fl, op->dst));
			break;
		}
		if (w.type != NONE && ir->types[w.type].kind == TYPE_ARRAY) { /* only named, not read */
			flow_set(fl, s, op->dst, rval_addr(r, w.addr));
			break;
		}
		w.type = escape_type(ir, fl->fn, op, w.type);
		if (!escape_bytes_op(ir, op, w.type))
			flow_access(fl, s, w.addr, type_size(ir, w.type), access_flags(op, false));
		flow_set(fl, s, op->dst, is_record(ir, w.type) ? VAL_UNKNOWN : load(fl, s, w.addr, w.key, w.type, 0));
		break;
	case OP_STORE:
		store(fl, s, op);
		break;
	case OP_ADDR:
		w = walk(fl, s, op->src.id, 0);
		flow_set(fl, s, op->dst, w.addr == NONE ? flow_unknown(fl, op->dst) : rval_addr(r, w.addr));
		break;
	case OP_BIN:
		flow_set(fl, s, op->dst, binary(fl, s, op));
		break;
	case OP_UN:
		flow_set(fl, s, op->dst, unary(fl, s, op));
		break;
	case OP_VAARG:
		flow_set(fl, s, op->dst, flow_unknown(fl, op->dst));
		break;
	default:
		break;
	}
}
