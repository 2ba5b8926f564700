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
		vec_add(&p->m->texts, text);
		rc = model_parse_file(p, text);
	}
	vec_free(&files);
	return rc;
}

/* The tool's own files come first, and its tests read all of them. What else there is somebody has
 * just written, and wants to hear of what is wrong. */
static int read_entries(struct models *m, uint32_t first)
{
	for (uint32_t i = first; i < m->entries.n; i++) {
		entry_read(m, i);
		if (m->nbad)
			return -1;
	}
	return 0;
}

struct models *models_load(const char *const *dirs, uint32_t ndir)
{
	struct models *m = xcalloc(1, sizeof *m);
	struct parser p = {.m = m};
	uint32_t own = 0;
	int rc = 0;

	m->mem = arena_new();
	for (uint32_t i = 0; rc == 0 && i < ndir; i++) {
		rc = load_dir(&p, dirs[i]);
		if (i == 0)
			own = m->entries.n;
	}
	vec_free(&p.clauses);
	vec_free(&p.callbacks);
	vec_free(&p.insteads);
	if (rc == 0)
		rc = read_entries(m, own);
	if (rc < 0) {
		models_free(m);
		return NULL;
	}
	return m;
}

int models_check(struct models *m)
{
	return read_entries(m, 0);
}

void models_free(struct models *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->texts.n; i++)
		free(m->texts.v[i]);
	vec_free(&m->texts);
	vec_free(&m->sections);
	vec_free(&m->entries);
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

static bool is_named(const struct entry *e, const char *fn)
{
	return !strncmp(e->name, fn, e->namelen) && !fn[e->namelen];
}

/* That an entry is read when it is asked for is no change that a caller can see. */
static struct models *mutable(const struct models *m)
{
	return (struct models *)(uintptr_t)m;
}

const struct model *models_find(const struct models *m, const char *fn)
{
	uint32_t i = map_get(&m->by_name, hash_str(fn));

	if (i != NONE && is_named(&m->entries.v[i], fn))
		return entry_read(mutable(m), i);
	for (i = 0; i < m->patterns.n; i++) {
		const struct model *pattern = entry_read(mutable(m), m->patterns.v[i]);

		if (str_glob(pattern->name, fn))
			return pattern;
	}
	return NULL;
}

uint32_t models_all(const struct models *ms, const struct model ***all)
{
	struct models *m = mutable(ms);

	m->all.n = 0;
	for (uint32_t i = 0; i < m->entries.n; i++)
		if (!m->entries.v[i].replaced)
			vec_add(&m->all, entry_read(m, i));
	*all = m->all.v;
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
