/* declared.c - locks as the program declares them: clang's guarded_by and requires_capability, checked in all of it.
 *
 * clang checks one function at a time, so that every function on the way must say what it requires. Here the locks that
 * are held go with the calls: what a function does to them is summed up bottom-up, what its callers hold when they
 * call it is met top-down, and only what runs first (threads, callbacks, what nobody calls) needs a requires_capability.
 *
 * A lock is the field or global that the attribute names, whatever the object; an expression that is neither (a
 * parameter that is a lock itself) is left out. Only locks that attributes name are followed, at most MAX_LOCKS: a program
 * without attributes costs nothing.
 *
 * Not reported: functions with no_thread_safety_analysis, variables of the function's own, what it has just allocated.
 *
 * needs: effects, call graph, entries      gives: facts.declared
 */
#include "solve/solve_int.h"

#include <ctype.h>
#include <stdlib.h>

enum { MAX_LOCKS = 32, MAX_ROUNDS = 20 };
#define ALL_LOCKS 0xFFFFFFFFu

struct summary { /* of a function */
	uint32_t gen, kill;	/* locks held at its end whatever was before; given back */
	uint32_t take, give;	/* parameters that are locks: taken, given back */
	uint32_t needs;		/* locks by requires_capability */
	uint32_t in;		/* locks that are held whenever it is called */
	bool unchecked, root;
};
struct declared {
	struct solver *s;
	const struct program *p;
	const struct ir *ir;
	uint32_t lock[MAX_LOCKS], nlock; /* keys: a field, or a global behind the fields */
	uint32_t after[MAX_LOCKS];	 /* locks that must not be held when this one is taken */
	uint8_t *guard, *pt_guard;	 /* per key: lock + 1, or 0 */
	struct summary *fns;
	VEC(struct declared_use) found;
};

/* ---- attributes ---- */

static bool is_attr(const char *text, const char *const *names, const char **args)
{
	size_t n = strcspn(text, "(");
	const char *t = text;
	if (n > 4 && str_starts(text, "__") && text[n - 1] == '_' && text[n - 2] == '_') {
		t += 2;
		n -= 4;
	}
	for (; *names; names++)
		if (strlen(*names) == n && !memcmp(*names, t, n)) {
			*args = text + strcspn(text, "(");
			*args += **args == '(';
			return true;
		}
	return false;
}
static const char *const guarded[] = {"guarded_by", NULL}, *const pt_guarded[] = {"pt_guarded_by", NULL},
	*const after[] = {"acquired_after", NULL}, *const unchecked[] = {"no_thread_safety_analysis", NULL},
	*const requires[] = {"requires_capability", "requires_shared_capability", "exclusive_locks_required", "shared_locks_required", NULL};

static uint32_t record_of(const struct ir *ir, uint32_t type)
{
	while (type != NONE && (ir->types[type].kind == TYPE_PTR || ir->types[type].kind == TYPE_ARRAY))
		type = ir->types[type].to;
	return type != NONE && ir->types[type].kind == TYPE_RECORD ? ir->types[type].to : NONE;
}

static uint32_t field_named(const struct ir *ir, uint32_t record, const char *s, size_t n)
{
	if (record == NONE)
		return NONE;
	for (uint32_t i = 0; i < ir->records[record].nfield; i++) {
		uint32_t f = ir->records[record].field + i;
		const char *name = ir_text_of(ir, ir->fields[f].name);
		if (strlen(name) == n && !memcmp(name, s, n))
			return f;
	}
	return NONE;
}

/* The key of the next expression of a list, "d->lock" or "big": names one after the other, from a parameter, a field of
 * the same record, or a global on. NONE: none of these. */
