/* cmd_why.c - how the tool knows: the ways that lead to a function, and what below it may block.
 *
 *   why F     where F runs, with the shortest chain to it from each entry; the blocking calls that
 * it can reach, with the chain to each and the line of the model that says so why F G   the
 * shortest chain of calls from F to G
 */
#include "cli/cli.h"

#include "solve/solve.h"

enum { SHOWN = 10, SAME_NAME = 8 };

static const char *const edge_phrase[] = {
#define EDGE(name, word, phrase) phrase,
	EDGES(EDGE)
#undef EDGE
};

/* ---- chains of calls from one function on ---- */

/* Breadth first from a function: by which edge each other one is reached first, or NONE. */
static uint32_t *reach(const struct program *p, uint32_t from, struct arena *mem)
{
	uint32_t *by = arena_alloc(mem, p->ir->nfns * sizeof *by);
	uint32_t *queue = arena_alloc(mem, p->ir->nfns * sizeof *queue), head = 0, tail = 0;

	memset(by, 0xFF, p->ir->nfns * sizeof *by);
	queue[tail++] = from;
	while (head < tail) {
		uint32_t fn = queue[head++];

		for (uint32_t e = p->out[fn]; e != NONE && e < p->nedge && p->edges[e].caller == fn;
			e++) {
			uint32_t to = p->edges[e].callee;

			if (to == from || by[to] != NONE)
				continue;
			by[to] = e;
			queue[tail++] = to;
		}
	}
	return by;
}

/* Each call on the way to fn, one a line. */
static void put_path(struct sb *out, const struct analysis *a, const uint32_t *by, uint32_t fn,
	const char *indent)
{
	uint32_t edges[256], n = 0;

	for (; by[fn] != NONE && n < COUNT(edges); fn = a->p->edges[edges[n - 1]].caller)
		edges[n++] = by[fn];
	while (n--) {
		const struct edge *e = &a->p->edges[edges[n]];

		sb_puts(out, indent);
		put_op_place(out, a, e->site);
		sb_puts(out, ": ");
		put_fn(out, a, e->caller);
		sb_printf(out, " %s ", edge_phrase[e->why]);
		if (e->why == EDGE_FIELD || e->why == EDGE_TABLE)
			sb_printf(out, "'%s': ",
				e->via == NONE
					? "?"
					: ir_text_of(a->p->ir, a->p->ir->fields[e->via].name));
		put_fn(out, a, e->callee);
		sb_putc(out, '\n');
	}
}

/* ---- where it runs ---- */

static void put_entry(struct sb *out, const struct analysis *a, const struct entry *e)
{
	sb_printf(out, "  on %s", ctx_name[e->ctx]);
	if (*e->library)
		sb_printf(out, " of %s", e->library);
	sb_puts(out, e->head == NONE ? ", from " : ", from the loop in ");
	put_fn(out, a, e->fn);
	if (e->site != NONE) {
		sb_printf(out, ", registered by %s at ", e->model ? e->model->name : "a store");
		put_op_place(out, a, e->site);
	}
	if (e->model)
		sb_printf(out, " (%s:%d)", path_base(e->model->file), e->model->line);
	else if (e->place)
		sb_printf(out, " (%s:%d)", path_base(e->place->file), e->place->line);
	sb_putc(out, '\n');
}

static void put_runs(struct sb *out, const struct analysis *a, uint32_t fn)
{
	struct map seen = {0}; /* entries */
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->f->nvisit; i++) {
		const struct visit *v = &a->f->visits[i];
		uint32_t chain[256], len;

		if (v->fn != fn || map_get(&seen, v->entry) != NONE)
			continue;
		map_put(&seen, v->entry, 0);
		if (n++ >= SHOWN)
			continue;
		put_entry(out, a, &a->f->entries[v->entry]);
		len = witness_chain(a->f, i, chain, COUNT(chain));
		for (uint32_t k = 1; k < len; k++) {
			const struct visit *step = &a->f->visits[chain[k]];

			sb_puts(out, "    ");
			put_op_place(out, a, step->site);
			sb_puts(out, ": ");
			put_fn(out, a, a->p->op_fn[step->site]);
			sb_printf(out, " %s ", edge_phrase[step->why]);
			put_fn(out, a, step->fn);
			sb_putc(out, '\n');
		}
	}
	if (!n)
		sb_puts(out,
			"  nothing that is known to run on a loop, a thread or a pool calls it\n");
	if (n > SHOWN)
		sb_printf(out, "  and from %u more entries\n", n - SHOWN);
	map_free(&seen);
}

