/* decide.c - from profiles to advice: the decision table, the gain, the words. */
#include "advise/profile.h"
#include "advise/trial.h"

#include <math.h>
#include <stdlib.h>

const struct advice_row advice_rows[ADVICE_COUNT] = {
#define ADVICE(id, ...) {__VA_ARGS__},
#include "advise/advice.def"
};

static const struct {
	uint32_t all, none;
	enum advice_kind kind;
	const char *because;
} table[] = {
#define DECIDE(all, none, id, because) {all, none, ADVICE_##id, because},
#include "advise/advice.def"
};

enum {
	GAIN_FLOOR = 2,
	THREADS = 1000
};		       /* what makes a loop less than twice as good is no advice */
#define PIECE_NS 100e3 /* of work, between two turns of the loop */

bool advice_changes(const struct advice *a)
{
	return a->kind != ADVICE_KEEP_TASK && a->kind != ADVICE_KEEP_THREAD &&
	       a->kind != ADVICE_LEAVE;
}

static void decide(struct advice *a, uint32_t bits)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if ((bits & table[i].all) == table[i].all && !(bits & table[i].none)) {
			a->kind = table[i].kind;
			a->because = table[i].because;
			return;
		}
}

static const char *bytes(double n, struct arena *mem)
{
	return n >= 1e6 ? arena_printf(mem, "%.3g MB", n / 1e6)
			: arena_printf(mem, "%.3g kB", n / 1e3);
}

static void estimate(
	struct advice *a, const struct profile *p, const struct machine *m, struct arena *mem)
{
	const struct trial_kind *t =
		*advice_rows[a->kind].trial ? trial_find(advice_rows[a->kind].trial) : NULL;
	double thread = m->v[MACHINE_THREAD_BYTES].median, task = m->v[MACHINE_HANDLE_BYTES].median;

	a->gain = a->side = "";
	if (!t) {
		if (a->kind == ADVICE_CALL)
			a->gain = arena_printf(
				mem, "%s less a call", ns_text(m->v[MACHINE_THREAD].median, mem));
		else if (a->kind == ADVICE_WAKE)
			a->gain = arena_printf(
				mem, "seen after %s", ns_text(m->v[MACHINE_WAKE_COND].median, mem));
		return;
	}
	struct trial_setup s = {.work = a->hold, .blocks = p->first.block != NULL, .instances = 1};
	if (a->kind == ADVICE_CORES && p->thread && p->thread->count > 0)
		s.instances = (unsigned)p->thread->count;
	a->factor = t->promise(m, &s);
	if (a->kind == ADVICE_SPLIT) {
		double n = p->thread && p->thread->count > 0 && p->thread->count < m->cores ? (double)p->thread->count : m->cores;
		double one = (double)(p->big->all / p->big->held);
		a->factor = n / (one < n ? one : n);
	}
	switch (t->metric) {
	case METRIC_P99:
		if (a->kind == ADVICE_CORES) {
			a->gain = arena_printf(mem, "p99 of a loop beside them %.2gx", a->factor);
			break;
		}
		a->gain = arena_printf(mem, "p99 of the loop %s -> %s%s",
			ns_text(0.95 * a->hold, mem),
			ns_text(0.95 * a->hold / (a->factor > 1 ? a->factor : 1), mem),
			p->first.elements
				? arena_printf(mem, " for %.0f elements", p->first.elements)
				: "");
		a->side = a->kind == ADVICE_POOL ? "a hand-off more for the job itself; what it "
						   "shares needs a lock or a copy"
			  : a->kind == ADVICE_YIELD
				  ? "the whole takes a turn of the loop longer for each piece; "
				    "data may change in between"
				  : "the code is cut where it waits, and its state has to be kept";
		break;
	case METRIC_BYTES:
		a->factor = thread / task;
		a->gain = arena_printf(mem, "%s -> %s each; %s for %d", bytes(thread, mem),
			bytes(task, mem), bytes((thread - task) * THREADS, mem), THREADS);
		a->side = a->kind == ADVICE_TIMERS
				  ? "a timer of a loop is late while the loop is busy"
				  : "one long turn delays all of them; libraries that wait do not "
				    "fit";
		break;
	case METRIC_JOB:
		a->gain = arena_printf(mem, "time of a job %.2gx", a->factor);
		break;
	default:
		a->gain = arena_printf(mem, "throughput %.2gx", a->factor);
		break;
	}
}

static void reason(struct advice *a, const char *text)
{
	if (a->nreason < MAX_REASONS)
		a->reasons[a->nreason++] = text;
}

