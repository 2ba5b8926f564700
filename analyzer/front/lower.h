/* lower.h - private to front/: parses and lowers one translation unit in this process.
 *
 * Only worker processes call this. libclang may crash, hang or eat memory on hostile input, and
 * limits and watchdogs are the worker's business (worker.c).
 */
#ifndef TVT_LOWER_H
#define TVT_LOWER_H

#include "front/front.h"

/* Loads libclang once (later calls return at once) and checks that its built-in headers are there.
 * version may be NULL. 0, or -1 after error(). */
int clang_load(struct sb *version);

struct lower_result {
	enum unit_state
		state; /* UNIT_OK, UNIT_ERRORS or UNIT_FAILED; the other states are the worker's */
	struct ir *ir; /* NULL if UNIT_FAILED */
	uint32_t nerror;	     /* errors clang reported */
	char *first_error;	     /* "file:line:col: text", or why it failed; NULL if UNIT_OK */
	double parse_cpu, lower_cpu; /* seconds of this process's CPU time */
};

/* Parses cmd->file with cmd->argv in the working directory cmd->dir and lowers it. Needs a large
 * stack (64 MiB): nothing else bounds libclang's recursion. Changes the working directory of the
 * process. 0, or -1 if there is no IR (state and first_error tell why; nothing was printed). The
 * caller owns *out: lower_result_free. */
int lower_parse(const struct tu_cmd *cmd, struct lower_result *out);
void lower_result_free(struct lower_result *r);

/* A unit whose tree is kept, so that the next version of its text takes a part of the time: what comes before
 * the first declaration, mostly #include lines, is kept as it was parsed. Texts in bufs stand for files. The
 * rest as in lower_parse(). */
struct lower_kept; /* NULL in *kept: not parsed yet */
int lower_again(const struct tu_cmd *cmd, struct lower_kept **kept, const struct buffer *bufs, uint32_t nbuf,
	struct lower_result *out);

#endif
