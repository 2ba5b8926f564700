/* args_split.c - a command line into words.
 *
 * The rules are those of clang's JSONCompilationDatabase, not of a shell: a backslash takes the
 * next character as it is even between double quotes, and nothing is expanded. Most words hold
 * neither quote nor backslash and are slices of the input.
 */
#include "front/args.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_special(char c)
{
	return c == '\\' || c == '"' || c == '\'';
}

/* The first character of [p, end) for which something is to be done other than copying: c, or end.
 */
static const char *find(const char *p, const char *end, char c)
{
	const char *at = memchr(p, c, (size_t)(end - p));

	return at ? at : end;
}

static const char *find_special(const char *p, const char *end)
{
	const char *at = find(p, end, '\\');

	at = find(p, at, '"');
	return find(p, at, '\'');
}

/* A word with quotes, written to *buf, which moves on; returns where the word ends. */
static const char *unquote(const char *p, const char *end, char **buf, struct word *w)
{
	char quote = 0, *out = *buf;

	for (; p < end; p++) {
		if (quote == '\'' && *p != '\'') {
			*out++ = *p;
		} else if (*p == '\\') {
			if (p + 1 < end)
				*out++ = *++p;
		} else if (quote) {
			if (*p == quote)
				quote = 0;
			else
				*out++ = *p;
		} else if (is_special(*p)) {
			quote = *p;
		} else if (is_blank(*p)) {
			break;
		} else {
			*out++ = *p;
		}
	}
	*w = (struct word){*buf, (uint32_t)(out - *buf)};
	*buf = out;
	return p;
}

void args_split(const char *s, size_t n, struct words *out, struct arena *scratch)
{
	const char *p = s, *end = s + n, *special = find_special(s, end);
	char *buf = NULL; /* what is unquoted is never longer than the input */
	/* Blanks other than ' ' are rare: if there is none, words end where memchr says. */
	bool only_spaces = true;

	for (char c = '\t'; c <= '\r'; c++)
		only_spaces &= !memchr(s, c, n);
	for (;;) {
		struct word *w;
		const char *stop;

		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return;
		if (only_spaces)
			stop = find(p, end, ' ');
		else
			for (stop = p; stop < end && !is_blank(*stop);)
				stop++;
		w = vec_push(&out->w);
		if (special >= stop) {
			*w = (struct word){p, (uint32_t)(stop - p)};
			p = stop;
			continue;
		}
		if (!buf)
			buf = arena_alloc(scratch, (size_t)(end - p));
		p = unquote(p, end, &buf, w);
		if (special < p)
			special = find_special(p, end);
	}
}
