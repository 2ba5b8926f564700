/* locks_flow.c - one function, in one context, forward over its blocks.
 *
 * States that differ in the locks held, or in what the thread has started, joined or passed, are kept apart, each with
 * the branches that led to it; states that agree in these are one (Das, Lerner, Seigel, "ESP: Path-Sensitive Program
 * Verification in Polynomial Time"). So `if (x) lock(); ... if (x) unlock();` and trylock results come out right
 * without looking at every path.
 *
 * Where values differ a symbol of the meeting place stands for both. At the head of a loop every local that the loop
 * assigns becomes such a symbol; what an earlier iteration called by a symbol of the loop is renamed to the head's
 * symbol if a local still holds it, and lost otherwise.
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_STATES = 10, MAX_EXITS = 10, FEW_STATES = 3, MAX_PASSES = 16, MAX_FACTS = 40 };

/* ---- states ---- */

void state_copy(const struct look *fl, struct state *to, const struct state *from)
{
	*to = (struct state){.locks = from->locks, .moment = from->moment};
	to->env = xmalloc((fl->f->nlocal + 1) * sizeof *to->env);
	memcpy(to->env, from->env, fl->f->nlocal * sizeof *to->env);
#define COPY(x)                                                                                    \
	if (from->x.n) {                                                                           \
		to->x.v = xmalloc(from->x.n * sizeof *to->x.v);                                    \
		memcpy(to->x.v, from->x.v, from->x.n * sizeof *to->x.v);                           \
		to->x.n = to->x.cap = from->x.n;                                                   \
	}
	COPY(facts)
	COPY(mem)
	COPY(fresh)
	COPY(held)
#undef COPY
}

void state_free(struct state *s)
{
	free(s->env);
	vec_free(&s->facts);
	vec_free(&s->mem);
	vec_free(&s->fresh);
	vec_free(&s->held);
	s->env = NULL;
}

static void states_free(struct states *st)
{
	for (uint32_t i = 0; i < st->n; i++)
		state_free(&st->v[i]);
	free(st->v);
	*st = (struct states){0};
}

/* The block is looked at again in all of its states. */
void flow_again(struct look *fl, uint32_t block)
{
	for (uint32_t i = 0; i < fl->in[block].n; i++)
		fl->in[block].v[i].dirty = true;
	fl->dirty[block] = fl->in[block].n != 0;
}

/* ---- attributes ---- */

void flow_set_attr(struct look *fl, uint32_t sym, uint32_t set, uint32_t origin, uint32_t own)
{
	bool known = map_get(&fl->c->attr_of, sym) != NONE;
	struct symattr *a = context_attr(fl->c, sym);
	uint32_t both = known ? uset_union(fl->r, a->set, set) : set;
	if (known && a->set == both && (a->origin == origin || a->origin == NONE) && (a->own == own || a->own == NONE))
		return;
	fl->all_dirty |= known && a->used;
	a->set = both;
	a->origin = known && a->origin != origin ? NONE : origin;
	a->own = known && a->own != own ? NONE : own;
}

uint32_t flow_val_set(struct look *fl, uint32_t val)
{
	uint32_t addr = rval_behind(fl->r, val);
	return addr == NONE ? USET_EMPTY : context_places(fl->r, fl->c, addr);
}

static uint32_t static_set(struct look *fl, uint32_t local)
{
	const uint32_t *spots = NULL;
	uint32_t n = points_local(fl->r->pt, fl->inst, local, &spots), ids[POINTS_MANY];
	if (n >= POINTS_MANY)
		return USET_MANY;
	for (uint32_t i = 0; i < n; i++)
		ids[i] = addr_of_spot(fl->r, fl->r->pt->spots.v[spots[i]]);
	uint32_t set = uset_of(fl->r, ids, n);
	return uset_n(fl->r, set) > MAX_SET ? USET_MANY : set;
}

static uint32_t set_here(struct look *fl, uint32_t val, uint32_t local)
{
	return val == VAL_UNKNOWN ? static_set(fl, local) : flow_val_set(fl, val);
}

/* Of the symbol that a pointer is made of, whatever was added to it. */
static const struct symattr *attr_of(struct look *fl, uint32_t val)
{
	struct rval v = fl->r->vals.v[val];
	if (v.kind == V_ADDR && addr_on_sym(fl->r, v.a))
		return context_find_attr(fl->c, fl->r->addrs.v[v.a].root);
	return v.kind == V_SYM ? context_find_attr(fl->c, v.a) : NULL;
}

static uint32_t origin_of(struct look *fl, uint32_t val)
{
	const struct symattr *a = attr_of(fl, val);
	return a ? a->origin : NONE;
}

static uint32_t own_of(struct look *fl, uint32_t val)
{
	const struct symattr *a = attr_of(fl, val);
	return a ? a->own : NONE;
}

/* ---- facts ---- */

static struct fact *find_fact(const struct state *s, uint32_t sym)
{
	for (uint32_t i = 0; i < s->facts.n; i++)
		if (s->facts.v[i].sym == sym)
			return &s->facts.v[i];
	return NULL;
}

static bool is_cmp(uint32_t op)
{
	return op >= BIN_EQ && op <= BIN_GE;
}

