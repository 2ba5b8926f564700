/* report_int.h - what the formats share. Only for files of this folder. */
#ifndef TVT_REPORT_INT_H
#define TVT_REPORT_INT_H

#include "report/report.h"

void write_full(const struct report_in *in, struct sb *out);
void write_concise(const struct report_in *in, struct sb *out);
void write_sarif(const struct report_in *in, struct sb *out);
void write_json(const struct report_in *in, struct sb *out);
void write_github(const struct report_in *in, struct sb *out);
void write_gitlab(const struct report_in *in, struct sb *out);
void write_junit(const struct report_in *in, struct sb *out);
void write_checkstyle(const struct report_in *in, struct sb *out);
void write_rdjson(const struct report_in *in, struct sb *out);
void write_fixes(const struct report_in *in, struct sb *out);
void write_html(const struct report_in *in, struct sb *out);

/* ---- html_map.c: drawings for html.c ---- */

void html_map(const struct report_in *in, struct sb *out);   /* lanes */
void html_trend(const struct report_in *in, struct sb *out); /* findings over runs */
/* Text, with everything that HTML or a reader could take for something else made visible. */
void put_html(struct sb *out, const char *s);

/* ---- words ---- */

extern const char *const level_word[3];	     /* "note", "warning", "error" */
extern const char *const confidence_word[3]; /* "low", "medium", "high" */
const struct rule_info *rule_info_find(const struct report_in *in, const char *id); /* or NULL */
static inline bool has_file(const struct where *at)
{
	return at->file && *at->file;
}
/* file:line:col, escaped; without what is not known. */
void put_place(struct sb *out, const struct where *at);
/* The same with the file's last component and without a column: server.c:131. */
void put_short_place(struct sb *out, const struct where *at);
/* How many calls lie between the entry and the site. */
uint32_t trace_calls(const struct trace *t);
void put_escaped(struct sb *out, const char *s); /* NULL: nothing */
uint32_t count_chars(const char *s, size_t n);	 /* code points in UTF-8 */

/* ---- plain.c ---- */

/* on_read (server.c:131) -> session_feed (session.c:57) ~> upstream_open (resolve.c:42): the
 * functions from the entry to the site, each with the place where it goes on. Begins at column
 * indent; further lines are indented as far. True if there was a call through a pointer, "~>". */
bool put_chain(struct sb *out, const struct trace *t, uint32_t indent, uint32_t width);
/* Message, why, task, chains, what instead: one line each, escaped, separated by '\n' and only
 * there. */
void put_plain(struct sb *out, const struct finding *f);

/* ---- colours of text.c and its neighbours ---- */

enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_NOTE,
	PAINT_WARNING,
	PAINT_ERROR,
	PAINT_GUTTER,
	PAINT_GOOD
};
void paint(const struct report_in *in, struct sb *out, enum paint p); /* begins */
void unpaint(const struct report_in *in, struct sb *out);	      /* ends */
void put_painted(
	const struct report_in *in, struct sb *out, enum paint p, const char *s); /* escaped */
enum paint level_paint(enum level l);

/* ---- excerpt.c ---- */

/* Lines of source with the range underlined and the label behind it; nothing if the source cannot
 * be read: false. Gutter is the width of the line numbers' column. */
bool put_excerpt(const struct report_in *in, struct sb *out, const struct where *at,
	const char *label, enum paint p, unsigned gutter);

void put_summary(const struct report_in *in, struct sb *out); /* summary.c */

/* ---- source.c ---- */

/* UTF-16 code units in s, where bytes that are not UTF-8 count as one U+FFFD each maximal subpart
 * (Unicode 15.0, section 3.9, "U+FFFD Substitution of Maximal Subparts"), as browsers and Node.js
 * decode them. */
uint32_t utf16_length(const char *s, size_t n);
/* 1-based column in UTF-16 units of the 1-based byte column col. Unknown sources: col itself. */
uint32_t utf16_column(const char *root, const char *file, uint32_t line, uint32_t col);
/* GitHub's primaryLocationLineHash, "hash:occurrence". False if there is no such line. */
bool line_hash(const char *root, const char *file, uint32_t line, char buf[40]);

/* ---- quoting ---- */

void put_xml(struct sb *out, const char *s); /* text or attribute; NULL: nothing */
/* A relative path as a URI reference, an absolute one as file:///..., percent-encoded (RFC 3986).
 */
void put_uri(struct sb *out, const char *path);

#endif
