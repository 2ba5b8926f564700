/* save.c - a tracefile to JSON and back. Both ways go through the same tables of members. */
#include "base/base.h"
#include "runtime/trace/tracefile.h"

#include <yajl/yajl_tree.h>

enum { FORMAT_VERSION = 1 };

enum type {
	U32,
	U64,
	ADDR, /* "0x1234": JSON numbers need not hold 64 bits */
	BOOL,
	STR,   /* null is NULL */
	INDEX, /* null is TRACEFILE_NONE */
	KIND,
	END,
	FRAMES, /* pointer; the count is the member `count` bytes into the struct */
};

struct member {
	const char *name;
	enum type type;
	size_t at, count;
};
struct shape {
	const struct member *members;
	size_t n, size;
};

#define M(name, type, field)                                                                       \
	{                                                                                          \
		name, type, offsetof(struct S, field), 0                                           \
	}
#define MF(name, field, n)                                                                         \
	{                                                                                          \
		name, FRAMES, offsetof(struct S, field), offsetof(struct S, n)                     \
	}

#define S tracefile_frame
static const struct member frame_members[] = {M("function", STR, fn), M("file", STR, file),
	M("line", U32, line), M("column", U32, col), M("module", STR, module),
	M("address", ADDR, addr), M("inlined", BOOL, inlined), M("indirect", BOOL, indirect)};
#undef S
#define S tracefile_process
static const struct member process_members[] = {M("pid", U32, pid), M("ppid", U32, ppid),
	M("exe", STR, exe), M("args", STR, args), M("end", END, end), M("ran_ns", U64, ran_ns),
	M("samples", U64, samples), M("lost", U64, lost), M("sandboxed", BOOL, sandboxed)};
#undef S
#define S tracefile_thread
static const struct member thread_members[] = {M("process", INDEX, process), M("tid", U32, tid),
	M("name", STR, name), M("starved", U64, starved)};
#undef S
#define S tracefile_loop
static const struct member loop_members[] = {M("process", INDEX, process),
	M("thread", INDEX, thread), M("wait", STR, call), M("site", U32, site),
	M("max_fds", U32, max_fds), M("worker", BOOL, worker), M("nested", BOOL, nested),
	M("turns", U64, turns), M("total_ns", U64, total_ns), M("max_ns", U64, max_ns),
	M("p50_ns", U64, p50_ns), M("p99_ns", U64, p99_ns), M("wait_ns", U64, wait_ns),
	M("over_budget", U64, over), M("over_budget_in_calls", U64, over_called),
	M("checked", U64, checked), M("checked_ns", U64, checked_ns),
	M("checked_cpu_ns", U64, cpu_ns), M("checked_page_waits", U64, page_waits),
	M("checked_asleep", U64, asleep), M("checked_asleep_ns", U64, asleep_ns),
	MF("stack", frames, nframe)};
#undef S
#define S tracefile_record
static const struct member record_members[] = {M("kind", KIND, kind), M("call", STR, call),
	M("what", STR, what), M("held_by", STR, held_by), M("count", U64, count),
	M("total_ns", U64, total_ns), M("max_ns", U64, max_ns), M("p99_ns", U64, p99_ns),
	M("process", INDEX, process), M("thread", INDEX, thread), M("loop", INDEX, loop),
	M("threads", U32, nthread), M("unfinished", BOOL, unfinished), M("worker", BOOL, worker), M("doubtful", BOOL, doubtful),
	M("seen_asleep", U64, asleep), M("seen_runnable", U64, runnable),
	M("site", U32, site), M("callback", INDEX, callback), MF("stack", frames, nframe)};
#undef S

#define SHAPE(m, s)                                                                                \
	{                                                                                          \
		m, COUNT(m), sizeof(struct s)                                                      \
	}
static const struct shape frame_shape = SHAPE(frame_members, tracefile_frame);
static const struct shape process_shape = SHAPE(process_members, tracefile_process);
static const struct shape thread_shape = SHAPE(thread_members, tracefile_thread);
static const struct shape loop_shape = SHAPE(loop_members, tracefile_loop);
static const struct shape record_shape = SHAPE(record_members, tracefile_record);

