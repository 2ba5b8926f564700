/* fake_pipeline.c - a pipeline that has its findings ready: the command line is tested with what no
 * real analysis can be made to give. TVT_FAKE says what happens: "found" (the default: the findings
 * of sample.h), "clean", "failed", "slow" (until it is cancelled, with progress),
 * "hang" (for 5 s, whatever is said), "big", "error".
 */
#include "pipeline.h"

#include "../unit/report/sample.h"

#include <time.h>

static const char *mode(void)
{
	const char *m = getenv("TVT_FAKE");

	return m ? m : "found";
}

/* A stage that has no time to look at the flag. */
static void hang(void)
{
	for (int i = 0; i < 500; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static int slow(const struct pipeline_opts *o)
{
	for (uint32_t i = 0; i < 1000 && !*o->front.stop; i++) {
		if (i == 50)
			warn("half a second is over");
		if (o->front.progress)
			o->front.progress(o->front.ctx, i, 1000,
				"src/a/long/path/\033[31m/of/a/file/that/is/analysed.c");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return *o->front.stop ? -1 : 0;
}

struct facts_db *pipeline_facts_db(const struct pipeline_opts *o, const struct config *c, const struct analysis *a,
	bool with_findings)
{
	error("no facts here");
	return NULL;
}

int pipeline_rest(const struct pipeline_opts *o, struct analysis *a)
{
	return error("this pipeline has no stages");
}

void pipeline_lanes(struct analysis *a)
{
}

int pipeline_run(const struct pipeline_opts *o, struct analysis *a)
{
	const char *root = getenv("TVT_FAKE_ROOT");

	*a = (struct analysis){.mem = arena_new()};
	a->run = sample_run(root ? root : ".");
	a->nrule = pipeline_rules(&a->rules);
	if (!strcmp(mode(), "error"))
		return error(
			"no compile_commands.json above '%s'", o->db.npath ? o->db.paths[0] : ".");
	if (!strcmp(mode(), "hang"))
		hang();
	if (!strcmp(mode(), "slow") && slow(o) < 0)
		return -1;
	if (!strcmp(mode(), "failed"))
		return 0;
	a->run.units_failed = a->run.units_errors = a->run.nfailed = 0;
	if (!strcmp(mode(), "clean") || !strcmp(mode(), "slow"))
		return 0;
	a->nfinding = COUNT(sample_findings) * (!strcmp(mode(), "big") ? 1000 : 1);
	a->findings = xcalloc(a->nfinding, sizeof *a->findings);
	for (uint32_t i = 0; i < a->nfinding; i++)
		a->findings[i] = sample_findings[i % COUNT(sample_findings)];
	return 0;
}

void pipeline_free(struct analysis *a)
{
	free(a->findings);
	if (a->mem)
		arena_free(a->mem);
	*a = (struct analysis){0};
}

int pipeline_lower(const struct pipeline_opts *o, const struct compdb *db,
	void (*done)(void *ctx, uint32_t i, struct unit *u), void *ctx)
{
	return 0;
}

uint32_t pipeline_rules(const struct rule_info **out)
{
	*out = sample_rules;
	return COUNT(sample_rules);
}
