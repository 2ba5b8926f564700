/* fixes.c - edits as clang-apply-replacements reads them (clang/Tooling/DiagnosticsYaml.h): byte offsets, absolute
 * paths. Only edits that can be done together: that tool does none at all if two touch each other.
 */
#include "report/report_int.h"

/* 'single quoted' has no escapes but '' for a quote, and folds lines: what has new lines is "double quoted". */
static void put_yaml(struct sb *out, const char *s)
{
	sb_putc(out, '"');
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		if (*p == '"' || *p == '\\')
			sb_printf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			sb_printf(out, "\\x%02X", *p);
		else
			sb_putc(out, (char)*p);
	}
	sb_putc(out, '"');
}

static void put_path(struct sb *out, const char *root, const char *file)
{
	struct sb path = {0};

	if (*file != '/')
		sb_printf(&path, "%s/", root);
	sb_puts(&path, file);
	put_yaml(out, path.s);
	sb_free(&path);
}

void write_fixes(const struct report_in *in, struct sb *out)
{
	const char *root = in->run->root ? in->run->root : ".", *first = NULL;

	for (uint32_t i = 0; i < in->nfinding && !first; i++)
		if (in->mend && in->mend[i])
			first = in->findings[i].fix->edits[0].file;
	sb_puts(out, "---\nMainSourceFile: ");
	put_path(out, root, first ? first : "");
	sb_puts(out, first ? "\nDiagnostics:\n" : "\nDiagnostics: []\n");
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];

		if (!in->mend || !in->mend[i])
			continue;
		sb_printf(out, "  - DiagnosticName: %s\n    DiagnosticMessage:\n      Message: ", f->rule);
		put_yaml(out, f->message);
		sb_puts(out, "\n      FilePath: ");
		put_path(out, root, f->fix->edits[0].file);
		sb_printf(out, "\n      FileOffset: %u\n      Replacements:\n", f->fix->edits[0].from);
		for (uint32_t k = 0; k < f->fix->nedit; k++) {
			const struct patch *e = &f->fix->edits[k];

			sb_puts(out, "        - FilePath: ");
			put_path(out, root, e->file);
			sb_printf(out, "\n          Offset: %u\n          Length: %u\n          ReplacementText: ", e->from, e->to - e->from);
			put_yaml(out, e->text);
			sb_putc(out, '\n');
		}
		sb_printf(out, "    Level: %s\n", f->level == LEVEL_ERROR ? "Error" : f->level == LEVEL_WARNING ? "Warning" : "Remark");
	}
	sb_puts(out, "...\n");
}
