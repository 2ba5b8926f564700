/* lower_loc.c - places in the source, and the text that stands there.
 *
 * Most places are in the main file, and for those no call is needed: the raw encoding of a location
 * in a file is that of its first byte plus the offset, which is used once two places have shown it;
 * lines and columns come from a table of our own. For other files libclang is asked for lines, and
 * not for texts, if that can be helped: it looks for a text by going through all it has read. So
 * end_col is known in the main file only.
 *
 * What comes from a macro has three places: where the macro is used (expansion), where the token is
 * written, be it in the macro's body or in an argument (spelling), and, for an argument, the place
 * in the file (file location). clang_getSpellingLocation falls back to the expansion for a token
 * that was passed on from macro to macro, or was pasted together; the file location then knows
 * better.
 */
#include "front/lower_int.h"

static bool is_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

size_t ident_len(const char *s, size_t n)
{
	size_t i = 0;

	if (n && *s >= '0' && *s <= '9')
		return 0;
	while (i < n && is_ident(s[i]))
		i++;
	return i;
}

void src_read(struct lower *l, struct src *s)
{
	if (s->text)
		return;
	s->text = lc.getFileContents(l->tu, s->file, &s->size);
	if (!s->text || s->size >= UINT32_MAX) {
		s->text = "";
		s->size = 0;
	}
}

struct src *src_of(struct lower *l, CXFile file)
{
	struct src *s;

	if (!file)
		return NULL;
	for (uint32_t i = 0; i < l->srcs.n; i++) {
		s = l->srcs.v[i];
		if (s->file == file) {
			if (i) { /* the next question is likely about the same one */
				l->srcs.v[i] = l->srcs.v[i - 1];
				l->srcs.v[i - 1] = s;
			}
			return s;
		}
	}
	s = arena_alloc(l->mem, sizeof *s);
	*s = (struct src){.file = file, .id = NONE};
	vec_add(&l->srcs, s);
	return s;
}

uint32_t src_file_id(struct lower *l, struct src *s)
{
	CXString name;
	uint32_t path;

	if (s->id != NONE)
		return s->id;
	name = lc.getFileName(s->file);
	path = ir_str(l->ir, path_join(l->mem, l->cmd->dir, lc.getCString(name)));
	lc.disposeString(name);
	for (uint32_t i = 0; i < l->ir->nfiles;
		i++) { /* one file may have been found under two names */
		if (l->ir->files[i].path == path) {
			s->system = l->ir->files[i].flags & FILE_SYSTEM;
			return s->id = i;
		}
	}
	if (!s->main && !s->asked)
		s->system =
			lc.Location_isInSystemHeader(lc.getLocationForOffset(l->tu, s->file, 0));
	return s->id = ir_add_files(l->ir, (struct file){.path = path,
						   .flags = s->main	? FILE_MAIN
							    : s->system ? FILE_SYSTEM
									: 0});
}

const char *src_path(struct lower *l, struct src *s)
{
	uint32_t id = src_file_id(l, s);

	return ir_text_of(l->ir, l->ir->files[id].path);
}

static void find_lines(struct src *s)
{
	VEC(uint32_t) line = {0};
	const char *end = s->text + s->size;

	vec_add(&line, 0);
	for (const char *p = s->text; (p = memchr(p, '\n', (size_t)(end - p)));)
		vec_add(&line, (uint32_t)(++p - s->text));
	s->line = line.v;
	s->nline = line.n;
}

/* In the main file. */
static void position(struct src *s, uint32_t off, uint32_t *line, uint32_t *col)
{
	uint32_t lo = s->last, hi;

	if (off < s->line[lo] || (lo + 8 < s->nline && off >= s->line[lo + 8])) {
		lo = 0;
		hi = s->nline;
		while (hi - lo > 1) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (s->line[mid] <= off)
				lo = mid;
			else
				hi = mid;
		}
	}
	while (lo + 1 < s->nline && s->line[lo + 1] <= off)
		lo++;
	s->last = lo;
	*line = lo + 1;
	*col = off - s->line[lo] + 1;
}

void src_main(struct lower *l, CXFile file)
{
	l->main = src_of(l, file);
	if (!l->main)
		return;
	l->main->main = true;
	l->main->asked = true;
	src_read(l, l->main);
	find_lines(l->main);
	src_file_id(l, l->main);
}

typedef void locate_fn(CXSourceLocation, CXFile *, unsigned *, unsigned *, unsigned *);

static struct place locate(struct lower *l, CXSourceLocation at, locate_fn *by)
{
	struct place p = {0};
	CXFile file = NULL;

	by(at, &file, NULL, NULL, &p.off);
	p.src = src_of(l, file);
	if (p.src && !p.src->asked && by == lc.getExpansionLocation) {
		p.src->asked = true;
		p.src->system = lc.Location_isInSystemHeader(at);
	}
	return p;
}

/* The line and column of what locate() has found. */
static void line_col(struct lower *l, CXSourceLocation at, locate_fn *by, struct place p,
	uint32_t *line, uint32_t *col)
{
	if (p.src == l->main)
		position(p.src, p.off, line, col);
	else
		by(at, NULL, line, col, NULL);
}

static bool same(struct place a, struct place b)
{
	return a.src == b.src && a.off == b.off;
}

/* Behind white space, line continuations and comments. */
const char *skip_space(const char *s, const char *end)
{
	for (;;) {
		while (s < end && (*s == ' ' || (*s >= '\t' && *s <= '\r') || *s == '\\'))
			s++;
		if (end - s > 1 && s[0] == '/' && s[1] == '*') {
			const char *close = memmem(s + 2, (size_t)(end - s - 2), "*/", 2);

			s = close ? close + 2 : end;
		} else if (end - s > 1 && s[0] == '/' && s[1] == '/') {
			const char *eol = memchr(s, '\n', (size_t)(end - s));

			s = eol ? eol : end;
		} else {
			return s;
		}
	}
}

