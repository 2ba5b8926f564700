/* The text form: what is read comes out again, and what is wrong is said with its line. */
#include "ir/ir.h"

#include <setjmp.h>
#include <cmocka.h>

static char said[512];

static void listen(void *ctx, const char *level, const char *msg)
{
	snprintf(said, sizeof said, "%s", msg);
}

static int setup(void **state)
{
	said[0] = '\0';
	diag_redirect(listen, NULL);
	return 0;
}

static int teardown(void **state)
{
	diag_redirect(NULL, NULL);
	return 0;
}

static struct ir *parse(const char *text)
{
	struct ir *ir = ir_parse("t.tir", text);

	if (!ir)
		fail_msg("%s\n%s", said, text);
	return ir;
}

/* Says the first line that differs: the texts are too long for a message. */
static void same_text(const char *got, const char *want)
{
	while (*got || *want) {
		size_t n = strcspn(got, "\n"), m = strcspn(want, "\n");

		if (n != m || memcmp(got, want, n))
			fail_msg("got\n%.*s\nwant\n%.*s", (int)n, got, (int)m, want);
		got += n + (got[n] == '\n');
		want += m + (want[m] == '\n');
	}
}

/* Text, printed; the result must come out again when it is parsed and printed. */
static char *printed(const char *text)
{
	struct ir *ir = parse(text), *again;
	struct sb a = {0}, b = {0};

	sb_puts(&a, ""); /* of nothing, nothing is printed */
	sb_puts(&b, "");
	ir_print(ir, &a);
	again = parse(a.s);
	ir_print(again, &b);
	same_text(b.s, a.s);
	ir_free(ir);
	ir_free(again);
	sb_free(&b);
	return a.s;
}

static void prints_as(const char *text, const char *want)
{
	char *got = printed(text);

	same_text(got, want);
	free(got);
}

/* A text that says everything, as the printer writes it. */
static const char full[] =
	"file \"/src/a.c\" main\n"
	"file \"/usr/include/x y.h\" system\n"
	"type t0 void \"void\"\n"
	"type t1 int 4 \"int\"\n"
	"type t2 int 8 \"const unsigned long\" const unsigned name \"size_t\"\n"
	"type t3 fn t0 \"void (int, ...)\" variadic params 1 name \"cb_t\"\n"
	"type t4 ptr t3 8 \"void (*)(int, ...)\"\n"
	"type t5 record conn 24 \"struct conn\"\n"
	"type t6 ptr t5 8 \"struct conn *\" volatile atomic\n"
	"type t7 array t1 16 \"int[16]\"\n"
	"type t8 record #1 8 \"union (unnamed)\"\n"
	"type t9 enum 4 \"enum e\"\n"
	"type t10 float 8 \"double\"\n"
	"type t11 other 16 \"__int128\"\n"
	"record conn size 24 key \"c:@S@conn\" {\n"
	"\tfd: t1 bit 0 at 0\n"
	"\tcb: t4 bit 64 at 1 attr annotate \"tvt: on loop\" @5:3 attr safety \"guarded_by(mu)\"\n"
	"\t#1: t8 bit 128 at 2\n"
	"}\n"
	"record #1 size 8 union {\n"
	"\tu: t1 bit 0 at 0\n"
	"\tv: t2 bit 0 at 1\n"
	"}\n"
	"record conn#2 size 4\n"
	"field conn:late: ? bit 192 at 3\n"
	"global stats: t7 static @9:12-17\n"
	"global stats#2: t1 extern tls const atomic volatile key \"c:@stats\" attr macro \"M\"\n"
	"global once: t1 static in main @12:14\n"
	"fn main(argc: t1 addr @3:14, %1: ?, b: t6, ...): t3 static inline key \"c:@F@main\" @3:5-9"
	" attr comment \"entry\" @2:1 {\n"
	"\tlocal i: t1 @4:6-7\n"
	"\tlocal i#2: t1\n"
	"\tlocal %5: t1 addr join @6:1\n"
	"\tlocal %8: t1 var\n"
	"b0: loop macro\n"
	"\t%6: t1 = load b->conn:fd @5:2-8\n"
	"\t%7: t1 = load.atomic.volatile.rmw ::stats[i#2] @5:3\n"
	"\tstore.init b->conn:#1.#1:v, \"a\\\"b\\\\\\n\\x01\" @\"/usr/include/x y.h\":7:8-9~/src/a.c:1:2(M)\n"
	"\tstore ::stats#2[?].*, &f @6:1~(M)\n"
	"\t%9: t6 = addr.arg b\n"
	"\t%8 = bin.add %6, -9223372036854775808\n"
	"\t%8 = un.lnot ?\n"
	"\tcall.implicit 'odd name'(?, 3, &main, i, \"\")\n"
	"\t%10: t1 = icall %9()\n"
	"\t%11: t1 = vaarg i\n"
	"\tblind asm @8:1\n"
	"\ti = blind expr\n"
	"\tnop\n"
	"\tif %6 !& 4 goto b1 else b2 @9:2\n"
	"b1: label\n"
	"\tswitch i [-1: b0, 2..7: b1, else: b3] @10:2\n"
	"b2:\n"
	"\tjump b0, b1\n"
	"b3:\n"
	"\tret %7 @11:2\n"
	"b4:\n"
	"\tret @11:3\n"
	"\tend @11:4\n"
	"b5:\n"
	"\tend\n"
	"b6:\n"
	"\tstop @12:1\n"
	"b7:\n"
	"\tgoto b7\n"
	"}\n"
	"fn f(?, ?) noreturn ctor header init knr setjmp degraded hash \"1f\"\n"
	"fn f#2(...) key \"k\"\n"
	"fn 'odd name'()\n"
	"remark @/src/a.c:3:1 \"tvt: allow(x) y\"\n"
	"remark alone @\"/usr/include/x y.h\":4:1 \"\"\n";

