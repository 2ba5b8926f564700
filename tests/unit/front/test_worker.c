/* Workers: results in their places, and what hostile input may cost: one file, never the run. */
#include "front/worker.h"
#include "front/compdb.h"

#include <errno.h>
#include <dirent.h>
#include <linux/landlock.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1
#else
#define SANITIZER 0
#endif

struct fixture {
	char dir[32];
	struct arena *mem;
	struct sb entries; /* of the database */
	struct sb said;
	struct compdb *db;
	struct unit *units;
	struct front_opts o;
};

static void hear(void *ctx, const char *level, const char *msg)
{
	struct fixture *f = ctx;

	sb_printf(&f->said, "%s: %s\n", level, msg);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/tvt-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->mem = arena_new();
	f->o.jobs = 2;
	f->o.unit_timeout = 20;
	diag_redirect(hear, f);
	*state = f;
	return 0;
}

static void forget_units(struct fixture *f)
{
	for (uint32_t i = 0; f->units && i < f->db->ntu; i++)
		unit_free(&f->units[i]);
	free(f->units);
	f->units = NULL;
	compdb_free(f->db);
	f->db = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct sb cmd = {0};
	int rc;

	diag_redirect(NULL, NULL);
	forget_units(f);
	sb_printf(&cmd, "rm -r %s", f->dir);
	rc = system(cmd.s);
	sb_free(&cmd);
	sb_free(&f->entries);
	sb_free(&f->said);
	arena_free(f->mem);
	free(f);
	return rc;
}

static const char *at(struct fixture *f, const char *name)
{
	return path_join(f->mem, f->dir, name);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	assert_int_equal(fs_write_atomic(at(f, name), text, strlen(text)), 0);
}

static void add_entry(struct fixture *f, const char *name)
{
	sb_printf(&f->entries,
		"%s{\"directory\":\"%s\",\"file\":\"%s\",\"command\":\"cc -x c -c %s\"}\n",
		f->entries.n ? "," : "", f->dir, name, name);
}

static void add(struct fixture *f, const char *name, const char *text)
{
	put(f, name, text);
	add_entry(f, name);
}

static void add_repeated(struct fixture *f, const char *name, const char *before, const char *text,
	int n, const char *after)
{
	struct sb b = {0};

	sb_puts(&b, before);
	while (n-- > 0)
		sb_puts(&b, text);
	sb_puts(&b, after);
	add(f, name, b.s);
	sb_free(&b);
}

static int lower(struct fixture *f)
{
	struct compdb_opts o = {.build_dir = at(f, "db.json")};
	struct sb b = {0};

	sb_printf(&b, "[%s]", f->entries.s);
	put(f, "db.json", b.s);
	sb_free(&b);
	forget_units(f);
	f->db = compdb_load(&o);
	assert_non_null(f->db);
	f->units = calloc(f->db->ntu, sizeof *f->units);
	return front_lower_all(f->db, &f->o, f->units);
}

static const struct unit *unit(struct fixture *f, const char *name)
{
	const char *path = *name == '/' ? name : at(f, name);

	for (uint32_t i = 0; i < f->db->ntu; i++)
		if (!strcmp(f->db->tus[i].file, path))
			return &f->units[i];
	fail_msg("no unit '%s'", name);
	return NULL;
}

static const char *const state_names[] = {"ok", "errors", "failed", "crashed", "timeout", "memory"};

/* The unit's state, and a part of what is said of it. */
static void expect(struct fixture *f, const char *name, enum unit_state state, const char *text)
{
	const struct unit *u = unit(f, name);

	if (u->state != state || (text && (!u->first_error || !strstr(u->first_error, text))))
		fail_msg("'%s' is %s (%s), not %s (%s)", name, state_names[u->state],
			u->first_error ? u->first_error : "", state_names[state], text ? text : "");
	assert_int_equal(u->ir != NULL, state == UNIT_OK || state == UNIT_ERRORS);
	assert_int_equal(u->first_error != NULL, state != UNIT_OK);
}

static uint32_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* No child is left, not even a dead one. */
static void expect_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- results ---- */

static bool has_text(const struct ir *ir, const char *s)
{
	return memmem(ir->strs, ir->nstrs, s, strlen(s) + 1) != NULL;
}

