/* ir_lex.c - the tokens of the text form. */
#include "ir/ir_parse.h"

#include <errno.h>

void tir_lex_fail(struct lexer *l, int line, const char *fmt, ...)
{
	char msg[256];
	va_list ap;

	if (l->failed)
		return;
	l->failed = true;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	error("%s:%d: %s", l->name, line, msg);
	l->tok = (struct tok){.kind = TOK_END, .line = line, .text = ""};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
	       c == '$';
}

static const char *lex_word(struct lexer *l)
{
	const char *start = l->s;

	while (is_word(*l->s))
		l->s++;
	return arena_strndup(l->mem, start, (size_t)(l->s - start));
}

static int hex(char c)
{
	return is_digit(c)	      ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static const char *lex_quoted(struct lexer *l)
{
	char quote = *l->s++;
	const char *s = l->s;
	char *out, *p;

	while (*s && *s != '\n' && *s != quote)
		s += *s == '\\' && s[1] ? 2 : 1;
	if (*s != quote) {
		tir_lex_fail(l, l->line, "the closing %c is missing", quote);
		return "";
	}
	out = p = arena_alloc(l->mem, (size_t)(s - l->s) + 1);
	while (*l->s != quote) {
		char c = *l->s++;

		if (c == '\\') {
			c = *l->s++;
			if (c == 'n') {
				c = '\n';
			} else if (c == 't') {
				c = '\t';
			} else if (c == 'x' && hex(l->s[0]) >= 0 && hex(l->s[1]) >= 0) {
				c = (char)(hex(l->s[0]) << 4 | hex(l->s[1]));
				l->s += 2;
			} else if (c != quote && c != '\\') {
				tir_lex_fail(l, l->line, "unknown escape '\\%c'", c);
				return "";
			}
			if (!c) {
				tir_lex_fail(l, l->line, "strings have no NUL");
				return "";
			}
		}
		*p++ = c;
	}
	l->s++;
	return out;
}

static uint32_t lex_u32(struct lexer *l)
{
	uint64_t v = 0;

	if (!is_digit(*l->s))
		tir_lex_fail(l, l->line, "expected a number");
	for (; is_digit(*l->s) && v <= UINT32_MAX; l->s++)
		v = v * 10 + (uint64_t)(*l->s - '0');
	if (v > UINT32_MAX)
		tir_lex_fail(l, l->line, "the number does not fit in 32 bits");
	return (uint32_t)v;
}

static int64_t lex_num(struct lexer *l)
{
	bool is_hex = l->s[0] == '0' && (l->s[1] == 'x' || l->s[1] == 'X');
	char *end;
	int64_t v;

	errno = 0;
	v = is_hex ? (int64_t)strtoull(l->s, &end, 16) : strtoll(l->s, &end, 10);
	if (errno == ERANGE)
		tir_lex_fail(l, l->line, "the number does not fit in 64 bits");
	l->s = end;
	return v;
}

/* [FILE:]LINE[:COL] */
static const char *lex_place(struct lexer *l, uint32_t *line, uint32_t *col)
{
	const char *file = NULL;

	if (*l->s == '"') {
		file = lex_quoted(l);
	} else if (!is_digit(*l->s)) {
		size_t n = strcspn(l->s, ": \t\n");

		file = arena_strndup(l->mem, l->s, n);
		l->s += n;
	}
	if (file && *l->s++ != ':') {
		l->s--;
		tir_lex_fail(l, l->line, "expected ':' and a line behind the file's name");
	}
	*line = lex_u32(l);
	*col = 1;
	if (l->s[0] == ':' && is_digit(l->s[1])) {
		l->s++;
		*col = lex_u32(l);
	}
	return file;
}

static struct text_loc lex_loc(struct lexer *l)
{
	struct text_loc at = {0};

	at.file = lex_place(l, &at.line, &at.col);
	at.end_col = at.col;
	if (*l->s == '-') {
		l->s++;
		at.end_col = lex_u32(l);
	}
	if (*l->s != '~')
		return at;
	l->s++;
	if (*l->s != '(') {
		at.sfile = lex_place(l, &at.sline, &at.scol);
		if (!at.sfile)
			tir_lex_fail(l, l->line, "the place behind '~' needs a file");
	}
	if (*l->s++ != '(') {
		l->s--;
		tir_lex_fail(l, l->line, "expected the macro's name in parentheses");
		return at;
	}
	at.macro = *l->s == '\'' ? lex_quoted(l) : lex_word(l);
	if (*l->s++ != ')') {
		l->s--;
		tir_lex_fail(l, l->line, "expected ')' behind the macro's name");
	}
	return at;
}

static void lex_name(struct lexer *l, struct tok *t)
{
	t->kind = TOK_NAME;
	t->nth = 1;
	t->text = *l->s == '\'' ? lex_quoted(l) : lex_word(l);
	if (*l->s == '#') {
		l->s++;
		t->nth = lex_u32(l);
		if (!t->nth)
			tir_lex_fail(l, l->line, "names are counted from 1");
	}
}

static const struct {
	const char *s;
	int kind;
	enum rel rel;
} signs[] = {
	/* longer ones first */
	{"...", TOK_DOTS},
	{"..", TOK_RANGE},
	{".*", TOK_STAR},
	{"->", TOK_ARROW},
	{"::", TOK_SCOPE},
	{"==", TOK_REL, REL_EQ},
	{"!=", TOK_REL, REL_NE},
	{"!&", TOK_REL, REL_NOBITS},
	{"<=", TOK_REL, REL_LE},
	{">=", TOK_REL, REL_GE},
	{"<", TOK_REL, REL_LT},
	{">", TOK_REL, REL_GT},
};

static void lex_sign(struct lexer *l, struct tok *t)
{
	for (size_t i = 0; i < COUNT(signs); i++) {
		if (!str_starts(l->s, signs[i].s))
			continue;
		l->s += strlen(signs[i].s);
		t->kind = signs[i].kind;
		t->num = signs[i].rel;
		return;
	}
	if (!strchr("=,:.()[]{}*&?", *l->s))
		tir_lex_fail(l, l->line, "unexpected '%c'", *l->s);
	t->kind = *l->s++;
}

void tir_lex_next(struct lexer *l)
{
	struct tok t = {.line = l->line, .text = ""};

	if (l->failed)
		return;
	while (*l->s == ' ' || *l->s == '\t' || *l->s == '\r')
		l->s++;
	if (l->s[0] == '/' && l->s[1] == '/')
		l->s += strcspn(l->s, "\n");
	t.line = l->line;
	if (!*l->s) {
		t.kind = TOK_END;
	} else if (*l->s == '\n' || *l->s == ';') {
		t.kind = TOK_LINE;
		l->line += *l->s++ == '\n';
	} else if (is_digit(*l->s) || (*l->s == '-' && is_digit(l->s[1]))) {
		t.kind = TOK_NUM;
		t.num = lex_num(l);
	} else if (is_word(*l->s) || *l->s == '\'' || *l->s == '#') {
		lex_name(l, &t);
	} else if (*l->s == '%') {
		l->s++;
		t.kind = TOK_TEMP;
		t.text = lex_word(l);
		if (!*t.text)
			tir_lex_fail(l, l->line, "expected a name behind '%%'");
	} else if (*l->s == '"') {
		t.kind = TOK_STR;
		t.text = lex_quoted(l);
	} else if (*l->s == '@') {
		l->s++;
		t.kind = TOK_LOC;
		t.loc = lex_loc(l);
	} else {
		lex_sign(l, &t);
	}
	if (!l->failed)
		l->tok = t;
}

void tir_lex_init(struct lexer *l, const char *name, const char *text, struct arena *mem)
{
	*l = (struct lexer){.name = name, .s = text, .line = 1, .mem = mem};
	tir_lex_next(l);
}
