/* expect.c - runs a program under the tracer and compares what is found with the marks in its
 * sources.
 *
 * usage: expect PROGRAM CALLBACK SOURCE...
 *
 * The program must exit with 0, or with 77 to be skipped, unless it kills itself. TRACE_BUDGET_US
 * in the environment is the budget.
 *
 * A line with "EXPECT kind [call]" must have such a record, and if CALLBACK is not "-" that record
 * must have been reached through the function CALLBACK. "EXPECT loop-asleep" stands at the wait of
 * a loop that must have slept in no known call. A line with "SILENT" must have none. The trace is
 * also written as JSON and read back, and must be the same.
 *
 * What is expected may be missed on a machine so busy that neither program nor watcher runs: then
 * it is tried again, three times in all. What must be silent, the program's end and the JSON must
 * be right each time.
 */
#include "base/base.h"
#include "runtime/trace/run.h"
#include "runtime/trace/tracefile.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct mark {
	const char *file, *kind, *call;
	uint32_t line;
	bool silent;
};

static VEC(struct mark) marks;
static struct arena *arena;

static void read_marks(const char *path)
{
	char *text, *line, *save = NULL;
	size_t size;
	uint32_t n = 0;

	if (fs_read(path, &text, &size) < 0)
		exit(2);
	/* strtok would skip empty lines */
	for (line = text; line; line = save) {
		char *at, *end = strchr(line, '\n');

		save = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		n++;
		at = strstr(line, "/* EXPECT ");
		if (at) {
			char *kind = strtok(at + 10, " *"), *call = strtok(NULL, " *");

			if (call && strcmp(call, "/") == 0)
				call = NULL;
			vec_add(&marks, ((struct mark){path, arena_strdup(arena, kind),
						call ? arena_strdup(arena, call) : "", n, false}));
		} else if (strstr(line, "/* SILENT")) {
			vec_add(&marks, ((struct mark){path, "", "", n, true}));
		}
	}
	free(text);
}

static bool at(const struct tracefile_record *r, const struct mark *m)
{
	const struct tracefile_frame *f = r->nframe ? &r->frames[r->site] : NULL;

	return f && f->file && f->line == m->line && strcmp(f->file, m->file) == 0;
}

static bool is_finding(const struct tracefile_record *r)
{
	return !r->worker && !r->doubtful && r->kind != TF_START;
}

static int check_silent(const struct tracefile *t)
{
	int bad = 0;

	for (uint32_t i = 0; i < marks.n; i++)
		for (uint32_t k = 0; k < t->nrecord && marks.v[i].silent; k++)
			if (is_finding(&t->records[k]) && at(&t->records[k], &marks.v[i])) {
				printf("%s:%u: must be silent, but '%s' was found\n",
					path_base(marks.v[i].file), marks.v[i].line,
					t->records[k].call);
				bad = 1;
			}
	return bad;
}

static bool loop_slept(const struct tracefile *t, const struct mark *m)
{
	for (uint32_t k = 0; k < t->nloop; k++) {
		const struct tracefile_loop *l = &t->loops[k];
		const struct tracefile_frame *f = l->nframe ? &l->frames[l->site] : NULL;

		if (f && l->asleep && f->file && f->line == m->line &&
			strcmp(f->file, m->file) == 0)
			return true;
	}
	return false;
}

static int check_expected(const struct tracefile *t, const char *callback)
{
	int bad = 0;

	for (uint32_t i = 0; i < marks.n; i++) {
		const struct mark *m = &marks.v[i];
		bool found = strcmp(m->kind, "loop-asleep") == 0 && loop_slept(t, m);

		for (uint32_t k = 0; k < t->nrecord && !m->silent; k++) {
			const struct tracefile_record *r = &t->records[k];
			const char *fn;

			if (!is_finding(r) || !at(r, m) ||
				strcmp(tracefile_kind_name(r->kind), m->kind) != 0 ||
				(m->call[0] && strcmp(r->call, m->call) != 0))
				continue;
			found = true;
			fn = r->callback < r->nframe ? r->frames[r->callback].fn : NULL;
			if (callback[0] != '-' && r->kind != TF_HOLD &&
				(!fn || strcmp(fn, callback) != 0)) {
				printf("%s:%u: the callback is '%s', not '%s'\n",
					path_base(m->file), m->line, fn ? fn : "unknown", callback);
				bad = 1;
			}
		}
		if (!m->silent && !found) {
			printf("%s:%u: no %s %s was found\n", path_base(m->file), m->line, m->kind,
				m->call);
			bad = 1;
		}
	}
	return bad;
}

static int check_json(const struct tracefile *t)
{
	char a[] = "/tmp/trace-a-XXXXXX", b[] = "/tmp/trace-b-XXXXXX", *x, *y;
	size_t nx, ny;
	struct tracefile *again;
	int bad = 1;

	close(mkstemp(a));
	close(mkstemp(b));
	if (tracefile_write(t, a) == 0 && (again = tracefile_load(a))) {
		if (tracefile_write(again, b) == 0 && fs_read(a, &x, &nx) == 0) {
			if (fs_read(b, &y, &ny) == 0) {
				bad = nx != ny || memcmp(x, y, nx) != 0;
				free(y);
			}
			free(x);
		}
		tracefile_free(again);
	}
	if (bad)
		printf("the trace differs after it was written as JSON and read back\n");
	unlink(a);
	unlink(b);
	return bad;
}

int main(int argc, char **argv)
{
	struct trace_opts opts = {.lib = TRACE_LIB};
	struct tracefile *t;
	int status, bad = 0;

	if (argc < 4)
		return 2;
	if (getenv("TRACE_BUDGET_US"))
		opts.budget_us = (uint32_t)atoi(getenv("TRACE_BUDGET_US"));
	arena = arena_new();
	for (int i = 3; i < argc; i++)
		read_marks(argv[i]);
	for (int tries = 0; tries < 3; tries++) {
		if (trace_run(&opts, (char *[]){argv[1], NULL}, &t, &status) < 0)
			return 1;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			return 77;
		bad = status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		if (bad)
			printf("the program did not end well: wait status 0x%x\n", status);
		bad |= check_silent(t) | check_json(t);
		if (bad || !(bad = check_expected(t, argv[2])))
			break;
		tracefile_print(t, stdout, true);
		tracefile_free(t);
		t = NULL;
	}
	if (bad && t)
		tracefile_print(t, stdout, true);
	tracefile_free(t);
	vec_free(&marks);
	arena_free(arena);
	return bad;
}
