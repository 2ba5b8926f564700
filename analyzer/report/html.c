/* html.c - a report for a browser: one file, without network, from file:// too.
 *
 * Everything but the list of findings is written here. The findings are data, read by html.js, which shows as many as
 * fit and the rest on demand, so that ten thousand cost no more than a hundred. Nothing of the user's project is ever
 * markup or script: text is escaped, data is JSON without '<'. The policy allows the one style and the one script, by
 * their hashes.
 */
#include "ir/ir.h"
#include "report/report_int.h"

extern const char html_css[], html_css_sha256[], html_js[], html_js_sha256[];

/* ---- the policy ---- */

/* Hexadecimal to base64, as the policy wants it. */
static void put_hash(struct sb *out, const char *hex)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char b[33] = {0};

	for (int i = 0; i < 32; i++) {
		unsigned v = 0;
		sscanf(hex + 2 * i, "%2x", &v);
		b[i] = (unsigned char)v;
	}
	sb_puts(out, "'sha256-");
	for (int i = 0; i < 33; i += 3) {
		unsigned v = (unsigned)b[i] << 16 | (unsigned)b[i + 1] << 8 | b[i + 2];
		sb_putc(out, digits[v >> 18]);
		sb_putc(out, digits[v >> 12 & 63]);
		sb_putc(out, digits[v >> 6 & 63]);
		sb_putc(out, i == 30 ? '=' : digits[v & 63]); /* 32 bytes: the last three hold two */
	}
	sb_putc(out, '\'');
}

static void put_head(struct sb *out)
{
	sb_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
	put_hash(out, html_css_sha256);
	sb_puts(out, "; script-src ");
	put_hash(out, html_js_sha256);
	sb_puts(out, "; base-uri 'none'; form-action 'none'\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n"
		     "<title>tvt-lint report</title>\n<style>");
	sb_puts(out, html_css);
	sb_puts(out, "</style>\n</head>\n");
}

/* ---- small parts ---- */

