/* annot.c - what is written at declarations and in comments for a reader like us.
 *
 * libclang shows annotate("...") with its text. Other attributes are nameless: their names and
 * arguments are read from the source.
 *
 * A macro that expands to nothing, like coroutine_fn, leaves no trace but its text. Without a
 * preprocessing record, which costs up to 18 % of parsing, it is what stands among the specifiers
 * of a declaration and is neither a keyword nor a name of its type.
 */
#include "front/lower_int.h"
#include "front/remark.h"

#include <assert.h>

/* ---- attributes ---- */

enum attr_is { OTHER, NORETURN, CTOR, CLEANUP, SAFETY };

static const struct {
	const char *name;
	enum attr_is is;
} known[] = {
	{"noreturn", NORETURN},
	{"_Noreturn", NORETURN},
	{"constructor", CTOR},
	{"cleanup", CLEANUP},
	{"guarded_by", SAFETY},
	{"pt_guarded_by", SAFETY},
	{"guarded_var", SAFETY},
	{"pt_guarded_var", SAFETY},
	{"acquired_after", SAFETY},
	{"acquired_before", SAFETY},
	{"requires_capability", SAFETY},
	{"requires_shared_capability", SAFETY},
	{"exclusive_locks_required", SAFETY},
	{"shared_locks_required", SAFETY},
	{"acquire_capability", SAFETY},
	{"acquire_shared_capability", SAFETY},
	{"exclusive_lock_function", SAFETY},
	{"shared_lock_function", SAFETY},
	{"release_capability", SAFETY},
	{"release_shared_capability", SAFETY},
	{"release_generic_capability", SAFETY},
	{"unlock_function", SAFETY},
	{"try_acquire_capability", SAFETY},
	{"try_acquire_shared_capability", SAFETY},
	{"exclusive_trylock_function", SAFETY},
	{"shared_trylock_function", SAFETY},
	{"locks_excluded", SAFETY},
	{"assert_capability", SAFETY},
	{"assert_shared_capability", SAFETY},
	{"assert_exclusive_lock", SAFETY},
	{"assert_shared_lock", SAFETY},
	{"lock_returned", SAFETY},
	{"no_thread_safety_analysis", SAFETY},
};

struct attr_list {
	VEC(CXCursor) v;
};

/* The attributes of a declaration come before everything else. */
static enum CXChildVisitResult on_attr(CXCursor c, CXCursor parent, CXClientData data)
{
	struct attr_list *list = data;

	if (c.kind < CXCursor_FirstAttr || c.kind > CXCursor_LastAttr)
		return CXChildVisit_Break;
	vec_add(&list->v, c);
	return CXChildVisit_Continue;
}

/* __noreturn__ is noreturn. */
static enum attr_is attr_named(const char *name, size_t *known_at)
{
	size_t n = strlen(name);

	if (n > 4 && name[0] == '_' && name[1] == '_' && name[n - 1] == '_' && name[n - 2] == '_') {
		name += 2;
		n -= 4;
	}
	for (size_t i = 0; i < COUNT(known); i++)
		if (strlen(known[i].name) == n && !memcmp(known[i].name, name, n)) {
			*known_at = i;
			return known[i].is;
		}
	return OTHER;
}

/* Length of "name(...)" at s, up to the matching parenthesis; of the name alone if there is none.
 */
static size_t call_len(const char *s, size_t n)
{
	size_t i = ident_len(s, n), open = i;
	int depth = 0;

	while (open < n && (s[open] == ' ' || s[open] == '\t'))
		open++;
	if (open == n || s[open] != '(')
		return i;
	for (size_t k = open; k < n; k++) {
		depth += s[k] == '(';
		depth -= s[k] == ')';
		if (!depth)
			return k + 1;
	}
	return i;
}

/* The declaration as clang prints it, without a body or initialiser. */
static CXString printed(CXCursor decl)
{
	CXPrintingPolicy p = lc.getCursorPrintingPolicy(decl);
	CXString s;

	lc.PrintingPolicy_setProperty(p, CXPrintingPolicy_TerseOutput, 1);
	lc.PrintingPolicy_setProperty(p, CXPrintingPolicy_SuppressInitializers, 1);
	s = lc.getCursorPrettyPrinted(decl, p);
	lc.PrintingPolicy_dispose(p);
	return s;
}

