/* excerpt.c - the source line, the range underlined, the label behind it.
 *
 * Columns of findings are bytes. On the terminal a character is taken as one column wide, a tab
 * goes to the next multiple of TAB, and what cannot be shown is as wide as its escape. So a line is
 * rendered in three pieces (before, in, behind the range), and the widths of the first two place
 * the carets.
 */
#include "report/report_int.h"

enum {
	TAB = 4,
	WIDTH = 110,	   /* of a rendered line; longer ones show a window around the range */
	LEAD = 40,	   /* of the window before the range */
	BYTES = 4 * WIDTH, /* lines longer than this are cut before they are rendered */
};

/* Renders s, beginning at display column col; the column behind it. */
static uint32_t render(struct sb *out, const char *s, size_t n, uint32_t col)
{
	while (n) {
		const char *tab = memchr(s, '\t', n);
		size_t len = tab ? (size_t)(tab - s) : n, from = out->n;

		report_escape(out, s, len);
		col += count_chars(out->s + from, out->n - from);
		if (tab) {
			do
				sb_putc(out, ' ');
			while (++col % TAB);
			len++;
		}
		s += len;
		n -= len;
	}
	return col;
}

/* The beginning of the character that holds byte at. */
static size_t char_start(const char *s, size_t n, size_t at)
{
	uint32_t cp;

	for (size_t back = 0; back < 4 && back <= at; back++) {
		unsigned len = utf8_next(s + at - back, n - (at - back), &cp);

		if (len)
			return len > back ? at - back : at;
	}
	return at;
}

/* Offset of the character chars behind s. */
static size_t skip_chars(const char *s, size_t n, uint32_t chars)
{
	size_t i = 0;

	while (i < n && chars--) {
		i++;
		while (i < n && (s[i] & 0xC0) == 0x80)
			i++;
	}
	return i;
}

/* A line ready to be shown, and where in it the range lies: [from, to) in display columns. */
struct shown {
	struct sb text;
	uint32_t from, to;
};

static struct shown show(const char *s, size_t n, size_t from, size_t to)
{
	struct shown v = {0};
	bool cut_front = false, cut_back = false;
	uint32_t end;
	size_t len;

	from = char_start(s, n, from < n ? from : n);
	to = to < n ? to : n;
	if (to < n && char_start(s, n, to) != to)
		to = from; /* not an end: one caret will do */
	if (n > BYTES) {   /* someone's minified file */
		size_t first = from > LEAD ? char_start(s, n, from - LEAD) : 0;
		size_t last = char_start(s, n, n - first > BYTES ? first + BYTES : n);

		cut_front = first > 0;
		cut_back = last < n;
		s += first;
		n = last - first;
		from -= first;
		to = to - first < n ? to - first : n;
	}
	sb_puts(&v.text, "");
	v.from = render(&v.text, s, from, 0);
	v.to = to > from ? render(&v.text, s + from, to - from, v.from) : v.from;
	end = render(&v.text, s + (to > from ? to : from), n - (to > from ? to : from), v.to);
	if (end > WIDTH && v.from > WIDTH - LEAD) {
		uint32_t drop = v.from - LEAD;

		len = skip_chars(v.text.s, v.text.n, drop);
		memmove(v.text.s, v.text.s + len, v.text.n - len + 1);
		v.text.n -= len;
		v.from -= drop;
		v.to -= drop;
		end -= drop;
		cut_front = true;
	}
	if (end > WIDTH) {
		len = skip_chars(v.text.s, v.text.n, WIDTH);
		v.text.s[len] = '\0';
		v.text.n = len;
		v.to = v.to < WIDTH ? v.to : WIDTH;
		cut_back = true;
	}
	if (cut_front) {
		struct sb with = {0};

		sb_printf(&with, "...%s", v.text.s);
		sb_free(&v.text);
		v.text = with;
		v.from += 3;
		v.to += 3;
	}
	if (cut_back)
		sb_puts(&v.text, "...");
	while (v.text.n && v.text.s[v.text.n - 1] == ' ')
		v.text.s[--v.text.n] = '\0';
	return v;
}

static void put_gutter(const struct report_in *in, struct sb *out, unsigned width, uint32_t line)
{
	paint(in, out, PAINT_GUTTER);
	if (line)
		sb_printf(out, "%*u |", (int)width, line);
	else
		sb_printf(out, "%*s |", (int)width, "");
	unpaint(in, out);
}

bool put_excerpt(const struct report_in *in, struct sb *out, const struct where *at,
	const char *label, enum paint p, unsigned gutter)
{
	size_t n, from, to;
	const char *s = report_line(in->run->root, at->file, at->line, &n);
	struct shown v;

	if (!s)
		return false;
	from = at->col ? at->col - 1 : 0;
	to = at->end_line > at->line ? n : at->end_col > at->col ? at->end_col - 1 : from;
	v = show(s, n, from, to);
	put_gutter(in, out, gutter, 0);
	sb_putc(out, '\n');
	put_gutter(in, out, gutter, at->line);
	if (v.text.n)
		sb_printf(out, " %s", v.text.s);
	sb_putc(out, '\n');
	put_gutter(in, out, gutter, 0);
	sb_printf(out, " %*s", (int)v.from, "");
	paint(in, out, p);
	do
		sb_putc(out, '^');
	while (++v.from < v.to);
	if (label) {
		sb_putc(out, ' ');
		put_escaped(out, label);
	}
	unpaint(in, out);
	sb_putc(out, '\n');
	sb_free(&v.text);
	return true;
}