static uint32_t expression(const struct declared *d, const char **at, uint32_t record, const struct fn *fn)
{
	const struct ir *ir = d->ir;
	uint32_t key = NONE, type = NONE;
	bool first = true, negative = false;
	const char *s = *at;

	for (; *s && *s != ',' && *s != ')'; s++) {
		size_t n = 0;
		negative |= *s == '!';
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
		if (!n)
			continue;
		uint32_t f = field_named(ir, first ? record : record_of(ir, type), s, n);
		if (f != NONE) {
			key = f;
			type = ir->fields[f].type;
		} else if (first) {
			for (uint32_t i = 0; fn && i < fn->nparam && fn->nlocal && type == NONE; i++) {
				const char *name = ir_text_of(ir, ir->locals[fn->local + i].name);
				if (strlen(name) == n && !memcmp(name, s, n))
					type = ir->locals[fn->local + i].type;
			}
			for (uint32_t i = 0; type == NONE && i < ir->nglobals; i++) {
				const char *name = ir_text_of(ir, ir->globals[i].name);
				if (strlen(name) != n || memcmp(name, s, n))
					continue;
				key = ir->nfields + i;
				type = ir->globals[i].type;
			}
		} else {
			key = NONE;
		}
		first = false;
		s += n - 1;
	}
	*at = *s == ',' ? s + 1 : "";
	return negative ? NONE : key;
}

/* The number of a lock; NONE: there are too many. */
static uint32_t lock_number(struct declared *d, uint32_t key)
{
	if (key == NONE)
		return NONE;
	for (uint32_t i = 0; i < d->nlock; i++)
		if (d->lock[i] == key)
			return i;
	if (d->nlock == MAX_LOCKS)
		return NONE;
	d->lock[d->nlock] = key;
	return d->nlock++;
}

static uint32_t locks_in(struct declared *d, const char *args, uint32_t record, const struct fn *fn)
{
	uint32_t set = 0;
	while (*args) {
		uint32_t k = lock_number(d, expression(d, &args, record, fn));
		if (k != NONE)
			set |= 1u << k;
	}
	return set;
}

/* Of a variable or field with that key. */
static void read_guards(struct declared *d, uint32_t attr, uint32_t nattr, uint32_t record, uint32_t key)
{
	for (uint32_t i = attr; i < attr + nattr; i++) {
		const char *text = ir_text_of(d->ir, d->ir->attrs[i].text), *args;
		if (d->ir->attrs[i].kind != ATTR_THREAD_SAFETY)
			continue;
		bool by = is_attr(text, guarded, &args), pt = !by && is_attr(text, pt_guarded, &args);
		if (by || pt) {
			uint32_t k = lock_number(d, expression(d, &args, record, NULL));
			if (k != NONE)
				(by ? d->guard : d->pt_guard)[key] = (uint8_t)(k + 1);
		} else if (is_attr(text, after, &args)) {
			uint32_t k = lock_number(d, key), first = locks_in(d, args, record, NULL);
			for (uint32_t j = 0; k != NONE && j < d->nlock; j++)
				if (first >> j & 1)
					d->after[j] |= 1u << k;
		}
	}
}

static void read_attributes(struct declared *d)
{
	const struct ir *ir = d->ir;
	for (uint32_t i = 0; i < ir->nfields; i++)
		read_guards(d, ir->fields[i].attr, ir->fields[i].nattr, ir->fields[i].record, i);
	for (uint32_t i = 0; i < ir->nglobals; i++)
		read_guards(d, ir->globals[i].attr, ir->globals[i].nattr, NONE, ir->nfields + i);
	for (uint32_t i = 0; i < ir->nfns; i++) {
		const struct fn *f = &ir->fns[i];
		for (uint32_t k = f->attr; k < f->attr + f->nattr; k++) {
			const char *text = ir_text_of(ir, ir->attrs[k].text), *args;
			if (ir->attrs[k].kind != ATTR_THREAD_SAFETY)
				continue;
			d->fns[i].unchecked |= is_attr(text, unchecked, &args);
			if (is_attr(text, requires, &args))
				d->fns[i].needs |= locks_in(d, args, NONE, f);
		}
	}
}

/* ---- what calls do ---- */

