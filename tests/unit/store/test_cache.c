/* The unit cache: a result is found exactly as long as parsing again would give the same, whatever
 * happens to the files, to the database, to other processes and to the disk.
 */
#include "store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct fixture {
	char dir[32];
	struct arena *mem;
	struct sb said;
	const char *argv[4];
	struct tu_cmd cmd;
	struct cache *c;
};

static void hear(void *ctx, const char *level, const char *msg)
{
	struct fixture *f = ctx;

	sb_printf(&f->said, "%s: %s\n", level, msg);
}

static const char *at(struct fixture *f, const char *name)
{
	return path_join(f->mem, f->dir, name);
}

static void put_file(struct fixture *f, const char *name, const char *text)
{
	FILE *out = fopen(at(f, name), "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* As if it was written long ago: its stamp counts. The change time cannot be set, so wait for it.
 */
static void grow_old(void)
{
	sleep(3);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/tvt-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->mem = arena_new();
	diag_redirect(hear, f);
	mkdir(at(f, "first"), 0755);
	mkdir(at(f, "second"), 0755);
	put_file(f, "second/h.h", "static inline int from_h(void) { return 2; }\n");
	put_file(f, "a.c", "#include \"h.h\"\nint f(void) { return from_h(); }\n");
	f->argv[0] = "-xc";
	f->argv[1] = "-Ifirst";
	f->argv[2] = "-Isecond";
	f->cmd = (struct tu_cmd){.file = at(f, "a.c"), .dir = f->dir, .argv = f->argv, .argc = 3};
	*state = f;
	return 0;
}

static void reopen(struct fixture *f)
{
	cache_close(f->c);
	f->c = cache_open(at(f, "cache"), f->dir);
	assert_non_null(f->c);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct sb cmd = {0};
	int rc;

	cache_close(f->c);
	diag_redirect(NULL, NULL);
	sb_printf(&cmd, "rm -r %s", f->dir);
	rc = system(cmd.s);
	sb_free(&cmd);
	sb_free(&f->said);
	arena_free(f->mem);
	free(f);
	return rc;
}

static char *text_of(const struct unit *u)
{
	struct sb b = {0};

	assert_non_null(u->ir);
	ir_print(u->ir, &b);
	return b.s;
}

static void parse(struct fixture *f, struct unit *u)
{
	struct compdb db = {.tus = &f->cmd, .ntu = 1};
	struct front_opts o = {.jobs = 1};

	assert_int_equal(front_lower_all(&db, &o, u), 0);
	assert_non_null(u->ir);
	assert_true(u->pure);
}

static bool found(struct fixture *f)
{
	uint64_t id;

	return cache_find(f->c, &f->cmd, 1, &id);
}

static void parse_and_put(struct fixture *f)
{
	struct unit u = {0};

	parse(f, &u);
	assert_int_not_equal(cache_put(f->c, &f->cmd, &u), 0);
	unit_free(&u);
	reopen(f);
}

/* What is found is what parsing gives; if nothing is found, puts it. */
static bool is_found_and_right(struct fixture *f)
{
	struct unit u = {0}, fresh = {0};
	uint64_t id;
	bool got = cache_find(f->c, &f->cmd, 1, &id);

	parse(f, &fresh);
	if (got) {
		char *a, *b;

		assert_int_equal(cache_load(f->c, id, &u), 0);
		a = text_of(&u);
		b = text_of(&fresh);
		assert_string_equal(a, b);
		assert_int_equal(u.state, fresh.state);
		assert_int_equal(u.nerror, fresh.nerror);
		free(a);
		free(b);
		unit_free(&u);
	} else {
		assert_int_not_equal(cache_put(f->c, &f->cmd, &fresh), 0);
		reopen(f);
	}
	unit_free(&fresh);
	return got;
}

static void test_roundtrip(void **state)
{
	struct fixture *f = *state;

	reopen(f);
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	f->argv[3] = "-DX";
	f->cmd.argc = 4;
	assert_false(found(f));
	f->cmd.argc = 3;
	assert_true(found(f));
	assert_null(f->said.s);
}

static void test_reads_are_noted(void **state)
{
	struct fixture *f = *state;
	struct unit u = {0};
	struct read r;
	uint64_t pos = 0;
	bool a = false, first = false, second = false;

	parse(f, &u);
	while (unit_read_next(&u, &pos, &r)) {
		bool there = r.hash.lo | r.hash.hi;

		a |= !strcmp(r.path, at(f, "a.c")) && there;
		first |= !strcmp(r.path, at(f, "first/h.h")) && !there;
		second |= !strcmp(r.path, at(f, "second/h.h")) && there;
	}
	assert_true(a && first && second);
	unit_free(&u);
}

static void test_errors_are_kept(void **state)
{
	struct fixture *f = *state;
	struct unit u = {0};
	uint64_t id;

	put_file(f, "a.c", "int f(void) { return nothing; }\n");
	reopen(f);
	parse_and_put(f);
	assert_int_equal(cache_find(f->c, &f->cmd, 1, &id), 1);
	assert_int_equal(cache_load(f->c, id, &u), 0);
	assert_int_equal(u.state, UNIT_ERRORS);
	assert_int_equal(u.nerror, 1);
	assert_non_null(strstr(u.first_error, "a.c:1:22: use of undeclared identifier 'nothing'"));
	unit_free(&u);
}

/* One after the other, with files old enough that stamps count, and with young ones. */
static void change_files(struct fixture *f, bool old)
{
	static const char other[] = "static inline int from_h(void) { return 3; }\n";

	reopen(f);
	if (old)
		grow_old();
	assert_false(is_found_and_right(f));
	put_file(f, "second/h.h", other); /* the same size */
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	put_file(f, "second/h.h", "static inline int from_h(void) { return 2; }\n");
	assert_true(is_found_and_right(f)); /* as it was at first: a branch switched back to */
	put_file(f, "a.c", "#include \"h.h\"\nint f(void) { return 7; }\n");
	assert_false(is_found_and_right(f));
	/* touched, not changed */
	put_file(f, "a.c", "#include \"h.h\"\nint f(void) { return 7; }\n");
	if (old)
		grow_old();
	assert_true(is_found_and_right(f));
	if (old)
		reopen(f);
	/* another file of the same name comes before it */
	put_file(f, "first/h.h", other);
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	if (old)
		grow_old();
	assert_true(is_found_and_right(f));
	unlink(at(f, "first/h.h"));
	assert_true(is_found_and_right(f));
	reopen(f);
	assert_true(is_found_and_right(f));
	/* moved to the other directory */
	assert_int_equal(rename(at(f, "second/h.h"), at(f, "first/h.h")), 0);
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	unlink(at(f, "first/h.h"));
	assert_false(is_found_and_right(f)); /* with an error */
	assert_true(is_found_and_right(f));
	put_file(f, "second/h.h", other);
	assert_false(is_found_and_right(f));
	assert_null(f->said.s);
}

static void test_young_files(void **state)
{
	change_files(*state, false);
}

static void test_old_files(void **state)
{
	change_files(*state, true);
}

static void test_directories_come_and_go(void **state)
{
	struct fixture *f = *state;

	f->argv[1] = "-Ithird";
	put_file(f, "a.c", "#include \"sub/h.h\"\nint f(void) { return from_h(); }\n");
	mkdir(at(f, "second/sub"), 0755);
	rename(at(f, "second/h.h"), at(f, "second/sub/h.h"));
	reopen(f);
	assert_false(is_found_and_right(f));
	grow_old();
	assert_true(is_found_and_right(f));
	reopen(f);
	mkdir(at(f, "third"), 0755);
	mkdir(at(f, "third/sub"), 0755);
	put_file(f, "third/sub/h.h", "int from_h(void);\n");
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	/* a link that leads somewhere else */
	assert_int_equal(rename(at(f, "third"), at(f, "fourth")), 0);
	assert_int_equal(symlink("fourth", at(f, "third")), 0);
	assert_true(is_found_and_right(f));
	mkdir(at(f, "fifth"), 0755);
	unlink(at(f, "third"));
	assert_int_equal(symlink("fifth", at(f, "third")), 0);
	(void)is_found_and_right(f);
	/* a link that leads nowhere, and then somewhere */
	mkdir(at(f, "fifth/sub"), 0755);
	assert_int_equal(symlink("../../later.h", at(f, "fifth/sub/h.h")), 0);
	(void)is_found_and_right(f);
	put_file(f, "later.h", "int from_h(void); int later;\n");
	(void)is_found_and_right(f);
	assert_null(f->said.s);
}

static const char *db_path(struct fixture *f)
{
	return at(f, "cache/cache.db");
}

/* Every damage is found out or has no effect; it is told at most once. */
static void test_damage(void **state)
{
	struct fixture *f = *state;
	char *whole, *right;
	struct unit fresh = {0};
	size_t size;
	uint32_t nlost = 0;

	reopen(f);
	parse_and_put(f);
	parse(f, &fresh);
	right = text_of(&fresh);
	unit_free(&fresh);
	cache_close(f->c);
	f->c = NULL;
	assert_int_equal(fs_read(db_path(f), &whole, &size), 0);
	srand(1);
	for (int i = 0; i < 50; i++) {
		int fd = open(db_path(f), O_WRONLY | O_TRUNC);
		char junk[64];
		uint64_t id;
		size_t pos = (size_t)rand() % size;
		bool cut = i % 10 == 0;

		assert_int_equal(write(fd, whole, cut ? pos : size), (ssize_t)(cut ? pos : size));
		for (size_t k = 0; k < sizeof junk; k++)
			junk[k] = (char)rand();
		if (!cut && pos + sizeof junk < size)
			assert_int_equal(pwrite(fd, junk, sizeof junk, (off_t)pos), sizeof junk);
		close(fd);
		sb_free(&f->said);
		f->c = cache_open(at(f, "cache"), f->dir);
		assert_non_null(f->c);
		if (cache_find(f->c, &f->cmd, 1, &id)) {
			struct unit u = {0};
			char *text;

			if (cache_load(f->c, id, &u) == 0) {
				text = text_of(&u);
				assert_string_equal(text, right);
				free(text);
				unit_free(&u);
			}
		} else {
			nlost++;
		}
		if (f->said.s)
			assert_ptr_equal(strchr(f->said.s, '\n'), f->said.s + f->said.n - 1);
		cache_close(f->c);
		f->c = NULL;
	}
	assert_true(nlost > 3);
	free(whole);
	free(right);
}

static void test_no_database_at_all(void **state)
{
	struct fixture *f = *state;

	mkdir(at(f, "cache"), 0755);
	put_file(
		f, "cache/cache.db", "This is not a database, but it is long enough to look at.\n");
	reopen(f);
	assert_non_null(strstr(f->said.s, "is damaged: it is begun anew"));
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
}

static void test_other_version(void **state)
{
	struct fixture *f = *state;
	sqlite3 *h;

	reopen(f);
	parse_and_put(f);
	cache_close(f->c);
	f->c = NULL;
	assert_int_equal(sqlite3_open(db_path(f), &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, "PRAGMA user_version=77", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
	reopen(f);
	assert_false(is_found_and_right(f));
	assert_true(is_found_and_right(f));
	assert_null(f->said.s);
}

static void test_others_may_write(void **state)
{
	struct fixture *f = *state;

	mkdir(at(f, "cache"), 0755);
	chmod(at(f, "cache"), 0775);
	assert_null(cache_open(at(f, "cache"), f->dir));
	assert_non_null(strstr(f->said.s, "others may write to"));
	chmod(at(f, "cache"), 0755);
	reopen(f);
	cache_close(f->c);
	f->c = NULL;
	chmod(db_path(f), 0666);
	assert_null(cache_open(at(f, "cache"), f->dir));
	unlink(db_path(f));
	put_file(f, "real", "");
	assert_int_equal(symlink(at(f, "real"), db_path(f)), 0);
	assert_null(cache_open(at(f, "cache"), f->dir));
}

static void test_default_place(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	f->c = cache_open(NULL, f->dir);
	assert_non_null(f->c);
	assert_true(fs_is_file(at(f, ".tvt/cache.db")));
	assert_true(fs_is_file(at(f, ".tvt/.gitignore")));
	assert_int_equal(stat(at(f, ".tvt"), &st), 0);
	assert_int_equal(st.st_mode & 022, 0);
	cache_close(f->c);
	/* a project that cannot be written to, even by root: a file is in the way */
	put_file(f, "file", "");
	setenv("XDG_CACHE_HOME", at(f, "xdg"), 1);
	f->c = cache_open(NULL, at(f, "file"));
	assert_non_null(f->c);
	assert_true(fs_is_dir(at(f, "xdg/tvt-lint")));
	assert_null(f->said.s);
	assert_null(cache_open(at(f, "file/x"), f->dir));
	assert_non_null(strstr(f->said.s, "cannot be written"));
}

/* Writing fails as on a full disk: said once, results are still found. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	struct unit u = {0};

	reopen(f);
	parse_and_put(f);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){0, old.rlim_max};
	put_file(f, "b.c", "int g;\n");
	f->cmd.file = at(f, "b.c");
	parse(f, &u);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_not_equal(cache_put(f->c, &f->cmd, &u), 0);
	assert_false(found(f)); /* writes first */
	cache_put(f->c, &f->cmd, &u);
	assert_false(found(f));
	unit_free(&u);
	f->cmd.file = at(f, "a.c");
	assert_true(found(f));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(f->said.s, "nothing more is kept"));
	assert_ptr_equal(strchr(f->said.s, '\n'), f->said.s + f->said.n - 1);
	reopen(f);
	assert_true(found(f));
	f->cmd.file = at(f, "b.c");
	assert_false(found(f));
}

/* A process that puts the same and other results for ever. */
static pid_t writer(struct fixture *f, int seed)
{
	pid_t pid = fork();
	struct unit u = {0};

	if (pid)
		return pid;
	parse(f, &u);
	for (int i = 0;; i++) {
		struct cache *c = cache_open(at(f, "cache"), f->dir);
		struct tu_cmd cmd = f->cmd;
		const char *argv[4] = {f->argv[0], f->argv[1], f->argv[2],
			arena_printf(f->mem, "-DN=%d", (seed * 31 + i) % 50)};
		uint64_t id;

		if (getppid() == 1)
			_exit(0);
		if (!c)
			continue;
		cmd.argv = argv;
		cmd.argc = 4;
		cache_find(c, &cmd, 1, &id);
		cache_put(c, &cmd, &u);
		cache_put(c, &f->cmd, &u);
		cache_close(c);
	}
}

static void test_two_at_once_and_killed(void **state)
{
	struct fixture *f = *state;
	struct timespec some = {0};
	pid_t pid[2];

	reopen(f);
	parse_and_put(f);
	srand(2);
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 2; k++)
			pid[k] = writer(f, i * 2 + k);
		some.tv_nsec = 50000000 + rand() % 200000000;
		nanosleep(&some, NULL);
		assert_true(is_found_and_right(f));
		for (int k = 0; k < 2; k++) {
			kill(pid[k], SIGKILL);
			waitpid(pid[k], NULL, 0);
		}
		reopen(f);
		assert_true(is_found_and_right(f));
	}
	assert_null(f->said.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_roundtrip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_are_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_young_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directories_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_database_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_may_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_at_once_and_killed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
