/* Lines and columns of sources, and GitHub's line hash. The hashes were computed by upload-sarif's
 * own code. */
#include "report/report_int.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

static char dir[] = "/tmp/tvt-source-XXXXXX";

static void put(const char *name, const char *text, size_t n)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(fs_write_atomic(path, text, n), 0);
	report_forget();
}

static const char *hash_of(uint32_t line)
{
	static char buf[40];

	return line_hash(dir, "t.c", line, buf) ? buf : "none";
}

static void lines_end_as_in_compilers(void **state)
{
	static const char text[] = "a\r\nbb\rccc\n\ndddd";
	static const char *const want[] = {"a", "bb", "ccc", "", "dddd"};
	size_t n;

	put("t.c", text, sizeof text - 1);
	for (uint32_t i = 0; i < COUNT(want); i++) {
		const char *s = report_line(dir, "t.c", i + 1, &n);

		assert_non_null(s);
		assert_int_equal(n, strlen(want[i]));
		assert_memory_equal(s, want[i], n);
	}
	assert_null(report_line(dir, "t.c", 0, &n));
	assert_null(report_line(dir, "t.c", 6, &n));
	assert_null(report_line(dir, "gone.c", 1, &n));
	assert_null(report_line(dir, "", 1, &n));
	assert_null(report_line(dir, NULL, 1, &n));
	assert_null(report_line("/", dir + 1, 1, &n)); /* a directory */
}

static void there_is_a_line_behind_the_last_line_end(void **state)
{
	size_t n;

	put("t.c", "a\n", 2);
	assert_non_null(report_line(dir, "t.c", 2, &n));
	assert_int_equal(n, 0);
	assert_null(report_line(dir, "t.c", 3, &n));
	put("t.c", "", 0);
	assert_non_null(report_line(dir, "t.c", 1, &n));
	assert_null(report_line(dir, "t.c", 2, &n));
}

static void columns_become_utf16(void **state)
{
	/* bytes: a=1 e-acute=2,3 euro=4,5,6 smile=7..10 bad=11 b=12 */
	static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF"
				   "b\n";

	put("t.c", text, sizeof text - 1);
	assert_int_equal(utf16_column(dir, "t.c", 1, 1), 1);
	assert_int_equal(utf16_column(dir, "t.c", 1, 2), 2);
	assert_int_equal(utf16_column(dir, "t.c", 1, 4), 3);
	assert_int_equal(utf16_column(dir, "t.c", 1, 7), 4);
	assert_int_equal(utf16_column(dir, "t.c", 1, 11), 6);
	assert_int_equal(utf16_column(dir, "t.c", 1, 12), 7);
	assert_int_equal(utf16_column(dir, "t.c", 1, 13), 8);
	assert_int_equal(utf16_column(dir, "t.c", 1, 14), 9); /* past the end: nothing to convert */
	assert_int_equal(utf16_column(dir, "t.c", 9, 14), 14);
	assert_int_equal(utf16_column(dir, "gone.c", 1, 7), 7);
	/* a maximal subpart is one replacement character, its neighbours are others */
	assert_int_equal(utf16_length("\xE2\x82"
				      "a",
				 3),
		2);
	assert_int_equal(utf16_length("\xED\xA0\x80", 3), 3);
	assert_int_equal(utf16_length("\xF0\x9F\x98", 3), 1);
	assert_int_equal(utf16_length("\xC0\x80\xFE", 3), 3);
}

