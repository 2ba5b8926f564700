/* config.h - the project's settings: .tvt-lint, a YAML file.
 *
 * One root file decides for the whole program. Files of the same name in directories below may change the levels of
 * rules and what is asked of suppressions, for the files there: the nearest wins, then the overrides of the root
 * file, then its levels.
 */
#ifndef TVT_CONFIG_H
#define TVT_CONFIG_H

#include "base/base.h"

enum config_key {
#define KEY(id, ...) CONFIG_##id,
#include "config/keys.def"
#undef KEY
	CONFIG_COUNT
};
enum config_type {
	SET_STRING,
	SET_PATH, /* relative to the file that says it */
	SET_BOOL,
	SET_COUNT, /* from 1 on */
	SET_COUNT0,
	SET_WORD,
	SET_TIME,    /* "1 ms": seconds */
	SET_SIZE,    /* "512 MB": bytes */
	SET_PERCENT, /* 0 to 100 */
	SET_WORDS,
	SET_PATHS,
	SET_GLOBS,
	SET_LEVELS,
	SET_OVERRIDES,
};
struct config_row {
	const char *path;
	enum config_type type;
	const char *values, *dflt;
	bool root_only;
	const char *doc;
};
extern const struct config_row config_rows[CONFIG_COUNT];

/* What a setting is, and where that was said. */
struct setting {
	const char *text;	 /* NULL: nothing was said and there is no default; lists: joined by ", " */
	double num;		 /* COUNT, TIME, SIZE, PERCENT, BOOL; WORD: position among the values */
	const char *const *list; /* WORDS, PATHS, GLOBS */
	uint32_t nlist;
	const char *file; /* NULL: the default */
	uint32_t line;
};
struct config;

/* What a key may be checked against that this folder does not know. Lists end with NULL. */
struct config_names {
	const char *const *rules;
	const char *const *formats;
};
/* Finds the root file: of all .tvt-lint in dir and its parents, up to a directory that has a .git or a file that says
 * "root: true", the outermost. file: that one instead; NULL: look for it. No file at all is no error: defaults.
 * NULL after error("file:line:column: ..."), one for each mistake. */
struct config *config_load(const char *dir, const char *file, const struct config_names *names);
void config_free(struct config *c);
const char *config_file(const struct config *c); /* of the root file, absolute; NULL if there is none */
const char *config_dir(const struct config *c);	 /* what globs of the root file are relative to, absolute */
const struct setting *config_get(const struct config *c, enum config_key k);
static inline const char *config_text(const struct config *c, enum config_key k)
{
	return config_get(c, k)->text;
}
/* The command line says it: only for config_print(). */
void config_override(struct config *c, enum config_key k, const char *text);
const char *config_level_word(int level); /* "off", "note", ... */

/* ---- for one file: absolute, normal ---- */

enum { LEVEL_OFF = -1, LEVEL_UNSAID = -2 };
/* What is said of a rule there: enum level, LEVEL_OFF or LEVEL_UNSAID. from: where; may be NULL. A mistake in a file of
 * a directory is told once and counts in config_mistakes(). */
int config_level(struct config *c, const char *rule, const char *file, struct setting *from);
const struct setting *config_for_file(struct config *c, enum config_key k, const char *file); /* REASON, UNUSED */
bool config_reports(const struct config *c, const char *file); /* paths.include, paths.exclude */
/* Is a rule named with a level other than off, for any file? */
bool config_names_rule(const struct config *c, const char *rule);
/* Directories in which settings were looked for so far, without the root file's; there may be none in them. */
const char *const *config_looked(const struct config *c, uint32_t *n);
uint32_t config_mistakes(const struct config *c);

/* ---- print.c ---- */

/* Everything in force, as a .tvt-lint file with comments that say where from. For a file, if not NULL. */
void config_print(struct config *c, struct sb *out, const char *file, const struct config_names *names);
void config_schema(struct sb *out, const struct config_names *names); /* JSON Schema, 2020-12 */
void config_template(struct sb *out, const char *build_dir);	      /* a first file; everything is a comment but what is given */

#endif