static uint8_t rel_of_bin(uint32_t op)
{
	return (uint8_t)(REL_EQ + (op - BIN_EQ));
}

static uint8_t opposite(uint8_t rel)
{
	static const uint8_t not[] = {[REL_EQ] = REL_NE, [REL_NE] = REL_EQ, [REL_LT] = REL_GE, [REL_LE] = REL_GT,
		[REL_GT] = REL_LE, [REL_GE] = REL_LT, [REL_BITS] = REL_NOBITS, [REL_NOBITS] = REL_BITS};
	return not[rel];
}

void state_range(const struct look *fl, const struct state *s, uint32_t val, int64_t *lo, int64_t *hi)
{
	struct rval v = fl->r->vals.v[val];
	*lo = INT64_MIN;
	*hi = INT64_MAX;
	if (v.kind == V_CONST)
		*lo = *hi = v.n;
	const struct fact *f = v.kind == V_SYM ? find_fact(s, v.a) : NULL;
	if (!f)
		return;
	if (f->lo != INT64_MIN)
		*lo = f->lo + v.n;
	if (f->hi != INT64_MAX)
		*hi = f->hi + v.n;
}

bool state_assume(struct look *fl, struct state *s, uint32_t val, uint8_t rel, int64_t n)
{
	struct rval v = fl->r->vals.v[val];

	if (v.kind == V_CONST)
		switch (rel) {
		case REL_EQ:
			return v.n == n;
		case REL_NE:
			return v.n != n;
		case REL_LT:
			return v.n < n;
		case REL_LE:
			return v.n <= n;
		case REL_GT:
			return v.n > n;
		case REL_GE:
			return v.n >= n;
		case REL_BITS:
			return (v.n & n) != 0;
		default:
			return (v.n & n) == 0;
		}
	if (v.kind == V_ADDR || v.kind == V_FN)
		return !(rel == REL_EQ && n == 0);
	if (v.kind != V_SYM)
		return true;
	struct rsym sy = fl->r->syms.v[v.a];
	if (sy.kind == RSYM_BIN && is_cmp(sy.a) && !v.n && n == 0 && (rel == REL_EQ || rel == REL_NE)) {
		/* (x < 3) != 0 is x < 3 */
		struct rval c = fl->r->vals.v[sy.c];
		uint8_t in = rel_of_bin(sy.a);
		if (c.kind == V_CONST && !state_assume(fl, s, sy.b, rel == REL_NE ? in : opposite(in), c.n))
			return false;
	}
	struct fact *f = find_fact(s, v.a), now;
	if (f)
		now = *f;
	else
		now = (struct fact){.sym = v.a, .lo = INT64_MIN, .hi = INT64_MAX};
	if ((v.n > 0 && n < INT64_MIN + v.n) || (v.n < 0 && n > INT64_MAX + v.n))
		return true;
	n -= v.n;
	switch (rel) {
	case REL_EQ:
		if (n < now.lo || n > now.hi || (now.hole && now.not == n))
			return false;
		now.lo = now.hi = n;
		break;
	case REL_NE:
		if (now.lo == n && now.hi == n)
			return false;
		if (now.lo == n)
			now.lo++;
		else if (now.hi == n)
			now.hi--;
		else if (!now.hole || now.not != 0) {
			now.hole = true;
			now.not = n;
		}
		break;
	case REL_LT:
	case REL_LE:
		if (rel == REL_LT && n == INT64_MIN)
			return false;
		n -= rel == REL_LT;
		if (n < now.lo)
			return false;
		if (n < now.hi)
			now.hi = n;
		break;
	case REL_GT:
	case REL_GE:
		if (rel == REL_GT && n == INT64_MAX)
			return false;
		n += rel == REL_GT;
		if (n > now.hi)
			return false;
		if (n > now.lo)
			now.lo = n;
		break;
	default:
		return true;
	}
	if (now.hole && now.lo == now.hi && now.lo == now.not)
		return false;
	if (f) {
		*f = now;
	} else {
		if (s->facts.n >= MAX_FACTS) {
			memmove(s->facts.v, s->facts.v + 1, (s->facts.n - 1) * sizeof *s->facts.v);
			s->facts.n--;
		}
		vec_add(&s->facts, now);
	}
	return true;
}

/* ---- freshness ---- */

bool state_fresh(const struct state *s, uint32_t sym)
{
	for (uint32_t i = 0; i < s->fresh.n; i++)
		if (s->fresh.v[i] == sym)
			return true;
	return false;
}

static void escape_sym(struct state *s, uint32_t sym, int depth)
{
	for (uint32_t i = 0; i < s->fresh.n; i++)
		if (s->fresh.v[i] == sym) {
			s->fresh.v[i] = s->fresh.v[--s->fresh.n];
			break;
		}
	for (uint32_t i = 0; i < s->held.n && depth < 16; i++)
		if (s->held.v[i].outer == sym) {
			uint32_t inner = s->held.v[i].inner;
			s->held.v[i] = s->held.v[--s->held.n];
			i = NONE; /* from the start */
			escape_sym(s, inner, depth + 1);
		}
}

