/* text.h - private to lsp/: texts of open documents, and positions in them.
 *
 * A position is a line and a character, both from 0; what a character is was agreed with the client: a byte, a
 * UTF-16 unit or a code point. What the analysis knows are lines and bytes, from 1, in the text that it read,
 * which is mostly not the text of now: edits are kept so that its places can be moved.
 */
#ifndef TVT_LSP_TEXT_H
#define TVT_LSP_TEXT_H

#include "base/base.h"

enum encoding { ENC_UTF16, ENC_UTF8, ENC_UTF32 };
struct pos {
	uint32_t line, ch;
};
struct range {
	struct pos a, b;
};
/* [from, old) was replaced by what now is [from, now). */
struct edit {
	struct pos from, old, now;
};
struct text {
	char *s; /* n bytes and a NUL */
	size_t n;
	VEC(size_t) line; /* where lines begin; never empty */
};
void text_set(struct text *t, const char *s, size_t n);
void text_free(struct text *t);
/* A line without its end. "" if there is none. */
const char *text_line(const struct text *t, uint32_t line, size_t *n);
/* Beyond the end of a line: its end; beyond the last line: the end of the text. */
size_t text_offset(const struct text *t, struct pos p, enum encoding enc);
struct pos text_pos(const struct text *t, size_t offset, enum encoding enc);
/* Replaces a range, and says how places move. */
struct edit text_replace(struct text *t, struct range r, const char *s, size_t n, enum encoding enc);
/* The same for a whole new text: what differs between the common first and last lines. */
struct edit text_replace_all(struct text *t, const char *s, size_t n, enum encoding enc);
/* Characters of n bytes. */
uint32_t enc_length(const char *s, size_t n, enum encoding enc);

struct pos pos_move(struct pos p, const struct edit *e, uint32_t n);
/* False if an edit changed something inside the range. */
bool range_move(struct range *r, const struct edit *e, uint32_t n);
static inline bool pos_before(struct pos a, struct pos b)
{
	return a.line != b.line ? a.line < b.line : a.ch < b.ch;
}
static inline bool range_touches(struct range r, struct range s) /* common positions, ends too */
{
	return !pos_before(r.b, s.a) && !pos_before(s.b, r.a);
}

#endif
