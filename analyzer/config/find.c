/* find.c - the table of keys, which files hold settings, and what they say of one file of the project. */
#include "config/config_int.h"

static const char name[] = ".tvt-lint";

#define ROOT true
#define ANY false
const struct config_row config_rows[CONFIG_COUNT] = {
#define KEY(id, path, type, values, dflt, where, doc) {path, SET_##type, values, dflt, where, doc},
#include "config/keys.def"
#undef KEY
};

/* ---- the root file ---- */

/* "root: true" on a line of its own. What it says otherwise is read later. */
static bool says_root(const char *file)
{
	size_t size;
	char *text;
	bool found = false;

	if (fs_read_quiet(file, &text, &size) < 0)
		return false;
	for (const char *p = text; p && !found; p = strchr(p, '\n')) {
		char word[6];
		p += *p == '\n';
		found = sscanf(p, "root : %5s", word) == 1 && !strncmp(p, "root", 4) && !strcmp(word, "true");
	}
	free(text);
	return found;
}

/* The outermost settings file, as config_load() says; NULL: there is none. */
static const char *find_root(struct arena *a, const char *dir)
{
	const char *found = NULL;

	for (;; dir = path_dir(a, dir)) {
		const char *file = path_join(a, dir, name);
		if (fs_is_file(file)) {
			found = file;
			if (says_root(file))
				break;
		}
		/* .git is a file in a worktree and in a submodule */
		const char *git = path_join(a, dir, ".git");
		if (fs_is_dir(git) || fs_is_file(git) || !strcmp(dir, "/") || !strcmp(dir, "."))
			break;
	}
	return found;
}

static void set_defaults(struct config *c)
{
	for (uint32_t i = 0; i < CONFIG_COUNT; i++) {
		const struct config_row *row = &config_rows[i];
		struct setting *s = &c->set[i];
		if (!row->dflt)
			continue;
		if (row->type == SET_WORD || row->type == SET_BOOL)
			s->num = word_in(row->dflt, words_of(c->mem, row->type == SET_BOOL ? "false true" : row->values));
		else
			setting_number(row->type, row->dflt, &s->num);
		s->text = row->dflt; /* a path is below the project's root, which is not known yet */
	}
}

struct config *config_load(const char *dir, const char *file, const struct config_names *names)
{
	struct arena *mem = arena_new();
	struct config *c = arena_alloc(mem, sizeof *c);
	struct scope all;

	c->mem = mem;
	c->names = *names;
	dir = path_join(mem, path_cwd(mem), dir);
	c->file = file ? path_join(mem, path_cwd(mem), file) : find_root(mem, dir);
	c->dir = c->file ? path_dir(mem, c->file) : dir;
	set_defaults(c);
	if (c->file) {
		/* its overrides come behind its levels, whatever their order in the file */
		vec_add(&c->scopes, (struct scope){0});
		settings_read(c, c->file, false, &all);
		c->scopes.v[0] = all;
	}
	if (!c->mistakes)
		return c;
	config_free(c);
	return NULL;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->scopes.n; i++)
		vec_free(&c->scopes.v[i].levels);
	for (uint32_t i = 0; i < c->below.n; i++)
		if (c->below.v[i])
			vec_free(&c->below.v[i]->levels);
	vec_free(&c->scopes);
	vec_free(&c->below);
	vec_free(&c->dirs);
	map_free(&c->by_dir);
	arena_free(c->mem);
}

const char *config_file(const struct config *c)
{
	return c->file;
}

const char *config_dir(const struct config *c)
{
	return c->dir;
}

uint32_t config_mistakes(const struct config *c)
{
	return c->mistakes;
}

const char *const *config_looked(const struct config *c, uint32_t *n)
{
	*n = c->dirs.n;
	return c->dirs.v;
}

const struct setting *config_get(const struct config *c, enum config_key k)
{
	return &c->set[k];
}

void config_override(struct config *c, enum config_key k, const char *text)
{
	c->set[k].text = arena_strdup(c->mem, text);
	c->set[k].file = "the command line";
	c->set[k].line = 0;
	c->set[k].list = &c->set[k].text;
	c->set[k].nlist = 1;
}

const char *config_level_word(int level)
{
	return config_levels[level + 1];
}

/* ---- what is said of one file ---- */

