/* summary.c - the end of a report: what was looked at, what was found, what could not be known,
 * what next. */
#include "ir/ir.h"
#include "report/report_int.h"

enum { SHOWN = 5 }; /* of each kind of complaint, without -v */

static const char *const blind_phrase[BLIND_COUNT][2] = {
	[BLIND_ASM] = {"inline assembly", "inline assemblies"},
	[BLIND_EXPR] = {"unknown expression", "unknown expressions"},
	[BLIND_GOTO] = {"computed goto", "computed gotos"},
	[BLIND_NEST] = {"expression nested too deep", "expressions nested too deep"},
	[BLIND_ERROR] = {"function with errors", "functions with errors"},
	[BLIND_OMP] = {"OpenMP region", "OpenMP regions"},
};

static void put_count(struct sb *out, uint32_t n, const char *one)
{
	sb_printf(out, "%u %s%s", n, one, n == 1 ? "" : "s");
}

static void put_title(const struct report_in *in, struct sb *out, const char *title)
{
	put_painted(in, out, PAINT_BOLD, title);
	sb_puts(out, ": ");
}

static void put_coverage(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	const char *sep = " (";

	put_title(in, out, "analysed");
	sb_printf(out, "%u of ", r->units - r->units_failed);
	put_count(out, r->units, "file");
	if (r->units_cached) {
		sb_printf(out, "%s%u from the cache", sep, r->units_cached);
		sep = ", ";
	}
	if (r->units_errors) {
		sb_printf(out, "%s%u only in part", sep, r->units_errors);
		sep = ", ";
	}
	if (*sep == ',')
		sb_putc(out, ')');
	sb_printf(out, " in %.1f s: ", r->seconds);
	put_count(out, r->entries_task, "task");
	sb_puts(out, ", ");
	put_count(out, r->entries_thread, "thread");
	sb_puts(out, ", ");
	put_count(out, r->loops, "event loop");
	sb_puts(out, ", ");
	put_count(out, r->fns, "function");
	sb_putc(out, '\n');
}

struct tally {
	const char *rule;
	uint32_t n;
};

/* Most first, then by name. */
static int by_count(const void *pa, const void *pb)
{
	const struct tally *a = pa, *b = pb;

	return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : strcmp(a->rule, b->rule);
}

static uint32_t tally_rules(const struct report_in *in, struct tally **out, uint32_t levels[3])
{
	VEC(struct tally) t = {0};
	struct map at = {0};

	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];
		uint32_t *slot;

		if (finding_quiet(f))
			continue;
		levels[f->level]++;
		slot = map_slot(&at, hash_str(f->rule), t.n);
		if (*slot == t.n)
			vec_add(&t, ((struct tally){f->rule, 0}));
		t.v[*slot].n++;
	}
	map_free(&at);
	if (t.n)
		qsort(t.v, t.n, sizeof *t.v, by_count);
	*out = t.v;
	return t.n;
}

static void put_findings(const struct report_in *in, struct sb *out, const struct tally *t,
	uint32_t n, const uint32_t levels[3])
{
	const struct run_info *r = in->run;
	uint32_t total = levels[LEVEL_NOTE] + levels[LEVEL_WARNING] + levels[LEVEL_ERROR];
	const char *sep = ": ";

	put_title(in, out, "found");
	if (!total)
		put_painted(in, out, PAINT_GOOD, "nothing");
	else
		put_count(out, total, "finding");
	for (int l = LEVEL_ERROR; l >= LEVEL_NOTE; l--) {
		if (!levels[l])
			continue;
		sb_puts(out, sep);
		put_count(out, levels[l], level_word[l]);
		sep = ", ";
	}
	sep = "; ";
	if (r->suppressed) {
		sb_printf(out, "%s%u silenced by allow()", sep, r->suppressed);
		sep = ", ";
	}
	if (in->hide_notes && levels[LEVEL_NOTE]) {
		sb_puts(out, sep);
		put_count(out, levels[LEVEL_NOTE], "note");
		sb_puts(out, " not shown (-v)");
		sep = ", ";
	}
	if (r->below_threshold)
		sb_printf(out, "%s%u of low confidence not shown (--all)", sep, r->below_threshold);
	sb_putc(out, '\n');
	for (uint32_t i = 0; i < n; i++) {
		sb_printf(out, "  %5u  ", t[i].n);
		put_escaped(out, t[i].rule);
		sb_putc(out, '\n');
	}
}

static void put_compared(const struct report_in *in, struct sb *out)
{
	const struct compared *c = &in->run->compared;

	if (!c->with)
		return;
	put_title(in, out, "compared");
	sb_puts(out, "with ");
	put_escaped(out, c->with);
	sb_printf(out, ": %u new, %u known and not shown, %u gone\n", c->nnew, c->nknown, c->ngone);
}

