/* program.c - units into one id space.
 *
 * Every table of a unit is renumbered into the program's. Things with a name meet by key: files by path,
 * records, functions and objects by USR (statics carry their file in the key). Code is copied function by
 * function, and only once: what two units lowered from one file to the same body (fn.hash) is one function, be it
 * a header's or a file that is compiled for two programs. Two different bodies under one key stay two functions: programs that share a
 * database each have a main, stubs stand in for the real thing, a macro changes a header's function.
 * A call goes to the definition in its own unit, else to the one in the nearest directory, else to the
 * largest (a stub is smaller than what it stands for), else to the first in the order of the units.
 *
 * needs: units that pass ir_check()      gives: program.ir, op_fn
 */
#include "link/link_int.h"

#include <stdlib.h>

/* What one unit's ids became; NONE: not yet. */
struct remap {
	const struct ir *u;
	uint32_t *str, *file, *loc, *type, *record, *field, *fn, *global, *path;
};

struct linker {
	struct ir *ir;
	struct map files, records, globals; /* by string id of path or key */
	struct map more_fields; /* (record, name, place if it has no name): those that its first definition lacks */
	struct map types;		    /* by hash of the contents */
	struct map bodies;		    /* by key and body: defined functions */
	struct map decls;		    /* by key: the first function with that key, defined or not */
	VEC(uint32_t) next;		    /* per function: the next one with the same key, or NONE */
	VEC(uint32_t) unit;		    /* per function: the unit that defines it, or NONE */
	VEC(uint32_t) size;		    /* per function: ops */
	struct remap *maps;
	uint32_t nunit;
};

static uint32_t *ids(uint32_t n)
{
	uint32_t *v = xmalloc(((size_t)n + 1) * sizeof *v);
	memset(v, 0xff, ((size_t)n + 1) * sizeof *v);
	return v;
}

static uint32_t map_str(struct linker *l, struct remap *m, uint32_t s)
{
	if (m->str[s] == NONE)
		m->str[s] = ir_str(l->ir, m->u->strs + s);
	return m->str[s];
}

static uint32_t map_file(struct linker *l, struct remap *m, uint32_t f)
{
	if (f == NONE)
		return NONE;
	if (m->file[f] == NONE) {
		struct file file = m->u->files[f];
		file.path = map_str(l, m, file.path);
		uint32_t *slot = map_slot(&l->files, file.path, l->ir->nfiles);
		m->file[f] = *slot;
		if (*slot == l->ir->nfiles)
			ir_add_files(l->ir, file);
		else
			l->ir->files[*slot].flags |= file.flags;
	}
	return m->file[f];
}

static uint32_t map_loc(struct linker *l, struct remap *m, uint32_t i)
{
	if (i == NONE)
		return NONE;
	if (m->loc[i] == NONE) {
		struct loc loc = m->u->locs[i];
		loc.file = map_file(l, m, loc.file);
		loc.sfile = map_file(l, m, loc.sfile);
		loc.macro = map_str(l, m, loc.macro);
		m->loc[i] = ir_add_locs(l->ir, loc);
	}
	return m->loc[i];
}

static uint32_t map_attrs(struct linker *l, struct remap *m, uint32_t first, uint32_t n)
{
	uint32_t at = l->ir->nattrs;
	for (uint32_t i = 0; i < n; i++) {
		struct attr a = m->u->attrs[first + i];
		a.text = map_str(l, m, a.text);
		a.loc = map_loc(l, m, a.loc);
		ir_add_attrs(l->ir, a);
	}
	return at;
}

/* Records and types refer to one another; a record gets its id before its fields are mapped. */
static uint32_t map_type(struct linker *l, struct remap *m, uint32_t t);

static uint32_t field_by_name(const struct ir *ir, const struct record *r, uint32_t name, uint32_t bit)
{
	for (uint32_t i = 0; i < r->nfield; i++)
		if (ir->fields[r->field + i].name == name && (name || ir->fields[r->field + i].bit == bit))
			return r->field + i;
	return NONE;
}

