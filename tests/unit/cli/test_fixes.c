/* Edits are made in the text that was analysed, all of a fix or none. */
#include "cli/fixes.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/tvt-fixes-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(fs_write_atomic(path, text, strlen(text)), 0);
}

static void holds(const char *name, const char *want)
{
	char path[200], *got;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(fs_read(path, &got, &n), 0);
	assert_string_equal(got, want);
	free(got);
}

static void quiet(void *ctx, const char *level, const char *msg)
{
	(void)level;
	snprintf(ctx, 200, "%s", msg);
}

static void a_changed_file_is_left_alone_and_so_is_its_fix(void **state)
{
	const char *a_c = "int a;\n", *b_c = "int b;\n";
	struct patch both[] = {{"a.c", 4, 5, "x", hash_bytes(a_c, 7)}, {"b.c", 4, 5, "y", hash_bytes(b_c, 7)}};
	struct patch one[] = {{"a.c", 0, 3, "long", hash_bytes(a_c, 7)}};
	struct fix fixes[] = {{"both", both, 2}, {"one", one, 1}};
	struct finding f[2] = {{.rule = "r", .fix = &fixes[0]}, {.rule = "r", .fix = &fixes[1]}};
	struct analysis a = {.findings = f, .nfinding = 2, .run.root = dir};
	struct fixes x = {0};
	char said[200] = "";

	put("a.c", a_c);
	put("b.c", "int changed;\n");
	diag_redirect(quiet, said);
	fixes_choose(&x, &a);
	assert_int_equal(fixes_do(&x, &a), -1);
	assert_string_equal(said, "1 finding mended in 1 file");
	holds("a.c", "long a;\n");
	holds("b.c", "int changed;\n");
	assert_int_equal(a.nfinding, 1);
	assert_string_equal(a.findings[0].fix->title, "both");
	fixes_free(&x);
	/* now a.c too is another one */
	fixes_choose(&x, &a);
	assert_int_equal(fixes_do(&x, &a), -1);
	assert_string_equal(said, "'a.c' has changed since it was analysed: it is not edited");
	holds("a.c", "long a;\n");
	fixes_free(&x);
	diag_redirect(NULL, NULL);
}

static void what_touches_waits_and_what_is_the_same_is_done_once(void **state)
{
	const char *text = "int a;\n";
	struct patch p[] = {{"a.c", 4, 5, "x", hash_bytes(text, 7)}, {"a.c", 5, 5, "z", hash_bytes(text, 7)}};
	struct fix fixes[] = {{"first", &p[0], 1}, {"touches", &p[1], 1}, {"the same", &p[0], 1}};
	struct finding f[4] = {{.fix = &fixes[0]}, {.fix = &fixes[1]}, {.fix = &fixes[2]}, {.fix = &fixes[1], .known = true}};
	struct analysis a = {.findings = f, .nfinding = 4, .run.root = dir};
	struct fixes x = {0};
	char said[200] = "";

	put("a.c", text);
	diag_redirect(quiet, said);
	fixes_choose(&x, &a);
	assert_int_equal(fixes_do(&x, &a), 0);
	diag_redirect(NULL, NULL);
	assert_string_equal(said, "1 more can be mended by a second run: their edits touch others");
	holds("a.c", "int x;\n");
	assert_int_equal(a.nfinding, 2);
	fixes_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_file_is_left_alone_and_so_is_its_fix),
		cmocka_unit_test(what_touches_waits_and_what_is_the_same_is_done_once),
	};
	int rc;

	if (!mkdtemp(dir))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(dir);
	return rc;
}
