/* fix.h - edits of the source after which a finding is gone.
 *
 * Only where the edit is mechanical: a rule names the repair and the sites (finding.repair), here it is looked up in
 * the text whether the code has the shape for which it is right, and if so, finding.fix is set. What is not sure to
 * compile, or may change what the program does in another way than meant, is left to people. No edit touches a macro,
 * a header of the system or a file outside the project, and none is made in a text that is not the one analysed.
 */
#ifndef TVT_FIX_H
#define TVT_FIX_H

#include "rule/api/rule.h"

struct fix_in {
	const struct program *p;
	const struct effects *e;
	const char *root;      /* edits name files relative to it */
	struct finding *findings; /* .fix is set, in mem */
	uint32_t n;
	struct arena *mem;
	/* The text of a file as it was analysed, or NULL if that cannot be had: it has changed since, or nobody
	 * knows. Good until fix_all() returns. */
	const char *(*text)(void *ctx, const char *path, size_t *n);
	/* Is some unit parsed as strict ISO C, so that what POSIX adds to headers is not declared? */
	bool (*strict)(void *ctx);
	void *ctx;
};
void fix_all(const struct fix_in *in);

/* Which fixes can be applied together: chosen[i] for each finding that is not quiet and whose edits touch none of a
 * finding before it. Returns how many were left out because they do. */
uint32_t fix_choose(const struct finding *f, uint32_t n, bool *chosen);
bool fix_same(const struct fix *a, const struct fix *b); /* the same edits */
/* All edits of the chosen ones, sorted by (file, from); for free(). */
struct patch *fix_edits(const struct finding *f, uint32_t n, const bool *chosen, uint32_t *count);
/* The text with its edits, which must be sorted and lie within it. */
void fix_apply(const char *text, size_t n, const struct patch *e, uint32_t count, struct sb *out);
/* A unified diff of what fix_apply() would do, with three lines around. */
void fix_diff(const char *file, const char *text, size_t n, const struct patch *e, uint32_t count, struct sb *out);

#endif
