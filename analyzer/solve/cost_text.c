/* cost_text.c - symbols, costs and loops in words. */
#include "solve/solve.h"

#include <math.h>

static const char *field_text(const struct ir *ir, uint32_t field, struct arena *a)
{
	uint32_t r = ir->fields[field].record;
	const char *record = r == NONE ? "" : ir_text_of(ir, ir->records[r].name);
	return arena_printf(
		a, "%s%s%s", record, *record ? "." : "", ir_text_of(ir, ir->fields[field].name));
}

static const char *local_text(const struct program *p, uint32_t fn, uint32_t local)
{
	const struct fn *f = &p->ir->fns[fn];
	return local < f->nlocal ? ir_text_of(p->ir, p->ir->locals[f->local + local].name) : "?";
}

const char *sym_text(const struct facts *f, const struct program *p, uint32_t sym, struct arena *a)
{
	const struct ir *ir = p->ir;

	if (sym == NONE)
		return "a number";
	struct sym s = f->syms[sym];

	if (s.id == NONE && s.kind != SYM_INPUT && s.kind != SYM_SELF)
		return s.kind == SYM_LOOP ? "its turns" : "a number";
	switch (s.kind) {
	case SYM_PARAM:
		return arena_printf(a, "'%s'", local_text(p, s.fn, s.id));
	case SYM_TEXT:
		return arena_printf(a, "the length of '%s'", local_text(p, s.fn, s.id));
	case SYM_FIELD:
		return arena_printf(a, "'%s'", field_text(ir, s.id, a));
	case SYM_GLOBAL:
		return arena_printf(a, "'%s'", ir_text_of(ir, ir->globals[s.id].name));
	case SYM_LINK:
		return arena_printf(a, "the list by '%s'", field_text(ir, s.id, a));
	case SYM_ARRAY:
		return arena_printf(a, "the elements of '%s'", field_text(ir, s.id, a));
	case SYM_ITER:
		return arena_printf(a, "what '%s' hands out", fn_name(p, s.id));
	case SYM_RESULT:
		return arena_printf(a, "the result of '%s'", fn_name(p, s.id));
	case SYM_OUT:
		return arena_printf(a, "what '%s' stores", fn_name(p, s.id));
	case SYM_SELF:
		return "the calls of itself";
	case SYM_POWER:
		return arena_printf(a, "two to the power of %s", sym_text(f, p, s.id, a));
	case SYM_INPUT:
		return "a number read from text";
	case SYM_LOOP:
		return "its turns";
	}
	return "a number";
}

const char *ns_text(double ns, struct arena *a)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = {{60e9, "min"}, {1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
	size_t i = 0;
	while (i + 1 < COUNT(units) && ns < units[i].unit * 0.9995)
		i++;
	return arena_printf(
		a, "%.*g %s", ns / units[i].unit >= 100 ? 3 : 2, ns / units[i].unit, units[i].name);
}

const char *cost_text(
	const struct facts *f, const struct program *p, const struct cost *k, struct arena *a)
{
	struct sb out = {0};
	for (int i = 0; i < k->n; i++) {
		const struct cost_term *t = &k->t[i];
		sb_printf(&out, "%s%s", i ? " + " : "", ns_text(t->ns, a));
		for (int d = 0; d < t->degree; d++)
			sb_printf(&out, " x %s", sym_text(f, p, t->sym[d], a));
		for (int l = 0; l < t->logs; l++)
			sb_puts(&out, " x log");
	}
	const char *s = arena_strdup(a, out.n ? out.s : "nothing");
	sb_free(&out);
	return s;
}

double extent_expected(enum extent e)
{
	return e == EXT_DATA ? 1e5 : e == EXT_INPUT || e == EXT_TEXT ? 1000 : extent_most[e];
}

double cost_value(const struct facts *f, const struct cost *k, enum cost_size size)
{
	double sum = 0;
	for (int i = 0; i < k->n; i++) {
		double x = k->t[i].ns;
		for (int d = 0; d < k->t[i].degree; d++) {
			enum extent e = (enum extent)f->sym_extent[k->t[i].sym[d]];
			x *= size == COST_USUAL ? extent_typical[e] : extent_expected(e);
		}
		for (int l = 0; l < k->t[i].logs; l++)
			x *= size == COST_USUAL ? 4 : 15;
		sum += x;
	}
	return sum;
}

double loop_limit(const struct loop_fact *l, double budget)
{
	return l->turn > 0 ? budget / l->turn : HUGE_VAL;
}

void cost_dump(const struct facts *f, const struct program *p, struct sb *out, const char *only)
{
	static const char *const trips[] = {
#define TRIP(name, phrase) #name,
		TRIPS(TRIP)
#undef TRIP
	};
	static const char *const extents[] = {
#define EXTENT(name, typical, most, phrase) #name,
		EXTENTS(EXTENT)
#undef EXTENT
	};
	struct arena *a = arena_new();
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (only && strcmp(only, fn_name(p, l->fn)))
			continue;
		sb_printf(out, "turns in '%s' at ", fn_name(p, l->fn));
		if (l->loc == NONE || p->ir->locs[l->loc].file == NONE)
			sb_puts(out, "?");
		else
			sb_printf(out, "%s:%u",
				path_base(ir_text_of(
					p->ir, p->ir->files[p->ir->locs[l->loc].file].path)),
				p->ir->locs[l->loc].line);
		sb_printf(out, ": %s %s", trips[l->trip], extents[l->extent]);
		if (l->count >= 0)
			sb_printf(out, " %lld", (long long)l->count);
		if (l->sym != NONE)
			sb_printf(out, ", by %s", sym_text(f, p, l->sym, a));
		sb_printf(out, ", %s a turn%s\n", ns_text(l->turn, a),
			l->visit == NONE ? "" : ", in a task");
	}
	for (uint32_t fn = 0; fn < p->ir->nfns && only; fn++)
		if (fn_defined(p, fn) && !strcmp(only, fn_name(p, fn)))
			sb_printf(
				out, "cost of '%s': %s\n", only, cost_text(f, p, &f->cost[fn], a));
	arena_free(a);
}
