/* print.c - the table for people. */
#include "base/base.h"
#include "runtime/trace/tracefile.h"

static void put_ms(struct sb *b, uint64_t ns)
{
	double ms = (double)ns / 1e6;

	sb_printf(b, ms < 9.95 ? "%.2f" : ms < 99.5 ? "%.1f" : "%.0f", ms);
}

static void put_text(struct sb *b, const char *s)
{
	sb_put_visible(b, s, strlen(s));
}

/* src/server.c:42, below the working directory without it; or redis-server+0x1234. */
static void put_place(struct sb *b, const struct tracefile_frame *f, const char *cwd)
{
	if (f->file) {
		put_text(b, path_under(cwd, f->file));
		sb_printf(b, ":%u", f->line);
	} else if (f->module[0]) {
		put_text(b, path_base(f->module));
		sb_printf(b, "+0x%llx", (unsigned long long)f->addr);
	} else {
		sb_printf(b, "0x%llx", (unsigned long long)f->addr);
	}
}

static void put_function(struct sb *b, const struct tracefile_frame *f, const char *cwd)
{
	if (f->fn) {
		put_text(b, f->fn);
		sb_puts(b, " (");
		put_place(b, f, cwd);
		sb_putc(b, ')');
	} else {
		put_place(b, f, cwd);
	}
}

static void put_headline(struct sb *b, const struct tracefile_record *r)
{
	switch (r->kind) {
	case TF_CALL:
		sb_printf(b, "'%s' blocked the loop", r->call);
		break;
	case TF_LOCK:
		sb_printf(b, "'%s' waited for a lock", r->call);
		break;
	case TF_HOLD:
		sb_puts(b, "a lock that a loop waited for was held");
		break;
	case TF_LONG:
		sb_puts(b, "a turn over budget was computing here");
		break;
	case TF_ASLEEP:
		sb_puts(b, "a turn over budget slept here, in no known call");
		break;
	case TF_START:
		sb_printf(b, "'%s' started a thread", r->call);
		break;
	}
	if (r->what) {
		sb_puts(b, " (");
		put_text(b, r->what);
		sb_putc(b, ')');
	}
}

static void print_record(const struct tracefile *t, const struct tracefile_record *r,
	const char *cwd, bool all, FILE *out)
{
	struct sb b = {0};
	const struct tracefile_thread *th = &t->threads[r->thread];

	sb_printf(&b, "%8llu  ", (unsigned long long)r->count);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t v[] = {r->total_ns, r->max_ns, r->p99_ns};
		size_t before = b.n;

		put_ms(&b, v[i]);
		if (b.n - before < 8) { /* right-align */
			size_t pad = 8 - (b.n - before);

			for (size_t k = 0; k < pad; k++)
				sb_putc(&b, ' ');
			memmove(b.s + before + pad, b.s + before, b.n - pad - before);
			memset(b.s + before, ' ', pad);
		}
		sb_puts(&b, "  ");
	}
	if (r->nframe)
		put_place(&b, &r->frames[r->site], cwd);
	sb_puts(&b, ": ");
	put_headline(&b, r);
	if (r->unfinished)
		sb_puts(&b, "; it had not returned at the end");
	sb_printf(&b, "\n%46s", "");
	if (r->site < r->nframe && r->frames[r->site].fn)
		sb_puts(&b, "in "), put_text(&b, r->frames[r->site].fn);
	if (r->site && r->frames[0].fn)
		sb_puts(&b, ", through "), put_text(&b, r->frames[0].fn);
	if (r->callback < r->nframe && r->callback != r->site)
		sb_puts(&b, ", called back at "), put_function(&b, &r->frames[r->callback], cwd);
	sb_puts(&b, "; thread ");
	put_text(&b, th->name);
	if (r->nthread > 1)
		sb_printf(&b, " and %u more", r->nthread - 1);
	if (r->held_by)
		sb_puts(&b, "; held by thread "), put_text(&b, r->held_by);
	sb_putc(&b, '\n');
	if (all)
		for (uint32_t i = 0; i < r->nframe; i++) {
			sb_printf(&b, "%46s#%-2u ", "", i);
			put_function(&b, &r->frames[i], cwd);
			sb_puts(&b, r->frames[i].inlined ? " inlined\n" : "\n");
		}
	fwrite(b.s, 1, b.n, out);
	sb_free(&b);
}

