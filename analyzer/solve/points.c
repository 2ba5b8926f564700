/* points.c - what pointers in memory may point at, in the whole program, whatever the order of execution.
 *
 * Inclusion between nodes: locals, results, and the cells of objects (Andersen, "Program Analysis and Specialization
 * for the C Programming Language"), new spots being pushed alone (difference propagation: Pearce, Kelly, Hankin,
 * "Online Cycle Detection and Difference Propagation for Pointer Analysis"). A cell is an object and a distance in
 * bytes from its start: so fields, nested records, unions and container_of() are one thing. Indices do not count: an
 * array is its first element, and a pointer that was moved by an unknown index says so (spot.any).
 *
 * Small functions are looked at once for each call (struct inst), three calls deep: then xmalloc() gives each caller
 * its own object, list_add() does not mix lists, and a wrapper of pthread_create() starts two threads, not one twice.
 *
 * Functions that are declared by the program, not by a system's header, and defined nowhere, may return a pointer to
 * any object of their type that they could know of: a global, or an object of their own (OBJ_EXTERN).
 *
 * needs: effects, flow, call graph      gives: points
 */
#include "solve/race.h"

#include <stdlib.h>

enum {
	SMALL = 40,	   /* ops of a function that is worth copies */
	SMALL_MAKER = 150, /* the same if it allocates or creates threads */
	MAX_COPIES = 100,  /* of one function */
	MAX_DEPTH = 3,
	MAX_FIELDS = 64,   /* pointers copied with a record */
	MAX_PUSH = 12000000,
};
enum con_kind { CON_COPY, CON_LOAD, CON_STORE };
struct pnode {
	uint32_t *v, *hash; /* spots in order of arrival; the same as a table once there are many */
	uint32_t n, cap, ncap, done;
	uint32_t con;
	uint32_t type;	 /* RECORD: that type */
	uint32_t record; /* what it points at if its type tells: a record, or one of these */
	bool queued;
};
/* SCALAR: plus its bytes; HANDLE: the id of a thread at most; BYTES: nothing that is looked for */
enum { ANYTHING = NONE, NOTHING = NONE - 1, HANDLE = NONE - 2, BYTES = NONE - 3, SCALAR = NONE - 64 };
struct pcon {
	uint8_t kind;
	bool any;
	int32_t off;
	uint32_t other, next;
};
/* What a path names: a place in an object, or behind a pointer. */
struct pplace {
	uint32_t obj;  /* NONE: behind node */
	uint32_t node; /* NONE as well: not known */
	int32_t off;
	bool any;
};

/* ---- types ---- */

uint32_t type_size(const struct ir *ir, uint32_t t)
{
	uint64_t n = 1;
	for (; t != NONE && ir->types[t].kind == TYPE_ARRAY; t = ir->types[t].to)
		n *= ir->types[t].size;
	if (t == NONE)
		return 0;
	n *= ir->types[t].kind == TYPE_RECORD ? ir->records[ir->types[t].to].size : ir->types[t].size;
	return n > INT32_MAX ? 0 : (uint32_t)n;
}

bool type_holds_pointer(const struct ir *ir, uint32_t t)
{
	if (t == NONE)
		return true;
	const struct type *ty = &ir->types[t];
	return ty->kind == TYPE_PTR || ty->kind == TYPE_OTHER || (ty->kind == TYPE_INT && ty->size >= 8);
}

static bool is_record(const struct ir *ir, uint32_t t)
{
	return t != NONE && ir->types[t].kind == TYPE_RECORD;
}

static bool is_object(const struct ir *ir, const struct local *l)
{
	return l->flags & LOCAL_ADDR || is_record(ir, l->type) || (l->type != NONE && ir->types[l->type].kind == TYPE_ARRAY);
}

static uint32_t local_type(const struct ir *ir, uint32_t fn, struct ref r)
{
	return r.kind == REF_LOCAL ? ir->locals[ir->fns[fn].local + r.id].type : NONE;
}

/* Distances of the pointers in a record, arrays as their first element. */
static uint32_t pointer_fields(const struct ir *ir, uint32_t type, int32_t at, int32_t *offs, uint32_t n, int depth)
{
	while (type != NONE && ir->types[type].kind == TYPE_ARRAY)
		type = ir->types[type].to;
	if (!is_record(ir, type)) {
		if (n < MAX_FIELDS && type != NONE && type_holds_pointer(ir, type))
			offs[n++] = at;
		return n;
	}
	const struct record *r = &ir->records[ir->types[type].to];
	for (uint32_t i = 0; i < r->nfield && depth < 8; i++)
		n = pointer_fields(ir, ir->fields[r->field + i].type, at + (int32_t)(ir->fields[r->field + i].bit / 8), offs, n, depth + 1);
	return n;
}

/* ---- nodes, objects, spots ---- */


/* What a pointer of this type points at: see pnode.record. */
static uint32_t points_at(const struct ir *ir, uint32_t type)
{
	if (type != NONE && ir->types[type].kind == TYPE_INT && !strstr(ir_text_of(ir, ir->types[type].name), "ptr"))
		return HANDLE;
	if (type == NONE || ir->types[type].kind != TYPE_PTR || ir->types[type].to == NONE)
		return ANYTHING;
	const struct type *to = &ir->types[ir->types[type].to];
	while (to->kind == TYPE_ARRAY && to->to != NONE)
		to = &ir->types[to->to];
	if (to->kind == TYPE_FN)
		return NOTHING;
	if (to->kind == TYPE_INT && to->size == 1)
		return BYTES;
	if (to->kind == TYPE_RECORD)
		return ir->records[to->to].size ? to->to : ANYTHING;
	return (to->kind == TYPE_INT || to->kind == TYPE_PTR) && to->size > 1 && to->size <= 16 ? SCALAR + to->size : ANYTHING;
}

static uint32_t new_node(struct points *pt, uint32_t type)
{
	struct pnode n = {.con = NONE, .record = points_at(pt->ir, type), .type = NONE};
	if (n.record < SCALAR || n.record == BYTES)
		n.type = pt->ir->types[type].to;
	vec_add(&pt->nodes, n);
	return pt->nodes.n - 1;
}

