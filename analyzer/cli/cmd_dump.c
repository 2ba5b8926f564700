/* cmd_dump.c - every joint between two stages can be printed. This is the debugger, and what a bug
 * report needs. */
#include "cli/cli.h"

#include "solve/solve.h"

static const char *const joint[] = {"compdb", "unit", "program", "effects", "facts"};

/* The stage after which that joint is complete; -1 after error(). */
static int find_stage(const char *word)
{
	const char *near;

	for (size_t i = 0; i < COUNT(joint); i++)
		if (!strcmp(joint[i], word))
			return (int)i;
	near = str_nearest(word, joint, COUNT(joint));
	return error("nothing to dump is called '%s'%s%s%s (compdb, unit, program, effects, facts)",
		word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The units of one file, or of all. They are lowered here, without those that nobody asked for. */
static int dump_units(const struct cli *c, const char *file)
{
	struct analysis a;
	struct arena *mem = arena_new();
	const char *path = file ? path_join(mem, path_cwd(mem), file) : NULL;
	struct sb out = {0};
	uint32_t *which, n = 0;
	struct unit *units;
	int status = cli_analyse(c, STAGE_COMPDB, &a);

	if (status >= 0)
		goto out;
	which = arena_alloc(mem, (a.db->ntu + 1) * sizeof *which);
	for (uint32_t i = 0; i < a.db->ntu; i++)
		if (!path || !strcmp(a.db->tus[i].file, path))
			which[n++] = i;
	if (!n) {
		error("'%s' is not in the database", file ? file : ".");
		status = EXIT_TROUBLE;
		goto out;
	}
	units = arena_alloc(mem, n * sizeof *units);
	status = EXIT_TROUBLE;
	if (cli_lower_some(c, a.db, which, n, units) < 0)
		goto out;
	for (uint32_t i = 0; i < n; i++) {
		if (units[i].ir)
			ir_print(units[i].ir, &out);
		else
			error("%s: %s", path_under(a.db->root, a.db->tus[which[i]].file),
				units[i].first_error ? units[i].first_error : "not lowered");
		unit_free(&units[i]);
	}
	status = out.n ? stdout_sb(&out) : EXIT_TROUBLE;
out:
	pipeline_free(&a);
	arena_free(mem);
	return status;
}

int cmd_dump(const struct cli *c)
{
	const char *only = c->narg > 1 ? c->args[1] : NULL;
	struct analysis a;
	struct sb out = {0};
	int stage, status;

	if (!c->narg || c->narg > 2) {
		error("dump what? compdb, unit [FILE], program [FUNCTION], effects [FUNCTION] or "
		      "facts [FUNCTION]");
		return EXIT_TROUBLE;
	}
	stage = find_stage(c->args[0]);
	if (stage < 0)
		return EXIT_TROUBLE;
	if (stage == STAGE_UNITS)
		return dump_units(c, only);
	status = cli_analyse(c, (enum stage)stage, &a);
	if (status < 0) {
		uint32_t fn;

		if (stage == STAGE_COMPDB)
			compdb_dump(a.db, &out);
		else if (only && !cli_find_fns(&a, only, &fn, 1))
			status = EXIT_TROUBLE;
		else if (stage == STAGE_PROGRAM)
			program_dump(a.p, &out, only);
		else if (stage == STAGE_EFFECTS)
			effects_dump(a.e, a.p, &out, only);
		else
			facts_dump(a.f, a.p, &out, only);
		if (status < 0)
			status = stdout_sb(&out);
	}
	pipeline_free(&a);
	return status;
}
