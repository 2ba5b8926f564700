/* Arena, vectors. */
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

static bool all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena *a = arena_new();

	for (int round = 0; round < 3; round++) {
		size_t total = 0;

		for (size_t n = 0; n < 40000; n = n * 3 / 2 + 1) {
			char *p = arena_alloc(a, n);

			assert_int_equal((uintptr_t)p % 16, 0);
			assert_true(all_zero(p, n));
			memset(p, 0xAB, n);
			total += n;
		}
		assert_true(arena_size(a) >= total);
		arena_reset(a);
		assert_int_equal(arena_size(a), 0);
	}
	arena_free(a);
	arena_free(NULL);
}

static void arena_is_zeroed_again_after_a_short_round(void **state)
{
	struct arena *a = arena_new();

	/* long round, short round, long round: the tail is dirty from the first one */
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(a, 1000), 0xFF, 1000);
	arena_reset(a);
	arena_alloc(a, 16);
	arena_reset(a);
	for (int i = 0; i < 100; i++)
		assert_true(all_zero(arena_alloc(a, 1000), 1000));
	arena_free(a);
}

static void arena_reset_reuses_memory(void **state)
{
	struct arena *a = arena_new();
	char *first = arena_alloc(a, 100);

	for (int i = 0; i < 1000; i++)
		arena_alloc(a, 1000);
	arena_reset(a);
	assert_ptr_equal(arena_alloc(a, 100), first);
	arena_free(a);
}

static void arena_pointers_differ(void **state)
{
	struct arena *a = arena_new();

	assert_ptr_not_equal(arena_alloc(a, 0), arena_alloc(a, 0));
	arena_free(a);
}

static void arena_strings(void **state)
{
	struct arena *a = arena_new();
	char big[5000];

	memset(big, 'x', sizeof big);
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(a, "%d-%s", 42, "x"), "42-x");
	assert_int_equal(strlen(arena_printf(a, "%.*s", (int)sizeof big, big)), sizeof big);
	arena_free(a);
}

static void vec_grows(void **state)
{
	VEC(uint32_t) v = {0};

	for (uint32_t i = 0; i < 100000; i++)
		vec_add(&v, i);
	assert_int_equal(v.n, 100000);
	assert_true(v.cap >= v.n);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(v.v[i], i);
	vec_free(&v);
	assert_null(v.v);
	assert_int_equal(v.n + v.cap, 0);
}

static void vec_takes_its_own_elements(void **state)
{
	VEC(uint64_t) v = {0};

	vec_add(&v, 7);
	for (int i = 0; i < 10000; i++)
		vec_add(&v, v.v[v.n - 1]);
	assert_int_equal(v.v[v.n - 1], 7);
	vec_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_is_zeroed_again_after_a_short_round),
		cmocka_unit_test(arena_reset_reuses_memory),
		cmocka_unit_test(arena_pointers_differ),
		cmocka_unit_test(arena_strings),
		cmocka_unit_test(vec_grows),
		cmocka_unit_test(vec_takes_its_own_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