static void results_are_in_their_places(void **state)
{
	struct fixture *f = *state;
	uint32_t fds = count_fds();
	uint64_t hash = 0;

	for (int i = 0; i < 12; i++) {
		char name[16], text[64];

		sprintf(name, "f%02d.c", i);
		snprintf(text, sizeof text, "int fn%d(void) { return %d; }\n%*s", i, i, i * 7 % 12,
			"");
		add(f, name, text);
	}
	for (f->o.jobs = 1; f->o.jobs <= 4; f->o.jobs++) {
		uint64_t h = 1;
		double cpu = 0;

		assert_int_equal(lower(f), 0);
		for (uint32_t i = 0; i < f->db->ntu; i++) {
			assert_int_equal(f->units[i].state, UNIT_OK);
			assert_true(has_text(f->units[i].ir, f->db->tus[i].file));
			cpu += f->units[i].cpu;
			assert_true(f->units[i].rss > 1 << 20);
			h = hash_mix(h, hash_bytes(f->units[i].blob, f->units[i].nir));
		}
		assert_true(cpu > 0);
		if (!hash)
			hash = h;
		assert_int_equal(h, hash);
	}
	expect_no_children();
	assert_int_equal(count_fds(), fds);
}

struct first {
	char name[64];
	uint32_t calls, total;
};

static void note_first(void *ctx, uint32_t done, uint32_t total, const char *file)
{
	struct first *first = ctx;

	if (!first->calls++)
		strcpy(first->name, file);
	assert_int_equal(done, first->calls);
	first->total = total;
}

static void large_files_come_first(void **state)
{
	struct fixture *f = *state;
	struct first first = {0};

	add(f, "a.c", "int a;");
	add(f, "b.c", "int b; /* the longest of the three */");
	add(f, "c.c", "int c;");
	f->o.jobs = 1;
	f->o.progress = note_first;
	f->o.ctx = &first;
	assert_int_equal(lower(f), 0);
	assert_string_equal(first.name, at(f, "b.c"));
	assert_int_equal(first.calls, 3);
	assert_int_equal(first.total, 3);
}

static void a_worker_that_grew_is_replaced(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 6; i++)
		add(f, arena_printf(f->mem, "f%d.c", i), "#include <stdio.h>\n");
	/* an eighth of this is less than libclang itself takes */
	f->o.memory = UINT64_C(600) << 20;
	assert_int_equal(lower(f), 0);
	for (uint32_t i = 0; i < f->db->ntu; i++)
		assert_int_equal(f->units[i].state, UNIT_OK);
	expect_no_children();
}

static void no_units_need_no_workers(void **state)
{
	struct compdb none = {0};
	struct front_opts o = {0};
	struct unit u;

	assert_int_equal(front_lower_all(&none, &o, &u), 0);
	expect_no_children();
}

static void the_probe_tells_the_version(void **state)
{
	struct sb version = {0};

	assert_int_equal(front_probe(&version), 0);
	assert_non_null(strstr(version.s, "clang version 19"));
	sb_free(&version);
	expect_no_children();
}

/* ---- files that are no sources ---- */

static void what_is_no_source_is_refused_by_name(void **state)
{
	static const char binary[] = "\177ELF\2\1\1\0\0\0\0";
	struct fixture *f = *state;
	double start = now();
	bool root = geteuid() == 0;

	add_entry(f, "gone.c");
	add_entry(f, "dir.c");
	assert_int_equal(mkdir(at(f, "dir.c"), 0700), 0);
	add_entry(f, "fifo.c");
	assert_int_equal(mkfifo(at(f, "fifo.c"), 0600), 0);
	add_entry(f, "binary.c");
	assert_int_equal(fs_write_atomic(at(f, "binary.c"), binary, sizeof binary), 0);
	add_entry(f, "/dev/zero");
	add_entry(f, "/proc/self/status");
	add(f, "empty.c", "");
	add(f, "secret.c", "int x;");
	assert_int_equal(chmod(at(f, "secret.c"), 0), 0);
	assert_int_equal(lower(f), 0);
	expect(f, "gone.c", UNIT_FAILED, "/gone.c: the file does not exist");
	expect(f, "dir.c", UNIT_FAILED, "/dir.c: is a directory");
	expect(f, "fifo.c", UNIT_FAILED, "/fifo.c: is not a regular file");
	expect(f, "binary.c", UNIT_FAILED, "/binary.c: is not C");
	expect(f, "/dev/zero", UNIT_FAILED, "/dev/zero: is not a regular file");
	expect(f, "/proc/self/status", UNIT_FAILED, "/proc/self/status: is not a regular file");
	expect(f, "empty.c", UNIT_OK, NULL);
	if (root)
		expect(f, "secret.c", UNIT_OK, NULL);
	else
		expect(f, "secret.c", UNIT_FAILED, "/secret.c: Permission denied");
	assert_true(now() - start < 15);
}