enum looked { LOOK_NO, LOOK_YES, LOOK_OPEN };
/* Does the type have such a record, or bytes that may hold one, so far from its start? */
static enum looked looks_like(const struct ir *ir, uint32_t type, int32_t off, uint32_t record, int depth)
{
	for (; type != NONE && ir->types[type].kind == TYPE_ARRAY; type = ir->types[type].to) {
		uint32_t elem = type_size(ir, ir->types[type].to);
		if (elem)
			off %= (int32_t)elem;
	}
	if (type != NONE && record >= SCALAR && ir->types[type].size == record - SCALAR)
		return off ? LOOK_NO : LOOK_YES;
	if (!is_record(ir, type))
		return type == NONE || escape_bytes(ir, type) ? LOOK_OPEN : LOOK_NO;
	uint32_t id = ir->types[type].to;
	const struct record *r = &ir->records[id];
	if (id == record && !off)
		return LOOK_YES;
	if (!r->size || depth > 8)
		return LOOK_OPEN;
	enum looked best = LOOK_NO;
	for (uint32_t i = 0; i < r->nfield && best != LOOK_YES; i++) {
		const struct field *f = &ir->fields[r->field + i];
		int32_t at = (int32_t)(f->bit / 8), size = (int32_t)type_size(ir, f->type);
		bool last = i + 1 == r->nfield; /* it may have been allocated longer */
		if (off < at || (off >= at + size && !last))
			continue;
		enum looked l = off >= at + size ? LOOK_OPEN : looks_like(ir, f->type, off - at, record, depth + 1);
		if (l != LOOK_NO)
			best = l;
	}
	return best;
}

/* Is the object so far from its start of the type that the node says it points at? C lets pointers lie about types, but
 * programs do so with objects that are allocated, or with the first member of a record. */
static bool fits(struct points *pt, const struct pnode *n, const struct spot *s)
{
	struct obj *o = &pt->objs.v[s->obj];
	if (n->record == ANYTHING)
		return true;
	if (n->record == NOTHING || n->record == HANDLE)
		return n->record == HANDLE && o->kind == OBJ_THREAD;
	if (o->kind == OBJ_HEAP && o->type == NONE && !s->off && n->type != NONE)
		o->type = n->type; /* the first that says what it is is who asked for it */
	if (n->record == BYTES)
		return false;
	if (o->kind == OBJ_THREAD || o->type == NONE)
		return true;
	uint32_t *slot = map_slot(&pt->fit, hash_mix((uint64_t)o->type << 32 | (uint32_t)s->off, n->record), LOOK_OPEN + 1);
	if (*slot > LOOK_OPEN) {
		*slot = looks_like(pt->ir, o->type, s->off, n->record, 0);
		/* seen as what it is the beginning of */
		if (*slot == LOOK_NO && !s->off && n->record < SCALAR && is_record(pt->ir, o->type)) {
			const struct record *r = &pt->ir->records[n->record];
			if (r->nfield && !pt->ir->fields[r->field].bit &&
				looks_like(pt->ir, pt->ir->fields[r->field].type, 0, pt->ir->types[o->type].to, 0) == LOOK_YES)
				*slot = LOOK_YES;
		}
	}
	return *slot != LOOK_NO;
}

static uint64_t obj_key(enum obj_kind kind, uint32_t id, uint32_t inst)
{
	return hash_mix(kind | (uint64_t)id << 8, inst);
}

uint32_t points_obj(const struct points *pt, enum obj_kind kind, uint32_t id, uint32_t inst)
{
	return map_get(&pt->obj_of, obj_key(kind, id, inst));
}

uint32_t points_add_obj(struct points *pt, struct obj o)
{
	uint32_t *slot = map_slot(&pt->obj_of, obj_key(o.kind, o.id, o.inst), pt->objs.n);
	if (*slot == pt->objs.n) {
		o.cells = NONE;
		vec_add(&pt->objs, o);
	}
	return *slot;
}

uint32_t points_named(struct points *pt, const char *name)
{
	return points_add_obj(pt,
		(struct obj){.kind = OBJ_NAMED, .id = ir_str(pt->p->ir, name), .inst = NONE, .once = true, .type = NONE, .size = 1});
}

uint32_t points_global_obj(struct points *pt, uint32_t g)
{
	uint32_t type = pt->ir->globals[g].type;
	return points_add_obj(pt, (struct obj){.kind = OBJ_GLOBAL,
					  .id = g,
					  .inst = NONE,
					  .once = true,
					  .type = type,
					  .size = type_size(pt->ir, type)});
}

static bool inst_once(const struct points *pt, uint32_t inst);

uint32_t points_local_obj(struct points *pt, uint32_t inst, uint32_t local)
{
	uint32_t id = pt->ir->fns[pt->insts.v[inst].fn].local + local, type = pt->ir->locals[id].type;
	return points_add_obj(pt,
		(struct obj){.kind = OBJ_LOCAL,
			.id = id,
			.inst = inst,
			.once = inst_once(pt, inst),
			.type = type,
			.size = type_size(pt->ir, type)});
}

static uint32_t spot_id(struct points *pt, struct spot s)
{
	uint32_t *slot = map_slot(&pt->spot_of, hash_mix(s.obj, (uint64_t)(uint32_t)s.off << 1 | s.any), pt->spots.n);
	if (*slot == pt->spots.n)
		vec_add(&pt->spots, s);
	return *slot;
}

/* The type of what is there, or NONE. */
static uint32_t cell_type(const struct points *pt, uint32_t obj, int32_t off)
{
	const struct ir *ir = pt->ir;
	uint32_t type = pt->objs.v[obj].type;
	for (int depth = 0; depth < 8; depth++) {
		for (; type != NONE && ir->types[type].kind == TYPE_ARRAY; type = ir->types[type].to) {
			uint32_t elem = type_size(ir, ir->types[type].to);
			off = elem ? off % (int32_t)elem : off;
		}
		if (!is_record(ir, type))
			return off ? NONE : type;
		const struct record *r = &ir->records[ir->types[type].to];
		if (r->flags & RECORD_UNION)
			return NONE;
		type = NONE;
		for (uint32_t i = 0; i < r->nfield && type == NONE; i++) {
			const struct field *f = &ir->fields[r->field + i];
			int32_t at = (int32_t)(f->bit / 8);
			if (off >= at && (off == at || off < at + (int32_t)type_size(ir, f->type))) {
				type = f->type;
				off -= at;
			}
		}
		if (type == NONE)
			return NONE;
	}
	return NONE;
}

static uint32_t cell(struct points *pt, uint32_t obj, int32_t off)
{
	uint32_t first = pt->objs.v[obj].cells;
	for (uint32_t c = first; c != NONE; c = pt->cells.v[c].next)
		if (pt->cells.v[c].off == off)
			return pt->cells.v[c].node;
	uint32_t node = new_node(pt, cell_type(pt, obj, off));
	pt->objs.v[obj].cells = pt->cells.n;
	vec_add(&pt->cells, ((struct cell){node, first, off}));
	return node;
}

static bool inside(const struct points *pt, uint32_t obj, int32_t off)
{
	uint32_t size = pt->objs.v[obj].size;
	return off >= 0 && (!size || (uint32_t)off < size || off == 0);
}

