/* base.h - memory, strings, tables, files and messages. Knows nothing of C code or of tasks.
 *
 * Memory: three lifetimes, passed in and never global: one unit, one run ("program"), one
 * function ("scratch"). Running out of memory in the analyzer stops it (xmalloc).
 */
#ifndef TVT_BASE_H
#define TVT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define NONE UINT32_MAX /* "no such id", for every id */

/* ---- memory ---- */

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
/* From here on the process works on much memory: its heap takes large pages and keeps what is freed. */
void heap_large(void);

/* A bump allocator. Everything is freed at once; zeroed memory, 16-byte aligned. */
struct arena;
struct arena *arena_new(void);
void *arena_alloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
void arena_reset(struct arena *a); /* keeps the blocks for reuse */
void arena_free(struct arena *a);
size_t arena_size(const struct arena *a); /* bytes handed out */

/* A growable array: VEC(struct op) ops = {0}; *vec_push(&ops) = op; ops.v[i]; vec_free(&ops). */
#define VEC(T)                                                                                     \
	struct {                                                                                   \
		T *v;                                                                              \
		uint32_t n, cap;                                                                   \
	}
#define vec_push(x)                                                                                \
	((x)->n == (x)->cap ? ((x)->v = vec_grow((x)->v, &(x)->cap, sizeof *(x)->v)) : (x)->v,     \
	 (x)->v + (x)->n++)
/* The value is read before the array moves, so it may be one of its elements. */
#define vec_add(x, ...)                                                                            \
	do {                                                                                       \
		__typeof__(*(x)->v) vec_val = (__VA_ARGS__);                                       \
		*vec_push(x) = vec_val;                                                            \
	} while (0)
#define vec_free(x) (free((x)->v), (x)->v = NULL, (x)->n = (x)->cap = 0)
void *vec_grow(void *v, uint32_t *cap, size_t size);

/* ---- strings ---- */

/* A string builder. Always NUL-terminated once something was added; s is NULL before. */
struct sb {
	char *s;
	size_t n, cap;
};
void sb_reserve(struct sb *b, size_t n); /* room for n more bytes */
void sb_putc(struct sb *b, char c);
void sb_puts(struct sb *b, const char *s);
void sb_putn(struct sb *b, const void *s, size_t n);
void sb_printf(struct sb *b, const char *fmt, ...) PRINTF(2, 3);
/* Adds text from the outside so that it is safe on a terminal and stays on its line: control and
 * direction characters and bytes that are not UTF-8 become \n, \x1b, \u202e. */
void sb_put_visible(struct sb *b, const char *s, size_t n);
void sb_free(struct sb *b);

/* Length in bytes and code point of the UTF-8 sequence at s; 0 if it is none, or n is 0. */
unsigned utf8_next(const char *s, size_t n, uint32_t *cp);
/* Drives a terminal, or changes the order in which a reader sees a line. */
bool utf8_invisible(uint32_t cp);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* The candidate nearest to word by edit distance, at most 2 (or a third of its length) away; or
 * NULL. For "did you mean". */
const char *str_nearest(const char *word, const char *const *cands, size_t n);
/* Shell-style pattern with '*' and '?'. '*' does not stop at '/'. */
bool str_glob(const char *pattern, const char *s);

/* Interned strings: equal strings have equal ids. Id 0 is "". Strings are stored one after the
 * other, NUL-terminated, so that a table is one flat blob (intern_blob) that can be written. */
struct intern;
struct intern *intern_new(void);
uint32_t intern_id(struct intern *t, const char *s); /* s may lie in the table itself */
uint32_t intern_idn(struct intern *t, const char *s, size_t n);
/* Ids are byte offsets in the blob. Pointers are good until the next intern_id. */
const char *intern_str(const struct intern *t, uint32_t id);
const char *intern_blob(const struct intern *t, uint32_t *size);
void intern_free(struct intern *t);

/* ---- tables ---- */

/* Hash map from uint64_t to uint32_t, open addressing. Iteration order is not defined: never let
 * it reach the output. */
struct map {
	uint64_t *key;
	uint32_t *val; /* NONE marks an empty slot, so NONE cannot be stored */
	uint32_t n, cap;
};
uint32_t map_get(const struct map *m, uint64_t key);		      /* NONE if absent */
void map_put(struct map *m, uint64_t key, uint32_t val);	      /* replaces */
uint32_t *map_slot(struct map *m, uint64_t key, uint32_t if_absent); /* inserts when absent */
void map_free(struct map *m);

/* A bit set of fixed size. */
struct bits {
	uint64_t *w;
	uint32_t n; /* bits */
};
struct bits bits_new(struct arena *a, uint32_t n);
static inline bool bits_get(const struct bits *b, uint32_t i)
{
	return b->w[i >> 6] >> (i & 63) & 1;
}
static inline void bits_set(struct bits *b, uint32_t i)
{
	b->w[i >> 6] |= (uint64_t)1 << (i & 63);
}
static inline void bits_clear(struct bits *b, uint32_t i)
{
	b->w[i >> 6] &= ~((uint64_t)1 << (i & 63));
}
bool bits_or(struct bits *to, const struct bits *from);	  /* true if to changed */
bool bits_and(struct bits *to, const struct bits *from); /* true if to changed */
uint32_t bits_count(const struct bits *b);

