/* report.h - findings in the format that someone asked for. Each format is one file and one row in formats[]. */
#ifndef TVT_REPORT_H
#define TVT_REPORT_H

#include "rule/api/finding.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
struct report_in {
	const struct finding *findings; /* sorted by (file, line, col, rule, identity); suppressed ones included */
	uint32_t nfinding;
	const struct rule_info *rules;
	uint32_t nrule;
	const struct run_info *run;
	bool color, links;  /* decided by report_color() */
	bool quiet, verbose;
	const char *(*page)(const char *rule); /* Markdown of the rule's page */
};
struct format {
	const char *name;
	const char *doc;
	void (*write)(const struct report_in *in, struct sb *out);
};
extern const struct format formats[]; /* ends with name NULL */
const struct format *format_find(const char *name);
/* The convention of NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR, TERM=dumb, isatty(fd); --color= wins. */
bool report_color(enum color_when when, int fd);
/* Everything that comes from the user's files goes through this: control characters as \x1b etc. */
void report_escape(struct sb *out, const char *s, size_t n);
/* One line of a source file without its newline; NULL if it cannot be read. Cached. */
const char *report_line(const char *root, const char *file, uint32_t line, size_t *n);

#endif
