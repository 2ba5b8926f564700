/* color.c - when to colour, and the colours. */
#include "report/report_int.h"

#include <unistd.h>

static bool is_set(const char *name)
{
	const char *v = getenv(name);

	return v && *v;
}

static bool is_forced(const char *name)
{
	return is_set(name) && strcmp(getenv(name), "0");
}

bool report_color(enum color_when when, int fd)
{
	const char *term = getenv("TERM"), *cli = getenv("CLICOLOR");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	if (is_forced("FORCE_COLOR") || is_forced("CLICOLOR_FORCE"))
		return true;
	if (is_set("NO_COLOR") || (cli && !strcmp(cli, "0")))
		return false;
	return term && *term && strcmp(term, "dumb") && isatty(fd);
}

bool report_links(enum color_when when, int fd)
{
	return report_color(when, fd) && isatty(fd);
}

/* Only the eight colours that every terminal lets its user choose. */
static const char *const sequence[] = {
	[PAINT_PLAIN] = "",
	[PAINT_BOLD] = "\033[1m",
	[PAINT_NOTE] = "\033[1;36m",
	[PAINT_WARNING] = "\033[1;33m",
	[PAINT_ERROR] = "\033[1;31m",
	[PAINT_GUTTER] = "\033[1;34m",
	[PAINT_GOOD] = "\033[1;32m",
};

void paint(const struct report_in *in, struct sb *out, enum paint p)
{
	if (in->color)
		sb_puts(out, sequence[p]);
}

void unpaint(const struct report_in *in, struct sb *out)
{
	if (in->color)
		sb_puts(out, "\033[0m");
}

void put_painted(const struct report_in *in, struct sb *out, enum paint p, const char *s)
{
	paint(in, out, p);
	put_escaped(out, s);
	unpaint(in, out);
}

enum paint level_paint(enum level l)
{
	return l == LEVEL_ERROR ? PAINT_ERROR : l == LEVEL_WARNING ? PAINT_WARNING : PAINT_NOTE;
}
