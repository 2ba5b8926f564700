/* cmd_confirm.c - what a run under ThreadSanitizer, Helgrind or DRD says of the findings.
 *
 * A report of the run and a finding are one if each stack of the report ends at a place that the finding names: the
 * innermost frame that lies in a source of the program, in the same file and line. Of a race one place is enough, or a
 * line beside it (a statement may be spread over lines), if the variable is the one that the finding is about.
 * Files are compared from their ends: the program may have been built elsewhere, and valgrind tells names alone.
 */
#include "cli/cli.h"
#include "cli/runlog.h"

#include <stdlib.h>

static const struct {
	const char *rule;
	enum run_kind kind;
} families[] = {
	{"atomic-mixed-access", RUN_RACE},
	{"check-then-act", RUN_RACE},
	{"inconsistent-lock", RUN_RACE},
	{"non-reentrant-call", RUN_RACE},
	{"thread-argument-outlives-stack", RUN_RACE},
	{"unlocked-shared-state", RUN_RACE},
	{"volatile-as-synchronisation", RUN_RACE},
	{"lock-order-cycle", RUN_ORDER},
	{"double-lock", RUN_MISUSE},
	{"lock-not-released", RUN_MISUSE},
	{"signal-without-state-change", RUN_MISUSE},
	{"unlock-without-lock", RUN_MISUSE},
	{"unsafe-call-in-signal-handler", RUN_MISUSE},
};

static int family(const struct finding *f)
{
	for (size_t i = 0; i < COUNT(families); i++)
		if (!strcmp(f->rule, families[i].rule))
			return (int)families[i].kind;
	return -1;
}

/* ---- places ---- */

static bool same_file(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	const char *longer = n > m ? a : b, *shorter = n > m ? b : a;
	size_t k = n > m ? n - m : m - n;
	return !strcmp(longer + k, shorter) && (k == 0 || longer[k - 1] == '/');
}

static bool of_program(const struct analysis *a, const char *file)
{
	const struct ir *ir = a->p->ir;
	for (uint32_t i = 0; i < ir->nfiles; i++)
		if (!(ir->files[i].flags & FILE_SYSTEM) && same_file(ir_text_of(ir, ir->files[i].path), file))
			return true;
	return false;
}

/* The innermost frame in the program's own sources, or NULL. */
static const struct run_frame *place(const struct analysis *a, const struct run_stack *s)
{
	for (uint32_t i = 0; i < s->frames.n; i++)
		if (s->frames.v[i].file && of_program(a, s->frames.v[i].file))
			return &s->frames.v[i];
	return NULL;
}

static bool at(const struct where *w, const struct run_frame *fr, uint32_t lines)
{
	uint32_t d = fr->line > w->line ? fr->line - w->line : w->line - fr->line;
	return w->file && d <= lines && same_file(w->file, fr->file);
}

/* Does the finding name a place so many lines from the frame's at most? */
static bool names(const struct finding *f, const struct run_frame *fr, uint32_t lines)
{
	if (at(&f->at, fr, lines))
		return true;
	for (uint32_t t = 0; t < f->ntrace; t++)
		for (uint32_t k = 0; k < f->traces[t].nstep; k++)
			if (f->traces[t].steps[k].role == STEP_SITE && at(&f->traces[t].steps[k].at, fr, lines))
				return true;
	return false;
}

/* Is the finding about that variable, or a part of it? */
static bool about(const struct finding *f, const char *object)
{
	const char *at = object ? strstr(f->message, object) : NULL;
	for (; at; at = strstr(at + 1, object)) {
		char end = at[strlen(object)];
		if (at > f->message && at[-1] == '\'' && (end == '\'' || end == '.' || end == '['))
			return true;
	}
	return false;
}

static bool matches(const struct analysis *a, const struct finding *f, const struct run_report *r)
{
	uint32_t known = 0, named = 0;
	if (family(f) != (int)r->kind)
		return false;
	bool same = r->kind == RUN_RACE && about(f, r->object);
	for (uint32_t i = 0; i < r->stacks.n; i++) {
		const struct run_frame *fr = place(a, &r->stacks.v[i]);
		known += fr != NULL;
		named += fr && names(f, fr, same ? 1 : 0);
	}
	return named && (named == known || same);
}

/* ---- words ---- */

static const char *place_text(struct analysis *a, const struct run_report *r, uint32_t i)
{
	const struct run_frame *fr = place(a, &r->stacks.v[i]);
	if (!fr)
		return "";
	const char *what = r->stacks.v[i].what;
	return arena_printf(a->mem, "%s%s in '%s' at %s:%u", *what ? "a " : "one", what, fr->fn, path_under(a->db->root, fr->file),
		fr->line);
}

/* What two reports must share to be told once. */
static uint64_t key(const struct analysis *a, const struct run_report *r)
{
	uint64_t h = hash_mix(r->kind, hash_str(r->title));
	for (uint32_t i = 0; i < r->stacks.n; i++) {
		const struct run_frame *fr = place(a, &r->stacks.v[i]);
		h += fr ? hash_mix(hash_str(path_base(fr->file)), fr->line) : 1;
	}
	return h;
}