/* What was not seen, so that silence is not taken for an answer. */
static void put_unknown(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	struct sb list = {0};

	if (r->icalls)
		sb_printf(&list, ", no target for %u of %u indirect calls (%.1f%%)", r->unresolved,
			r->icalls, 100.0 * r->unresolved / r->icalls);
	if (r->by_type)
		sb_printf(&list, ", %u guessed by type", r->by_type);
	for (int k = 0; k < BLIND_COUNT; k++)
		if (r->blind[k])
			sb_printf(&list, ", %u %s", r->blind[k], blind_phrase[k][r->blind[k] > 1]);
	if (r->shared_left_out)
		sb_puts(&list, ", races and misused locks (a large program: --all looks for them)");
	if (!list.n)
		return;
	put_title(in, out, "not known");
	sb_printf(out, "%s\n", list.s + 2);
	sb_free(&list);
}

static void put_failed(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t shown = in->verbose || r->nfailed <= SHOWN ? r->nfailed : SHOWN;

	for (uint32_t i = 0; i < shown; i++) {
		const struct failed_file *f = &r->failed[i];

		put_title(in, out, "incomplete");
		if (!str_starts(f->why, f->file)) { /* a compiler's message names the file itself */
			put_escaped(out, f->file);
			sb_puts(out, ": ");
		}
		put_escaped(out, f->why);
		sb_putc(out, '\n');
	}
	if (shown < r->nfailed) {
		put_title(in, out, "incomplete");
		sb_printf(out, "%u more files (-v lists them)\n", r->nfailed - shown);
	}
}

/* An allow() that covers nothing hides the next real finding on its line. */
static void put_unused(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t shown =
		in->verbose || r->unused_suppressions <= SHOWN ? r->unused_suppressions : SHOWN;

	for (uint32_t i = 0; i < shown && r->unused; i++) {
		put_title(in, out, "unused");
		sb_putc(out, '\'');
		put_escaped(out, r->unused[i].text);
		if (r->unused[i].why == UNUSED_NO_RULE) {
			sb_puts(out, "' names no rule: '");
			put_escaped(out, r->unused[i].word);
			sb_puts(out, "'");
			if (r->unused[i].near)
				sb_printf(out, " (did you mean '%s'?)", r->unused[i].near);
			sb_puts(out, ", at ");
		} else {
			sb_puts(out, r->unused[i].why == UNUSED_NO_REASON
					     ? "' gives no reason, at "
					     : "' silences nothing, at ");
		}
		put_place(out, &r->unused[i].at);
		sb_putc(out, '\n');
	}
	if (shown < r->unused_suppressions) {
		put_title(in, out, "unused");
		sb_printf(out, "%u more allow() (-v lists them)\n", r->unused_suppressions - shown);
	}
}

/* What a traced run says of the findings. */
static void put_traced(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;

	if (!r->traced)
		return;
	put_title(in, out, "run");
	sb_printf(out, "%u confirmed, %u not observed, %u seen but not found\n", r->nconfirmed, r->nunobserved, r->nseen);
	for (uint32_t i = 0; i < r->nseen && (in->verbose || i < 2 * SHOWN); i++) {
		sb_puts(out, "  seen but not found: ");
		put_place(out, &r->seen[i].at);
		sb_puts(out, ": ");
		put_escaped(out, r->seen[i].text);
		sb_putc(out, '\n');
	}
}

static void put_next(const struct report_in *in, struct sb *out, const struct tally *t, uint32_t n)
{
	const struct run_info *r = in->run;

	put_title(in, out, "next");
	if (r->units_failed || r->units_errors || (!n && !r->loops && !r->entries_task)) {
		sb_puts(out, "tvt-lint doctor");
	} else if (n) {
		sb_puts(out, "tvt-lint explain ");
		put_escaped(out, t[0].rule);
	} else if (r->compared.ngone && str_starts(r->compared.with, "the baseline")) {
		sb_puts(out, "tvt-lint baseline prune");
	} else {
		sb_puts(out, "tvt-lint rules");
	}
	sb_putc(out, '\n');
}

void put_summary(const struct report_in *in, struct sb *out)
{
	uint32_t levels[3] = {0}, n;
	struct tally *t;

	n = tally_rules(in, &t, levels);
	put_coverage(in, out);
	put_findings(in, out, t, n, levels);
	put_compared(in, out);
	put_unknown(in, out);
	put_failed(in, out);
	put_unused(in, out);
	put_traced(in, out);
	put_next(in, out, t, n);
	free(t);
}