/* "name(args)" as it is written. In a macro's body the arguments are names of its parameters, so
 * those of the macro stand for them. */
static const char *attr_text(struct lower *l, CXCursor attr, const char *name)
{
	CXSourceLocation at = lc.getCursorLocation(attr);
	struct place p = place_spelling(l, at), use;
	const char *s;
	size_t n, call;

	if (in_macro(at)) {
		use = place_expansion(l, at);
		if (use.src) {
			src_read(l, use.src);
			s = use.src->text + use.off;
			n = ident_len(s, use.src->size - use.off);
			call = call_len(s, use.src->size - use.off);
			if (call > n)
				return arena_printf(l->mem, "%s%.*s", name, (int)(call - n), s + n);
		}
	}
	if (!p.src)
		return name;
	return arena_strndup(
		l->mem, p.src->text + p.off, call_len(p.src->text + p.off, p.src->size - p.off));
}

/* The function of cleanup(f). A macro may wrap macros that know its name, so the declaration is
 * printed. */
static uint32_t cleanup_fn(struct lower *l, CXCursor decl)
{
	CXString print = printed(decl);
	const char *s = lc.getCString(print);
	uint32_t fn = NONE;

	while (s && (s = strstr(s, "cleanup"))) { /* the variable may be named so as well */
		s += strlen("cleanup");
		s += str_starts(s, "__") ? 2 : 0;
		if (*s == '(') {
			s++;
			fn = fn_named(l, arena_strndup(l->mem, s, ident_len(s, strlen(s))));
			break;
		}
	}
	lc.disposeString(print);
	return fn;
}

static void add(struct lower *l, struct annot *a, enum attr_kind kind, uint32_t text, uint32_t loc)
{
	for (uint32_t i = 0; i < a->nattr; i++) /* on both the definition and the declaration */
		if (l->ir->attrs[a->attr + i].kind == kind &&
			l->ir->attrs[a->attr + i].text == text)
			return;
	if (!a->nattr++)
		a->attr = l->ir->nattrs;
	assert(a->attr + a->nattr == l->ir->nattrs + 1);
	ir_add_attrs(l->ir, (struct attr){.kind = kind, .text = text, .loc = loc});
}

static void read_attr(struct lower *l, CXCursor decl, CXCursor attr, struct annot *a)
{
	char name[64];
	size_t i = 0;
	CXString s;

	if (attr.kind == CXCursor_AnnotateAttr) {
		s = lc.getCursorSpelling(attr);
		add(l, a, ATTR_ANNOTATE, ir_str(l->ir, lc.getCString(s)), cursor_loc(l, attr));
		lc.disposeString(s);
		return;
	}
	if (attr.kind != CXCursor_UnexposedAttr)
		return;
	spelled_ident(l, lc.getCursorLocation(attr), name, sizeof name);
	switch (attr_named(name, &i)) {
	case OTHER:
		break;
	case NORETURN:
		a->fn_flags |= FN_NORETURN;
		break;
	case CTOR:
		a->fn_flags |= FN_CTOR;
		break;
	case CLEANUP:
		a->cleanup = cleanup_fn(l, decl);
		break;
	case SAFETY:
		add(l, a, ATTR_THREAD_SAFETY, ir_str(l->ir, attr_text(l, attr, known[i].name)),
			cursor_loc(l, attr));
		break;
	}
}

struct annot annot_read(struct lower *l, CXCursor decl)
{
	struct annot a = {.cleanup = NONE};
	struct attr_list list = {0};

	if (!lc.Cursor_hasAttrs(decl))
		return a;
	lc.visitChildren(decl, on_attr, &list);
	for (uint32_t i = 0; i < list.v.n; i++)
		read_attr(l, decl, list.v.v[i], &a);
	vec_free(&list.v);
	return a;
}

/* ---- macros that expand to nothing ---- */

static bool is_keyword(const char *s, size_t n)
{
	static const char *const words[] = {"static", "extern", "inline", "const", "volatile",
		"restrict", "register", "unsigned", "signed", "int", "char", "short", "long",
		"float", "double", "void", "bool", "struct", "union", "enum", "typedef", "auto"};

	if (n > 1 && s[0] == '_' &&
		(s[1] == '_' || (s[1] >= 'A' && s[1] <= 'Z'))) /* __inline, _Bool */
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i]) == n && !memcmp(words[i], s, n))
			return true;
	return false;
}

