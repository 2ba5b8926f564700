/* Damaged blobs: refused, or harmless to every stage that follows ids. Run with -fsanitize=address this
 * shows stray reads. And the speed of the whole.
 */
#include "ir/ir.h"

#include <setjmp.h>
#include <time.h>
#include <cmocka.h>

static const char text[] =
	"file \"/a.c\" main\n"
	"type t0 void \"void\"\n"
	"type t1 int 4 \"int\"\n"
	"type t2 fn t0 \"void (int)\" params 1 name \"cb\"\n"
	"type t3 ptr t2 8 \"void (*)(int)\"\n"
	"type t4 record conn 24 \"struct conn\"\n"
	"type t5 array t4 4 \"struct conn[4]\"\n"
	"type t6 record box 96 \"struct box\"\n"
	"record conn size 24 { fd: t1 attr annotate \"x\" @3:1; cb: t3 }\n"
	"record box size 96 { conns: t5 }\n"
	"field box:more: t1 bit 768 at 1\n"
	"global g: t6 @2:1\n"
	"global h: t1 static in main attr comment \"y\"\n"
	"fn main(argc: t1, b: *t6): t2 static @4:5 attr macro \"z\" {\n"
	"	local i: t1 @5:6\n"
	"b0: loop\n"
	"	%3: t1 = load b->box:conns[i].conn:fd @6:7-9~/b.h:1:2(M)\n"
	"	%4: t3 = load ::g.box:conns[?].conn:cb\n"
	"	icall %4(%3, \"s\", ?, &main)\n"
	"	i = bin.add i, 1\n"
	"	i = un.neg i\n"
	"	%5: t3 = addr ::g.box:conns[2].conn:cb\n"
	"	store %5.*, 7\n"
	"	if i < 10 goto b0 else b1 @7:1\n"
	"b1: switch i [1..2: b2, 3: b0, else: b3]\n"
	"b2: i = call f(i)\n"
	"	blind asm\n"
	"	jump b1, b2\n"
	"b3: ret i\n"
	"}\n"
	"fn f(n) { x = copy n; store 4096.*, x; ret x }\n"
	"remark alone @9:1 \"tvt: r\"\n";

static volatile uint64_t sink;

/* Follows everything. */
static void use(struct ir *ir)
{
	struct arena *a = arena_new();
	struct sb b = {0};

	sink += strlen(ir_check(ir, a));
	ir_print(ir, &b);
	for (uint32_t f = 0; f < ir->nfns; f++) {
		const struct fn *fn = &ir->fns[f];
		struct cfg *g = cfg_build(ir, f, a);

		sink += g->nloop + ir_hash_fn(ir, f);
		for (uint32_t i = 0; i < fn->nop; i++) {
			ir_print_op(ir, f, fn->op + i, &b);
			sink += op_block(ir, f, fn->op + i);
		}
		for (uint32_t i = 0; i < fn->nblock; i++)
			sink += cfg_reaches(g, ir, f, 0, i);
	}
	for (uint32_t t = 0; t < ir->ntypes; t++) /* chains end */
		for (uint32_t k = t; ir->types[k].kind == TYPE_PTR || ir->types[k].kind == TYPE_ARRAY ||
				ir->types[k].kind == TYPE_FN;)
			k = ir->types[k].to;
	sb_free(&b);
	arena_free(a);
}

static void changed_words(void **state)
{
	struct ir *ir = ir_parse("t.tir", text);
	struct sb b = {0};
	uint32_t *data, refused = 0, harmless = 0;
	size_t n;

	assert_non_null(ir);
	ir_write(ir, &b);
	n = b.n / 4;
	data = xmalloc(b.n);
	for (size_t i = 0; i < n; i++) {
		uint32_t old;

		memcpy(data, b.s, b.n);
		old = data[i];
		for (int k = 0; k < 12; k++) {
			static const uint32_t put[] = {0, 1, 2, 7, 8, 40, UINT32_MAX, UINT32_MAX - 1, 0x80000000};
			struct ir *m;

			data[i] = k < 9 ? put[k] : k == 9 ? old + 1 : k == 10 ? old - 1 : old ^ 1u << (i % 32);
			m = ir_map(data, b.n);
			if (m) {
				use(m);
				harmless++;
			} else {
				refused++;
			}
			ir_free(m);
		}
	}
	print_message("%u refused, %u harmless\n", refused, harmless);
	assert_true(refused > n && harmless > n / 4);
	free(data);
	sb_free(&b);
	ir_free(ir);
}

