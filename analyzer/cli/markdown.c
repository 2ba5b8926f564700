/* markdown.c - a rule's page on a terminal.
 *
 * As much of Markdown as the pages use: headings, paragraphs, lists, fenced code, block quotes,
 * tables (left as they are), and `code`, **strong**, *emphasis* and [links](to) inside text.
 * Everything else is text. Blocks are found line by line; the text of a block is gathered and
 * wrapped as one.
 */
#include "cli/cli.h"

#include <ctype.h>

struct render {
	struct sb *out;
	unsigned width;
	bool color;
	struct sb text;	  /* of the block that is being gathered */
	unsigned indent;  /* of its lines */
	const char *mark; /* before its first line: "- " */
	bool gap;	  /* something is above: an empty line comes first */
};

static void style(struct render *r, struct sb *to, const char *sequence)
{
	if (r->color)
		sb_puts(to, sequence);
}

/* ---- inside text ---- */

/* Length of the run up to the closing mark, 0 if there is none in this word sequence. */
static size_t span(const char *s, const char *mark)
{
	const char *end = strstr(s, mark);

	return end && end > s ? (size_t)(end - s) : 0;
}

/* One piece of inline text at s, rendered; how much of s it was. */
static size_t put_inline(struct render *r, struct sb *to, const char *s)
{
	size_t n, m;

	if (*s == '`' && (n = span(s + 1, "`"))) {
		style(r, to, "\033[36m");
		sb_put_visible(to, s + 1, n);
		style(r, to, "\033[39m");
		return n + 2;
	}
	if (s[0] == '*' && s[1] == '*' && (n = span(s + 2, "**"))) {
		style(r, to, "\033[1m");
		sb_put_visible(to, s + 2, n);
		style(r, to, "\033[22m");
		return n + 4;
	}
	if (*s == '*' && !isspace((unsigned char)s[1]) && (n = span(s + 1, "*"))) {
		style(r, to, "\033[4m");
		sb_put_visible(to, s + 1, n);
		style(r, to, "\033[24m");
		return n + 2;
	}
	if (*s == '[' && (n = span(s + 1, "](")) && (m = span(s + n + 3, ")"))) {
		sb_put_visible(to, s + 1, n);
		sb_puts(to, " (");
		sb_put_visible(to, s + n + 3, m);
		sb_putc(to, ')');
		return n + m + 4;
	}
	n = 1;
	while ((s[n] & 0xC0) == 0x80)
		n++;
	sb_put_visible(to, s, n);
	return n;
}

/* Columns of a rendered word: escape sequences take none. */
static unsigned width_of(const char *s, size_t n)
{
	unsigned w = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\033') {
			while (i < n && s[i] != 'm')
				i++;
			continue;
		}
		w += (s[i] & 0xC0) != 0x80;
	}
	return w;
}

/* The gathered text, wrapped. */
static void flush(struct render *r)
{
	struct sb line = {0};
	unsigned col = r->indent;
	bool first = true;

	if (!r->text.n)
		return;
	for (const char *s = r->text.s; *s;)
		s += put_inline(r, &line, s);
	if (r->gap)
		sb_putc(r->out, '\n');
	r->gap = true;
	sb_printf(r->out, "%*s%s", (int)(r->indent - strlen(r->mark)), "", r->mark);
	for (const char *s = line.s; *s;) {
		size_t n = strcspn(s, " ");
		unsigned w = width_of(s, n);

		if (!first && col + 1 + w > r->width) {
			sb_printf(r->out, "\n%*s", (int)r->indent, "");
			col = r->indent;
		} else if (!first) {
			sb_putc(r->out, ' ');
			col++;
		}
		sb_putn(r->out, s, n);
		col += w;
		s += n;
		s += strspn(s, " ");
		first = false;
	}
	sb_putc(r->out, '\n');
	sb_free(&line);
	sb_free(&r->text);
	r->indent = 0;
	r->mark = "";
}

/* ---- blocks ---- */

static void heading(struct render *r, const char *s, size_t n)
{
	size_t level = strspn(s, "#");

	flush(r);
	s += level;
	n -= level;
	while (n && *s == ' ') {
		s++;
		n--;
	}
	if (r->gap)
		sb_putc(r->out, '\n');
	style(r, r->out, level == 1 ? "\033[1;4m" : "\033[1m");
	sb_put_visible(r->out, s, n);
	style(r, r->out, "\033[0m");
	sb_putc(r->out, '\n');
	r->gap = level == 1;
}

static void put_code(struct render *r, const char *s, size_t n)
{
	sb_puts(r->out, n ? "    " : "");
	for (size_t from = 0, i = 0; i <= n; i++) {
		if (i < n && s[i] != '\t')
			continue;
		sb_put_visible(r->out, s + from, i - from);
		if (i < n)
			sb_puts(r->out, "    ");
		from = i + 1;
	}
	sb_putc(r->out, '\n');
}

/* Length of a list's mark at s ("- ", "12. "), 0 if it is none. */
static size_t list_mark(const char *s, size_t n)
{
	size_t d = 0;

	if (n > 2 && strchr("-*+", *s) && s[1] == ' ')
		return 2;
	while (d < n && isdigit((unsigned char)s[d]))
		d++;
	return d && d + 1 < n && s[d] == '.' && s[d + 1] == ' ' ? d + 2 : 0;
}

static void gather(struct render *r, const char *s, size_t n)
{
	if (r->text.n)
		sb_putc(&r->text, ' ');
	sb_putn(&r->text, s, n);
}

static void item(struct render *r, const char *s, size_t n, size_t depth, size_t mark)
{
	static char buf[16];
	bool below = *r->mark || r->indent;

	flush(r);
	if (below)
		r->gap = false; /* items of one list lie close together */
	snprintf(buf, sizeof buf, "%.*s", (int)mark, s);
	r->mark = buf;
	r->indent = (unsigned)(depth + strlen(buf));
	gather(r, s + mark, n - mark);
}

void markdown_render(struct sb *out, const char *text, unsigned width, bool color)
{
	struct render r = {
		.out = out, .width = width < 20 ? 20 : width, .color = color, .mark = ""};
	bool code = false;

	while (*text) {
		size_t n = strcspn(text, "\n"), lead = strspn(text, " "), mark;
		const char *line = text, *s = text + lead;

		text += n + (text[n] == '\n');
		while (n > lead && isspace((unsigned char)line[n - 1]))
			n--;
		if (n < lead)
			lead = n;
		if (str_starts(s, "```")) {
			flush(&r);
			if (!code && r.gap)
				sb_putc(out, '\n');
			r.gap = code = !code;
			r.gap = true;
		} else if (code) {
			put_code(&r, line, n);
		} else if (n == lead) {
			flush(&r);
		} else if (*s == '#') {
			heading(&r, s, n - lead);
		} else if (*s == '|') {
			flush(&r);
			if (r.gap)
				sb_putc(out, '\n');
			r.gap = false;
			put_code(&r, s, n - lead);
		} else if ((mark = list_mark(s, n - lead))) {
			item(&r, s, n - lead, lead, mark);
		} else {
			if (*s == '>') {
				r.indent = r.text.n ? r.indent : 2;
				s += s[1] == ' ' ? 2 : 1;
			}
			gather(&r, s, (size_t)(line + n - s));
		}
	}
	flush(&r);
}
