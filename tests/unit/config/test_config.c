/* Settings files: what is said of which file, where mistakes are told, and that what is printed reads back. */
#include "config/config.h"

#include <setjmp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR }; /* as in a finding */
static const char *const rules[] = {"blocking-call-in-task", "data-race", "loop-run-in-callback", NULL};
static const char *const formats[] = {"full", "sarif", "json", NULL};
static const struct config_names names = {rules, formats};
static char dir[64];
static struct sb told;

static void hear(void *ctx, const char *level, const char *msg)
{
	sb_printf(&told, "%s\n", msg);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w"); /* fs_write_atomic() waits for the disk */

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The configuration of a directory whose root file is text. */
static struct config *load(const char *text)
{
	told.n = 0;
	if (told.s)
		*told.s = 0;
	put(".tvt-lint", text);
	diag_redirect(hear, NULL);
	struct config *c = config_load(".", NULL, &names);
	diag_redirect(NULL, NULL);
	return c;
}

static int set_up(void **state)
{
	strcpy(dir, "/tmp/tvt-config-XXXXXX");
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	return mkdir(".git", 0777) || mkdir("src", 0777) || mkdir("src/deep", 0777);
}

static int tear_down(void **state)
{
	sb_free(&told);
	return chdir("/") || dir_remove(dir);
}

/* ---- mistakes ---- */

static void mistakes_have_a_place(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"lvels: {}", ".tvt-lint:1:1: unknown key 'lvels'; did you mean 'levels'?"},
		{"\nfail-on: eror\n", ".tvt-lint:2:10: "},
		{"paths:\n  exlude: a\n", ".tvt-lint:2:3: unknown key 'paths.exlude'; did you mean 'paths.exclude'?"},
		{"levels:\n  data-rase: off\n", ".tvt-lint:2:3: "},
		{"levels:\n  data-race: of\n", ".tvt-lint:2:14: "},
		{"jobs: 0\n", ".tvt-lint:1:7: "},
		{"jobs: many\n", ".tvt-lint:1:7: "},
		{"all: maybe\n", ".tvt-lint:1:6: "},
		{"format: [sarfi=x]\n", ".tvt-lint:1:10: "},
		{"overrides:\n- levels: {}\n", ".tvt-lint:2:3: "},
		{"overrides:\n- paths: a\n  jobs: 3\n", ".tvt-lint:3:3: "},
		{"thresholds:\n  unresolved: 101 %\n", ".tvt-lint:2:15: "},
		{"jobs: 1\njobs: 2\n", ".tvt-lint:2:1: 'jobs' stands here twice; first at line 1"},
		{"a: &x 1\n", ".tvt-lint:1:4: anchors and tags are not understood here"},
		{"jobs: [\n", ".tvt-lint:2:1: "},
		{"- a\n", ".tvt-lint:1:1: settings are 'key: value' lines"},
		{"--- {}\n--- {}\n", ".tvt-lint:2:1: a second document"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *c = load(cases[i].text);
		if (c || !told.s || strncmp(told.s, cases[i].says, strlen(cases[i].says)))
			fail_msg("%s: says '%s', not '%s'", cases[i].text, told.s ? told.s : "nothing", cases[i].says);
	}
}

static void several_are_told_at_once(void **state)
{
	assert_null(load("lvels: {}\njobs: 0\nfail-on: x\n"));
	assert_non_null(strstr(told.s, ":1:1:"));
	assert_non_null(strstr(told.s, ":2:7:"));
	assert_non_null(strstr(told.s, ":3:10:"));
}

/* No input may do worse than be refused. */
static void any_bytes(void **state)
{
	static const char bytes[] = "{}[]:-,&*!|>'\"#% \n\tabcjobslevels0123";
	char text[64];

	srand(1);
	for (int round = 0; round < 3000; round++) {
		size_t n = (size_t)rand() % (sizeof text - 1);
		for (size_t i = 0; i < n; i++)
			text[i] = bytes[(size_t)rand() % (sizeof bytes - 1)];
		text[n] = 0;
		struct config *c = load(text);
		assert_true(c || (told.n && told.s[0])); /* refused means told */
		config_free(c);
	}
}

/* ---- what holds ---- */

static int level(struct config *c, const char *rule, const char *file)
{
	struct arena *a = arena_new();
	int n = config_level(c, rule, path_join(a, path_cwd(a), file), NULL);
	arena_free(a);
	return n;
}

