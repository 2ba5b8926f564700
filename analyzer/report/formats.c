/* formats.c - the table of formats, and the words and quotings that they share. */
#include "report/report_int.h"

#include <ctype.h>

const struct format formats[] = {
	{"full", "for people: source, why, and what to do instead", write_full},
	{"concise", "one line a finding, as compilers write them", write_concise},
	{"json", "every detail, in the schema of findings.schema.json", write_json},
	{"sarif", "SARIF 2.1.0, for GitHub code scanning and editors", write_sarif},
	{"github", "annotations of a GitHub workflow", write_github},
	{"gitlab", "GitLab code quality", write_gitlab},
	{"junit", "JUnit XML, for CI servers that show tests", write_junit},
	{"checkstyle", "Checkstyle XML", write_checkstyle},
	{"rdjson", "reviewdog diagnostics", write_rdjson},
	{"fixes", "edits that mend findings, as clang-apply-replacements reads them", write_fixes},
	{"html", "one file for a browser: map, chains in their source, tasks, coverage, history", write_html},
	{NULL, NULL, NULL},
};

const char *const level_word[3] = {"note", "warning", "error"};
const char *const confidence_word[3] = {"low", "medium", "high"};

const struct format *format_find(const char *name)
{
	for (const struct format *f = formats; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

const struct rule_info *rule_info_find(const struct report_in *in, const char *id)
{
	for (uint32_t i = 0; i < in->nrule; i++)
		if (!strcmp(in->rules[i].id, id))
			return &in->rules[i];
	return NULL;
}

void report_escape(struct sb *out, const char *s, size_t n)
{
	sb_put_visible(out, s, n);
}

void put_escaped(struct sb *out, const char *s)
{
	if (s)
		report_escape(out, s, strlen(s));
}

void put_place(struct sb *out, const struct where *at)
{
	put_escaped(out, has_file(at) ? at->file : "(no file)");
	if (!at->line)
		return;
	sb_printf(out, ":%u", at->line);
	if (at->col)
		sb_printf(out, ":%u", at->col);
}

void put_short_place(struct sb *out, const struct where *at)
{
	put_escaped(out, has_file(at) ? path_base(at->file) : "(no file)");
	if (at->line)
		sb_printf(out, ":%u", at->line);
}

uint32_t trace_calls(const struct trace *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->nstep; i++)
		n += t->steps[i].role == STEP_CALL || t->steps[i].role == STEP_JUMP;
	return n;
}

void put_xml(struct sb *out, const char *s)
{
	struct sb safe = {0};

	if (!s)
		return;
	/* XML 1.0 has no way at all to write most control characters */
	report_escape(&safe, s, strlen(s));
	for (const char *p = safe.s ? safe.s : ""; *p; p++) {
		switch (*p) {
		case '&':
			sb_puts(out, "&amp;");
			break;
		case '<':
			sb_puts(out, "&lt;");
			break;
		case '>':
			sb_puts(out, "&gt;");
			break;
		case '"':
			sb_puts(out, "&quot;");
			break;
		case '\xEF': /* U+FFFE and U+FFFF are no characters, and XML refuses them */
			if (p[1] == '\xBF' && (p[2] == '\xBE' || p[2] == '\xBF')) {
				sb_puts(out, p[2] == '\xBE' ? "\\ufffe" : "\\uffff");
				p += 2;
				break;
			}
			/* fall through */
		default:
			sb_putc(out, *p);
		}
	}
	sb_free(&safe);
}

void put_uri(struct sb *out, const char *path)
{
	bool colon = false; /* in the first segment it would end a scheme: "a:b.c" */

	if (*path == '/')
		sb_puts(out, "file://");
	else
		colon = memchr(path, ':', strcspn(path, "/")) != NULL;
	if (colon)
		sb_puts(out, "./");
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (isascii(*p) && (isalnum(*p) || strchr("-._~/!$&'()*+,;=:@", *p)))
			sb_putc(out, (char)*p);
		else
			sb_printf(out, "%%%02X", *p);
	}
}
