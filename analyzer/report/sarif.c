/* sarif.c - SARIF 2.1.0 (OASIS standard, 27 March 2020), as GitHub code scanning reads it.
 *
 * One result is one (rule, place): findings that share both are one result, and each of their
 * traces is one codeFlow. Suppressed findings are results with a suppression. Paths are relative to
 * SRCROOT, whose own place is left to the reader, so that two checkouts give the same bytes.
 * Columns are UTF-16 code units; ours are bytes, so the sources are needed; a source that cannot be
 * read keeps its byte columns.
 */
#include "report/report_int.h"

#include <ctype.h>

enum {
	MAX_RESULTS = 25000, /* GitHub refuses more */
	MAX_STEPS = 10000,   /* thread-flow locations a result, the same */
};

static void put_message(struct json *j, const char *key, const char *text)
{
	json_obj(j, key);
	json_str(j, "text", text);
	json_end(j);
}

/* ---- places ---- */

static void put_region(struct json *j, const struct report_in *in, const struct where *at)
{
	const char *root = in->run->root;
	uint32_t line =
		at->line ? at->line : 1; /* GitHub wants a region even if the whole file is meant */
	uint32_t col = at->line && at->col ? at->col : 1;
	uint32_t end_line = at->line && at->end_line > line ? at->end_line : line;
	uint32_t end_col = at->line && at->end_col && (end_line > line || at->end_col > col)
				   ? at->end_col
				   : col;

	json_obj(j, "region");
	json_int(j, "startLine", line);
	json_int(j, "startColumn", utf16_column(root, at->file, line, col));
	json_int(j, "endLine", end_line);
	json_int(j, "endColumn", utf16_column(root, at->file, end_line, end_col));
	json_end(j);
}

static void put_artifact(struct json *j, const char *file)
{
	struct sb uri = {0};

	put_uri(&uri, file);
	json_obj(j, "artifactLocation");
	json_str(j, "uri", uri.s);
	if (*file != '/')
		json_str(j, "uriBaseId", "SRCROOT");
	json_end(j);
	sb_free(&uri);
}

/* The members of a location object that is already open. */
static void put_location(struct json *j, const struct report_in *in, const struct where *at,
	const char *fn, const char *text)
{
	if (has_file(at)) {
		json_obj(j, "physicalLocation");
		put_artifact(j, at->file);
		put_region(j, in, at);
		json_end(j);
	}
	if (fn) {
		json_arr(j, "logicalLocations");
		json_obj(j, NULL);
		json_str(j, "fullyQualifiedName", fn);
		json_str(j, "kind", "function");
		json_end(j);
		json_end(j);
	}
	if (text)
		put_message(j, "message", text);
}

/* ---- results ---- */

static bool same_result(const struct finding *a, const struct finding *b)
{
	return !strcmp(a->rule, b->rule) && a->at.line == b->at.line && a->at.col == b->at.col &&
	       !a->suppressed == !b->suppressed && a->known == b->known && a->at.file && b->at.file &&
	       !strcmp(a->at.file, b->at.file);
}

static const char *site_fn(const struct finding *f)
{
	for (uint32_t i = 0; i < f->ntrace; i++)
		for (uint32_t k = f->traces[i].nstep; k--;)
			if (f->traces[i].steps[k].role == STEP_SITE)
				return f->traces[i].steps[k].fn;
	return NULL;
}

/* A sentence: GitHub shows the first one alone where there is little room. */
static void put_result_message(struct json *j, const struct finding *f)
{
	struct sb text = {0};

	sb_printf(&text, "%s.", f->message);
	if (f->label)
		sb_printf(&text, "\nWhy: %s.", f->label);
	if (f->task)
		sb_printf(&text, "\nTask: %s.", f->task);
	for (uint32_t i = 0; i < f->nnote; i++)
		sb_printf(&text, "\nNote: %s.", f->notes[i]);
	for (uint32_t i = 0; i < f->ninstead; i++)
		sb_printf(&text, "\nInstead: %s.", f->insteads[i]);
	put_message(j, "message", text.s);
	sb_free(&text);
}