/* ---- what it may wait for ---- */

static void put_blocks(struct sb *out, const struct analysis *a, uint32_t fn, struct arena *mem)
{
	const uint32_t *by = reach(a->p, fn, mem);
	struct map seen = {0}; /* sites: one may be there for several groups */
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->f->nblock; i++) {
		const struct block_site *b = &a->f->blocks[i];

		if ((b->fn != fn && by[b->fn] == NONE) || map_get(&seen, b->site) != NONE)
			continue;
		map_put(&seen, b->site, 0);
		if (n++ >= SHOWN)
			continue;
		sb_printf(out, "%s  %s at ", n == 1 ? "it may block:\n" : "", b->model->name);
		put_op_place(out, a, b->site);
		sb_printf(out, ": %s%s (%s:%d)\n", category_phrase[b->category],
			b->assumed ? ", unless a condition holds that could not be decided" : "",
			path_base(b->model->file), b->clause->line);
		put_path(out, a, by, b->fn, "    ");
	}
	if (!n)
		sb_puts(out, "nothing that it calls in a task, pool, thread or handler is known to "
			     "block\n");
	if (n > SHOWN)
		sb_printf(out, "  and %u more calls\n", n - SHOWN);
	map_free(&seen);
}

static void put_why(struct sb *out, const struct analysis *a, uint32_t fn, struct arena *mem)
{
	const struct model *m = a->e->of_fn[fn];

	put_fn(out, a, fn);
	sb_puts(out, " at ");
	put_loc(out, a, a->p->ir->fns[fn].loc);
	sb_puts(out,
		fn_defined(a->p, fn) ? " runs\n" : " is not defined in this program; it runs\n");
	put_runs(out, a, fn);
	if (m)
		sb_printf(out, "its meaning is given by %s:%d\n", path_base(m->file), m->line);
	put_blocks(out, a, fn, mem);
}

static int put_way(struct sb *out, const struct analysis *a, const char *from, const char *to,
	struct arena *mem)
{
	uint32_t f[SAME_NAME], g[SAME_NAME];
	uint32_t nf = cli_find_fns(a, from, f, SAME_NAME),
		 ng = nf ? cli_find_fns(a, to, g, SAME_NAME) : 0;

	if (!nf || !ng)
		return EXIT_TROUBLE;
	for (uint32_t i = 0; i < nf && i < SAME_NAME; i++) {
		const uint32_t *by = reach(a->p, f[i], mem);

		for (uint32_t k = 0; k < ng && k < SAME_NAME; k++) {
			if (by[g[k]] == NONE)
				continue;
			put_path(out, a, by, g[k], "");
			return EXIT_CLEAN;
		}
	}
	sb_printf(out,
		"no chain of known calls leads from %s to %s; %u of %u indirect calls have no "
		"known target\n",
		from, to, a->p->nunresolved, a->p->nicall);
	return EXIT_FOUND;
}

int cmd_why(const struct cli *c)
{
	struct analysis a;
	struct sb out = {0};
	struct arena *mem = arena_new();
	int status;

	if (!c->narg || c->narg > 2) {
		error(c->narg ? "'tvt-lint why' takes one or two functions" : "which function?");
		arena_free(mem);
		return EXIT_TROUBLE;
	}
	status = cli_analyse(c, c->narg == 1 ? STAGE_FACTS : STAGE_PROGRAM, &a);
	if (status < 0 && c->narg == 1) {
		uint32_t fns[SAME_NAME], n = cli_find_fns(&a, c->args[0], fns, SAME_NAME);

		for (uint32_t i = 0; i < n && i < SAME_NAME; i++)
			put_why(&out, &a, fns[i], mem);
		status = n ? EXIT_CLEAN : EXIT_TROUBLE;
	} else if (status < 0) {
		status = put_way(&out, &a, c->args[0], c->args[1], mem);
	}
	if (out.n && stdout_sb(&out) != EXIT_CLEAN)
		status = EXIT_TROUBLE;
	pipeline_free(&a);
	arena_free(mem);
	return status;
}