bool globs_fit(const char *const *globs, uint32_t n, const char *dir, const char *file)
{
	const char *below = path_under(dir, file);
	char pattern[4096];

	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(globs[i]);
		while (len && globs[i][len - 1] == '/')
			len--;
		if (!len || len > sizeof pattern - 8)
			continue;
		/* as it is, and as a directory; without '/' also at any depth */
		for (int form = 0; form < 4; form++) {
			if (form >= 2 && memchr(globs[i], '/', len))
				break;
			snprintf(pattern, sizeof pattern, "%s%.*s%s", form >= 2 ? "*/" : "", (int)len, globs[i],
				form & 1 ? "/*" : "");
			if (str_glob(pattern, below))
				return true;
		}
		if (len == 1 && *globs[i] == '.' && *below != '/')
			return true;
		/* "**" + "/x" also means x itself */
		if (str_starts(globs[i], "**/") && globs_fit(&(const char *){globs[i] + 3}, 1, dir, file))
			return true;
	}
	return false;
}

bool config_reports(const struct config *c, const char *file)
{
	const struct setting *in = &c->set[CONFIG_INCLUDE], *out = &c->set[CONFIG_EXCLUDE];

	if (in->nlist && !globs_fit(in->list, in->nlist, c->dir, file))
		return false;
	return !globs_fit(out->list, out->nlist, c->dir, file);
}

/* The settings file of a directory, or NULL. */
static const struct scope *scope_of_dir(struct config *c, const char *dir)
{
	uint32_t *slot = map_slot(&c->by_dir, hash_str(dir), c->dirs.n);

	if (*slot == c->dirs.n) {
		const char *file = path_join(c->mem, dir, name);
		struct scope *s = NULL;
		vec_add(&c->dirs, dir);
		if (fs_is_file(file) && (!c->file || strcmp(file, c->file))) {
			s = arena_alloc(c->mem, sizeof *s);
			settings_read(c, file, true, s);
		}
		vec_add(&c->below, s);
	}
	return c->below.v[*slot];
}

/* Calls fn for every scope that speaks of file, the strongest first, until it returns true. */
static bool strongest(struct config *c, const char *file, bool (*fn)(const struct scope *s, void *ctx), void *ctx)
{
	struct arena *a = c->mem;

	if (path_under(c->dir, file) != file)
		for (const char *dir = path_dir(a, file); strcmp(dir, c->dir) && strlen(dir) > strlen(c->dir);
			dir = path_dir(a, dir)) {
			const struct scope *s = scope_of_dir(c, dir);
			if (s && fn(s, ctx))
				return true;
		}
	for (uint32_t i = c->scopes.n; i--;) {
		const struct scope *s = &c->scopes.v[i];
		if ((!s->nglob || globs_fit(s->globs, s->nglob, s->dir, file)) && fn(s, ctx))
			return true;
	}
	return false;
}

struct level_query {
	const char *rule;
	int level;
	const char *file;
	uint32_t line;
};

static bool say_level(const struct scope *s, void *ctx)
{
	struct level_query *q = ctx;
	for (uint32_t i = s->levels.n; i--;)
		if (str_glob(s->levels.v[i].rule, q->rule)) {
			q->level = s->levels.v[i].level;
			q->file = s->file;
			q->line = s->levels.v[i].line;
			return true;
		}
	return false;
}

int config_level(struct config *c, const char *rule, const char *file, struct setting *from)
{
	struct level_query q = {.rule = rule, .level = LEVEL_UNSAID};

	strongest(c, file, say_level, &q);
	if (from)
		*from = (struct setting){.text = q.level == LEVEL_UNSAID ? NULL : config_levels[q.level + 1],
			.file = q.file,
			.line = q.line};
	return q.level;
}

struct key_query {
	enum config_key key;
	const struct setting *found;
};

static bool say_key(const struct scope *s, void *ctx)
{
	struct key_query *q = ctx;
	if (!s->own[q->key].text)
		return false;
	q->found = &s->own[q->key];
	return true;
}

const struct setting *config_for_file(struct config *c, enum config_key k, const char *file)
{
	struct key_query q = {k, &c->set[k]};
	strongest(c, file, say_key, &q);
	return q.found;
}

bool config_names_rule(const struct config *c, const char *rule)
{
	for (uint32_t i = 0; i < c->scopes.n; i++)
		for (uint32_t k = 0; k < c->scopes.v[i].levels.n; k++)
			if (c->scopes.v[i].levels.v[k].level >= 0 && str_glob(c->scopes.v[i].levels.v[k].rule, rule))
				return true;
	return false;
}
