/* cmd_explain.c - the page of a rule. */
#include "cli/cli.h"

#include <unistd.h>

/* One error, with the nearest name. */
static int no_such_rule(const char *name)
{
	const struct rule_info *list;
	uint32_t n = pipeline_rules(&list);
	const char **names = xcalloc(n + 1, sizeof *names), *near;

	for (uint32_t i = 0; i < n; i++)
		names[i] = list[i].id;
	near = str_nearest(name, names, n);
	if (near)
		error("no rule '%s'; did you mean '%s'?", name, near);
	else
		error("no rule '%s'; tvt-lint rules lists them", name);
	free(names);
	return EXIT_TROUBLE;
}

static bool is_rule(const char *name)
{
	const struct rule_info *list;
	uint32_t n = pipeline_rules(&list);

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(list[i].id, name))
			return true;
	return false;
}

int cmd_explain(const struct cli *c)
{
	struct sb out = {0};
	const char *page;
	unsigned width;

	if (c->narg != 1) {
		error(c->narg ? "'tvt-lint explain' takes one rule"
			      : "which rule? tvt-lint rules lists them");
		return EXIT_TROUBLE;
	}
	if (!is_rule(c->args[0]))
		return no_such_rule(c->args[0]);
	page = page_text(c->args[0]);
	if (!page) {
		error("the page of '%s' is missing in '%s'", c->args[0],
			data_dir() ? data_dir() : "?");
		return EXIT_TROUBLE;
	}
	if (isatty(STDOUT_FILENO)) {
		width = terminal_width(STDOUT_FILENO);
		markdown_render(&out, page, width > 100 ? 100 : width,
			report_color(c->color, STDOUT_FILENO));
	} else {
		sb_puts(&out, page);
	}
	return stdout_sb(&out);
}
