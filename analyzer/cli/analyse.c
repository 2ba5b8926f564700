/* analyse.c - the pipeline as commands use it: with a progress bar, and with Ctrl-C. */
#include "cli/cli.h"

int cli_run(const struct cli *c, enum stage until, struct analysis *a)
{
	struct pipeline_opts o = c->pipe;
	int rc;

	o.until = until;
	o.config = c->config;
	o.db.quiet = c->quiet;
	o.front.stop = interrupt_flag();
	if (progress_wanted(c->quiet)) {
		o.front.progress = progress_show;
		o.begin = progress_stage;
	}
	if (!c->catches)
		diag_redirect(progress_message, NULL);
	interrupt_catch();
	rc = pipeline_run(&o, a);
	progress_clear();
	if (!c->catches)
		diag_redirect(NULL, NULL);
	a->run.version = TVT_VERSION;
	if (c->profile && rc == 0)
		rc = profile_write(c, a);
	return rc < 0 ? EXIT_TROUBLE : -1;
}

int cli_analyse(const struct cli *c, enum stage until, struct analysis *a)
{
	int status = cli_run(c, until, a);

	interrupt_die();
	return status;
}

int cli_lower_some(const struct cli *c, const struct compdb *db, const uint32_t *which, uint32_t n,
	struct unit *units)
{
	struct compdb some = *db;
	struct front_opts o = c->pipe.front;
	int rc;

	some.tus = xmalloc((n + 1) * sizeof *some.tus);
	some.ntu = n;
	for (uint32_t i = 0; i < n; i++)
		some.tus[i] = db->tus[which[i]];
	o.stop = interrupt_flag();
	if (progress_wanted(c->quiet))
		o.progress = progress_show;
	memset(units, 0, n * sizeof *units);
	interrupt_catch();
	rc = front_lower_all(&some, &o, units);
	progress_clear();
	interrupt_die();
	free(some.tus);
	return rc;
}

int cli_lower(const struct cli *c, const struct compdb *db, void (*done)(void *ctx, uint32_t i, struct unit *u), void *ctx)
{
	struct pipeline_opts o = c->pipe;
	int rc;

	o.front.stop = interrupt_flag();
	if (progress_wanted(c->quiet))
		o.front.progress = progress_show;
	interrupt_catch();
	rc = pipeline_lower(&o, db, done, ctx);
	progress_clear();
	interrupt_die();
	return rc < 0 ? -1 : 0;
}