void state_escape(struct look *fl, struct state *s, uint32_t val)
{
	uint32_t addr = rval_behind(fl->r, val);
	if (addr == NONE)
		return;
	if (addr_on_sym(fl->r, addr)) {
		escape_sym(s, fl->r->addrs.v[addr].root, 0);
		return;
	}
	if (fl->r->pt->objs.v[fl->r->addrs.v[addr].root].kind == OBJ_LOCAL) /* what is kept in it goes along */
		while (s->fresh.n)
			escape_sym(s, s->fresh.v[0], 0);
}

/* ---- merging ---- */

struct meeting { /* values that met, and the symbol for both */
	uint32_t a, b, phi;
};

static bool merge_facts(struct state *to, const struct state *from)
{
	bool changed = false;
	for (uint32_t i = 0; i < to->facts.n;) {
		struct fact *f = &to->facts.v[i];
		const struct fact *g = find_fact(from, f->sym);
		struct fact old = *f;
		if (g) {
			f->lo = g->lo < f->lo ? g->lo : f->lo;
			f->hi = g->hi > f->hi ? g->hi : f->hi;
			f->hole = f->hole && (g->hole ? g->not == f->not : f->not < g->lo || f->not > g->hi);
			if (!f->hole && g->hole && (g->not < old.lo || g->not > old.hi) && !old.hole) {
				f->hole = true;
				f->not = g->not;
			}
		}
		if (!g || (f->lo == INT64_MIN && f->hi == INT64_MAX && !f->hole)) {
			*f = to->facts.v[--to->facts.n];
			changed = true;
			continue;
		}
		changed |= f->lo != old.lo || f->hi != old.hi || f->hole != old.hole;
		i++;
	}
	return changed;
}

static void phi_facts(struct look *fl, struct state *to, const struct state *from, uint32_t old, uint32_t new, uint32_t phi)
{
	int64_t a, b, c, d;
	state_range(fl, to, old, &a, &b);
	state_range(fl, from, new, &c, &d);
	a = a < c ? a : c;
	b = b > d ? b : d;
	struct fact *f = find_fact(to, phi);
	if (a == INT64_MIN && b == INT64_MAX) {
		if (f)
			*f = to->facts.v[--to->facts.n];
		return;
	}
	if (f)
		*f = (struct fact){.sym = phi, .lo = a, .hi = b};
	else if (to->facts.n < MAX_FACTS)
		vec_add(&to->facts, ((struct fact){.sym = phi, .lo = a, .hi = b}));
}

static bool merge(struct look *fl, struct state *to, const struct state *from, uint32_t where)
{
	struct race *r = fl->r;
	bool changed = false;
	struct meeting met[64];
	uint32_t nmet = 0;

	for (uint32_t i = 0; i < fl->f->nlocal; i++) {
		uint32_t a = to->env[i], b = from->env[i];
		if (a == b)
			continue;
		if (r->ir->locals[fl->f->local + i].flags & LOCAL_TEMP) {
			changed |= a != VAL_UNKNOWN;
			to->env[i] = VAL_UNKNOWN;
			continue;
		}
		uint32_t phi = NONE;
		for (uint32_t k = 0; k < nmet && phi == NONE; k++)
			if (met[k].a == a && met[k].b == b)
				phi = met[k].phi;
		bool share = phi != NONE;
		struct rval va = r->vals.v[a];
		if (!share && va.kind == V_SYM && !va.n && r->syms.v[va.a].kind == RSYM_PHI && r->syms.v[va.a].a == where) {
			phi = va.a; /* made here before; unless another local has it with another value now */
			for (uint32_t k = 0; k < nmet; k++)
				if (met[k].phi == phi)
					phi = NONE;
		}
		if (phi == NONE)
			phi = race_sym(r, RSYM_PHI, where, i, 0);
		if (!share) {
			uint32_t oa = origin_of(fl, a), ob = origin_of(fl, b);
			uint32_t set = uset_union(r, set_here(fl, a, i), set_here(fl, b, i));
			/* p = p->next: what is reached by it is reached from where p came from */
			if (ob != NONE && va.kind == V_SYM && r->addrs.v[ob].root == va.a && addr_on_sym(r, ob))
				ob = oa;
			flow_set_attr(fl, phi, set, oa == ob ? oa : NONE, own_of(fl, a) == own_of(fl, b) ? own_of(fl, a) : NONE);
			phi_facts(fl, to, from, a, b, phi);
			if (nmet < COUNT(met))
				met[nmet++] = (struct meeting){a, b, phi};
		}
		uint32_t v = rval_sym(r, phi, 0);
		changed |= v != a;
		to->env[i] = v;
	}
	changed |= merge_facts(to, from);
	for (uint32_t i = 0; i < to->mem.n;) {
		struct memcell *m = &to->mem.v[i];
		if (mem_get(from, m->addr) == m->val) {
			i++;
			continue;
		}
		*m = to->mem.v[--to->mem.n];
		changed = true;
	}
	for (uint32_t i = 0; i < to->fresh.n;) {
		if (state_fresh(from, to->fresh.v[i])) {
			i++;
			continue;
		}
		to->fresh.v[i] = to->fresh.v[--to->fresh.n];
		changed = true;
	}
	for (uint32_t i = 0; i < from->held.n; i++) {
		bool have = false;
		for (uint32_t k = 0; k < to->held.n; k++)
			have |= !memcmp(&to->held.v[k], &from->held.v[i], sizeof from->held.v[i]);
		if (!have && to->held.n < 64)
			vec_add(&to->held, from->held.v[i]);
	}
	return changed;
}