static uint32_t put_flow(
	struct json *j, const struct report_in *in, const struct trace *t, uint32_t room)
{
	uint32_t depth = 0, n = t->nstep < room ? t->nstep : room;

	if (!n)
		return 0;
	json_obj(j, NULL);
	put_message(j, "message", t->title);
	json_arr(j, "threadFlows");
	json_obj(j, NULL);
	json_arr(j, "locations");
	for (uint32_t i = 0; i < n; i++) {
		const struct trace_step *s = &t->steps[i];
		struct sb text = {0};

		sb_puts(&text, s->fn ? s->fn : "");
		if (s->text)
			sb_printf(&text, "%s%s", text.n ? ": " : "", s->text);
		json_obj(j, NULL);
		json_obj(j, "location");
		put_location(j, in, &s->at, s->fn, text.s);
		json_end(j);
		json_int(j, "nestingLevel", depth);
		json_str(j, "importance",
			s->role == STEP_SITE || s->role == STEP_ENTRY ? "essential" : "important");
		json_end(j);
		depth += s->role == STEP_CALL || s->role == STEP_JUMP;
		sb_free(&text);
	}
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	return n;
}

static void put_related(struct json *j, const struct report_in *in, uint32_t *id,
	const struct where *at, const char *fn, const char *text)
{
	if (!has_file(at))
		return;
	json_obj(j, NULL);
	json_int(j, "id", (*id)++);
	put_location(j, in, at, fn, text);
	json_end(j);
}

/* Where the task is registered, what else belongs to the proof, the other half of a race. */
static void put_all_related(
	struct json *j, const struct report_in *in, const struct finding *f, uint32_t n)
{
	uint32_t id = 1;

	json_arr(j, "relatedLocations");
	for (uint32_t i = 0; i < n; i++) {
		put_related(
			j, in, &id, &f[i].task_at, NULL, f[i].task ? f[i].task : "registered here");
		for (uint32_t t = 0; t < f[i].ntrace; t++) {
			for (uint32_t k = 0; k < f[i].traces[t].nstep; k++) {
				const struct trace_step *s = &f[i].traces[t].steps[k];
				bool other =
					s->role == STEP_SITE &&
					(s->at.line != f[i].at.line || !s->at.file ||
						!f[i].at.file || strcmp(s->at.file, f[i].at.file));

				if (s->role == STEP_NOTE || other)
					put_related(j, in, &id, &s->at, s->fn,
						s->text ? s->text : f[i].traces[t].title);
			}
		}
	}
	json_end(j);
}

static void put_fingerprints(struct json *j, const struct report_in *in, const struct finding *f)
{
	char hash[40];

	json_obj(j, "partialFingerprints");
	if (f->at.file && line_hash(in->run->root, f->at.file, f->at.line ? f->at.line : 1, hash))
		json_str(j, "primaryLocationLineHash", hash);
	json_str(j, "tvtLint/v1", f->fingerprint);
	json_end(j);
}

static void put_suppressions(struct json *j, const struct finding *f)
{
	json_arr(j, "suppressions");
	if (f->suppressed) {
		json_obj(j, NULL);
		json_str(j, "kind", "inSource");
		json_str(j, "status", "accepted");
		json_str(j, "justification", f->suppressed);
		json_end(j);
	}
	json_end(j);
}

static void put_sentence(struct json *j, const char *key, const char *text)
{
	struct sb s = {0};
	size_t n = strlen(text);

	sb_puts(&s, text);
	if (n && !strchr(".!?", text[n - 1]))
		sb_putc(&s, '.');
	put_message(j, key, s.s);
	sb_free(&s);
}

