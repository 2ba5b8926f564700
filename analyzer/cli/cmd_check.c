/* cmd_check.c - analyse, report, and say by the exit status what came out. */
#include "cli/cli.h"

#include <unistd.h>

static int exit_status(const struct cli *c, const struct analysis *a)
{
	if (a->run.units_failed)
		return EXIT_TROUBLE; /* silence about these files is no answer */
	for (uint32_t i = 0; i < a->nfinding; i++)
		if (!a->findings[i].suppressed && (int)a->findings[i].level >= c->fail_on)
			return EXIT_FOUND;
	return EXIT_CLEAN;
}

static int write_output(const struct cli *c, const struct report_in *in, const struct output *o)
{
	struct report_in to = *in;
	struct sb out = {0};
	int rc;

	to.color = o->path ? c->color == COLOR_ALWAYS : report_color(c->color, STDOUT_FILENO);
	to.links = !o->path && report_links(c->color, STDOUT_FILENO);
	o->format->write(&to, &out);
	if (o->path)
		rc = fs_write_atomic(o->path, out.s ? out.s : "", out.n);
	else
		rc = stdout_write(out.s, out.n);
	sb_free(&out);
	return rc;
}

int cmd_check(const struct cli *c)
{
	static const struct output to_people = {&formats[0], NULL};
	struct cli with_paths = *c;
	struct analysis a;
	int status;

	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	status = cli_analyse(&with_paths, STAGE_FINDINGS, &a);
	if (status < 0 && c->trace && trace_join(&a, c->trace) < 0)
		status = EXIT_TROUBLE;
	if (status < 0) {
		struct report_in in = {.findings = a.findings,
			.nfinding = a.nfinding,
			.rules = a.rules,
			.nrule = a.nrule,
			.run = &a.run,
			.status = exit_status(c, &a),
			.quiet = c->quiet,
			.verbose = c->verbose,
			.hide_notes = !c->pipe.all && !c->verbose && c->fail_on != LEVEL_NOTE,
			.page = page_text,
			.url = page_url};

		status = in.status;
		for (uint32_t i = 0; i < c->nout;
			i++) /* files first: their loss is worse than a closed pipe */
			if (c->outs[i].path && write_output(c, &in, &c->outs[i]) < 0)
				status = EXIT_TROUBLE;
		for (uint32_t i = 0; i < c->nout; i++)
			if (!c->outs[i].path && write_output(c, &in, &c->outs[i]) < 0)
				status = EXIT_TROUBLE;
		if (!c->nout && write_output(c, &in, &to_people) < 0)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	return status;
}
