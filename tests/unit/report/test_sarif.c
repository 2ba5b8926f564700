/* SARIF: what belongs to one result, and the limits of those who read it. The schema and GitHub's
 * own rules are checked by tests/sarif/validate. */
#include "report/report.h"

#include <setjmp.h>
#include <cmocka.h>

static uint32_t count(const char *text, const char *what)
{
	uint32_t n = 0;

	/* not strstr: under a sanitizer each call of it would measure the whole text */
	for (const char *p = text; (p = strchr(p, *what)); p++)
		n += str_starts(p, what);
	return n;
}

static char *sarif(const struct finding *f, uint32_t n)
{
	struct run_info run = {.version = "1", .root = "/nowhere"};
	struct report_in in = {.findings = f, .nfinding = n, .run = &run};
	struct sb out = {0};

	format_find("sarif")->write(&in, &out);
	return out.s;
}

static struct trace_step steps[] = {
	{.role = STEP_ENTRY, .fn = "on_read", .at = {.file = "a.c", .line = 1, .col = 1}},
	{.role = STEP_SITE, .fn = "on_read", .at = {.file = "a.c", .line = 3, .col = 2}},
};
static struct trace one = {"on_read", steps, 2};

static struct finding finding(const char *rule, uint32_t line, enum level level)
{
	return (struct finding){.rule = rule,
		.level = level,
		.at = {.file = "a.c", .line = line, .col = 2},
		.message = "message",
		.traces = &one,
		.ntrace = 1};
}

static void one_place_and_rule_is_one_result_with_a_flow_each(void **state)
{
	struct finding f[] = {finding("r", 3, LEVEL_ERROR), finding("r", 3, LEVEL_ERROR),
		finding("s", 3, LEVEL_ERROR), finding("s", 4, LEVEL_ERROR),
		finding("s", 4, LEVEL_ERROR)};
	char *text;

	f[4].suppressed = "why not"; /* marked and unmarked cannot be one */
	text = sarif(f, COUNT(f));
	assert_int_equal(count(text, "\"ruleId\""), 4);
	assert_int_equal(count(text, "\"threadFlows\""), 5);
	assert_int_equal(count(text, "\"inSource\""), 1);
	assert_int_equal(count(text, "\"suppressions\""), 4);
	free(text);
}

static void too_many_results_leave_out_the_mildest(void **state)
{
	enum { N = 25010 };
	struct finding *f = xcalloc(N, sizeof *f);
	char *text;

	for (uint32_t i = 0; i < N; i++) {
		f[i] = finding("r", i + 1, i % 5001 ? LEVEL_WARNING : LEVEL_NOTE);
		f[i].ntrace = 0;
	}
	f[N - 1].level = LEVEL_ERROR;
	text = sarif(f, N); /* 6 notes, 1 error, 25003 warnings */
	assert_int_equal(count(text, "\"ruleId\""), 25000);
	assert_int_equal(count(text, "\"level\": \"error\""), 1);
	assert_int_equal(count(text, "\"level\": \"note\""), 0);
	assert_non_null(strstr(text, "\"10 results were left out"));
	free(text);
	text = sarif(f, 25000);
	assert_int_equal(count(text, "\"ruleId\""), 25000);
	assert_int_equal(count(text, "left out"), 0);
	free(text);
	free(f);
}

static void too_many_steps_are_cut(void **state)
{
	enum { N = 9999 };
	struct trace_step *many = xcalloc(N, sizeof *many);
	struct trace traces[2] = {{"first", many, N}, {"second", steps, 2}};
	struct finding f = finding("r", 3, LEVEL_ERROR);
	char *text;

	for (int i = 0; i < N; i++)
		many[i] = steps[0];
	f.traces = traces;
	f.ntrace = 2;
	text = sarif(&f, 1);
	assert_int_equal(count(text, "\"nestingLevel\""), 10000);
	free(text);
	free(many);
}

static void paths_become_uris(void **state)
{
	static const struct {
		const char *path, *uri;
	} known[] = {
		{"a b.c", "\"uri\": \"a%20b.c\""},
		{"src/a:b.c", "\"uri\": \"src/a:b.c\""},
		{"a:b.c", "\"uri\": \"./a:b.c\""}, /* else "a" is a scheme */
		{"/usr/x.h", "\"uri\": \"file:///usr/x.h\""},
		{"100%#?.c", "\"uri\": \"100%25%23%3F.c\""},
		{"\xC3\xA9\xFF.c", "\"uri\": \"%C3%A9%FF.c\""},
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		struct finding f = finding("r", 3, LEVEL_ERROR);
		char *text;

		f.at.file = known[i].path;
		f.ntrace = 0;
		text = sarif(&f, 1);
		if (!strstr(text, known[i].uri))
			fail_msg("no %s in %s", known[i].uri, text);
		assert_int_equal(count(text, "\"uriBaseId\""), *known[i].path != '/');
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_place_and_rule_is_one_result_with_a_flow_each),
		cmocka_unit_test(too_many_results_leave_out_the_mildest),
		cmocka_unit_test(too_many_steps_are_cut),
		cmocka_unit_test(paths_become_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