static const char *const kinds[] = {[TF_CALL] = "call",
	[TF_LOCK] = "lock",
	[TF_HOLD] = "hold",
	[TF_LONG] = "long-turn",
	[TF_ASLEEP] = "asleep",
	[TF_START] = "thread-start"};
static const char *const ends[] = {[TF_EXITED] = "exited",
	[TF_EXECED] = "exec",
	[TF_KILLED] = "killed",
	[TF_RUNNING] = "running"};

const char *tracefile_kind_name(enum tracefile_kind kind)
{
	return kinds[kind];
}

/* ---- writing ---- */

static void put_index(struct json *j, const char *name, uint32_t v)
{
	if (v == TRACEFILE_NONE)
		json_null(j, name);
	else
		json_int(j, name, v);
}

static void put_str(struct json *j, const char *name, const char *s)
{
	if (s)
		json_str(j, name, s);
	else
		json_null(j, name);
}

static void put_members(struct json *j, const struct shape *shape, const void *obj)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct member *m = &shape->members[i];
		const char *p = (const char *)obj + m->at;
		char addr[24];

		switch (m->type) {
		case U32:
			json_int(j, m->name, *(const uint32_t *)p);
			break;
		case U64:
			json_int(j, m->name, (int64_t) * (const uint64_t *)p);
			break;
		case ADDR:
			snprintf(addr, sizeof addr, "0x%llx",
				(unsigned long long)*(const uint64_t *)p);
			json_str(j, m->name, addr);
			break;
		case BOOL:
			json_bool(j, m->name, *(const bool *)p);
			break;
		case STR:
			put_str(j, m->name, *(const char *const *)p);
			break;
		case INDEX:
			put_index(j, m->name, *(const uint32_t *)p);
			break;
		case KIND:
			json_str(j, m->name, kinds[*(const enum tracefile_kind *)p]);
			break;
		case END:
			json_str(j, m->name, ends[*(const enum tracefile_end *)p]);
			break;
		case FRAMES: {
			const struct tracefile_frame *f = *(struct tracefile_frame *const *)p;
			uint32_t n = *(const uint32_t *)((const char *)obj + m->count);

			json_arr(j, m->name);
			for (uint32_t k = 0; k < n; k++) {
				json_obj(j, NULL);
				put_members(j, &frame_shape, &f[k]);
				json_end(j);
			}
			json_end(j);
		}
		}
	}
}

static void put_array(
	struct json *j, const char *name, const struct shape *shape, const void *v, uint32_t n)
{
	json_arr(j, name);
	for (uint32_t i = 0; i < n; i++) {
		json_obj(j, NULL);
		put_members(j, shape, (const char *)v + i * shape->size);
		json_end(j);
	}
	json_end(j);
}

static void put_place(struct json *j, const struct tracefile_frame *f)
{
	put_str(j, "function", f->fn);
	put_str(j, "file", f->file);
	json_int(j, "line", f->line);
	json_int(j, "column", f->col);
}

/* Records have their place on top, so that a reader who wants no stacks need not look into them. */
static void put_record(struct json *j, const struct tracefile_record *r)
{
	json_obj(j, NULL);
	if (r->site < r->nframe)
		put_place(j, &r->frames[r->site]);
	if (r->callback < r->nframe) {
		json_obj(j, "callback_place");
		put_place(j, &r->frames[r->callback]);
		json_end(j);
	}
	put_members(j, &record_shape, r);
	json_end(j);
}

