/* checkstyle.c - Checkstyle XML: findings below their files. */
#include "report/report_int.h"

void write_checkstyle(const struct report_in *in, struct sb *out)
{
	static const char *const severity[] = {"info", "warning", "error"};
	const char *file = NULL;

	sb_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n");
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];

		if (finding_quiet(f) || !has_file(&f->at))
			continue;
		if (!file || strcmp(file, f->at.file)) {
			if (file)
				sb_puts(out, "  </file>\n");
			file = f->at.file;
			sb_puts(out, "  <file name=\"");
			put_xml(out, file);
			sb_puts(out, "\">\n");
		}
		sb_printf(out, "    <error line=\"%u\" ", f->at.line);
		if (f->at.col)
			sb_printf(out, "column=\"%u\" ", f->at.col);
		sb_printf(out, "severity=\"%s\" message=\"", severity[f->level]);
		put_xml(out, f->message);
		sb_puts(out, "\" source=\"tvt-lint.");
		put_xml(out, f->rule);
		sb_puts(out, "\"/>\n");
	}
	if (file)
		sb_puts(out, "  </file>\n");
	sb_puts(out, "</checkstyle>\n");
}
