/* lanes.c - what runs where, for the map of a report: a lane for each event loop, one for loops that no place in the
 * program runs, one each for pools, threads, signal handlers and the rest.
 */
#include "pipeline.h"
#include "solve/solve.h"

struct laying {
	struct analysis *a;
	const struct facts *f;
	struct lane *lanes;
	uint32_t n;
	struct map by_key; /* what a lane is -> its number */
};

static struct where where_of(const struct analysis *a, uint32_t loc)
{
	const struct ir *ir = a->p->ir;
	struct where w = {.file = NULL};

	if (loc == NONE || ir->locs[loc].file == NONE)
		return w;
	const struct loc *l = &ir->locs[loc];
	w.file = path_under(a->db->root, ir_text_of(ir, ir->files[l->file].path));
	w.line = w.end_line = l->line;
	w.col = l->col;
	w.end_col = l->end_col > l->col ? l->end_col : l->col + 1;
	return w;
}

static struct where where_of_site(const struct analysis *a, uint32_t site)
{
	return where_of(a, site == NONE ? NONE : a->p->ir->ops[site].loc);
}

static enum lane_kind kind_of(enum ctx_kind ctx)
{
	switch (ctx) {
	case CTX_LOOP:
	case CTX_TIMER:
	case CTX_COROUTINE:
		return LANE_LOOP;
	case CTX_POOL:
		return LANE_POOL;
	case CTX_THREAD:
		return LANE_THREAD;
	case CTX_SIGNAL:
	case CTX_ISR:
		return LANE_SIGNAL;
	default:
		return LANE_OTHER;
	}
}

static struct lane *lane_of(struct laying *l, const struct entry *e)
{
	static const char *const titles[] = {NULL, "pool of threads", "threads of their own", "signal handlers", "elsewhere"};
	struct arena *mem = l->a->mem;
	enum lane_kind kind = kind_of(e->ctx);
	uint64_t key = kind == LANE_LOOP ? hash_mix(e->loop, e->loop == NONE ? hash_str(e->library) : 1) : kind;
	uint32_t *slot = map_slot(&l->by_key, key, l->n);

	if (*slot == l->n) {
		struct lane *lane = &l->lanes[l->n++];
		*lane = (struct lane){.kind = kind, .title = titles[kind]};
		if (kind == LANE_LOOP && e->loop != NONE) {
			const struct evloop *loop = &l->f->loops[e->loop];
			lane->title = arena_printf(mem, "%s loop, run by %s", *loop->library ? loop->library : "hand-written",
				fn_name(l->a->p, loop->fn));
			lane->at = where_of_site(l->a, loop->site);
		} else if (kind == LANE_LOOP) {
			lane->title = arena_printf(mem, "a %s loop", *e->library ? e->library : "hand-written");
		}
	}
	return &l->lanes[*slot];
}

static struct lane_entry entry_of(struct laying *l, const struct entry *e)
{
	const struct analysis *a = l->a;

	return (struct lane_entry){.name = fn_name(a->p, e->fn),
		.context = ctx_name[e->ctx],
		.by = e->model ? e->model->name : e->place ? e->place->name : NULL,
		.at = where_of(a, a->p->ir->fns[e->fn].loc),
		.by_at = where_of_site(a, e->site),
		.entry = (uint32_t)(e - l->f->entries)};
}

static void put_leaves(struct laying *l, struct lane_entry **of)
{
	const struct facts *f = l->f;
	const struct program *p = l->a->p;
	uint32_t *n = xcalloc(f->nentry + 1, sizeof *n);

	for (uint32_t i = 0; i < f->nblock; i++)
		n[f->blocks[i].entry]++;
	for (uint32_t i = 0; i < f->nentry; i++)
		of[i]->leaves = n[i] ? arena_alloc(l->a->mem, n[i] * sizeof *of[i]->leaves) : NULL;
	for (uint32_t i = 0; i < f->nblock; i++) {
		const struct block_site *b = &f->blocks[i];
		struct lane_entry *e = of[b->entry];
		e->leaves[e->nleaf++] =
			(struct lane_leaf){b->model->name, category_word[b->category], where_of_site(l->a, b->site)};
	}
	free(n);
	double *worst = xcalloc(f->nentry + 1, sizeof *worst);
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *loop = &f->cpu_loops[i];
		if (!loop_over_budget(f, loop) || loop->visit == NONE)
			continue;
		uint32_t entry = f->visits[loop->visit].entry;
		of[entry]->nlong++;
		if (loop->turn * extent_most[loop->extent] < worst[entry])
			continue;
		worst[entry] = loop->turn * extent_most[loop->extent];
		of[entry]->longest = cost_text(f, p, &loop->cost, l->a->mem);
	}
	free(worst);
}

static int by_kind(const void *x, const void *y)
{
	const struct lane *a = x, *b = y;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int d = strcmp(a->title, b->title);
	if (!d && a->at.file && b->at.file)
		d = strcmp(a->at.file, b->at.file);
	return d ? d : (a->at.line > b->at.line) - (a->at.line < b->at.line);
}

void pipeline_lanes(struct analysis *a)
{
	const struct facts *f = a->f;
	struct laying l = {.a = a, .f = f};
	struct lane_entry **of = xcalloc(f->nentry + 1, sizeof *of);

	l.lanes = arena_alloc(a->mem, (f->nentry + 1) * sizeof *l.lanes);
	for (uint32_t i = 0; i < f->nentry; i++)
		lane_of(&l, &f->entries[i])->nentry++;
	for (uint32_t i = 0; i < l.n; i++) {
		l.lanes[i].entries = arena_alloc(a->mem, l.lanes[i].nentry * sizeof *l.lanes[i].entries);
		l.lanes[i].nentry = 0;
	}
	for (uint32_t i = 0; i < f->nentry; i++) {
		struct lane *lane = lane_of(&l, &f->entries[i]);
		of[i] = &lane->entries[lane->nentry++];
		*of[i] = entry_of(&l, &f->entries[i]);
	}
	put_leaves(&l, of);
	if (l.n)
		qsort(l.lanes, l.n, sizeof *l.lanes, by_kind);
	a->run.lanes = l.lanes;
	a->run.nlane = l.n;
	map_free(&l.by_key);
	free(of);
}
