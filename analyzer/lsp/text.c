/* text.c - texts, positions, and how edits move them. */
#include "lsp/text.h"

static void find_lines(struct text *t)
{
	t->line.n = 0;
	vec_add(&t->line, 0);
	for (size_t i = 0; i < t->n;) {
		const char *p = memchr(t->s + i, '\n', t->n - i);
		size_t end = p ? (size_t)(p - t->s) : t->n;
		const char *cr = memchr(t->s + i, '\r', end - i);

		/* a CR alone ends a line too */
		while (cr && cr + 1 < t->s + end) {
			vec_add(&t->line, (size_t)(cr + 1 - t->s));
			cr = memchr(cr + 1, '\r', (size_t)(t->s + end - cr - 1));
		}
		if (cr && !p)
			vec_add(&t->line, t->n);
		if (!p)
			break;
		vec_add(&t->line, end + 1);
		i = end + 1;
	}
}

void text_set(struct text *t, const char *s, size_t n)
{
	free(t->s);
	t->s = xmalloc(n + 1);
	memcpy(t->s, s, n);
	t->s[n] = '\0';
	t->n = n;
	find_lines(t);
}

void text_free(struct text *t)
{
	free(t->s);
	vec_free(&t->line);
	*t = (struct text){0};
}

const char *text_line(const struct text *t, uint32_t line, size_t *n)
{
	size_t from, to;

	*n = 0;
	if (line >= t->line.n)
		return "";
	from = t->line.v[line];
	to = line + 1 < t->line.n ? t->line.v[line + 1] : t->n;
	while (to > from && (t->s[to - 1] == '\n' || t->s[to - 1] == '\r'))
		to--;
	*n = to - from;
	return t->s + from;
}

/* One character of the text: its bytes; its length in the encoding. What is not UTF-8 counts a byte as one. */
static unsigned step(const char *s, size_t n, enum encoding enc, unsigned *units)
{
	uint32_t cp;
	unsigned len = (unsigned char)*s < 0x80 ? 1 : utf8_next(s, n, &cp);

	if (!len || (unsigned char)*s < 0x80) {
		*units = 1;
		return 1;
	}
	*units = enc == ENC_UTF8 ? len : enc == ENC_UTF16 && cp > 0xFFFF ? 2 : 1;
	return len;
}

uint32_t enc_length(const char *s, size_t n, enum encoding enc)
{
	uint32_t sum = 0;
	unsigned units;

	if (enc == ENC_UTF8)
		return (uint32_t)n;
	for (size_t i = 0; i < n; sum += units)
		i += step(s + i, n - i, enc, &units);
	return sum;
}

size_t text_offset(const struct text *t, struct pos p, enum encoding enc)
{
	const char *s;
	size_t n, i = 0;
	uint32_t ch = 0;

	if (p.line >= t->line.n)
		return t->n;
	s = text_line(t, p.line, &n);
	while (i < n && ch < p.ch) {
		unsigned units, len = step(s + i, n - i, enc, &units);

		if (ch + units > p.ch) /* inside a character: before it */
			break;
		ch += units;
		i += len;
	}
	return t->line.v[p.line] + i;
}

struct pos text_pos(const struct text *t, size_t offset, enum encoding enc)
{
	uint32_t lo = 0, hi = t->line.n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->line.v[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	if (offset > t->n)
		offset = t->n;
	return (struct pos){lo, enc_length(t->s + t->line.v[lo], offset - t->line.v[lo], enc)};
}

static struct edit splice(struct text *t, size_t from, size_t to, const char *s, size_t n, enum encoding enc)
{
	struct edit e = {text_pos(t, from, enc), text_pos(t, to, enc), {0, 0}};
	char *all = xmalloc(t->n - (to - from) + n + 1);

	memcpy(all, t->s, from);
	memcpy(all + from, s, n);
	memcpy(all + from + n, t->s + to, t->n - to + 1);
	free(t->s);
	t->s = all;
	t->n += n - (to - from);
	find_lines(t);
	e.now = text_pos(t, from + n, enc);
	return e;
}

struct edit text_replace(struct text *t, struct range r, const char *s, size_t n, enum encoding enc)
{
	size_t from = text_offset(t, r.a, enc), to = text_offset(t, r.b, enc);

	if (to < from)
		to = from;
	return splice(t, from, to, s, n, enc);
}

struct edit text_replace_all(struct text *t, const char *s, size_t n, enum encoding enc)
{
	size_t least = n < t->n ? n : t->n, head = 0, tail = 0;

	while (head < least && s[head] == t->s[head])
		head++;
	while (head && head < t->n && s[head - 1] != '\n') /* whole lines */
		head--;
	while (tail < least - head && s[n - 1 - tail] == t->s[t->n - 1 - tail])
		tail++;
	while (tail && t->s[t->n - tail - 1] != '\n')
		tail--;
	return splice(t, head, t->n - tail, s + head, n - head - tail, enc);
}

struct pos pos_move(struct pos p, const struct edit *e, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (pos_before(p, e[i].from))
			continue;
		if (pos_before(p, e[i].old)) { /* it is gone */
			p = e[i].from;
			continue;
		}
		if (p.line == e[i].old.line)
			p.ch = e[i].now.ch + (p.ch - e[i].old.ch);
		p.line += e[i].now.line - e[i].old.line;
	}
	return p;
}

bool range_move(struct range *r, const struct edit *e, uint32_t n)
{
	bool whole = true;

	for (uint32_t i = 0; i < n; i++) {
		/* text put in at its end does not lengthen it */
		bool at_end = !pos_before(e[i].from, r->b);

		if (pos_before(r->a, e[i].old) && pos_before(e[i].from, r->b))
			whole = false;
		if (pos_before(r->a, e[i].from) && pos_before(e[i].from, r->b))
			whole = false;
		r->a = pos_move(r->a, &e[i], 1);
		if (!at_end)
			r->b = pos_move(r->b, &e[i], 1);
		if (pos_before(r->b, r->a))
			r->b = r->a;
	}
	return whole;
}