static void print_loop(
	const struct tracefile *t, const struct tracefile_loop *l, const char *cwd, FILE *out)
{
	const struct tracefile_process *p = &t->processes[l->process];
	struct sb b = {0};

	sb_puts(&b, l->worker ? "worker: " : "loop: ");
	sb_printf(&b, "'%s' at ", l->call);
	if (l->nframe)
		put_function(&b, &l->frames[l->site], cwd);
	sb_puts(&b, ", thread ");
	put_text(&b, t->threads[l->thread].name);
	sb_printf(&b, " of %u ", p->pid);
	put_text(&b, path_base(p->exe));
	sb_printf(&b, "\n      %llu turns; in ms: mean ", (unsigned long long)l->turns);
	put_ms(&b, l->turns ? l->total_ns / l->turns : 0);
	sb_puts(&b, ", p50 "), put_ms(&b, l->p50_ns);
	sb_puts(&b, ", p99 "), put_ms(&b, l->p99_ns);
	sb_puts(&b, ", longest "), put_ms(&b, l->max_ns);
	if (l->over) {
		sb_printf(&b, "; %llu over the budget of ", (unsigned long long)l->over);
		put_ms(&b, t->budget_ns);
		sb_printf(&b, ", %llu of them mostly in calls below",
			(unsigned long long)l->over_called);
	}
	sb_putc(&b, '\n');
	if (l->checked) {
		sb_printf(&b,
			"      of %llu turns that were checked: %.0f %% of the time on the "
			"processor",
			(unsigned long long)l->checked,
			l->checked_ns ? 100. * (double)l->cpu_ns / (double)l->checked_ns : 0.);
		if (l->page_waits)
			sb_printf(&b, ", %llu pages waited for", (unsigned long long)l->page_waits);
		if (l->asleep) {
			sb_printf(&b, ", %llu slept in no known call, ",
				(unsigned long long)l->asleep);
			put_ms(&b, l->asleep_ns);
			sb_puts(&b, " ms in all");
		}
		sb_putc(&b, '\n');
	}
	fwrite(b.s, 1, b.n, out);
	sb_free(&b);
}

void tracefile_print(const struct tracefile *t, FILE *out, bool all)
{
	struct arena *a = arena_new();
	const char *cwd = path_cwd(a);
	uint32_t nloop = 0, nfinding = 0, hidden = 0;
	uint64_t lost = 0;

	for (uint32_t i = 0; i < t->nloop; i++) {
		nloop += !t->loops[i].worker;
		if (all || (!t->loops[i].worker && t->loops[i].turns))
			print_loop(t, &t->loops[i], cwd, out);
	}
	for (uint32_t i = 0; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];
		bool finding = !r->worker && r->kind != TF_START;

		nfinding += finding;
		hidden += r->worker;
		if (!finding && !all)
			continue;
		if (nfinding + !finding == 1)
			fprintf(out, "\n   count  total ms       max       p99\n");
		print_record(t, r, cwd, all, out);
	}
	for (uint32_t i = 0; i < t->nprocess; i++)
		lost += t->processes[i].lost;
	fprintf(out, "\n%u process%s, %u loop%s, %u place%s\n", t->nprocess,
		t->nprocess == 1 ? "" : "es", nloop, nloop == 1 ? "" : "s", nfinding,
		nfinding == 1 ? "" : "s");
	if (t->nbad)
		fprintf(out, "%u of %u process files could not be used\n", t->nbad, t->nfile);
	if (lost)
		fprintf(out, "%llu records had no room and are missing\n",
			(unsigned long long)lost);
	if (hidden && !all)
		fprintf(out, "%u places in worker threads are left out: --all shows them\n",
			hidden);
	if (!nloop)
		fprintf(out, "no loop was seen: no thread came back to wait twice at one place for "
			     "more than one descriptor\n");
	arena_free(a);
}
