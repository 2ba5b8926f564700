/* ir_parse.h - between the files that read the text form: ir_lex.c, ir_parse.c,
 * ir_parse_name.c, ir_parse_body.c, ir_parse_op.c, ir_infer.c. */
#ifndef TVT_IR_PARSE_H
#define TVT_IR_PARSE_H

#include "ir/ir_int.h"

/* ---- tokens ---- */

enum tok_kind { /* other tokens are their own character */
	TOK_END = 256,
	TOK_LINE,  /* end of line, or ';' */
	TOK_NAME,  /* text, nth */
	TOK_TEMP,  /* %text */
	TOK_NUM,   /* num */
	TOK_STR,   /* text */
	TOK_LOC,   /* loc */
	TOK_ARROW, /* -> */
	TOK_SCOPE, /* :: */
	TOK_STAR,  /* .* */
	TOK_RANGE, /* .. */
	TOK_DOTS,  /* ... */
	TOK_REL,   /* num: one of == != < <= > >= !&; a lone & is its own character */
};
struct text_loc {		  /* a place, before its files have ids */
	const char *file, *sfile; /* NULL: not said */
	uint32_t line, col, end_col, sline, scol;
	const char *macro; /* NULL: not spelled elsewhere */
};
struct tok {
	int kind;
	int line;
	const char *text; /* decoded; lives as long as the lexer's arena */
	uint32_t nth;	  /* NAME#nth, else 1 */
	int64_t num;
	struct text_loc loc;
};
struct lexer {
	const char *name; /* of the text, for messages */
	const char *s;	  /* next character */
	int line;
	bool failed; /* said; from now on every token is TOK_END */
	struct arena *mem;
	struct tok tok; /* the current one */
};
void tir_lex_init(struct lexer *l, const char *name, const char *text, struct arena *mem);
void tir_lex_next(struct lexer *l);
/* Says it at the given line, once for each text. */
void tir_lex_fail(struct lexer *l, int line, const char *fmt, ...) PRINTF(3, 4);

/* ---- parser ---- */

#define UNTYPED (NONE - 1) /* no type given: made up at the end */

struct text_field {
	struct field f;
	uint32_t seq;  /* order in its record */
	int line;      /* of its declaration, else of its first use */
	bool declared; /* in the braces of its record, or alone */
	bool alone;
};
struct text_record {
	bool listed; /* has braces: its fields must be declared */
	uint32_t nfield;
	int line; /* of its declaration, or 0 */
};
struct text_fn {
	int line;
	bool declared; /* else it has the parameters of its first call */
	bool called;
	bool hash; /* given */
};
struct parser {
	struct lexer lex;
	struct ir *ir;
	uint32_t file; /* of places that name none; NONE: the main file */
	struct map fns, globals, records, fields, types, files; /* by name and nth */
	struct map made;	      /* types made up by their contents */
	VEC(struct text_field) field; /* steps index this until the end */
	VEC(struct text_record) record;
	VEC(struct text_fn) fn; /* this and the next two are parallel to the tables of ir */
	VEC(int) block_line, op_line;
	uint32_t ndeclared; /* types with a label; those behind were made up */
};

/* The current token, and move on. */
bool tir_at(const struct parser *p, int kind);
bool tir_at_word(const struct parser *p, const char *word);
bool tir_take(struct parser *p, int kind);
bool tir_take_word(struct parser *p, const char *word);
bool tir_expect(struct parser *p, int kind, const char *what);
void tir_fail_here(struct parser *p, const char *expected); /* "expected ..., not ..." */
uint32_t tir_take_u32(struct parser *p, const char *what);

/* Things by the name at the current token; made if they are new. make is for names that are. */
uint64_t tir_name_key(struct parser *p, const struct tok *t);
uint32_t tir_usual_key(struct parser *p, const struct tok *t, bool is_static);
uint32_t tir_new_fn(struct parser *p, const struct tok *t);
uint32_t tir_new_global(struct parser *p, const struct tok *t);
uint32_t tir_new_record(struct parser *p, const struct tok *t);
uint32_t tir_parse_fn_name(struct parser *p);
uint32_t tir_parse_global_name(struct parser *p);
uint32_t tir_parse_record_name(struct parser *p);
uint32_t tir_parse_field_of(struct parser *p, uint32_t record, bool declare);
uint32_t tir_parse_field_name(struct parser *p, bool declare); /* RECORD:FIELD */
uint32_t tir_file_id(struct parser *p, const char *path);
struct loc tir_make_loc(struct parser *p, const struct text_loc *t);
uint32_t tir_parse_type(struct parser *p);
uint32_t tir_parse_loc(struct parser *p); /* NONE if there is none */
void tir_parse_attrs(struct parser *p, uint32_t *attr, uint32_t *nattr);
uint32_t tir_make_type(struct parser *p, struct type t);
uint32_t tir_make_pointer(struct parser *p, uint32_t to);
uint32_t tir_make_record_type(struct parser *p, uint32_t record);

/* ---- bodies ---- */

struct text_local {
	struct local l;
	bool exists;
	bool placed; /* has a declaration, so its place is what that says */
	bool plain;  /* var: neither temp nor join */
	uint32_t ndef;
	uint32_t def; /* the first op that assigns it */
};
struct text_label {
	uint32_t block; /* NONE: not yet seen */
	int line;	/* of its first use */
	const char *name;
};
struct body {
	struct parser *p;
	struct fn fn;
	VEC(struct text_local) local; /* by id */
	uint32_t next;		      /* no free id below this one */
	struct map names, temps;
	VEC(bool) taken;	      /* numbers that temps of this body bear */
	VEC(struct text_label) label; /* successors index this until the end of the body */
	struct map labels;
	bool open;  /* a block has begun and not ended */
	bool ended; /* a block has ended and none begun */
};

enum { MAX_NUMBER = 1 << 22 };
uint32_t tir_number_of(const char *temp); /* N of %N, or NONE if it is a name */
bool tir_at_local(const struct body *b);
uint32_t tir_find_local(struct body *b); /* at the current token; NONE if it is new */
void tir_make_local(struct body *b, uint32_t id, uint32_t name);
uint32_t tir_add_local(struct body *b, uint32_t id); /* named by the current token */
uint32_t tir_parse_local(struct body *b);
void tir_parse_local_rest(struct body *b, uint32_t id); /* [: TYPE] WORD* [LOC] */
void tir_parse_local_line(struct body *b);
struct ref tir_parse_value(struct body *b);
void tir_parse_op(struct body *b, int line, struct ref dst); /* from its name on */

/* From the '(' of the parameters to the end of the head, or of the body. */
void tir_parse_fn(struct parser *p, uint32_t fn);

/* Gives a type to whatever has none. Needs final field ids. */
void tir_infer_types(struct parser *p);

#endif
