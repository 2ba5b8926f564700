/* lex.c - tokens of the model format.
 *
 * Lines matter: an entry starts in the first column, and indented lines continue it. So the end of
 * a line is a token of its own, T_LINE or T_END, except inside parentheses and braces. '#' starts a
 * comment.
 */
#include "model/model_int.h"

#include <ctype.h>

/* At a line's end: moves behind blank lines and comments to the next line that says something. True
 * if that line is indented. */
static bool next_line(struct parser *p)
{
	for (;;) {
		const char *s;

		p->p += strcspn(p->p, "\n");
		if (!*p->p)
			return false;
		p->p++;
		p->line++;
		p->bol = s = p->p;
		while (*s == ' ' || *s == '\t' || *s == '\r')
			s++;
		if (*s == '\0')
			return false;
		if (*s == '\n' || *s == '#')
			continue;
		return s != p->bol;
	}
}

void lex_next(struct parser *p)
{
	struct token *t = &p->tok;
	const char *s;

	p->prev = p->p;
again:
	while (*p->p == ' ' || *p->p == '\t' || *p->p == '\r')
		p->p++;
	s = p->p;
	*t = (struct token){
		.kind = T_PUNCT, .s = s, .n = 1, .line = p->line, .col = (int)(s - p->bol) + 1};
	if (*s == '\0' || *s == '\n' || *s == '#') {
		bool more = next_line(p);

		if (p->depth && more)
			goto again;
		t->kind = more ? T_LINE : T_END;
		t->n = 0;
		return;
	}
	if (word_char(*s) && !isdigit((unsigned char)*s)) {
		t->kind = T_WORD;
		while (word_char(*s))
			s++;
	} else if (isdigit((unsigned char)*s) || (*s == '-' && isdigit((unsigned char)s[1]))) {
		/* 10, 0x1f, -1, 0.5; the unit of 10ms is a token of its own */
		t->kind = T_NUM;
		s++;
		if (s[-1] == '0' && (*s == 'x' || *s == 'X')) {
			for (s++; isxdigit((unsigned char)*s);)
				s++;
		} else {
			while (isdigit((unsigned char)*s) ||
				(*s == '.' && isdigit((unsigned char)s[1])))
				s++;
		}
	} else if (*s == '"') {
		const char *end = strpbrk(s + 1, "\"\n");

		if (end && *end == '"') {
			t->kind = T_STR;
			t->s = s + 1;
			t->n = (uint32_t)(end - s - 1);
			p->p = end + 1;
			return;
		}
		s++;
	} else if (!strncmp(s, "...", 3)) {
		s += 3;
	} else if (!strncmp(s, "..", 2) || !strncmp(s, "->", 2) || !strncmp(s, "<=", 2) ||
		   !strncmp(s, ">=", 2)) {
		s += 2;
	} else {
		uint32_t cp;
		unsigned n = utf8_next(s, strnlen(s, 4), &cp);

		s += n ? n : 1;
	}
	t->n = (uint32_t)(s - t->s);
	p->p = s;
}

bool lex_accept(struct parser *p, const char *s)
{
	if (!tok_is(p, s))
		return false;
	lex_next(p);
	return true;
}

bool lex_expect(struct parser *p, const char *s)
{
	char what[64];

	if (lex_accept(p, s))
		return true;
	snprintf(what, sizeof what, "'%s'", s);
	return lex_wrong(p, what, &s, 1);
}

const char *lex_rest(struct parser *p, struct token *text)
{
	const char *s = p->p, *end;

	while (*s == ' ' || *s == '\t')
		s++;
	end = s + strcspn(s, "\n");
	*text = (struct token){
		.kind = T_STR, .s = s, .line = p->line, .col = (int)(s - p->bol) + 1};
	p->p = end;
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	text->n = (uint32_t)(end - s);
	lex_next(p);
	return arena_strndup(p->m->mem, s, text->n);
}

bool lex_error(struct parser *p, const struct token *at, const char *fmt, ...)
{
	va_list ap;
	char msg[512];

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	if (p->why)
		*p->why = arena_strdup(p->m->mem, msg);
	else
		error("%s:%d:%d: %s", p->file, at->line, at->col, msg);
	return false;
}

bool lex_wrong(struct parser *p, const char *what, const char *const *cands, size_t n)
{
	const struct token *t = &p->tok;
	char found[80], word[64];
	const char *near = NULL;

	if (t->kind == T_LINE || t->kind == T_END)
		snprintf(found, sizeof found, "the line ends");
	else
		snprintf(found, sizeof found, "found '%.*s'", (int)(t->n < 60 ? t->n : 60), t->s);
	if (t->kind == T_WORD && t->n < sizeof word) {
		snprintf(word, sizeof word, "%.*s", (int)t->n, t->s);
		near = str_nearest(word, cands, n);
	}
	if (near)
		return lex_error(p, t, "expected %s, %s; did you mean '%s'?", what, found, near);
	return lex_error(p, t, "expected %s, %s", what, found);
}

char *tok_text(struct parser *p)
{
	return arena_strndup(p->m->mem, p->tok.s, p->tok.n);
}
