/* json.c - every detail of every finding, in a schema of its own that stays: findings.schema.json.
 * A field is never renamed or removed while "version" is the same; readers must let pass fields
 * that they do not know.
 *
 * No times and no absolute root: two runs over the same code are the same bytes.
 */
#include "report/report_int.h"

static const char *const role_word[] = {
	[STEP_ENTRY] = "entry",
	[STEP_REGISTERED] = "registered",
	[STEP_CALL] = "call",
	[STEP_JUMP] = "jump",
	[STEP_SITE] = "site",
	[STEP_NOTE] = "note",
};

static void put_text(struct json *j, const char *key, const char *val)
{
	if (val)
		json_str(j, key, val);
}

static void put_where(struct json *j, const struct where *at)
{
	if (!has_file(at))
		return;
	json_str(j, "file", at->file);
	if (!at->line)
		return;
	json_int(j, "line", at->line);
	if (at->col)
		json_int(j, "column", at->col);
	if (at->end_line)
		json_int(j, "end_line", at->end_line);
	if (at->end_col)
		json_int(j, "end_column", at->end_col);
	put_text(j, "macro", at->macro);
}

static void put_list(struct json *j, const char *key, const char *const *s, uint32_t n)
{
	if (!n)
		return;
	json_arr(j, key);
	for (uint32_t i = 0; i < n; i++)
		json_str(j, NULL, s[i]);
	json_end(j);
}

static void put_traces(struct json *j, const struct finding *f)
{
	json_arr(j, "traces");
	for (uint32_t i = 0; i < f->ntrace; i++) {
		const struct trace *t = &f->traces[i];

		json_obj(j, NULL);
		json_str(j, "title", t->title);
		json_arr(j, "steps");
		for (uint32_t k = 0; k < t->nstep; k++) {
			const struct trace_step *s = &t->steps[k];

			json_obj(j, NULL);
			json_str(j, "role", role_word[s->role]);
			put_text(j, "function", s->fn);
			put_text(j, "text", s->text);
			put_where(j, &s->at);
			json_end(j);
		}
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void put_finding(struct json *j, const struct finding *f, bool compared)
{
	json_obj(j, NULL);
	json_str(j, "rule", f->rule);
	json_str(j, "level", level_word[f->level]);
	json_str(j, "confidence", confidence_word[f->confidence]);
	put_where(j, &f->at);
	json_str(j, "message", f->message);
	put_text(j, "label", f->label);
	if (f->task) {
		json_obj(j, "task");
		json_str(j, "text", f->task);
		put_where(j, &f->task_at);
		json_end(j);
	}
	put_list(j, "instead", f->insteads, f->ninstead);
	put_list(j, "notes", f->notes, f->nnote);
	put_traces(j, f);
	if (f->fix) {
		json_obj(j, "fix");
		json_str(j, "title", f->fix->title);
		json_arr(j, "edits");
		for (uint32_t i = 0; i < f->fix->nedit; i++) {
			json_obj(j, NULL);
			json_str(j, "file", f->fix->edits[i].file);
			json_int(j, "from", f->fix->edits[i].from);
			json_int(j, "to", f->fix->edits[i].to);
			json_str(j, "text", f->fix->edits[i].text);
			json_end(j);
		}
		json_end(j);
		json_end(j);
	}
	json_int(j, "other_chains", f->nother);
	put_text(j, "identity", f->identity);
	json_str(j, "fingerprint", f->fingerprint);
	put_text(j, "suppressed", f->suppressed);
	if (compared && !f->suppressed)
		json_str(j, "state", f->known ? "known" : "new");
	json_end(j);
}

static void put_run(struct json *j, const struct run_info *r)
{
	json_obj(j, "summary");
	json_int(j, "files", r->units);
	json_int(j, "files_failed", r->units_failed);
	json_int(j, "files_with_errors", r->units_errors);
	json_int(j, "functions", r->fns);
	json_int(j, "tasks", r->entries_task);
	json_int(j, "threads", r->entries_thread);
	json_int(j, "event_loops", r->loops);
	json_int(j, "indirect_calls", r->icalls);
	json_int(j, "indirect_calls_unresolved", r->unresolved);
	json_int(j, "indirect_calls_by_type", r->by_type);
	json_int(j, "suppressed", r->suppressed);
	json_int(j, "suppressions_unused", r->unused_suppressions);
	json_int(j, "low_confidence_hidden", r->below_threshold);
	if (r->shared_left_out)
		json_bool(j, "shared_state_left_out", true);
	if (r->compared.with) {
		json_obj(j, "compared");
		json_str(j, "with", r->compared.with);
		json_int(j, "new", r->compared.nnew);
		json_int(j, "known", r->compared.nknown);
		json_int(j, "gone", r->compared.ngone);
		json_end(j);
	}
	json_arr(j, "failed");
	for (uint32_t i = 0; i < r->nfailed; i++) {
		json_obj(j, NULL);
		json_str(j, "file", r->failed[i].file);
		json_str(j, "why", r->failed[i].why);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void write_json(const struct report_in *in, struct sb *out)
{
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_int(&j, "version", 1);
	json_obj(&j, "tool");
	json_str(&j, "name", "tvt-lint");
	json_str(&j, "version", in->run->version);
	json_end(&j);
	json_int(&j, "exit_status", in->status);
	put_run(&j, in->run);
	json_arr(&j, "findings");
	for (uint32_t i = 0; i < in->nfinding; i++)
		put_finding(&j, &in->findings[i], in->run->compared.with != NULL);
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}
