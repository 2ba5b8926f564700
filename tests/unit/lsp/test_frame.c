/* Framing and JSON: whatever the bytes and however they are cut, messages come out or an error does. */
#include "lsp/frame.h"

#include <setjmp.h>
#include <cmocka.h>

static void all_of(struct frame *f, struct sb *out)
{
	const char *body, *why;
	size_t n;
	int got;

	while ((got = frame_next(f, &body, &n, &why))) {
		sb_puts(out, got < 0 ? "!" : "<");
		if (got > 0)
			sb_putn(out, body, n);
		else
			sb_puts(out, why);
		sb_putc(out, got < 0 ? '!' : '>');
	}
}

/* Fed whole, and a byte at a time. */
static void expect(const char *in, size_t n, const char *want)
{
	for (int each = 0; each < 2; each++) {
		struct frame f = {0};
		struct sb out = {0};

		sb_puts(&out, "");
		for (size_t i = 0; i < n; i += each ? 1 : n) {
			frame_feed(&f, in + i, each ? 1 : n);
			all_of(&f, &out);
		}
		assert_string_equal(out.s ? out.s : "", want);
		sb_free(&out);
		frame_free(&f);
	}
}
#define EXPECT(in, want) expect(in, sizeof(in) - 1, want)

static void messages(void **state)
{
	EXPECT("Content-Length: 2\r\n\r\n{}", "<{}>");
	EXPECT("Content-Length: 2\r\n\r\n{}Content-Length: 0\r\n\r\nContent-Length: 3\r\n\r\n[1]", "<{}><><[1]>");
	EXPECT("content-length:2\r\n\r\n{}", "<{}>");
	EXPECT("Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", "<{}>");
	EXPECT("Content-Length: 2\r\n\r\n{", "");
	EXPECT("Content-Le", "");
}

static void no_messages(void **state)
{
	struct frame f = {0};
	struct sb out = {0};
	const char in[] = "X: 1\r\n\r\nContent-Length: -1\r\n\r\nContent-Length: 2\r\n\r\n{}";

	frame_feed(&f, in, sizeof in - 1);
	all_of(&f, &out);
	assert_non_null(strstr(out.s, "!the header has no valid Content-Length!"));
	assert_non_null(strstr(out.s, "<{}>"));
	sb_free(&out);
	frame_free(&f);
}

static void too_large(void **state)
{
	struct frame f = {0};
	struct sb out = {0};
	char head[64];
	static char chunk[1 << 20];
	size_t left = (size_t)FRAME_BODY + 5;

	snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", left);
	frame_feed(&f, head, strlen(head));
	all_of(&f, &out);
	while (left) {
		size_t n = left < sizeof chunk ? left : sizeof chunk;

		frame_feed(&f, chunk, n);
		left -= n;
		assert_true(f.in.n <= sizeof chunk); /* it is not kept */
	}
	frame_feed(&f, "Content-Length: 2\r\n\r\n{}", 23);
	all_of(&f, &out);
	assert_string_equal(out.s, "!the message is too large!<{}>");
	sb_free(&out);
	frame_free(&f);
}

static void distrust(void **state)
{
	struct frame f = {0};
	const char in[] = "Content-Length: 30\r\n\r\n{\"a\":1}Content-Length: 2\r\n\r\n{}";
	const char *body, *why;
	size_t n;

	frame_feed(&f, in, sizeof in - 1);
	assert_int_equal(frame_next(&f, &body, &n, &why), 1);
	assert_int_equal(n, 30);
	frame_distrust(&f, body, n);
	assert_int_equal(frame_next(&f, &body, &n, &why), 1);
	assert_int_equal(n, 2);
	frame_free(&f);
}

static void values(void **state)
{
	struct arena *a = arena_new();
	const char in[] = "{\"a\":{\"b\":[1,-2.5e3,true,null,\"x\\u0000y\\ud834\\udd1e\"]},\"c\":9007199254740993}";
	const struct jval *v = jval_read(in, sizeof in - 1, a), *list;

	assert_non_null(v);
	list = jval_at(v, "a.b");
	assert_int_equal(list->n, 5);
	assert_int_equal(jval_int(list->kids, "", 0), 1);
	assert_true(list->kids->next->num == -2500);
	assert_true(jval_true(list->kids->next->next, ""));
	assert_int_equal(list->kids->next->next->next->next->n, 7);
	assert_memory_equal(list->kids->next->next->next->next->s, "x\0y\xF0\x9D\x84\x9E", 7);
	assert_int_equal(jval_int(v, "c", -1), -1); /* no number that a double holds */
	assert_null(jval_at(v, "a.b.c"));
	assert_null(jval_at(v, "x.y"));
	assert_null(jval_str(v, "a"));
	arena_free(a);
}

static void no_values(void **state)
{
	static const char *const bad[] = {"", " ", "{", "{\"a\"}", "[1,]", "nul", "1 2", "{}{}", "\"\xFF\"", "\"\n\"", "[\"a", "{1:2}"};
	struct arena *a = arena_new();
	struct sb deep = {0};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_null(jval_read(bad[i], strlen(bad[i]), a));
	for (int i = 0; i < JSON_DEPTH; i++)
		sb_putc(&deep, '[');
	for (int i = 0; i < JSON_DEPTH; i++)
		sb_putc(&deep, ']');
	assert_non_null(jval_read(deep.s, deep.n, a));
	assert_null(jval_read(memset(deep.s, '[', deep.n), deep.n, a));
	deep.n = 0;
	for (int i = 0; i <= JSON_DEPTH; i++)
		sb_putc(&deep, '[');
	for (int i = 0; i <= JSON_DEPTH; i++)
		sb_putc(&deep, ']');
	assert_null(jval_read(deep.s, deep.n, a));
	sb_free(&deep);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(no_messages),
		cmocka_unit_test(too_large),
		cmocka_unit_test(distrust),
		cmocka_unit_test(values),
		cmocka_unit_test(no_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
