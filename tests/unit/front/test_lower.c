/* Lowering as its callers see it: states, errors, keys and hashes across units. What becomes of
 * each C construct is in tests/front. */
#include "front/lower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/tvt-lower-XXXXXX";

static const char *put(struct arena *a, const char *name, const char *text)
{
	const char *path = path_join(a, dir, name);

	assert_int_equal(fs_write_atomic(path, text, strlen(text)), 0);
	return path;
}

static struct lower_result lower(const char *file, const char *flag)
{
	struct tu_cmd cmd = {.file = file, .dir = dir, .argv = &flag, .argc = flag != NULL};
	struct lower_result r;

	lower_parse(&cmd, &r);
	return r;
}

static const struct fn *find(const struct ir *ir, const char *name)
{
	for (uint32_t i = 0; i < ir->nfns; i++)
		if (!strcmp(ir_text_of(ir, ir->fns[i].name), name))
			return &ir->fns[i];
	fail_msg("no function '%s'", name);
	return NULL;
}

static bool checked(const struct ir *ir)
{
	struct arena *a = arena_new();
	const char *msg = ir_check(ir, a);
	bool ok = !*msg;

	if (!ok)
		print_error("%s\n", msg);
	arena_free(a);
	return ok;
}

static void test_ok(void **state)
{
	struct arena *a = arena_new();
	struct lower_result r = lower(put(a, "ok.c", "int f(void) { return 1; }\n"), NULL);

	assert_int_equal(r.state, UNIT_OK);
	assert_int_equal(r.nerror, 0);
	assert_null(r.first_error);
	assert_true(checked(r.ir));
	assert_true(r.parse_cpu > 0 && r.lower_cpu > 0);
	lower_result_free(&r);
	arena_free(a);
}

static void test_flags(void **state)
{
	struct arena *a = arena_new();
	const char *file =
		put(a, "flag.c", "#ifdef YES\nint yes(void) { return 1; }\n#endif\nint x;\n");
	struct lower_result r = lower(file, "-DYES");

	assert_true(find(r.ir, "yes")->flags & FN_DEFINED);
	lower_result_free(&r);
	r = lower(file, NULL);
	assert_int_equal(r.ir->nfns, 0);
	lower_result_free(&r);
	arena_free(a);
}

static void test_errors(void **state)
{
	struct arena *a = arena_new();
	struct lower_result r = lower(put(a, "bad.c",
					      "#include \"nowhere.h\"\n"
					      "int f(void) { return missing; }\n"
					      "int g(void) { return 2; }\n"),
		NULL);

	assert_int_equal(r.state, UNIT_ERRORS);
	assert_int_equal(r.nerror, 2);
	assert_non_null(strstr(r.first_error, "bad.c:1:10: 'nowhere.h' file not found"));
	assert_true(find(r.ir, "f")->flags & FN_DEGRADED);
	assert_false(find(r.ir, "g")->flags & FN_DEGRADED);
	assert_true(checked(r.ir));
	lower_result_free(&r);
	arena_free(a);
}

static void test_failed(void **state)
{
	struct arena *a = arena_new();
	struct lower_result r = lower(path_join(a, dir, "absent.c"), NULL);
	struct tu_cmd cmd = {.file = "/tmp/x.c", .dir = "/nonexistent/directory"};

	assert_int_equal(r.state, UNIT_FAILED);
	assert_null(r.ir);
	assert_non_null(strstr(r.first_error, "absent.c"));
	lower_result_free(&r);

	assert_int_equal(lower_parse(&cmd, &r), -1);
	assert_non_null(strstr(r.first_error, "/nonexistent/directory"));
	lower_result_free(&r);
	arena_free(a);
}

static const char header[] = "struct s { int n; struct s *next; };\n"
			     "int ext(const char *);\n"
			     "static int other(int x) { return x; }\n"
			     "static inline int shared(struct s *p)\n"
			     "{\n"
			     "	static int count;\n"
			     "	if (p->next && p->n > LIMIT)\n"
			     "		count += ext(\"text\");\n"
			     "	return other(count);\n"
			     "}\n";

/* The header's function is one in every unit that sees the same text, whatever else is in the unit.
 */