uint64_t hash_bytes(const void *p, size_t n);	/* XXH3 64, the same on every machine */
uint64_t hash_str(const char *s);
struct hash128 {
	uint64_t lo, hi;
};
struct hash128 hash128_bytes(const void *p, size_t n); /* XXH3 128; never both 0 */
static inline bool hash128_eq(struct hash128 a, struct hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0x9E3779B97F4A7C15u) * 0xFF51AFD7ED558CCDu;
	return h ^ h >> 29;
}

/* ---- messages: the world is wrong (see conventions, "Errors") ---- */

/* error() says it once on standard error, as "tvt-lint: error: ...", and returns -1. Control
 * characters that come from file names or sources are escaped. */
int error(const char *fmt, ...) PRINTF(1, 2);
void warn(const char *fmt, ...) PRINTF(1, 2);
void note(const char *fmt, ...) PRINTF(1, 2);
/* Catch messages instead of printing them (tests, language server). NULL restores. */
void diag_redirect(void (*sink)(void *ctx, const char *level, const char *msg), void *ctx);

uint32_t diag_count(void); /* messages so far, wherever they went */

/* ---- clock ---- */

double clock_now(void); /* seconds from some moment on */
double clock_cpu(void); /* seconds of processor time that this process has had */
uint64_t memory_resident(void); /* bytes of this process; 0 if that is not known */

/* ---- where time and memory go: noted only if asked for, by the main thread ---- */

struct span {
	const char *kind, *name; /* "stage", "solver", "rule", "unit"; not copied */
	uint32_t lane;		 /* 0: this process; workers from 1 on */
	double start, seconds;	 /* clock_now() */
	double cpu;		 /* of this process; units: in the worker */
	uint64_t bytes;		 /* resident at its end; units: the worker's peak so far */
	int64_t grown;		 /* bytes since its beginning */
};
void spans_on(void);
bool spans_wanted(void);
uint32_t span_open(const char *kind, const char *name); /* NONE if nobody asked */
void span_close(uint32_t span);
void span_add(struct span s); /* what was measured elsewhere */
const struct span *spans(uint32_t *n); /* in the order in which they began; good until the next */

/* ---- files ---- */

/* Opens regular files only: a FIFO, device or directory is an error, never a hang.
 * Returns 0 and a malloc'ed, NUL-terminated buffer; or -1 after error(). */
int fs_read(const char *path, char **data, size_t *size);
/* The same without a message; -1 and errno. */
int fs_read_quiet(const char *path, char **data, size_t *size);
/* mmap of a regular file; fs_unmap it. Empty files give data = "" and size 0. */
int fs_map(const char *path, const char **data, size_t *size);
void fs_unmap(const char *data, size_t size);
/* Writes a temporary file beside path, syncs it and renames: the file is absent, old or whole. */
int fs_write_atomic(const char *path, const void *data, size_t size);
/* A number for the state of a file or directory, from its identity, size and times: as long as it is the same
 * nobody has written there, and a content need not be read again. 0, which equals nothing, if that cannot be
 * told: it was changed within the last two seconds, so that another change might carry the same time. */
struct stat;
uint64_t fs_stamp(const struct stat *st);
bool fs_is_file(const char *path);
bool fs_is_dir(const char *path);
/* Lexical: joins, removes "." and ".." and "//"; an absolute path stays absolute. */
char *path_join(struct arena *a, const char *dir, const char *path);
char *path_normal(struct arena *a, const char *path);
const char *path_base(const char *path); /* after the last '/' */
char *path_dir(struct arena *a, const char *path);
/* path relative to root if it lies below it, else path itself. Both normal. */
const char *path_under(const char *root, const char *path);
char *path_cwd(struct arena *a); /* "." after warn() if it is gone */
/* The tool's own directory among the user's caches, or among what programs remember ("state"); not made yet.
 * NULL: the user has no home. */
enum user_dir { DIR_CACHE, DIR_STATE };
char *dir_of_user(struct arena *a, enum user_dir which);
int dir_make(const char *path);	  /* with its parents; 0, also if it is there, or -1 after error() */
int dir_remove(const char *path); /* and all below, without following links; the same */
/* Directory that holds models/, pages/ and man/: beside the binary (build tree) or under
 * ../share/tvt-lint (installed), or $TVT_LINT_DATA. NULL after error(). */
const char *data_dir(void);

/* ---- JSON writer: streaming, no tree ---- */

struct json {
	struct sb *out;
	uint32_t depth;
	bool pretty;
	bool first[64];
	char close[64]; /* per open object or array: '}' or ']' */
};
void json_begin(struct json *j, struct sb *out, bool pretty);
void json_obj(struct json *j, const char *key); /* key NULL inside arrays and at the top */
void json_arr(struct json *j, const char *key);
void json_end(struct json *j); /* closes the innermost object or array */
void json_str(struct json *j, const char *key, const char *val);
void json_strn(struct json *j, const char *key, const char *val, size_t n);
void json_int(struct json *j, const char *key, int64_t val);
void json_num(struct json *j, const char *key, double val);
void json_bool(struct json *j, const char *key, bool val);
void json_null(struct json *j, const char *key);

#endif
