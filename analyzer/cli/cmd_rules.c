/* cmd_rules.c - the list of rules, by family. */
#include "cli/cli.h"

#include <unistd.h>

static void put_family(struct sb *out, const struct rule_info *list, uint32_t n, const char *family,
	int width, bool color)
{
	static const char *const level[] = {"note", "warning", "error"};

	sb_printf(out, "%s%s%s\n", color ? "\033[1m" : "", family, color ? "\033[0m" : "");
	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(list[i].family, family))
			sb_printf(out, "  %c %-*s  %-7s  %s\n", list[i].by_default ? ' ' : '*',
				width, list[i].id, level[list[i].level], list[i].title);
}

int cmd_rules(const struct cli *c)
{
	const struct rule_info *list;
	uint32_t n = pipeline_rules(&list);
	bool color = report_color(c->color, STDOUT_FILENO), off = false;
	struct sb out = {0};
	int width = 0;

	for (uint32_t i = 0; i < n; i++) {
		int len = (int)strlen(list[i].id);

		width = len > width ? len : width;
		off |= !list[i].by_default;
	}
	for (uint32_t i = 0; i < n; i++) { /* each family where its first rule stands */
		uint32_t k = 0;

		while (strcmp(list[k].family, list[i].family))
			k++;
		if (k == i)
			put_family(&out, list, n, list[i].family, width, color);
	}
	if (off)
		sb_puts(&out, "* only with --all\n");
	return stdout_sb(&out);
}
