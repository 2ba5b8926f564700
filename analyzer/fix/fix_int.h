/* fix_int.h - private to fix/: the source as tokens, and what every repair needs.
 *
 *	lex.c        a file as tokens
 *	fix.c        the table of repairs; from an operation to its tokens
 *	loop.c       `if` around a condition wait becomes `while`
 *	unlock.c     a lock is given back on the early return
 *	variant.c    a function that returns shared memory is replaced by the one that is given memory (variants.def)
 *	nonblock.c   a descriptor is made non-blocking where it is made
 *	write.c      which edits go together; texts and diffs
 */
#ifndef TVT_FIX_INT_H
#define TVT_FIX_INT_H

#include "fix/fix.h"

/* ---- tokens ---- */

enum tok_kind { TOK_WORD, TOK_NUMBER, TOK_TEXT, TOK_MARK, TOK_DIRECTIVE };
struct tok {
	uint32_t from, to; /* bytes */
	uint32_t match;	   /* of a bracket: the other one; else NONE */
	enum tok_kind kind; /* MARK: an operator or bracket. DIRECTIVE: all of #define ..., with its continuations */
};
struct src {
	const char *path, *file; /* absolute; relative to the root */
	const char *text;
	size_t n;
	uint64_t hash;
	struct tok *toks;
	uint32_t ntok;
	uint32_t *lines; /* where each begins */
	uint32_t nline;
};
void src_lex(struct src *s, struct arena *mem);
bool tok_is(const struct src *s, uint32_t t, const char *text); /* false behind the last too */
const char *tok_str(const struct src *s, uint32_t t, struct arena *mem);
uint32_t tok_at(const struct src *s, uint32_t offset); /* the token that begins there, or NONE */
/* The innermost "{" around token t, or NONE. */
uint32_t tok_block(const struct src *s, uint32_t t);
uint32_t tok_line(const struct src *s, uint32_t t); /* 0-based */
/* Is there a preprocessor directive among the tokens a to b? */
bool tok_directive(const struct src *s, uint32_t a, uint32_t b);
/* The blanks that a line begins with. */
const char *line_indent(const struct src *s, uint32_t line, struct arena *mem);
const char *line_end(const struct src *s); /* "\n", or "\r\n" if that is what the file has */

/* ---- for repairs ---- */

struct fixing {
	const struct fix_in *in;
	struct arena *mem;
	VEC(struct src *) srcs;
	const char *title;
	VEC(struct patch) edits; /* of the fix being made */
};
int patch_order(const void *a, const void *b); /* for qsort: by file, then by place */
/* A call as it is written: its name, and the brackets. */
struct call {
	struct src *s;
	uint32_t name, open, close;
};
/* The file, if it may be edited; else NULL. */
struct src *fix_src(struct fixing *x, uint32_t file);
/* False if the call is not written out in a file that may be edited, or comes from a macro. */
bool fix_call(struct fixing *x, uint32_t site, struct call *c);
/* Tokens of argument i, from <= t < to; false if there is none. */
bool call_arg(const struct call *c, int i, uint32_t *from, uint32_t *to);
/* The braces of the function's body, as tokens; false if they cannot be told. */
bool fix_body(struct fixing *x, uint32_t fn, struct src **s, uint32_t *open, uint32_t *close);
void fix_edit(struct fixing *x, const struct src *s, uint32_t from, uint32_t to, const char *text);
/* The direct call's callee, or NONE. */
uint32_t fix_callee(const struct fixing *x, uint32_t site);
/* The clause of that verb at the call, or NULL. */
const struct clause *fix_clause(const struct fixing *x, uint32_t site, enum verb verb);
/* Does the function compute a value and nothing else? */
bool fix_pure(const struct fixing *x, uint32_t fn, int depth);

/* Each adds edits and sets the title, or returns false. */
#define REPAIRS_HERE(R) R(LOOP, loop) R(UNLOCK, unlock) R(VARIANT, variant) R(NONBLOCK, nonblock)
#define R(kind, name) bool repair_##name(struct fixing *x, const struct finding *f);
REPAIRS_HERE(R)
#undef R

#endif