static uint32_t map_record(struct linker *l, struct remap *m, uint32_t r)
{
	if (r == NONE)
		return NONE;
	if (m->record[r] != NONE)
		return m->record[r];

	struct record rec = m->u->records[r];
	uint32_t nfield = rec.nfield, first = rec.field;
	rec.key = map_str(l, m, rec.key);
	rec.name = map_str(l, m, rec.name);
	rec.nfield = rec.field = 0;
	uint32_t id = *map_slot(&l->records, rec.key, l->ir->nrecords);
	m->record[r] = id;
	if (id == l->ir->nrecords)
		ir_add_records(l->ir, rec);
	if (!nfield)
		return id;
	if (!l->ir->records[id].nfield) { /* the first unit that knows its fields */
		uint32_t at = l->ir->nfields;
		for (uint32_t i = 0; i < nfield; i++) {
			struct field f = m->u->fields[first + i];
			f.record = id;
			f.name = map_str(l, m, f.name);
			f.type = NONE;
			f.nattr = 0;
			m->field[first + i] = ir_add_fields(l->ir, f);
		}
		l->ir->records[id].field = at;
		l->ir->records[id].nfield = nfield;
		l->ir->records[id].size = rec.size;
		l->ir->records[id].flags |= rec.flags;
		for (uint32_t i = 0; i < nfield; i++) {
			const struct field *f = &m->u->fields[first + i];
			uint32_t type = map_type(l, m, f->type);
			uint32_t attr = map_attrs(l, m, f->attr, f->nattr);
			l->ir->fields[at + i].type = type;
			l->ir->fields[at + i].attr = attr;
			l->ir->fields[at + i].nattr = f->nattr;
		}
		return id;
	}
	for (uint32_t i = 0; i < nfield; i++) { /* the same record, perhaps under other macros */
		const struct field *f = &m->u->fields[first + i];
		uint32_t name = map_str(l, m, f->name);
		uint32_t to = field_by_name(l->ir, &l->ir->records[id], name, f->bit);
		if (to == NONE) { /* two records of one name; the other's fields are one in all its units, too */
			uint64_t key = hash_mix(id | (uint64_t)name << 32, name ? 0 : f->bit);
			to = *map_slot(&l->more_fields, key, l->ir->nfields);
			if (to == l->ir->nfields) {
				struct field add = *f;
				add.record = id;
				add.name = name;
				add.type = NONE;
				add.nattr = 0;
				ir_add_fields(l->ir, add);
				uint32_t type = map_type(l, m, f->type), attr = map_attrs(l, m, f->attr, f->nattr);
				l->ir->fields[to].type = type;
				l->ir->fields[to].attr = attr;
				l->ir->fields[to].nattr = f->nattr;
			}
		}
		m->field[first + i] = to;
	}
	return id;
}

static uint32_t map_type(struct linker *l, struct remap *m, uint32_t t)
{
	if (t == NONE)
		return NONE;
	if (m->type[t] != NONE)
		return m->type[t];
	struct type ty = m->u->types[t];
	ty.name = map_str(l, m, ty.name);
	ty.text = map_str(l, m, ty.text);
	if (ty.kind == TYPE_RECORD)
		ty.to = map_record(l, m, ty.to);
	else
		ty.to = map_type(l, m, ty.to);
	if (m->type[t] != NONE) /* reached again through a record's field */
		return m->type[t];
	uint64_t h = hash_mix(hash_mix(ty.kind | ty.flags << 8 | (uint64_t)ty.nparam << 16, ty.to | (uint64_t)ty.size << 32),
		ty.name | (uint64_t)ty.text << 32);
	uint32_t id = *map_slot(&l->types, h, l->ir->ntypes);
	if (id == l->ir->ntypes)
		ir_add_types(l->ir, ty);
	return m->type[t] = id;
}

static uint32_t map_field(struct linker *l, struct remap *m, uint32_t f)
{
	if (f == NONE)
		return NONE;
	if (m->field[f] == NONE)
		map_record(l, m, m->u->fields[f].record);
	if (m->field[f] == NONE) { /* a field outside its record's range */
		struct field add = m->u->fields[f];
		add.name = map_str(l, m, add.name);
		add.record = map_record(l, m, add.record);
		add.type = map_type(l, m, add.type);
		add.attr = map_attrs(l, m, add.attr, add.nattr);
		m->field[f] = ir_add_fields(l->ir, add);
	}
	return m->field[f];
}

