/* place.c - what of a program the places name: fields, types, globals, functions.
 *
 * needs: program, models, libraries used      gives: effects.places
 */
#include "model/model_int.h"

static void find_outer(struct apply *a)
{
	const struct ir *ir = a->ir;

	a->outer = arena_alloc(a->e->mem, (ir->nrecords + 1) * sizeof *a->outer);
	for (uint32_t i = 0; i < ir->nrecords; i++)
		a->outer[i] = NONE;
	for (uint32_t i = 0; i < ir->nfields; i++) {
		uint32_t t = ir->fields[i].type;

		while (t != NONE && ir->types[t].kind == TYPE_ARRAY)
			t = ir->types[t].to;
		if (t == NONE || ir->types[t].kind != TYPE_RECORD || ir->types[t].to == NONE)
			continue;
		if (!*ir_text_of(ir, ir->records[ir->types[t].to].name))
			a->outer[ir->types[t].to] = ir->fields[i].record;
	}
}

static bool in_record(const struct apply *a, uint32_t record, const char *pattern)
{
	/* A record cannot contain itself, but the text may come from anywhere: bounded. */
	for (int depth = 0; record != NONE && depth < 16; depth++) {
		if (str_glob(pattern, ir_text_of(a->ir, a->ir->records[record].name)))
			return true;
		record = a->outer[record];
	}
	return false;
}

/* Places of one kind, by name; those that are patterns apart. */
struct named {
	struct map first; /* hash of the name to a place */
	uint32_t *next;	  /* per place: another one of that hash, or NONE */
	VEC(uint32_t) patterns;
};

static void index_places(struct apply *a, struct named named[PLACE_NAME + 1])
{
	uint32_t n = a->m->places.n;

	for (int k = 0; k <= PLACE_NAME; k++)
		named[k].next = xmalloc((n + 1) * sizeof *named[k].next);
	for (uint32_t i = 0; i < n; i++) {
		const struct place *pl = &a->m->places.v[i];
		struct named *k = &named[pl->kind];
		const struct library *l = models_library(a->m, pl->library);
		uint32_t *first;

		if (l && l->strict && !library_used(a->e, pl->library))
			continue;
		if (strpbrk(pl->name, "*?")) {
			vec_add(&k->patterns, i);
			continue;
		}
		first = map_slot(&k->first, hash_str(pl->name), NONE - 1);
		k->next[i] = *first == NONE - 1 ? NONE : *first;
		*first = i;
	}
}

/* Adds *u for every place of that name; record is the field's, or NONE. */
static void match(
	struct apply *a, const struct named *k, uint32_t name, struct place_use u, uint32_t record)
{
	const char *text = ir_text_of(a->ir, name);

	for (uint32_t i = map_get(&k->first, hash_str(text)); i != NONE; i = k->next[i]) {
		u.place = &a->m->places.v[i];
		if (!strcmp(u.place->name, text) &&
			(record == NONE || in_record(a, record, u.place->record)))
			vec_add(&a->uses, u);
	}
	for (uint32_t i = 0; i < k->patterns.n; i++) {
		u.place = &a->m->places.v[k->patterns.v[i]];
		if (str_glob(u.place->name, text) &&
			(record == NONE || in_record(a, record, u.place->record)))
			vec_add(&a->uses, u);
	}
}

static void match_macros(
	struct apply *a, const struct named *k, uint32_t attr, uint32_t nattr, struct place_use u)
{
	for (uint32_t i = attr; i < attr + nattr; i++) {
		u.macro = a->ir->attrs[i].text;
		if (a->ir->attrs[i].kind == ATTR_MACRO)
			match(a, k, u.macro, u, NONE);
	}
}

static void find_places(struct apply *a, const struct named named[PLACE_NAME + 1])
{
	const struct ir *ir = a->ir;
	struct place_use u = place_use_none(NULL);

	for (u.field = 0; u.field < ir->nfields; u.field++) {
		const struct field *f = &ir->fields[u.field];

		match(a, &named[PLACE_FIELD], f->name, u, f->record);
		match_macros(a, &named[PLACE_MACRO], f->attr, f->nattr, u);
		apply_annotated_place(
			a, f->attr, f->nattr, u, PLACE_FIELD, ir_text_of(ir, f->name));
	}
	u = place_use_none(NULL);
	for (u.type = 0; u.type < ir->ntypes; u.type++)
		if (ir->types[u.type].name)
			match(a, &named[PLACE_TYPE], ir->types[u.type].name, u, NONE);
	u = place_use_none(NULL);
	for (u.global = 0; u.global < ir->nglobals; u.global++) {
		const struct global *g = &ir->globals[u.global];

		match(a, &named[PLACE_GLOBAL], g->name, u, NONE);
		match_macros(a, &named[PLACE_MACRO], g->attr, g->nattr, u);
		apply_annotated_place(
			a, g->attr, g->nattr, u, PLACE_GLOBAL, ir_text_of(ir, g->name));
	}
	u = place_use_none(NULL);
	for (u.fn = 0; u.fn < ir->nfns; u.fn++) {
		const struct fn *f = &ir->fns[u.fn];

		if (fn_defined(a->p, u.fn) && !(f->flags & FN_INIT))
			match(a, &named[PLACE_NAME], f->name, u, NONE);
		match_macros(a, &named[PLACE_MACRO], f->attr, f->nattr, u);
	}
}

static int by_use(const void *x, const void *y)
{
	const struct place_use *a = x, *b = y;
#define ORDER(f)                                                                                   \
	if (a->f != b->f)                                                                          \
	return a->f < b->f ? -1 : 1
	ORDER(field);
	ORDER(type);
	ORDER(global);
	ORDER(fn);
	ORDER(place->line); /* the same thing named twice: a stable order */
#undef ORDER
	return strcmp(a->place->file, b->place->file);
}

static bool same_use(const struct place_use *a, const struct place_use *b)
{
	return a->field == b->field && a->type == b->type && a->global == b->global &&
	       a->fn == b->fn;
}

static size_t specific(const struct place *pl)
{
	return *pl->file ? strlen(pl->name) + (pl->record ? strlen(pl->record) : 0) : SIZE_MAX;
}

/* BlockDriver.bdrv_co_* speaks of a field before BlockDriver.bdrv_* does: of what several places
 * name, the longest one counts. What the program itself says (no file) comes before all. */
static void keep_specific(struct apply *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0, end; i < a->uses.n; i = end) {
		size_t best = 0;

		for (end = i; end < a->uses.n && same_use(&a->uses.v[i], &a->uses.v[end]); end++)
			if (specific(a->uses.v[end].place) > best)
				best = specific(a->uses.v[end].place);
		for (uint32_t k = i; k < end; k++)
			if (specific(a->uses.v[k].place) == best)
				a->uses.v[n++] = a->uses.v[k];
	}
	a->uses.n = n;
}

void apply_places(struct apply *a)
{
	struct named named[PLACE_NAME + 1] = {0};

	find_outer(a);
	index_places(a, named);
	find_places(a, named);
	for (int k = 0; k <= PLACE_NAME; k++) {
		map_free(&named[k].first);
		free(named[k].next);
		vec_free(&named[k].patterns);
	}
	if (a->uses.n)
		qsort(a->uses.v, a->uses.n, sizeof *a->uses.v, by_use);
	keep_specific(a);
}
