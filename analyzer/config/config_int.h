/* config_int.h - what the files of this folder share. */
#ifndef TVT_CONFIG_INT_H
#define TVT_CONFIG_INT_H

#include "config/config.h"
#include "config/yaml.h"

/* "data-race: off", for files that one of globs fits (none: all). */
struct level_line {
	const char *rule; /* may hold '*' */
	int level;	  /* enum level or LEVEL_OFF */
	uint32_t line;
};
/* A part of a file that speaks of some files of the project. */
struct scope {
	const char *file; /* of the settings */
	const char *dir;  /* what globs are relative to; also: only files below */
	const char *const *globs;
	uint32_t nglob;
	uint32_t line;
	VEC(struct level_line) levels;
	struct setting own[CONFIG_COUNT]; /* REASON, UNUSED; text NULL: not said */
};
struct config {
	struct arena *mem;
	const char *file, *dir; /* of the root file; dir is also set without one */
	struct config_names names;
	struct setting set[CONFIG_COUNT];
	VEC(struct scope) scopes; /* the root file's levels, then its overrides */
	/* files of directories, read when they are needed */
	VEC(struct scope *) below; /* NULL: that directory has none */
	VEC(const char *) dirs;
	struct map by_dir;
	uint32_t mistakes;
};

extern const char *const config_levels[]; /* "off", "note", "warning", "error", NULL */
/* Does one of globs fit file? They are relative to dir; a pattern without '/' fits a name at any depth, and a
 * directory stands for everything in it. */
bool globs_fit(const char *const *globs, uint32_t n, const char *dir, const char *file);
/* Reads one settings file into scopes: s[0] gets what is said of all files. below: it is not the root file.
 * Counts c->mistakes. */
void settings_read(struct config *c, const char *file, bool below, struct scope *all);
/* "1.5 ms" in the unit of the type. */
bool setting_number(enum config_type type, const char *text, double *out);
/* Position of word in the list, which ends with NULL; -1 if it is not there. */
int word_in(const char *word, const char *const *list);
/* "note warning error never" as such a list. */
const char *const *words_of(struct arena *a, const char *words);
const char *nearest(const char *word, const char *const *list); /* NULL: none is near */

#endif