static void put_section(struct sb *out, const char *id, const char *title)
{
	sb_printf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

static void put_at(struct sb *out, const struct where *at)
{
	if (!at->file || !*at->file)
		return;
	sb_puts(out, "<span class=\"place\">");
	put_html(out, at->file);
	if (at->line)
		sb_printf(out, ":%u", at->line);
	sb_puts(out, "</span>");
}

static void put_number(struct sb *out, uint32_t n, const char *one)
{
	sb_printf(out, "<div class=\"number\"><b>%u</b> %s%s</div>\n", n, one, n == 1 ? "" : "s");
}

/* ---- the parts ---- */

static void put_result(const struct report_in *in, struct sb *out)
{
	static const char *const verdict[] = {"passed", "failed", "not conclusive"};
	const struct run_info *r = in->run;
	uint32_t n[3] = {0};

	for (uint32_t i = 0; i < in->nfinding; i++)
		if (!finding_quiet(&in->findings[i]))
			n[in->findings[i].level]++;
	put_section(out, "result", "Result");
	sb_printf(out, "<p class=\"verdict status%d\">%s</p>\n", in->status, verdict[in->status]);
	if (in->status == 2)
		sb_puts(out, "<p>Some of the program could not be analysed; see <a href=\"#coverage\">coverage</a>.</p>\n");
	sb_puts(out, "<div class=\"numbers\">\n");
	put_number(out, n[LEVEL_ERROR], "error");
	put_number(out, n[LEVEL_WARNING], "warning");
	put_number(out, n[LEVEL_NOTE], "note");
	put_number(out, r->entries_task, "task");
	put_number(out, r->entries_thread, "thread");
	put_number(out, r->loops, "event loop");
	sb_puts(out, "</div>\n");
	if (r->compared.with) {
		sb_puts(out, "<p>Compared with ");
		put_html(out, r->compared.with);
		sb_printf(out, ": <b>%u</b> new, <b>%u</b> known, <b>%u</b> gone.</p>\n", r->compared.nnew, r->compared.nknown,
			r->compared.ngone);
	}
	sb_puts(out, "</section>\n");
}

static void put_leaves(struct sb *out, const struct lane_entry *e)
{
	enum { SHOWN = 4 };

	for (uint32_t i = 0; i < e->nleaf && i < SHOWN; i++) {
		sb_puts(out, i ? "<br><code>" : "<code>");
		put_html(out, e->leaves[i].callee);
		sb_printf(out, "</code> (%s) ", e->leaves[i].waits);
		put_at(out, &e->leaves[i].at);
	}
	if (e->nleaf > SHOWN)
		sb_printf(out, "<br>and %u more", e->nleaf - SHOWN);
}

static void put_advice(struct sb *out, const struct lane_entry *e)
{
	if (!e->now)
		return;
	if (!e->should) {
		sb_printf(out, "<span class=\"right\">%s: right as it is</span>", e->now);
		return;
	}
	sb_printf(out, "%s \xE2\x86\x92 <b>%s</b>", e->now, e->should);
	if (e->because && *e->because) {
		sb_puts(out, "<br>");
		put_html(out, e->because);
	}
	if (e->gain && *e->gain) {
		sb_puts(out, "<br><span class=\"gain\">");
		put_html(out, e->gain);
		sb_puts(out, "</span>");
	}
}

static void put_guards(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;

	put_section(out, "locks", "Locks and what they guard");
	if (r->shared_left_out) {
		sb_puts(out, "<p>The program is large, and its shared state was not looked at: nothing is known of its locks. --all looks at it.</p>\n</section>\n");
		return;
	}
	sb_printf(out, "<p class=\"key\">Of what several threads use, %u %s always under a lock, %u only atomic, %u never used at once.</p>\n",
		r->nguarded, r->nguarded == 1 ? "is" : "are", r->natomic, r->napart);
	if (r->nguard)
		sb_puts(out, "<section class=\"scroll\" tabindex=\"0\" aria-label=\"table of locks\">\n<table>\n<thead><tr>"
			     "<th scope=\"col\">Object</th><th scope=\"col\">Lock</th><th scope=\"col\">Held at</th>"
			     "<th scope=\"col\">Accessed in</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < r->nguard; i++) {
		const struct guard *g = &r->guards[i];
		sb_puts(out, "<tr><th scope=\"row\"><code>");
		put_html(out, g->object);
		sb_puts(out, "</code><br>");
		put_at(out, &g->at);
		sb_puts(out, "</th><td><code>");
		put_html(out, g->lock ? g->lock : "none");
		sb_printf(out, "</code></td><td>%u of %u accesses%s</td><td>", g->held, g->total,
			!g->race ? "" : g->perhaps ? "<br>perhaps a race" : "<br><b class=\"warning\">a race</b>");
		put_html(out, g->fns);
		sb_puts(out, "</td></tr>\n");
	}
	sb_puts(out, r->nguard ? "</tbody>\n</table>\n</section>\n</section>\n" : "</section>\n");
}

static void put_tasks(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t id = 0;

	put_section(out, "map", "What runs where");
	sb_puts(out, "<p class=\"key\">\xE2\x96\xA0 calls that may block, \xE2\x96\xB2 loops that may take longer than a turn should. "
		     "A box leads to its row in the table.</p>\n<section class=\"scroll\" tabindex=\"0\" aria-label=\"map\">\n");
	html_map(in, out);
	sb_puts(out, "</section>\n</section>\n");
	put_section(out, "tasks", "Tasks and threads");
	sb_puts(out, "<section class=\"scroll\" tabindex=\"0\" aria-label=\"table of tasks and threads\">\n<table>\n<thead><tr>"
		     "<th scope=\"col\">Function</th><th scope=\"col\">Runs on</th><th scope=\"col\">Begun by</th>"
		     "<th scope=\"col\">May block in</th><th scope=\"col\">Computes for long</th>"
		     "<th scope=\"col\">Task or thread</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < r->nlane; i++)
		for (uint32_t k = 0; k < r->lanes[i].nentry; k++) {
			const struct lane_entry *e = &r->lanes[i].entries[k];
			sb_printf(out, "<tr id=\"entry-%u\"><th scope=\"row\"><code>", id++);
			put_html(out, e->name);
			sb_puts(out, "</code><br>");
			put_at(out, &e->at);
			sb_puts(out, "</th><td>");
			put_html(out, r->lanes[i].title);
			sb_printf(out, "<br>%s</td><td>", e->context);
			if (e->by) {
				sb_puts(out, "<code>");
				put_html(out, e->by);
				sb_puts(out, "</code><br>");
			}
			put_at(out, &e->by_at);
			sb_puts(out, "</td><td>");
			put_leaves(out, e);
			sb_puts(out, "</td><td>");
			if (e->nlong) {
				sb_printf(out, "%u loop%s", e->nlong, e->nlong == 1 ? "" : "s");
				if (e->longest) {
					sb_puts(out, "; at worst ");
					put_html(out, e->longest);
				}
			}
			sb_puts(out, "</td><td>");
			put_advice(out, e);
			sb_puts(out, "</td></tr>\n");
		}
	sb_puts(out, "</tbody>\n</table>\n</section>\n</section>\n");
}

static void put_coverage(const struct report_in *in, struct sb *out)
{
	static const char *const blind[BLIND_COUNT] = {"inline assemblies", "unknown expressions", "computed gotos",
		"expressions nested too deep", "functions with errors", "OpenMP regions"};
	const struct run_info *r = in->run;

	put_section(out, "coverage", "What was not seen");
	sb_puts(out, "<ul>\n");
	sb_printf(out, "<li>%u of %u files were analysed%s", r->units - r->units_failed, r->units, r->units_errors ? "" : ".</li>\n");
	if (r->units_errors)
		sb_printf(out, ", %u of them only in part.</li>\n", r->units_errors);
	sb_printf(out, "<li>%u of %u indirect calls have no known target (%.1f %%); of %u only the type is known. What is below them "
		       "is not seen.</li>\n",
		r->unresolved, r->icalls, r->icalls ? 100.0 * r->unresolved / r->icalls : 0.0, r->by_type);
	for (uint32_t i = 0; i < BLIND_COUNT; i++)
		if (r->blind[i])
			sb_printf(out, "<li>%u %s.</li>\n", r->blind[i], blind[i]);
	sb_printf(out, "<li>%u findings of low confidence are not shown; %u are silenced in the source.</li>\n", r->below_threshold,
		r->suppressed);
	for (uint32_t i = 0; r->unused && i < r->unused_suppressions; i++) {
		sb_puts(out, "<li><code>");
		put_html(out, r->unused[i].text);
		sb_puts(out, r->unused[i].why == UNUSED_NO_REASON ? "</code> gives no reason: "
				: r->unused[i].why == UNUSED_NO_RULE ? "</code> names no rule: "
								     : "</code> silences nothing: ");
		put_at(out, &r->unused[i].at);
		sb_puts(out, "</li>\n");
	}
	sb_puts(out, "</ul>\n");
	if (r->nfailed) {
		sb_puts(out, "<h3>Files with errors</h3>\n<ul>\n");
		for (uint32_t i = 0; i < r->nfailed; i++) {
			sb_puts(out, "<li><span class=\"place\">");
			put_html(out, r->failed[i].file);
			sb_puts(out, "</span>: ");
			put_html(out, r->failed[i].why);
			sb_puts(out, "</li>\n");
		}
		sb_puts(out, "</ul>\n");
	}
	sb_puts(out, "</section>\n");
}

static void put_history(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t first = r->npast > 10 ? r->npast - 10 : 0;

	if (!r->npast)
		return;
	put_section(out, "history", "Over time");
	html_trend(in, out);
	sb_puts(out, "<section class=\"scroll\" tabindex=\"0\" aria-label=\"the last runs\">\n<table>\n<thead><tr><th scope=\"col\">Run"
		     "</th><th scope=\"col\">Revision</th><th scope=\"col\">Errors</th><th scope=\"col\">Warnings</th>"
		     "<th scope=\"col\">Notes</th><th scope=\"col\">New</th><th scope=\"col\">Fixed</th><th scope=\"col\">Came back</th></tr>"
		     "</thead>\n<tbody>\n");
	for (uint32_t i = r->npast; i-- > first;) {
		const struct history_run *h = &r->past[i];
		sb_printf(out, "<tr><th scope=\"row\">%lld</th><td><code>", (long long)h->id);
		put_html(out, h->revision ? h->revision : "");
		sb_printf(out, "</code></td><td>%u</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td></tr>\n",
			h->level[LEVEL_ERROR], h->level[LEVEL_WARNING], h->level[LEVEL_NOTE], h->added, h->fixed, h->reopened);
	}
	sb_puts(out, "</tbody>\n</table>\n</section>\n</section>\n");
}

/* ---- the findings, as data ---- */

/* A string of the project: control characters and the like made visible. */
static void data_str(struct json *j, const char *key, const char *s)
{
	struct sb safe = {0};

	if (!s)
		return;
	put_escaped(&safe, s);
	json_str(j, key, safe.s ? safe.s : "");
	sb_free(&safe);
}

/* A piece of the data: what the list shows of findings; what is shown when one is opened; and the lines of source that
 * they are the first to show. Pieces are small because browsers take quadratic time to read one large element, and the
 * second half is read only when it is needed. */
struct piece {
	struct sb heads, bodies, lines;
	struct json j, jb, jl;
	struct map seen; /* lines, in all pieces */
};
enum { PIECE = 65536 };

static void piece_begin(struct piece *s)
{
	s->heads.n = s->bodies.n = s->lines.n = 0;
	json_begin(&s->j, &s->heads, false);
	json_arr(&s->j, NULL);
	json_begin(&s->jb, &s->bodies, false);
	json_arr(&s->jb, NULL);
	json_begin(&s->jl, &s->lines, false);
	json_obj(&s->jl, NULL);
}

/* '<' stands in strings only; nothing may end the element. */
static void put_data(struct sb *out, const struct sb *json)
{
	for (const char *p = json->s; p < json->s + json->n; p++) {
		size_t n = strcspn(p, "<");
		sb_putn(out, p, n);
		p += n;
		if (*p == '<')
			sb_puts(out, "\\u003c");
	}
}

static void piece_end(struct piece *s, struct sb *out)
{
	json_end(&s->j);
	json_end(&s->jb);
	json_end(&s->jl);
	sb_puts(out, "<script type=\"application/json\" class=\"heads\">");
	put_data(out, &s->heads);
	sb_puts(out, "</script>\n<script type=\"application/json\" class=\"bodies\">{\"bodies\":");
	put_data(out, &s->bodies);
	sb_puts(out, ",\"lines\":");
	put_data(out, &s->lines);
	sb_puts(out, "}</script>\n");
}

static void data_line(const struct report_in *in, struct piece *s, const struct where *at, uint32_t line)
{
	enum { MOST = 400 };
	uint64_t key = hash_mix(hash_str(at->file), line);
	size_t n;

	if (!line || map_get(&s->seen, key) != NONE)
		return;
	const char *text = report_line(in->run->root, at->file, line, &n);
	if (!text)
		return;
	map_put(&s->seen, key, 1);
	struct sb name = {0}, safe = {0};
	put_escaped(&name, at->file);
	sb_printf(&name, ":%u", line);
	for (size_t i = 0; i < n && i < MOST; i++) /* tabs stay tabs */
		if (text[i] == '\t') {
			sb_putc(&safe, '\t');
		} else {
			size_t k = i;
			while (k < n && k < MOST && text[k] != '\t')
				k++;
			report_escape(&safe, text + i, k - i);
			i = k - 1;
		}
	json_str(&s->jl, name.s, safe.s ? safe.s : "");
	sb_free(&name);
	sb_free(&safe);
}

static void data_at(struct json *j, const struct where *at)
{
	data_str(j, "file", at->file);
	if (at->line)
		json_int(j, "line", at->line);
}

static void data_finding(const struct report_in *in, struct piece *s, const struct finding *f)
{
	struct json *j = &s->j;

	json_obj(j, NULL);
	data_str(j, "rule", f->rule);
	json_str(j, "level", level_word[f->level]);
	json_str(j, "state", f->suppressed ? "silenced" : f->known ? "known" : in->run->compared.with ? "new" : "open");
	data_at(j, &f->at);
	data_str(j, "message", f->message);
	json_end(j);
	j = &s->jb;
	json_obj(j, NULL);
	json_str(j, "confidence", confidence_word[f->confidence]);
	data_str(j, "label", f->label);
	data_str(j, "task", f->task);
	data_str(j, "reason", f->suppressed);
	json_str(j, "id", f->fingerprint);
	json_arr(j, "instead");
	for (uint32_t i = 0; i < f->ninstead; i++)
		data_str(j, NULL, f->insteads[i]);
	json_end(j);
	json_arr(j, "notes");
	for (uint32_t i = 0; i < f->nnote; i++)
		data_str(j, NULL, f->notes[i]);
	json_end(j);
	if (*f->at.file)
		for (uint32_t line = f->at.line > 2 ? f->at.line - 2 : 1; f->at.line && line <= f->at.line + 2; line++)
			data_line(in, s, &f->at, line);
	json_arr(j, "chains");
	for (uint32_t t = 0; t < f->ntrace; t++) {
		json_obj(j, NULL);
		data_str(j, "title", f->traces[t].title);
		json_arr(j, "steps");
		for (uint32_t k = 0; k < f->traces[t].nstep; k++) {
			const struct trace_step *step = &f->traces[t].steps[k];
			json_obj(j, NULL);
			data_at(j, &step->at);
			data_str(j, "fn", step->fn);
			data_str(j, "text", step->text);
			json_end(j);
			if (step->at.file && *step->at.file)
				data_line(in, s, &step->at, step->at.line);
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void put_findings(const struct report_in *in, struct sb *out)
{
	struct piece s = {0};

	put_section(out, "findings", "Findings");
	sb_puts(out, "<div id=\"filter\" role=\"search\">\n<label for=\"words\">Filter</label> "
		     "<input id=\"words\" type=\"search\" autocomplete=\"off\">\n"
		     "<label for=\"level\">Level</label> <select id=\"level\"><option value=\"0\">all</option>"
		     "<option value=\"1\">warnings and errors</option><option value=\"2\">errors</option></select>\n"
		     "<label for=\"rule\">Rule</label> <select id=\"rule\"><option value=\"\">all</option></select>\n"
		     "<label for=\"state\">State</label> <select id=\"state\"><option value=\"told\">to be told</option>"
		     "<option value=\"known\">known</option><option value=\"silenced\">silenced</option>"
		     "<option value=\"\">all</option></select>\n</div>\n"
		     "<p id=\"count\" role=\"status\"></p>\n<ol id=\"list\"></ol>\n"
		     "<button id=\"more\" type=\"button\" hidden>Show more</button>\n"
		     "<noscript><p>The list of findings needs JavaScript; <code>--format full</code> prints the same.</p></noscript>\n"
		     "</section>\n");
	piece_begin(&s);
	for (uint32_t i = 0; i < in->nfinding; i++) {
		data_finding(in, &s, &in->findings[i]);
		if (s.heads.n + s.bodies.n + s.lines.n < PIECE)
			continue;
		piece_end(&s, out);
		piece_begin(&s);
	}
	piece_end(&s, out);
	sb_free(&s.heads);
	sb_free(&s.bodies);
	sb_free(&s.lines);
	map_free(&s.seen);
}

void write_html(const struct report_in *in, struct sb *out)
{
	put_head(out);
	sb_puts(out, "<body>\n<header><h1>tvt-lint report</h1>\n<nav aria-label=\"parts\"><a href=\"#result\">Result</a> "
		     "<a href=\"#findings\">Findings</a> ");
	if (in->run->nlane)
		sb_puts(out, "<a href=\"#map\">Map</a> <a href=\"#tasks\">Tasks and threads</a> ");
	if (in->run->guards)
		sb_puts(out, "<a href=\"#locks\">Locks</a> ");
	sb_puts(out, "<a href=\"#coverage\">Coverage</a>");
	if (in->run->npast)
		sb_puts(out, " <a href=\"#history\">History</a>");
	sb_puts(out, "</nav></header>\n<main>\n");
	put_result(in, out);
	put_findings(in, out);
	if (in->run->nlane)
		put_tasks(in, out);
	if (in->run->guards)
		put_guards(in, out);
	put_coverage(in, out);
	put_history(in, out);
	sb_puts(out, "</main>\n<footer>Made by tvt-lint ");
	put_html(out, in->run->version);
	sb_puts(out, ". Keys: <kbd>/</kbd> filter, <kbd>j</kbd> and <kbd>k</kbd> next and previous finding.</footer>\n<script>");
	sb_puts(out, html_js);
	sb_puts(out, "</script>\n</body>\n</html>\n");
}