static bool has(const struct pnode *n, uint32_t spot)
{
	if (!n->hash) {
		for (uint32_t i = 0; i < n->n; i++)
			if (n->v[i] == spot)
				return true;
		return false;
	}
	uint32_t i = spot * 2654435761u & (n->ncap - 1);
	for (; n->hash[i]; i = (i + 1) & (n->ncap - 1))
		if (n->hash[i] == spot + 1)
			return true;
	return false;
}

static void hash_in(struct pnode *n, uint32_t spot)
{
	uint32_t i = spot * 2654435761u & (n->ncap - 1);
	while (n->hash[i])
		i = (i + 1) & (n->ncap - 1);
	n->hash[i] = spot + 1;
}

static void add_spot(struct points *pt, uint32_t node, uint32_t spot)
{
	struct pnode *n = &pt->nodes.v[node];
	if (n->n >= POINTS_MANY || has(n, spot) || !fits(pt, n, &pt->spots.v[spot]))
		return;
	if (n->n == n->cap)
		n->v = vec_grow(n->v, &n->cap, sizeof *n->v);
	n->v[n->n++] = spot;
	if (n->hash ? n->n * 2 > n->ncap : n->n > 16) {
		free(n->hash);
		n->ncap = n->ncap ? n->ncap * 2 : 64;
		n->hash = xcalloc(n->ncap, sizeof *n->hash);
		for (uint32_t i = 0; i < n->n; i++)
			hash_in(n, n->v[i]);
	} else if (n->hash) {
		hash_in(n, spot);
	}
	if (!n->queued) {
		n->queued = true;
		vec_add(&pt->todo, node);
	}
}

static void add_moved(struct points *pt, uint32_t node, uint32_t spot, int32_t off, bool any)
{
	struct spot s = pt->spots.v[spot];
	if (pt->objs.v[s.obj].kind == OBJ_THREAD) {
		add_spot(pt, node, spot);
		return;
	}
	s.off += off;
	s.any |= any;
	if (inside(pt, s.obj, s.off))
		add_spot(pt, node, spot_id(pt, s));
}

/* ---- constraints ---- */

static void copy(struct points *pt, uint32_t from, uint32_t to, int32_t off, bool any)
{
	if (from == NONE || to == NONE || (from == to && !off))
		return;
	uint64_t key = hash_mix((uint64_t)from << 32 | to, (uint64_t)(uint32_t)off << 1 | any);
	uint32_t *slot = map_slot(&pt->edge_of, key, 0);
	if (*slot)
		return;
	*slot = 1;
	vec_add(&pt->cons, ((struct pcon){CON_COPY, any, off, to, pt->nodes.v[from].con}));
	pt->nodes.v[from].con = pt->cons.n - 1;
	for (uint32_t i = 0; i < pt->nodes.v[from].done; i++)
		add_moved(pt, to, pt->nodes.v[from].v[i], off, any);
}

static void behind(struct points *pt, uint32_t ptr, enum con_kind kind, int32_t off, uint32_t other)
{
	if (ptr == NONE || other == NONE)
		return;
	vec_add(&pt->cons, ((struct pcon){(uint8_t)kind, false, off, other, pt->nodes.v[ptr].con}));
	pt->nodes.v[ptr].con = pt->cons.n - 1;
}

static uint32_t local_node(struct points *pt, uint32_t inst, uint32_t local)
{
	const struct inst *in = &pt->insts.v[inst];
	const struct local *l = &pt->ir->locals[pt->ir->fns[in->fn].local + local];
	if (is_object(pt->ir, l))
		return cell(pt, points_local_obj(pt, inst, local), 0);
	return type_holds_pointer(pt->ir, l->type) ? in->node + local : NONE;
}

static uint32_t result_node(const struct points *pt, uint32_t inst)
{
	return pt->insts.v[inst].node + pt->ir->fns[pt->insts.v[inst].fn].nlocal;
}

/* type: of what is read, or NONE */
static uint32_t read_place(struct points *pt, const struct pplace *pl, int32_t more, uint32_t type)
{
	if (pl->obj != NONE)
		return inside(pt, pl->obj, pl->off + more) ? cell(pt, pl->obj, pl->off + more) : NONE;
	if (pl->node == NONE)
		return NONE;
	uint32_t t = new_node(pt, type);
	behind(pt, pl->node, CON_LOAD, pl->off + more, t);
	return t;
}

static struct pplace place_of(struct points *pt, uint32_t inst, uint32_t path)
{
	const struct ir *ir = pt->ir;
	const struct path *p = &ir->paths[path];
	struct pplace pl = {.obj = NONE, .node = NONE};
	uint32_t i = 0, type = NONE; /* of what is there, where a field tells */

	if (p->base.kind == REF_GLOBAL) {
		pl.obj = points_global_obj(pt, p->base.id);
	} else if (p->base.kind == REF_LOCAL) {
		if (p->nstep && ir->steps[p->step].kind == STEP_DEREF) {
			pl.node = local_node(pt, inst, p->base.id);
			i = 1;
		} else {
			pl.obj = points_local_obj(pt, inst, p->base.id);
		}
	}
	for (; i < p->nstep; i++) {
		const struct step *st = &ir->steps[p->step + i];
		if (st->kind == STEP_FIELD)
			type = ir->fields[st->field].type;
		else if (st->kind == STEP_INDEX && type != NONE)
			type = ir->types[type].kind == TYPE_ARRAY || ir->types[type].kind == TYPE_PTR ? ir->types[type].to : NONE;
		if (st->kind == STEP_FIELD)
			pl.off += (int32_t)(ir->fields[st->field].bit / 8);
		else if (st->kind == STEP_INDEX)
			pl.any |= st->index.kind != REF_CONST || ir->consts[st->index.id] != 0;
		else {
			pl = (struct pplace){.obj = NONE, .node = read_place(pt, &pl, 0, type)};
			type = NONE;
		}
	}
	return pl;
}

static void write_place(struct points *pt, const struct pplace *pl, int32_t more, uint32_t from)
{
	if (from == NONE)
		return;
	if (pl->obj != NONE) {
		if (inside(pt, pl->obj, pl->off + more))
			copy(pt, from, cell(pt, pl->obj, pl->off + more), 0, false);
	} else {
		behind(pt, pl->node, CON_STORE, pl->off + more, from);
	}
}

static void copy_record(struct points *pt, const struct pplace *from, const struct pplace *to, uint32_t type)
{
	int32_t offs[MAX_FIELDS];
	uint32_t n = pointer_fields(pt->ir, type, 0, offs, 0, 0);
	for (uint32_t i = 0; i < n; i++)
		write_place(pt, to, offs[i], read_place(pt, from, offs[i], NONE));
}

