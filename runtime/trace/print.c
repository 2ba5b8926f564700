/* print.c - the table for people. */
#include "base/base.h"
#include "runtime/trace/tracefile.h"

struct printer {
	const struct tracefile *t;
	struct arena *arena;
	const char *cwd;
	uint32_t process; /* that the frames to be printed are of */
	bool all;
	FILE *out;
	struct sb b; /* the line in the making */
};

static void flush(struct printer *p)
{
	if (p->b.n)
		fwrite(p->b.s, 1, p->b.n, p->out);
	p->b.n = 0;
}

static void put_ms(struct sb *b, uint64_t ns)
{
	double ms = (double)ns / 1e6;

	sb_printf(b, ms < 9.995 ? "%.2f" : ms < 99.95 ? "%.1f" : "%.0f", ms);
}

/* A number, and up to three times, in columns. */
static void put_columns(struct printer *p, uint64_t count, const uint64_t *ns, unsigned n)
{
	char num[32];

	sb_printf(&p->b, "%8llu", (unsigned long long)count);
	for (unsigned i = 0; i < n; i++) {
		struct sb ms = {0};

		put_ms(&ms, ns[i]);
		snprintf(num, sizeof num, "%10s", ms.s);
		sb_puts(&p->b, num);
		sb_free(&ms);
	}
	sb_puts(&p->b, "  ");
}

static void put_text(struct printer *p, const char *s)
{
	sb_put_visible(&p->b, s, strlen(s));
}

/* The name that a program was called by says more than that of the file behind a symbolic link. */
static const char *module_name(const struct printer *p, const struct tracefile_frame *f)
{
	const struct tracefile_process *proc = &p->t->processes[p->process];
	const char *end = strpbrk(proc->args, " :");

	if (strcmp(f->module, proc->exe) != 0 || !proc->args[0])
		return path_base(f->module);
	return path_base(arena_strndup(
		p->arena, proc->args, end ? (size_t)(end - proc->args) : strlen(proc->args)));
}

/* src/server.c:42, below the working directory without it; or redis-server+0x1234. */
static void put_place(struct printer *p, const struct tracefile_frame *f)
{
	if (f->file) {
		put_text(p, path_under(p->cwd, f->file));
		sb_printf(&p->b, ":%u", f->line);
	} else if (f->module[0]) {
		put_text(p, module_name(p, f));
		sb_printf(&p->b, "+0x%llx", (unsigned long long)f->addr);
	} else {
		sb_printf(&p->b, "0x%llx", (unsigned long long)f->addr);
	}
}

static void put_function(struct printer *p, const struct tracefile_frame *f)
{
	if (f->fn) {
		put_text(p, f->fn);
		sb_puts(&p->b, " (");
		put_place(p, f);
		sb_putc(&p->b, ')');
	} else {
		put_place(p, f);
	}
}

static void put_headline(struct printer *p, const struct tracefile_record *r)
{
	switch (r->kind) {
	case TF_CALL:
		sb_printf(&p->b, "'%s' blocked the loop", r->call);
		break;
	case TF_LOCK:
		sb_printf(&p->b, "'%s' waited for a lock", r->call);
		break;
	case TF_HOLD:
		sb_puts(&p->b, "a lock that a loop waited for was held");
		break;
	case TF_START:
		sb_printf(&p->b, "'%s' started a thread", r->call);
		break;
	case TF_LONG:
	case TF_ASLEEP:
		break; /* printed by callback */
	}
	if (r->what) {
		sb_puts(&p->b, " (");
		put_text(p, r->what);
		sb_putc(&p->b, ')');
	}
}

static void put_stack(struct printer *p, const struct tracefile_record *r)
{
	for (uint32_t i = 0; i < r->nframe; i++) {
		sb_printf(&p->b, "%40s#%-2u ", "", i);
		put_function(p, &r->frames[i]);
		sb_puts(&p->b, r->frames[i].inlined ? " inlined\n" : "\n");
	}
}

static void put_thread(struct printer *p, const struct tracefile_record *r)
{
	sb_puts(&p->b, "thread ");
	put_text(p, p->t->threads[r->thread].name);
	if (r->nthread > 1)
		sb_printf(&p->b, " and %u more", r->nthread - 1);
}

