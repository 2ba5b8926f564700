/* str.c - string builder, patterns, "did you mean". */
#include "base/base.h"

/* Room for n more bytes and the NUL. */
static char *room(struct sb *b, size_t n)
{
	if (b->cap - b->n <= n) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		while (cap - b->n <= n)
			cap *= 2;
		b->s = xrealloc(b->s, cap);
		b->cap = cap;
	}
	return b->s + b->n;
}

void sb_reserve(struct sb *b, size_t n)
{
	room(b, n);
	b->s[b->n] = '\0';
}

void sb_putc(struct sb *b, char c)
{
	char *p = room(b, 1);

	p[0] = c;
	p[1] = '\0';
	b->n++;
}

void sb_putn(struct sb *b, const void *s, size_t n)
{
	char *p = room(b, n);

	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	b->n += n;
}

void sb_puts(struct sb *b, const char *s)
{
	sb_putn(b, s, strlen(s));
}

void sb_printf(struct sb *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	room(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->s + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void sb_free(struct sb *b)
{
	free(b->s);
	*b = (struct sb){0};
}

/* Well-formed UTF-8 as in RFC 3629, section 4: no overlong forms, no surrogates. */
unsigned utf8_next(const char *s, size_t n, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned len;
	uint32_t c;

	if (!n)
		return 0;
	c = p[0];
	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	if (c < 0xC2 || c > 0xF4 || n < len)
		return 0;
	c &= 0x7Fu >> len;
	for (unsigned i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*cp = c;
	return len;
}

/* C0 and C1 controls drive terminals; the bidirectional ones reorder what a reader sees. */
bool utf8_invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void sb_put_visible(struct sb *b, const char *s, size_t n)
{
	while (n) {
		uint32_t c;
		unsigned len = utf8_next(s, n, &c);

		if (!len)
			sb_printf(b, "\\x%02x", (unsigned char)*s);
		else if (c == '\n')
			sb_puts(b, "\\n");
		else if (c == '\t')
			sb_puts(b, "\\t");
		else if (!utf8_invisible(c))
			sb_putn(b, s, len);
		else
			sb_printf(b, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
		s += len ? len : 1;
		n -= len ? len : 1;
	}
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !memcmp(s + n - m, suffix, m);
}

enum { WORD = 64 };

/* Edit distance with swaps of neighbours counted as one edit (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t row[3][WORD + 1]; /* this row, the last one, the one before */

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *str_nearest(const char *word, const char *const *cands, size_t n)
{
	size_t len = strlen(word);
	size_t best = (len / 3 > 2 ? len / 3 : 2) + 1;
	const char *found = NULL;

	if (len > WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t m = strlen(cands[i]), d;

		if (m > WORD || (m > len ? m - len : len - m) >= best)
			continue;
		d = distance(word, len, cands[i], m);
		/* a distance as long as the word shares nothing with it */
		if (d < best && d < len && d < m) {
			best = d;
			found = cands[i];
		}
	}
	return found;
}

/* On a mismatch the last '*' takes one more character; earlier ones need not be tried again. */
bool str_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *retry = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			retry = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
