/* lower_loc.c - places in the source, and the text that stands there.
 *
 * A place is asked of libclang as a file and an offset; lines and columns come from a table of our own,
 * which is cheaper. For the main file even the offset needs no call: the raw encoding of a location in
 * a file is that of its first byte plus the offset. This is checked once per file with
 * clang_getLocationForOffset, and not used if it does not hold.
 *
 * What comes from a macro has three places: where the macro is used (expansion), where the token is
 * written, be it in the macro's body or in an argument (spelling), and, for an argument, the place in the
 * file (file location). clang_getSpellingLocation falls back to the expansion for a token that was
 * passed on from macro to macro, or was pasted together; the file location then knows better.
 */
#include "front/lower_int.h"

static bool is_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
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

/* The top bit of a raw location says that it is inside of a macro's expansion. */
static bool in_macro(CXSourceLocation at)
{
	return at.int_data >> 31;
}

static bool is_linear(struct lower *l, const struct src *s, uint32_t base)
{
	size_t probes[] = {s->size / 2, s->size};

	for (size_t i = 0; i < COUNT(probes); i++)
		if (lc.getLocationForOffset(l->tu, s->file, (unsigned)probes[i]).int_data !=
				base + probes[i])
			return false;
	return base && base + s->size < (uint32_t)1 << 31;
}

struct src *src_of(struct lower *l, CXFile file)
{
	struct src *s;
	CXSourceLocation start;

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
	s->text = lc.getFileContents(l->tu, file, &s->size);
	if (!s->text || s->size >= UINT32_MAX) {
		s->text = "";
		s->size = 0;
	}
	start = lc.getLocationForOffset(l->tu, file, 0);
	s->system = lc.Location_isInSystemHeader(start);
	if (is_linear(l, s, start.int_data))
		s->base = start.int_data;
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
	for (uint32_t i = 0; i < l->ir->nfiles; i++) /* one file may have been found under two names */
		if (l->ir->files[i].path == path)
			return s->id = i;
	return s->id = ir_add_files(l->ir,
		       (struct file){.path = path, .flags = s->main ? FILE_MAIN
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

void src_position(struct lower *l, struct src *s, uint32_t off, uint32_t *line, uint32_t *col)
{
	uint32_t lo, hi;

	if (!s->line)
		find_lines(s);
	lo = s->last;
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

typedef void locate_fn(CXSourceLocation, CXFile *, unsigned *, unsigned *, unsigned *);

static struct place locate(struct lower *l, CXSourceLocation at, locate_fn *by)
{
	unsigned off = 0;
	CXFile file = NULL;

	by(at, &file, NULL, NULL, &off);
	return (struct place){.src = src_of(l, file), .off = off};
}

static bool same(struct place a, struct place b)
{
	return a.src == b.src && a.off == b.off;
}

struct place place_expansion(struct lower *l, CXSourceLocation at)
{
	struct src *m = l->main;

	if (m && m->base && at.int_data >= m->base && at.int_data - m->base <= m->size)
		return (struct place){.src = m, .off = at.int_data - m->base};
	return locate(l, at, lc.getExpansionLocation);
}

/* Both places, and whether the token is one of a macro's body. */
static bool places(struct lower *l, CXSourceLocation at, struct place *use, struct place *written)
{
	struct place file;

	*use = *written = place_expansion(l, at);
	if (!in_macro(at))
		return false;
	*written = locate(l, at, lc.getSpellingLocation);
	file = locate(l, at, lc.getFileLocation);
	if (same(file, *use))
		return true;
	if (same(*written, *use))
		*written = file; /* an argument passed on */
	return !same(*written, file);
}

struct place place_spelling(struct lower *l, CXSourceLocation at)
{
	struct place use, written;

	places(l, at, &use, &written);
	return written;
}

static size_t ident_at(struct place p)
{
	return p.src && p.off < p.src->size ? ident_len(p.src->text + p.off, p.src->size - p.off) : 0;
}

uint32_t loc_of(struct lower *l, CXSourceLocation at)
{
	struct loc loc = {.sfile = NONE};
	struct place use, written;
	uint32_t *slot, id;
	size_t n;
	bool body;

	if (!at.int_data)
		return NONE;
	slot = map_slot(&l->loc_ids, at.int_data, l->ir->nlocs);
	if (*slot != l->ir->nlocs)
		return *slot;
	body = places(l, at, &use, &written);
	if (!use.src) {
		loc.file = NONE;
	} else {
		loc.file = src_file_id(l, use.src);
		src_position(l, use.src, use.off, &loc.line, &loc.col);
		n = ident_at(use);
		loc.end_col = loc.col + (uint32_t)n;
		if (in_macro(at)) {
			if (n)
				loc.macro = ir_strn(l->ir, use.src->text + use.off, n);
			if (written.src) {
				loc.sfile = src_file_id(l, written.src);
				src_position(l, written.src, written.off, &loc.sline, &loc.scol);
			}
		}
	}
	id = ir_add_locs(l->ir, loc);
	vec_add(&l->loc_macro, body ? OPF_MACRO : 0);
	return id;
}

uint32_t cursor_loc(struct lower *l, CXCursor c)
{
	return loc_of(l, lc.getCursorLocation(c));
}

uint32_t node_loc(struct lower *l, uint32_t n)
{
	return cursor_loc(l, node_cursor(l, n));
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
	       (!is_ident(word[n - 1]) || p.off + n == p.src->size || !is_ident(p.src->text[p.off + n]));
}

void loc_free(struct lower *l)
{
	for (uint32_t i = 0; i < l->srcs.n; i++)
		free(l->srcs.v[i]->line);
	vec_free(&l->srcs);
	vec_free(&l->loc_macro);
	map_free(&l->loc_ids);
}
