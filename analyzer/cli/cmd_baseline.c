/* cmd_baseline.c - keeps the file of known findings. */
#include "cli/cli.h"
#include "store/store.h"

struct action {
	const char *name;
	int (*run)(const struct analysis *a, const struct known_set *before, const char *path);
	bool reads; /* the file must be there */
};

static void count(const char *path, uint32_t n)
{
	note("%s: %u known finding%s", path, n, n == 1 ? "" : "s");
}

static int write_all(const struct analysis *a, const char *path)
{
	struct known_set now;
	int rc;

	known_of(&now, a->findings, a->nfinding, a->run.root);
	rc = known_write(&now, path);
	if (rc == 0)
		count(path, now.list.n);
	known_free(&now);
	return rc < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
}

static int create(const struct analysis *a, const struct known_set *before, const char *path)
{
	if (fs_is_file(path)) {
		error("'%s' is there already; 'tvt-lint baseline update' writes it anew", path);
		return EXIT_TROUBLE;
	}
	return write_all(a, path);
}

static int update(const struct analysis *a, const struct known_set *before, const char *path)
{
	return write_all(a, path);
}

/* Only what is still found stays; nothing is added. */
static int prune(const struct analysis *a, const struct known_set *before, const char *path)
{
	struct finding *left = arena_alloc(a->mem, (a->nfinding + 1) * sizeof *left);
	struct known_set now;
	uint32_t n = 0;
	int rc;

	if (a->run.units_failed) {
		error("%u files could not be analysed: what was known of them might be taken out", a->run.units_failed);
		return EXIT_TROUBLE;
	}
	for (uint32_t i = 0; i < a->nfinding; i++)
		if (a->findings[i].known)
			left[n++] = a->findings[i];
	known_of(&now, left, n, a->run.root);
	rc = known_write(&now, path);
	if (rc == 0) {
		note("%s: %u taken out", path, a->run.compared.ngone);
		count(path, n);
	}
	known_free(&now);
	return rc < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
}

static int show(const struct analysis *a, const struct known_set *before, const char *path)
{
	const struct compared *cmp = &a->run.compared;
	struct sb out = {0};

	for (uint32_t i = 0; i < a->nfinding; i++) {
		const struct finding *f = &a->findings[i];
		if (!f->known)
			continue;
		sb_printf(&out, "known  ");
		sb_put_visible(&out, f->at.file, strlen(f->at.file));
		sb_printf(&out, ":%u: ", f->at.line);
		sb_put_visible(&out, f->message, strlen(f->message));
		sb_printf(&out, " [%s]\n", f->rule);
	}
	for (uint32_t i = 0; i < cmp->ngone; i++)
		sb_printf(&out, "gone   %s: %s\n", cmp->gone[i].file, cmp->gone[i].identity);
	note("%s: %u known, %u gone, %u new", path, cmp->nknown, cmp->ngone, cmp->nnew);
	return stdout_sb(&out);
}

static const struct action actions[] = {
	{"create", create, false},
	{"update", update, false},
	{"prune", prune, true},
	{"show", show, true},
};

static const struct action *find(const struct cli *c)
{
	const char *names[COUNT(actions)], *near;

	if (c->narg != 1) {
		error("'tvt-lint baseline' takes one of create, update, prune, show");
		return NULL;
	}
	for (size_t i = 0; i < COUNT(actions); i++) {
		names[i] = actions[i].name;
		if (!strcmp(names[i], c->args[0]))
			return &actions[i];
	}
	near = str_nearest(c->args[0], names, COUNT(names));
	error("no action '%s'%s%s%s (one of create, update, prune, show)", c->args[0], near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return NULL;
}

int cmd_baseline(const struct cli *c)
{
	const struct action *act = find(c);
	const char *path;
	struct known_set before = {0};
	struct analysis a = {0};
	int status = act ? -1 : EXIT_TROUBLE;

	if (status < 0)
		status = cli_analyse(c, STAGE_FINDINGS, &a);
	if (status < 0) {
		path = cli_baseline(c, &a);
		const char *top = config_get(c->config, CONFIG_BASELINE)->file ? config_dir(c->config) : a.run.root;

		if (!c->baseline && cli_writes_below(top, path) < 0)
			status = EXIT_TROUBLE;
	}
	if (status < 0) {
		if (act->reads && known_read(&before, path) < 0)
			status = EXIT_TROUBLE;
	}
	if (status < 0) {
		if (act->reads)
			known_match(&before, a.findings, a.nfinding, a.run.root, &a.run.compared);
		status = act->run(&a, &before, path);
	}
	pipeline_free(&a);
	known_free(&before);
	return status;
}
