/* analyse.c - the pipeline as commands use it: with a progress bar, and with Ctrl-C. */
#include "cli/cli.h"

static const char *const stage_word[] = {
#define STAGE(name, word) word,
	STAGES(STAGE)
#undef STAGE
};

int cli_analyse(const struct cli *c, enum stage until, struct analysis *a)
{
	struct pipeline_opts o = c->pipe;
	int rc;

	o.until = until;
	o.db.quiet = c->quiet;
	o.front.stop = interrupt_flag();
	if (progress_wanted(c->quiet))
		o.front.progress = progress_show;
	interrupt_catch();
	rc = pipeline_run(&o, a);
	progress_clear();
	interrupt_die();
	a->run.version = TVT_VERSION;
	if (c->profile && rc == 0)
		for (int i = 0; i <= (int)until; i++)
			fprintf(stderr, "%-10s %9.3f s\n", stage_word[i], a->seconds[i]);
	return rc < 0 ? EXIT_TROUBLE : -1;
}