static bool is_bytes(const struct ir *ir, uint32_t type)
{
	while (type != NONE && ir->types[type].kind == TYPE_ARRAY)
		type = ir->types[type].to;
	return type != NONE && escape_bytes(ir, type);
}

static void add_value(struct points *pt, uint32_t node, uint32_t obj, int32_t off, bool any)
{
	pt->objs.v[obj].taken = true;
	if (is_bytes(pt->ir, pt->objs.v[obj].type))
		return; /* nothing is looked for in them */
	if (node != NONE)
		add_spot(pt, node, spot_id(pt, (struct spot){obj, off, any}));
}

/* A value to a local: a record is copied field by field. */
static void pass(struct points *pt, uint32_t inst, struct ref from, uint32_t to_inst, uint32_t to)
{
	if (from.kind != REF_LOCAL)
		return;
	uint32_t type = local_type(pt->ir, pt->insts.v[to_inst].fn, REF(LOCAL, to));
	if (is_record(pt->ir, type)) {
		struct pplace a = {.obj = points_local_obj(pt, inst, from.id)}, b = {.obj = points_local_obj(pt, to_inst, to)};
		copy_record(pt, &a, &b, type);
	} else {
		copy(pt, local_node(pt, inst, from.id), local_node(pt, to_inst, to), 0, false);
	}
}

struct offset points_offset(const struct solver *s, uint32_t fn, const struct op *op)
{
	const struct ir *ir = s->ir;
	struct ref a = op->src, b = ref_of(op->arg);
	struct offset o = {.base = a};
	int64_t sign = op->flags == BIN_SUB ? -1 : 1;

	if (a.kind != REF_LOCAL && op->flags == BIN_ADD) { /* 4 + p */
		o.base = b;
		b = a;
	} else if (op->flags == BIN_ADD && b.kind == REF_LOCAL && local_type(ir, fn, b) != NONE &&
		   ir->types[local_type(ir, fn, b)].kind == TYPE_PTR && local_type(ir, fn, a) != NONE &&
		   ir->types[local_type(ir, fn, a)].kind != TYPE_PTR) { /* i + p */
		o.base = b;
		b = a;
	}
	uint32_t to = local_type(ir, fn, op->dst), from = local_type(ir, fn, o.base);
	o.bytes = true;
	if (from != NONE && ir->types[from].kind == TYPE_PTR) {
		uint32_t elem = type_size(ir, ir->types[from].to);
		o.bytes = elem <= 1 || (to != NONE && (ir->types[to].kind != TYPE_PTR || type_size(ir, ir->types[to].to) != elem));
	}
	if (b.kind == REF_CONST) {
		o.known = true;
		o.n = sign * ir->consts[b.id];
		return o;
	}
	/* p - &((struct s *)0)->f */
	if (b.kind == REF_LOCAL) {
		const struct local_facts *l = local_facts(s, fn);
		uint32_t d = l->def[b.id];
		for (int hops = 0; hops < 4 && d != NONE && l->next_def[d - ir->fns[fn].op] == NONE && ir->ops[d].kind == OP_COPY &&
				   ir->ops[d].src.kind == REF_LOCAL;
			hops++)
			d = l->def[ir->ops[d].src.id];
		if (d == NONE || l->next_def[d - ir->fns[fn].op] != NONE || ir->ops[d].kind != OP_ADDR)
			return o;
		const struct path *p = &ir->paths[ir->ops[d].src.id];
		if (p->base.kind != REF_CONST)
			return o;
		int64_t n = ir->consts[p->base.id];
		for (uint32_t i = 0; i < p->nstep; i++) {
			const struct step *st = &ir->steps[p->step + i];
			if (st->kind == STEP_INDEX)
				return o;
			if (st->kind == STEP_FIELD)
				n += ir->fields[st->field].bit / 8;
		}
		o.known = o.bytes = true;
		o.n = sign * n;
	}
	return o;
}

/* ---- copies of functions ---- */

static bool in_cycle(const struct program *p, uint32_t site)
{
	uint32_t fn = p->op_fn[site], b = p->op_block[site];
	return cfg_reaches(program_cfg(p, fn), p->ir, fn, b, b);
}

static bool inst_once(const struct points *pt, uint32_t inst)
{
	const struct inst *in = &pt->insts.v[inst];
	return in->caller == NONE ? pt->once[in->fn] : inst_once(pt, in->caller) && !in_cycle(pt->p, in->site);
}

uint32_t points_callee(const struct points *pt, uint32_t inst, uint32_t site, uint32_t fn)
{
	uint32_t copy = map_get(&pt->inst_of, hash_mix((uint64_t)inst << 32 | site, fn));
	return copy == NONE ? fn : copy;
}

static uint32_t add_inst(struct points *pt, uint32_t fn, uint32_t caller, uint32_t site, uint32_t depth)
{
	const struct fn *f = &pt->ir->fns[fn];
	uint32_t node = pt->nodes.n;
	for (uint32_t i = 0; i < f->nlocal; i++) {
		const struct local *l = &pt->ir->locals[f->local + i];
		uint32_t n = new_node(pt, l->type);
		if (l->flags & LOCAL_TEMP && pt->nodes.v[n].record == BYTES)
			pt->nodes.v[n].record = ANYTHING; /* a cast on the way to something else */
	}
	new_node(pt, f->type == NONE ? NONE : pt->ir->types[f->type].to);
	vec_add(&pt->insts, ((struct inst){fn, caller, site, node, (uint8_t)depth}));
	return pt->insts.n - 1;
}

static uint32_t callee(struct points *pt, uint32_t inst, uint32_t site, uint32_t fn)
{
	uint32_t depth = pt->insts.v[inst].depth;
	if (!pt->small[fn] || depth >= MAX_DEPTH || pt->ncopy[fn] >= MAX_COPIES || pt->insts.n > 8 * pt->ir->nfns + 2000)
		return fn;
	uint32_t *slot = map_slot(&pt->inst_of, hash_mix((uint64_t)inst << 32 | site, fn), NONE - 1);
	if (*slot == NONE - 1) {
		pt->ncopy[fn]++;
		*slot = add_inst(pt, fn, inst, site, depth + 1);
	}
	return *slot;
}

/* ---- ops ---- */

static uint32_t value_node(struct points *pt, uint32_t inst, struct ref r)
{
	return r.kind == REF_LOCAL ? local_node(pt, inst, r.id) : NONE;
}

