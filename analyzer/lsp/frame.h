/* frame.h - private to lsp/: bytes to messages, messages to values. Knows nothing of a server, so that it can
 * be fed by a fuzzer alone.
 */
#ifndef TVT_LSP_FRAME_H
#define TVT_LSP_FRAME_H

#include "base/base.h"

/* ---- framing: a header of "Name: value" lines, an empty line, Content-Length bytes ---- */

enum { FRAME_HEADER = 4096, FRAME_BODY = 128 << 20 }; /* longer ones are refused */
struct frame {
	struct sb in;
	size_t at;   /* bytes of in that are done */
	size_t skip; /* bytes still to come of a body that was refused */
};
void frame_feed(struct frame *f, const char *s, size_t n);
/* 1: *body and *n are the next message, good until the next call. 0: it is not complete. -1: what came is no
 * message, *why tells; it was skipped, so go on calling. */
int frame_next(struct frame *f, const char **body, size_t *n, const char **why);
/* The last body is no JSON: if the begin of another message lies in it, reading goes on there. */
void frame_distrust(struct frame *f, const char *body, size_t n);
void frame_free(struct frame *f);

/* ---- JSON ---- */

enum jkind { J_NULL, J_BOOL, J_NUM, J_STR, J_ARR, J_OBJ };
enum { JSON_DEPTH = 64 };
struct jval {
	enum jkind kind;
	bool b;
	double num;
	const char *s;	   /* J_STR: n bytes of UTF-8 and a NUL; may hold NULs */
	size_t n;	   /* of s; or children */
	struct jval *kids; /* J_ARR, J_OBJ: the first of a list */
	struct jval *next;
	const char *key;   /* in an object */
};
/* NULL if it is not JSON, or nested deeper than JSON_DEPTH. The value lives as long as a. */
const struct jval *jval_read(const char *s, size_t n, struct arena *a);
/* Members; a path is "a.b.c". NULL if there is none (v may be NULL too). */
const struct jval *jval_at(const struct jval *v, const char *path);
const char *jval_str(const struct jval *v, const char *path);		 /* NULL if it is no string */
int64_t jval_int(const struct jval *v, const char *path, int64_t other); /* other if it is no number */
bool jval_true(const struct jval *v, const char *path);
void jval_write(struct json *j, const char *key, const struct jval *v); /* scalars: ids and tokens */

#endif
