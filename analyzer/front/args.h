/* args.h - private to front/: what of a compiler command reaches the parser.
 *
 * A command is a list of words: slices of the database, not NUL-terminated. Databases repeat
 * themselves, so every distinct argument is judged once, and equal argument lists are one array:
 * comparing pointers is comparing lists.
 */
#ifndef TVT_ARGS_H
#define TVT_ARGS_H

#include "front/front.h"

struct word {
	const char *s;
	uint32_t n; /* bytes */
};
struct words {
	VEC(struct word) w;
};

/* Splits a command line as clang does for a database: blanks separate, "..." and '...' quote, a
 * backslash takes the next character as it is (not within '...'). Words are slices of s, or of
 * scratch if they had to be unquoted. Appends to out. */
void args_split(const char *s, size_t n, struct words *out, struct arena *scratch);

/* Kinds of processors that have arguments of their own. */
enum arch { ARCH_ANY, ARCH_X86, ARCH_ARM, ARCH_ARM64, ARCH_RISCV, ARCH_OTHER };
/* What the first words of a command say (args_driver.c). */
struct driver {
	uint32_t nword; /* 0 if arguments come at once, 1, or 2 behind a launcher such as ccache */
	const char *compiler;
	const char *target; /* "--target=..." as implied by the name of a cross compiler, or NULL */
	enum arch arch;
	bool cxx;
};
void args_driver(const struct words *words, struct driver *out, struct arena *mem);
enum arch args_arch(const char *triple, size_t n); /* ARCH_ANY: the parser has no such target */
enum arch args_arch_of_command(const struct driver *d, const struct words *words);
bool args_cpu_known(enum arch arch, const char *name);

struct args; /* the filter and what it has seen */
struct args *args_new(struct arena *mem);
void args_free(struct args *a);

struct args_cmd {
	const char *const *argv; /* lives in mem; equal lists are the same array */
	uint32_t argc;
	const char *compiler;
	uint32_t ndropped;
	bool is_c; /* as the compiler would take it: by -x, by its own name, by the file's ending */
};
/* Judges the words of one command, the compiler first, in the directory dir, for file as it is
 * written. */
void args_filter(struct args *a, const char *dir, struct word file, const struct words *words,
	struct args_cmd *out);
/* The arguments of a command when nothing is known: only the language. */
void args_default(struct args *a, struct args_cmd *out);
/* Does the ending of a file's name say C source, or a header? */
bool args_is_c_name(const char *file, size_t n);
bool args_is_header_name(const char *file, size_t n);
/* What was left out, by spelling, sorted; in mem. */
struct dropped *args_dropped(struct args *a, uint32_t *n);
/* Writes an argument with the path in it made absolute, to compare arguments of different
 * directories. */
void args_resolve(const char *dir, const char *arg, struct sb *out, struct arena *scratch);
/* The path in an argument that passed, or NULL. */
const char *args_path(const char *arg);

#endif