static void allocate(struct points *pt, uint32_t inst, uint32_t site, uint32_t node, uint32_t type)
{
	while (type != NONE && pt->ir->types[type].kind == TYPE_PTR && pt->ir->types[type].to != NONE &&
		pt->ir->types[pt->ir->types[type].to].kind == TYPE_PTR)
		type = pt->ir->types[type].to;
	uint32_t to = type != NONE && pt->ir->types[type].kind == TYPE_PTR ? pt->ir->types[type].to : NONE;
	uint32_t obj = points_add_obj(pt, (struct obj){.kind = OBJ_HEAP,
						  .id = site,
						  .inst = inst,
						  .once = inst_once(pt, inst) && !in_cycle(pt->p, site),
						  .type = is_record(pt->ir, to) ? to : NONE});
	add_value(pt, node, obj, 0, false);
}

/* What the model says of memory. True if it says what the result is. */
static bool modelled(struct points *pt, uint32_t inst, const struct effect *e)
{
	const struct op *op = &pt->ir->ops[e->site];
	uint32_t fn = pt->insts.v[inst].fn;
	uint32_t dst = value_node(pt, inst, op->dst);

	if (e->callback) {
		struct ref f = effect_arg(pt->p, e, e->callback->param);
		const uint32_t *fns;
		uint32_t one = f.id, n = 1;
		if (f.kind == REF_FN)
			fns = &one;
		else if (f.kind == REF_LOCAL)
			n = flow_fns(pt->p, flow_local(pt->p, fn, f.id), &fns);
		else
			return false;
		for (uint32_t k = 0; k < n; k++) {
			const struct fn *to = &pt->ir->fns[fns[k]];
			uint32_t param = (uint32_t)e->callback->given_to;
			if (!to->nblock)
				continue;
			if (e->callback->given != PARAM_NONE && param < to->nparam)
				pass(pt, inst, effect_arg(pt->p, e, e->callback->given), fns[k], param);
			for (uint32_t i = 0; i < e->callback->nalso; i++)
				if ((uint32_t)e->callback->also[i].to < to->nparam)
					pass(pt, inst, effect_arg(pt->p, e, e->callback->also[i].param), fns[k],
						(uint32_t)e->callback->also[i].to);
		}
		return false;
	}
	const struct clause *c = e->clause;
	switch (c->verb) {
	case VERB_ALLOCATES:
		if (c->q == PARAM_NONE) {
			allocate(pt, inst, e->site, dst, local_type(pt->ir, fn, op->dst));
			return true;
		} else {
			struct ref at = effect_arg(pt->p, e, c->q);
			uint32_t t = new_node(pt, NONE), type = local_type(pt->ir, fn, at);
			allocate(pt, inst, e->site, t, type != NONE ? pt->ir->types[type].to : NONE);
			behind(pt, value_node(pt, inst, at), CON_STORE, 0, t);
		}
		return false;
	case VERB_RETURNS:
		copy(pt, value_node(pt, inst, effect_arg(pt->p, e, c->p)), dst, 0, false);
		return true;
	case VERB_CREATES: {
		uint32_t obj = points_add_obj(pt,
			(struct obj){.kind = OBJ_THREAD, .id = e->site, .inst = inst, .type = NONE, .once = inst_once(pt, inst)});
		if (c->p == PARAM_RESULT) {
			add_value(pt, dst, obj, 0, false);
			return true;
		}
		uint32_t t = new_node(pt, NONE);
		add_value(pt, t, obj, 0, false);
		behind(pt, value_node(pt, inst, effect_arg(pt->p, e, c->p)), CON_STORE, 0, t);
		return false;
	}
	case VERB_COPIES: {
		struct ref a = effect_arg(pt->p, e, c->p), b = effect_arg(pt->p, e, c->q);
		uint32_t ta = local_type(pt->ir, fn, a), tb = local_type(pt->ir, fn, b);
		struct pplace from = {.obj = NONE, .node = value_node(pt, inst, a)}, to = {.obj = NONE, .node = value_node(pt, inst, b)};
		if (ta != NONE && pt->ir->types[ta].kind == TYPE_PTR && is_record(pt->ir, pt->ir->types[ta].to))
			copy_record(pt, &from, &to, pt->ir->types[ta].to);
		else if (tb != NONE && pt->ir->types[tb].kind == TYPE_PTR && is_record(pt->ir, pt->ir->types[tb].to))
			copy_record(pt, &from, &to, pt->ir->types[tb].to);
		return false;
	}
	default:
		return false;
	}
}

static void call(struct points *pt, uint32_t inst, uint32_t site)
{
	const struct program *p = pt->p;
	const struct op *op = &pt->ir->ops[site];
	uint32_t ne;
	const struct effect *e = effects_at(pt->e, site, &ne);

	for (uint32_t i = 0; i < ne; i++)
		modelled(pt, inst, &e[i]);
	for (uint32_t x = p->site_edge[site]; x != NONE && x < p->nedge && p->edges[x].site == site; x++) {
		uint32_t fn = p->edges[x].callee;
		const struct fn *to = &pt->ir->fns[fn];
		if (!to->nblock) {
			if (op->dst.kind == REF_LOCAL)
				copy(pt, result_node(pt, fn), value_node(pt, inst, op->dst), 0, false);
			continue;
		}
		uint32_t ci = callee(pt, inst, site, fn);
		for (uint32_t a = 0; a < op->narg && a < to->nparam; a++)
			pass(pt, inst, pt->ir->args[op->arg + a], ci, a);
		if (op->dst.kind != REF_LOCAL)
			continue;
		uint32_t type = local_type(pt->ir, pt->insts.v[inst].fn, op->dst);
		if (is_record(pt->ir, type)) {
			struct pplace to_pl = {.obj = points_local_obj(pt, inst, op->dst.id)};
			/* the record returned: an object of its own behind the result's node */
			struct pplace from = {.obj = NONE, .node = result_node(pt, ci)};
			copy_record(pt, &from, &to_pl, type);
		} else {
			copy(pt, result_node(pt, ci), local_node(pt, inst, op->dst.id), 0, false);
		}
	}
}

