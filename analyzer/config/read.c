/* read.c - one settings file against the table of keys. Every mistake is told, each with its place. */
#include "config/config_int.h"

#include <ctype.h>
#include <errno.h>

const char *const config_levels[] = {"off", "note", "warning", "error", NULL};

struct reading {
	struct config *c;
	const char *file, *dir, *shown;
	bool below; /* not the root file */
	struct scope *all;
};

static void mistake(struct reading *r, const struct node *n, const char *fmt, ...) PRINTF(3, 4);
static void mistake(struct reading *r, const struct node *n, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	error("%s:%u:%u: %s", r->shown, n->line, n->col, text);
	r->c->mistakes++;
}

/* ---- words ---- */

int word_in(const char *word, const char *const *list)
{
	for (int i = 0; list && list[i]; i++)
		if (!strcmp(list[i], word))
			return i;
	return -1;
}

const char *nearest(const char *word, const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n ? str_nearest(word, list, n) : NULL;
}

const char *const *words_of(struct arena *a, const char *words)
{
	VEC(const char *) list = {0};
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");
		vec_add(&list, arena_strndup(a, p, n));
		p += n + (p[n] == ' ');
	}
	vec_add(&list, NULL);
	const char **out = arena_alloc(a, list.n * sizeof *out);
	memcpy(out, list.v, list.n * sizeof *out);
	vec_free(&list);
	return out;
}

/* "cannot be 'x' (one of a, b)", with what was meant. */
static void wrong_word(struct reading *r, const struct node *n, const char *what, const char *word, const char *const *list)
{
	const char *near = nearest(word, list);
	struct sb all = {0};
	for (uint32_t i = 0; list[i]; i++)
		sb_printf(&all, "%s%s", i ? ", " : "", list[i]);
	mistake(r, n, "%s cannot be '%s'%s%s%s (one of %s)", what, word, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "", all.s);
	sb_free(&all);
}

/* ---- numbers ---- */

/* "1.5 ms": a number and one of the units; the result in the first of them. */
static bool quantity(const char *text, const char *const *units, const double *factor, double *out)
{
	char *end;
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	double v = strtod(text, &end);
	if (errno || !(v <= 1e300))
		return false;
	while (*end == ' ')
		end++;
	for (int i = 0; units[i]; i++)
		if (!strcasecmp(end, units[i])) {
			*out = v * factor[i];
			return true;
		}
	return false;
}

bool setting_number(enum config_type type, const char *text, double *out)
{
	static const char *const times[] = {"s", "ms", "us", "ns", "min", NULL};
	static const double seconds[] = {1, 1e-3, 1e-6, 1e-9, 60};
	static const char *const sizes[] = {"B", "KB", "MB", "GB", NULL};
	static const double bytes[] = {1, 1 << 10, 1 << 20, 1 << 30};
	static const char *const percents[] = {"%", "", NULL};
	static const char *const plain[] = {"", NULL};
	static const double one[] = {1, 1};

	switch (type) {
	case SET_TIME:
		return quantity(text, times, seconds, out);
	case SET_SIZE:
		return quantity(text, sizes, bytes, out);
	case SET_PERCENT:
		return quantity(text, percents, one, out) && *out <= 100;
	default:
		return quantity(text, plain, one, out) && *out <= 1e6 && *out == (double)(long)*out &&
		       (type == SET_COUNT0 || *out >= 1);
	}
}

static const char *wanted_number(enum config_type type)
{
	switch (type) {
	case SET_TIME:
		return "a time, as in 10 ms (ns, us, ms, s, min)";
	case SET_SIZE:
		return "a size, as in 512 MB (B, KB, MB, GB)";
	case SET_PERCENT:
		return "a percentage, as in 20 %";
	case SET_COUNT:
		return "a whole number from 1 on";
	default:
		return "a whole number";
	}
}

/* ---- values ---- */

static const struct node *scalar(struct reading *r, const struct node *n, const char *what)
{
	if (n->kind == NODE_SCALAR && (*n->text || !n->plain))
		return n;
	mistake(r, n, "%s must be a single value", what);
	return NULL;
}

