/* ir_parse.h - between the files that read the text form: ir_lex.c, ir_parse.c, ir_body.c, ir_infer.c. */
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
struct text_loc { /* a place, before its files have ids */
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
	bool failed;	  /* said; from now on every token is TOK_END */
	struct arena *mem;
	struct tok tok;	  /* the current one */
};
void lex_init(struct lexer *l, const char *name, const char *text, struct arena *mem);
void lex_next(struct lexer *l);
/* Says it at the given line, once for each text. */
void lex_fail(struct lexer *l, int line, const char *fmt, ...) PRINTF(3, 4);

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
	int line;    /* of its declaration, or 0 */
};
struct text_fn {
	int line;
	bool declared; /* else it has the parameters of its first call */
	bool called;
	bool hash;     /* given */
};
struct parser {
	struct lexer lex;
	struct ir *ir;
	uint32_t file; /* of places that name none; NONE: the main file */
	struct map fns, globals, records, fields, types, files; /* by name and nth */
	struct map made; /* types made up by their contents */
	VEC(struct text_field) field;	/* steps index this until the end */
	VEC(struct text_record) record;
	VEC(struct text_fn) fn;		/* this and the next two are parallel to the tables of ir */
	VEC(int) block_line, op_line;
	uint32_t ndeclared;		/* types with a label; those behind were made up */
};

/* The current token, and move on. */
bool at(const struct parser *p, int kind);
bool at_word(const struct parser *p, const char *word);
bool take(struct parser *p, int kind);
bool take_word(struct parser *p, const char *word);
bool expect(struct parser *p, int kind, const char *what);
void fail_here(struct parser *p, const char *expected); /* "expected ..., not ..." */
uint32_t take_u32(struct parser *p, const char *what);

/* Things by the name at the current token; made if they are new. */
uint32_t parse_fn_name(struct parser *p);
uint32_t parse_global_name(struct parser *p);
uint32_t parse_record_name(struct parser *p);
uint32_t parse_field_name(struct parser *p, bool declare); /* RECORD:FIELD */
uint32_t parse_type(struct parser *p);
uint32_t parse_loc(struct parser *p); /* NONE if there is none */
void parse_attrs(struct parser *p, uint32_t *attr, uint32_t *nattr);
uint32_t make_type(struct parser *p, struct type t);
uint32_t make_pointer(struct parser *p, uint32_t to);
uint32_t make_record_type(struct parser *p, uint32_t record);

/* From the '(' of the parameters to the end of the head, or of the body. */
void parse_fn(struct parser *p, uint32_t fn);

/* Gives a type to whatever has none. Needs final field ids. */
void infer_types(struct parser *p);

#endif
