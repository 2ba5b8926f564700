/* cmd_check.c - analyse, report, and say by the exit status what came out. */
#include "cli/fixes.h"
#include "cli/locks.h"
#include "cli/since.h"

#include <unistd.h>

static int exit_status(const struct cli *c, const struct analysis *a)
{
	const struct run_info *r = &a->run;
	double unresolved = r->icalls ? 100.0 * r->unresolved / r->icalls : 0;
	uint32_t n = 0;

	if (r->units_failed) { /* silence about these files is no answer */
		if (c->quiet)
			error("%u of %u files could not be analysed; without --quiet they are named", r->units_failed,
				r->units);
		return EXIT_TROUBLE;
	}
	if (unresolved > config_get(c->config, CONFIG_UNRESOLVED)->num) {
		error("no target is known for %.1f %% of the indirect calls; the settings allow %s", unresolved,
			config_text(c->config, CONFIG_UNRESOLVED));
		return EXIT_TROUBLE;
	}
	for (uint32_t i = 0; i < a->nfinding; i++)
		n += !finding_quiet(&a->findings[i]) && (int)a->findings[i].level >= c->fail_on;
	for (uint32_t i = 0; i < r->unused_suppressions; i++)
		n += r->unused && r->unused[i].level > LEVEL_NOTE && (int)r->unused[i].level >= c->fail_on;
	return n > config_get(c->config, CONFIG_FINDINGS)->num ? EXIT_FOUND : EXIT_CLEAN;
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
	struct since since = {0};
	struct analysis a = {0};
	struct fixes fixes = {0};
	bool failed = false;
	struct answer *answer;
	int status = -1;

	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	answer = answer_new(&with_paths);
	if (c->new_from)
		status = since_load(&with_paths, &since);
	if (status < 0)
		status = cli_analyse(&with_paths, STAGE_FINDINGS, &a);
	if (status < 0 && a.answered) {
		status = answer_say(answer);
		goto out;
	}
	if (status < 0 && c->trace && trace_join(&a, c->trace) < 0)
		status = EXIT_TROUBLE;
	if (status < 0 && c->nrunlog && confirm_join(&a, c) < 0)
		status = EXIT_TROUBLE;
	if (status < 0)
		status = cli_compare(c, &a, &since);
	if (status < 0) {
		if (!c->nrunlog)
			cli_remember(c, &a);
		fixes_choose(&fixes, &a);
		if (c->diff)
			failed = fixes_show(&fixes, &a) < 0;
		else if (c->fix)
			failed = fixes_do(&fixes, &a) < 0;
		for (uint32_t i = 0; i < c->nout; i++)
			if (!strcmp(c->outs[i].format->name, "html") && a.f)
				cli_tell(&a);
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
			.url = page_url,
			.mend = fixes.chosen};

		status = in.status = failed ? EXIT_TROUBLE : in.status;
		for (uint32_t i = 0; i < c->nout;
			i++) /* files first: their loss is worse than a closed pipe */
			if (c->outs[i].path && write_output(c, &in, &c->outs[i]) < 0)
				status = EXIT_TROUBLE;
		for (uint32_t i = 0; i < c->nout; i++)
			if (!c->outs[i].path && write_output(c, &in, &c->outs[i]) < 0)
				status = EXIT_TROUBLE;
		if (!c->nout && !c->diff && write_output(c, &in, &to_people) < 0)
			status = EXIT_TROUBLE;
		if (answer)
			answer_keep(answer, &a, &in, status);
	}
out:
	fixes_free(&fixes);
	answer_free(answer);
	pipeline_free(&a);
	since_free(&since);
	return status;
}