static void print_record(struct printer *p, const struct tracefile_record *r)
{
	const uint64_t ns[] = {r->total_ns, r->max_ns, r->p99_ns};
	const struct tracefile_frame *site = r->site < r->nframe ? &r->frames[r->site] : NULL;

	p->process = r->process;
	put_columns(p, r->count, ns, COUNT(ns));
	if (site)
		put_place(p, site);
	sb_puts(&p->b, ": ");
	put_headline(p, r);
	if (r->unfinished)
		sb_puts(&p->b, "; it had not returned at the end");
	sb_printf(&p->b, "\n%40s", "");
	if (site && site->fn) {
		sb_puts(&p->b, "in ");
		put_text(p, site->fn);
		sb_puts(&p->b, ", ");
	}
	if (r->site && r->frames[0].fn) {
		sb_puts(&p->b, "through ");
		put_text(p, r->frames[0].fn);
		sb_puts(&p->b, ", ");
	}
	if (r->callback < r->nframe && r->callback != r->site) {
		sb_puts(&p->b, "called back at ");
		put_function(p, &r->frames[r->callback]);
		sb_puts(&p->b, ", ");
	}
	put_thread(p, r);
	if (r->held_by) {
		sb_puts(&p->b, ", held by thread ");
		put_text(p, r->held_by);
	}
	if (r->doubtful)
		sb_puts(&p->b, "; doubtful: it was not seen to wait");
	sb_putc(&p->b, '\n');
	if (p->all)
		put_stack(p, r);
	flush(p);
}

/* ---- long turns, by callback ---- */

static const struct tracefile_frame *callback_of(const struct tracefile_record *r)
{
	return r->callback < r->nframe ? &r->frames[r->callback] : NULL;
}

static bool same_function(const struct tracefile_frame *a, const struct tracefile_frame *b)
{
	if (!a || !b)
		return a == b;
	if (strcmp(a->module, b->module) != 0)
		return false;
	if (a->fn && b->fn)
		return strcmp(a->fn, b->fn) == 0;
	return !a->fn && !b->fn && a->addr == b->addr;
}

static bool is_long(const struct tracefile_record *r)
{
	return r->kind == TF_LONG || r->kind == TF_ASLEEP;
}

static bool is_hidden(const struct tracefile_record *r)
{
	return r->worker || r->doubtful;
}

enum { PLACES = 5 };

static void print_long_turns(struct printer *p, const struct tracefile_record *first, bool *done)
{
	const struct tracefile *t = p->t;
	uint64_t ns[] = {0, 0}, count = 0;
	uint32_t start = (uint32_t)(first - t->records), shown = 0;

	for (uint32_t i = start; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		if (done[i] || !is_long(r) || !same_function(callback_of(r), callback_of(first)))
			continue;
		count += r->count;
		ns[0] += r->total_ns;
		ns[1] = r->max_ns > ns[1] ? r->max_ns : ns[1];
	}
	p->process = first->process;
	put_columns(p, count, ns, COUNT(ns));
	sb_puts(&p->b,
		callback_of(first) ? "in a callback at " : "in a callback that is not known");
	if (callback_of(first))
		put_function(p, callback_of(first));
	sb_puts(&p->b, ", ");
	put_thread(p, first);
	sb_putc(&p->b, '\n');
	for (uint32_t i = start; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		if (done[i] || !is_long(r) || !same_function(callback_of(r), callback_of(first)))
			continue;
		done[i] = true;
		if ((shown++ >= PLACES && !p->all) || !r->nframe)
			continue;
		sb_printf(&p->b, "%30s%5llu ", "", (unsigned long long)r->count);
		sb_puts(&p->b, r->kind == TF_ASLEEP ? "asleep at " : "at ");
		put_function(p, &r->frames[r->site < r->nframe ? r->site : 0]);
		if (r->site && r->frames[0].fn) {
			sb_puts(&p->b, " through ");
			put_text(p, r->frames[0].fn);
		}
		sb_putc(&p->b, '\n');
		if (p->all)
			put_stack(p, r);
	}
	if (shown > PLACES && !p->all)
		sb_printf(&p->b, "%35s and at %u more places\n", "", shown - PLACES);
	flush(p);
}

/* ---- loops ---- */