static uint32_t map_global(struct linker *l, struct remap *m, uint32_t g)
{
	if (m->global[g] != NONE)
		return m->global[g];
	struct global gl = m->u->globals[g];
	gl.key = map_str(l, m, gl.key);
	uint32_t id = *map_slot(&l->globals, gl.key, l->ir->nglobals);
	m->global[g] = id;
	if (id == l->ir->nglobals) {
		gl.name = map_str(l, m, gl.name);
		gl.type = map_type(l, m, gl.type);
		gl.loc = map_loc(l, m, gl.loc);
		gl.attr = map_attrs(l, m, gl.attr, gl.nattr);
		gl.fn = NONE; /* set when the function's body is copied */
		ir_add_globals(l->ir, gl);
		return id;
	}
	struct global *old = &l->ir->globals[id];
	if (gl.flags & GLOBAL_DEFINED && !(old->flags & GLOBAL_DEFINED)) {
		uint32_t type = map_type(l, m, gl.type), loc = map_loc(l, m, gl.loc);
		old = &l->ir->globals[id];
		old->type = type;
		old->loc = loc;
		if (gl.nattr) {
			uint32_t attr = map_attrs(l, m, gl.attr, gl.nattr);
			l->ir->globals[id].attr = attr;
			l->ir->globals[id].nattr = gl.nattr;
		}
	}
	l->ir->globals[id].flags |= gl.flags;
	return id;
}

/* ---- functions ---- */

/* A function with its names only; declare() or copy_body() fills in the rest. */
static uint32_t new_fn(struct linker *l, uint32_t unit, uint32_t f, uint32_t key)
{
	const struct ir *u = l->maps[unit].u;
	struct fn fn = {.name = ir_str(l->ir, u->strs + u->fns[f].name),
		.key = key,
		.type = NONE,
		.loc = NONE,
		.flags = u->fns[f].flags,
		.nparam = u->fns[f].nparam,
		.hash = u->fns[f].hash};
	uint32_t id = ir_add_fns(l->ir, fn);
	vec_add(&l->next, NONE);
	vec_add(&l->unit, fn.flags & FN_DEFINED ? unit : NONE);
	vec_add(&l->size, u->fns[f].nop);
	uint32_t *head = map_slot(&l->decls, key, id);
	if (*head != id) {
		uint32_t at = *head;
		while (l->next.v[at] != NONE)
			at = l->next.v[at];
		l->next.v[at] = id;
	}
	return id;
}

/* What a declaration says: type, place, attributes. */
static void declare(struct linker *l, uint32_t unit, uint32_t f, uint32_t to)
{
	struct remap *m = &l->maps[unit];
	const struct fn *from = &m->u->fns[f];
	uint32_t type = map_type(l, m, from->type), loc = map_loc(l, m, from->loc);
	uint32_t attr = map_attrs(l, m, from->attr, from->nattr);
	struct fn *fn = &l->ir->fns[to];
	fn->type = type;
	fn->loc = loc;
	fn->attr = attr;
	fn->nattr = from->nattr;
}

/* First round: every defined function of a unit gets its id, so that calls can be decided. */
static void define_fns(struct linker *l, uint32_t unit)
{
	struct remap *m = &l->maps[unit];
	uint64_t *places = xcalloc(m->u->nfiles + 1, sizeof *places); /* per file: hash of its path; 0: not yet */
	m->fn = ids(m->u->nfns);
	for (uint32_t f = 0; f < m->u->nfns; f++) {
		const struct fn *fn = &m->u->fns[f];
		if (!(fn->flags & FN_DEFINED))
			continue;
		uint32_t key = ir_str(l->ir, m->u->strs + fn->key);
		{ /* a header's function, or a file that is compiled more than once */
			uint32_t file = fn->loc == NONE ? NONE : m->u->locs[fn->loc].file;
			uint64_t place = fn->flags & FN_HEADER ? 0 : unit + 1;
			if (file != NONE && !places[file])
				places[file] = hash_str(m->u->strs + m->u->files[file].path);
			if (file != NONE)
				place = places[file];
			uint32_t *slot = map_slot(&l->bodies, hash_mix(hash_mix(key, fn->hash), place), l->ir->nfns);
			if (*slot != l->ir->nfns) {
				m->fn[f] = *slot;
				continue;
			}
		}
		m->fn[f] = new_fn(l, unit, f, key);
	}
	free(places);
}

static uint32_t common_dir(const char *a, const char *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			n = i + 1;
	return n;
}

/* Where a unit's own code is: its main file. */
static const char *unit_file(const struct ir *u)
{
	for (uint32_t i = 0; i < u->nfiles; i++)
		if (u->files[i].flags & FILE_MAIN)
			return ir_text_of(u, u->files[i].path);
	return "";
}