static void constrain(struct points *pt, uint32_t inst, uint32_t at)
{
	const struct ir *ir = pt->ir;
	const struct op *op = &ir->ops[at];
	uint32_t fn = pt->insts.v[inst].fn, dst = NONE, type = local_type(ir, fn, op->dst);
	bool record = is_record(ir, type);

	if (op->dst.kind == REF_LOCAL && !record)
		dst = local_node(pt, inst, op->dst.id);
	switch (op->kind) {
	case OP_COPY:
		if (op->src.kind == REF_LOCAL && op->dst.kind == REF_LOCAL)
			pass(pt, inst, op->src, inst, op->dst.id);
		break;
	case OP_LOAD:
		if (record) {
			struct pplace from = place_of(pt, inst, op->src.id), to = {.obj = points_local_obj(pt, inst, op->dst.id)};
			copy_record(pt, &from, &to, type);
		} else if (dst != NONE) {
			struct pplace from = place_of(pt, inst, op->src.id);
			if (from.obj != NONE)
				copy(pt, read_place(pt, &from, 0, NONE), dst, 0, false);
			else
				behind(pt, from.node, CON_LOAD, from.off, dst);
		}
		break;
	case OP_STORE: {
		uint32_t what = local_type(ir, fn, op->src);
		if (op->src.kind != REF_LOCAL)
			break;
		if (is_record(ir, what)) {
			struct pplace from = {.obj = points_local_obj(pt, inst, op->src.id)}, to = place_of(pt, inst, op->dst.id);
			copy_record(pt, &from, &to, what);
		} else if (local_node(pt, inst, op->src.id) != NONE) {
			struct pplace to = place_of(pt, inst, op->dst.id);
			write_place(pt, &to, 0, local_node(pt, inst, op->src.id));
		}
		break;
	}
	case OP_ADDR: {
		struct pplace pl = place_of(pt, inst, op->src.id);
		if (pl.obj != NONE && inside(pt, pl.obj, pl.off))
			add_value(pt, dst, pl.obj, pl.off, pl.any);
		else if (pl.obj == NONE)
			copy(pt, pl.node, dst, pl.off, pl.any);
		break;
	}
	case OP_BIN: {
		if (dst == NONE || op->flags > BIN_XOR || op->flags == BIN_MUL || op->flags == BIN_DIV || op->flags == BIN_MOD)
			break;
		struct offset o = points_offset(pt->s, fn, op);
		uint32_t base = value_node(pt, inst, o.base);
		if (op->flags > BIN_SUB) /* a pointer with bits in it */
			copy(pt, base, dst, 0, false);
		else if (o.known && o.bytes)
			copy(pt, base, dst, (int32_t)o.n, false);
		else
			copy(pt, base, dst, 0, !o.known || o.n);
		break;
	}
	case OP_RET:
		if (op->src.kind == REF_LOCAL) {
			uint32_t what = local_type(ir, fn, op->src);
			if (is_record(ir, what)) /* see call() */
				add_value(pt, result_node(pt, inst), points_local_obj(pt, inst, op->src.id), 0, false);
			else
				copy(pt, local_node(pt, inst, op->src.id), result_node(pt, inst), 0, false);
		}
		break;
	case OP_CALL:
	case OP_ICALL:
		call(pt, inst, at);
		break;
	default:
		break;
	}
}

/* ---- what the program does not show ---- */

bool points_own_file(const struct ir *ir, uint32_t loc)
{
	return loc != NONE && ir->locs[loc].file != NONE && !(ir->files[ir->locs[loc].file].flags & FILE_SYSTEM);
}

static uint32_t pointee_record(const struct ir *ir, uint32_t type)
{
	if (type == NONE || ir->types[type].kind != TYPE_PTR || !is_record(ir, ir->types[type].to))
		return NONE;
	uint32_t r = ir->types[ir->types[type].to].to;
	return ir->records[r].nfield ? ir->types[type].to : NONE;
}

/* Adds to node every place in the object where a record of that type lies. */
static void places_of_type(struct points *pt, uint32_t node, uint32_t obj, uint32_t type, uint32_t record, int32_t at, bool any, int depth)
{
	const struct ir *ir = pt->ir;
	for (; type != NONE && ir->types[type].kind == TYPE_ARRAY; type = ir->types[type].to)
		any = true;
	if (!is_record(ir, type) || depth > 6)
		return;
	if (ir->types[type].to == record) {
		add_value(pt, node, obj, at, any);
		return;
	}
	const struct record *r = &ir->records[ir->types[type].to];
	for (uint32_t i = 0; i < r->nfield; i++)
		places_of_type(pt, node, obj, ir->fields[r->field + i].type, record, at + (int32_t)(ir->fields[r->field + i].bit / 8), any,
			depth + 1);
}

static void unseen(struct points *pt)
{
	const struct ir *ir = pt->ir;
	struct wanted {
		uint32_t node, type;
	};
	VEC(struct wanted) want = {0};

	for (uint32_t f = 0; f < ir->nfns; f++) {
		const struct fn *fn = &ir->fns[f];
		if (fn->nblock || pt->e->of_fn[f] || !points_own_file(ir, fn->loc) || fn->type == NONE || pt->p->in[f] == pt->p->in[f + 1])
			continue;
		uint32_t type = pointee_record(ir, ir->types[fn->type].to);
		if (type != NONE)
			vec_add(&want, ((struct wanted){result_node(pt, f), type}));
	}
	for (uint32_t g = 0; g < ir->nglobals; g++) {
		uint32_t type = pointee_record(ir, ir->globals[g].type);
		if (type != NONE && !(ir->globals[g].flags & GLOBAL_DEFINED) && points_own_file(ir, ir->globals[g].loc))
			vec_add(&want, ((struct wanted){cell(pt, points_global_obj(pt, g), 0), type}));
	}
	for (uint32_t i = 0; i < want.n; i++)
		points_add_obj(pt, (struct obj){.kind = OBJ_EXTERN,
					   .id = ir->types[want.v[i].type].to,
					   .inst = NONE,
					   .type = want.v[i].type,
					   .size = type_size(ir, want.v[i].type)});
	for (uint32_t i = 0; i < want.n && want.n < 200; i++) {
		uint32_t record = ir->types[want.v[i].type].to, nobj = pt->objs.n;
		for (uint32_t o = 0; o < nobj; o++)
			if (pt->objs.v[o].kind == OBJ_EXTERN)
				places_of_type(pt, want.v[i].node, o, pt->objs.v[o].type, record, 0, false, 0);
		for (uint32_t g = 0; g < ir->nglobals; g++)
			if (!(ir->globals[g].flags & (GLOBAL_STATIC | GLOBAL_LOCAL | GLOBAL_CONST | GLOBAL_TLS)) && points_own_file(ir, ir->globals[g].loc))
				places_of_type(pt, want.v[i].node, points_global_obj(pt, g), ir->globals[g].type, record, 0, false, 0);
	}
	vec_free(&want);
}

/* ---- the whole ---- */