static void the_nearest_wins(void **state)
{
	put("src/deep/.tvt-lint", "levels: {data-race: error}\n");
	struct config *c = load("levels:\n  '*': note\n  loop-run-in-callback: off\n"
				"overrides:\n- paths: src\n  levels: {data-race: warning}\n- paths: '**/x.c'\n  levels: {'*': off}\n");
	assert_non_null(c);
	assert_int_equal(level(c, "data-race", "a.c"), LEVEL_NOTE);
	assert_int_equal(level(c, "loop-run-in-callback", "a.c"), LEVEL_OFF);
	assert_int_equal(level(c, "data-race", "src/a.c"), LEVEL_WARNING);
	assert_int_equal(level(c, "data-race", "src/x.c"), LEVEL_OFF);
	assert_int_equal(level(c, "data-race", "src/deep/x.c"), LEVEL_ERROR);
	assert_int_equal(level(c, "blocking-call-in-task", "src/deep/a.c"), LEVEL_NOTE);
	assert_int_equal(level(c, "data-race", "/elsewhere/a.c"), LEVEL_NOTE);
	config_free(c);
	assert_int_equal(unlink("src/deep/.tvt-lint"), 0);

	c = load("jobs: 2\n");
	assert_int_equal(level(c, "data-race", "a.c"), LEVEL_UNSAID);
	config_free(c);
}

static void the_outermost_is_the_root(void **state)
{
	struct config *c;

	put("src/.tvt-lint", "levels: {data-race: off}\n");
	put(".tvt-lint", "jobs: 7\n");
	c = config_load("src/deep", NULL, &names);
	assert_non_null(c);
	assert_true(config_get(c, CONFIG_JOBS)->num == 7);
	assert_string_equal(path_base(config_dir(c)), path_base(dir));
	config_free(c);

	put("src/.tvt-lint", "root: true\njobs: 3\n");
	c = config_load("src/deep", NULL, &names);
	assert_non_null(c);
	assert_true(config_get(c, CONFIG_JOBS)->num == 3);
	config_free(c);
	assert_int_equal(unlink("src/.tvt-lint"), 0);
}

static void what_is_printed_reads_back(void **state)
{
	struct sb first = {0}, second = {0};
	struct config *c = load("fail-on: error\njobs: 5\nformat: [sarif=o.sarif, full]\npaths: {exclude: ['a b/**', \"x'y\"]}\n"
				"levels: {data-race: error}\noverrides:\n- paths: [t, u]\n  levels: {'*': off}\n");

	assert_non_null(c);
	config_print(c, &first, NULL, &names);
	config_free(c);
	c = load(first.s);
	assert_non_null(c);
	assert_int_equal(level(c, "data-race", "t/a.c"), LEVEL_OFF);
	assert_int_equal(level(c, "data-race", "a.c"), LEVEL_ERROR);
	assert_int_equal(config_get(c, CONFIG_EXCLUDE)->nlist, 2);
	assert_string_equal(config_get(c, CONFIG_EXCLUDE)->list[1], "x'y");
	assert_true(config_get(c, CONFIG_JOBS)->num == 5);
	config_print(c, &second, NULL, &names);
	config_free(c);

	/* the template is a file that says nothing but the build directory */
	first.n = 0;
	config_template(&first, "out dir");
	c = load(first.s);
	assert_non_null(c);
	assert_string_equal(path_base(config_text(c, CONFIG_BUILD_DIR)), "out dir");
	assert_true(config_get(c, CONFIG_FAIL_ON)->num == 1);
	config_free(c);
	/* and with the comments taken off, still one */
	struct sb bare = {0};
	bool said = false; /* behind a line of the form "#key:" its members are read too */
	for (char *line = strtok(first.s, "\n"); line; line = strtok(NULL, "\n")) {
		said = line[0] == '#' && line[1] != ' ' ? true : said;
		if (line[0] == '#' && (line[1] != ' ' || (line[2] == ' ' && said)) && !str_ends(line, ": ")) /* no value */
			sb_printf(&bare, "%s\n", line + 1);
	}
	c = load(bare.s);
	if (!c)
		fail_msg("%s\n%s", told.s, bare.s);
	config_free(c);
	sb_free(&first);
	sb_free(&second);
	sb_free(&bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_have_a_place),
		cmocka_unit_test(several_are_told_at_once),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(the_nearest_wins),
		cmocka_unit_test(the_outermost_is_the_root),
		cmocka_unit_test(what_is_printed_reads_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
