/* gitlab.c - GitLab code quality: an array of issues; each has a fingerprint by which GitLab tells
 * new ones. */
#include "report/report_int.h"

void write_gitlab(const struct report_in *in, struct sb *out)
{
	static const char *const severity[] = {"info", "minor", "major"};
	struct json j;

	json_begin(&j, out, true);
	json_arr(&j, NULL);
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];
		uint32_t line = f->at.line ? f->at.line : 1;

		if (finding_quiet(f) || !has_file(&f->at))
			continue;
		json_obj(&j, NULL);
		json_str(&j, "description", f->message);
		json_str(&j, "check_name", f->rule);
		json_str(&j, "fingerprint", f->fingerprint);
		json_str(&j, "severity", severity[f->level]);
		json_obj(&j, "location");
		json_str(&j, "path", f->at.file);
		json_obj(&j, "lines");
		json_int(&j, "begin", line);
		json_int(&j, "end", f->at.end_line > line ? f->at.end_line : line);
		json_end(&j);
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	sb_putc(out, '\n');
}
