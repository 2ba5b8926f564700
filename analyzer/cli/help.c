/* help.c - --help, at most 80 columns wide, the general one at most 24 lines high. */
#include "cli/cli.h"

enum {
	INDENT = 25,
	WIDTH = 79,
	LISTED = 6, /* commands that the general help explains; it only names the others */
};

/* Words of text, wrapped; begins at column col of a line, further lines at column indent. */
static void put_wrapped(struct sb *out, const char *text, unsigned col, unsigned indent)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (!first && col + 1 + n > WIDTH) {
			sb_printf(out, "\n%*s", (int)indent, "");
			col = indent;
		} else if (!first) {
			sb_putc(out, ' ');
			col++;
		}
		sb_putn(out, text, n);
		col += (unsigned)n;
		text += n + (text[n] == ' ');
		first = false;
	}
	sb_putc(out, '\n');
}

static void put_row(struct sb *out, const char *left, const char *right)
{
	int n = (int)strlen(left);

	sb_printf(out, "  %s", left);
	if (n > INDENT - 4)
		sb_printf(out, "\n%*s", INDENT, "");
	else
		sb_printf(out, "%*s", INDENT - 2 - n, "");
	put_wrapped(out, right, INDENT, INDENT);
}

static void put_option(struct sb *out, const struct option_row *o, bool list_values)
{
	struct sb left = {0}, right = {0};

	if (o->letter)
		sb_printf(&left, "-%c, ", o->letter);
	else
		sb_puts(&left, "    ");
	sb_printf(&left, "--%s", o->name);
	if (o->arg)
		sb_printf(&left, *o->arg == '[' ? "%s" : " %s", o->arg);
	sb_puts(&right, o->doc);
	if (list_values && o->values && o->values[0] != '@') {
		sb_puts(&right, " (");
		put_values(&right, o, ", ");
		sb_putc(&right, ')');
	}
	put_row(out, left.s, right.s);
	sb_free(&left);
	sb_free(&right);
}

static void general(struct sb *out)
{
	struct sb more = {0};

	sb_puts(out, "usage: tvt-lint [COMMAND] [OPTION]... [FILE|DIR]...\n"
		     "Finds calls that block an event loop, races and long computations in C "
		     "programs.\n\n");
	for (int i = 0; i < CMD_COUNT && i < LISTED; i++) {
		struct sb left = {0};

		sb_printf(&left, "%s%s%s", commands[i].name, i && *commands[i].operands ? " " : "",
			i ? commands[i].operands : "");
		put_row(out, left.s, commands[i].title);
		sb_free(&left);
	}
	for (int i = LISTED; i < CMD_COUNT; i++)
		sb_printf(&more, "%s%s", i > LISTED ? ", " : "and ", commands[i].name);
	if (more.n)
		put_row(out, "", more.s);
	sb_free(&more);
	sb_putc(out, '\n');
	for (uint32_t i = 0; i < noption; i++)
		if (option_rows[i].common)
			put_option(out, &option_rows[i], false);
	sb_puts(out,
		"\nexit: 0 nothing found at or above --fail-on, 1 findings, 2 could not analyse\n"
		"more: tvt-lint COMMAND --help; man tvt-lint\n");
}

void help_print(struct sb *out, const struct command *cmd)
{
	if (!cmd) {
		general(out);
		return;
	}
	sb_printf(out, "usage: tvt-lint %s [OPTION]...%s%s\n", cmd->name, *cmd->operands ? " " : "",
		cmd->operands);
	put_wrapped(out, cmd->text, 0, 0);
	sb_putc(out, '\n');
	for (uint32_t i = 0; i < noption; i++)
		if (option_rows[i].commands >> (cmd - commands) & 1 &&
			(option_rows[i].common || option_rows[i].commands != (1u << CMD_COUNT) - 1))
			put_option(out, &option_rows[i], true);
}