/* A list of scalars, or one alone. */
static void list(struct reading *r, const struct config_row *row, const struct node *n, struct setting *s)
{
	uint32_t count = n->kind == NODE_SCALAR ? 1 : n->n;
	const char **out = arena_alloc(r->c->mem, (count + 1) * sizeof *out);
	struct sb text = {0};

	if (n->kind == NODE_MAP) {
		mistake(r, n, "'%s' must be a list", row->path);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct node *v = scalar(r, n->kind == NODE_SCALAR ? n : n->val[i], "an element");
		if (!v)
			goto out;
		if (row->type == SET_WORDS && r->c->names.formats) {
			const char *word = arena_strndup(r->c->mem, v->text, strcspn(v->text, "="));
			if (word_in(word, r->c->names.formats) < 0) {
				wrong_word(r, v, row->path, word, r->c->names.formats);
				goto out;
			}
		}
		out[i] = row->type == SET_PATHS ? path_join(r->c->mem, r->dir, v->text) : v->text;
		sb_printf(&text, "%s%s", i ? ", " : "", v->text);
	}
	s->list = out;
	s->nlist = count;
	s->text = arena_strdup(r->c->mem, text.s ? text.s : "");
out:
	sb_free(&text);
}

static void value(struct reading *r, const struct config_row *row, const struct node *n, struct setting *s)
{
	static const char *const bools[] = {"false", "true", NULL};
	const char *const *words;
	int which;

	*s = (struct setting){.file = r->file, .line = n->line};
	if (row->type == SET_WORDS || row->type == SET_PATHS || row->type == SET_GLOBS) {
		list(r, row, n, s);
		return;
	}
	if (!scalar(r, n, row->path))
		return;
	switch (row->type) {
	case SET_STRING:
		s->text = n->text;
		break;
	case SET_PATH:
		s->text = path_join(r->c->mem, r->dir, n->text);
		break;
	case SET_BOOL:
	case SET_WORD:
		words = row->type == SET_BOOL ? bools : words_of(r->c->mem, row->values);
		which = word_in(n->text, words);
		if (which < 0) {
			wrong_word(r, n, row->path, n->text, words);
			return;
		}
		s->text = n->text;
		s->num = which;
		break;
	default:
		if (!setting_number(row->type, n->text, &s->num)) {
			mistake(r, n, "%s cannot be '%s': %s", row->path, n->text, wanted_number(row->type));
			return;
		}
		s->text = n->text;
	}
}

static void levels(struct reading *r, const struct node *n, struct scope *s)
{
	if (n->kind == NODE_SCALAR && !*n->text && n->plain)
		return;
	if (n->kind != NODE_MAP) {
		mistake(r, n, "'levels' must be a mapping of rules to levels");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		const char *rule = n->key[i]->text;
		const struct node *v = scalar(r, n->val[i], "a level");
		int level = v ? word_in(v->text, config_levels) : -1;

		if (v && level < 0)
			wrong_word(r, v, "a level", v->text, config_levels);
		if (!strchr(rule, '*') && !str_starts(rule, "house/") && r->c->names.rules && word_in(rule, r->c->names.rules) < 0) {
			const char *near = nearest(rule, r->c->names.rules);
			mistake(r, n->key[i], "no rule '%s'%s%s%s", rule, near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "; see tvt-lint rules");
		} else if (level >= 0) {
			vec_add(&s->levels, ((struct level_line){rule, level - 1, n->key[i]->line}));
		}
	}
}

/* ---- keys ---- */

static void mapping(struct reading *r, const struct node *n, const char *prefix, struct scope *s, bool override);

static void override(struct reading *r, const struct node *n)
{
	struct scope s = {.file = r->file, .dir = r->dir, .line = n->line};
	struct setting globs = {0};

	if (n->kind != NODE_MAP) {
		mistake(r, n, "an override must be a mapping with 'paths'");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++)
		if (!strcmp(n->key[i]->text, "paths"))
			list(r, &(struct config_row){.path = "paths", .type = SET_GLOBS}, n->val[i], &globs);
	if (!globs.nlist)
		mistake(r, n, "an override needs 'paths'");
	s.globs = globs.list;
	s.nglob = globs.nlist;
	mapping(r, n, "", &s, true);
	vec_add(&r->c->scopes, s);
}

