/* cmd_tasks.c - what runs where: each event loop, and each function that begins on a loop, a
 * thread, a pool or as a signal handler.
 */
#include "cli/cli.h"

#include "solve/solve.h"

/* The order of the output: the contexts that others wait for first. */
static const struct {
	enum ctx_kind ctx;
	const char *title;
} contexts[] = {
	{CTX_LOOP, "on an event loop"},
	{CTX_TIMER, "on an event loop, by a timer"},
	{CTX_COROUTINE, "on an event loop, as a coroutine"},
	{CTX_POOL, "on a pool of threads"},
	{CTX_THREAD, "on a thread of its own"},
	{CTX_SIGNAL, "in a signal handler"},
	{CTX_ISR, "where nothing may wait"},
	{CTX_CHILD, "in a forked child"},
	{CTX_SHUTDOWN, "at the end of the program"},
};

static void put_entry(struct sb *out, const struct analysis *a, const struct entry *e)
{
	size_t from = out->n;

	sb_puts(out, "  ");
	put_fn(out, a, e->fn);
	if (e->head != NONE)
		sb_puts(out, " (the body of its loop)");
	while (out->n - from < 36)
		sb_putc(out, ' ');
	sb_putc(out, ' ');
	put_loc(out, a, a->p->ir->fns[e->fn].loc);
	if (e->model)
		sb_printf(out, "  by %s", e->model->name);
	else if (e->place)
		sb_printf(out, "  by %s%s%s", e->place->record ? e->place->record : "",
			e->place->record ? "." : "", e->place->name);
	if (e->site != NONE) {
		sb_puts(out, " at ");
		put_op_place(out, a, e->site);
	}
	sb_putc(out, '\n');
}

static void put_loops(struct sb *out, const struct analysis *a)
{
	sb_printf(out, "%u event loop%s\n", a->f->nloop, a->f->nloop == 1 ? "" : "s");
	for (uint32_t i = 0; i < a->f->nloop; i++) {
		const struct evloop *l = &a->f->loops[i];

		sb_printf(out, "  %s, run by ", *l->library ? l->library : "written by hand");
		put_fn(out, a, l->fn);
		sb_puts(out, " at ");
		put_op_place(out, a, l->site);
		sb_putc(out, '\n');
	}
}

int cmd_tasks(const struct cli *c)
{
	struct analysis a;
	struct sb out = {0};
	int status = cli_analyse(c, STAGE_FACTS, &a);

	if (status < 0) {
		put_loops(&out, &a);
		for (size_t k = 0; k < COUNT(contexts); k++) {
			uint32_t n = 0;

			for (uint32_t i = 0; i < a.f->nentry; i++)
				n += a.f->entries[i].ctx == contexts[k].ctx;
			if (n)
				sb_printf(&out, "%u function%s %s\n", n, n == 1 ? "" : "s",
					contexts[k].title);
			for (uint32_t i = 0; i < a.f->nentry; i++)
				if (a.f->entries[i].ctx == contexts[k].ctx)
					put_entry(&out, &a, &a.f->entries[i]);
		}
		status = stdout_sb(&out);
		if (status == EXIT_CLEAN && a.run.units_failed)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	return status;
}
