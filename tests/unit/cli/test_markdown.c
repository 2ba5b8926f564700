/* Pages on a terminal. */
#include "cli/cli.h"

#include <setjmp.h>
#include <cmocka.h>

static void renders(const char *text, unsigned width, bool color, const char *want)
{
	struct sb out = {0};

	markdown_render(&out, text, width, color);
	assert_string_equal(out.s ? out.s : "", want);
	sb_free(&out);
}

static void text_is_wrapped_and_blocks_are_apart(void **state)
{
	renders("# a-rule\n\n## What it finds\n\nOne two three\nfour five six seven.\n\nNext.\n", 20, false,
			"a-rule\n\nWhat it finds\nOne two three four\nfive six seven.\n\nNext.\n");
	renders("", 20, false, "");
	renders("\n\n\n", 20, false, "");
	renders("a_word_that_is_wider_than_the_terminal b", 20, false,
			"a_word_that_is_wider_than_the_terminal\nb\n");
	renders("> said by\n> someone\n", 20, false, "  said by someone\n");
}

static void code_is_indented_and_left_alone(void **state)
{
	renders("Text:\n\n```c bad\nint x; /* **not** `this` */\n\tf(x);\n\n# not a heading\n```\nAfter.\n", 30, false,
			"Text:\n\n    int x; /* **not** `this` */\n        f(x);\n\n    # not a heading\n\nAfter.\n");
	renders("```\nnever closed\n", 30, false, "    never closed\n");
	renders("| a | b |\n|---|---|\n| 1 | 2 |\n", 30, false, "    | a | b |\n    |---|---|\n    | 1 | 2 |\n");
}

static void lists_hang(void **state)
{
	renders("Causes:\n\n- one that is long enough to wrap\n- two\n  goes on\n\n12. twelve\n\nEnd\n", 22, false,
			"Causes:\n\n- one that is long\n  enough to wrap\n- two goes on\n\n12. twelve\n\nEnd\n");
	renders("-not a list\n", 22, false, "-not a list\n");
	renders("-\n", 22, false, "-\n");
}

static void inline_marks_become_colours_or_nothing(void **state)
{
	renders("use `uv_run()`, **now**, *or* [see](x.md).\n", 80, false,
			"use uv_run(), now, or see (x.md).\n");
	renders("use `uv` **now**\n", 80, true, "use \033[36muv\033[39m \033[1mnow\033[22m\n");
	renders("# t\n", 80, true, "\033[1;4mt\033[0m\n");
	renders("a * b ** c ` d [ e ]( f\n", 80, false, "a * b ** c ` d [ e ]( f\n");
	/* colours do not count for the width */
	renders("`aaaaaaaaa` `bbbbbbbbb` c\n", 20, true,
			"\033[36maaaaaaaaa\033[39m \033[36mbbbbbbbbb\033[39m\nc\n");
}

static void what_drives_a_terminal_is_shown(void **state)
{
	renders("x\033[31my `\007` \xFF\n", 80, true, "x\\x1b[31my \033[36m\\x07\033[39m \\xff\n");
	renders("```\n\033]0;t\007\n```\n", 80, true, "    \\x1b]0;t\\x07\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_wrapped_and_blocks_are_apart),
		cmocka_unit_test(code_is_indented_and_left_alone),
		cmocka_unit_test(lists_hang),
		cmocka_unit_test(inline_marks_become_colours_or_nothing),
		cmocka_unit_test(what_drives_a_terminal_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