static bool is_word(const char *word, const char *s, size_t n)
{
	return strlen(word) == n && !memcmp(word, s, n);
}

/* Is s a word of text, a type's spelling? */
static bool has_word(const char *text, const char *s, size_t n)
{
	while (*text) {
		size_t len = ident_len(text, strlen(text));

		if (len == n && !memcmp(text, s, n))
			return true;
		text += len ? len : 1;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The declaration's range begins behind a macro that expands to nothing: looks for words right
 * before it, on its line, or alone on the line above. Returns where they begin. */
static uint32_t specifiers_begin(const struct src *src, uint32_t off)
{
	const char *t = src->text;
	uint32_t begin = off, i = off;

	for (int line = 0; line < 2; line++) {
		uint32_t nword = 0, eol = i;

		while (i && (is_blank(t[i - 1]) || ident_len(t + i - 1, 1) ||
				    (t[i - 1] >= '0' && t[i - 1] <= '9'))) {
			i--;
			nword += !is_blank(t[i]) && (i + 1 == eol || is_blank(t[i + 1]));
		}
		if (i && t[i - 1] != '\n')
			break; /* something else stands there: a comment, a directive, code */
		if (line == 0 || nword == 1)
			begin = i;
		if (!i || (line == 1 && nword != 1))
			break;
		i--;
	}
	return begin;
}

void annot_macros(struct lower *l, CXCursor decl, struct annot *a)
{
	CXSourceLocation at = lc.getCursorLocation(decl);
	struct place name, start;
	const char *s, *end;
	CXString type;
	bool tag = false;

	if (in_macro(at))
		return;
	name = place_expansion(l, at);
	if (!name.src)
		return;
	src_file_id(l, name.src);
	src_read(l, name.src);
	if (name.src->system)
		return;
	start = place_expansion(l, lc.getRangeStart(lc.getCursorExtent(decl)));
	if (start.src != name.src || start.off > name.off || name.off - start.off > 512 ||
		name.off > name.src->size)
		return;
	type = lc.getTypeSpelling(lc.getCursorType(decl)); /* with the typedefs that were written */
	s = name.src->text + specifiers_begin(start.src, start.off);
	end = name.src->text + name.off;
	while (s < end) {
		size_t n = ident_len(s, (size_t)(end - s)), call;

		if (!n) {
			s++;
			continue;
		}
		call = call_len(s, (size_t)(end - s));
		if (!tag && !is_keyword(s, n) && !has_word(lc.getCString(type), s, n))
			add(l, a, ATTR_MACRO, ir_strn(l->ir, s, call), loc_of(l, at));
		tag = is_word("struct", s, n) || is_word("union", s, n) || is_word("enum", s, n);
		s += call;
	}
	lc.disposeString(type);
}

/* ---- remarks ---- */

struct remarks_of {
	struct lower *l;
	uint32_t file;
};

static void add_remark(void *ctx, uint32_t line, bool alone, const char *s, size_t n)
{
	struct remarks_of *of = ctx;
	struct remark r = {.file = of->file, .line = line, .flags = alone ? REMARK_ALONE : 0};

	r.text = ir_strn(of->l->ir, s, n);
	ir_add_remarks(of->l->ir, r);
}

static void scan(struct lower *l, struct src *src)
{
	struct remarks_of of = {l, src->id};

	src_read(l, src);
	remarks_find(src->text, src->size, add_remark, &of);
}

/* In order of the files' ids: that of srcs depends on what was asked. */
void annot_remarks(struct lower *l)
{
	struct src **by_id = arena_alloc(l->mem, l->ir->nfiles * sizeof *by_id);

	for (uint32_t i = 0; i < l->srcs.n; i++)
		if (l->srcs.v[i]->id != NONE)
			by_id[l->srcs.v[i]->id] = l->srcs.v[i];
	for (uint32_t i = 0; i < l->ir->nfiles; i++)
		if (by_id[i] && !by_id[i]->system)
			scan(l, by_id[i]);
}