bool states_add(struct look *fl, struct states *to, struct state *s, uint32_t where)
{
	struct race *r = fl->r;
	uint32_t best = NONE;

	for (uint32_t i = 0; i < to->n && best == NONE; i++)
		if (to->v[i].locks == s->locks && to->v[i].moment == s->moment)
			best = i;
	if (best != NONE) {
		bool changed = merge(fl, &to->v[best], s, where);
		to->v[best].dirty |= changed;
		state_free(s);
		return changed;
	}
	if (to->n < (race_tired(r) ? FEW_STATES : MAX_STATES)) {
		if (to->n == to->cap)
			to->v = vec_grow(to->v, &to->cap, sizeof *to->v);
		s->dirty = true;
		to->v[to->n++] = *s;
		return true;
	}
	/* too many: one that differs in one thing only, else the last */
	for (uint32_t i = 0; i < to->n && best == NONE; i++)
		if (to->v[i].locks == s->locks)
			best = i;
	for (uint32_t i = 0; i < to->n && best == NONE; i++)
		if (to->v[i].moment == s->moment)
			best = i;
	if (best == NONE)
		best = to->n - 1;
	struct state *t = &to->v[best];
	uint32_t locks = t->locks == s->locks ? t->locks : locks_meet(r, t->locks, s->locks);
	uint32_t moment = t->moment == s->moment ? t->moment : moment_weaker(r, t->moment, s->moment);
	bool changed = locks != t->locks || moment != t->moment;
	t->locks = locks;
	t->moment = moment;
	changed |= merge(fl, t, s, where);
	t->dirty |= changed;
	state_free(s);
	for (uint32_t i = 0; i < to->n; i++) /* it may be one that is there already */
		if (i != best && to->v[i].locks == locks && to->v[i].moment == moment) {
			struct state gone = to->v[best];
			to->v[best] = to->v[--to->n];
			uint32_t into = i == to->n ? best : i;
			if (merge(fl, &to->v[into], &gone, where))
				to->v[into].dirty = true;
			state_free(&gone);
			break;
		}
	return changed;
}

/* ---- loops ---- */

/* Is the symbol given another value in each iteration of the loop with this head? */
static bool in_loop(const struct look *fl, uint32_t head, uint32_t sym)
{
	const struct race *r = fl->r;
	const struct rsym *y = &r->syms.v[sym];
	uint32_t block = NONE;

	switch (y->kind) {
	case RSYM_OP:
	case RSYM_RESULT:
		if (r->p->op_fn[y->a] == fl->fn)
			block = r->p->op_block[y->a];
		break;
	case RSYM_PHI:
		if (y->a >= r->ir->nblocks) { /* in the middle of a block, at a call */
			if (r->p->op_fn[y->a - r->ir->nblocks] == fl->fn)
				block = r->p->op_block[y->a - r->ir->nblocks];
		} else if (y->a >= fl->f->block && y->a < fl->f->block + fl->f->nblock) {
			block = y->a - fl->f->block;
		}
		break;
	case RSYM_BIN: {
		struct rval b = r->vals.v[y->b], c = r->vals.v[y->c];
		return (b.kind == V_SYM && in_loop(fl, head, b.a)) || (c.kind == V_SYM && in_loop(fl, head, c.a));
	}
	default:
		return false;
	}
	if (block == NONE)
		return false;
	for (uint32_t l = fl->g->loop_of[head]; l != NONE; l = fl->g->loops[l].parent)
		if (fl->g->loops[l].head == head)
			return loop_has(&fl->g->loops[l], block);
	return true; /* a loop with two entries */
}

struct renaming {
	struct look *fl;
	uint32_t head, n;
	struct sym_pair v[64];
	bool back; /* symbols of the loop that are not renamed are lost */
};

static uint32_t rename_sym(const struct renaming *re, uint32_t sym)
{
	for (uint32_t i = 0; i < re->n; i++)
		if (re->v[i].from == sym)
			return re->v[i].to;
	if (re->back && in_loop(re->fl, re->head, sym))
		return race_sym(re->fl->r, RSYM_LOST, sym, 0, 0);
	return sym;
}

static uint32_t rename_val(const struct renaming *re, uint32_t val);

static uint32_t rename_addr(const struct renaming *re, uint32_t addr)
{
	struct race *r = re->fl->r;
	struct addr a = r->addrs.v[addr];
	switch (a.kind) {
	case ADDR_OBJ:
		return addr;
	case ADDR_SYM:
		return addr_sym(r, rename_sym(re, a.root));
	case ADDR_OFF:
		return addr_off(r, rename_addr(re, a.up), a.n);
	default:
		return addr_idx(r, rename_addr(re, a.up), (uint32_t)a.n, rename_val(re, a.idx));
	}
}

static uint32_t rename_val(const struct renaming *re, uint32_t val)
{
	struct race *r = re->fl->r;
	struct rval v = r->vals.v[val];
	if (v.kind == V_SYM)
		return rval_sym(r, rename_sym(re, v.a), v.n);
	if (v.kind == V_ADDR)
		return rval_addr(r, rename_addr(re, v.a));
	return val;
}

