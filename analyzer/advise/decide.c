/* decide.c - from profiles to advice: the decision table, the gain, the words. */
#include "advise/profile.h"
#include "advise/trial.h"

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
}; /* what makes a loop less than twice as good is no advice */

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
	double thread = m->v[MACHINE_THREAD_BYTES].median, task = m->v[MACHINE_TASK_BYTES].median;

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
	struct trial_setup s = {.work = a->hold, .blocks = p->block != NULL, .instances = 1};
	if (a->kind == ADVICE_CORES && p->thread && p->thread->count > 0)
		s.instances = (unsigned)p->thread->count;
	a->factor = t->promise(m, &s);
	switch (t->metric) {
	case METRIC_P99:
		if (a->kind == ADVICE_CORES) {
			a->gain = arena_printf(mem, "p99 of a loop beside them %.2gx", a->factor);
			break;
		}
		a->gain =
			arena_printf(mem, "p99 of the loop %s -> %s", ns_text(0.95 * a->hold, mem),
				ns_text(0.95 * a->hold / (a->factor > 1 ? a->factor : 1), mem));
		a->side = a->kind == ADVICE_POOL ? "a hand-off more for the job itself; what it "
						   "shares needs a lock or a copy"
			  : a->kind == ADVICE_YIELD
				  ? "the whole takes a turn of the loop longer for each piece; "
				    "data may change in between"
				  : "the code is cut where it waits, and its state has to be kept";
		break;
	case METRIC_BYTES:
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
	if (a->loop)
		reason(a, arena_printf(mem, "'%s' loops over %s: %s a turn, %s at %.2g of them",
				  fn_name(pr, p->loop->fn),
				  p->loop->sym == NONE ? "its data"
						       : sym_text(f, pr, p->loop->sym, mem),
				  ns_text(p->loop->turn, mem), ns_text(LOOP_BUDGET_NS, mem),
				  loop_limit(p->loop, LOOP_BUDGET_NS)));
	if (p->block) {
		const struct block_site *b = p->block;
		reason(a, arena_printf(mem, "'%s' %s, about %s%s", b->model->name,
				  category_phrase[b->category], ns_text(p->wait, mem),
				  b->clause->hi > 0 ? arena_printf(mem, ", up to %s",
							      ns_text(b->clause->hi * 1e9, mem))
						    : ""));
		if (p->nblock > 1)
			reason(a, arena_printf(mem,
					  "%u further calls below it wait or compute for long",
					  p->nblock - 1));
	}
	if (p->loop && !a->loop)
		reason(a, arena_printf(mem, "'%s' loops over %s: %s a turn, %s at %.2g",
				  fn_name(pr, p->loop->fn),
				  p->loop->sym == NONE ? "its data"
						       : sym_text(f, pr, p->loop->sym, mem),
				  ns_text(p->loop->turn, mem), ns_text(LOOP_BUDGET_NS, mem),
				  loop_limit(p->loop, LOOP_BUDGET_NS)));
	if (p->nloop > 1)
		reason(a, arena_printf(mem, "%u loops below it can take more than the budget",
				  p->nloop));
	if (p->heavy)
		reason(a, arena_printf(
				  mem, "a call takes %s", cost_text(f, pr, &p->heavy->cost, mem)));
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

static double harm_of(const struct advice *a)
{
	switch (a->kind) {
	case ADVICE_TASKS:
	case ADVICE_REUSE:
	case ADVICE_OWN_THREAD:
		return 5e6;
	case ADVICE_CORES:
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
	default:
		return a->hold < 1e9 ? a->hold
				     : 1e9; /* beyond a second it is a guess which is worse */
	}
}

static void first_change(struct advice *a, const struct profile *p, const struct entry *e)
{
	const struct thread_fact *t = p->thread;
	switch (a->kind) {
	case ADVICE_ASYNC:
	case ADVICE_DELAY:
		a->site = p->block->site;
		a->hold = p->wait;
		break;
	case ADVICE_POOL:
		a->hold = p->wait > p->compute ? p->wait : p->compute;
		a->site = p->block && (p->wait >= p->compute || !p->heavy) ? p->block->site
			  : p->heavy					   ? p->heavy->site
									   : NONE;
		break;
	case ADVICE_YIELD:
		a->hold = p->compute;
		a->loop = p->loop;
		a->site = p->loop->op;
		break;
	case ADVICE_OWN_THREAD:
		a->site = p->block->site;
		a->hold = p->wait;
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
		a->hold = p->compute;
		break;
	default:
		a->hold = p->compute > p->wait ? p->compute : p->wait;
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

static const char *code(const struct advice *a, const struct profile *p, const struct effects *e,
	const struct entry *en, struct arena *mem)
{
	const char *texts[2];
	if (!advice_changes(a))
		return "";
	if (a->kind == ADVICE_ASYNC && model_instead(e, p->block->model, texts, 1))
		return arena_strdup(mem, texts[0]);
	int way = advice_rows[a->kind].way;
	return way < 0 ? "" : way_text(e, ctx_is_task(en->ctx) ? en->library : "", (enum way)way);
}

struct advice *advise_all(const struct program *p, const struct effects *e, const struct facts *f,
	const struct machine *m, struct arena *mem, uint32_t *n)
{
	struct profile *all = profile_all(f, e, m, mem);
	struct advice *out = arena_alloc(mem, (f->nentry + 1) * sizeof *out);
	uint32_t k = 0;

	for (uint32_t i = 0; i < f->nentry; i++) {
		struct advice a = {.entry = i, .site = NONE};
		if (!(all[i].bits & (F_TASK | F_POOL | F_THREAD)))
			continue;
		a.now = all[i].bits & F_TASK   ? "task"
			: all[i].bits & F_POOL ? "pool job"
					       : "thread";
		decide(&a, all[i].bits);
		first_change(&a, &all[i], &f->entries[i]);
		if (all[i].bits & F_SMALL && !a.hold)
			a.hold = f->cost[f->entries[i].fn].t[0].ns;
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
		a.code = code(&a, &all[i], e, &f->entries[i], mem);
		a.harm = harm_of(&a);
		out[k++] = a;
	}
	if (k)
		qsort(out, k, sizeof *out, by_harm);
	*n = k;
	return out;
}
