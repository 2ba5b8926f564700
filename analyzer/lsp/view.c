/* view.c - reading a view. Its writer is our own child, so sizes are checked and ids are believed. */
#include "lsp/view.h"

#include <sys/mman.h>

enum {
#define T(type, name) T_##name,
	VIEW_TABLES(T)
#undef T
	T_COUNT
};

int view_map(struct view *v, int fd, size_t size)
{
	static const size_t each[] = {
#define T(type, name) sizeof(type),
		VIEW_TABLES(T)
#undef T
	};
	const uint64_t *head;
	const char *at[T_COUNT];
	size_t off = T_COUNT * sizeof *head;
	void *map;

	*v = (struct view){0};
	if (size < off)
		return -1;
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -1;
	head = map;
	for (int i = 0; i < T_COUNT; i++) {
		at[i] = (const char *)map + off;
		if (head[i] > UINT32_MAX || head[i] * each[i] > size - off)
			goto bad;
		off += (head[i] * each[i] + 7) & ~(size_t)7;
		if (off > size)
			goto bad;
	}
	if (!head[T_strs])
		goto bad;
#define T(type, name)                                                                              \
	v->name = (const type *)at[T_##name];                                                      \
	v->n##name = (uint32_t)head[T_##name];
	VIEW_TABLES(T)
#undef T
	v->map = map;
	v->size = size;
	return 0;
bad:
	munmap(map, size);
	return -1;
}

void view_free(struct view *v)
{
	if (v->map)
		munmap(v->map, v->size);
	*v = (struct view){0};
}

const struct vfile *view_file(const struct view *v, const char *path)
{
	uint32_t lo = 0, hi = v->nfiles;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = strcmp(view_str(v, v->files[mid].path), path);

		if (!c)
			return &v->files[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct vrule *view_rule(const struct view *v, const char *id)
{
	for (uint32_t i = 0; i < v->nrules; i++)
		if (!strcmp(view_str(v, v->rules[i].id), id))
			return &v->rules[i];
	return NULL;
}