static bool is_lost(const struct race *r, uint32_t addr)
{
	return addr_on_sym(r, addr) && r->syms.v[r->addrs.v[addr].root].kind == RSYM_LOST;
}

static bool mentions_lost(const struct race *r, uint32_t addr)
{
	for (; r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up) {
		struct rval v = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
		if (v.kind == V_SYM && r->syms.v[v.a].kind == RSYM_LOST)
			return true;
	}
	return is_lost(r, addr);
}

static void enter_loop(struct look *fl, uint32_t head, struct state *s, bool back)
{
	struct race *r = fl->r;
	struct renaming re = {.fl = fl, .head = head, .back = back};
	const uint8_t *assigned = fl->assigned[head];
	uint32_t where = fl->f->block + head;

	for (uint32_t i = 0; i < fl->f->nlocal; i++) {
		struct rval v = r->vals.v[s->env[i]];
		if (!assigned[i] || r->ir->locals[fl->f->local + i].flags & LOCAL_TEMP)
			continue;
		uint32_t phi = race_sym(r, RSYM_PHI, where, i, 0);
		uint32_t origin = origin_of(fl, s->env[i]);
		/* p = p->next: what is reached by it is reached from where p came from */
		if (back && origin != NONE && addr_on_sym(r, origin) && r->addrs.v[origin].root == phi) {
			const struct symattr *a = context_find_attr(fl->c, phi);
			origin = a ? a->origin : NONE;
		}
		flow_set_attr(fl, phi, set_here(fl, s->env[i], i), origin, own_of(fl, s->env[i]));
		bool rename = v.kind == V_SYM && !v.n && re.n < COUNT(re.v);
		if (rename && !back) { /* it stays what it is if somebody outside of the loop calls it so */
			for (uint32_t k = 0; k < fl->f->nlocal && rename; k++)
				rename = assigned[k] || s->env[k] != s->env[i];
			rename &= r->syms.v[v.a].kind != RSYM_PARAM;
		} else if (rename) {
			rename = in_loop(fl, head, v.a);
		}
		for (uint32_t k = 0; k < re.n && rename; k++)
			rename = re.v[k].from != v.a;
		if (rename)
			re.v[re.n++] = (struct sym_pair){v.a, phi};
	}
	uint32_t ids[MAX_SET], n = 0;
	for (uint32_t i = 0; i < uset_n(r, s->locks) && n < COUNT(ids); i++) {
		struct lock l = r->locks.v[uset_at(r, s->locks, i)];
		uint32_t now = rename_addr(&re, l.addr);
		if (now != l.addr && mentions_lost(r, now)) { /* one of an earlier round: some lock of its places */
			now = addr_sym(r, race_sym(r, RSYM_FOREIGN, context_places(r, fl->c, l.addr), NONE, 0));
			l.count = 1;
		}
		l.addr = now;
		ids[n++] = lock_id(r, l);
	}
	s->locks = uset_of(r, ids, n);
	for (uint32_t i = 0; i < s->facts.n;) {
		uint32_t to = rename_sym(&re, s->facts.v[i].sym);
		s->facts.v[i].sym = to;
		if (r->syms.v[to].kind == RSYM_LOST || (r->syms.v[to].kind == RSYM_PHI && r->syms.v[to].a == where))
			s->facts.v[i] = s->facts.v[--s->facts.n];
		else
			i++;
	}
	for (uint32_t i = 0; i < s->mem.n;) {
		struct memcell *m = &s->mem.v[i];
		m->addr = rename_addr(&re, m->addr);
		m->val = rename_val(&re, m->val);
		struct rval v = r->vals.v[m->val];
		if (is_lost(r, m->addr) || (v.kind == V_SYM && r->syms.v[v.a].kind == RSYM_LOST) || (v.kind == V_ADDR && is_lost(r, v.a)))
			*m = s->mem.v[--s->mem.n];
		else
			i++;
	}
	for (uint32_t i = 0; i < s->fresh.n;) {
		s->fresh.v[i] = rename_sym(&re, s->fresh.v[i]);
		if (r->syms.v[s->fresh.v[i]].kind == RSYM_LOST)
			s->fresh.v[i] = s->fresh.v[--s->fresh.n];
		else
			i++;
	}
	for (uint32_t i = 0; i < s->held.n; i++) {
		s->held.v[i].inner = rename_sym(&re, s->held.v[i].inner);
		s->held.v[i].outer = rename_sym(&re, s->held.v[i].outer);
	}
	for (uint32_t i = 0; i < fl->f->nlocal; i++) {
		if (!assigned[i])
			s->env[i] = back ? rename_val(&re, s->env[i]) : s->env[i];
		else if (r->ir->locals[fl->f->local + i].flags & LOCAL_TEMP)
			s->env[i] = VAL_UNKNOWN;
		else
			s->env[i] = rval_sym(r, race_sym(r, RSYM_PHI, where, i, 0), 0);
	}
}

