/* source.c - the user's sources: lines for excerpts, columns in UTF-16 and GitHub's hash of a line.
 *
 * Each file is read once and kept. Findings point into few files, so nothing is evicted.
 */
#include "report/report_int.h"

enum { HASHED = 100, BASE = 37 };

struct source {
	char *text; /* NULL: cannot be read */
	size_t size;
	VEC(uint32_t) lines; /* offset of each line's first byte */
	VEC(struct line_id {
		uint64_t hash;
		uint32_t occurrence;
	})
	ids; /* per line, once someone asked */
};

/* A source is asked for by every format that is written in one run. */
static VEC(struct source) sources;
static struct map by_path;

/* Offset behind the end of the line that begins at p, and *n its length without the end. */
static size_t line_after(const char *text, size_t size, size_t p, size_t *n)
{
	size_t q = p;

	while (q < size && text[q] != '\n' && text[q] != '\r')
		q++;
	*n = q - p;
	if (q < size)
		q += text[q] == '\r' && q + 1 < size && text[q + 1] == '\n' ? 2 : 1;
	return q;
}

static void find_lines(struct source *s)
{
	size_t n, p = 0;

	do {
		vec_add(&s->lines, (uint32_t)p);
		p = line_after(s->text, s->size, p, &n);
	} while (p < s->size);
	/* behind a final line end there is one more line, an empty one: compilers report there too
	 */
	if (s->size && strchr("\r\n", s->text[s->size - 1]))
		vec_add(&s->lines, (uint32_t)s->size);
}

static struct source *source_get(const char *root, const char *file)
{
	struct sb path = {0};
	struct source *s;
	uint32_t *slot;

	if (!file || !*file)
		return NULL;
	if (*file != '/' && root && *root)
		sb_printf(&path, "%s/%s", root, file);
	else
		sb_puts(&path, file);
	slot = map_slot(&by_path, hash_bytes(path.s, path.n), sources.n);
	if (*slot < sources.n) {
		s = &sources.v[*slot];
	} else {
		s = vec_push(&sources);
		*s = (struct source){0};
		if (fs_read_quiet(path.s, &s->text, &s->size) < 0)
			s->text = NULL;
		else
			find_lines(s);
	}
	sb_free(&path);
	return s->text ? s : NULL;
}

const char *report_line(const char *root, const char *file, uint32_t line, size_t *n)
{
	struct source *s = source_get(root, file);

	if (!s || !line || line > s->lines.n)
		return NULL;
	line_after(s->text, s->size, s->lines.v[line - 1], n);
	return s->text + s->lines.v[line - 1];
}

void report_forget(void)
{
	for (uint32_t i = 0; i < sources.n; i++) {
		free(sources.v[i].text);
		vec_free(&sources.v[i].lines);
		vec_free(&sources.v[i].ids);
	}
	vec_free(&sources);
	map_free(&by_path);
	by_path = (struct map){0};
}

/* ---- UTF-16 ---- */

/* Length of the maximal subpart of an ill-formed sequence: what could still have become a
 * character. */
static unsigned bad_length(const unsigned char *s, size_t n)
{
	unsigned char c = s[0], lo = 0x80, hi = 0xBF;
	unsigned want = c >= 0xC2 && c <= 0xDF	 ? 2
			: c >= 0xE0 && c <= 0xEF ? 3
			: c >= 0xF0 && c <= 0xF4 ? 4
						 : 1;
	unsigned len = 1;

	if (c == 0xE0)
		lo = 0xA0;
	else if (c == 0xED)
		hi = 0x9F;
	else if (c == 0xF0)
		lo = 0x90;
	else if (c == 0xF4)
		hi = 0x8F;
	while (len < want && len < n && s[len] >= lo && s[len] <= hi) {
		lo = 0x80;
		hi = 0xBF;
		len++;
	}
	return len;
}

/* The next character, U+FFFD for what is none; its length in bytes. */
static unsigned decode(const char *s, size_t n, uint32_t *cp)
{
	unsigned len = utf8_next(s, n, cp);

	if (len)
		return len;
	*cp = 0xFFFD;
	return bad_length((const unsigned char *)s, n);
}

uint32_t utf16_length(const char *s, size_t n)
{
	uint32_t units = 0, cp;

	while (n) {
		unsigned len = decode(s, n, &cp);

		units += cp > 0xFFFF ? 2 : 1;
		s += len;
		n -= len;
	}
	return units;
}

uint32_t utf16_column(const char *root, const char *file, uint32_t line, uint32_t col)
{
	size_t n, before = col ? col - 1 : 0;
	const char *s = report_line(root, file, line, &n);

	if (!s)
		return col;
	/* one behind the end of the line is a column; farther out there is nothing to convert */
	if (before > n)
		return utf16_length(s, n) + (uint32_t)(before - n) + 1;
	return utf16_length(s, before) + 1;
}

/* ---- GitHub's line hash ----
 *
 * As github/codeql-action computes it from the checked-out file (src/fingerprints.ts): the first
 * 100 UTF-16 units from the line's start on, without spaces and tabs, line ends being one LF, then
 * 0xFFFF for the end of the file, then zeros; read as digits of a number to the base 37, modulo
 * 2^64. Equal hashes are numbered in the order of their lines. A LF is part of the line end before
 * it only directly behind the CR.
 */
static void number_lines(struct source *s)
{
	VEC(uint16_t) units = {0};
	VEC(uint32_t) starts = {0}; /* first unit of each line */
	struct map seen = {0};
	uint64_t hash = 0, top = 1;
	bool line_start = true, after_cr = false;

	for (size_t p = 0; p <= s->size;) {
		uint32_t cp = 0xFFFF;
		bool eof = p == s->size;

		p += eof ? 1 : decode(s->text + p, s->size - p, &cp);
		if (!eof && (cp == ' ' || cp == '\t' || (after_cr && cp == '\n'))) {
			after_cr = false;
			continue;
		}
		after_cr = cp == '\r';
		if (after_cr)
			cp = '\n';
		if (line_start)
			vec_add(&starts, units.n);
		line_start = cp == '\n';
		if (cp > 0xFFFF) {
			vec_add(&units, (uint16_t)(0xD800 + ((cp - 0x10000) >> 10)));
			cp = 0xDC00 + ((cp - 0x10000) & 0x3FF);
		}
		vec_add(&units, (uint16_t)cp);
	}
	for (int i = 0; i < HASHED; i++) {
		vec_add(&units, 0);
		top *= BASE;
	}
	for (uint32_t i = 0, line = 0; line < starts.n; i++) {
		hash = hash * BASE + units.v[i];
		if (i >= HASHED)
			hash -= top * units.v[i - HASHED];
		if (i + 1 == starts.v[line] + HASHED) {
			uint32_t *count = map_slot(&seen, hash, 0);

			vec_add(&s->ids, ((struct line_id){hash, ++*count}));
			line++;
		}
	}
	vec_free(&units);
	vec_free(&starts);
	map_free(&seen);
}

bool line_hash(const char *root, const char *file, uint32_t line, char buf[40])
{
	struct source *s = source_get(root, file);

	if (!s)
		return false;
	if (!s->ids.n)
		number_lines(s);
	if (!line || line > s->ids.n)
		return false;
	snprintf(buf, 40, "%llx:%u", (unsigned long long)s->ids.v[line - 1].hash,
		s->ids.v[line - 1].occurrence);
	return true;
}