static bool same_dir(const char *a, const char *b)
{
	uint32_t near = common_dir(a, b);
	return near == path_base(a) - a && near == path_base(b) - b;
}

/* The function that unit means by its declaration f. */
static uint32_t map_fn(struct linker *l, uint32_t unit, uint32_t f)
{
	struct remap *m = &l->maps[unit];
	if (m->fn[f] != NONE)
		return m->fn[f];
	const struct fn *fn = &m->u->fns[f];
	uint32_t key = map_str(l, m, fn->key), best = NONE, rank = 0;
	for (uint32_t c = map_get(&l->decls, key); c != NONE; c = l->next.v[c]) {
		uint32_t r = 1;
		if (l->ir->fns[c].flags & FN_DEFINED) {
			bool near = same_dir(unit_file(m->u), unit_file(l->maps[l->unit.v[c]].u));
			r = (near ? 1u << 30 : 2) + l->size.v[c];
		}
		if (r > rank) {
			best = c;
			rank = r;
		}
	}
	if (best == NONE) {
		best = new_fn(l, unit, f, key);
		declare(l, unit, f, best);
	} else {
		l->ir->fns[best].flags |= fn->flags & (FN_NORETURN | FN_VARIADIC);
	}
	return m->fn[f] = best;
}

static struct ref map_ref(struct linker *l, uint32_t unit, struct ref r);

static uint32_t map_path(struct linker *l, uint32_t unit, uint32_t p)
{
	struct remap *m = &l->maps[unit];
	struct path path = m->u->paths[p];
	/* Paths over locals have ids relative to the function: the same path may serve two functions of a unit. */
	if (m->path[p] != NONE)
		return m->path[p];
	struct path to = {.base = map_ref(l, unit, path.base), .step = 0, .nstep = path.nstep};
	struct step steps[64];
	uint32_t n = path.nstep < COUNT(steps) ? path.nstep : COUNT(steps);
	for (uint32_t i = 0; i < n; i++) {
		steps[i] = m->u->steps[path.step + i];
		if (steps[i].kind == STEP_FIELD)
			steps[i].field = map_field(l, m, steps[i].field);
		else if (steps[i].kind == STEP_INDEX)
			steps[i].index = map_ref(l, unit, steps[i].index);
	}
	to.step = l->ir->nsteps;
	to.nstep = n;
	for (uint32_t i = 0; i < n; i++)
		ir_add_steps(l->ir, steps[i]);
	return m->path[p] = ir_add_paths(l->ir, to);
}

static struct ref map_ref(struct linker *l, uint32_t unit, struct ref r)
{
	struct remap *m = &l->maps[unit];
	switch (r.kind) {
	case REF_CONST:
		r.id = ir_const(l->ir, m->u->consts[r.id]);
		break;
	case REF_STR:
		r.id = map_str(l, m, r.id);
		break;
	case REF_GLOBAL:
		r.id = map_global(l, m, r.id);
		break;
	case REF_FN:
		r.id = map_fn(l, unit, r.id);
		break;
	case REF_PATH:
		r.id = map_path(l, unit, r.id);
		break;
	default:
		break;
	}
	return r;
}

static void copy_ops(struct linker *l, uint32_t unit, const struct fn *from)
{
	struct remap *m = &l->maps[unit];
	for (uint32_t i = 0; i < from->nop; i++) {
		struct op op = m->u->ops[from->op + i];
		op.loc = map_loc(l, m, op.loc);
		op.dst = map_ref(l, unit, op.dst);
		op.src = map_ref(l, unit, op.src);
		if (op.kind == OP_BIN)
			op.arg = ref_bits(map_ref(l, unit, ref_of(op.arg)));
		else if (op.kind == OP_CALL || op.kind == OP_ICALL) {
			uint32_t at = l->ir->nargs, first = op.arg;
			for (uint32_t a = 0; a < op.narg; a++)
				ir_add_args(l->ir, map_ref(l, unit, m->u->args[first + a]));
			op.arg = at;
		}
		ir_add_ops(l->ir, op);
	}
}

