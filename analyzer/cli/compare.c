/* compare.c - which findings are new: against the baseline, or against where the branch began. */
#include "cli/since.h"

const char *cli_baseline(const struct cli *c, const struct analysis *a)
{
	return c->baseline ? c->baseline : path_join(a->mem, a->run.root, config_text(c->config, CONFIG_BASELINE));
}

/* Is the file with the known findings to be read? Not if nobody asked for it and it is not there. */
static bool wants_baseline(const struct cli *c, const char *path)
{
	if (c->new_from || c->no_baseline)
		return false;
	return c->baseline || config_get(c->config, CONFIG_BASELINE)->file || fs_is_file(path);
}

int cli_compare(const struct cli *c, struct analysis *a, struct since *s)
{
	struct known_set from_file = {0}, *known = NULL;
	const char *path = cli_baseline(c, a);
	int rc = -1;

	if (c->new_from) {
		known = &s->before;
		a->run.compared.with = arena_printf(a->mem, "%s (merge base %.10s)", s->ref, s->commit);
	} else if (wants_baseline(c, path)) {
		rc = known_read(&from_file, path) < 0 ? EXIT_TROUBLE : -1;
		known = &from_file;
		a->run.compared.with = arena_printf(a->mem, "the baseline %s", path_under(a->run.root, path));
	}
	if (known && rc < 0) {
		known_match(known, a->findings, a->nfinding, a->run.root, &a->run.compared);
		if (c->new_from)
			since_explain(s, a->findings, a->nfinding, a->mem);
		/* what was not looked at is not gone */
		if (c->narg)
			a->run.compared.ngone = 0;
		struct gone *gone = arena_alloc(a->mem, (a->run.compared.ngone + 1) * sizeof *gone);
		for (uint32_t i = 0; i < a->run.compared.ngone; i++)
			gone[i] = (struct gone){arena_strdup(a->mem, a->run.compared.gone[i].identity),
				arena_strdup(a->mem, a->run.compared.gone[i].file)};
		a->run.compared.gone = gone;
	}
	known_free(&from_file);
	return rc;
}