/* Functions that run at most once: main, and those called from one place in such a one, not in a loop. */
static void find_once(struct points *pt)
{
	const struct program *p = pt->p;
	const struct ir *ir = pt->ir;
	uint8_t *entry = xcalloc(ir->nfns + 1, 1);

	pt->once = arena_alloc(pt->mem, ir->nfns + 1);
	for (uint32_t i = 0; i < pt->s->f->nentry; i++)
		if (pt->s->f->entries[i].head == NONE && pt->s->f->entries[i].ctx != CTX_STARTUP)
			entry[pt->s->f->entries[i].fn] = 1;
	for (uint32_t i = ir->nfns; i-- > 0;) {
		uint32_t f = p->bottom_up[i], n = p->in[f + 1] - p->in[f];
		if (!n)
			pt->once[f] = !strcmp(fn_name(p, f), "main") || ir->fns[f].flags & (FN_CTOR | FN_INIT);
		if (n != 1 || entry[f])
			continue;
		const struct edge *e = &p->edges[p->in_edges[p->in[f]]];
		pt->once[f] = e->why == EDGE_DIRECT && pt->once[e->caller] && !in_cycle(p, e->site);
	}
	free(entry);
}

/* Does it hand on a pointer that it was given: by its result, or into memory? */
static bool hands_on(const struct ir *ir, uint32_t fn, uint32_t *of)
{
	const struct fn *f = &ir->fns[fn];
	derive_params(ir, fn, of);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		if ((op->kind == OP_RET || op->kind == OP_STORE) && op->src.kind == REF_LOCAL && of[op->src.id] &&
			type_holds_pointer(ir, local_type(ir, fn, op->src)))
			return true;
	}
	return false;
}

static void find_small(struct points *pt)
{
	const struct program *p = pt->p;
	const struct ir *ir = pt->ir;
	uint8_t *maker = xcalloc(ir->nfns + 1, 1);
	uint32_t most = 0;

	for (uint32_t f = 0; f < ir->nfns; f++)
		most = ir->fns[f].nlocal > most ? ir->fns[f].nlocal : most;
	uint32_t *of = xmalloc((most + 1) * sizeof *of);
	pt->small = arena_alloc(pt->mem, ir->nfns + 1);
	pt->ncopy = arena_alloc(pt->mem, (ir->nfns + 1) * sizeof *pt->ncopy);
	for (uint32_t i = 0; i < pt->e->n; i++)
		if (pt->e->e[i].clause && (pt->e->e[i].clause->verb == VERB_ALLOCATES || pt->e->e[i].clause->verb == VERB_CREATES))
			maker[pt->e->e[i].fn] = 1;
	for (uint32_t i = 0; i < ir->nfns; i++) {
		uint32_t f = p->bottom_up[i];
		bool recursive = false, calls_small = false;
		if (!fn_defined(p, f))
			continue;
		for (uint32_t x = p->out[f]; x != NONE && x < p->nedge && p->edges[x].caller == f; x++) {
			recursive |= p->scc[p->edges[x].callee] == p->scc[f];
			calls_small |= pt->small[p->edges[x].callee];
			maker[f] |= pt->small[p->edges[x].callee] && maker[p->edges[x].callee];
		}
		uint32_t nop = ir->fns[f].nop;
		if (recursive || p->in[f + 1] - p->in[f] <= 1 || nop > (maker[f] ? SMALL_MAKER : SMALL))
			continue;
		pt->small[f] = maker[f] || calls_small || hands_on(ir, f, of);
	}
	free(maker);
	free(of);
}

static void push(struct points *pt)
{
	uint64_t steps = 0;
	while (pt->todo.n) {
		uint32_t at = pt->todo.v[--pt->todo.n];
		pt->nodes.v[at].queued = false;
		uint32_t from = pt->nodes.v[at].done, to = pt->nodes.v[at].n;
		pt->nodes.v[at].done = to;
		for (uint32_t c = pt->nodes.v[at].con; c != NONE;) {
			struct pcon con = pt->cons.v[c];
			for (uint32_t i = from; i < to; i++) {
				uint32_t spot = pt->nodes.v[at].v[i];
				if (con.kind == CON_COPY) {
					add_moved(pt, con.other, spot, con.off, con.any);
					continue;
				}
				struct spot s = pt->spots.v[spot];
				if (pt->objs.v[s.obj].kind == OBJ_THREAD || !inside(pt, s.obj, s.off + con.off))
					continue;
				uint32_t in = cell(pt, s.obj, s.off + con.off);
				if (con.kind == CON_LOAD)
					copy(pt, in, con.other, 0, false);
				else
					copy(pt, con.other, in, 0, false);
			}
			steps += to - from;
			c = con.next;
		}
		if (steps > MAX_PUSH) {
			pt->gave_up = true;
			return;
		}
	}
}

/* An allocation's type is often void * where it is made: it is what the pointers to it say that point at its start. */
static void find_types(struct points *pt)
{
	const struct ir *ir = pt->ir;
	for (uint32_t i = 0; i < pt->insts.n; i++) {
		const struct fn *f = &ir->fns[pt->insts.v[i].fn];
		for (uint32_t l = 0; l < f->nlocal; l++) {
			uint32_t t = ir->locals[f->local + l].type;
			if (t == NONE || ir->types[t].kind != TYPE_PTR || !is_record(ir, ir->types[t].to) || is_object(ir, &ir->locals[f->local + l]))
				continue;
			const struct pnode *n = &pt->nodes.v[pt->insts.v[i].node + l];
			for (uint32_t k = 0; k < n->n; k++) {
				const struct spot *s = &pt->spots.v[n->v[k]];
				struct obj *o = &pt->objs.v[s->obj];
				if (o->kind == OBJ_HEAP && !s->off && (o->type == NONE || type_size(ir, ir->types[t].to) > type_size(ir, o->type)))
					o->type = ir->types[t].to;
			}
		}
	}
}

static void escape_spots(struct points *pt, uint32_t node)
{
	const struct pnode *n = &pt->nodes.v[node];
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t obj = pt->spots.v[n->v[i]].obj;
		if (pt->objs.v[obj].kind != OBJ_LOCAL || pt->objs.v[obj].escaped)
			continue;
		pt->objs.v[obj].escaped = true;
		vec_add(&pt->todo, obj);
	}
}

/* Locals that another thread may come to know: by what is in memory that is not local, as an argument of what runs by
 * itself, or by a function that is not seen. */