/* A file's edits are one artifactChange; offsets and lengths are bytes (SARIF 2.1.0, 3.30.11). */
static void put_fixes(struct json *j, const struct finding *f)
{
	const char *file = NULL;
	struct sb uri = {0};

	if (!f->fix)
		return;
	json_arr(j, "fixes");
	json_obj(j, NULL);
	put_sentence(j, "description", f->fix->title);
	json_arr(j, "artifactChanges");
	for (uint32_t i = 0; i < f->fix->nedit; i++) {
		const struct patch *e = &f->fix->edits[i];

		if (!file || strcmp(file, e->file)) {
			if (file) {
				json_end(j);
				json_end(j);
			}
			json_obj(j, NULL);
			json_obj(j, "artifactLocation");
			uri.n = 0;
			put_uri(&uri, file = e->file);
			json_str(j, "uri", uri.s);
			json_str(j, "uriBaseId", "SRCROOT");
			json_end(j);
			json_arr(j, "replacements");
		}
		json_obj(j, NULL);
		json_obj(j, "deletedRegion");
		json_int(j, "byteOffset", e->from);
		json_int(j, "byteLength", e->to - e->from);
		json_end(j);
		json_obj(j, "insertedContent");
		json_str(j, "text", e->text);
		json_end(j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	json_end(j);
	sb_free(&uri);
}

/* n findings that are one result. */
static void put_result(
	struct json *j, const struct report_in *in, const struct finding *f, uint32_t n)
{
	static const double rank[] = {[CONF_LOW] = 25, [CONF_MEDIUM] = 60, [CONF_HIGH] = 95};
	const struct rule_info *rule = rule_info_find(in, f->rule);
	uint32_t room = MAX_STEPS;

	json_obj(j, NULL);
	json_str(j, "ruleId", f->rule);
	if (rule)
		json_int(j, "ruleIndex", rule - in->rules);
	json_str(j, "level", level_word[f->level]);
	json_num(j, "rank", rank[f->confidence]);
	put_result_message(j, f);
	json_arr(j, "locations");
	json_obj(j, NULL);
	put_location(j, in, &f->at, site_fn(f), NULL);
	json_end(j);
	json_end(j);
	put_all_related(j, in, f, n);
	json_arr(j, "codeFlows");
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t t = 0; t < f[i].ntrace; t++)
			room -= put_flow(j, in, &f[i].traces[t], room);
	json_end(j);
	put_fingerprints(j, in, f);
	put_suppressions(j, f);
	put_fixes(j, f);
	/* a silenced one was not compared */
	if (in->run->compared.with && !f->suppressed)
		json_str(j, "baselineState", f->known ? "unchanged" : "new");
	json_obj(j, "properties");
	json_str(j, "confidence", confidence_word[f->confidence]);
	if (f->identity)
		json_str(j, "identity", f->identity);
	json_end(j);
	json_end(j);
}

/* What fits: every result worse than level, and the first part of those of that level. */
struct fit {
	int level;
	uint32_t part, left_out;
};

static struct fit fit_results(const struct report_in *in)
{
	uint32_t per[3] = {0};
	struct fit fit = {LEVEL_ERROR, MAX_RESULTS, 0};

	for (uint32_t i = 0; i < in->nfinding; i++)
		if (has_file(&in->findings[i].at) &&
			(!i || !same_result(&in->findings[i - 1], &in->findings[i])))
			per[in->findings[i].level]++;
	for (; fit.level > LEVEL_NOTE && per[fit.level] <= fit.part; fit.level--)
		fit.part -= per[fit.level];
	for (int l = fit.level; l >= LEVEL_NOTE; l--)
		fit.left_out += per[l];
	fit.left_out -= fit.left_out < fit.part ? fit.left_out : fit.part;
	return fit;
}

static void put_results(struct json *j, const struct report_in *in, uint32_t *left_out)
{
	struct fit fit = fit_results(in);
	uint32_t n;

	*left_out = fit.left_out;
	json_arr(j, "results");
	for (uint32_t i = 0; i < in->nfinding; i += n) {
		const struct finding *f = &in->findings[i];

		for (n = 1; i + n < in->nfinding && same_result(f, f + n);)
			n++;
		if (!has_file(&f->at) || (int)f->level < fit.level ||
			((int)f->level == fit.level && !fit.part))
			continue;
		fit.part -= (int)f->level == fit.level;
		put_result(j, in, f, n);
	}
	json_end(j);
}

/* ---- the tool ---- */

/* blocking-call-in-task -> BlockingCallInTask */
static void put_pascal(struct json *j, const char *key, const char *id)
{
	struct sb name = {0};
	bool up = true;

	for (; *id; id++) {
		if (*id == '-') {
			up = true;
			continue;
		}
		sb_putc(&name, up ? (char)toupper((unsigned char)*id) : *id);
		up = false;
	}
	json_str(j, key, name.s ? name.s : "");
	sb_free(&name);
}

static void put_rule(struct json *j, const struct report_in *in, const struct rule_info *r)
{
	const char *page = in->page ? in->page(r->id) : NULL;

	json_obj(j, NULL);
	json_str(j, "id", r->id);
	put_pascal(j, "name", r->id);
	put_sentence(j, "shortDescription", r->title);
	put_sentence(j, "fullDescription", r->title);
	json_obj(j, "defaultConfiguration");
	json_str(j, "level", level_word[r->level]);
	json_bool(j, "enabled", r->by_default);
	json_end(j);
	json_obj(j, "help");
	json_str(j, "text", page ? page : r->title);
	if (page)
		json_str(j, "markdown", page);
	json_end(j);
	json_obj(j, "properties");
	json_arr(j, "tags");
	json_str(j, NULL, "concurrency");
	json_str(j, NULL, r->family);
	json_end(j);
	json_str(j, "precision", r->by_default ? "high" : "medium");
	json_str(j, "problem.severity",
		r->level == LEVEL_NOTE ? "recommendation" : level_word[r->level]);
	json_end(j);
	json_end(j);
}

static void put_tool(struct json *j, const struct report_in *in)
{
	json_obj(j, "tool");
	json_obj(j, "driver");
	json_str(j, "name", "tvt-lint");
	json_str(j, "semanticVersion", in->run->version);
	json_str(j, "version", in->run->version);
	json_arr(j, "rules");
	for (uint32_t i = 0; i < in->nrule; i++)
		put_rule(j, in, &in->rules[i]);
	json_end(j);
	json_end(j);
	json_end(j);
}

static void put_notification(struct json *j, const char *level, const char *text, const char *file)
{
	json_obj(j, NULL);
	json_str(j, "level", level);
	put_message(j, "message", text);
	if (file && *file) {
		json_arr(j, "locations");
		json_obj(j, NULL);
		json_obj(j, "physicalLocation");
		put_artifact(j, file);
		json_end(j);
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void put_invocation(struct json *j, const struct report_in *in, uint32_t left_out)
{
	const struct run_info *r = in->run;
	struct sb text = {0};

	json_arr(j, "invocations");
	json_obj(j, NULL);
	json_bool(j, "executionSuccessful", in->status != 2);
	json_int(j, "exitCode", in->status);
	json_arr(j, "toolExecutionNotifications");
	for (uint32_t i = 0; i < r->nfailed; i++) {
		text.n = 0;
		sb_printf(&text, "Not analysed, or only in part: %s.", r->failed[i].why);
		put_notification(j, "warning", text.s, r->failed[i].file);
	}
	/* GitHub refuses a result without a location */
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];

		if (has_file(&f->at) || finding_quiet(f))
			continue;
		text.n = 0;
		sb_printf(&text, "%s (%s).", f->message, f->rule);
		put_notification(j, level_word[f->level], text.s, NULL);
	}
	if (r->unresolved) {
		text.n = 0;
		sb_printf(&text, "No target is known for %u of %u indirect calls.", r->unresolved,
			r->icalls);
		put_notification(j, "note", text.s, NULL);
	}
	if (left_out) {
		text.n = 0;
		sb_printf(&text,
			"%u results were left out, the mildest ones: no more than %d are allowed.",
			left_out, MAX_RESULTS);
		put_notification(j, "warning", text.s, NULL);
	}
	json_end(j);
	json_end(j);
	json_end(j);
	sb_free(&text);
}

void write_sarif(const struct report_in *in, struct sb *out)
{
	uint32_t left_out;
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_str(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_str(&j, "version", "2.1.0");
	json_arr(&j, "runs");
	json_obj(&j, NULL);
	put_tool(&j, in);
	json_str(&j, "columnKind", "utf16CodeUnits");
	json_obj(&j, "originalUriBaseIds");
	json_obj(&j, "SRCROOT");
	put_message(&j, "description", "The root of the source tree.");
	json_end(&j);
	json_end(&j);
	put_results(&j, in, &left_out);
	put_invocation(&j, in, left_out);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}