static void overrides(struct reading *r, const struct node *n)
{
	if (n->kind != NODE_LIST) {
		mistake(r, n, "'overrides' must be a list");
		return;
	}
	for (uint32_t i = 0; i < n->n; i++)
		override(r, n->val[i]);
}

/* Is some key below "path."? */
static bool is_group(const char *path)
{
	size_t n = strlen(path);
	for (uint32_t i = 0; i < CONFIG_COUNT; i++)
		if (!strncmp(config_rows[i].path, path, n) && config_rows[i].path[n] == '.')
			return true;
	return false;
}

static void unknown(struct reading *r, const struct node *key, const char *prefix)
{
	const char *here[CONFIG_COUNT + 1];
	size_t np = strlen(prefix);
	uint32_t n = 0;

	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const char *p = config_rows[i].path;
		if (!strncmp(p, prefix, np))
			here[n++] = arena_strndup(r->c->mem, p + np, strcspn(p + np, "."));
	}
	here[n] = NULL;
	const char *near = nearest(key->text, here);
	/* the right word in the wrong place */
	for (uint32_t i = 0; i < CONFIG_COUNT && !near; i++) {
		const char *p = config_rows[i].path, *last = strrchr(p, '.');
		if (!strcmp(last ? last + 1 : p, key->text))
			near = p;
	}
	mistake(r, key, "unknown key '%s%s'%s%s%s%s", prefix, key->text, near ? "; did you mean '" : "",
		near && strncmp(near, prefix, np) && !strchr(near, '.') ? prefix : "", near ? near : "", near ? "'?" : "");
}

static void entry(struct reading *r, const struct node *key, const struct node *val, const char *path, struct scope *s,
	bool in_override)
{
	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const struct config_row *row = &config_rows[i];
		if (strcmp(row->path, path))
			continue;
		if (row->root_only && (r->below || in_override))
			mistake(r, key, "'%s' is for the whole program: only the root file%s may say it", path,
				in_override ? ", outside of overrides," : "");
		else if (row->type == SET_LEVELS)
			levels(r, val, s);
		else if (row->type == SET_OVERRIDES)
			overrides(r, val);
		else
			value(r, row, val, row->root_only ? &r->c->set[i] : &s->own[i]);
		return;
	}
	if (is_group(path)) {
		char *prefix = arena_printf(r->c->mem, "%s.", path);
		if (val->kind == NODE_MAP)
			mapping(r, val, prefix, s, in_override);
		else if (val->kind != NODE_SCALAR || *val->text)
			mistake(r, val, "'%s' must be a mapping", path);
		return;
	}
	const char *dot = strrchr(path, '.');
	unknown(r, key, dot ? arena_strndup(r->c->mem, path, (size_t)(dot - path) + 1) : "");
}

static void mapping(struct reading *r, const struct node *n, const char *prefix, struct scope *s, bool in_override)
{
	for (uint32_t i = 0; i < n->n; i++) {
		const char *key = n->key[i]->text;
		if (!*prefix && in_override && !strcmp(key, "paths"))
			continue;
		entry(r, n->key[i], n->val[i], arena_printf(r->c->mem, "%s%s", prefix, key), s, in_override);
	}
}

void settings_read(struct config *c, const char *file, bool below, struct scope *all)
{
	struct reading r = {.c = c, .file = file, .below = below, .all = all, .shown = path_under(path_cwd(c->mem), file)};
	struct node *root;
	char *text;
	size_t size;

	r.dir = path_dir(c->mem, file);
	*all = (struct scope){.file = file, .dir = r.dir};
	if (fs_read(file, &text, &size) < 0) {
		c->mistakes++;
		return;
	}
	if (yaml_tree(r.shown, text, size, c->mem, &root) < 0)
		c->mistakes++;
	else if (root && root->kind != NODE_MAP && (root->kind != NODE_SCALAR || *root->text))
		mistake(&r, root, "settings are 'key: value' lines");
	else if (root)
		mapping(&r, root, "", all, false);
	free(text);
}