static void everything_comes_back(void **state)
{
	prints_as(full, full);
}

static void blob_of_text_prints_the_same(void **state)
{
	struct ir *ir = parse(full), *back;
	struct sb blob = {0}, out = {0};
	char *data;

	ir_write(ir, &blob);
	data = memcpy(xmalloc(blob.n), blob.s, blob.n);
	back = ir_map(data, blob.n);
	assert_non_null(back);
	ir_print(back, &out);
	same_text(out.s, full);
	ir_free(back);
	ir_free(ir);
	free(data);
	sb_free(&blob);
	sb_free(&out);
}

static void short_form(void **state)
{
	prints_as("fn f(c, n) {\n"
		  "\t%fd = load c->conn:fd	// a comment\n"
		  "\tcall read(%fd, n); i = copy 0\n"
		  "again:\n"
		  "\tif i goto again else out\n"
		  "out: ret i @3:4\n"
		  "}\n",
		"file \"t.tir\" main\n"
		"type t0 record conn 8 \"struct conn\"\n"
		"type t1 ptr t0 8 \"struct conn *\"\n"
		"type t2 int 4 \"int\"\n"
		"record conn size 8 {\n"
		"\tfd: t2 bit 0 at 0\n"
		"}\n"
		"fn f(c: t1, n: t2) {\n"
		"\tlocal i: t2\n"
		"b0:\n"
		"\t%2: t2 = load c->conn:fd\n"
		"\tcall read(%2, n)\n"
		"\ti = copy 0\n"
		"\tgoto b1\n"
		"b1:\n"
		"\tif i != 0 goto b1 else b2\n"
		"b2:\n"
		"\tret i @3:4\n"
		"}\n"
		"fn read(?, ?)\n");
}

static void empty_things(void **state)
{
	prints_as("", "");
	prints_as("\n // nothing\n;\n", "");
	prints_as("fn f() {}", "fn f() {\nb0:\n\tend\n}\n");
	prints_as("fn f() { call g(); ret }\n", "fn f() {\nb0:\n\tcall g()\n\tret\n}\nfn g()\n");
}

static void temps_by_number_keep_it(void **state)
{
	const char *text = "fn f(a: ?) {\n"
			   "\tlocal x: ?\n"
			   "b0:\n"
			   "\t%3: ? = call g()\n"
			   "\t%1: ? = call g()\n"
			   "\tx = copy %3\n"
			   "\tret %1\n"
			   "}\n"
			   "fn g()\n";

	prints_as(text, text);
	/* but a parameter's number is taken: then it is a name like any other */
	prints_as("fn f(a: ?) { %0: ? = copy a; ret %0 }",
		"fn f(a: ?) {\nb0:\n\t%1: ? = copy a\n\tret %1\n}\n");
}

