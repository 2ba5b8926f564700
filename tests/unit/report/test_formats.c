/* Every format over the same findings, against golden texts; and what holds for all of them. */
#include "golden.h"
#include "sample.h"

#include <time.h>

static struct run_info run;

static void each_format_prints_what_it_did(void **state)
{
	for (const struct format *f = formats; f->name; f++) {
		struct report_in in = sample_in(&run);
		struct sb out = {0};
		char name[64];

		if (!strcmp(f->name, "html"))
			continue; /* tests/html looks at it in a browser */
		if (!strcmp(f->name, "fixes"))
			continue; /* its paths are absolute: below */
		snprintf(name, sizeof name, "%s.txt", f->name);
		f->write(&in, &out);
		assert_golden(name, &out);
		sb_free(&out);
	}
}

static void fixes_are_those_that_were_chosen(void **state)
{
	bool mend[COUNT(sample_findings)] = {0};
	struct report_in in = sample_in(&run);
	struct run_info elsewhere = run;
	struct sb out = {0};

	elsewhere.root = "/src/project";
	in.run = &elsewhere;
	in.mend = mend;
	for (uint32_t i = 0; i < in.nfinding; i++)
		mend[i] = in.findings[i].fix != NULL;
	format_find("fixes")->write(&in, &out);
	assert_golden("fixes.txt", &out);
	sb_free(&out);
}

static const char *local_url(const char *rule)
{
	return "file:///usr/share/tvt-lint/pages/x.md";
}

static void full_verbose_explains_each_step(void **state)
{
	struct report_in in = sample_in(&run);
	struct sb out = {0};

	in.verbose = true;
	format_find("full")->write(&in, &out);
	assert_golden("full-verbose.txt", &out);
	sb_free(&out);
}

static void colours_and_links_are_only_added(void **state)
{
	struct report_in in = sample_in(&run);
	struct sb out = {0}, plain = {0}, stripped = {0};

	format_find("full")->write(&in, &plain);
	in.color = in.links = true;
	in.url = local_url;
	format_find("full")->write(&in, &out);
	assert_golden("full-color.txt", &out);
	for (const char *p = out.s; *p; p++) {
		if (p[0] == '\033' && p[1] == '[') {
			p = strchr(p, 'm');
		} else if (p[0] == '\033') {
			assert_int_equal(p[1], ']');
			p = strstr(p, "\033\\") + 1;
		} else {
			sb_putc(&stripped, *p);
		}
	}
	assert_string_equal(stripped.s, plain.s);
	sb_free(&out);
	sb_free(&plain);
	sb_free(&stripped);
}

static void an_empty_list_is_a_whole_report(void **state)
{
	struct run_info clean = {
		.version = "0.1.0", .root = "/src/project", .units = 1, .fns = 1, .loops = 1};
	struct report_in in = {.run = &clean};
	struct sb out = {0};

	for (const struct format *f = formats; f->name; f++) {
		if (!strcmp(f->name, "html"))
			continue;
		sb_printf(&out, "== %s\n", f->name);
		f->write(&in, &out);
	}
	assert_golden("empty.txt", &out);
	sb_free(&out);
}

/* Whatever the user's files are called and say: nothing that drives a terminal, no line that begins
 * with a workflow command or another file's place. */
static void hostile_text_stays_in_its_place(void **state)
{
	for (const struct format *f = formats; f->name; f++) {
		struct report_in in = sample_in(&run);
		struct sb out = {0};
		uint32_t commands = 0;

		f->write(&in, &out);
		for (size_t i = 0; i < out.n;) {
			uint32_t cp;
			unsigned len = utf8_next(out.s + i, out.n - i, &cp);

			assert_int_not_equal(len, 0); /* valid UTF-8 throughout */
			if (cp == '\n')
				commands += str_starts(out.s + i + 1, "::error");
			else
				assert_true((cp == '\t' && !strcmp(f->name, "html")) || (cp >= 0x20 && cp != 0x7F && (cp < 0x80 || cp >= 0xA0)));
			i += len;
		}
		/* the two real errors, of which one begins the text */
		assert_int_equal(commands, strcmp(f->name, "github") ? 0 : 1);
		sb_free(&out);
	}
}

static void suppressed_findings_are_told_only_where_they_can_be_marked(void **state)
{
	for (const struct format *f = formats; f->name; f++) {
		struct report_in in = sample_in(&run);
		struct sb out = {0};
		bool marks = !strcmp(f->name, "sarif") || !strcmp(f->name, "json") || !strcmp(f->name, "html");

		f->write(&in, &out);
		assert_int_equal(strstr(out.s, "only in the test build") != NULL, marks);
		assert_int_equal(strstr(out.s, "'sleep' blocks the event loop") != NULL, marks);
		sb_free(&out);
	}
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	for (const struct format *f = formats; f->name; f++) {
		struct report_in in = sample_in(&run);
		struct sb a = {0}, b = {0};

		f->write(&in, &a);
		report_forget();
		f->write(&in, &b);
		assert_string_equal(a.s, b.s);
		sb_free(&a);
		sb_free(&b);
	}
}

/* Seconds of CPU, so that a busy machine does not count. */
static double now(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

#ifdef __SANITIZE_ADDRESS__
static const double limit = 10;
#else
static const double limit = 2; /* a second of a machine that has nothing else to do */
#endif

static void ten_thousand_findings_take_less_than_a_second(void **state)
{
	enum { N = 10000 };
	struct finding *many = xcalloc(N, sizeof *many);

	for (int i = 0; i < N; i++)
		many[i] = sample_findings[i % (int)COUNT(sample_findings)];
	for (const struct format *f = formats; f->name; f++) {
		struct report_in in = sample_in(&run);
		struct sb out = {0};
		double start = now(), took;

		in.findings = many;
		in.nfinding = N;
		f->write(&in, &out);
		took = now() - start;
		print_message("%-10s %8zu bytes %6.3f s\n", f->name, out.n, took);
		assert_true(took < limit);
		sb_free(&out);
	}
	free(many);
}

static void names_of_formats(void **state)
{
	assert_ptr_equal(format_find("full"), &formats[0]);
	assert_null(format_find("ful"));
	assert_null(format_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_prints_what_it_did),
		cmocka_unit_test(fixes_are_those_that_were_chosen),
		cmocka_unit_test(full_verbose_explains_each_step),
		cmocka_unit_test(colours_and_links_are_only_added),
		cmocka_unit_test(an_empty_list_is_a_whole_report),
		cmocka_unit_test(hostile_text_stays_in_its_place),
		cmocka_unit_test(suppressed_findings_are_told_only_where_they_can_be_marked),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
		cmocka_unit_test(ten_thousand_findings_take_less_than_a_second),
		cmocka_unit_test(names_of_formats),
	};

	run = sample_run(HERE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
