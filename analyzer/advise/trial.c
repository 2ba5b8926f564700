/* trial.c - what each piece of advice promises, and whether it kept it.
 *
 * The promises are those of the decision table, over the constants of the machine: a loop that serves something every
 * 200 us and is held for S, a fifth of the time, has its 99th percentile at 0.95 S; one that is not held has it where its
 * timer and one turn are.
 */
#include "advise/trial.h"

const struct metric_row metric_rows[METRIC_COUNT] = {
#define METRIC(id, name, unit, word) {name, IN_##unit, word},
	METRICS(METRIC)
#undef METRIC
};

const char *const verdict_words[] = {"kept", "in part", "not seen", "too busy to tell", "not measured"};

enum { PIECE = 100000, POOL = 4, PART = 10, LOCKS = 64 };
#define HELD 0.95 /* of the time held, at p99 */
#define US 1e3
#define MS 1e6

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* p99 of a loop that nothing holds. */
static double alone(const struct machine *m)
{
	return m->v[MACHINE_TIMER_LATE].median + m->v[MACHINE_EPOLL_TURN].median;
}

static double async(const struct machine *m, const struct trial_setup *s)
{
	return s->work * s->instances / alone(m);
}

static double pool(const struct machine *m, const struct trial_setup *s)
{
	return HELD * s->work / (alone(m) + m->v[MACHINE_HANDOFF].median);
}

static double yield(const struct machine *m, const struct trial_setup *s)
{
	return HELD * s->work / (alone(m) + PIECE);
}

/* There and back while neither side has time to fall into a deep sleep: jobs follow one another. */
static double warm_handoff(const struct machine *m)
{
	return smaller(m->v[MACHINE_HANDOFF].median, m->v[MACHINE_TASK_HANDOFF].median);
}

static double inlined(const struct machine *m, const struct trial_setup *s)
{
	return (warm_handoff(m) + s->work) / s->work;
}

static double reuse(const struct machine *m, const struct trial_setup *s)
{
	return (m->v[MACHINE_THREAD].median + m->v[MACHINE_WAKE_EVENTFD].median + s->work) / (warm_handoff(m) + s->work);
}

static double own_thread(const struct machine *m, const struct trial_setup *s)
{
	return POOL; /* all but one of the pool were taken */
}

static double cores(const struct machine *m, const struct trial_setup *s)
{
	return (double)s->instances / m->cores;
}

static double confine(const struct machine *m, const struct trial_setup *s)
{
	return HELD * s->work / alone(m);
}

/* A waiting thread against a waiting task of the runtime; a handle with its callback is smaller still. */
static double memory(const struct machine *m, const struct trial_setup *s)
{
	return m->v[MACHINE_THREAD_BYTES].median / m->v[MACHINE_TASK_BYTES].median;
}

static double narrow(const struct machine *m, const struct trial_setup *s)
{
	return smaller(m->cores, PART);
}

static double split(const struct machine *m, const struct trial_setup *s)
{
	return smaller(m->cores, LOCKS);
}

static double drop(const struct machine *m, const struct trial_setup *s)
{
	return s->instances;
}

static double shard(const struct machine *m, const struct trial_setup *s)
{
	return m->cores;
}

#define LOOP "p99 of the loop"
const struct trial_kind trial_kinds[] = {
	{"async", "wait for it on the loop, by its asynchronous form", LOOP, "clients whose callback waits for an answer",
		METRIC_P99, {5 * MS, true, 8}, async},
	{"pool", "run it on the pool, and come back", LOOP, "a job in a callback", METRIC_P99, {10 * MS, true, 1}, pool},
	{"yield", "do it in pieces of 100 us, a piece a turn", LOOP, "a job in a callback", METRIC_P99,
		{10 * MS, false, 1}, yield},
	{"inline", "do it in the callback, not on the pool", "time of a job", "a small job", METRIC_JOB,
		{5 * US, false, 1}, inlined},
	{"reuse", "use a pool, not a thread for each request", "time of a job", "a request", METRIC_JOB,
		{20 * US, false, 1}, reuse},
	{"thread", "give what never ends a thread of its own, not one of the pool", "jobs of the pool",
		"jobs beside three that never end on a pool of four", METRIC_RATE, {1 * MS, true, 8}, own_thread},
	{"cores", "as many threads as cores, and a queue", LOOP, "threads that compute beside the loop", METRIC_P99,
		{1 * MS, false, 16}, cores},
	{"shard", "a loop for each core, each with its part of the state", "operations", "connections that keep a loop busy",
		METRIC_RATE, {20 * US, false, 64}, shard},
	{"tasks", "a task for each connection, not a thread", "memory of one", "connections that mostly wait", METRIC_BYTES,
		{0, true, 1000}, memory},
	{"timers", "timers of one loop, not threads that sleep", "memory of one", "periodic actions", METRIC_BYTES,
		{100 * MS, true, 1000}, memory},
	{"confine", "let one loop own the state, and send it messages", LOOP, "a lock, wanted by the loop, held for that long",
		METRIC_P99, {5 * MS, true, 1}, confine},
	{"narrow", "hold the lock for the part that needs it", "operations", "operations, a tenth of which needs the lock",
		METRIC_RATE, {20 * US, false, 0}, narrow},
	{"split", "a lock for each part of the data", "operations", "operations on one of many parts", METRIC_RATE,
		{20 * US, false, 0}, split},
	{"drop", "do not hold the lock while waiting", "operations", "threads that wait with the lock", METRIC_RATE,
		{500 * US, true, 8}, drop},
	{NULL},
};