static void changed_bytes(void **state)
{
	struct ir *ir = ir_parse("t.tir", text);
	struct sb b = {0};
	unsigned char *data;
	uint32_t seed = 7;

	assert_non_null(ir);
	ir_write(ir, &b);
	data = xmalloc(b.n);
	for (int round = 0; round < 20000; round++) {
		struct ir *m;

		memcpy(data, b.s, b.n);
		for (int k = 0; k <= round % 4; k++) {
			seed = seed * 1664525 + 1013904223;
			/* small values are the dangerous ones: they look like ids */
			data[(seed >> 8) % b.n] = (unsigned char)(seed >> 24) >> (round % 3 * 3);
		}
		m = ir_map(data, b.n);
		if (m)
			use(m);
		ir_free(m);
	}
	free(data);
	sb_free(&b);
	ir_free(ir);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Reports; the limit only catches what is off by an order of magnitude. */
static void speed(void **state)
{
	struct sb src = {0}, b = {0}, out = {0};
	struct ir *ir, *m = NULL;
	char *data;
	double t[6];

	sb_puts(&src, "record conn { fd; buf: *char; len: ulong }\n");
	for (int i = 0; i < 1200; i++)
		sb_printf(&src,
			"fn f%d(c: *struct conn, n: int) @a.c:%d:5-9 {\n"
			"	local i: int @%d:6\n"
			"b0: i = copy 0 @%d:3\n	goto b1\n"
			"b1: loop\n	if i < n goto b2 else b4 @%d:1\n"
			"b2: %%1 = load c->conn:fd @%d:2\n	%%2 = load c->conn:buf @%d:4\n"
			"	%%3 = call read(%%1, %%2, 4096) @%d:7\n	store c->conn:len, %%3 @%d:9\n"
			"	store ::total%d.conn:len, %%3 @%d:9\n"
			"	if %%3 <= 0 goto b4 else b3 @%d:5\n"
			"b3: i = bin.add i, 1 @%d:6\n	goto b1\n"
			"b4: ret i @%d:7\n}\n",
			i, i * 10 + 1, i * 10 + 2, i * 10 + 3, i * 10 + 4, i * 10 + 5, i * 10 + 6,
			i * 10 + 7, i * 10 + 8, i % 50, i * 10 + 8, i * 10 + 9, i * 10 + 9, i * 10 + 10);
	t[0] = seconds();
	ir = ir_parse("t.tir", src.s);
	t[1] = seconds();
	assert_non_null(ir);
	ir_print(ir, &out);
	t[2] = seconds();
	ir_write(ir, &b);
	t[3] = seconds();
	data = memcpy(xmalloc(b.n), b.s, b.n);
	t[4] = seconds();
	for (int i = 0; i < 10; i++) {
		ir_free(m);
		m = ir_map(data, b.n);
		assert_non_null(m);
	}
	t[5] = seconds();
	print_message("%zu KiB of text, %zu KiB of blob, %u ops, %u blocks\n", src.n / 1024, b.n / 1024,
		ir->nops, ir->nblocks);
	print_message("parse %.2f ms, print %.2f ms, write %.2f ms, map %.2f ms\n", (t[1] - t[0]) * 1e3,
		(t[2] - t[1]) * 1e3, (t[3] - t[2]) * 1e3, (t[5] - t[4]) * 1e2);
	assert_true(t[5] - t[4] < 5);
	ir_free(m);
	ir_free(ir);
	free(data);
	sb_free(&src);
	sb_free(&b);
	sb_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_words),
		cmocka_unit_test(changed_bytes),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
