/* String builder, UTF-8, patterns, nearest word, messages. */
#include "base/base.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

static void builder(void **state)
{
	struct sb b = {0};

	sb_puts(&b, "");
	assert_string_equal(b.s, "");
	for (int i = 0; i < 1000; i++)
		sb_printf(&b, "%d,", i % 10);
	assert_int_equal(b.n, 2000);
	assert_int_equal(strlen(b.s), 2000);
	sb_putc(&b, 'x');
	sb_putn(&b, "a\0b", 3);
	assert_int_equal(b.n, 2004);
	assert_memory_equal(b.s + 2000, "xa\0b", 5); /* with the NUL */
	sb_reserve(&b, 100000);
	assert_int_equal(b.n, 2004);
	assert_true(b.cap > 102004);
	sb_free(&b);
	assert_null(b.s);
	sb_putn(&b, NULL, 0);
	assert_string_equal(b.s, "");
	sb_free(&b);
}

static void utf8(void **state)
{
	static const struct {
		const char *s;
		unsigned len;
		uint32_t cp;
	} cases[] = {
		{"a", 1, 'a'}, {"\x7f", 1, 0x7f}, {"\xc2\x80", 2, 0x80}, {"\xc3\xa9", 2, 0xe9},
		{"\xe2\x82\xac", 3, 0x20ac}, {"\xef\xbf\xbf", 3, 0xffff}, {"\xf0\x9f\x98\x80", 4, 0x1f600},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		/* a continuation alone, overlong, surrogate, too large, cut off */
		{"\x80", 0, 0}, {"\xc0\x80", 0, 0}, {"\xc1\xbf", 0, 0}, {"\xe0\x80\x80", 0, 0},
		{"\xe0\x9f\xbf", 0, 0}, {"\xed\xa0\x80", 0, 0}, {"\xf0\x80\x80\x80", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0}, {"\xf5\x80\x80\x80", 0, 0}, {"\xff", 0, 0}, {"\xe2\x82", 0, 0},
		{"\xe2\x82z", 0, 0}, {"", 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t cp = 0;

		assert_int_equal(utf8_next(cases[i].s, strlen(cases[i].s), &cp), cases[i].len);
		assert_int_equal(cp, cases[i].cp);
	}
}

static void visible(void **state)
{
	struct sb b = {0};
	static const char s[] = "a\n\t\x1b[31m\x7f\xc3\xa9 \xc2\x9b \xe2\x80\xae \xff\0!";

	sb_put_visible(&b, s, sizeof s - 1);
	assert_string_equal(b.s, "a\\n\\t\\x1b[31m\\x7f\xc3\xa9 \\u009b \\u202e \\xff\\x00!");
	sb_free(&b);
}

static void prefix_and_suffix(void **state)
{
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc"));
	assert_true(str_ends("abc", ""));
	assert_false(str_ends("bc", "abc"));
}

static void glob(void **state)
{
	static const struct {
		const char *pattern, *s;
		bool match;
	} cases[] = {
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", true}, {"?", "", false},
		{"?", "a", true}, {"?", "ab", false}, {"a*c", "abbc", true}, {"a*c", "abcb", false},
		{"*.c", "src/x.c", true}, {"*.c", "x.h", false}, {"src/*/x?.c", "src/a/b/x1.c", true},
		{"**a**", "bab", true}, {"*a*b*c", "xaxbxcxc", true}, {"*a*b*c", "xaxcxb", false},
		{"abc", "abc", true}, {"abc", "ab", false}, {"a*", "b", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (str_glob(cases[i].pattern, cases[i].s) != cases[i].match)
			fail_msg("%s on %s", cases[i].pattern, cases[i].s);
}

static void glob_is_not_exponential(void **state)
{
	char s[5001], pattern[201];

	memset(s, 'a', sizeof s - 1);
	s[sizeof s - 1] = '\0';
	for (int i = 0; i < 200; i += 2)
		memcpy(pattern + i, "a*", 2);
	pattern[199] = 'b';
	pattern[200] = '\0';
	assert_false(str_glob(pattern, s));
}

static void nearest(void **state)
{
	static const char *const words[] = {"check", "explain", "dump", "blocking-call-in-task", "why"};
	static const struct {
		const char *word, *want;
	} cases[] = {
		{"check", "check"}, {"chekc", "check"}, {"chck", "check"}, {"checkk", "check"},
		{"explian", "explain"}, {"dmup", "dump"}, {"blocking-cal-in-tsk", "blocking-call-in-task"},
		{"block-call-in-task", "blocking-call-in-task"}, {"wyh", "why"},
		/* too far, or nothing in common */
		{"xyz", NULL}, {"", NULL}, {"ab", NULL}, {"chimney", NULL}, {"dumplings", NULL},
	};
	char longer[300];

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = str_nearest(cases[i].word, words, COUNT(words));

		if (!got != !cases[i].want || (got && strcmp(got, cases[i].want)))
			fail_msg("'%s': got '%s'", cases[i].word, got ? got : "nothing");
	}
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_null(str_nearest(longer, words, COUNT(words)));
	assert_null(str_nearest("x", NULL, 0));
}

/* ---- messages ---- */

static char got[256];

static void sink(void *ctx, const char *level, const char *msg)
{
	++*(int *)ctx;
	snprintf(got, sizeof got, "%s|%s", level, msg);
}

static void messages_are_redirected(void **state)
{
	int n = 0;

	diag_redirect(sink, &n);
	assert_int_equal(error("cannot read '%s'", "a\nb\x1b[2J"), -1);
	assert_string_equal(got, "error|cannot read 'a\\nb\\x1b[2J'");
	warn("%d", 5);
	assert_string_equal(got, "warning|5");
	note("n");
	assert_string_equal(got, "note|n");
	assert_int_equal(n, 3);
	diag_redirect(NULL, NULL);
}

static void messages_go_to_stderr(void **state)
{
	char buf[256];
	int p[2], old;
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	old = dup(2);
	dup2(p[1], 2);
	error("no \"%s\"", "x\ry");
	warn("w");
	dup2(old, 2);
	close(old);
	close(p[1]);
	n = read(p[0], buf, sizeof buf - 1);
	close(p[0]);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, "tvt-lint: error: no \"x\\x0dy\"\ntvt-lint: warning: w\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builder),
		cmocka_unit_test(utf8),
		cmocka_unit_test(visible),
		cmocka_unit_test(prefix_and_suffix),
		cmocka_unit_test(glob),
		cmocka_unit_test(glob_is_not_exponential),
		cmocka_unit_test(nearest),
		cmocka_unit_test(messages_are_redirected),
		cmocka_unit_test(messages_go_to_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
