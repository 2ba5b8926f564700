/* print.c - the table of keys as a settings file that tells where everything comes from, as a JSON Schema, and as a
 * first file to fill in. */
#include "config/config_int.h"

#include <ctype.h>

enum { COMMENT = 40 }; /* column of "where from" */

/* ---- YAML ---- */

static bool is_plain(const char *s)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "~", NULL};

	if (!isalnum((unsigned char)*s) && !strchr("./_", *s))
		return false;
	if (!*s || word_in(s, words) >= 0 || s[strlen(s) - 1] == ' ')
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("./_-+=@%~ ", *p))
			return false;
	return true;
}

/* One that is not plain is in double quotes, whose escapes are JSON's. */
static void put_scalar(struct sb *out, const char *s, bool quote)
{
	struct json j;
	struct sb text = {0};

	if (!quote) {
		sb_puts(out, s);
		return;
	}
	json_begin(&j, &text, false);
	json_arr(&j, NULL);
	json_str(&j, NULL, s);
	json_end(&j);
	sb_putn(out, text.s + 1, text.n - 2);
	sb_free(&text);
}

static void put_text(struct sb *out, const char *s)
{
	put_scalar(out, s, !is_plain(s));
}

/* Ends the line that began at offset start. */
static void put_from(struct sb *out, size_t start, const struct setting *s)
{
	size_t width = out->n - start;

	sb_printf(out, "%*s# ", width < COMMENT ? (int)(COMMENT - width) : 1, "");
	if (s->file && s->line)
		sb_printf(out, "%s:%u\n", s->file, s->line);
	else
		sb_printf(out, "%s\n", s->file ? s->file : "default");
}

/* start: offset of the line, which may have been indented. */
static void put_setting(
	struct sb *out, size_t start, const struct config_row *row, const char *name, const struct setting *s)
{
	bool words = row->type == SET_WORD || row->type == SET_BOOL;

	sb_printf(out, "%s:", name);
	if (row->type == SET_WORDS || row->type == SET_PATHS || row->type == SET_GLOBS) {
		sb_puts(out, " [");
		for (uint32_t i = 0; i < s->nlist; i++) {
			sb_puts(out, i ? ", " : "");
			put_text(out, s->list[i]);
		}
		sb_putc(out, ']');
	} else if (s->text) {
		sb_putc(out, ' ');
		put_scalar(out, s->text, !words && !is_plain(s->text) && !isdigit((unsigned char)*s->text));
	}
	put_from(out, start, s);
}

/* "paths.include" opens the group "paths" if the row before did not; returns what is left of the name. */
static const char *enter_group(struct sb *out, size_t *start, uint32_t i, const char *before)
{
	const char *path = config_rows[i].path, *dot = strchr(path, '.');
	size_t n = dot ? (size_t)(dot - path) + 1 : 0;

	*start = out->n;
	if (!dot)
		return path;
	if (!before || strncmp(before, path, n))
		sb_printf(out, "%.*s:\n", (int)n - 1, path);
	*start = out->n;
	sb_puts(out, "  ");
	return dot + 1;
}

static void put_levels(struct sb *out, const struct scope *s, const char *indent)
{
	if (!s->levels.n)
		return;
	sb_printf(out, "%slevels:\n", indent);
	for (uint32_t i = 0; i < s->levels.n; i++) {
		const struct level_line *l = &s->levels.v[i];
		size_t start = out->n;
		sb_printf(out, "%s  ", indent);
		put_text(out, l->rule);
		sb_printf(out, ": %s", config_levels[l->level + 1]);
		put_from(out, start, &(struct setting){.file = s->file, .line = l->line});
	}
}

static void put_override(struct sb *out, const struct scope *s)
{
	size_t start = out->n;

	sb_puts(out, "  - paths: [");
	for (uint32_t i = 0; i < s->nglob; i++) {
		sb_puts(out, i ? ", " : "");
		put_text(out, s->globs[i]);
	}
	sb_putc(out, ']');
	put_from(out, start, &(struct setting){.file = s->file, .line = s->line});
	put_levels(out, s, "    ");
	bool open = false;
	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		if (!s->own[i].text)
			continue;
		if (!open)
			sb_puts(out, "    suppressions:\n");
		open = true;
		start = out->n;
		sb_puts(out, "      ");
		put_setting(out, start, &config_rows[i], strchr(config_rows[i].path, '.') + 1, &s->own[i]);
	}
}

/* Every rule's level in one file. */
static void put_file_levels(struct config *c, struct sb *out, const char *file, const struct config_names *names)
{
	bool open = false;

	for (const char *const *rule = names->rules; rule && *rule; rule++) {
		struct setting s;
		size_t start;
		if (config_level(c, *rule, file, &s) == LEVEL_UNSAID)
			continue;
		if (!open)
			sb_puts(out, "levels:\n");
		open = true;
		start = out->n;
		sb_printf(out, "  %s: %s", *rule, s.text);
		put_from(out, start, &s);
	}
}

