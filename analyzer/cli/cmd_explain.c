/* cmd_explain.c - the page of a rule. */
#include "advise/machine.h"
#include "cli/cli.h"
#include "solve/solve.h"

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

/* Pages that are about no rule. {NAME} in them is a constant of the machine. */
static const char *const topics[] = {"tasks-vs-threads"};

static bool is_topic(const char *name)
{
	for (size_t i = 0; i < COUNT(topics); i++)
		if (!strcmp(topics[i], name))
			return true;
	return false;
}

static void put_constant(struct sb *out, const struct machine *m, const char *name, size_t n, struct arena *mem)
{
	for (int i = 0; i < MACHINE_COUNT; i++) {
		double v = m->v[i].median;

		if (strlen(machine_rows[i].name) != n || strncmp(machine_rows[i].name, name, n) != 0)
			continue;
		if (machine_rows[i].unit == UNIT_BYTES)
			sb_printf(out, "%.3g kB", v / 1e3);
		else
			sb_puts(out, ns_text(v, mem));
		return;
	}
	if (!strncmp(name, "cores", n))
		sb_printf(out, "%u", m->cores);
	else if (!strncmp(name, "inline-limit", n))
		sb_puts(out, ns_text(m->v[MACHINE_HANDOFF].median / 3, mem));
	else if (!strncmp(name, "origin", n) && !m->when)
		sb_puts(out, "those of a common machine; `tvt-lint calibrate` measures this one");
	else if (!strncmp(name, "origin", n))
		sb_puts(out, machine_quiet(m) ? "this machine's own, measured by `tvt-lint calibrate`"
					      : "this machine's own, but it was busy when `tvt-lint calibrate` measured them");
	else
		sb_printf(out, "{%.*s}", (int)n, name);
}

/* The page with the constants filled in; NULL after error(). */
static char *topic_text(const char *page)
{
	struct sb out = {0};
	struct machine m;
	struct arena *mem = arena_new();

	if (machine_load(&m, NULL) < 0) {
		arena_free(mem);
		return NULL;
	}
	while (*page) {
		const char *end = *page == '{' ? strchr(page, '}') : NULL;

		if (end) {
			put_constant(&out, &m, page + 1, (size_t)(end - page - 1), mem);
			page = end + 1;
		} else {
			sb_putc(&out, *page++);
		}
	}
	arena_free(mem);
	return out.s;
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
	if (!is_rule(c->args[0]) && !is_topic(c->args[0]))
		return no_such_rule(c->args[0]);
	page = page_text(c->args[0]);
	if (!page) {
		error("the page of '%s' is missing in '%s'", c->args[0],
			data_dir() ? data_dir() : "?");
		return EXIT_TROUBLE;
	}
	if (is_topic(c->args[0]) && !(page = topic_text(page)))
		return EXIT_TROUBLE;
	if (isatty(STDOUT_FILENO)) {
		width = terminal_width(STDOUT_FILENO);
		markdown_render(&out, page, width > 100 ? 100 : width,
			report_color(c->color, STDOUT_FILENO));
	} else {
		sb_puts(&out, page);
	}
	return stdout_sb(&out);
}
