/* store.h - what stays between runs: the findings that are known (baseline.c). Only this folder knows SQLite.
 */
#ifndef TVT_STORE_H
#define TVT_STORE_H

#include "rule/api/finding.h"

/* ---- baseline.c: findings that are known, and which of today's are among them ---- */

/* One finding, as far as another one can be the same. */
struct known {
	const char *identity; /* escaped */
	const char *file;     /* escaped, relative to the root */
	uint64_t line;	      /* hash of the text of its line without blanks; 0: not known */
};
struct known_set {
	VEC(struct known) list; /* sorted */
	struct arena *mem;	/* of the strings */
};

/* The findings that are not suppressed. root: where their files are; their lines are read. */
void known_of(struct known_set *s, const struct finding *f, uint32_t n, const char *root);
/* A file that known_write() wrote, or a merge of two such. 0, or -1 after error(). Free it in either case. */
int known_read(struct known_set *s, const char *path);
/* 0, or -1 after error(). The directory is made if it is missing. */
int known_write(const struct known_set *s, const char *path);
void known_free(struct known_set *s);
/* Marks the findings that are in the set, each element standing for one finding at most, and counts into c;
 * c->gone lives as long as the set. What two findings must share: the identity; if several have it, those with
 * the same file and line text belong together first, then those with the same line, then with the same file. */
void known_match(const struct known_set *s, struct finding *f, uint32_t n, const char *root, struct compared *c);

#endif
