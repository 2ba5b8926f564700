/* cmd_advise.c - task, thread or pool: for every entry of a program what it should be, worst first; or one in full. */
#include "cli/cli.h"

#include "advise/advise.h"

#include <unistd.h>

static void put_first(struct sb *out, const struct analysis *a, const struct advice *ad)
{
	const struct op *op = ad->site == NONE ? NULL : &a->p->ir->ops[ad->site];

	if (ad->loop) {
		put_loc(out, a, ad->loop->loc);
		sb_puts(out, " the loop in ");
		put_fn(out, a, ad->loop->fn);
	} else if (op) {
		put_op_place(out, a, ad->site);
		if (op->kind == OP_CALL && op->src.kind == REF_FN) {
			sb_putc(out, ' ');
			put_fn(out, a, op->src.id);
		}
	}
}

static void pad(struct sb *out, size_t from, size_t width)
{
	do
		sb_putc(out, ' ');
	while (out->n - from < width);
}

static void put_row(struct sb *out, const struct analysis *a, const struct advice *ad)
{
	const struct entry *e = &a->f->entries[ad->entry];
	size_t from = out->n;

	sb_printf(out, "  %-9s %-7s ", ad->now, advice_rows[ad->kind].word);
	put_fn(out, a, e->fn);
	pad(out, from, 50);
	sb_puts(out, ad->gain);
	if (ad->site != NONE) {
		pad(out, from, 98);
		put_first(out, a, ad);
	}
	sb_putc(out, '\n');
}

static void put_table(struct sb *out, const struct analysis *a, const struct advice *ad, uint32_t n, bool all)
{
	uint32_t keep = 0, task = 0, thread = 0, pool = 0;

	for (uint32_t i = 0; i < n; i++) {
		keep += !advice_changes(&ad[i]);
		task += *ad[i].now == 't' && ad[i].now[1] == 'a';
		thread += *ad[i].now == 't' && ad[i].now[1] == 'h';
		pool += *ad[i].now == 'p';
	}
	sb_printf(out, "%u entries: %u tasks, %u threads, %u pool jobs; %u should change, worst first\n", n, task, thread, pool,
		n - keep);
	if (keep < n)
		sb_puts(out, "  is        should  entry                           gain                                            first\n");
	for (uint32_t i = 0; i < n; i++)
		if (all || advice_changes(&ad[i]))
			put_row(out, a, &ad[i]);
	if (keep && !all)
		sb_printf(out, "%u %s right as they are: --all lists them\n", keep, keep == 1 ? "is" : "are");
}

static void put_details(struct sb *out, const struct analysis *a, const struct advice *ad)
{
	const struct entry *e = &a->f->entries[ad->entry];
	const struct advice_row *r = &advice_rows[ad->kind];

	put_fn(out, a, e->fn);
	sb_printf(out, " is a %s: %s\n  at        ", ad->now, r->what);
	put_loc(out, a, a->p->ir->fns[e->fn].loc);
	if (e->site != NONE) {
		sb_puts(out, ", started or registered at ");
		put_op_place(out, a, e->site);
	}
	sb_printf(out, "\n  because   %s\n", ad->because);
	for (uint32_t i = 0; i < ad->nreason; i++)
		sb_printf(out, "  %s %s\n", i ? "         " : "found    ", ad->reasons[i]);
	if (ad->site != NONE) {
		sb_puts(out, "  first     ");
		put_first(out, a, ad);
		sb_putc(out, '\n');
	}
	if (*ad->code)
		sb_printf(out, "  write     %s\n", ad->code);
	if (*ad->gain)
		sb_printf(out, "  gain      %s\n", ad->gain);
	if (*r->formula)
		sb_printf(out, "  formula   %s\n", r->formula);
	if (*ad->side)
		sb_printf(out, "  price     %s\n", ad->side);
	sb_printf(out, "  unless    %s\n", r->unless);
	if (*r->trial)
		sb_printf(out, "  try it    tvt-lint validate %s\n", r->trial);
}

static void json_place(struct json *j, const char *key, const struct analysis *a, uint32_t loc)
{
	struct sb s = {0};

	put_loc(&s, a, loc);
	json_strn(j, key, s.s, s.n);
	sb_free(&s);
}

