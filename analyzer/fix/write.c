/* write.c - which edits go together, and what comes out of them. */
#include "fix/fix_int.h"

#include <stdlib.h>
#include <string.h>

int patch_order(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;
	int d = strcmp(x->file, y->file);

	if (d)
		return d;
	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->to > y->to) - (x->to < y->to);
}

/* An insertion touches what begins or ends there: in which order the two go is nowhere said. */
static bool touch(const struct patch *a, const struct patch *b)
{
	if (strcmp(a->file, b->file))
		return false;
	if (a->from == a->to || b->from == b->to)
		return a->from <= b->to && b->from <= a->to;
	return a->from < b->to && b->from < a->to;
}

bool fix_same(const struct fix *a, const struct fix *b)
{
	if (a->nedit != b->nedit)
		return false;
	for (uint32_t i = 0; i < a->nedit; i++)
		if (patch_order(&a->edits[i], &b->edits[i]) || strcmp(a->edits[i].text, b->edits[i].text))
			return false;
	return true;
}

static bool clash(const struct fix *a, const struct fix *b)
{
	for (uint32_t i = 0; i < a->nedit; i++)
		for (uint32_t k = 0; k < b->nedit; k++)
			if (touch(&a->edits[i], &b->edits[k]))
				return true;
	return false;
}

uint32_t fix_choose(const struct finding *f, uint32_t n, bool *chosen)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		chosen[i] = f[i].fix && !finding_quiet(&f[i]);
		for (uint32_t k = 0; k < i && chosen[i]; k++) {
			if (!chosen[k] || !clash(f[k].fix, f[i].fix))
				continue;
			chosen[i] = false;
			left += !fix_same(f[k].fix, f[i].fix); /* the same edit mends both */
		}
	}
	return left;
}

struct patch *fix_edits(const struct finding *f, uint32_t n, const bool *chosen, uint32_t *count)
{
	VEC(struct patch) all = {0};

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; chosen[i] && k < f[i].fix->nedit; k++)
			vec_add(&all, f[i].fix->edits[k]);
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, patch_order);
	*count = all.n;
	return all.v;
}

void fix_apply(const char *text, size_t n, const struct patch *e, uint32_t count, struct sb *out)
{
	size_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		sb_putn(out, text + at, e[i].from - at);
		sb_puts(out, e[i].text);
		at = e[i].to;
	}
	sb_putn(out, text + at, n - at);
}

/* ---- diffs ---- */

/* Begin of the line that holds byte at; behind the end of it. */
static size_t line_from(const char *s, size_t at)
{
	while (at && s[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_to(const char *s, size_t n, size_t at)
{
	const char *nl = at < n ? memchr(s + at, '\n', n - at) : NULL;

	return nl ? (size_t)(nl - s) + 1 : n;
}

static uint32_t count_lines(const char *s, size_t n)
{
	uint32_t lines = n && s[n - 1] != '\n';

	for (size_t i = 0; i < n; i++)
		lines += s[i] == '\n';
	return lines;
}

static void put_lines(struct sb *out, char mark, const char *s, size_t n)
{
	for (size_t at = 0, to; at < n; at = to) {
		to = line_to(s, n, at);
		sb_putc(out, mark);
		sb_putn(out, s + at, to - at);
		if (s[to - 1] != '\n')
			sb_puts(out, "\n\\ No newline at end of file\n");
	}
}

struct change { /* whole lines, from <= bytes < to, and what they become */
	size_t from, to;
	struct sb text;
};

/* Leaves out the lines at both ends that stay as they are. */
static void trim(const char *s, struct change *c)
{
	for (size_t n; c->text.n && c->from < c->to; c->from += n) {
		n = line_to(s, c->to, c->from) - c->from;
		if (n > c->text.n || memcmp(s + c->from, c->text.s, n) || s[c->from + n - 1] != '\n')
			break;
		c->text.n -= n;
		memmove(c->text.s, c->text.s + n, c->text.n + 1);
	}
	while (c->text.n && c->from < c->to) {
		size_t at = line_from(s, c->to - 1), n = c->to - at;

		if (n > c->text.n || (n < c->text.n && c->text.s[c->text.n - n - 1] != '\n') ||
			memcmp(s + at, c->text.s + c->text.n - n, n))
			break;
		c->text.n -= n;
		c->to = at;
	}
}

static size_t context_before(const char *s, size_t at)
{
	for (int i = 0; i < 3 && at; i++)
		at = line_from(s, at - 1);
	return at;
}

static size_t context_behind(const char *s, size_t n, size_t at)
{
	for (int i = 0; i < 3 && at < n; i++)
		at = line_to(s, n, at);
	return at;
}

static void put_hunk(const char *s, size_t n, const struct change *c, uint32_t count, uint32_t *moved, struct sb *out)
{
	size_t from = context_before(s, c->from), to = context_behind(s, n, c[count - 1].to), at = from;
	uint32_t first = count_lines(s, from), old = count_lines(s + from, to - from), new = old;

	for (uint32_t i = 0; i < count; i++)
		new += count_lines(c[i].text.s ? c[i].text.s : "", c[i].text.n) - count_lines(s + c[i].from, c[i].to - c[i].from);
	sb_printf(out, "@@ -%u,%u +%u,%u @@\n", first + (old != 0), old, first + *moved + (new != 0), new);
	*moved += new - old;
	for (uint32_t i = 0; i < count; i++) {
		put_lines(out, ' ', s + at, c[i].from - at);
		put_lines(out, '-', s + c[i].from, c[i].to - c[i].from);
		put_lines(out, '+', c[i].text.s ? c[i].text.s : "", c[i].text.n);
		at = c[i].to;
	}
	put_lines(out, ' ', s + at, to - at);
}

void fix_diff(const char *file, const char *text, size_t n, const struct patch *e, uint32_t count, struct sb *out)
{
	VEC(struct change) changes = {0};
	uint32_t moved = 0;

	for (uint32_t i = 0, k; i < count; i = k) {
		struct change c = {.from = line_from(text, e[i].from), .to = line_to(text, n, e[i].to)};

		for (k = i + 1; k < count && e[k].from <= c.to; k++)
			c.to = line_to(text, n, e[k].to);
		struct patch *here = xcalloc(k - i, sizeof *here);
		for (uint32_t j = i; j < k; j++)
			here[j - i] = (struct patch){e[j].file, e[j].from - (uint32_t)c.from, e[j].to - (uint32_t)c.from, e[j].text, 0};
		fix_apply(text + c.from, c.to - c.from, here, k - i, &c.text);
		free(here);
		trim(text, &c);
		vec_add(&changes, c);
	}
	sb_printf(out, "--- a/%s\n+++ b/%s\n", file, file);
	for (uint32_t i = 0, k; i < changes.n; i = k) {
		for (k = i + 1; k < changes.n && context_before(text, changes.v[k].from) <= context_behind(text, n, changes.v[k - 1].to); k++)
			;
		put_hunk(text, n, &changes.v[i], k - i, &moved, out);
	}
	for (uint32_t i = 0; i < changes.n; i++)
		sb_free(&changes.v[i].text);
	vec_free(&changes);
}
