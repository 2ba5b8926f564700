/* cmd_history.c - what is remembered of earlier runs. */
#include "cli/cli.h"
#include "cli/git.h"
#include "store/store.h"

#include <time.h>

enum { SHOWN = 20, PAST = 100 };

static const char *path_of(const struct cli *c, const struct analysis *a)
{
	return path_join(a->mem, a->run.root, config_text(c->config, CONFIG_HISTORY));
}

static bool is_safe(const struct cli *c, const struct analysis *a, const char *path)
{
	const char *top = config_get(c->config, CONFIG_HISTORY)->file ? config_dir(c->config) : a->run.root;

	return cli_writes_below(top, path) == 0;
}

/* Is there one to be kept? One that the settings name is begun by the first run. */
static bool is_kept(const struct cli *c, const char *path)
{
	if (fs_is_file(path))
		return true;
	return config_get(c->config, CONFIG_HISTORY)->file && history_create(path) == 0;
}

/* The commit of the work tree, with a '+' if it has changes; NULL: none. */
static const char *revision(const struct analysis *a)
{
	struct sb id = {0}, changes = {0};
	const char *text = NULL;

	if (git_run(a->run.root, NULL, GIT("rev-parse", "--verify", "--quiet", "HEAD"), &id, NULL) == 0 &&
		git_run(a->run.root, NULL, GIT("status", "--porcelain", "-uno"), &changes, NULL) == 0)
		text = arena_printf(a->mem, "%.12s%s", id.s, changes.n ? "+" : "");
	sb_free(&id);
	sb_free(&changes);
	return text;
}

bool cli_remembers(const struct cli *c, const char *root)
{
	struct arena *mem = arena_new();
	bool yes = config_get(c->config, CONFIG_HISTORY)->file ||
		   fs_is_file(path_join(mem, root, config_text(c->config, CONFIG_HISTORY)));

	arena_free(mem);
	return yes;
}

void cli_remember(const struct cli *c, struct analysis *a)
{
	const char *path = path_of(c, a);
	struct history_run *runs;

	/* a part of the project, or another state of it, would look as if the rest were fixed */
	if (c->narg || c->new_from || !is_safe(c, a, path) || !is_kept(c, path))
		return;
	struct history_run now = {.at = time(NULL),
		.revision = revision(a),
		.version = a->run.version,
		.every = c->pipe.all,
		.seconds = a->run.seconds,
		.units = a->run.units,
		.failed = a->run.units_failed};
	if (history_record(path, a->findings, a->nfinding, &now) < 0 ||
		history_runs(path, PAST, a->mem, &runs, &a->run.npast) < 0)
		return;
	a->run.past = runs;
}

static void put_runs(struct sb *out, const struct history_run *runs, uint32_t n)
{
	sb_puts(out, "  run  when              revision        errors warnings notes    new  fixed  back\n");
	for (uint32_t i = 0; i < n; i++) {
		const struct history_run *r = &runs[i];
		time_t at = (time_t)r->at;
		struct tm tm;
		char when[32] = "?";

		if (localtime_r(&at, &tm))
			strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
		sb_printf(out, "%5lld  %s  %-14s  %6u %8u %5u %6u %6u %5u", (long long)r->id, when, r->revision ? r->revision : "",
			r->level[LEVEL_ERROR], r->level[LEVEL_WARNING], r->level[LEVEL_NOTE], r->added, r->fixed, r->reopened);
		sb_printf(out, "%s", r->every ? "  --all" : "");
		if (r->failed)
			sb_printf(out, "  %u of %u files failed", r->failed, r->units);
		sb_putc(out, '\n');
	}
}

static int list(const char *path, struct arena *mem)
{
	struct history_run *runs;
	struct sb out = {0};
	uint32_t n;

	if (history_runs(path, SHOWN, mem, &runs, &n) < 0)
		return EXIT_TROUBLE;
	put_runs(&out, runs, n);
	return stdout_sb(&out);
}

static int show(const char *path, const char *run, struct arena *mem)
{
	struct history_change *changes;
	struct sb out = {0};
	char *end;
	long long id = strtoll(run, &end, 10);
	uint32_t n;

	if (*end || id <= 0) {
		error("'%s' is neither 'start' nor the number of a run", run);
		return EXIT_TROUBLE;
	}
	if (history_changes(path, id, mem, &changes, &n) < 0)
		return EXIT_TROUBLE;
	for (uint32_t i = 0; i < n; i++) {
		const struct history_change *h = &changes[i];

		sb_printf(&out, "%-8s ", h->what);
		sb_put_visible(&out, h->file, strlen(h->file));
		sb_printf(&out, ":%u: %s: ", h->line, h->level);
		sb_put_visible(&out, h->message, strlen(h->message));
		sb_printf(&out, " [%s]", h->rule);
		if (h->first_run != id)
			sb_printf(&out, " (since run %lld)", (long long)h->first_run);
		sb_putc(&out, '\n');
	}
	if (!n)
		note("run %lld changed nothing", id);
	return stdout_sb(&out);
}

int cmd_history(const struct cli *c)
{
	struct analysis a = {0};
	int status = cli_analyse(c, STAGE_COMPDB, &a); /* only to know where the project is */

	if (status < 0) {
		const char *path = path_of(c, &a);

		if (c->narg > 1) {
			error("'tvt-lint history' takes one of: start, the number of a run");
			status = EXIT_TROUBLE;
		} else if (c->narg && !strcmp(c->args[0], "start")) {
			status = !is_safe(c, &a, path) || history_create(path) < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
			if (status == EXIT_CLEAN)
				note("%s: every check of the whole project is remembered from now on",
					path_under(path_cwd(a.mem), path));
		} else if (!fs_is_file(path)) {
			error("no history is kept here; 'tvt-lint history start' begins one");
			status = EXIT_TROUBLE;
		} else {
			status = c->narg ? show(path, c->args[0], a.mem) : list(path, a.mem);
		}
	}
	pipeline_free(&a);
	return status;
}