static void put_json(struct sb *out, const struct analysis *a, const struct advice *ad, uint32_t n, const struct machine *m)
{
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_bool(&j, "calibrated", m->when != 0);
	json_int(&j, "cores", m->cores);
	json_arr(&j, "advice");
	for (uint32_t i = 0; i < n; i++) {
		const struct entry *e = &a->f->entries[ad[i].entry];
		const struct advice_row *r = &advice_rows[ad[i].kind];

		json_obj(&j, NULL);
		json_str(&j, "entry", fn_name(a->p, e->fn));
		json_place(&j, "at", a, a->p->ir->fns[e->fn].loc);
		json_str(&j, "is", ad[i].now);
		json_str(&j, "advice", r->word);
		json_bool(&j, "change", advice_changes(&ad[i]));
		json_str(&j, "what", r->what);
		json_str(&j, "because", ad[i].because);
		json_arr(&j, "found");
		for (uint32_t k = 0; k < ad[i].nreason; k++)
			json_str(&j, NULL, ad[i].reasons[k]);
		json_end(&j);
		if (ad[i].site != NONE)
			json_place(&j, "first", a, ad[i].loop ? ad[i].loop->loc : a->p->ir->ops[ad[i].site].loc);
		json_str(&j, "write", ad[i].code);
		json_str(&j, "gain", ad[i].gain);
		json_num(&j, "factor", ad[i].factor);
		json_num(&j, "holds_ns", ad[i].hold);
		json_str(&j, "formula", r->formula);
		json_str(&j, "unless", r->unless);
		json_str(&j, "trial", r->trial);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}

/* The advice for functions of one name. Returns how many there are. */
static uint32_t put_named(struct sb *out, const struct analysis *a, const struct advice *ad, uint32_t n, const char *name)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(fn_name(a->p, a->f->entries[ad[i].entry].fn), name)) {
			if (found++)
				sb_putc(out, '\n');
			put_details(out, a, &ad[i]);
		}
	return found;
}

int cmd_advise(const struct cli *c)
{
	struct analysis a;
	struct sb out = {0};
	struct machine m;
	struct arena *mem = arena_new();
	uint32_t n, fns[8];
	int status;

	if (machine_load(&m, NULL) < 0) {
		arena_free(mem);
		return EXIT_TROUBLE;
	}
	/* operands that are files say what to analyse, as for check; the others are entries */
	struct cli split = *c;
	const char **paths = arena_alloc(mem, (c->narg + 1) * sizeof *paths), **names = arena_alloc(mem, (c->narg + 1) * sizeof *names);
	uint32_t npath = 0, nname = 0;
	for (uint32_t i = 0; i < c->narg; i++)
		if (access(c->args[i], F_OK) == 0)
			paths[npath++] = c->args[i];
		else
			names[nname++] = c->args[i];
	split.pipe.db.paths = paths;
	split.pipe.db.npath = npath;
	status = cli_analyse(&split, STAGE_FACTS, &a);
	if (status < 0) {
		struct advice *ad = advise_all(a.p, a.e, a.f, &m, mem, &n);
		bool json = c->nout && !strcmp(c->outs[0].format->name, "json");

		status = EXIT_CLEAN;
		if (json) {
			put_json(&out, &a, ad, n, &m);
		} else if (!nname) {
			put_table(&out, &a, ad, n, c->pipe.all);
			if (!m.when)
				sb_puts(&out, "gains are those of a common machine: 'tvt-lint calibrate' measures this one\n");
			else if (!machine_quiet(&m))
				sb_puts(&out, "the machine was busy when it was calibrated: gains are rough\n");
		}
		for (uint32_t i = 0; i < nname && !json && status == EXIT_CLEAN; i++)
			if (!put_named(&out, &a, ad, n, names[i])) {
				if (cli_find_fns(&a, names[i], fns, COUNT(fns)))
					error("'%s' is no entry: 'tvt-lint advise --all' lists them", names[i]);
				status = EXIT_TROUBLE;
			}
		if (status == EXIT_CLEAN)
			status = stdout_sb(&out);
		else
			sb_free(&out);
		if (status == EXIT_CLEAN && a.run.units_failed)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	arena_free(mem);
	return status;
}