int tracefile_write(const struct tracefile *t, const char *path)
{
	struct sb out = {0};
	struct json j;
	int rc;

	json_begin(&j, &out, true);
	json_obj(&j, NULL);
	json_str(&j, "format", "tvt-trace");
	json_int(&j, "version", FORMAT_VERSION);
	json_int(&j, "threshold_ns", (int64_t)t->threshold_ns);
	json_int(&j, "budget_ns", (int64_t)t->budget_ns);
	json_int(&j, "files", t->nfile);
	json_int(&j, "files_unusable", t->nbad);
	put_array(&j, "processes", &process_shape, t->processes, t->nprocess);
	put_array(&j, "threads", &thread_shape, t->threads, t->nthread);
	put_array(&j, "loops", &loop_shape, t->loops, t->nloop);
	json_arr(&j, "records");
	for (uint32_t i = 0; i < t->nrecord; i++)
		put_record(&j, &t->records[i]);
	json_end(&j);
	json_end(&j);
	sb_putc(&out, '\n');
	rc = fs_write_atomic(path, out.s, out.n);
	sb_free(&out);
	return rc;
}

/* ---- reading ---- */

static yajl_val get(yajl_val obj, const char *name)
{
	const char *path[] = {name, NULL};

	return yajl_tree_get(obj, path, yajl_t_any);
}

static uint64_t get_u64(yajl_val obj, const char *name)
{
	yajl_val v = get(obj, name);

	return YAJL_IS_INTEGER(v) && YAJL_GET_INTEGER(v) > 0 ? (uint64_t)YAJL_GET_INTEGER(v) : 0;
}

static uint32_t get_u32(yajl_val obj, const char *name)
{
	uint64_t v = get_u64(obj, name);

	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static const char *get_str(struct arena *a, yajl_val obj, const char *name)
{
	yajl_val v = get(obj, name);

	return YAJL_IS_STRING(v) ? arena_strdup(a, v->u.string) : NULL;
}

static int32_t get_name(yajl_val obj, const char *name, const char *const *names, size_t n)
{
	yajl_val v = get(obj, name);

	for (size_t i = 0; YAJL_IS_STRING(v) && i < n; i++)
		if (strcmp(v->u.string, names[i]) == 0)
			return (int32_t)i;
	return -1;
}

static void *get_array(
	struct arena *a, yajl_val obj, const char *name, const struct shape *shape, uint32_t *n);

/* false: a member that cannot be done without is wrong. */
static bool get_members(struct arena *a, yajl_val obj, const struct shape *shape, void *to)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct member *m = &shape->members[i];
		char *p = (char *)to + m->at;
		int32_t which;
		yajl_val v;

		switch (m->type) {
		case U32:
			*(uint32_t *)p = get_u32(obj, m->name);
			break;
		case U64:
			*(uint64_t *)p = get_u64(obj, m->name);
			break;
		case ADDR:
			v = get(obj, m->name);
			*(uint64_t *)p = YAJL_IS_STRING(v) ? strtoull(v->u.string, NULL, 16) : 0;
			break;
		case BOOL:
			*(bool *)p = YAJL_IS_TRUE(get(obj, m->name));
			break;
		case STR:
			*(const char **)p = get_str(a, obj, m->name);
			break;
		case INDEX:
			*(uint32_t *)p = YAJL_IS_INTEGER(get(obj, m->name)) ? get_u32(obj, m->name)
									    : TRACEFILE_NONE;
			break;
		case KIND:
			which = get_name(obj, m->name, kinds, COUNT(kinds));
			if (which < 0)
				return false;
			*(enum tracefile_kind *)p = (enum tracefile_kind)which;
			break;
		case END:
			which = get_name(obj, m->name, ends, COUNT(ends));
			*(enum tracefile_end *)p =
				which < 0 ? TF_KILLED : (enum tracefile_end)which;
			break;
		case FRAMES:
			*(void **)p = get_array(
				a, obj, m->name, &frame_shape, (uint32_t *)((char *)to + m->count));
			break;
		}
	}
	return true;
}

/* Elements that are damaged are left out. */
static void *get_array(
	struct arena *a, yajl_val obj, const char *name, const struct shape *shape, uint32_t *n)
{
	yajl_val arr = get(obj, name);
	size_t len = YAJL_IS_ARRAY(arr) ? YAJL_GET_ARRAY(arr)->len : 0;
	char *v = arena_alloc(a, (len + 1) * shape->size);

	*n = 0;
	for (size_t i = 0; i < len; i++) {
		yajl_val e = YAJL_GET_ARRAY(arr)->values[i];

		if (YAJL_IS_OBJECT(e) && get_members(a, e, shape, v + *n * shape->size))
			++*n;
	}
	return v;
}