static void test_header_hash(void **state)
{
	struct arena *a = arena_new();
	struct lower_result one, two, three;
	const struct fn *f, *g, *h;

	put(a, "h.h", header);
	one = lower(put(a, "one.c",
			    "#define LIMIT 3\n#include \"h.h\"\nint a(struct s *p) { return "
			    "shared(p); }\n"),
		NULL);
	two = lower(put(a, "two.c",
			    "#define LIMIT 3\nint before(double d) { return d > 1; }\nint "
			    "z[4];\n#include \"h.h\"\n"
			    "int b(struct s *p) { z[1] = 2; return before(0) + shared(p); }\n"),
		NULL);
	three = lower(put(a, "three.c",
			      "#define LIMIT 4\n#include \"h.h\"\nint c(struct s *p) { return "
			      "shared(p); }\n"),
		NULL);
	f = find(one.ir, "shared");
	g = find(two.ir, "shared");
	h = find(three.ir, "shared");
	assert_true(f->flags & FN_HEADER);
	assert_string_equal(ir_text_of(one.ir, f->key), ir_text_of(two.ir, g->key));
	assert_true(f->hash == g->hash);
	assert_true(f->hash != h->hash);
	assert_true(find(one.ir, "other")->flags & FN_DEFINED); /* reached through it */
	lower_result_free(&one);
	lower_result_free(&two);
	lower_result_free(&three);
	arena_free(a);
}

/* libclang's own names for statics of two files with one base name are equal. */
static void test_static_keys(void **state)
{
	struct arena *a = arena_new();
	const char *text =
		"static int twin(void) { return 1; }\nint (*get(void))(void) { return twin; }\n";
	struct lower_result one, two;

	assert_int_equal(system(arena_printf(a, "mkdir -p %s/x %s/y", dir, dir)), 0);
	one = lower(put(a, "x/same.c", text), NULL);
	two = lower(put(a, "y/same.c", text), NULL);
	assert_string_not_equal(ir_text_of(one.ir, find(one.ir, "twin")->key),
		ir_text_of(two.ir, find(two.ir, "twin")->key));
	assert_string_equal(ir_text_of(one.ir, find(one.ir, "get")->key),
		ir_text_of(two.ir, find(two.ir, "get")->key));
	lower_result_free(&one);
	lower_result_free(&two);
	arena_free(a);
}

/* The same file gives the same bytes, also when the process has lowered others in between. */
static void test_repeatable(void **state)
{
	struct arena *a = arena_new();
	const char *file;
	struct sb first = {0}, second = {0};
	struct lower_result r;

	put(a, "h.h", header);
	file = put(a, "again.c",
		"#define LIMIT 3\n#include \"h.h\"\n"
		"// tvt: on loop\nint a(struct s *p) { return shared(p); }\n");
	r = lower(file, NULL);
	ir_write(r.ir, &first);
	lower_result_free(&r);
	r = lower(put(a, "between.c", "int f(int x) { return x; }\n"), NULL);
	lower_result_free(&r);
	r = lower(file, NULL);
	ir_write(r.ir, &second);
	assert_int_equal(r.ir->nremarks, 1);
	lower_result_free(&r);
	assert_int_equal(first.n, second.n);
	assert_memory_equal(first.s, second.s, first.n);
	sb_free(&first);
	sb_free(&second);
	arena_free(a);
}

/* Columns count bytes, lines end with \n or \r\n, and a macro's place is where it is used. */
static void test_places(void **state)
{
	struct arena *a = arena_new();
	struct lower_result r =
		lower(put(a, "places.c",
			      "int g(int);\r\n"
			      "#define CALL(x) g(x)\r\n"
			      "/* \xc3\xa4\xc3\xb6 */ int f(void) { return CALL(1); }\r\n"),
			NULL);
	const struct loc *l = NULL, *fl;

	for (uint32_t i = 0; i < r.ir->nops; i++)
		if (r.ir->ops[i].kind == OP_CALL)
			l = &r.ir->locs[r.ir->ops[i].loc];
	assert_non_null(l);
	assert_int_equal(l->line, 3);
	assert_int_equal(l->col, 33);
	assert_int_equal(l->end_col, 37);
	assert_string_equal(ir_text_of(r.ir, l->macro), "CALL");
	assert_int_equal(l->sline, 2);
	assert_int_equal(l->scol, 17);
	fl = &r.ir->locs[find(r.ir, "f")->loc];
	assert_int_equal(fl->line, 3);
	assert_int_equal(fl->col, 16);
	assert_int_equal(fl->end_col, 17);
	lower_result_free(&r);
	arena_free(a);
}

static int setup(void **state)
{
	return !mkdtemp(dir) || clang_load(NULL) < 0;
}

static int teardown(void **state)
{
	struct arena *a = arena_new();
	int rc = system(arena_printf(a, "rm -r %s", dir));

	arena_free(a);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ok),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_header_hash),
		cmocka_unit_test(test_static_keys),
		cmocka_unit_test(test_repeatable),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
