/* profile.c - where time and memory went: a table for people, or a trace in the format of Chrome (chrome://tracing,
 * https://ui.perfetto.dev).
 *
 * What a header costs nobody measures: libclang does not tell. The time of a unit is shared out among the files that
 * it read, by their size; the sum over all units is what the table calls a header's time.
 */
#include "cli/cli.h"

#include <sys/stat.h>

enum { MOST = 12 }; /* rows of the units, headers and rules */

struct row {
	const char *name;
	double seconds;
	uint64_t bytes;
	uint32_t n;
};
struct rows {
	VEC(struct row) v;
	struct map index; /* hash of name */
};

static int by_seconds(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->seconds != b->seconds)
		return a->seconds > b->seconds ? -1 : 1;
	return strcmp(a->name, b->name);
}

static struct row *row_of(struct rows *r, const char *name)
{
	uint32_t i = *map_slot(&r->index, hash_str(name), r->v.n);

	if (i == r->v.n)
		vec_add(&r->v, (struct row){.name = name});
	return &r->v.v[i];
}

/* ---- headers ---- */

static void share_out(struct rows *headers, const struct unit *u, const char *file, struct arena *mem)
{
	uint64_t at = 0, total = 0;
	VEC(struct row) files = {0};
	struct read r;
	struct stat st;

	while (unit_read_next(u, &at, &r)) {
		if (!(r.hash.lo | r.hash.hi) || stat(r.path, &st) < 0)
			continue;
		total += (uint64_t)st.st_size;
		vec_add(&files, ((struct row){.name = r.path, .bytes = (uint64_t)st.st_size}));
	}
	for (uint32_t i = 0; i < files.n && total; i++) {
		const char *name = path_normal(mem, files.v[i].name);
		if (!strcmp(name, file))
			continue;
		struct row *h = row_of(headers, name);
		h->seconds += u->cpu * (double)files.v[i].bytes / (double)total;
		h->bytes = files.v[i].bytes;
		h->n++;
	}
	vec_free(&files);
}

/* ---- the table ---- */

static void put_row(struct sb *out, const char *root, const struct row *r, const char *after)
{
	sb_printf(out, "  %9.3f s %8.1f MB  ", r->seconds, (double)r->bytes / 1e6);
	const char *name = path_under(root, r->name);
	sb_put_visible(out, name, strlen(name));
	sb_printf(out, "%s\n", after);
}

static void put_kind(struct sb *out, const char *root, const char *title, const char *kind, bool sorted)
{
	uint32_t n, shown = 0;
	const struct span *s = spans(&n);
	VEC(struct row) rows = {0};

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(s[i].kind, kind))
			vec_add(&rows, ((struct row){s[i].name, s[i].lane ? s[i].cpu : s[i].seconds, s[i].bytes, 1}));
	if (sorted && rows.n)
		qsort(rows.v, rows.n, sizeof *rows.v, by_seconds);
	if (rows.n)
		sb_printf(out, "%s\n", title);
	for (; shown < rows.n && (!sorted || shown < MOST); shown++)
		put_row(out, root, &rows.v[shown], "");
	if (shown < rows.n)
		sb_printf(out, "  and %u more\n", rows.n - shown);
	vec_free(&rows);
}

static void put_table(struct sb *out, const struct analysis *a, struct rows *headers)
{
	const char *root = a->db ? a->db->root : "";

	put_kind(out, root, "stages: wall clock; resident memory at the end", "stage", false);
	put_kind(out, root, "solvers: the same", "solver", false);
	put_kind(out, root, "units: CPU time; the worker's peak so far", "unit", true);
	if (headers->v.n) {
		qsort(headers->v.v, headers->v.n, sizeof *headers->v.v, by_seconds);
		sb_puts(out, "headers: CPU time of the units, shared out by size; size of the file\n");
	}
	for (uint32_t i = 0; i < headers->v.n && i < MOST; i++) {
		char after[40];
		snprintf(after, sizeof after, " (%u units)", headers->v.v[i].n);
		put_row(out, root, &headers->v.v[i], after);
	}
	put_kind(out, root, "rules: wall clock; resident memory at the end", "rule", true);
}

/* ---- the trace ---- */

static void put_event(struct json *j, const struct span *s, double first)
{
	json_obj(j, NULL);
	json_str(j, "name", s->name);
	json_str(j, "cat", s->kind);
	json_str(j, "ph", "X");
	json_int(j, "pid", 1);
	json_int(j, "tid", s->lane);
	json_num(j, "ts", (s->start - first) * 1e6);
	json_num(j, "dur", s->seconds * 1e6);
	json_obj(j, "args");
	json_int(j, "bytes", (int64_t)s->bytes);
	json_num(j, "cpu", s->cpu);
	if (!s->lane)
		json_int(j, "grown", s->grown);
	json_end(j);
	json_end(j);
}

static void put_trace(struct sb *out, const struct rows *headers)
{
	uint32_t n, lanes = 0;
	const struct span *s = spans(&n);
	struct json j;

	json_begin(&j, out, false);
	json_obj(&j, NULL);
	json_arr(&j, "traceEvents");
	for (uint32_t i = 0; i < n; i++) {
		put_event(&j, &s[i], s[0].start);
		lanes = s[i].lane > lanes ? s[i].lane : lanes;
	}
	for (uint32_t i = 0; i <= lanes; i++) {
		char name[32];
		snprintf(name, sizeof name, i ? "worker %u" : "analysis", i);
		json_obj(&j, NULL);
		json_str(&j, "name", "thread_name");
		json_str(&j, "ph", "M");
		json_int(&j, "pid", 1);
		json_int(&j, "tid", i);
		json_obj(&j, "args");
		json_str(&j, "name", name);
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_arr(&j, "headers"); /* readers of the format skip what they do not know */
	for (uint32_t i = 0; i < headers->v.n; i++) {
		json_obj(&j, NULL);
		json_str(&j, "file", headers->v.v[i].name);
		json_num(&j, "seconds", headers->v.v[i].seconds);
		json_int(&j, "units", headers->v.v[i].n);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}

int profile_write(const struct cli *c, const struct analysis *a)
{
	struct arena *mem = arena_new();
	struct rows headers = {0};
	struct sb out = {0};
	int rc = 0;

	for (uint32_t i = 0; a->units && a->db && i < a->db->ntu; i++)
		share_out(&headers, &a->units[i], a->db->tus[i].file, mem);
	if (c->profile_to) {
		put_trace(&out, &headers);
		rc = fs_write_atomic(c->profile_to, out.s, out.n);
	} else {
		put_table(&out, a, &headers);
		fwrite(out.s, 1, out.n, stderr);
	}
	sb_free(&out);
	vec_free(&headers.v);
	map_free(&headers.index);
	arena_free(mem);
	return rc;
}