static uint32_t below(uint32_t v, uint32_t n)
{
	return v < n ? v : TRACEFILE_NONE;
}

/* Indexes may be anything in a file that we did not write: keep those that lead somewhere. */
static void check_indexes(struct tracefile *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->nloop; i++) {
		struct tracefile_loop *l = &t->loops[i];

		l->process = below(l->process, t->nprocess);
		l->thread = below(l->thread, t->nthread);
		l->site = l->site < l->nframe ? l->site : 0;
		l->call = l->call ? l->call : "";
	}
	for (uint32_t i = 0; i < t->nthread; i++) {
		t->threads[i].process = below(t->threads[i].process, t->nprocess);
		t->threads[i].name = t->threads[i].name ? t->threads[i].name : "";
	}
	for (uint32_t i = 0; i < t->nprocess; i++) {
		t->processes[i].exe = t->processes[i].exe ? t->processes[i].exe : "";
		t->processes[i].args = t->processes[i].args ? t->processes[i].args : "";
	}
	for (uint32_t i = 0; i < t->nrecord; i++) {
		struct tracefile_record r = t->records[i];

		r.process = below(r.process, t->nprocess);
		r.thread = below(r.thread, t->nthread);
		r.loop = below(r.loop, t->nloop);
		r.callback = below(r.callback, r.nframe);
		r.site = r.site < r.nframe ? r.site : 0;
		r.call = r.call ? r.call : "";
		if (r.process != TRACEFILE_NONE && r.thread != TRACEFILE_NONE)
			t->records[n++] = r;
	}
	t->nrecord = n;
}

/* Ours is five deep. yajl frees a tree by recursion, so that a deep one would be our end. */
static bool too_deep(const char *s)
{
	unsigned depth = 0;
	bool quoted = false;

	for (; *s; s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (!quoted && (*s == '[' || *s == '{') && ++depth > 64)
			return true;
		else if (!quoted && (*s == ']' || *s == '}') && depth)
			depth--;
	}
	return false;
}

struct tracefile *tracefile_load(const char *path)
{
	char *data, msg[200] = "";
	size_t size;
	yajl_val root, format;
	struct arena *a;
	struct tracefile *t = NULL;

	if (fs_read(path, &data, &size) < 0)
		return NULL;
	if (too_deep(data)) {
		free(data);
		error("%s: not a trace: it is nested too deep", path);
		return NULL;
	}
	root = yajl_tree_parse(data, msg, sizeof msg);
	free(data);
	if (!root) {
		error("%s: not JSON: %s", path, msg);
		return NULL;
	}
	format = YAJL_IS_OBJECT(root) ? get(root, "format") : NULL;
	if (!YAJL_IS_STRING(format) || strcmp(format->u.string, "tvt-trace") != 0) {
		error("%s: not a trace: it has no \"format\": \"tvt-trace\"", path);
		goto out;
	}
	if (get_u64(root, "version") != FORMAT_VERSION) {
		error("%s: a trace of version %llu; this program reads version %d", path,
			(unsigned long long)get_u64(root, "version"), FORMAT_VERSION);
		goto out;
	}
	a = arena_new();
	t = arena_alloc(a, sizeof *t);
	t->arena = a;
	t->threshold_ns = get_u64(root, "threshold_ns");
	t->budget_ns = get_u64(root, "budget_ns");
	t->nfile = get_u32(root, "files");
	t->nbad = get_u32(root, "files_unusable");
	t->processes = get_array(a, root, "processes", &process_shape, &t->nprocess);
	t->threads = get_array(a, root, "threads", &thread_shape, &t->nthread);
	t->loops = get_array(a, root, "loops", &loop_shape, &t->nloop);
	t->records = get_array(a, root, "records", &record_shape, &t->nrecord);
	check_indexes(t);
out:
	yajl_tree_free(root);
	return t;
}

void tracefile_free(struct tracefile *t)
{
	if (t)
		arena_free(t->arena);
}