static void hashes_are_those_of_upload_sarif(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *hash[8]; /* ends with NULL */
	} known[] = {
#define TEXT(s) s, sizeof(s) - 1
		{TEXT(""), {"c129715d7a2bc9a3:1", "none"}},
		{TEXT("\n"), {"3c5bef55b72b93c9:1", "c129715d7a2bc9a3:1", "none"}},
		{TEXT("\n\n\n"), {"4e5d562094661a0d:1", "5b5d4caf73a13177:1", "3c5bef55b72b93c9:1",
					 "c129715d7a2bc9a3:1", "none"}},
		{TEXT("\tx = 1;\n\tx = 1;\n"),
			{"63f238fa9f4fc47d:1", "2ccea3f1ef5385f6:1", "c129715d7a2bc9a3:1", "none"}},
		{TEXT("a\r\nb\rc\n\r \nd"),
			{"7e7d4f1ca6a7d583:1", "64836862a4d3bfec:1", "4b7669657a809418:1",
				"254cab44c08f7c0f:1", "6bf49ae9d59c5bc1:1", "a23a3dc5e078b07b:1",
				"none"}},
		{TEXT("a\xff\xe2\x82"
		      "b\xf0\x9f\x98\n\xed\xa0\x80\xc3"),
			{"d7f4b1b1f893feff:1", "820e17bae189b7bf:1", "none"}},
		{TEXT("\xEF\xBB\xBFint x;\n"),
			{"1eba37772d944d4a:1", "c129715d7a2bc9a3:1", "none"}},
		{TEXT("a\0b\n"), {"636f257f958bb544:1", "c129715d7a2bc9a3:1", "none"}},
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		put("t.c", known[i].text, known[i].n);
		for (uint32_t line = 0; known[i].hash[line]; line++)
			assert_string_equal(hash_of(line + 1), known[i].hash[line]);
	}
	assert_string_equal(hash_of(0), "none");
}

static void hashes_see_a_hundred_units_and_count_repeats(void **state)
{
	struct sb text = {0};

	for (int i = 0; i < 60; i++)
		sb_puts(&text, "y\n");
	put("t.c", text.s, text.n);
	assert_string_equal(hash_of(1), "43762f342805c306:1");
	assert_string_equal(hash_of(2), "43762f342805c306:2");
	assert_string_equal(hash_of(11), "43762f342805c306:11");
	assert_string_equal(hash_of(12), "43762f34282ab15a:1");
	sb_free(&text);
	/* the hundredth unit lies within a surrogate pair */
	for (int i = 0; i < 20; i++)
		sb_puts(&text, "/* \xF0\x9F\x98\x80\xF0\x9F\x98\x80\xE2\x82\xAC */");
	sb_puts(&text, "\nint x;\n");
	put("t.c", text.s, text.n);
	assert_string_equal(hash_of(1), "602b467b2a18b79f:1");
	assert_string_equal(hash_of(2), "22bd3bea0af67823:1");
	sb_free(&text);
}

static void colours_follow_the_conventions(void **state)
{
	static const struct {
		const char *env[2];
		enum color_when when;
		bool color;
	} known[] = {
		/* standard output of a test may be a terminal: ask about a pipe */
		{{NULL}, COLOR_AUTO, false},
		{{NULL}, COLOR_ALWAYS, true},
		{{"FORCE_COLOR=1"}, COLOR_AUTO, true},
		{{"FORCE_COLOR=0"}, COLOR_AUTO, false},
		{{"FORCE_COLOR="}, COLOR_AUTO, false},
		{{"CLICOLOR_FORCE=1", "NO_COLOR=1"}, COLOR_AUTO, true},
		{{"CLICOLOR_FORCE=1"}, COLOR_NEVER, false},
		{{"NO_COLOR=1"}, COLOR_ALWAYS, true},
	};
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	for (size_t i = 0; i < COUNT(known); i++) {
		unsetenv("FORCE_COLOR");
		unsetenv("CLICOLOR_FORCE");
		unsetenv("NO_COLOR");
		for (int k = 0; k < 2 && known[i].env[k]; k++)
			putenv((char *)(uintptr_t)known[i].env[k]);
		assert_int_equal(report_color(known[i].when, fd[1]), known[i].color);
		assert_false(report_links(known[i].when, fd[1]));
	}
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_as_in_compilers),
		cmocka_unit_test(there_is_a_line_behind_the_last_line_end),
		cmocka_unit_test(columns_become_utf16),
		cmocka_unit_test(hashes_are_those_of_upload_sarif),
		cmocka_unit_test(hashes_see_a_hundred_units_and_count_repeats),
		cmocka_unit_test(colours_follow_the_conventions),
	};
	char path[256];
	int failed;

	assert_non_null(mkdtemp(dir));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof path, "%s/t.c", dir);
	unlink(path);
	rmdir(dir);
	return failed;
}
