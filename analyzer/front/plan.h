/* plan.h - private to front/: which headers are precompiled, and for whom.
 *
 *     plan.c   in the parent: what the beginnings of the files have in common
 *     pch.c    in a worker: precompiles that once, and parses files on top of it
 */
#ifndef TVT_PLAN_H
#define TVT_PLAN_H

#include "front/lower.h"

/* Headers that several units include first, in this order, behind those of the parent. */
struct shared {
	uint32_t parent;  /* NONE: there are none before */
	uint32_t unit;	  /* one of those units: the command is the same for all */
	uint32_t nunit;	  /* that begin so */
	uint32_t nlines;  /* #include lines from the beginning of the file */
	const char *text; /* the lines that the parent has not */
};
struct plan {
	struct shared *shared;
	uint32_t nshared;
	uint32_t *of;	 /* per unit: its last one, or NONE */
	uint32_t *order; /* units: those that share stand together, behind the others */
	uint32_t nalone; /* how many stand before */
	struct arena *mem;
};
struct plan *plan_new(const struct compdb *db);
void plan_free(struct plan *p);
/* The next #include line of the leading ones: behind white space and comments at *at; [begin, end) is the directive
 * without what may follow on its line. *at moves behind it. */
bool plan_include(const char *text, size_t size, size_t *at, size_t *begin, size_t *end);

/* ---- pch.c ---- */

/* Parses and lowers unit on top of what it shares. The result is that of lower_parse(), or nothing: false. Between
 * reads_begin() and reads_end(). */
bool pch_parse(const struct plan *p, const struct compdb *db, uint32_t unit, struct lower_result *out);

#endif
