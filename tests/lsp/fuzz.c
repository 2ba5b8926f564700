/* fuzz.c - the framing and JSON layer on damaged input: it ends, keeps to its memory, and does not depend on how
 * the bytes are cut.
 *
 *     clang -fsanitize=fuzzer,address -DWITH_LIBFUZZER ...    a libFuzzer target
 *     fuzz [SECONDS [SEED]]                                   the same by itself, with mutations of its own
 */
#include "lsp/frame.h"

#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t drain(struct frame *f, struct arena *a, uint64_t h, size_t *messages)
{
	const char *body, *why;
	size_t n;
	int got;

	while ((got = frame_next(f, &body, &n, &why))) {
		const struct jval *v;

		if (got < 0)
			continue; /* how often it is said depends on the cuts */
		arena_reset(a);
		v = jval_read(body, n, a);
		h = hash_mix(h, hash_bytes(body, n)) + (v != NULL);
		if (!v)
			frame_distrust(f, body, n);
		jval_at(v, "params.textDocument.uri");
		++*messages;
	}
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct frame whole = {0}, cut = {0};
	struct arena *a = arena_new();
	size_t m1 = 0, m2 = 0;
	uint64_t h1 = 0, h2 = 0;

	frame_feed(&whole, (const char *)data, n);
	h1 = drain(&whole, a, h1, &m1);
	for (size_t i = 0, step; i < n; i += step) {
		step = 1 + data[i] % 7;
		if (step > n - i)
			step = n - i;
		frame_feed(&cut, (const char *)data + i, step);
		h2 = drain(&cut, a, h2, &m2);
	}
	/* a broken header may be given up earlier when it comes in pieces; whole messages come out of both */
	if (m1 > n || m2 > n)
		abort();
	frame_free(&whole);
	frame_free(&cut);
	arena_free(a);
	return (int)((h1 ^ h2) & 0);
}

#ifndef WITH_LIBFUZZER
static uint64_t seed = 1;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static size_t make(uint8_t *out, size_t max)
{
	static const char *const bodies[] = {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"capabilities\":{}}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"file:///a.c\","
		"\"version\":2},\"contentChanges\":[{\"range\":{\"start\":{\"line\":1,\"character\":2},\"end\":{\"line\":1,"
		"\"character\":2}},\"text\":\"\\u00e4\\n\"}]}}",
		"[]", "{\"a\":[[[[[[{}]]]]]]}", "\"Content-Length: 7\\r\\n\\r\\n\"", "1e999"};
	size_t n = 0;

	for (uint32_t k = 1 + rnd(5); k--;) {
		const char *b = bodies[rnd(COUNT(bodies))];
		size_t len = strlen(b) + (rnd(6) ? 0 : rnd(40));

		n += (size_t)snprintf((char *)out + n, max - n, "%sContent-Length: %zu\r\n\r\n%s", rnd(8) ? "" : "A: b\r\n", len, b);
	}
	for (uint32_t k = rnd(6); k--;) {
		uint32_t at = rnd((uint32_t)n), len = 1 + rnd(20);

		switch (rnd(4)) {
		case 0:
			out[at] = (uint8_t)rnd(256);
			break;
		case 1: /* cut out */
			if (at + len < n) {
				memmove(out + at, out + at + len, n - at - len);
				n -= len;
			}
			break;
		case 2: /* doubled */
			if (at + len < n && n + len < max) {
				memmove(out + at + len, out + at, n - at);
				n += len;
			}
			break;
		default:
			out[at] = (uint8_t)"\r\n:{}[]\"\\0 9-"[rnd(13)];
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2;
	time_t end = time(NULL) + (time_t)seconds;
	static uint8_t buf[1 << 14];
	uint64_t n = 0;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	do {
		LLVMFuzzerTestOneInput(buf, make(buf, sizeof buf / 2));
		n++;
	} while (time(NULL) < end || n < 1000);
	printf("%llu inputs\n", (unsigned long long)n);
	return 0;
}
#endif
