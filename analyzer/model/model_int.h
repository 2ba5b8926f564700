/* model_int.h - between the files of model/. */
#ifndef TVT_MODEL_INT_H
#define TVT_MODEL_INT_H

#include "model/model.h"

/* What lines before a function say of it. */
struct section {
	const char *file, *library;
	const char *const *headers;
	uint32_t nheader;
	const char *uncheckable;
	bool strict;
};
/* A function's entry in a text, of which only the name is known. It is read when it is asked for: a program
 * calls a few hundred of the thousands that there are. */
struct entry {
	const char *name; /* in the text, namelen bytes */
	const char *at;	  /* the parenthesis behind the names */
	const char *bol;  /* begin of its line */
	uint32_t namelen;
	int line;
	uint32_t section;
	uint32_t other;	     /* an entry of that name in a strict library, or NONE */
	bool replaced;	     /* by one of a later directory */
	struct model *model; /* once it was read */
};
struct models {
	struct arena *mem;
	VEC(char *) texts; /* of the files */
	VEC(struct section) sections;
	VEC(struct entry) entries;
	struct map by_name;	/* hash of the name to an entry; patterns are not in it */
	VEC(uint32_t) patterns; /* entries; the longest name first, as it is the most specific */
	VEC(const struct model *) all; /* see models_all() */
	VEC(struct place) places;
	VEC(struct library) libs;
	VEC(struct mconst) consts;
	struct map const_by_name;
	uint32_t nbad; /* entries that were read and are wrong */
	uint64_t hash;
};

/* ---- words.c: what the words of the format mean ---- */

extern const char *const verb_word[VERB_COUNT];
extern const char *const verb_syntax[VERB_COUNT];
extern const enum severity category_severity[CAT_COUNT]; /* where a model does not say */
extern const char *const fd_kind_word[10];		 /* bit i */

/* Position of the n bytes at s in words, or -1. */
int word_find(const char *const *words, int nword, const char *s, size_t n);

enum char_class { CHAR_WORD = 1, CHAR_GLOB = 2 };
extern const uint8_t char_class[256];
static inline bool word_char(char c) /* of a word: a verb, a parameter */
{
	return char_class[(uint8_t)c] & CHAR_WORD;
}
static inline bool name_char(char c) /* of a function's name, which may be a pattern */
{
	return char_class[(uint8_t)c];
}

/* ---- lex.c ---- */

/* An entry is a line that starts in the first column, with the indented lines below it. */
enum token_kind {
	T_WORD,
	T_NUM,
	T_STR,	/* s, n: without the quotes */
	T_PUNCT,
	T_LINE, /* the entry goes on in the next line */
	T_END,	/* of the entry */
};
struct token {
	enum token_kind kind;
	const char *s;
	uint32_t n;
	int line, col;
};
struct parser {
	struct models *m;
	const char *file;
	const char *p;	 /* behind tok */
	const char *bol; /* begin of the line that p is in */
	int line;
	const char *prev; /* behind the token before tok */
	int depth;	  /* of parentheses: inside, a line's end is a blank */
	int nest;	  /* of conditions */
	struct token tok;
	const char **why; /* annotations: where an error goes instead of error() */

	/* what the present line belongs to */
	const char *library;
	const char *const *headers;
	uint32_t nheader;
	const char *uncheckable;     /* until the next header */
	const char *all_uncheckable; /* said before the library's first header: of all */
	bool strict;
	bool header_run;     /* the line before was a header's too */
	bool detect_default; /* the library's detect is only its first header */

	struct model *model; /* being built */
	VEC(struct clause) clauses;
	VEC(struct callback) callbacks;
	VEC(struct instead) insteads;
};
void lex_next(struct parser *p);
static inline bool tok_is(const struct parser *p, const char *s)
{
	return p->tok.kind != T_STR && p->tok.n == strlen(s) && !memcmp(p->tok.s, s, p->tok.n);
}
bool lex_accept(struct parser *p, const char *s); /* and goes on */
bool lex_expect(struct parser *p, const char *s); /* the same, or an error */
/* The rest of the line, without blanks around it, as tok's text; tok becomes what follows. */
const char *lex_rest(struct parser *p, struct token *text);
/* "FILE:LINE:COL: expected WHAT, found '...'", with the nearest of the candidates. Returns false. */
bool lex_wrong(struct parser *p, const char *what, const char *const *cands, size_t n);
bool lex_error(struct parser *p, const struct token *at, const char *fmt, ...) PRINTF(3, 4);
char *tok_text(struct parser *p); /* in the arena of the models */

/* ---- cond.c, clause.c ---- */

const struct mcond *cond_parse(struct parser *p); /* NULL after an error */
/* [if C | unless C] */
bool cond_parse_optional(struct parser *p, const struct mcond **cond);
/* Index of a parameter named by tok; goes on. */
bool param_parse(struct parser *p, int *param);
bool param_is(const struct parser *p); /* tok is a parameter's name, or 'result' */
bool clause_parse(struct parser *p);   /* adds to p->clauses */
/* "on CONTEXT ...": adds to p->callbacks, or sets the model's silent bit. */
bool fd_kinds_parse(struct parser *p, uint32_t *kinds);
bool callback_parse(struct parser *p, int param);
bool context_parse(struct parser *p, enum ctx_kind *ctx);

/* ---- apply.c, place.c, annotate.c ---- */

struct apply {
	const struct program *p;
	const struct ir *ir;
	struct models *m;
	struct effects *e;
	VEC(struct effect) effects;
	VEC(struct place_use) uses;
	uint32_t *outer; /* per record: the record that an unnamed one lies in, or NONE */
};
void apply_places(struct apply *a);
/* Changes the model of a function by its own annotations, and adds where it runs to uses. */
void apply_annotations(struct apply *a, uint32_t fn);
/* The same of a field or global, which is already in u. Only contexts make sense there. */
void apply_annotated_place(struct apply *a, uint32_t attr, uint32_t nattr, struct place_use u,
	enum place_kind kind, const char *name);
struct place_use place_use_none(const struct place *place);

/* ---- parse_fn.c ---- */

/* Reads prototype and clauses into *model, whose name is set; p->p is at the parenthesis. */
bool function_parse(struct parser *p, struct model *model);
/* n bytes, copied into the models' arena. */
const void *parser_keep(struct parser *p, const void *v, size_t n);

/* ---- entry.c ---- */

/* p->p is at the parenthesis behind the names: notes an entry for each, and goes on to the next entry. */
bool entry_note(struct parser *p, const struct token *names, uint32_t n);
/* The model of an entry; one without clauses after error(), if it is wrong. */
const struct model *entry_read(struct models *m, uint32_t entry);

/* ---- parse.c ---- */

int model_parse_file(struct parser *p, const char *text); /* text must live as long as the models */

#endif
