/* models.c - reads the directories of models; answers by name. */
#include "model/model_int.h"

#include <dirent.h>
#include <errno.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load_dir(struct parser *p, const char *dir)
{
	VEC(char *) files = {0};
	DIR *d = opendir(dir);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return error("%s: cannot read the models: %s", dir, strerror(errno));
	while ((e = readdir(d)))
		if (str_ends(e->d_name, ".model") && *e->d_name != '.')
			vec_add(&files, path_join(p->m->mem, dir, e->d_name));
	closedir(d);
	if (files.n)
		qsort(files.v, files.n, sizeof *files.v, by_text);
	for (uint32_t i = 0; rc == 0 && i < files.n; i++) {
		char *text;
		size_t size;

		rc = fs_read(files.v[i], &text, &size);
		if (rc < 0)
			break;
		p->file = files.v[i];
		p->m->hash = hash_mix(p->m->hash, hash_bytes(text, size));
		rc = model_parse_file(p, text);
		free(text);
	}
	vec_free(&files);
	return rc;
}

static int resolve(const struct models *m, const struct fixup *f, uint32_t n)
{
	const char **names = xcalloc(m->consts.n + 1, sizeof *names);
	int rc = 0;

	for (uint32_t i = 0; i < m->consts.n; i++)
		names[i] = m->consts.v[i].name;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		const char *near;
		int64_t v;

		if (models_const(m, f[i].name, &v)) {
			*f[i].where |= v;
			continue;
		}
		near = str_nearest(f[i].name, names, m->consts.n);
		rc = error("%s:%d:%d: no 'const %s'%s%s%s", f[i].file, f[i].line, f[i].col,
			f[i].name, near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
	}
	free(names);
	return rc;
}

struct models *models_load(const char *const *dirs, uint32_t ndir)
{
	struct models *m = xcalloc(1, sizeof *m);
	struct fixups fixups = {0};
	struct parser p = {.m = m, .fixups = &fixups};
	int rc = 0;

	m->mem = arena_new();
	for (uint32_t i = 0; rc == 0 && i < ndir; i++)
		rc = load_dir(&p, dirs[i]);
	if (rc == 0)
		rc = resolve(m, fixups.v, fixups.n);
	vec_free(&fixups);
	vec_free(&p.clauses);
	vec_free(&p.callbacks);
	vec_free(&p.insteads);
	if (rc < 0) {
		models_free(m);
		return NULL;
	}
	return m;
}

void models_free(struct models *m)
{
	if (!m)
		return;
	vec_free(&m->all);
	vec_free(&m->patterns);
	vec_free(&m->places);
	vec_free(&m->libs);
	vec_free(&m->consts);
	map_free(&m->by_name);
	map_free(&m->const_by_name);
	arena_free(m->mem);
	free(m);
}

const struct model *models_find(const struct models *m, const char *fn)
{
	uint32_t i = map_get(&m->by_name, hash_str(fn));

	if (i != NONE && !strcmp(m->all.v[i]->name, fn))
		return m->all.v[i];
	for (i = 0; i < m->patterns.n; i++)
		if (str_glob(m->all.v[m->patterns.v[i]]->name, fn))
			return m->all.v[m->patterns.v[i]];
	return NULL;
}

uint32_t models_all(const struct models *m, const struct model ***all)
{
	*all = (const struct model **)m->all.v;
	return m->all.n;
}

uint32_t models_places(const struct models *m, const struct place **places)
{
	*places = m->places.v;
	return m->places.n;
}

uint32_t models_libraries(const struct models *m, const struct library **libs)
{
	*libs = m->libs.v;
	return m->libs.n;
}

const struct library *models_library(const struct models *m, const char *name)
{
	for (uint32_t i = 0; i < m->libs.n; i++)
		if (!strcmp(m->libs.v[i].name, name))
			return &m->libs.v[i];
	return NULL;
}

bool models_const(const struct models *m, const char *name, int64_t *value)
{
	uint32_t i = map_get(&m->const_by_name, hash_str(name));

	if (i == NONE)
		return false;
	*value = m->consts.v[i].value;
	return true;
}

uint32_t models_consts(const struct models *m, const struct mconst **consts)
{
	*consts = m->consts.v;
	return m->consts.n;
}

uint64_t models_hash(const struct models *m)
{
	return m->hash;
}