static void find_escaped(struct points *pt)
{
	const struct program *p = pt->p;
	const struct ir *ir = pt->ir;
	pt->todo.n = 0;
	for (uint32_t o = 0; o < pt->objs.n; o++)
		if (pt->objs.v[o].kind != OBJ_LOCAL)
			vec_add(&pt->todo, o);
	for (uint32_t i = 0; i < pt->s->f->nentry; i++) {
		const struct fn *f = &ir->fns[pt->s->f->entries[i].fn];
		for (uint32_t a = 0; pt->s->f->entries[i].head == NONE && a < f->nparam; a++) {
			uint32_t obj = points_obj(pt, OBJ_LOCAL, f->local + a, pt->s->f->entries[i].fn);
			escape_spots(pt, pt->insts.v[pt->s->f->entries[i].fn].node + a);
			for (uint32_t c = obj == NONE ? NONE : pt->objs.v[obj].cells; c != NONE; c = pt->cells.v[c].next)
				escape_spots(pt, pt->cells.v[c].node);
		}
	}
	for (uint32_t i = 0; i < pt->insts.n; i++) {
		const struct fn *f = &ir->fns[pt->insts.v[i].fn];
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			uint32_t ne, x = ir->ops[o].kind == OP_CALL ? p->site_edge[o] : NONE;
			if (x == NONE || fn_defined(p, p->edges[x].callee) || effects_at(pt->e, o, &ne) ||
				!points_own_file(ir, ir->fns[p->edges[x].callee].loc))
				continue;
			for (uint32_t a = 0; a < ir->ops[o].narg; a++) {
				uint32_t node = value_node(pt, i, ir->args[ir->ops[o].arg + a]);
				if (node != NONE)
					escape_spots(pt, node);
			}
		}
	}
	while (pt->todo.n) {
		uint32_t obj = pt->todo.v[--pt->todo.n];
		for (uint32_t c = pt->objs.v[obj].cells; c != NONE; c = pt->cells.v[c].next)
			escape_spots(pt, pt->cells.v[c].node);
	}
}

struct points *points_build(const struct solver *s, struct arena *mem)
{
	struct points *pt = xcalloc(1, sizeof *pt);

	pt->s = s;
	pt->p = s->p;
	pt->ir = s->ir;
	pt->e = s->e;
	pt->mem = mem;
	find_once(pt);
	find_small(pt);
	for (uint32_t g = 0; g < s->ir->nglobals; g++)
		points_global_obj(pt, g);
	for (uint32_t f = 0; f < s->ir->nfns; f++)
		add_inst(pt, f, NONE, NONE, 0);
	for (uint32_t i = 0; i < pt->insts.n; i++) {
		const struct fn *f = &s->ir->fns[pt->insts.v[i].fn];
		for (uint32_t o = f->op; o < f->op + f->nop; o++)
			constrain(pt, i, o);
	}
	unseen(pt);
	push(pt);
	find_escaped(pt);
	find_types(pt);
	map_free(&pt->edge_of);
	map_free(&pt->fit);
	vec_free(&pt->cons);
	vec_free(&pt->todo);
	return pt;
}

void points_free(struct points *pt)
{
	if (!pt)
		return;
	for (uint32_t i = 0; i < pt->nodes.n; i++) {
		free(pt->nodes.v[i].v);
		free(pt->nodes.v[i].hash);
	}
	vec_free(&pt->insts);
	vec_free(&pt->objs);
	vec_free(&pt->spots);
	vec_free(&pt->cells);
	vec_free(&pt->nodes);
	vec_free(&pt->cons);
	vec_free(&pt->todo);
	map_free(&pt->inst_of);
	map_free(&pt->obj_of);
	map_free(&pt->spot_of);
	map_free(&pt->edge_of);
	free(pt);
}

static uint32_t spots_of(const struct points *pt, uint32_t node, const uint32_t **spots)
{
	if (node == NONE)
		return 0;
	*spots = pt->nodes.v[node].v;
	return pt->nodes.v[node].n;
}

uint32_t points_cell(const struct points *pt, uint32_t obj, int32_t off, const uint32_t **spots)
{
	for (uint32_t c = pt->objs.v[obj].cells; c != NONE; c = pt->cells.v[c].next)
		if (pt->cells.v[c].off == off)
			return spots_of(pt, pt->cells.v[c].node, spots);
	return 0;
}

uint32_t points_local(const struct points *pt, uint32_t inst, uint32_t local, const uint32_t **spots)
{
	const struct inst *in = &pt->insts.v[inst];
	const struct local *l = &pt->ir->locals[pt->ir->fns[in->fn].local + local];
	if (!is_object(pt->ir, l))
		return spots_of(pt, in->node + local, spots);
	uint32_t obj = points_obj(pt, OBJ_LOCAL, pt->ir->fns[in->fn].local + local, inst);
	return obj == NONE ? 0 : points_cell(pt, obj, 0, spots);
}

static uint32_t add_place(struct spot *v, uint32_t n, uint32_t max, struct spot s)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].obj == s.obj && v[i].off == s.off && v[i].any == s.any)
			return n;
	if (n < max)
		v[n++] = s;
	return n;
}

uint32_t points_path(const struct points *pt, uint32_t inst, uint32_t path, struct spot *out, uint32_t max)
{
	const struct ir *ir = pt->ir;
	const struct path *p = &ir->paths[path];
	struct spot cur[POINTS_MANY];
	uint32_t n = 0, i = 0, k, id;
	const uint32_t *spots = NULL;

	if (p->base.kind == REF_GLOBAL) {
		id = points_obj(pt, OBJ_GLOBAL, p->base.id, NONE);
		if (id != NONE)
			cur[n++] = (struct spot){id, 0, false};
	} else if (p->base.kind == REF_LOCAL && p->nstep && ir->steps[p->step].kind == STEP_DEREF) {
		i = 1;
		k = points_local(pt, inst, p->base.id, &spots);
		for (; n < k && n < COUNT(cur); n++)
			cur[n] = pt->spots.v[spots[n]];
	} else if (p->base.kind == REF_LOCAL) {
		id = points_obj(pt, OBJ_LOCAL, ir->fns[pt->insts.v[inst].fn].local + p->base.id, inst);
		if (id != NONE)
			cur[n++] = (struct spot){id, 0, false};
	}
	for (; i < p->nstep; i++) {
		const struct step *st = &ir->steps[p->step + i];
		struct spot next[POINTS_MANY];
		uint32_t m = 0;
		for (uint32_t j = 0; j < n; j++) {
			struct spot s = cur[j];
			if (st->kind == STEP_FIELD)
				s.off += (int32_t)(ir->fields[st->field].bit / 8);
			else if (st->kind == STEP_INDEX)
				s.any |= st->index.kind != REF_CONST || ir->consts[st->index.id] != 0;
			if (st->kind != STEP_DEREF) {
				m = add_place(next, m, COUNT(next), s);
				continue;
			}
			k = points_cell(pt, s.obj, s.off, &spots);
			for (uint32_t x = 0; x < k; x++)
				m = add_place(next, m, COUNT(next), pt->spots.v[spots[x]]);
		}
		memcpy(cur, next, m * sizeof *next);
		n = m;
	}
	if (n > max)
		n = max;
	memcpy(out, cur, n * sizeof *cur);
	return n;
}
