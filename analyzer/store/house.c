/* house.c - rules of the project's own: .tvt/rules/NAME.sql, one SELECT over the facts (facts.sql).
 *
 * The comment at its head is the rule's page; lines "-- level: error" and "-- instead: ..." in it set what every
 * finding has. Columns are taken by their names: file, line and message must be there; column, level, label, instead,
 * task and identity may be. Findings are then like any others: allow(house/NAME), levels, baselines.
 */
#include "store/facts_int.h"

#include <dirent.h>
#include <errno.h>

static const char *const levels[] = {"note", "warning", "error"};

/* ---- reading ---- */

/* "level: error" of a line of the head comment; NULL: another line. */
static const char *value_of(struct arena *mem, const char *line, size_t n, const char *key)
{
	size_t k = strlen(key);

	if (n <= k || strncmp(line, key, k) || line[k] != ':')
		return NULL;
	k += 1 + strspn(line + k + 1, " \t");
	return k < n ? arena_strndup(mem, line + k, n - k) : "";
}

static int read_head(struct house_rule *r, struct arena *mem)
{
	struct sb page = {0};
	const char *p = r->text;

	for (; str_starts(p, "--"); p += *p == '\n') {
		const char *line = p + 2 + (p[2] == ' '), *v;
		size_t n = strcspn(line, "\n");
		p = line + n;
		if ((v = value_of(mem, line, n, "level"))) {
			r->level = LEVEL_NOTE;
			while (r->level <= LEVEL_ERROR && strcmp(v, levels[r->level]))
				r->level++;
			if (r->level > LEVEL_ERROR)
				return error("%s: no level '%s' (one of note, warning, error)", r->file, v);
		} else if ((v = value_of(mem, line, n, "instead"))) {
			r->instead = v;
		} else {
			sb_putn(&page, line, n);
			sb_putc(&page, '\n');
			if (!*r->title && n)
				r->title = arena_strndup(mem, line, n - (line[n - 1] == '.'));
		}
	}
	r->page = arena_strndup(mem, page.s ? page.s : "", page.n);
	sb_free(&page);
	return 0;
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct house_rule *)x)->id, ((const struct house_rule *)y)->id);
}

static int is_rule_file(const struct dirent *d)
{
	return *d->d_name != '.' && str_ends(d->d_name, ".sql");
}

int house_load(const char *dir, struct arena *mem, struct house_rule **house, uint32_t *n)
{
	struct dirent **files;
	int count = scandir(dir, &files, is_rule_file, NULL), rc = 0;

	*n = 0;
	if (count < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error("cannot read '%s': %s", dir, strerror(errno));
	*house = arena_alloc(mem, ((size_t)count + 1) * sizeof **house);
	for (int i = 0; i < count; i++) {
		const char *name = files[i]->d_name;
		size_t len = strlen(name) - 4, size;
		struct house_rule r = {.file = path_join(mem, dir, name), .title = "", .level = LEVEL_WARNING};
		char *text;
		r.id = arena_printf(mem, "house/%.*s", (int)len, name);
		if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
			rc = error("'%s': a rule's name is of small letters, digits and '-'", r.file);
		else if (fs_read(r.file, &text, &size) < 0)
			rc = -1;
		else {
			r.text = arena_strndup(mem, text, size);
			free(text);
			rc |= read_head(&r, mem);
			(*house)[(*n)++] = r;
		}
		free(files[i]);
	}
	free(files);
	if (*n)
		qsort(*house, *n, sizeof **house, by_id);
	return rc < 0 ? -1 : 0;
}

/* ---- running ---- */

enum { FILE_, LINE, MESSAGE, COLUMN, LEVEL, LABEL, INSTEAD, TASK, IDENTITY, NCOLUMN, NEEDED = MESSAGE };
static const char *const column_names[NCOLUMN] = {"file", "line", "message", "column", "level", "label", "instead", "task", "identity"};

struct running {
	const struct house_rule *rule;
	struct rules_out *out;
	uint32_t at[NCOLUMN]; /* position among the columns, or NONE */
	uint32_t row;
};

static int take_columns(void *ctx, uint32_t n, const char *const *names)
{
	struct running *r = ctx;

	for (int i = 0; i < NCOLUMN; i++)
		r->at[i] = NONE;
	for (uint32_t k = 0; k < n; k++) {
		int i = 0;
		while (i < NCOLUMN && strcmp(names[k], column_names[i]))
			i++;
		if (i == NCOLUMN) {
			const char *near = str_nearest(names[k], column_names, NCOLUMN);
			return error("%s: no column '%s'%s%s%s; a finding has file, line, message, column, level, label, instead, task, "
				     "identity",
				r->rule->file, names[k], near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
		r->at[i] = k;
	}
	for (int i = 0; i <= NEEDED; i++)
		if (r->at[i] == NONE)
			return error("%s: selects no column '%s'", r->rule->file, column_names[i]);
	return 0;
}

static int take_row(void *ctx, uint32_t n, const char *const *cells)
{
	struct running *r = ctx;
	struct arena *mem = r->out->mem;
	const char *v[NCOLUMN];

	r->row++;
	for (int i = 0; i < NCOLUMN; i++)
		v[i] = r->at[i] == NONE || !cells[r->at[i]] ? NULL : arena_strdup(mem, cells[r->at[i]]);
	if (!v[FILE_] || !v[MESSAGE])
		return error("%s: row %u has no %s", r->rule->file, r->row, v[FILE_] ? "message" : "file");
	uint32_t line = v[LINE] ? (uint32_t)strtoul(v[LINE], NULL, 10) : 0;
	uint32_t col = v[COLUMN] ? (uint32_t)strtoul(v[COLUMN], NULL, 10) : 1;
	struct where at = {.file = v[FILE_], .line = line, .col = col, .end_line = line, .end_col = col + 1};
	struct finding *f = rules_add(r->out, r->rule->id, at, v[MESSAGE]);
	f->level = r->rule->level;
	f->identity = arena_printf(mem, "%s|%s", r->rule->id, v[IDENTITY] ? v[IDENTITY] : v[MESSAGE]);
	f->label = v[LABEL];
	f->task = v[TASK];
	const char *instead = v[INSTEAD] ? v[INSTEAD] : r->rule->instead;
	if (instead) {
		const char **list = arena_alloc(mem, sizeof *list);
		*list = instead;
		f->insteads = list;
		f->ninstead = 1;
	}
	if (!v[LEVEL])
		return 0;
	for (int i = 0; i <= LEVEL_ERROR; i++)
		if (!strcmp(v[LEVEL], levels[i])) {
			f->level = (enum level)i;
			return 0;
		}
	return error("%s: row %u: no level '%s' (one of note, warning, error)", r->rule->file, r->row, v[LEVEL]);
}

int house_run(const struct house_rule *rule, struct facts_db *db, struct rules_out *out)
{
	struct running r = {.rule = rule, .out = out};
	struct query_sink sink = {take_columns, take_row, &r};

	return facts_query(db, rule->file, rule->text, &sink);
}