static void types_follow_from_uses(void **state)
{
	struct ir *ir = parse("fn f(p, q) {\n"
			      "\t%f = load p->ops:run\n"
			      "\ticall %f(q)\n"
			      "\tstore ::tab[3].ops:next->ops:n, 1\n"
			      "\tstore p->ops:hook, &f\n"
			      "}\n");
	static const struct {
		const char *field, *type;
	} want[] = {{"run", "void *"}, {"next", "struct ops *"}, {"n", "int"}, {"hook", "void *"}};

	assert_int_equal(ir->nfields, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct field *f = &ir->fields[i];

		assert_string_equal(ir_text_of(ir, f->name), want[i].field);
		assert_string_equal(ir_text_of(ir, ir->types[f->type].text), want[i].type);
	}
	assert_string_equal(ir_text_of(ir, ir->types[ir->globals[0].type].text), "struct ops[]");
	assert_string_equal(ir_text_of(ir, ir->types[ir->locals[0].type].text), "struct ops *");
	assert_string_equal(ir_text_of(ir, ir->types[ir->locals[1].type].text), "int");
	ir_free(ir);
}

static void written_types(void **state)
{
	struct ir *ir = parse("type cb fn void \"void (int)\" params 1\n"
			      "fn f(a: **struct conn, b: [4]uchar, c: *cb, d: ulong, e: double, g: ?) {}\n");
	static const char *const want[] = {"struct conn **", "unsigned char[4]", "void (int) *",
		"unsigned long", "double"};

	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(ir_text_of(ir, ir->types[ir->locals[i].type].text), want[i]);
	assert_int_equal(ir->locals[5].type, NONE);
	ir_free(ir);
}

static void addresses_mark_locals(void **state)
{
	struct ir *ir = parse("fn f(p) { local a: [4]int; local s: struct t; local q: *int\n"
			      "\t%1 = addr a[2]; %2 = addr s.t:x; %3 = addr q[2]; %4 = addr p->t:y }");
	static const struct {
		const char *name;
		uint32_t flag;
	} want[] = {{"a", LOCAL_ADDR}, {"s", LOCAL_ADDR}, {"q", 0}, {"p", 0}};

	for (uint32_t i = 0; i < ir->nlocals; i++)
		for (size_t k = 0; k < COUNT(want); k++)
			if (!strcmp(ir_text_of(ir, ir->locals[i].name), want[k].name))
				assert_int_equal(ir->locals[i].flags & LOCAL_ADDR, want[k].flag);
	ir_free(ir);
}

static void for_people(void **state)
{
	struct ir *ir = parse("record conn { fd; #1: struct u; next: *struct conn }\nrecord u { hits }\n"
			      "fn f(c, i, s: struct conn) {\n"
			      "\tlocal pp: **int\n"
			      "\t%t = load c->conn:next->conn:fd\n"
			      "\tstore c->conn:#1.u:hits, %t\n"
			      "\tstore ::tab[i].conn:fd, 3\n"
			      "\tstore pp.*, &f\n"
			      "\tstore pp.*.*, \"x\"\n"
			      "\tstore pp.*[3], ?\n"
			      "\tstore c->conn:next.*, ?\n"
			      "\tstore ::tab[?], ?\n"
			      "\tstore s.conn:#1.u:hits, 4\n"
			      "\tstore pp.*.*.conn:fd, 5\n"
			      "\tstore 4096.*, 6\n"
			      "}\n");
	static const char *const want[] = {"%4 = load c->next->fd", "store c->hits, %4",
		"store tab[i].fd, 3", "store *pp, f", "store *(*pp), \"x\"", "store pp[3], ?",
		"store *c->next, ?", "store tab[], ?", "store s.hits, 4", "store (*pp)->fd, 5",
		"store *4096, 6"};

	assert_int_equal(ir->nops, COUNT(want));
	for (uint32_t i = 0; i < ir->nops; i++) {
		struct sb b = {0};

		ir_print_op(ir, 0, i, &b);
		assert_string_equal(b.s, want[i]);
		sb_free(&b);
	}
	ir_free(ir);
}