static void broken_sources_are_analysed_as_far_as_it_goes(void **state)
{
	struct fixture *f = *state;

	add(f, "syntax.c", "int f( {\n\treturn 1;\n}\nint g(void) { return 2; }\n");
	add(f, "missing.c", "#include \"no_such_header.h\"\nint g(void) { return 2; }\n");
	add(f, "cycle.c", "#include \"a.h\"\nint g(void) { return 2; }\n");
	put(f, "a.h", "#include \"b.h\"\n");
	put(f, "b.h", "#include \"a.h\"\n");
	add(f, "self.c", "#include \"self.c\"\nint x;\n");
	add_repeated(f, "parens.c", "int x = ", "(", 100000, "1;\n");
	add_repeated(f, "braces.c", "int g(void)", "{", 100000, "\n");
	add(f, "stdin.c", "#include \"/dev/stdin\"\nint g(void) { return 2; }\n");
	assert_int_equal(lower(f), 0);
	expect(f, "syntax.c", UNIT_ERRORS, NULL);
	assert_true(unit(f, "syntax.c")->nerror > 0);
	expect(f, "missing.c", UNIT_ERRORS, "no_such_header.h");
	expect(f, "cycle.c", UNIT_ERRORS, NULL);
	expect(f, "self.c", UNIT_ERRORS, NULL);
	expect(f, "parens.c", UNIT_ERRORS, NULL);
	expect(f, "braces.c", UNIT_ERRORS, NULL);
	expect(f, "stdin.c", UNIT_OK, NULL);
}

/* ---- what takes a worker along ---- */

static void a_crash_costs_one_file(void **state)
{
	struct fixture *f = *state;

	add(f, "a.c", "int a(void) { return 1; }\n");
	add(f, "crash.c", "#pragma clang __debug crash\n");
	add(f, "fatal.c", "#pragma clang __debug llvm_fatal_error\n");
	add(f, "z.c", "int z(void) { return 1; }\n");
	for (f->o.jobs = 1; f->o.jobs <= 2; f->o.jobs++) {
		assert_int_equal(lower(f), 0);
		expect(f, "crash.c", UNIT_CRASHED, "/crash.c: the parser crashed (");
		expect(f, "fatal.c", UNIT_CRASHED, "/fatal.c: the parser crashed (");
		expect(f, "a.c", UNIT_OK, NULL);
		expect(f, "z.c", UNIT_OK, NULL);
	}
	expect_no_children();
}

static void nesting_costs_one_file(void **state)
{
	struct fixture *f = *state;

	add_repeated(f, "casts.c", "int f(int a) { return ", "(int)", 100000, "a; }\n");
	add_repeated(f, "ifs.c", "int f(int a) { ", "if (a) ", 100000, "a = 1; return 0; }\n");
	add_repeated(f, "sums.c", "int f(int a) { return ", "a + ", 100000, "a; }\n");
	add(f, "z.c", "int z(void) { return 1; }\n");
	f->o.unit_timeout = 1;
	assert_int_equal(lower(f), 0);
	expect(f, "z.c", UNIT_OK, NULL);
	/* what becomes of the others is a matter of libclang's stack; they are told by name if they
	 * fail */
	for (uint32_t i = 0; i < f->db->ntu; i++) {
		const struct unit *u = &f->units[i];

		assert_true(u->ir || strstr(u->first_error, path_base(f->db->tus[i].file)));
	}
	expect_no_children();
}

static void the_watchdog_ends_what_never_ends(void **state)
{
	struct fixture *f = *state;
	double start = now();

	add(f, "fifo.c", "#include \"fifo.h\"\n");
	assert_int_equal(mkfifo(at(f, "fifo.h"), 0600), 0);
	add(f, "stack.c", "#pragma clang __debug overflow_stack\n");
	add(f, "bomb.c", "#include \"bomb.h\"\n");
	put(f, "bomb.h",
		"#if __INCLUDE_LEVEL__ < 60\n#include \"bomb.h\"\n#include \"bomb.h\"\n#endif\n");
	add(f, "z.c", "int z(void) { return 1; }\n");
	f->o.unit_timeout = 1;
	assert_int_equal(lower(f), 0);
	expect(f, "fifo.c", UNIT_TIMEOUT, "/fifo.c: given up after 0 s of CPU time");
	expect(f, "bomb.c", UNIT_TIMEOUT, "/bomb.c: given up after 1 s of CPU time");
	assert_true(unit(f, "stack.c")->state == UNIT_TIMEOUT ||
		    unit(f, "stack.c")->state == UNIT_CRASHED);
	expect(f, "z.c", UNIT_OK, NULL);
	assert_true(now() - start < 30);
	expect_no_children();
}