static void find_heads(struct look *fl, struct arena *mem)
{
	const struct ir *ir = fl->r->ir;
	const struct fn *f = fl->f;

	fl->head = arena_alloc(mem, f->nblock + 1);
	fl->assigned = arena_alloc(mem, (f->nblock + 1) * sizeof *fl->assigned);
	for (uint32_t b = 0; b < f->nblock; b++) {
		if (fl->g->order[b] == NONE)
			continue;
		for (uint32_t i = 0; i < fl->g->nsucc[b]; i++)
			if (fl->g->order[fl->g->succ[b][i]] <= fl->g->order[b])
				fl->head[fl->g->succ[b][i]] = true;
	}
	for (uint32_t h = 0; h < f->nblock; h++) {
		if (!fl->head[h])
			continue;
		const struct loop *loop = NULL;
		for (uint32_t l = fl->g->loop_of[h]; l != NONE && !loop; l = fl->g->loops[l].parent)
			if (fl->g->loops[l].head == h)
				loop = &fl->g->loops[l];
		fl->assigned[h] = arena_alloc(mem, f->nlocal + 1);
		for (uint32_t b = 0; b < f->nblock; b++) {
			const struct block *bl = &ir->blocks[f->block + b];
			if (loop && !loop_has(loop, b))
				continue;
			for (uint32_t o = bl->op; o < bl->op + bl->nop; o++)
				if (ir->ops[o].dst.kind == REF_LOCAL)
					fl->assigned[h][ir->ops[o].dst.id] = 1;
		}
	}
}

/* Joins in loops, of threads whose ids are read there. */
static void find_joins(struct look *fl)
{
	const struct race *r = fl->r;
	const struct local_facts *lf = local_facts(r->s, fl->fn);
	if (!(r->touch[fl->fn] & TOUCH_MOVE))
		return;
	for (uint32_t o = fl->f->op; o < fl->f->op + fl->f->nop; o++) {
		uint32_t n, loop = fl->g->loop_of[r->p->op_block[o]];
		const struct effect *e = r->ir->ops[o].kind == OP_CALL && loop != NONE ? effects_at(r->e, o, &n) : NULL;
		for (uint32_t i = 0; e && i < n; i++) {
			if (!e[i].clause || e[i].clause->verb != VERB_JOINS)
				continue;
			struct ref x = effect_arg(r->p, &e[i], e[i].clause->p);
			uint32_t d = x.kind == REF_LOCAL ? lf->def[x.id] : NONE;
			if (d != NONE && r->ir->ops[d].kind == OP_LOAD && loop_has(&fl->g->loops[loop], r->p->op_block[d]))
				vec_add(&fl->joins, ((struct loop_join){fl->g->loops[loop].head, o, x.id}));
		}
	}
}

/* ---- edges ---- */

static bool leaves_by_condition(const struct look *fl, const struct loop *l, uint32_t from, uint32_t to)
{
	if (loop_has(l, to))
		return false;
	if (from == l->head)
		return true;
	for (uint32_t i = 0; i < fl->g->nsucc[from]; i++)
		if (fl->g->succ[from][i] == l->head)
			return true;
	return false;
}

static void go(struct look *fl, uint32_t from, uint32_t to, struct state *s)
{
	bool back = fl->g->order[to] <= fl->g->order[from];

	if (fl->joins.n && s->moment != MOMENT_INHERIT)
		for (uint32_t k = fl->g->loop_of[from]; k != NONE; k = fl->g->loops[k].parent)
			if (leaves_by_condition(fl, &fl->g->loops[k], from, to))
				flow_leave_loop(fl, s, fl->g->loops[k].head);
	if (fl->head[to])
		enter_loop(fl, to, s, back);
	if (states_add(fl, &fl->in[to], s, fl->f->block + to))
		fl->dirty[to] = true;
}

static bool assume_cond(struct look *fl, struct state *s, const struct cond *c, bool holds)
{
	static const uint8_t swapped[] = {[REL_EQ] = REL_EQ, [REL_NE] = REL_NE, [REL_LT] = REL_GT, [REL_LE] = REL_GE,
		[REL_GT] = REL_LT, [REL_GE] = REL_LE, [REL_BITS] = REL_BITS, [REL_NOBITS] = REL_NOBITS};
	struct race *r = fl->r;
	uint32_t a = flow_value(fl, s, c->lhs), b = flow_value(fl, s, c->rhs);
	uint8_t rel = holds ? c->rel : opposite(c->rel);

	if (r->vals.v[a].kind == V_CONST && r->vals.v[b].kind != V_CONST) {
		uint32_t t = a;
		a = b;
		b = t;
		rel = swapped[rel];
	}
	struct rval vb = r->vals.v[b];
	if (vb.kind == V_CONST && (rel == REL_BITS || rel == REL_NOBITS)) {
		if (r->vals.v[a].kind == V_CONST)
			return state_assume(fl, s, a, rel, vb.n);
		if (a == VAL_UNKNOWN)
			return true;
		uint32_t bits = rval_sym(r, race_sym(r, RSYM_BIN, BIN_AND, a, b), 0);
		return state_assume(fl, s, bits, rel == REL_BITS ? REL_NE : REL_EQ, 0);
	}
	if (vb.kind == V_CONST)
		return state_assume(fl, s, a, rel, vb.n);
	if (a == VAL_UNKNOWN || b == VAL_UNKNOWN || c->rel > REL_GE)
		return true;
	if (a == b)
		return rel == REL_EQ || rel == REL_LE || rel == REL_GE;
	uint32_t cmp = rval_sym(r, race_sym(r, RSYM_BIN, BIN_EQ + (c->rel - REL_EQ), flow_value(fl, s, c->lhs), flow_value(fl, s, c->rhs)), 0);
	return state_assume(fl, s, cmp, holds ? REL_NE : REL_EQ, 0);
}