static void one_function(void **state)
{
	struct ir *ir = parse("fn f() { call g() }\nfn g() { ret 1 }\n");
	struct sb b = {0};

	ir_print_fn(ir, 1, &b);
	assert_string_equal(b.s, "fn g() {\nb0:\n\tret 1\n}\n");
	sb_free(&b);
	ir_free(ir);
}

static void hash_tells_bodies_apart(void **state)
{
	/* the same function under other ids, and three that differ in one thing */
	static const char *const other[] = {
		"fn z(); global a; fn f(x: int) { y = load ::g; if x < 3 goto a else b; a: ret y\nb: ret 0 }",
		"fn f(x: int) { y = load ::h; if x < 3 goto a else b; a: ret y\nb: ret 0 }",
		"fn f(x: int) { y = load ::g; if x < 4 goto a else b; a: ret y\nb: ret 0 }",
		"fn f(x: int) { y = load ::g; if x < 3 goto b else a; a: ret y\nb: ret 0 }",
	};
	struct ir *ir = parse("fn f(x: int) { y = load ::g; if x < 3 goto a else b; a: ret y\nb: ret 0 }");

	for (size_t i = 0; i < COUNT(other); i++) {
		struct ir *o = parse(other[i]);
		uint32_t f = i == 0 ? 1 : 0;

		assert_int_equal(o->fns[f].hash == ir->fns[0].hash, i == 0);
		assert_true(o->fns[f].hash == ir_hash_fn(o, f));
		ir_free(o);
	}
	ir_free(ir);
}