static void memory_is_bounded(void **state)
{
	struct fixture *f = *state;

	if (SANITIZER) /* no bound on addresses then */
		skip();
	add(f, "zero.c", "#include \"/dev/zero\"\n");
	add_repeated(f, "macro.c",
		"#define A x,x,x,x,x,x,x,x,x,x\n#define B A,A,A,A,A,A,A,A,A,A\n#define C "
		"B,B,B,B,B,B,B,B,B,B\n"
		"#define D C,C,C,C,C,C,C,C,C,C\n#define E D,D,D,D,D,D,D,D,D,D\n#define F "
		"E,E,E,E,E,E,E,E,E,E\n"
		"#define G F,F,F,F,F,F,F,F,F,F\n#define H(x) x\nint f(int x) { H(H(G)); }\n",
		"", 0, "");
	add(f, "z.c", "int z(void) { return 1; }\n");
	f->o.memory = UINT64_C(700) << 20;
	f->o.unit_timeout = 60;
	assert_int_equal(lower(f), 0);
	expect(f, "zero.c", UNIT_MEMORY, "/zero.c: needs more memory than a worker may have");
	expect(f, "macro.c", UNIT_MEMORY, "/macro.c: needs more memory than a worker may have");
	expect(f, "z.c", UNIT_OK, NULL);
	expect_no_children();
}

/* ---- ending ---- */

static volatile sig_atomic_t stop;

static void stop_at_once(void *ctx, uint32_t done, uint32_t total, const char *file)
{
	stop = 1;
}

static void cancelling_ends_the_workers(void **state)
{
	struct fixture *f = *state;

	add(f, "a.c", "int a;\n");
	add(f, "fifo.c", "#include \"fifo.h\"\n");
	assert_int_equal(mkfifo(at(f, "fifo.h"), 0600), 0);
	f->o.stop = &stop;
	f->o.progress = stop_at_once;
	stop = 0;
	assert_int_equal(lower(f), -1);
	assert_string_equal(f->said.s, "error: interrupted\n");
	for (uint32_t i = 0; i < f->db->ntu; i++)
		assert_null(f->units[i].ir);
	expect_no_children();
}

/* Workers do not outlive a parent that was killed. */
static void workers_die_with_their_parent(void **state)
{
	struct fixture *f = *state;
	double deadline;
	pid_t pid;

	add(f, "fifo.c", "#include \"fifo.h\"\n");
	assert_int_equal(mkfifo(at(f, "fifo.h"), 0600), 0);
	/* orphans become children of this process, where they can be counted */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	if (pid == 0) {
		lower(f);
		_exit(0);
	}
	usleep(1000 * 1000); /* the worker waits at the FIFO */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	deadline = now() + 3;
	while (now() < deadline && waitpid(-1, NULL, WNOHANG) >= 0)
		usleep(10 * 1000);
	expect_no_children();
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* Arguments that write files do not pass the list (test_args.c). If one did, it would find that it
 * cannot. */
static void nothing_can_be_written(void **state)
{
	struct fixture *f = *state;
	const char *out = at(f, "out"), *mf = arena_printf(f->mem, "-MF%s", out);
	const char *argv[] = {"-xc", "-MD", mf, "-Xclang", "-dependency-file", "-Xclang", out,
		"-Xclang", "-header-include-file", "-Xclang", out, "-H"};
	struct tu_cmd cmd = {.file = at(f, "a.c"),
		.dir = f->dir,
		.argv = argv,
		.argc = COUNT(argv),
		.compiler = "cc"};
	struct compdb db = {.root = f->dir, .tus = &cmd, .ntu = 1};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct unit u;
	struct stat st;

	put(f, "a.c", "#include <stdio.h>\nint x;\n");
	assert_int_equal(front_lower_all(&db, &f->o, &u), 0);
	unit_free(&u);
	if (abi > 0)
		assert_int_equal(stat(out, &st), -1);
	else
		assert_true(stat(out, &st) < 0 || st.st_size == 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(results_are_in_their_places),
		TEST(large_files_come_first),
		TEST(a_worker_that_grew_is_replaced),
		TEST(no_units_need_no_workers),
		TEST(the_probe_tells_the_version),
		TEST(what_is_no_source_is_refused_by_name),
		TEST(broken_sources_are_analysed_as_far_as_it_goes),
		TEST(a_crash_costs_one_file),
		TEST(nesting_costs_one_file),
		TEST(the_watchdog_ends_what_never_ends),
		TEST(memory_is_bounded),
		TEST(cancelling_ends_the_workers),
		TEST(workers_die_with_their_parent),
		TEST(nothing_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
