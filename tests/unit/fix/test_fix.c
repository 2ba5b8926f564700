/* Tokens and diffs. */
#include "fix/fix_int.h"

#include <setjmp.h>
#include <cmocka.h>

static const char *lex(const char *text, struct arena *mem)
{
	struct src s = {.text = text, .n = strlen(text)};
	struct sb out = {0};
	char *words;

	src_lex(&s, mem);
	for (uint32_t t = 0; t < s.ntok; t++)
		sb_printf(&out, "%s%s", t ? " " : "", s.toks[t].kind == TOK_DIRECTIVE ? "#" : tok_str(&s, t, mem));
	words = arena_strdup(mem, out.s ? out.s : "");
	sb_free(&out);
	return words;
}

static void comments_texts_and_directives_are_not_code(void **state)
{
	struct arena *mem = arena_new();

	assert_string_equal(lex("a/*b*/c//d\ne", mem), "a c e");
	assert_string_equal(lex("a /**/ b /*/ c */ d", mem), "a b d");
	assert_string_equal(lex("a // b\\\n c\nd", mem), "a d");
	assert_string_equal(lex("f(\"x)\\\"(\", '\\'')", mem), "f ( \"x)\\\"(\" , '\\'' )");
	assert_string_equal(lex("a\n #define X \\\n y /* z\n */ w\nb # c", mem), "a # b # c");
	assert_string_equal(lex("1.5e-3+a->b<<=2", mem), "1.5e-3 + a -> b <<= 2");
	assert_string_equal(lex("", mem), "");
	assert_string_equal(lex("/* never ends", mem), "");
	assert_string_equal(lex("\"never ends\nx", mem), "\"never ends\n x");
	arena_free(mem);
}

static void brackets_match(void **state)
{
	struct arena *mem = arena_new();
	struct src s = {.text = "f ( a [ 1 ] ) { ( } x", .n = 21};

	src_lex(&s, mem);
	assert_int_equal(s.toks[1].match, 6);
	assert_int_equal(s.toks[3].match, 5);
	assert_int_equal(s.toks[7].match, 9);
	assert_int_equal(s.toks[8].match, NONE);
	assert_int_equal(tok_block(&s, 8), 7);
	assert_int_equal(tok_block(&s, 10), NONE);
	arena_free(mem);
}

static void diffs(const char *text, const struct patch *e, uint32_t n, const char *want)
{
	struct sb out = {0};

	fix_diff("x.c", text, strlen(text), e, n, &out);
	assert_string_equal(out.s, want);
	sb_free(&out);
}

static void diffs_have_three_lines_around(void **state)
{
	const char *text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";

	diffs(text, (struct patch[]){{"x.c", 8, 9, "five", 0}}, 1,
		"--- a/x.c\n+++ b/x.c\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
	diffs(text, (struct patch[]){{"x.c", 0, 0, "0\n", 0}, {"x.c", 26, 26, "\n13\n", 0}}, 2,
		"--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -9,4 +10,5 @@\n 9\n 10\n 11\n-12\n"
		"\\ No newline at end of file\n+12\n+13\n");
	diffs(text, (struct patch[]){{"x.c", 2, 2, "x", 0}, {"x.c", 4, 6, "", 0}}, 2,
		"--- a/x.c\n+++ b/x.c\n@@ -1,6 +1,5 @@\n 1\n-2\n-3\n+x2\n 4\n 5\n 6\n");
	diffs("a\nb\n", (struct patch[]){{"x.c", 1, 1, "\nc", 0}}, 1, "--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,3 @@\n a\n+c\n b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_texts_and_directives_are_not_code),
		cmocka_unit_test(brackets_match),
		cmocka_unit_test(diffs_have_three_lines_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
