/* cmd_models.c - which libraries the tool knows, and what it knows of a function. */
#include "cli/cli.h"

/* The models in effect here: the tool's own, and .tvt/ below the current directory. */
static struct models *load(struct arena *mem)
{
	const char *data = data_dir(), *dirs[2];

	if (!data)
		return NULL;
	dirs[0] = path_join(mem, data, "models");
	dirs[1] = ".tvt";
	return models_load(dirs, fs_is_dir(dirs[1]) ? 2 : 1);
}

static void put_libraries(struct sb *out, const struct models *m)
{
	const struct library *libs;
	const struct model **all;
	const struct place *places;
	uint32_t nlib = models_libraries(m, &libs), n = models_all(m, &all);
	uint32_t nplace = models_places(m, &places);

	for (uint32_t i = 0; i < nlib; i++) {
		uint32_t fns = 0, at = 0;

		for (uint32_t k = 0; k < n; k++)
			fns += !strcmp(all[k]->library, libs[i].name);
		for (uint32_t k = 0; k < nplace; k++)
			at += !strcmp(places[k].library, libs[i].name);
		sb_printf(out, "%-16s %5u functions", libs[i].name, fns);
		if (at)
			sb_printf(out, ", %u places", at);
		sb_printf(out, "  %s\n", path_base(libs[i].file));
	}
	sb_printf(out, "%u libraries, %u functions\n", nlib, n);
}

/* The lines of the file that say it: the first, and those below that are indented. */
static int put_source(struct sb *out, const struct model *m)
{
	char *text, *p;
	size_t n;
	int line = 1;

	if (fs_read(m->file, &text, &n) < 0)
		return -1;
	for (p = text; line < m->line && (p = strchr(p, '\n')); p++)
		line++;
	sb_printf(out, "# %s, %s:%d\n", m->library, path_base(m->file), m->line);
	do {
		for (size_t len; *p && *p != '\n'; p += len) { /* a tab stays one */
			len = strcspn(p, "\t\n");
			sb_put_visible(out, p, len);
			if (p[len] == '\t') {
				sb_putc(out, '\t');
				len++;
			}
		}
		sb_putc(out, '\n');
		p += *p == '\n';
	} while (*p == ' ' || *p == '\t');
	free(text);
	return 0;
}

static int no_such_model(const struct models *m, const char *name)
{
	const struct model **all;
	uint32_t n = models_all(m, &all);
	const char **names = xcalloc(n + 1, sizeof *names), *near;

	for (uint32_t i = 0; i < n; i++)
		names[i] = all[i]->name;
	near = str_nearest(name, names, n);
	if (near)
		error("nothing is known of '%s'; did you mean '%s'?", name, near);
	else
		error("nothing is known of '%s': it is taken to do what its code does, if that is "
		      "there",
			name);
	free(names);
	return EXIT_TROUBLE;
}

int cmd_models(const struct cli *c)
{
	struct arena *mem = arena_new();
	struct models *m = load(mem);
	struct sb out = {0};
	int status = EXIT_TROUBLE;

	if (!m)
		goto out;
	bool check = c->narg == 1 && !strcmp(c->args[0], "check");
	bool list = !c->narg || check || (c->narg == 1 && !strcmp(c->args[0], "list"));

	if (check && models_check(m) < 0) {
		models_free(m);
		goto out;
	}
	status = EXIT_CLEAN;
	if (list)
		put_libraries(&out, m);
	for (uint32_t i = 0; i < c->narg && !list && status == EXIT_CLEAN; i++) {
		const struct model *found = models_find(m, c->args[i]);

		if (!found)
			status = no_such_model(m, c->args[i]);
		else if (put_source(&out, found) < 0)
			status = EXIT_TROUBLE;
	}
	if (stdout_sb(&out) != EXIT_CLEAN)
		status = EXIT_TROUBLE;
	models_free(m);
out:
	arena_free(mem);
	return status;
}