static void reasons(struct advice *a, const struct profile *p, const struct program *pr,
	const struct facts *f, struct arena *mem)
{
	const struct first *c = &p->first;
	const struct loop_fact *l = c->loop;
	const struct block_site *b = c->block;

	if (l)
		reason(a, arena_printf(mem, "'%s' loops over %s: %s a turn, %s at %.2g of them",
				  fn_name(pr, l->fn),
				  l->sym == NONE ? "its data" : sym_text(f, pr, l->sym, mem),
				  ns_text(l->turn, mem), ns_text(LOOP_BUDGET_NS, mem),
				  loop_limit(l, LOOP_BUDGET_NS)));
	if (b)
		reason(a, arena_printf(mem, "'%s' %s, about %s%s", b->model->name,
				  category_phrase[b->category], ns_text(c->ns, mem),
				  b->clause->hi > 0 ? arena_printf(mem, ", up to %s",
							      ns_text(b->clause->hi * 1e9, mem))
						    : ""));
	if (b && b->nother)
		reason(a, arena_printf(mem, "%u further ways lead to it", b->nother));
	if (b && b->assumed)
		reason(a, "that it waits is assumed: not all of its conditions could be decided");
	if (c->heavy)
		reason(a, arena_printf(
				  mem, "a call takes %s", cost_text(f, pr, &c->heavy->cost, mem)));
	if (p->nblock > (b != NULL))
		reason(a, arena_printf(mem, "%u further calls below it wait or compute for long",
				  p->nblock - (b != NULL)));
	if (p->nloop > (l != NULL))
		reason(a, arena_printf(mem, "%u further loops below it can take more than the budget", p->nloop - (l != NULL)));
	if (p->big)
		reason(a, arena_printf(mem, "it holds '%s' for %s of the %s that it computes a turn", p->big->lock,
				  ns_text((double)p->big->held, mem), ns_text((double)p->big->all, mem)));
	const struct thread_fact *t = p->thread;
	if (!t)
		return;
	reason(a, t->start == START_EVENT ? t->accept != NONE ? "one is started for each connection"
							      : "one is started for each event"
		  : t->start == START_FIXED
			  ? arena_printf(mem, "%lld are started", (long long)t->count)
		  : t->start == START_CONFIG ? "as many are started as a number in the program says"
					     : "one is started");
	if (t->wait != NONE)
		reason(a, arena_printf(mem, "it %s", category_phrase[t->waits_for]));
	reason(a, arena_printf(mem, "it computes %s a turn%s", ns_text(t->turn, mem),
			  t->data ? ", and over data of any size" : ""));
}

/* For the order: nanoseconds, or what is as bad, by how sure it is. */
static double harm_of(const struct advice *a)
{
	switch (a->kind) {
	case ADVICE_TASKS:
	case ADVICE_REUSE:
	case ADVICE_OWN_THREAD:
		return 5e6;
	case ADVICE_CORES:
	case ADVICE_SPLIT:
	case ADVICE_WAKE:
		return 2e6;
	case ADVICE_TIMERS:
	case ADVICE_CALL:
	case ADVICE_INLINE:
		return 50e3;
	case ADVICE_KEEP_TASK:
	case ADVICE_KEEP_THREAD:
	case ADVICE_LEAVE:
		return 0;
	default: /* beyond that it is a guess which is worse */
		return a->weight * (a->hold < GRAVE ? a->hold : GRAVE);
	}
}

static void first_change(struct advice *a, const struct profile *p, const struct entry *e, const struct facts *f)
{
	const struct thread_fact *t = p->thread;
	const struct first *c = &p->first;

	a->hold = c->bits ? c->ns : p->work;
	a->weight = c->bits ? c->weight : 1;
	switch (a->kind) {
	case ADVICE_ASYNC:
	case ADVICE_DELAY:
	case ADVICE_NONBLOCK:
	case ADVICE_TELL:
	case ADVICE_POOL:
	case ADVICE_OWN_THREAD:
	case ADVICE_YIELD:
		a->loop = c->loop;
		a->site = c->block ? c->block->site : c->heavy ? c->heavy->site : c->loop->op;
		break;
	case ADVICE_WAKE:
	case ADVICE_TIMERS:
		a->site = t->sleep;
		a->hold = t->turn;
		break;
	case ADVICE_TASKS:
	case ADVICE_REUSE:
	case ADVICE_CORES:
	case ADVICE_CALL:
	case ADVICE_INLINE:
		a->site = e->site;
		a->hold = p->work;
		break;
	case ADVICE_SPLIT:
		a->site = f->lock_steps[p->big->step].site;
		a->hold = (double)p->big->held;
		break;
	default:
		break;
	}
}

