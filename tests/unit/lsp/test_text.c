/* Texts, positions in three encodings, and places that edits move. */
#include "lsp/text.h"

#include <setjmp.h>
#include <cmocka.h>

static struct range range(uint32_t l, uint32_t c, uint32_t l2, uint32_t c2)
{
	return (struct range){{l, c}, {l2, c2}};
}

static void lines(void **state)
{
	static const struct {
		const char *s;
		uint32_t n;
	} cases[] = {{"", 1}, {"a", 1}, {"a\n", 2}, {"a\nb", 2}, {"a\r\nb\r\n", 3}, {"a\rb", 2}, {"a\r", 2}, {"\r\r\n\n", 4}, {"\n\n", 3}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text t = {0};

		text_set(&t, cases[i].s, strlen(cases[i].s));
		assert_int_equal(t.line.n, cases[i].n);
		text_free(&t);
	}
}

static void encodings(void **state)
{
	struct text t = {0};
	const char s[] = "x\n\xC3\xA4\xE2\x82\xAC\xF0\x9D\x84\x9E!\xFFz"; /* two, three, four bytes; one that is none */
	static const uint32_t want[][3] = {{0, 0, 0}, {1, 2, 1}, {2, 5, 2}, {4, 9, 3}, {5, 10, 4}, {6, 11, 5}, {7, 12, 6}};
	static const size_t off[] = {2, 4, 7, 11, 12, 13, 14};

	text_set(&t, s, sizeof s - 1);
	for (size_t i = 0; i < COUNT(off); i++)
		for (int e = 0; e < 3; e++) {
			struct pos p = text_pos(&t, off[i], e);

			assert_int_equal(p.line, 1);
			assert_int_equal(p.ch, want[i][e]);
			assert_int_equal(text_offset(&t, p, e), off[i]);
		}
	/* inside a pair; behind the line; behind the text */
	assert_int_equal(text_offset(&t, (struct pos){1, 3}, ENC_UTF16), 7);
	assert_int_equal(text_offset(&t, (struct pos){0, 9}, ENC_UTF16), 1);
	assert_int_equal(text_offset(&t, (struct pos){7, 0}, ENC_UTF16), sizeof s - 1);
	text_free(&t);
}

static void replace(void **state)
{
	struct text t = {0};
	struct edit e;

	text_set(&t, "one\ntwo\nthree\n", 14);
	e = text_replace(&t, range(1, 1, 2, 2), "W\nX\nY", 5, ENC_UTF16);
	assert_string_equal(t.s, "one\ntW\nX\nYree\n");
	assert_int_equal(e.now.line, 3);
	assert_int_equal(e.now.ch, 1);
	e = text_replace(&t, range(9, 9, 9, 9), "end", 3, ENC_UTF16);
	assert_string_equal(t.s, "one\ntW\nX\nYree\nend");
	e = text_replace(&t, range(2, 0, 1, 0), "!", 1, ENC_UTF16); /* the wrong way round: an insertion */
	assert_string_equal(t.s, "one\ntW\n!X\nYree\nend");
	e = text_replace_all(&t, "one\nnew\ntW\n!X\nYree\nend", 22, ENC_UTF16);
	assert_int_equal(e.from.line, 1);
	assert_int_equal(e.old.line, 1);
	assert_int_equal(e.now.line, 2);
	e = text_replace_all(&t, "", 0, ENC_UTF16);
	assert_int_equal(t.n, 0);
	assert_int_equal(t.line.n, 1);
	text_free(&t);
}

static void moves(void **state)
{
	struct edit above = {{1, 0}, {1, 0}, {3, 0}}, same = {{5, 2}, {5, 4}, {5, 8}}, gone = {{4, 0}, {6, 0}, {4, 0}};
	struct edit in = {{5, 12}, {5, 12}, {5, 13}}, front = {{5, 10}, {5, 10}, {5, 11}}, end = {{5, 15}, {5, 15}, {5, 16}};
	struct edit join = {{4, 7}, {5, 3}, {4, 7}};
	struct range r;

#define MOVED(edit, whole, l, c, l2, c2)                                                           \
	r = range(5, 10, 5, 15);                                                                   \
	assert_int_equal(range_move(&r, &edit, 1), whole);                                         \
	assert_int_equal(r.a.line, l);                                                             \
	assert_int_equal(r.a.ch, c);                                                               \
	assert_int_equal(r.b.line, l2);                                                            \
	assert_int_equal(r.b.ch, c2)
	MOVED(above, true, 7, 10, 7, 15);
	MOVED(same, true, 5, 14, 5, 19);
	MOVED(front, true, 5, 11, 5, 16);
	MOVED(end, true, 5, 10, 5, 15);
	MOVED(join, true, 4, 14, 4, 19);
	MOVED(in, false, 5, 10, 5, 16);
	MOVED(gone, false, 4, 0, 4, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(encodings),
		cmocka_unit_test(replace),
		cmocka_unit_test(moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
