/* trace_join.c - what a traced run says of the findings.
 *
 * A record of the tracer and a finding are one if the innermost frame with source is at the finding's line, or on the
 * line before or behind it (a call may be spread over lines), in the same file, and the function called is the one the
 * finding names. A turn that computed for long is a finding of the cpu family if one of its frames is in the function
 * that the finding is in, at or behind its line. Files are compared from their ends: the program may have been built
 * elsewhere. Records are of loops' turns, so what is said of a pool's threads is never one of them.
 */
#include "cli/cli.h"
#include "rule/api/rule.h"

#include <stdlib.h>

#ifdef TVT_HAS_TRACE
#include "runtime/trace/tracefile.h"

static bool same_file(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	const char *longer = n > m ? a : b, *shorter = n > m ? b : a;
	size_t k = n > m ? n - m : m - n;
	return !strcmp(longer + k, shorter) && (k == 0 || longer[k - 1] == '/');
}

/* Findings that a run can show: a call that waits, a loop that computes, in a task. */
enum shown { SHOWN_NOT, SHOWN_CALL, SHOWN_COMPUTING };

static enum shown shown_by(const struct finding *f)
{
	const struct rule *rule = rule_find(f->rule);
	if (rule && !strcmp(rule->family, "cpu") && f->task)
		return SHOWN_COMPUTING;
	if (!strcmp(f->rule, "blocking-call-in-task") || str_starts(f->rule, "lock-wait") || str_starts(f->rule, "sync-call"))
		return SHOWN_CALL;
	return SHOWN_NOT;
}

static bool counts(const struct tracefile_record *r)
{
	return (r->kind == TF_CALL || r->kind == TF_LOCK || r->kind == TF_LONG) && !r->doubtful && !r->worker && r->nframe;
}

static bool is_call(const struct finding *f, const struct tracefile_record *r)
{
	char quoted[256];
	snprintf(quoted, sizeof quoted, "'%s'", r->call);
	for (uint32_t i = 0; i < r->nframe && i <= r->site; i++) {
		const struct tracefile_frame *fr = &r->frames[i];
		if (!fr->file || !same_file(fr->file, f->at.file))
			continue;
		uint32_t d = fr->line > f->at.line ? fr->line - f->at.line : f->at.line - fr->line;
		if (d <= 1 && (d == 0 || !*r->call || strstr(f->message, quoted)))
			return true;
	}
	return false;
}

/* Where the finding is: the last step of its chain. */
static const char *function_of(const struct finding *f)
{
	for (uint32_t i = f->ntrace ? f->traces[0].nstep : 0; i-- > 0;)
		if (f->traces[0].steps[i].role == STEP_SITE)
			return f->traces[0].steps[i].fn;
	return NULL;
}

static bool is_computing(const struct finding *f, const struct tracefile_record *r)
{
	const char *fn = function_of(f);
	for (uint32_t i = 0; fn && r->kind == TF_LONG && i < r->nframe && (r->callback == TRACEFILE_NONE || i <= r->callback); i++) {
		const struct tracefile_frame *fr = &r->frames[i];
		if (fr->file && fr->fn && fr->line >= f->at.line && !strcmp(fr->fn, fn) && same_file(fr->file, f->at.file))
			return true;
	}
	return false;
}

static bool matches(const struct finding *f, const struct tracefile_record *r)
{
	switch (shown_by(f)) {
	case SHOWN_CALL:
		return is_call(f, r);
	case SHOWN_COMPUTING:
		return is_computing(f, r);
	default:
		return false;
	}
}

static const char *time_text(struct analysis *a, uint64_t ns)
{
	if (ns >= 1000000000)
		return arena_printf(a->mem, "%.2f s", (double)ns * 1e-9);
	return ns >= 1000000 ? arena_printf(a->mem, "%.0f ms", (double)ns * 1e-6) : arena_printf(a->mem, "%.0f us", (double)ns * 1e-3);
}

struct ranked {
	struct finding f;
	uint64_t total;
	uint32_t at;
};

static int by_cost(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* The record's place and what happened there. */
static void add_seen(struct analysis *a, const struct tracefile_record *r)
{
	const struct tracefile_frame *fr = &r->frames[r->site];
	const char *in = r->callback != TRACEFILE_NONE && r->frames[r->callback].fn ? r->frames[r->callback].fn : NULL;
	struct seen *s = &a->run.seen[a->run.nseen++];

	s->at = (struct where){.file = fr->file ? path_under(a->db->root, fr->file) : fr->module ? fr->module : "?",
		.line = fr->line,
		.col = fr->col,
		.end_line = fr->line,
		.end_col = fr->col + 1};
	s->at.file = arena_strdup(a->mem, s->at.file);
	s->text = arena_printf(a->mem, "%s%s%s %llu time%s%s%s%s, at most %s", *r->call ? "'" : "",
		*r->call ? r->call : "a long turn", *r->call ? "'" : "", (unsigned long long)r->count, r->count == 1 ? "" : "s",
		in ? " in '" : "", in ? in : "", in ? "'" : "", time_text(a, r->max_ns));
}

int trace_join(struct analysis *a, const char *file)
{
	struct tracefile *t = tracefile_load(file);
	if (!t)
		return -1;
	struct ranked *all = xcalloc(a->nfinding + 1, sizeof *all);
	bool *used = xcalloc(t->nrecord + 1, 1);

	for (uint32_t i = 0; i < a->nfinding; i++) {
		uint64_t count = 0, max = 0;
		all[i] = (struct ranked){.f = a->findings[i], .at = i};
		for (uint32_t k = 0; k < t->nrecord; k++) {
			const struct tracefile_record *r = &t->records[k];
			if (!counts(r) || !matches(&all[i].f, r))
				continue;
			used[k] = true;
			count += r->count;
			all[i].total += r->total_ns;
			max = r->max_ns > max ? r->max_ns : max;
		}
		if (count) {
			finding_note(&all[i].f, a->mem, arena_printf(a->mem, "confirmed by a run: %llu time%s, at most %s, %s in all", (unsigned long long)count,
					count == 1 ? "" : "s", time_text(a, max), time_text(a, all[i].total)));
			a->run.nconfirmed++;
		} else if (shown_by(&all[i].f)) {
			finding_note(&all[i].f, a->mem, "not observed in the run");
			a->run.nunobserved++;
		}
	}
	if (a->nfinding)
		qsort(all, a->nfinding, sizeof *all, by_cost);
	for (uint32_t i = 0; i < a->nfinding; i++)
		a->findings[i] = all[i].f;
	a->run.traced = true;
	a->run.seen = arena_alloc(a->mem, (t->nrecord + 1) * sizeof *a->run.seen);
	for (uint32_t k = 0; k < t->nrecord; k++)
		if (counts(&t->records[k]) && !used[k])
			add_seen(a, &t->records[k]);
	free(all);
	free(used);
	tracefile_free(t);
	return 0;
}
#else
int trace_join(struct analysis *a, const char *file)
{
	return error("%s: this tvt-lint was built without the tracer", file);
}
#endif