/* Threads that were given the address of a local and may live on when the function ends. */
static void check_stack(struct look *fl, const struct state *s)
{
	struct race *r = fl->r;
	if (s->moment == MOMENT_INHERIT || !fl->c->stack.n)
		return;
	const struct moment *m = &r->moments.v[s->moment];
	for (uint32_t i = 0; i < fl->c->stack.n; i++)
		for (uint32_t k = 0; k < m->nchild; k++) {
			const struct child *c = &r->children.v[m->children + k];
			if (c->thread == fl->c->stack.v[i].addr && c->status != CHILD_DONE)
				misuse_add(r, (struct misuse){MISUSE_STACK, fl->id, fl->c->stack.v[i].site, NONE, c->thread, USET_EMPTY});
		}
}

static void leave(struct look *fl, struct state *s, uint32_t val)
{
	struct race *r = fl->r;
	struct context *c = fl->c;
	struct rval v = r->vals.v[val];
	struct exit_state e = {.locks = s->locks, .moment = s->moment, .val = val, .buf = NONE};

	if (v.kind == V_SYM && !v.n && r->syms.v[v.a].kind == RSYM_BIN && is_cmp(r->syms.v[v.a].a)) {
		/* return x == 0, where it is known whether it is */
		bool may[2];
		for (int is = 0; is < 2; is++) {
			struct state t;
			state_copy(fl, &t, s);
			may[is] = state_assume(fl, &t, val, is ? REL_NE : REL_EQ, 0);
			state_free(&t);
		}
		if (may[0] != may[1])
			e.val = val = rval_const(r, may[1]);
		v = r->vals.v[val];
	}
	check_stack(fl, s);
	state_range(fl, s, val, &e.lo, &e.hi);
	e.fresh_val = v.kind == V_SYM && !v.n && state_fresh(s, v.a);
	for (uint32_t i = 0; i < c->nsym && i < 32; i++)
		if (state_fresh(s, race_sym(r, RSYM_PARAM, i, 0, 0)))
			e.fresh |= 1u << i;
	uint32_t same = NONE, near = NONE;
	for (uint32_t i = 0; i < c->exits.n && same == NONE; i++) {
		const struct exit_state *x = &c->exits.v[i];
		if (!x->jump && x->locks == e.locks && x->moment == e.moment)
			same = i;
		else if (!x->jump && (near == NONE || x->moment == e.moment))
			near = i;
	}
	if (same == NONE && c->exits.n >= (race_tired(r) ? FEW_STATES : MAX_EXITS))
		same = near;
	if (same != NONE) {
		struct exit_state *x = &c->exits.v[same], old = *x;
		x->locks = x->locks == e.locks ? e.locks : locks_meet(r, x->locks, e.locks);
		x->moment = moment_weaker(r, x->moment, e.moment);
		if (x->val != e.val) {
			uint32_t phi = race_sym(r, RSYM_PHI, fl->f->block, NONE, 0); /* one for every return */
			uint32_t oa = origin_of(fl, x->val), ob = origin_of(fl, e.val);
			flow_set_attr(fl, phi, uset_union(r, flow_val_set(fl, x->val), flow_val_set(fl, e.val)), oa == ob ? oa : NONE, NONE);
			x->val = rval_sym(r, phi, 0);
		}
		x->lo = x->lo < e.lo ? x->lo : e.lo;
		x->hi = x->hi > e.hi ? x->hi : e.hi;
		x->fresh &= e.fresh;
		x->fresh_val &= e.fresh_val;
		if (x->val != old.val || x->lo != old.lo || x->hi != old.hi || x->fresh != old.fresh || x->fresh_val != old.fresh_val ||
			x->locks != old.locks || x->moment != old.moment)
			c->rounds |= 1u << 31; /* changed: tell who called */
		return;
	}
	vec_add(&c->exits, e);
	c->rounds |= 1u << 31;
}

static void end_block(struct look *fl, uint32_t b, struct state *s, uint32_t ret)
{
	const struct ir *ir = fl->r->ir;
	const struct block *bl = &ir->blocks[fl->f->block + b];
	struct state t;

	switch (bl->term) {
	case TERM_RET:
		leave(fl, s, ret);
		break;
	case TERM_IF:
		for (uint32_t k = 0; k < 2; k++) {
			state_copy(fl, &t, s);
			if (assume_cond(fl, &t, &bl->cond, k == 0))
				go(fl, b, ir->succs[bl->succ + k].block, &t);
			else
				state_free(&t);
		}
		break;
	case TERM_SWITCH: {
		uint32_t v = flow_value(fl, s, bl->cond.lhs);
		for (uint32_t k = 0; k < bl->nsucc; k++) {
			const struct succ *to = &ir->succs[bl->succ + k];
			bool may = true;
			state_copy(fl, &t, s);
			if (to->lo <= to->hi)
				may = state_assume(fl, &t, v, REL_GE, to->lo) && state_assume(fl, &t, v, REL_LE, to->hi);
			else
				for (uint32_t i = 0; i + 1 < bl->nsucc && may; i++)
					if (ir->succs[bl->succ + i].lo == ir->succs[bl->succ + i].hi)
						may = state_assume(fl, &t, v, REL_NE, ir->succs[bl->succ + i].lo);
			if (may)
				go(fl, b, to->block, &t);
			else
				state_free(&t);
		}
		break;
	}
	default:
		for (uint32_t k = 0; k < bl->nsucc; k++) {
			state_copy(fl, &t, s);
			go(fl, b, ir->succs[bl->succ + k].block, &t);
		}
	}
}

