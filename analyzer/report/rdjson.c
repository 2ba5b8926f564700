/* rdjson.c - reviewdog's diagnostic format. Its columns are UTF-8 bytes from 1, as ours; an end is
 * exclusive. */
#include "report/report_int.h"

static void put_position(struct json *j, const char *key, uint32_t line, uint32_t col)
{
	json_obj(j, key);
	json_int(j, "line", line);
	if (col)
		json_int(j, "column", col);
	json_end(j);
}

void write_rdjson(const struct report_in *in, struct sb *out)
{
	static const char *const severity[] = {"INFO", "WARNING", "ERROR"};
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_obj(&j, "source");
	json_str(&j, "name", "tvt-lint");
	json_end(&j);
	json_arr(&j, "diagnostics");
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];
		struct sb text = {0};

		if (finding_quiet(f) || !has_file(&f->at))
			continue;
		put_plain(&text, f);
		json_obj(&j, NULL);
		json_str(&j, "message", text.s);
		json_obj(&j, "location");
		json_str(&j, "path", f->at.file);
		if (f->at.line) {
			json_obj(&j, "range");
			put_position(&j, "start", f->at.line, f->at.col);
			if (f->at.end_line && f->at.end_col)
				put_position(&j, "end", f->at.end_line, f->at.end_col);
			json_end(&j);
		}
		json_end(&j);
		json_str(&j, "severity", severity[f->level]);
		json_obj(&j, "code");
		json_str(&j, "value", f->rule);
		json_end(&j);
		json_end(&j);
		sb_free(&text);
	}
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}