static const struct {
	const char *rule, *kind;
} by_rule[] = {
	{"blocking-call-in-task", "pool"},
	{"sync-call-of-async-library", "async"},
	{"loop-run-in-callback", "async"},
	{"blocking-in-shared-pool", "thread"},
	{"heavy-call-in-task", "pool"},
	{"cpu-loop-in-task", "yield"},
	{"superlinear-loop-in-task", "yield"},
	{"unbounded-drain", "yield"},
	{"task-only-computes", "pool"},
	{"lock-wait-in-task", "confine"},
	{"lock-held-across-blocking", "drop"},
	{"pool-starvation", "thread"},
	{"offload-too-small", "inline"},
	{"thread-per-request", "reuse"},
	{"thread-per-waiting-connection", "tasks"},
	{"unbounded-thread-creation", "tasks"},
	{"timer-sleep-thread", "timers"},
	{"cpu-oversubscription", "cores"},
};

const struct trial_kind *trial_find(const char *name)
{
	for (const struct trial_kind *k = trial_kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

const struct trial_kind *trial_of_rule(const char *rule)
{
	for (size_t i = 0; i < COUNT(by_rule); i++)
		if (!strcmp(by_rule[i].rule, rule))
			return trial_find(by_rule[i].kind);
	return NULL;
}

/* ---- outcomes ---- */

int outcome_parse(struct outcome *o, const char *text)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		o->v[i] = -1;
	while (*text) {
		char name[16];
		double v;
		int at = 0, i;

		if (sscanf(text, "%15s %lf\n%n", name, &v, &at) != 2 || !at)
			return error("the experiment said something else than figures: '%.40s'", text);
		for (i = 0; i < METRIC_COUNT && strcmp(metric_rows[i].name, name); i++)
			;
		if (i == METRIC_COUNT)
			return error("the experiment told a figure that is not known: '%s'", name);
		o->v[i] = v;
		text += at;
	}
	return 0;
}

static bool more_is_better(enum metric by)
{
	return by == METRIC_RATE;
}

bool outcome_better(const struct outcome *a, const struct outcome *b, enum metric by)
{
	return more_is_better(by) ? a->v[by] > b->v[by] : a->v[by] < b->v[by];
}

double trial_gain(enum metric by, const struct outcome *before, const struct outcome *after)
{
	double a = before->v[by], b = after->v[by];

	if (a <= 0 || b <= 0)
		return 0;
	return more_is_better(by) ? b / a : a / b;
}

/* Better by a fifth is more than chance. */
#define CHANCE 1.2
#define QUIET 0.1

enum verdict trial_judge(const struct trial_kind *k, double promise, const struct outcome *before,
	const struct outcome *after)
{
	double gain = trial_gain(k->metric, before, after);

	if (!gain)
		return VERDICT_NO_GROUND;
	if (gain >= CHANCE && gain >= promise / 2)
		return VERDICT_KEPT;
	/* memory is the same however busy the machine is */
	if (k->metric != METRIC_BYTES && (before->v[METRIC_BUSY] > QUIET || after->v[METRIC_BUSY] > QUIET))
		return VERDICT_TOO_BUSY;
	return gain >= CHANCE ? VERDICT_PART : VERDICT_MISSED;
}