static int by_harm(const void *x, const void *y)
{
	const struct advice *a = x, *b = y;
	if (a->harm != b->harm)
		return a->harm > b->harm ? -1 : 1;
	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static const char *way(
	const struct effects *e, const char *library, const char *otherwise, enum way way)
{
	const char *text = way_text(e, *library ? library : otherwise, way);
	return text == way_text(e, "no such library", way) ? way_text(e, otherwise, way) : text;
}

/* The turns of a loop that take as long as a piece. */
static double turns(const struct loop_fact *l)
{
	double n = PIECE_NS / l->turn;
	double unit = n >= 1000 ? 100 : n >= 100 ? 10 : 1;
	return n < 1 ? 1 : floor(n / unit) * unit;
}

static const char *code(const struct advice *a, const struct profile *p, const struct program *pr,
	const struct effects *e, const struct entry *en, const char *library, struct arena *mem)
{
	const char *texts[2];
	const char *own = ctx_is_task(en->ctx) ? en->library : "";
	const struct block_site *b = p->first.block;

	if (!advice_changes(a))
		return "";
	if (a->kind == ADVICE_ASYNC && model_instead(e, b->model, texts, 1))
		return arena_printf(mem, "%s, not '%s' in '%s'", texts[0], b->model->name,
			fn_name(pr, pr->op_fn[a->site]));
	if (advice_rows[a->kind].way < 0)
		return "";
	const char *text = way(e, own, library, (enum way)advice_rows[a->kind].way);
	uint32_t fn = a->site == NONE ? NONE : pr->op_fn[a->site];
	if (a->kind == ADVICE_NONBLOCK)
		return arena_printf(mem,
			"%s: '%s' in '%s' then says EAGAIN, and is called again when the loop says "
			"so",
			text, b->model->name, fn_name(pr, fn));
	if (a->kind == ADVICE_TELL)
		return arena_printf(mem,
			"%s: where '%s' calls '%s', let the thread that is waited for say so at "
			"its end, and call it then",
			text, fn_name(pr, fn), b->model->name);
	if (a->kind == ADVICE_DELAY)
		return arena_printf(mem, "%s where '%s' calls '%s', and do the rest of it there",
			text, fn_name(pr, fn), b->model->name);
	if (a->kind == ADVICE_POOL)
		return arena_printf(mem,
			"%s: '%s' with copies of what it gets, and what '%s' does behind it when "
			"the result is there",
			text, b ? b->model->name : fn_name(pr, pr->ir->ops[a->site].src.id),
			fn_name(pr, fn));
	if (a->kind == ADVICE_YIELD)
		return arena_printf(mem, "%s: %.0f turns of the loop in '%s' take 100 us", text,
			turns(a->loop), fn_name(pr, a->loop->fn));
	return text;
}

struct advice *advise_all(const struct program *p, const struct effects *e, const struct facts *f,
	const struct machine *m, struct arena *mem, uint32_t *n)
{
	struct profile *all = profile_all(p, f, e, m, mem);
	struct advice *out = arena_alloc(mem, (f->nentry + 1) * sizeof *out);
	const char *library = profile_main_library(f);
	uint32_t k = 0;

	for (uint32_t i = 0; i < f->nentry; i++) {
		struct advice a = {.entry = i, .site = NONE};
		if (!(all[i].bits & (F_TASK | F_POOL | F_THREAD)))
			continue;
		a.now = all[i].bits & F_TASK   ? "task"
			: all[i].bits & F_POOL ? "pool job"
					       : "thread";
		decide(&a, all[i].bits);
		first_change(&a, &all[i], &f->entries[i], f);
		estimate(&a, &all[i], m, mem);
		if (advice_changes(&a) && all[i].bits & F_TASK && a.factor < GAIN_FLOOR) {
			a = (struct advice){.entry = i,
				.site = NONE,
				.now = a.now,
				.kind = ADVICE_KEEP_TASK,
				.gain = "",
				.side = "",
				.because = "a change would make the loop less than twice as good",
				.hold = a.hold};
		}
		reasons(&a, &all[i], p, f, mem);
		a.code = code(&a, &all[i], p, e, &f->entries[i], library, mem);
		a.harm = harm_of(&a);
		out[k++] = a;
	}
	if (k)
		qsort(out, k, sizeof *out, by_harm);
	*n = k;
	return out;
}