static void add_seen(struct analysis *a, const struct run_report *r, uint32_t count)
{
	struct seen *s = &a->run.seen[a->run.nseen++];
	const struct run_frame *fr = r->stacks.n ? place(a, &r->stacks.v[0]) : NULL;
	const char *second = r->stacks.n > 1 ? place_text(a, r, 1) : "";

	if (!fr && r->stacks.n && r->stacks.v[0].frames.n)
		fr = &r->stacks.v[0].frames.v[0];
	s->at = (struct where){.file = fr && fr->file ? arena_strdup(a->mem, path_under(a->db->root, fr->file)) : "?",
		.line = fr ? fr->line : 0,
		.col = 1,
		.end_line = fr ? fr->line : 0,
		.end_col = 2};
	s->text = arena_printf(a->mem, "%s%s%s%s%s%s%s%s%s%s", r->title, r->object ? " on '" : "", r->object ? r->object : "",
		r->object ? "'" : "", r->stacks.n && *r->stacks.v[0].what ? ", a " : "", r->stacks.n ? r->stacks.v[0].what : "",
		fr ? arena_printf(a->mem, " in '%s'", fr->fn) : "", *second ? ", beside " : "", second,
		count > 1 ? arena_printf(a->mem, " (%u times)", count) : "");
}

/* ---- joining ---- */

static bool is_default(const struct analysis *a, const struct finding *f)
{
	for (uint32_t i = 0; i < a->nrule; i++)
		if (!strcmp(a->rules[i].id, f->rule))
			return a->rules[i].by_default;
	return true;
}

/* Confirmed findings first, and sure from now on. Of the others those that would be shown without a run. */
static void join(struct analysis *a, const struct runlog *log, bool *used, const struct cli *c)
{
	struct finding *rest = xcalloc(a->nfinding + 1, sizeof *rest);
	uint32_t n = 0, nrest = 0;

	for (uint32_t i = 0; i < a->nfinding; i++) {
		struct finding f = a->findings[i];
		const char *tool = NULL;
		uint32_t count = 0;

		for (uint32_t k = 0; k < log->reports.n; k++) {
			if (!matches(a, &f, &log->reports.v[k]))
				continue;
			used[k] = true;
			tool = log->reports.v[k].tool;
			count++;
		}
		if (count) {
			f.confidence = CONF_HIGH;
			finding_note(&f, a->mem, arena_printf(a->mem, "confirmed by a run: %s reported it %u time%s", tool, count, count == 1 ? "" : "s"));
			a->run.nconfirmed++;
			a->findings[n++] = f;
		} else if (c->every || (f.confidence >= c->pipe.confidence && is_default(a, &f))) {
			if (family(&f) >= 0) {
				finding_note(&f, a->mem, "not observed in the run");
				a->run.nunobserved++;
			}
			rest[nrest++] = f;
		}
	}
	if (nrest)
		memcpy(a->findings + n, rest, nrest * sizeof *rest);
	a->nfinding = n + nrest;
	free(rest);
}

int confirm_join(struct analysis *a, const struct cli *c)
{
	struct runlog log = {.mem = a->mem};
	struct map times = {0};
	int rc = 0;

	for (uint32_t i = 0; i < c->nrunlog && rc == 0; i++) {
		char *text;
		size_t size;
		bool lines;

		log.known = false;
		rc = fs_read(c->runlogs[i], &text, &size);
		if (rc < 0)
			break;
		runlog_parse(&log, text);
		free(text);
		lines = false;
		for (uint32_t k = 0; k < log.reports.n; k++)
			for (uint32_t t = 0; t < log.reports.v[k].stacks.n; t++)
				lines |= place(a, &log.reports.v[k].stacks.v[t]) != NULL;
		if (log.known && log.reports.n && !lines)
			warn("%s: no place in it is in a source of this program; was it built with -g?", c->runlogs[i]);
		if (!log.known)
			warn("%s: nothing of ThreadSanitizer, Helgrind or DRD is in it", c->runlogs[i]);
	}
	if (rc == 0) {
		bool *used = xcalloc(log.reports.n + 1, sizeof *used);

		join(a, &log, used, c);
		a->run.traced = true;
		a->run.seen = arena_alloc(a->mem, (log.reports.n + 1) * sizeof *a->run.seen);
		for (uint32_t k = 0; k < log.reports.n; k++)
			if (!used[k])
				++*map_slot(&times, key(a, &log.reports.v[k]), 0);
		for (uint32_t k = 0; k < log.reports.n; k++) {
			uint32_t *count = used[k] ? NULL : map_slot(&times, key(a, &log.reports.v[k]), 0);

			if (count && *count)
				add_seen(a, &log.reports.v[k], *count);
			if (count)
				*count = 0;
		}
		free(used);
	}
	map_free(&times);
	runlog_free(&log);
	return rc;
}

int cmd_confirm(const struct cli *c)
{
	struct cli confirming = *c;

	if (!c->nrunlog) {
		error("confirm by which run? --tsan LOG");
		return EXIT_TROUBLE;
	}
	/* a run may confirm what is otherwise too doubtful to be shown */
	confirming.every = c->pipe.all;
	confirming.pipe.all = true;
	return cmd_check(&confirming);
}
