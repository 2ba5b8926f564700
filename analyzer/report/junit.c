/* junit.c - JUnit XML: a finding is a failed test, a file that could not be analysed an error. A
 * run without either has one test that passed, because some servers take an empty report for a
 * broken build.
 */
#include "report/report_int.h"

static void put_case(struct sb *out, const char *class, const char *name)
{
	sb_puts(out, "    <testcase classname=\"");
	put_xml(out, class);
	sb_puts(out, "\" name=\"");
	put_xml(out, name);
	sb_puts(out, "\"");
}

static void put_finding(struct sb *out, const struct finding *f)
{
	struct sb name = {0}, text = {0};

	sb_printf(&name, "%s at ", f->rule);
	put_place(&name, &f->at);
	put_case(out, has_file(&f->at) ? f->at.file : "(no file)", name.s);
	sb_puts(out, ">\n      <failure type=\"");
	put_xml(out, f->rule);
	sb_puts(out, "\" message=\"");
	put_xml(out, f->message);
	sb_puts(out, "\">");
	put_plain(&text, f);
	for (char *line = text.s; line;) { /* line by line: put_xml would escape the line ends */
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		put_xml(out, line);
		if (end)
			sb_putc(out, '\n');
		line = end ? end + 1 : NULL;
	}
	sb_puts(out, "</failure>\n    </testcase>\n");
	sb_free(&name);
	sb_free(&text);
}

void write_junit(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t failures = 0, tests;

	for (uint32_t i = 0; i < in->nfinding; i++)
		failures += !finding_quiet(&in->findings[i]);
	tests = failures + r->nfailed;
	sb_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	sb_printf(out,
		"  <testsuite name=\"tvt-lint\" tests=\"%u\" failures=\"%u\" errors=\"%u\">\n",
		tests ? tests : 1, failures, r->nfailed);
	for (uint32_t i = 0; i < in->nfinding; i++)
		if (!finding_quiet(&in->findings[i]))
			put_finding(out, &in->findings[i]);
	for (uint32_t i = 0; i < r->nfailed; i++) {
		put_case(out, r->failed[i].file, "can be analysed");
		sb_puts(out, ">\n      <error message=\"");
		put_xml(out, r->failed[i].why);
		sb_puts(out, "\"/>\n    </testcase>\n");
	}
	if (!tests) {
		put_case(out, "tvt-lint", "no findings");
		sb_puts(out, "/>\n");
	}
	sb_puts(out, "  </testsuite>\n</testsuites>\n");
}
