/* read.c - a directory of process files to a struct tracefile. */
#include "base/base.h"
#include "runtime/trace/gather.h"
#include "runtime/trace/tracefile.h"

#include <dirent.h>
#include <errno.h>

/* Copies a file to where it cannot change while it is checked. NULL if it is none of ours; said
 * once. */
static struct trace_file *load(const char *path)
{
	struct trace_file *f;
	char *data = NULL;
	size_t size = 0;

	if (fs_read_quiet(path, &data, &size) < 0) {
		warn("%s: %s", path, strerror(errno));
		return NULL;
	}
	f = aligned_alloc(4096, (sizeof *f + 4095) / 4096 * 4096);
	if (!f)
		abort();
	memset(f, 0, sizeof *f);
	memcpy(f, data, size < sizeof *f ? size : sizeof *f);
	free(data);
	if (size < sizeof f->h || f->h.magic != TRACE_MAGIC)
		warn("%s: not a trace file, or its process ended before it began", path);
	else if (f->h.version != TRACE_VERSION || f->h.size != sizeof *f ||
		 f->h.ncall != CALL_COUNT)
		warn("%s: written by another version of the tracer", path);
	else if (size != sizeof *f)
		warn("%s: cut short", path);
	else
		return f;
	free(f);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_weight(const void *a, const void *b)
{
	const struct tracefile_record *x = a, *y = b;

	bool hidden = x->worker || x->doubtful;

	if (hidden != (y->worker || y->doubtful))
		return hidden ? 1 : -1;
	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	if (x->total_ns != y->total_ns)
		return x->total_ns < y->total_ns ? 1 : -1;
	return 0;
}

/* Drops loops that never came round and in which nothing was found, and renumbers. */
static void drop_idle_loops(struct reader *r)
{
	uint32_t *to = arena_alloc(r->a, (r->loops.n + 1) * sizeof *to), n = 0;

	for (uint32_t i = 0; i < r->records.n; i++)
		if (r->records.v[i].loop != NONE)
			to[r->records.v[i].loop] = 1;
	for (uint32_t i = 0; i < r->loops.n; i++) {
		bool keep = to[i] || r->loops.v[i].turns;

		to[i] = keep ? n : NONE;
		if (keep)
			r->loops.v[n++] = r->loops.v[i];
	}
	r->loops.n = n;
	for (uint32_t i = 0; i < r->records.n; i++) {
		struct tracefile_record *rec = &r->records.v[i];

		if (rec->loop == NONE)
			continue;
		rec->loop = to[rec->loop];
		rec->worker = r->loops.v[rec->loop].worker;
	}
}

#define MOVE(to, from)                                                                             \
	((to) = arena_alloc(a, ((from).n + 1) * sizeof *(from).v),                                 \
		(from).n ? memcpy((to), (from).v, (from).n * sizeof *(from).v) : NULL,             \
		vec_free(&(from)))

struct tracefile *tracefile_read(const char *dir)
{
	struct arena *a;
	struct reader *r;
	struct tracefile *t;
	struct dirent *e;
	VEC(char *) names = {0};
	DIR *d = opendir(dir);

	if (!d) {
		error("%s: %s", dir, strerror(errno));
		return NULL;
	}
	while ((e = readdir(d)))
		if (str_ends(e->d_name, ".tvt"))
			vec_add(&names, xstrdup(e->d_name));
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	a = arena_new();
	r = xcalloc(1, sizeof *r);
	t = r->t = arena_alloc(a, sizeof *t);
	t->arena = r->a = a;
	r->stacks.arena = a;
	r->stacks.syms = symbols_new(a);
	for (uint32_t i = 0; i < names.n; i++) {
		struct trace_file *f = load(path_join(a, dir, names.v[i]));

		t->nfile++;
		t->nbad += !f;
		if (f && (f->h.nloop || f->h.nsite)) /* not that of a process that did nothing of
							interest */
			gather(r, f);
		free(f);
		free(names.v[i]);
	}
	vec_free(&names);
	for (uint32_t i = 0; i < r->records.n; i++) {
		r->records.v[i].p99_ns = quantile(r->hists.v[i], .99, r->records.v[i].max_ns);
		free(r->hists.v[i]);
	}
	drop_idle_loops(r);
	if (r->records.n)
		qsort(r->records.v, r->records.n, sizeof *r->records.v, by_weight);
	t->nprocess = r->processes.n;
	t->nthread = r->threads.n;
	t->nloop = r->loops.n;
	t->nrecord = r->records.n;
	MOVE(t->processes, r->processes);
	MOVE(t->threads, r->threads);
	MOVE(t->loops, r->loops);
	MOVE(t->records, r->records);
	vec_free(&r->hists);
	vec_free(&r->stacks.code);
	map_free(&r->stacks.ids);
	map_free(&r->record_of);
	map_free(&r->seen);
	symbols_free(r->stacks.syms);
	free(r);
	return t;
}
