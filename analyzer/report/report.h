/* report.h - findings in the format that someone asked for. Each format is one file and one row in
 * formats[].
 *
 * Formats are pure: the same input and the same sources give the same bytes. Whatever comes from
 * the user's files (names, source lines, messages) is written so that it cannot leave its place: no
 * control characters on a terminal, no new line in a line format.
 */
#ifndef TVT_REPORT_H
#define TVT_REPORT_H

#include "rule/api/finding.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
struct report_in {
	const struct finding *findings; /* sorted by (file, line, col, rule, identity); suppressed
					   ones included */
	uint32_t nfinding;
	const struct rule_info *rules; /* a finding's rule may be missing here */
	uint32_t nrule;
	const struct run_info *run;
	int status;	   /* the exit status that the tool is going to have: 0, 1 or 2 */
	bool color, links; /* decided by report_color() and report_links() */
	bool quiet, verbose;
	const bool *mend;  /* per finding: its fix can be applied together with the others of these; may be NULL */
	bool hide_notes;    /* full and concise: only what is a warning or worse; the summary says how many more */
	const char *(*page)(
		const char *rule); /* Markdown of the rule's page, or NULL; may be NULL */
	const char *(*url)(
		const char *rule); /* where that page can be opened, or NULL; may be NULL */
};
struct format {
	const char *name;
	const char *doc; /* a clause */
	void (*write)(const struct report_in *in, struct sb *out);
};
extern const struct format formats[]; /* ends with name NULL */
const struct format *format_find(const char *name);
/* --color= wins; then FORCE_COLOR or CLICOLOR_FORCE (set, not empty, not "0") say yes; else yes if
 * fd is a terminal, TERM is not "dumb", and NO_COLOR is not set (https://no-color.org,
 * https://bixense.com/clicolors). */
bool report_color(enum color_when when, int fd);
/* OSC 8 hyperlinks: only where there are colours, and only on a terminal. */
bool report_links(enum color_when when, int fd);
/* Everything that comes from the user's files goes through this: control characters as \x1b etc. */
void report_escape(struct sb *out, const char *s, size_t n);
/* One line of a source file without its end; NULL if it cannot be read or has no such line. Lines
 * end as in C compilers: LF, CR LF or CR. Files are kept: the pointer is good until
 * report_forget(). */
const char *report_line(const char *root, const char *file, uint32_t line, size_t *n);
void report_forget(void);

#endif