static void errors_have_lines(void **state)
{
	static const struct {
		const char *text, *msg;
	} bad[] = {
		{"fnord", "t.tir:1: expected file, type, record, field, global, fn or remark, not 'fnord'"},
		{"fn f() {\n\n\tfoo x\n}", "t.tir:3: expected an op, a label or the end of the block, not 'foo'"},
		{"fn f() {\n\tx = foo y\n}", "t.tir:2: expected an op, not 'foo'"},
		{"fn f() {\n\tload ::g\n}", "t.tir:2: the result of 'load' goes nowhere"},
		{"fn f() {\n\tx = store ::g, 1\n}", "t.tir:2: 'store' has no result"},
		{"fn f() {\n\tstore ::g 1\n}", "t.tir:2: expected ',', not 1"},
		{"fn f() {\n\tgoto b7\n}", "t.tir:2: there is no block 'b7'"},
		{"fn f() {\na:\na:\n}", "t.tir:3: label 'a' is used twice"},
		{"fn f() {\n\tgoto a\n\tnop\na:\n}", "t.tir:3: the block has ended: a label is missing"},
		{"fn f() {\n\tret 1\n\tnop\n}", "t.tir:2: 'ret' is not the last op of a block that returns"},
		{"fn f() {\n\tret 1\n\tstop\n}", "t.tir:2: 'ret' is not the last op of a block that returns"},
		{"fn f()\nfn f() {}", "t.tir:2: 'f' is declared twice"},
		{"fn f(a, a) {}", "t.tir:1: 'a' is declared twice"},
		{"fn f() {\n\tlocal a\n\tlocal a\n}", "t.tir:3: 'a' is declared twice"},
		{"fn f() {\n\tx = un.foo 1\n}", "t.tir:2: expected an operator, not 'foo'"},
		{"fn f() {\n\tx = bin 1, 2\n}", "t.tir:2: 'bin' needs an operator behind a dot"},
		{"fn f() {\n\tx = bin.add.sub 1, 2\n}", "t.tir:2: expected an operator, not 'sub'"},
		{"fn f() {\n\tx = load.loud ::g\n}", "t.tir:2: expected a flag of an op, not 'loud'"},
		{"fn f() {\n\tx = load.decay ::g\n}", "t.tir:2: 'load' has a flag that is another op's"},
		{"fn f() {\n\tx = load ::g\n", "t.tir:3: expected '}', not the end of the text"},
		{"record r { a }\nfn f(p) {\n\tx = load p->r:b\n}", "t.tir:3: record 'r' has no field 'b'"},
		{"record r {\n\ta\n\ta\n}", "t.tir:3: field 'a' is declared twice"},
		{"record r { a: struct r }", "t.tir:1: record 'r' lies inside itself"},
		{"type a ptr b\ntype b ptr a", "t.tir:1: type 0 is made of itself"},
		{"type a ptr ?", "t.tir:1: the element's type must be known"},
		{"type a ptr", "t.tir:1: expected a type, not the end of the text"},
		{"global g: nope", "t.tir:1: there is no type 'nope'"},
		{"fn f() {\n\tcall g(\n}", "t.tir:2: expected a value, not the end of the line"},
		{"fn f() {\n\tcall g(1 2)\n}", "t.tir:2: expected ',' or ')', not 2"},
		{"fn f() {\n\tcall g() @12:\n}", "t.tir:2: expected the end of the line, not ':'"},
		{"fn f() {\n\tcall g(\"x)\n}", "t.tir:2: the closing \" is missing"},
		{"fn f() {\n\tcall g(\"\\q\")\n}", "t.tir:2: unknown escape '\\q'"},
		{"fn f() {\n\tcall g(\"\\x00\")\n}", "t.tir:2: strings have no NUL"},
		{"fn f() {\n\tx = copy 9223372036854775808\n}", "t.tir:2: the number does not fit in 64 bits"},
		{"fn f() {\n\tx = copy $\n}$ ^", "t.tir:3: unexpected '^'"},
		{"fn f() {\n\tif x < 3 goto a\na:\n}", "t.tir:2: expected 'else', not the end of the line"},
		{"fn f() {\n\tif x = 3 goto a\na:\n}", "t.tir:2: expected a relation or 'goto', not '='"},
		{"fn f() {\n\tswitch x [1: a]\na:\n}", "t.tir:2: expected ',', not ']'"},
		{"fn f() {\n\tswitch x [5..1: a, else: a]\na:\n}", "t.tir:2: case 0 is empty"},
		{"fn f() {\n\tcall g(%t)\n}", "t.tir:1: the temp '%0' is read and never assigned"},
		{"fn f() {\n\tlocal %t temp\n\t%t = copy 1\n\t%t = copy 2\n}", "t.tir:4: the temp '%0' is assigned twice"},
		{"fn f() {\n\tlocal a temp\n}", "t.tir:1: 'a' is a temp or join, so it has no name"},
		{"fn f() {\n\tlocal a\n\tx = load a\n}", "t.tir:3: the local 'a' is read and written by its name alone"},
		{"fn f() {\n\tnop @0:1\n}", "t.tir:1: loc 0: line and columns begin at 1, and the end is behind the start"},
		{"fn f() {\n\tblind faith\n}", "t.tir:2: expected asm, expr, goto, nest, error or omp, not 'faith'"},
		{"remark \"x\"", "t.tir:1: expected the remark's place, not 'x'"},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct ir *ir;

		said[0] = '\0';
		ir = ir_parse("t.tir", bad[i].text);
		if (ir)
			fail_msg("parsed: %s", bad[i].text);
		assert_string_equal(said, bad[i].msg);
	}
}

/* Whatever is cut off or changed in a text: an error or an ir, never a crash or a hang. */
static void damaged_text(void **state)
{
	size_t n = sizeof full - 1;
	char *text = xmalloc(n + 1);
	static const char put[] = {'\0', '\n', '{', '}', '%', '"', '#', '9', '.', ':', 'x'};
	uint32_t parsed = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = i % 4; k < COUNT(put); k += 4) {
			struct ir *ir;
			struct sb b = {0};

			memcpy(text, full, n + 1);
			text[i] = put[k];
			ir = ir_parse("t.tir", text);
			if (!ir)
				continue;
			parsed++;
			ir_print(ir, &b);
			ir_free(ir);
			ir = ir_parse("t.tir", b.s ? b.s : "");
			if (!ir)
				fail_msg("%s\n%s", said, b.s);
			ir_free(ir);
			sb_free(&b);
		}
	}
	assert_true(parsed > 100);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_comes_back),
		TEST(blob_of_text_prints_the_same),
		TEST(short_form),
		TEST(empty_things),
		TEST(temps_by_number_keep_it),
		TEST(types_follow_from_uses),
		TEST(written_types),
		TEST(addresses_mark_locals),
		TEST(for_people),
		TEST(one_function),
		TEST(hash_tells_bodies_apart),
		TEST(errors_have_lines),
		TEST(damaged_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
