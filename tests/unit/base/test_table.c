/* Interned strings, maps, bit sets, hashes. */
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

static void intern_equal_strings_have_equal_ids(void **state)
{
	struct intern *t = intern_new();
	uint32_t a = intern_id(t, "alpha"), size;

	assert_int_equal(intern_id(t, ""), 0);
	assert_int_equal(intern_idn(t, "xyz", 0), 0);
	assert_string_equal(intern_str(t, 0), "");
	assert_int_not_equal(a, 0);
	assert_int_equal(intern_id(t, "alpha"), a);
	assert_int_equal(intern_idn(t, "alphabet", 5), a);
	assert_int_not_equal(intern_id(t, "alph"), a);
	assert_string_equal(intern_str(t, a), "alpha");
	assert_string_equal(intern_blob(t, &size) + a, "alpha");
	assert_int_equal(size, 1 + 6 + 5);
	intern_free(t);
}

static void intern_keeps_many(void **state)
{
	struct intern *t = intern_new();
	uint32_t *id = xmalloc(50000 * sizeof *id);
	char name[32];

	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof name, "name_%d", i * 7919);
		id[i] = intern_id(t, name);
	}
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof name, "name_%d", i * 7919);
		assert_int_equal(intern_id(t, name), id[i]);
		assert_string_equal(intern_str(t, id[i]), name);
	}
	free(id);
	intern_free(t);
}

static void intern_stops_at_nul(void **state)
{
	struct intern *t = intern_new();

	assert_int_equal(intern_idn(t, "ab\0cd", 5), intern_id(t, "ab"));
	intern_free(t);
}

static void intern_takes_pieces_of_itself(void **state)
{
	struct intern *t = intern_new();
	char big[200];
	uint32_t id;

	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	id = intern_id(t, big); /* 256 bytes are there at first: the next one moves the blob */
	id = intern_id(t, intern_str(t, id) + 10);
	assert_string_equal(intern_str(t, id), big + 10);
	intern_free(t);
}

static void map_grows_and_replaces(void **state)
{
	struct map m = {0};

	assert_int_equal(map_get(&m, 0), NONE);
	for (uint32_t i = 0; i < 100000; i++)
		map_put(&m, (uint64_t)i << 32, i);
	assert_int_equal(m.n, 100000);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(map_get(&m, (uint64_t)i << 32), i);
	assert_int_equal(map_get(&m, 1), NONE);
	map_put(&m, 0, 77);
	assert_int_equal(map_get(&m, 0), 77);
	assert_int_equal(m.n, 100000);
	map_free(&m);
	assert_int_equal(map_get(&m, 0), NONE);
}

static void map_slot_inserts_once(void **state)
{
	struct map m = {0};

	assert_int_equal(*map_slot(&m, UINT64_MAX, 5), 5);
	*map_slot(&m, UINT64_MAX, 6) += 1;
	assert_int_equal(map_get(&m, UINT64_MAX), 6);
	assert_int_equal(m.n, 1);
	map_free(&m);
}

static void bits_set_algebra(void **state)
{
	struct arena *a = arena_new();
	struct bits x = bits_new(a, 130), y = bits_new(a, 130), none = bits_new(a, 0);

	bits_set(&x, 0);
	bits_set(&x, 63);
	bits_set(&x, 129);
	assert_int_equal(bits_count(&x), 3);
	assert_true(bits_get(&x, 129));
	assert_false(bits_get(&x, 128));
	assert_true(bits_or(&y, &x));
	assert_false(bits_or(&y, &x));
	bits_clear(&x, 63);
	assert_true(bits_and(&y, &x));
	assert_false(bits_and(&y, &x));
	assert_int_equal(bits_count(&y), 2);
	assert_false(bits_get(&y, 63));
	assert_false(bits_or(&none, &none));
	assert_int_equal(bits_count(&none), 0);
	arena_free(a);
}

static void hash_is_xxh3(void **state)
{
	/* the reference values of the xxHash specification for empty input */
	assert_true(hash_bytes("", 0) == 0x2D06800538D394C2u);
	assert_true(hash_str("abc") == hash_bytes("abcd", 3));
	assert_true(hash_str("abc") != hash_str("abd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intern_equal_strings_have_equal_ids),
		cmocka_unit_test(intern_keeps_many),
		cmocka_unit_test(intern_stops_at_nul),
		cmocka_unit_test(intern_takes_pieces_of_itself),
		cmocka_unit_test(map_grows_and_replaces),
		cmocka_unit_test(map_slot_inserts_once),
		cmocka_unit_test(bits_set_algebra),
		cmocka_unit_test(hash_is_xxh3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