static void copy_body(struct linker *l, uint32_t unit, uint32_t f)
{
	struct remap *m = &l->maps[unit];
	const struct fn *from = &m->u->fns[f];
	uint32_t to = m->fn[f];
	declare(l, unit, f, to);
	uint32_t op0 = l->ir->nops, block0 = l->ir->nblocks, local0 = l->ir->nlocals;

	for (uint32_t i = 0; i < from->nlocal; i++) {
		struct local x = m->u->locals[from->local + i];
		x.name = map_str(l, m, x.name);
		x.type = map_type(l, m, x.type);
		x.loc = map_loc(l, m, x.loc);
		ir_add_locals(l->ir, x);
	}
	for (uint32_t i = 0; i < from->nblock; i++) {
		struct block b = m->u->blocks[from->block + i];
		b.op = op0 + (b.op - from->op);
		b.loc = map_loc(l, m, b.loc);
		b.cond.lhs = map_ref(l, unit, b.cond.lhs);
		b.cond.rhs = map_ref(l, unit, b.cond.rhs);
		uint32_t at = l->ir->nsuccs;
		for (uint32_t s = 0; s < b.nsucc; s++)
			ir_add_succs(l->ir, m->u->succs[b.succ + s]);
		b.succ = at;
		ir_add_blocks(l->ir, b);
	}
	copy_ops(l, unit, from);
	struct fn *fn = &l->ir->fns[to];
	fn->local = local0;
	fn->nlocal = from->nlocal;
	fn->block = block0;
	fn->nblock = from->nblock;
	fn->op = op0;
	fn->nop = from->nop;
}

static void start_unit(struct linker *l, uint32_t i)
{
	struct remap *m = &l->maps[i];
	m->str = ids(m->u->nstrs);
	m->file = ids(m->u->nfiles);
	m->loc = ids(m->u->nlocs);
	m->type = ids(m->u->ntypes);
	m->record = ids(m->u->nrecords);
	m->field = ids(m->u->nfields);
	m->global = ids(m->u->nglobals);
	m->path = ids(m->u->npaths);
}

static void end_unit(struct linker *l, uint32_t i)
{
	struct remap *m = &l->maps[i];
	free(m->str);
	free(m->file);
	free(m->loc);
	free(m->type);
	free(m->record);
	free(m->field);
	free(m->global);
	free(m->path);
}

/* Room for all that may come: tables that grow would be copied again and again. Nothing is touched before it is
 * used. */
static void make_room(struct ir *ir, const struct ir *const *units, uint32_t n)
{
#define SECTION(type, name)                                                                        \
	{                                                                                          \
		uint64_t total = 0;                                                                \
		for (uint32_t i = 0; i < n; i++)                                                   \
			total += units[i]->n##name;                                                \
		if (total * sizeof(type) > 1 << 16 && total < UINT32_MAX) {                        \
			ir->name = xmalloc(total * sizeof(type));                                  \
			ir->cap##name = (uint32_t)total;                                           \
		}                                                                                  \
	}
	IR_TABLES(SECTION)
#undef SECTION
}

struct ir *link_merge(const struct ir *const *units, uint32_t n)
{
	struct linker l = {.ir = ir_new(), .maps = xcalloc(n + 1, sizeof *l.maps), .nunit = n};

	make_room(l.ir, units, n);
	for (uint32_t i = 0; i < n; i++) {
		l.maps[i].u = units[i];
		define_fns(&l, i);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct remap *m = &l.maps[i];
		start_unit(&l, i);
		for (uint32_t f = 0; f < m->u->nfns; f++)
			if (m->u->fns[f].flags & FN_DEFINED && l.unit.v[m->fn[f]] == i)
				copy_body(&l, i, f);
		for (uint32_t g = 0; g < m->u->nglobals; g++)
			if (m->u->globals[g].fn != NONE) {
				uint32_t id = map_global(&l, m, g);
				l.ir->globals[id].fn = map_fn(&l, i, m->u->globals[g].fn);
			}
		for (uint32_t r = 0; r < m->u->nremarks; r++) {
			struct remark x = m->u->remarks[r];
			x.file = map_file(&l, m, x.file);
			x.text = map_str(&l, m, x.text);
			ir_add_remarks(l.ir, x);
		}
		for (uint32_t f = 0; f < m->u->nfiles; f++) /* also those that nothing points at */
			map_file(&l, m, f);
		end_unit(&l, i);
	}
	map_free(&l.files);
	map_free(&l.records);
	map_free(&l.more_fields);
	map_free(&l.globals);
	map_free(&l.types);
	map_free(&l.bodies);
	map_free(&l.decls);
	vec_free(&l.next);
	vec_free(&l.unit);
	vec_free(&l.size);
	for (uint32_t i = 0; i < n; i++)
		free(l.maps[i].fn);
	free(l.maps);
	return l.ir;
}