/* Two places of the main file that are as far apart as their raw encodings tell where it begins. */
static void learn_base(struct src *m, uint32_t raw, uint32_t off)
{
	uint32_t base = raw - off;

	if (m->size >= (uint32_t)1 << 31 || base + m->size >= (uint32_t)1 << 31)
		return;
	if (m->guess && m->guess == base && m->guess_off != off)
		m->base = base;
	m->guess = base;
	m->guess_off = off;
}

struct place place_expansion(struct lower *l, CXSourceLocation at)
{
	struct src *m = l->main;
	struct place p;

	if (m && m->base && at.int_data >= m->base && at.int_data - m->base <= m->size)
		return (struct place){.src = m, .off = at.int_data - m->base};
	p = locate(l, at, lc.getExpansionLocation);
	if (m && p.src == m && !m->base && !in_macro(at))
		learn_base(m, at.int_data, p.off);
	return p;
}

struct two_places {
	struct place use, written;
	locate_fn *by; /* what has found written */
	bool body;     /* the token is one of a macro's body */
};

static struct two_places places(struct lower *l, CXSourceLocation at)
{
	struct two_places p = {.use = place_expansion(l, at), .by = lc.getSpellingLocation};
	struct place file;

	p.written = p.use;
	if (!in_macro(at))
		return p;
	p.written = locate(l, at, lc.getSpellingLocation);
	file = locate(l, at, lc.getFileLocation);
	if (same(file, p.use)) {
		p.body = true;
	} else {
		if (same(p.written, p.use)) { /* an argument passed on */
			p.written = file;
			p.by = lc.getFileLocation;
		}
		p.body = !same(p.written, file);
	}
	return p;
}

struct place place_spelling(struct lower *l, CXSourceLocation at)
{
	struct place p = places(l, at).written;

	if (p.src)
		src_read(l, p.src);
	return p;
}

static size_t ident_at(struct place p)
{
	return p.src && p.off < p.src->size ? ident_len(p.src->text + p.off, p.src->size - p.off)
					    : 0;
}

static struct loc make_loc(struct lower *l, CXSourceLocation at, bool *body)
{
	struct two_places p = places(l, at);
	struct loc loc = {.file = NONE, .sfile = NONE};
	size_t n;

	*body = p.body;
	if (!p.use.src)
		return loc;
	loc.file = src_file_id(l, p.use.src);
	line_col(l, at, lc.getExpansionLocation, p.use, &loc.line, &loc.col);
	loc.end_col = loc.col;
	if (p.use.src == l->main)
		loc.end_col += (uint32_t)ident_at(p.use);
	if (!in_macro(at))
		return loc;
	src_read(l, p.use.src);
	n = ident_at(p.use);
	if (n)
		loc.macro = ir_strn(l->ir, p.use.src->text + p.use.off, n);
	if (p.written.src) {
		loc.sfile = src_file_id(l, p.written.src);
		line_col(l, at, p.by, p.written, &loc.sline, &loc.scol);
	}
	return loc;
}

uint32_t loc_of(struct lower *l, CXSourceLocation at)
{
	uint32_t id, *slot;
	bool body;

	if (!at.int_data)
		return NONE;
	slot = map_slot(&l->loc_ids, at.int_data, l->ir->nlocs);
	if (*slot != l->ir->nlocs)
		return *slot;
	id = ir_add_locs(l->ir, make_loc(l, at, &body));
	vec_add(&l->loc_macro, body ? OPF_MACRO : 0);
	return id;
}

void describe_place(struct lower *l, CXSourceLocation at, struct sb *out)
{
	struct place p = place_expansion(l, at);
	uint32_t line, col;

	if (!p.src)
		return;
	line_col(l, at, lc.getExpansionLocation, p, &line, &col);
	sb_printf(out, "%s:%u:%u: ", src_path(l, p.src), line, col);
}

uint32_t cursor_loc(struct lower *l, CXCursor c)
{
	return loc_of(l, lc.getCursorLocation(c));
}

uint32_t node_loc(struct lower *l, uint32_t n)
{
	return cursor_loc(l, node_cursor(l, n));
}

bool is_macro_body(struct lower *l, uint32_t n)
{
	CXSourceLocation at = lc.getCursorLocation(node_cursor(l, n));
	uint32_t loc;

	if (!in_macro(at))
		return false;
	loc = loc_of(l, at); /* may move the array */
	return l->loc_macro.v[loc];
}

const char *spelled_ident(struct lower *l, CXSourceLocation at, char *buf, size_t size)
{
	struct place p = place_spelling(l, at);
	size_t n = ident_at(p);

	if (n >= size)
		n = 0;
	if (n)
		memcpy(buf, p.src->text + p.off, n);
	buf[n] = '\0';
	return buf;
}

bool spelled_as(struct lower *l, CXSourceLocation at, const char *word)
{
	struct place p = place_spelling(l, at);
	size_t n = strlen(word);

	return p.src && p.off + n <= p.src->size && !memcmp(p.src->text + p.off, word, n) &&
	       (!is_ident(word[n - 1]) || p.off + n == p.src->size ||
		       !is_ident(p.src->text[p.off + n]));
}

void loc_free(struct lower *l)
{
	if (l->main)
		free(l->main->line);
	vec_free(&l->srcs);
	vec_free(&l->loc_macro);
	map_free(&l->loc_ids);
}
