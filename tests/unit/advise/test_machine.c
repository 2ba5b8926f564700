/* test_machine.c - constants of a machine: what is written is read, and nonsense is not. */
#include "advise/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <unistd.h>

static char said[512];

static void sink(void *ctx, const char *level, const char *msg)
{
	snprintf(said, sizeof said, "%s", msg);
}

static int quiet(void **state)
{
	diag_redirect(sink, NULL);
	*said = '\0';
	return 0;
}

static void defaults_are_sane(void **state)
{
	struct machine m;

	machine_default(&m);
	assert_true(m.cores >= 1);
	assert_true(m.memory > 1e6);
	assert_true(machine_quiet(&m));
	assert_int_equal(m.when, 0);
	for (int i = 0; i < MACHINE_COUNT; i++) {
		assert_true(m.v[i].p10 > 0);
		assert_true(m.v[i].p10 <= m.v[i].median);
		assert_true(m.v[i].median <= m.v[i].p90);
	}
	/* what all advice rests on */
	assert_true(m.v[MACHINE_TASK_SWITCH].p90 < m.v[MACHINE_THREAD_SWITCH].p10);
	assert_true(m.v[MACHINE_TASK_BYTES].p90 < m.v[MACHINE_THREAD_BYTES].p10);
}

static void written_is_read(void **state)
{
	char dir[] = "/tmp/tvt-machine-XXXXXX", path[64];
	struct machine m, got;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/a/b/machine.conf", dir);
	machine_default(&m);
	m.v[MACHINE_HANDOFF] = (struct spread){31000, 21000, 41000.5};
	m.cores = 7;
	m.busy = 0.5;
	m.when = 1234567890;
	assert_int_equal(machine_store(&m, path), 0);
	assert_int_equal(machine_load(&got, path), 0);
	assert_float_equal(got.v[MACHINE_HANDOFF].median, 31000, 0);
	assert_float_equal(got.v[MACHINE_HANDOFF].p90, 41000.5, 0);
	assert_int_equal(got.cores, 7);
	assert_int_equal(got.when, 1234567890);
	assert_false(machine_quiet(&got));
	for (int i = 0; i < MACHINE_COUNT; i++)
		assert_float_equal(got.v[i].median, m.v[i].median, m.v[i].median * 1e-5);
	unlink(path);
	snprintf(path, sizeof path, "%s/a/b", dir);
	rmdir(path);
	snprintf(path, sizeof path, "%s/a", dir);
	rmdir(path);
	rmdir(dir);
}

static void no_file_is_the_default(void **state)
{
	struct machine m, d;

	machine_default(&d);
	assert_int_equal(machine_load(&m, "/nonexistent/machine.conf"), 0);
	assert_int_equal(m.when, 0);
	assert_float_equal(m.v[MACHINE_THREAD].median, d.v[MACHINE_THREAD].median, 0);
	assert_string_equal(said, "");
}

static void some_lines_are_enough(void **state)
{
	struct machine m, d;

	machine_default(&d);
	m = d;
	assert_int_equal(machine_parse(&m, "# mine\n\nthread 5 4 6 # ns\ncores 3", "x"), 0);
	assert_float_equal(m.v[MACHINE_THREAD].median, 5, 0);
	assert_int_equal(m.cores, 3);
	assert_float_equal(m.v[MACHINE_MUTEX].median, d.v[MACHINE_MUTEX].median, 0);
}

static void nonsense_changes_nothing(void **state)
{
	static const char *const bad[] = {"thread", "thread 1 2", "thread 1 2 3 4", "thread 2 3 4", "thread a b c",
		"thread -1 -2 0", "thread nan nan nan", "thread 1 1 inf", "unknown 1 1 1", "cores 0", "cores 1 2",
		"busy 2", "cores 99999999999", "thread 5 4 6 x"};
	struct machine m, d;

	machine_default(&d);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sb text = {0};

		m = d;
		*said = '\0';
		sb_printf(&text, "mutex 3 2 4\n%s\n", bad[i]);
		assert_int_equal(machine_parse(&m, text.s, "file"), -1);
		assert_non_null(strstr(said, "file:2:"));
		assert_memory_equal(&m, &d, sizeof m);
		sb_free(&text);
	}
}

static void path_follows_xdg(void **state)
{
	struct arena *a = arena_new();

	setenv("HOME", "/h", 1);
	unsetenv("XDG_CACHE_HOME");
	assert_string_equal(machine_path(a), "/h/.cache/tvt-lint/machine.conf");
	setenv("XDG_CACHE_HOME", "relative", 1);
	assert_string_equal(machine_path(a), "/h/.cache/tvt-lint/machine.conf");
	setenv("XDG_CACHE_HOME", "/c", 1);
	assert_string_equal(machine_path(a), "/c/tvt-lint/machine.conf");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_null(machine_path(a));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults_are_sane, quiet),
		cmocka_unit_test_setup(written_is_read, quiet),
		cmocka_unit_test_setup(no_file_is_the_default, quiet),
		cmocka_unit_test_setup(some_lines_are_enough, quiet),
		cmocka_unit_test_setup(nonsense_changes_nothing, quiet),
		cmocka_unit_test_setup(path_follows_xdg, quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