static void run_block(struct look *fl, uint32_t b)
{
	struct race *r = fl->r;
	const struct ir *ir = r->ir;
	const struct block *bl = &ir->blocks[fl->f->block + b];
	struct states now = {0};

	for (uint32_t i = 0; i < fl->in[b].n; i++) {
		if (!fl->in[b].v[i].dirty)
			continue; /* it was looked at as it is */
		fl->in[b].v[i].dirty = false;
		if (now.n == now.cap)
			now.v = vec_grow(now.v, &now.cap, sizeof *now.v);
		state_copy(fl, &now.v[now.n++], &fl->in[b].v[i]);
	}
	r->work += (bl->nop + 4) * (uint64_t)now.n;
	r->gave_up |= r->work > race_budget(r, MOST_WORK);
	if (r->gave_up) {
		states_free(&now);
		return;
	}
	uint32_t ret = VAL_UNKNOWN;
	for (uint32_t o = bl->op; o < bl->op + bl->nop && now.n; o++) {
		const struct op *op = &ir->ops[o];
		fl->op = o;
		if (op->kind != OP_CALL && op->kind != OP_ICALL) {
			for (uint32_t i = 0; i < now.n; i++)
				flow_op(fl, &now.v[i], o);
			continue;
		}
		struct states after = {0};
		for (uint32_t i = 0; i < now.n; i++)
			flow_call(fl, &now.v[i], o, &after);
		free(now.v);
		now = after;
	}
	for (uint32_t i = 0; i < now.n; i++) {
		if (bl->term == TERM_RET && bl->nop && ir->ops[bl->op + bl->nop - 1].kind == OP_RET)
			ret = flow_value(fl, &now.v[i], ir->ops[bl->op + bl->nop - 1].src);
		end_block(fl, b, &now.v[i], ret);
	}
	states_free(&now);
}

static void begin(struct look *fl, struct state *s)
{
	struct race *r = fl->r;
	const struct context *c = fl->c;

	s->env = xcalloc(fl->f->nlocal + 1, sizeof *s->env);
	s->locks = c->locks == LOCKS_INHERIT ? USET_EMPTY : c->locks;
	s->moment = c->moment;
	for (uint32_t i = 0; i < fl->f->nlocal; i++)
		s->env[i] = i < c->nparam ? c->param[i]
			    : r->ir->locals[fl->f->local + i].flags & LOCAL_TEMP
				    ? VAL_UNKNOWN
				    : rval_sym(r, race_sym(r, RSYM_LOCAL, fl->f->local + i, 0, 0), 0);
	for (uint32_t i = 0; i < c->nsym; i++) {
		uint32_t sym = race_sym(r, RSYM_PARAM, i, 0, 0);
		if (c->sym[i].fresh)
			vec_add(&s->fresh, sym);
		if (c->sym[i].lo != INT64_MIN || c->sym[i].hi != INT64_MAX)
			vec_add(&s->facts, ((struct fact){.sym = sym, .lo = c->sym[i].lo, .hi = c->sym[i].hi}));
	}
}

void flow_run(struct race *r, uint32_t ctx)
{
	struct context *c = r->ctxs.v[ctx];
	struct arena *mem = arena_new();
	struct look fl = {.r = r, .c = c, .id = ctx, .fn = c->fn, .inst = c->inst, .f = &r->ir->fns[c->fn], .g = program_cfg(r->p, c->fn)};
	struct state s = {0};

	fl.in = arena_alloc(mem, (fl.f->nblock + 1) * sizeof *fl.in);
	fl.dirty = arena_alloc(mem, fl.f->nblock + 1);
	find_heads(&fl, mem);
	find_joins(&fl);
	begin(&fl, &s);
	if (fl.head[0])
		enter_loop(&fl, 0, &s, false);
	states_add(&fl, &fl.in[0], &s, fl.f->block);
	fl.dirty[0] = true;
	for (int pass = 0; pass < MAX_PASSES; pass++) {
		bool any = false;
		for (uint32_t i = 0; i < fl.g->nrpo; i++) {
			uint32_t b = fl.g->rpo[i];
			if (!fl.dirty[b])
				continue;
			fl.dirty[b] = false;
			any = true;
			run_block(&fl, b);
		}
		if (fl.all_dirty) {
			fl.all_dirty = false;
			for (uint32_t i = 0; i < fl.g->nrpo; i++)
				flow_again(&fl, fl.g->rpo[i]);
			any = true;
		}
		if (!any)
			break;
	}
	for (uint32_t b = 0; b < fl.f->nblock; b++)
		states_free(&fl.in[b]);
	vec_free(&fl.arrivals);
	vec_free(&fl.joins);
	arena_free(mem);
}