/* The lock that an argument is, as a bit; a parameter of the function's own as a bit of *param. */
static uint32_t lock_bit(const struct declared *d, uint32_t fn, struct ref r, uint32_t *param)
{
	const struct fn *f = &d->ir->fns[fn];
	if (r.kind != REF_LOCAL)
		return 0;
	uint32_t def = local_facts(d->s, fn)->def[r.id];
	if (def == NONE) {
		if (r.id < f->nparam && r.id < 32)
			*param |= 1u << r.id;
		return 0;
	}
	const struct op *op = &d->ir->ops[def];
	uint32_t key = op->kind == OP_ADDR || op->kind == OP_LOAD ? path_key(d->ir, op->src.id) : NONE;
	for (uint32_t i = 0; i < d->nlock; i++)
		if (d->lock[i] == key)
			return 1u << i;
	return 0;
}

struct change {
	uint32_t gen, kill, take, give;
};

static struct change change_of(const struct declared *d, uint32_t fn, uint32_t site)
{
	const struct program *p = d->p;
	const struct op *op = &d->ir->ops[site];
	struct change c = {0};
	uint32_t n, body = 0;
	const struct effect *e = effects_at(d->s->e, site, &n);

	for (uint32_t x = p->site_edge[site]; x != NONE && x < p->nedge && p->edges[x].site == site; x++) {
		if (!fn_defined(p, p->edges[x].callee) || p->edges[x].why == EDGE_TYPE)
			continue;
		const struct summary *s = &d->fns[p->edges[x].callee];
		struct change one = {s->gen, s->kill, 0, 0};
		for (uint32_t i = 0; i < op->narg && i < 32; i++) {
			struct ref arg = d->ir->args[op->arg + i];
			if (s->take >> i & 1)
				one.gen |= lock_bit(d, fn, arg, &one.take);
			if (s->give >> i & 1)
				one.kill |= lock_bit(d, fn, arg, &one.give);
		}
		c.gen = body ? c.gen & one.gen : one.gen;
		c.take = body ? c.take & one.take : one.take;
		c.kill |= one.kill;
		c.give |= one.give;
		body++;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (!cl || cl->p < 0 || (cl->verb != VERB_LOCKS && cl->verb != VERB_UNLOCKS))
			continue;
		bool locks = cl->verb == VERB_LOCKS;
		uint32_t bit = lock_bit(d, fn, effect_arg(p, &e[i], cl->p), locks ? &c.take : &c.give);
		*(locks ? &c.gen : &c.kill) |= bit;
	}
	c.kill &= ~c.gen;
	return c;
}

/* ---- one function ---- */

struct flow_in {
	uint32_t held, gen, kill;
	uint32_t take, give;
	bool reached;
};

static void add_found(struct declared *d, enum declared_kind kind, uint32_t site, uint32_t lock, const char *what)
{
	const struct ir *ir = d->ir;
	uint32_t key = d->lock[lock];
	const char *name = ir_text_of(ir, key < ir->nfields ? ir->fields[key].name : ir->globals[key - ir->nfields].name);
	struct declared_use *last = d->found.n ? &d->found.v[d->found.n - 1] : NULL;
	if (last && last->kind == DECLARED_READ && kind == DECLARED_WRITE && last->what == what &&
		ir->ops[last->site].loc == ir->ops[site].loc)
		*last = (struct declared_use){kind, site, name, what}; /* what++ */
	else
		vec_add(&d->found, ((struct declared_use){kind, site, name, what}));
}

/* Has the function just allocated what the path begins with, or is it its own variable? */
static bool fresh(const struct declared *d, uint32_t fn, const struct path *p)
{
	uint32_t n, def = p->base.kind == REF_LOCAL ? local_facts(d->s, fn)->def[p->base.id] : NONE;
	const struct effect *e = def == NONE ? NULL : effects_at(d->s->e, def, &n);
	for (uint32_t i = 0; e && i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_ALLOCATES)
			return true;
	return false;
}

