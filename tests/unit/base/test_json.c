/* The JSON writer. */
#include "base/base.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <cmocka.h>

static void compact(void **state)
{
	struct sb b = {0};
	struct json j;

	json_begin(&j, &b, false);
	json_obj(&j, NULL);
	json_str(&j, "a", "x");
	json_int(&j, "b", INT64_MIN);
	json_arr(&j, "c");
	json_int(&j, NULL, 1);
	json_obj(&j, NULL);
	json_end(&j);
	json_arr(&j, NULL);
	json_end(&j);
	json_null(&j, NULL);
	json_end(&j);
	json_bool(&j, "d", true);
	json_bool(&j, "e\"\n", false);
	json_num(&j, "f", 0.5);
	json_end(&j);
	assert_string_equal(b.s, "{\"a\":\"x\",\"b\":-9223372036854775808,\"c\":[1,{},[],null],\"d\":true,"
				 "\"e\\\"\\n\":false,\"f\":0.5}");
	sb_free(&b);
}

static void pretty(void **state)
{
	struct sb b = {0};
	struct json j;

	json_begin(&j, &b, true);
	json_obj(&j, NULL);
	json_arr(&j, "a");
	json_int(&j, NULL, 1);
	json_int(&j, NULL, 2);
	json_end(&j);
	json_obj(&j, "o");
	json_end(&j);
	json_end(&j);
	assert_string_equal(b.s, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}");
	sb_free(&b);
}

static void values_at_the_top(void **state)
{
	struct sb b = {0};
	struct json j;

	json_begin(&j, &b, false);
	json_str(&j, NULL, "");
	assert_string_equal(b.s, "\"\"");
	sb_free(&b);
}

static void strings_are_escaped(void **state)
{
	struct sb b = {0};
	struct json j;
	static const char s[] = "q\" b\\ /\b\f\n\r\t\x01\x1f\x7f \xc3\xa9\xf0\x9f\x98\x80 \xff\xc3 \xed\xa0\x80\0z";

	json_begin(&j, &b, false);
	json_strn(&j, NULL, s, sizeof s - 1);
	assert_string_equal(b.s, "\"q\\\" b\\\\ /\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f \xc3\xa9\xf0\x9f\x98\x80 "
				 "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\u0000z\"");
	sb_free(&b);
}

static void what_drives_a_terminal_is_escaped(void **state)
{
	struct sb b = {0};
	struct json j;

	json_begin(&j, &b, false);
	json_str(&j, NULL, "a\xc2\x9b" "b\xe2\x80\xae" "c\xe2\x81\xa6\xef\xbb\xbf\xc2\xa0");
	assert_string_equal(b.s, "\"a\\u009bb\\u202ec\\u2066\\ufeff\xc2\xa0\"");
	sb_free(&b);
}

static void numbers(void **state)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {{0, "0"}, {-0.1, "-0.1"}, {1e21, "1e+21"}, {1.0 / 3, "0.33333333333333331"}, {123456, "123456"},
		{NAN, "null"}, {INFINITY, "null"}, {-INFINITY, "null"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sb b = {0};
		struct json j;

		json_begin(&j, &b, false);
		json_num(&j, NULL, cases[i].v);
		assert_string_equal(b.s, cases[i].want);
		sb_free(&b);
	}
}

static void deep(void **state)
{
	struct sb b = {0};
	struct json j;

	json_begin(&j, &b, false);
	for (int i = 0; i < 63; i++)
		json_arr(&j, NULL);
	for (int i = 0; i < 63; i++)
		json_end(&j);
	assert_int_equal(b.n, 126);
	sb_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact),
		cmocka_unit_test(pretty),
		cmocka_unit_test(values_at_the_top),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(what_drives_a_terminal_is_escaped),
		cmocka_unit_test(numbers),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
