/* remark.c - comments that speak to this tool, in the text of a file: `// tvt: ...` and the same between slash-star and
 * star-slash, as far as its first line goes. A comment holds one: what follows on its line is its text.
 *
 * Each line is looked at a fixed number of times, so that a file of nothing else takes no longer than another.
 */
#include "front/remark.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *trim(const char *begin, const char *end)
{
	while (end > begin && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	return end;
}

struct line {
	const char *begin, *end;
	const char *last; /* end without blanks */
	uint32_t number;
};

/* The line that s is in; *at is one before it, or that. */
static void to_line(struct line *at, const char *s, const char *end)
{
	while (s > at->end) {
		const char *nl;

		at->begin = at->end + 1;
		at->number++;
		nl = memchr(at->begin, '\n', (size_t)(end - at->begin));
		at->end = nl ? nl : end;
		at->last = NULL;
	}
	if (!at->last)
		at->last = trim(at->begin, at->end);
}

/* `tvt:` at s: is it the beginning of a comment? Where to go on. */
static const char *remark_at(const struct line *at, const char *s, remark_fn *take, void *ctx)
{
	const char *open = s, *body = s + strlen("tvt:"), *close = at->last;
	bool alone;

	while (open > at->begin && strchr("*/!< \t", open[-1]) && open[-1])
		open--;
	while (open < s && is_blank(*open))
		open++;
	if (s - open < 2 || open[0] != '/' || (open[1] != '/' && open[1] != '*'))
		return body;
	if (close < body)
		close = body;
	alone = trim(at->begin, open) == at->begin;
	if (open[1] == '*') {
		const char *star = memmem(body, (size_t)(close - body), "*/", 2);

		if (star) {
			alone &= star + 2 == close;
			close = star;
		}
	}
	while (body < close && is_blank(*body))
		body++;
	take(ctx, at->number, alone, body, (size_t)(trim(body, close) - body));
	return close;
}

void remarks_find(const char *text, size_t size, remark_fn *take, void *ctx)
{
	const char *end = text + size, *nl = memchr(text, '\n', size), *s = text;
	struct line at = {.begin = text, .end = nl ? nl : end, .number = 1};

	while ((s = memmem(s, (size_t)(end - s), "tvt:", 4))) {
		to_line(&at, s, end);
		s = remark_at(&at, s, take, ctx);
	}
}