static void check_access(struct declared *d, uint32_t fn, uint32_t site, uint32_t path, uint32_t held)
{
	const struct ir *ir = d->ir;
	const struct path *p = &ir->paths[path];
	bool away = p->base.kind == REF_GLOBAL;
	uint32_t at = p->base.kind == REF_GLOBAL ? ir->nfields + p->base.id : NONE;

	for (uint32_t i = 0; i <= p->nstep; i++) {
		const struct step *st = i < p->nstep ? &ir->steps[p->step + i] : NULL;
		uint32_t by = at == NONE || !away ? 0 : d->guard[at];
		if (!by && at != NONE && away && st && st->kind == STEP_DEREF)
			by = d->pt_guard[at];
		if (by && !(held >> (by - 1) & 1) && !fresh(d, fn, p)) {
			add_found(d, ir->ops[site].kind == OP_STORE ? DECLARED_WRITE : DECLARED_READ, site, by - 1,
				ir_text_of(ir, at < ir->nfields ? ir->fields[at].name : ir->globals[at - ir->nfields].name));
			return;
		}
		away |= st && st->kind == STEP_DEREF;
		if (st && st->kind == STEP_FIELD)
			at = st->field;
		else if (st && st->kind == STEP_DEREF)
			at = NONE;
	}
}

static void check_op(struct declared *d, uint32_t fn, uint32_t site, const struct flow_in *s, const struct change *c)
{
	const struct op *op = &d->ir->ops[site];
	const struct program *p = d->p;
	if (op->flags & OPF_INIT)
		return;
	if (op->kind == OP_LOAD || op->kind == OP_STORE)
		check_access(d, fn, site, op->kind == OP_LOAD ? op->src.id : op->dst.id, s->held);
	if (op->kind != OP_CALL && op->kind != OP_ICALL)
		return;
	for (uint32_t k = 0; k < d->nlock; k++)
		if (c->gen >> k & 1 && s->held & d->after[k])
			add_found(d, DECLARED_ORDER, site, k, "");
	for (uint32_t x = p->site_edge[site]; x != NONE && x < p->nedge && p->edges[x].site == site; x++) {
		uint32_t missing = p->edges[x].why == EDGE_TYPE ? 0 : d->fns[p->edges[x].callee].needs & ~s->held;
		for (uint32_t k = 0; k < d->nlock; k++)
			if (missing >> k & 1)
				add_found(d, DECLARED_CALL, site, k, fn_name(p, p->edges[x].callee));
	}
}

static void meet(struct flow_in *to, const struct flow_in *from)
{
	if (!to->reached) {
		*to = *from;
		return;
	}
	to->held &= from->held;
	to->gen &= from->gen;
	to->take &= from->take;
	to->kill |= from->kill;
	to->give |= from->give;
}

enum pass { SUM_UP, GO_DOWN, CHECK };