static void print_loop(struct printer *p, const struct tracefile_loop *l)
{
	const struct tracefile *t = p->t;
	const struct tracefile_process *proc = &t->processes[l->process];
	const struct tracefile_thread *th = &t->threads[l->thread];
	struct sb *b = &p->b;

	p->process = l->process;
	sb_printf(b, "%s '%s' ",
		l->worker   ? "worker:"
		: l->nested ? "loop in a callback:"
			    : "loop:",
		l->call);
	if (l->nframe) {
		sb_puts(b, "at ");
		put_function(p, &l->frames[l->site < l->nframe ? l->site : 0]);
	}
	sb_puts(b, ", thread ");
	put_text(p, th->name);
	sb_printf(b, " of %u ", proc->pid);
	sb_put_visible(b, proc->args, strnlen(proc->args, 60));
	sb_printf(b, "\n      %llu turns; in ms: mean ", (unsigned long long)l->turns);
	put_ms(b, l->turns ? l->total_ns / l->turns : 0);
	sb_puts(b, ", p50 "), put_ms(b, l->p50_ns);
	sb_puts(b, ", p99 "), put_ms(b, l->p99_ns);
	sb_puts(b, ", longest "), put_ms(b, l->max_ns);
	if (l->over) {
		sb_printf(b, "; %llu over the budget of ", (unsigned long long)l->over);
		put_ms(b, t->budget_ns);
		sb_printf(b, ", %llu of them mostly in calls", (unsigned long long)l->over_called);
	}
	if (th->starved)
		sb_printf(b, "; %llu long ones mostly without a processor: the machine is busy",
			(unsigned long long)th->starved);
	sb_putc(b, '\n');
	if (l->checked) {
		sb_printf(b,
			"      of %llu turns that were checked: %.0f %% of the time on the "
			"processor",
			(unsigned long long)l->checked,
			l->checked_ns ? 100. * (double)l->cpu_ns / (double)l->checked_ns : 0.);
		if (l->page_waits)
			sb_printf(b, ", %llu pages waited for", (unsigned long long)l->page_waits);
		if (l->asleep) {
			sb_printf(b, ", %llu slept in no known call, ",
				(unsigned long long)l->asleep);
			put_ms(b, l->asleep_ns);
			sb_puts(b, " ms in all");
		}
		sb_putc(b, '\n');
	}
	flush(p);
}

static void print_summary(const struct printer *p, uint32_t nloop, uint32_t nplace)
{
	const struct tracefile *t = p->t;
	uint32_t workers = 0, doubtful = 0;
	uint64_t lost = 0;

	for (uint32_t i = 0; i < t->nprocess; i++)
		lost += t->processes[i].lost;
	for (uint32_t i = 0; i < t->nrecord; i++) {
		workers += t->records[i].worker;
		doubtful += t->records[i].doubtful && !t->records[i].worker;
	}
	fprintf(p->out, "\n%u process%s, %u loop%s, %u place%s\n", t->nprocess,
		t->nprocess == 1 ? "" : "es", nloop, nloop == 1 ? "" : "s", nplace,
		nplace == 1 ? "" : "s");
	if (t->nbad)
		fprintf(p->out, "%u of %u process files could not be used\n", t->nbad, t->nfile);
	if (lost)
		fprintf(p->out, "%llu records had no room and are missing\n",
			(unsigned long long)lost);
	if (!p->all && (workers || doubtful))
		fprintf(p->out,
			"left out, --all shows them: %u in worker threads, %u that were not seen "
			"to wait\n",
			workers, doubtful);
	if (!nloop)
		fprintf(p->out, "no loop was seen: no thread came back to one place to wait for "
				"more than one descriptor\n");
}

void tracefile_print(const struct tracefile *t, FILE *out, bool all)
{
	struct arena *a = arena_new();
	struct printer p = {.t = t, .arena = a, .cwd = path_cwd(a), .all = all, .out = out};
	bool *done = arena_alloc(a, t->nrecord + 1), headed = false;
	uint32_t nloop = 0, nplace = 0;

	for (uint32_t i = 0; i < t->nloop; i++) {
		bool main = !t->loops[i].worker && !t->loops[i].nested;

		nloop += main;
		if (all || (main && t->loops[i].turns))
			print_loop(&p, &t->loops[i]);
	}
	for (uint32_t i = 0; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		if (is_long(r) || (!all && (is_hidden(r) || r->kind == TF_START)))
			continue;
		if (!headed)
			fprintf(out, "\n   count  total ms       max       p99\n");
		headed = true;
		nplace += !is_hidden(r) && r->kind != TF_START;
		print_record(&p, r);
	}
	headed = false;
	for (uint32_t i = 0; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		if (done[i] || !is_long(r) || (!all && is_hidden(r)))
			continue;
		if (!headed)
			fprintf(out,
				"\nWhere turns over budget were:\n samples  total ms   longest\n");
		headed = true;
		nplace++;
		print_long_turns(&p, r, done);
	}
	print_summary(&p, nloop, nplace);
	sb_free(&p.b);
	arena_free(a);
}
