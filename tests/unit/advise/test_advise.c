/* What is advised for an entry, and why. */
#include "../solve/solve_tir.h"

#include "advise/profile.h"

#define REGISTER "file \"/s/a.c\" main\nfn start(ev, fd) {\n call event_set(ev, fd, 2, &cb, 0) @2:1\n}\n"

/* "is word": of the first entry in the order of the advice. */
static const char *advice_of(const char *text, const char *fn)
{
	static char buf[128];
	struct solved s = solve_tir(text);
	struct arena *mem = arena_new();
	struct machine m;
	uint32_t n;

	machine_default(&m);
	m.cores = 2;
	struct advice *a = advise_all(s.p, s.e, s.f, &m, mem, &n);
	strcpy(buf, "none");
	for (uint32_t i = 0; i < n; i++) {
		assert_non_null(a[i].because);
		assert_true(!i || a[i].harm <= a[i - 1].harm);
		if (!strcmp(fn_name(s.p, s.f->entries[a[i].entry].fn), fn))
			snprintf(buf, sizeof buf, "%s %s", a[i].now, advice_rows[a[i].kind].word);
	}
	arena_free(mem);
	solved_free(&s);
	return buf;
}

static void a_task_that_does_little_stays_one(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n}\n", "cb"), "task keep");
}

static void a_task_that_computes_goes_to_the_pool(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n %r = call crypt(arg, arg) @5:1\n}\n", "cb"), "task pool");
}

static void a_task_that_waits_is_made_asynchronous_if_there_is_a_form(void **state)
{
	const char *got = advice_of(REGISTER "fn cb(fd, what, arg) {\n %r = call getaddrinfo(arg, 0, 0, 0) @5:1\n}\n", "cb");
	assert_string_equal(got, "task async");
}

static void a_task_that_sleeps_goes_on_from_a_timer(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n call sleep(1) @5:1\n}\n", "cb"), "task timer");
}

static void what_waits_for_another_thread_is_told(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n call pthread_join(arg, 0) @5:1\n}\n", "cb"), "task tell");
}

static void a_test_is_left_alone(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n call run_test() @5:1\n}\n"
					       "fn run_test() {\n call sleep(1) @6:1\n}\n",
				    "cb"),
		"task keep");
	assert_true(profile_test_name("src/redis-benchmark.c"));
	assert_true(profile_test_name("debugCommand"));
	assert_true(profile_test_name("runTests"));
	assert_true(profile_test_name("softmmu/qtest.c"));
	assert_false(profile_test_name("latest_attested.c"));
	assert_false(profile_test_name("src/fastest/contest.c"));
	assert_false(profile_test_name("protest"));
}

static void a_disk_that_answers_from_memory_is_no_reason(void **state)
{
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n %r = call unlink(arg) @5:1\n}\n", "cb"), "task keep");
	assert_string_equal(advice_of(REGISTER "fn cb(fd, what, arg) {\n %r = call fsync(arg) @5:1\n}\n", "cb"), "task pool");
}

#define ACCEPT                                                                                                             \
	"file \"/s/a.c\" main\nfn main(l) {\nb0:\n goto b1\nb1:\n %c = call accept(l, 0, 0) @2:1\n"                      \
	" %r = call pthread_create(0, 0, &serve, %c) @3:1\n goto b1\n}\n"

static void a_thread_for_each_connection_becomes_a_task(void **state)
{
	assert_string_equal(advice_of(ACCEPT "fn serve(fd) {\n %n = call read(fd, 0, 1) @5:1\n}\n", "serve"), "thread tasks");
}

static void a_thread_for_each_connection_that_computes_is_kept_by_a_pool(void **state)
{
	assert_string_equal(advice_of(ACCEPT "fn serve(fd) {\n %n = bin.add fd, 1\n}\n", "serve"), "thread reuse");
}

static void one_thread_that_waits_is_right(void **state)
{
	assert_string_equal(advice_of("file \"/s/a.c\" main\nfn main() {\n %r = call pthread_create(0, 0, &serve, 0) @3:1\n}\n"
				      "fn serve(fd) {\n %n = call read(fd, 0, 1) @5:1\n}\n",
				    "serve"),
		"thread keep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_that_does_little_stays_one),
		cmocka_unit_test(a_task_that_computes_goes_to_the_pool),
		cmocka_unit_test(a_task_that_waits_is_made_asynchronous_if_there_is_a_form),
		cmocka_unit_test(a_task_that_sleeps_goes_on_from_a_timer),
		cmocka_unit_test(what_waits_for_another_thread_is_told),
		cmocka_unit_test(a_test_is_left_alone),
		cmocka_unit_test(a_disk_that_answers_from_memory_is_no_reason),
		cmocka_unit_test(a_thread_for_each_connection_becomes_a_task),
		cmocka_unit_test(a_thread_for_each_connection_that_computes_is_kept_by_a_pool),
		cmocka_unit_test(one_thread_that_waits_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