/* Forward over the blocks from what is held at entry, until nothing changes. True if a callee's entry changed. */
static bool look_at(struct declared *d, uint32_t fn, enum pass pass)
{
	const struct program *p = d->p;
	const struct fn *f = &d->ir->fns[fn];
	const struct cfg *g = program_cfg(p, fn);
	struct summary *sum = &d->fns[fn];
	struct flow_in *in = xcalloc(f->nblock + 1, sizeof *in), end = {0};
	uint32_t held = (sum->root || sum->in == ALL_LOCKS ? 0 : sum->in) | sum->needs;
	bool changed = false;

	in[0] = (struct flow_in){.held = pass == SUM_UP ? 0 : held, .reached = true};
	for (int round = 0; round < MAX_ROUNDS; round++) {
		bool last = round + 1 == MAX_ROUNDS, again = false;
		for (uint32_t i = 0; i < g->nrpo; i++) {
			uint32_t b = g->rpo[i];
			const struct block *bl = &d->ir->blocks[f->block + b];
			struct flow_in s = in[b];
			for (uint32_t o = bl->op; o < bl->op + bl->nop && s.reached; o++) {
				struct change c = {0};
				bool call = d->ir->ops[o].kind == OP_CALL || d->ir->ops[o].kind == OP_ICALL;
				if (call)
					c = change_of(d, fn, o);
				s.held = (s.held & ~c.kill) | c.gen;
				s.gen = (s.gen & ~c.kill) | c.gen;
				s.kill = (s.kill & ~c.gen) | c.kill;
				s.take = (s.take & ~c.give) | c.take;
				s.give = (s.give & ~c.take) | c.give;
			}
			for (uint32_t k = 0; k < g->nsucc[b] && s.reached; k++) {
				struct flow_in *to = &in[g->succ[b][k]], was = *to;
				meet(to, &s);
				again |= memcmp(&was, to, sizeof was) != 0;
			}
		}
		if (!again || last)
			break;
	}
	for (uint32_t i = 0; i < g->nrpo; i++) {
		const struct block *bl = &d->ir->blocks[f->block + g->rpo[i]];
		struct flow_in s = in[g->rpo[i]];
		for (uint32_t o = bl->op; o < bl->op + bl->nop && s.reached; o++) {
			bool call = d->ir->ops[o].kind == OP_CALL || d->ir->ops[o].kind == OP_ICALL;
			struct change c = call ? change_of(d, fn, o) : (struct change){0};
			if (pass == CHECK && !sum->unchecked)
				check_op(d, fn, o, &s, &c);
			for (uint32_t x = p->site_edge[o]; pass == GO_DOWN && x != NONE && x < p->nedge && p->edges[x].site == o; x++) {
				uint32_t *to = &d->fns[p->edges[x].callee].in, was = *to;
				*to &= s.held;
				changed |= *to != was;
			}
			s.held = (s.held & ~c.kill) | c.gen;
			s.gen = (s.gen & ~c.kill) | c.gen;
			s.kill = (s.kill & ~c.gen) | c.kill;
			s.take = (s.take & ~c.give) | c.take;
			s.give = (s.give & ~c.take) | c.give;
		}
		if (bl->term == TERM_RET)
			meet(&end, &s);
	}
	if (pass == SUM_UP && end.reached) {
		sum->gen = end.gen;
		sum->kill = end.kill;
		sum->take = end.take;
		sum->give = end.give;
	}
	free(in);
	return changed;
}

void solve_declared(struct solver *s)
{
	const struct program *p = s->p;
	const struct ir *ir = s->ir;
	struct declared d = {.s = s, .p = p, .ir = ir};

	for (uint32_t i = 0; i < ir->nattrs; i++)
		if (ir->attrs[i].kind == ATTR_THREAD_SAFETY)
			d.guard = arena_alloc(s->mem, ir->nfields + ir->nglobals + 1);
	if (!d.guard)
		return; /* nothing is declared */
	d.pt_guard = arena_alloc(s->mem, ir->nfields + ir->nglobals + 1);
	d.fns = xcalloc(ir->nfns + 1, sizeof *d.fns);
	read_attributes(&d);
	for (uint32_t i = 0; i < ir->nfns; i++) {
		d.fns[i].in = ALL_LOCKS;
		d.fns[i].root = p->in[i] == p->in[i + 1];
	}
	for (uint32_t i = 0; i < s->f->nentry; i++)
		d.fns[s->f->entries[i].fn].root = true;
	for (uint32_t i = 0; i < ir->nfns && d.nlock; i++)
		if (fn_defined(p, p->bottom_up[i]))
			look_at(&d, p->bottom_up[i], SUM_UP);
	bool again = d.nlock != 0;
	for (int round = 0; again && round < MAX_ROUNDS; round++) {
		again = false;
		for (uint32_t i = ir->nfns; i-- > 0;)
			if (fn_defined(p, p->bottom_up[i]))
				again |= look_at(&d, p->bottom_up[i], GO_DOWN);
	}
	for (uint32_t i = 0; i < ir->nfns && d.nlock; i++)
		if (fn_defined(p, p->fn_order[i]))
			look_at(&d, p->fn_order[i], CHECK);
	s->f->declared = arena_alloc(s->f->mem, (d.found.n + 1) * sizeof *d.found.v);
	if (d.found.n)
		memcpy(s->f->declared, d.found.v, d.found.n * sizeof *d.found.v);
	s->f->ndeclared = d.found.n;
	vec_free(&d.found);
	free(d.fns);
}