void config_print(struct config *c, struct sb *out, const char *file, const struct config_names *names)
{
	const char *before = NULL;

	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const struct config_row *row = &config_rows[i];
		if (row->type == SET_LEVELS || row->type == SET_OVERRIDES)
			continue;
		const struct setting *s = !row->root_only && file ? config_for_file(c, i, file) : &c->set[i];
		for (uint32_t k = 0; !row->root_only && !file && k < 1 && k < c->scopes.n; k++)
			if (c->scopes.v[k].own[i].text)
				s = &c->scopes.v[k].own[i];
		if (!s->text)
			continue;
		size_t start;
		const char *key = enter_group(out, &start, i, before);
		put_setting(out, start, row, key, s);
		before = row->path;
	}
	if (file) {
		put_file_levels(c, out, file, names);
		return;
	}
	if (c->scopes.n)
		put_levels(out, &c->scopes.v[0], "");
	if (c->scopes.n > 1)
		sb_puts(out, "overrides:\n");
	for (uint32_t i = 1; i < c->scopes.n; i++)
		put_override(out, &c->scopes.v[i]);
}

/* ---- JSON Schema ---- */

static void put_words(struct json *j, const char *key, const char *const *words)
{
	json_arr(j, key);
	for (; words && *words; words++)
		json_str(j, NULL, *words);
	json_end(j);
}

static void put_levels_schema(struct json *j, const struct config_names *names)
{
	struct sb rules = {0};

	json_arr(j, "type");
	json_str(j, NULL, "object");
	json_str(j, NULL, "null");
	json_end(j);
	json_obj(j, "propertyNames");
	/* a name, or a pattern; house rules have names of their own */
	json_str(j, "pattern", "^[^\\s]+$");
	json_end(j);
	json_obj(j, "properties");
	for (const char *const *r = names->rules; r && *r; r++) {
		json_obj(j, *r);
		json_str(j, "$ref", "#/$defs/level");
		json_end(j);
	}
	json_end(j);
	json_obj(j, "additionalProperties");
	json_str(j, "$ref", "#/$defs/level");
	json_end(j);
	sb_free(&rules);
}

/* A list, or one element alone. */
static void put_list_schema(struct json *j, const char *pattern)
{
	json_arr(j, "oneOf");
	json_obj(j, NULL);
	json_str(j, "$ref", "#/$defs/value");
	if (pattern)
		json_str(j, "pattern", pattern);
	json_end(j);
	json_obj(j, NULL);
	json_str(j, "type", "array");
	json_obj(j, "items");
	json_str(j, "$ref", "#/$defs/value");
	if (pattern)
		json_str(j, "pattern", pattern);
	json_end(j);
	json_end(j);
	json_end(j);
}

static void put_pattern(struct json *j, const char *pattern)
{
	json_str(j, "$ref", "#/$defs/value");
	json_str(j, "pattern", pattern);
}

static void put_type_schema(struct json *j, const struct config_row *row, const struct config_names *names)
{
	struct sb pattern = {0};
	struct arena *a = arena_new();

	switch (row->type) {
	case SET_BOOL:
		json_str(j, "type", "boolean");
		break;
	case SET_COUNT:
	case SET_COUNT0:
		json_str(j, "type", "integer");
		json_int(j, "minimum", row->type == SET_COUNT);
		json_int(j, "maximum", 1000000);
		break;
	case SET_WORD:
		/* "off" without quotes is a word here and in YAML 1.2; YAML 1.1 readers make it false */
		put_words(j, "enum", words_of(a, row->values));
		break;
	case SET_TIME:
		put_pattern(j, "^[0-9]+(\\.[0-9]+)? *(s|ms|us|ns|min)$");
		break;
	case SET_SIZE:
		put_pattern(j, "^[0-9]+(\\.[0-9]+)? *([KMGkmg]?[Bb])$");
		break;
	case SET_PERCENT:
		json_arr(j, "oneOf");
		json_obj(j, NULL);
		json_str(j, "type", "number");
		json_int(j, "minimum", 0);
		json_int(j, "maximum", 100);
		json_end(j);
		json_obj(j, NULL);
		json_str(j, "type", "string");
		json_str(j, "pattern", "^(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?) *%$");
		json_end(j);
		json_end(j);
		break;
	case SET_WORDS:
		sb_puts(&pattern, "^(");
		for (const char *const *f = names->formats; f && *f; f++)
			sb_printf(&pattern, "%s%s", f == names->formats ? "" : "|", *f);
		sb_puts(&pattern, ")(=.+)?$");
		put_list_schema(j, names->formats ? pattern.s : NULL);
		break;
	case SET_PATHS:
	case SET_GLOBS:
		put_list_schema(j, NULL);
		break;
	case SET_LEVELS:
		put_levels_schema(j, names);
		break;
	default:
		json_str(j, "$ref", "#/$defs/value");
	}
	sb_free(&pattern);
	arena_free(a);
}

static void put_key_schema(struct json *j, uint32_t i, const char *name, const struct config_names *names);

/* The keys for which root_only is not wrong; the mappings that group some of them come where the first stands. */
static void put_keys_schema(struct json *j, bool all, const struct config_names *names)
{
	json_obj(j, "properties");
	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const struct config_row *row = &config_rows[i];
		const char *dot = strchr(row->path, '.');
		char group[64];

		if ((!all && row->root_only) || row->type == SET_OVERRIDES)
			continue;
		if (!dot) {
			put_key_schema(j, i, row->path, names);
			continue;
		}
		size_t n = (size_t)(dot - row->path) + 1;
		if (i && !strncmp(config_rows[i - 1].path, row->path, n) && (all || !config_rows[i - 1].root_only))
			continue;
		snprintf(group, sizeof group, "%.*s", (int)n - 1, row->path);
		json_obj(j, group);
		json_arr(j, "type");
		json_str(j, NULL, "object");
		json_str(j, NULL, "null");
		json_end(j);
		json_bool(j, "additionalProperties", false);
		json_obj(j, "properties");
		for (uint32_t k = i; k < CONFIG_COUNT && !strncmp(config_rows[k].path, row->path, n); k++)
			put_key_schema(j, k, config_rows[k].path + n, names);
		json_end(j);
		json_end(j);
	}
	if (!all) {
		json_obj(j, "paths");
		put_list_schema(j, NULL);
		json_end(j);
	} else {
		json_obj(j, "overrides");
		json_str(j, "description", config_rows[CONFIG_OVERRIDES].doc);
		json_str(j, "type", "array");
		json_obj(j, "items");
		json_str(j, "type", "object");
		json_bool(j, "additionalProperties", false);
		json_arr(j, "required");
		json_str(j, NULL, "paths");
		json_end(j);
		put_keys_schema(j, false, names);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void put_key_schema(struct json *j, uint32_t i, const char *name, const struct config_names *names)
{
	const struct config_row *row = &config_rows[i];

	json_obj(j, name);
	json_str(j, "description", row->doc);
	if (row->dflt && row->type != SET_BOOL && row->type != SET_COUNT0)
		json_str(j, "default", row->dflt);
	put_type_schema(j, row, names);
	json_end(j);
}

void config_schema(struct sb *out, const struct config_names *names)
{
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_str(&j, "title", ".tvt-lint");
	json_str(&j, "description",
		"Settings of tvt-lint for one project, read as YAML 1.2. The root file; those in directories below may "
		"only have levels and suppressions.");
	json_arr(&j, "type");
	json_str(&j, NULL, "object");
	json_str(&j, NULL, "null");
	json_end(&j);
	json_bool(&j, "additionalProperties", false);
	put_keys_schema(&j, true, names);
	json_obj(&j, "$defs");
	json_obj(&j, "level");
	put_words(&j, "enum", config_levels);
	json_end(&j);
	json_obj(&j, "value");
	json_str(&j, "description", "numbers and words are text like any other");
	json_arr(&j, "type");
	json_str(&j, NULL, "string");
	json_str(&j, NULL, "number");
	json_str(&j, NULL, "boolean");
	json_end(&j);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}

/* ---- a first file ---- */

void config_template(struct sb *out, const char *build_dir)
{
	const char *before = NULL;

	sb_puts(out, "# Settings of tvt-lint. What is a comment below is the default; `tvt-lint config` prints what is in force.\n"
		     "# Files of this name in directories below may change levels and suppressions.\n");
	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const struct config_row *row = &config_rows[i];
		const char *dot = strchr(row->path, '.');
		size_t n = dot ? (size_t)(dot - row->path) + 1 : 0;

		if (i == CONFIG_ROOT_FILE)
			continue;
		if (dot && (!before || strncmp(before, row->path, n)))
			sb_printf(out, "\n#%.*s:\n", (int)n - 1, row->path);
		else if (!dot)
			sb_putc(out, '\n');
		before = row->path;
		sb_printf(out, "%s# %s\n", dot ? "  " : "", row->doc);
		if (i == CONFIG_BUILD_DIR && build_dir) {
			sb_puts(out, "build-dir: ");
			put_text(out, build_dir);
			sb_putc(out, '\n');
		} else if (row->type == SET_LEVELS) {
			sb_puts(out, "#levels:\n#  blocking-call-in-task: error\n");
		} else if (row->type == SET_OVERRIDES) {
			sb_puts(out, "#overrides:\n#  - paths: [\"tests/**\"]\n#    levels:\n#      \"*\": off\n");
		} else {
			sb_printf(out, "#%s%s: %s\n", dot ? "  " : "", dot ? dot + 1 : row->path, row->dflt ? row->dflt : "");
		}
	}
}

