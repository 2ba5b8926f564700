/* turn.c - loops and their turns.
 *
 * A turn is the time between two waits at one place on one thread. Whether a wait belongs to a loop
 * is known only when the same wait comes again; until then the events of the turn are pending.
 * Waits met inside a turn (a callback that polls, a loop run from a callback, a second loop after
 * the first) make a small stack of levels on the thread:
 *
 * - A wait at a level's place ends that level's turn. The levels above it were inside the turn, and
 *   their events are its events.
 * - Any other wait that may sleep makes a new level, and is itself an event of the level below.
 *   Unless both are in one activation of one function ("twins"): if the lower comes again, it is
 *   one loop with two waits (if (busy) look(); else sleep();), else one loop after the other.
 * - A level goes when the function that ran its loop has returned: its frame is not on the stack.
 * - All levels go below one that has taken STREAK turns in a row: they were loops that came before.
 *
 * Pending events lie in one array in the order of time, so a level's are those from its `first` on.
 *
 * The usual case, one loop, compares one return address and never walks the stack.
 */
#include "preload.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum { STREAK = 32, NONE = UINT32_MAX };

/* ---- the usage of a turn, checked so often that it costs at most 1/256 of the turns' time ---- */

struct usage tvt__usage(void)
{
	struct usage u = {0};
	struct rusage ru;
	struct timespec ts;
	uint64_t start = now();

	if (tvt__.sandboxed || RAW(getrusage, RUSAGE_THREAD, &ru) != 0)
		return u;
	/* ru_utime and ru_stime lag behind by up to a scheduler tick */
	if (RAW(clock_gettime, CLOCK_THREAD_CPUTIME_ID, &ts) == 0)
		u.cpu_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	u.switches = (uint64_t)ru.ru_nvcsw;
	u.page_waits = (uint64_t)ru.ru_majflt;
	/* the time between may be someone else's, who had the processor: no debts from that */
	start = now() - start;
	tvt__tls.credit -= (int64_t)(start < tvt__.threshold / 64 ? start : tvt__.threshold / 64);
	return u;
}

static SLOW void check_usage(struct tls *t, struct trace_loop *loop, uint64_t wall)
{
	struct usage u = tvt__usage();
	uint64_t switches = u.switches - t->usage.switches - t->called_switches;
	uint64_t cpu = u.cpu_ns - t->usage.cpu_ns;
	uint64_t cpu_ticks = tvt__.khz ? cpu * tvt__.khz / 1000000 : cpu;

	t->checking = false;
	if (tvt__.sandboxed)
		return;
	if (cpu_ticks > wall) { /* the checks themselves are in it */
		cpu = cpu * wall / cpu_ticks;
		cpu_ticks = wall;
	}
	loop->checked++;
	loop->checked_ticks += wall;
	loop->cpu_ns += cpu;
	loop->page_waits += u.page_waits - t->usage.page_waits;
	if ((int64_t)switches > 0) {
		loop->asleep_turns++;
		loop->asleep_switches += switches;
		if (wall > cpu_ticks + t->called_ticks)
			loop->asleep_ticks += wall - cpu_ticks - t->called_ticks;
	}
}

static void begin_check(struct tls *t)
{
	if (tvt__.sandboxed)
		return;
	t->checking = true;
	t->called_switches = t->called_ticks = 0;
	t->usage = tvt__usage();
}

/* ---- levels ---- */

static void end_turn(struct trace_thread *s, uint32_t k, uint64_t at)
{
	struct tls *t = &tvt__tls;
	struct trace_level *l = &s->level[k];
	struct trace_file *f = tvt__.file;
	struct trace_loop *loop = &f->loop[l->loop];
	uint64_t wall = at - l->turn_start;

	for (uint32_t i = k + 1; unlikely(i < s->nlevel); i++)
		f->loop[s->level[i].loop].visits++;
	s->nlevel = k + 1;
	if (unlikely(!l->turn_start)) { /* longjmp left its wait: no turn began */
		s->npending = l->first;
		t->checking = false;
		return;
	}
	loop->turns++;
	loop->turn_ticks += wall;
	if (wall > loop->max_ticks)
		loop->max_ticks = wall;
	if (unlikely(wall > tvt__.budget))
		loop->over++;
	loop->hist.n[trace_bucket(wall)]++;
	if (unlikely(s->npending > l->first)) {
		/* A loop inside a callback: what it does, it does to the loop around it. */
		uint32_t owner = k && f->loop[s->level[0].loop].turns ? s->level[0].loop : l->loop;

		tvt__commit(s, l->first, s->npending, owner, wall);
		s->npending = l->first;
	}
	if (unlikely(t->checking))
		check_usage(t, loop, wall);
	if (likely(t->credit < (int64_t)tvt__.threshold))
		t->credit += (int64_t)(wall / 256);
	if (unlikely(loop->turns == 1 && !tvt__.sandboxed))
		RAW(prctl, PR_GET_NAME, s->name); /* it may have been given after the first wait */
	if (unlikely(k && ++l->streak >= STREAK)) {
		s->level[0] = *l;
		s->level[0].first = s->level[0].twin = s->npending = 0;
		s->nlevel = 1;
	}
	if (unlikely(__atomic_load_n(&tvt__.file->h.flags, __ATOMIC_RELAXED) & FLAG_STALE))
		tvt__scan_modules();
}

static inline bool waits_here(const struct trace_level *l, const struct wait *w)
{
	return l->ra == w->ra || l->alias == w->ra;
}

static inline bool at_top(const struct trace_thread *s, const struct wait *w)
{
	const struct trace_level *l = s->level;

	if (!s->nlevel)
		return false;
	l += s->nlevel - 1;
	return l->cfa == w->cfa && waits_here(l, w);
}

static bool on_own_stack(uint64_t at)
{
	return at > tvt__tls.stack_lo && at <= tvt__tls.stack_hi;
}

/* Is the function that runs this level's loop still on the stack? Yes, if it cannot be seen. */
static bool lives(const struct trace_level *l, const struct stack *st)
{
	for (uint32_t i = 0; i < st->n; i++)
		if (st->pc[i] == l->keep_pc && st->cfa[i] == l->keep_cfa)
			return true;
	if (!st->n || on_own_stack(l->keep_cfa) != on_own_stack(st->cfa[0]))
		return true;
	return st->cut && l->keep_cfa > st->cfa[st->n - 1];
}

static void set_place(struct trace_level *l, const struct wait *w, const struct stack *st)
{
	/* Two frames out: the wait's caller, and often its caller too, only wait and return
	 * before the callbacks run (epoll_dispatch of libevent, a function of the program). */
	uint32_t keep = st->n > 2 ? 2 : st->n - 1;

	l->cfa = w->cfa;
	if (st->n) {
		l->keep_pc = st->pc[keep];
		l->keep_cfa = st->cfa[keep];
	}
}

static void remove_level(struct trace_thread *s, uint32_t k)
{
	memmove(&s->level[k], &s->level[k + 1], (s->nlevel - k - 1) * sizeof s->level[0]);
	s->nlevel--;
}

static uint32_t find_loop(
	struct trace_thread *s, const struct wait *w, const struct stack *st, bool again)
{
	struct trace_file *f = tvt__.file;
	struct trace_loop *loop;
	uint32_t i;

	for (i = s->loops; i; i = f->loop[i - 1].next)
		if (f->loop[i - 1].ra == w->ra && f->loop[i - 1].again == again)
			return i - 1;
	i = __atomic_fetch_add(&f->h.nloop, 1, __ATOMIC_RELAXED);
	if (i >= TRACE_LOOPS || !tvt__touch(&f->loop[i], sizeof f->loop[i])) {
		__atomic_store_n(&f->h.nloop, i < TRACE_LOOPS ? i : TRACE_LOOPS, __ATOMIC_RELAXED);
		lose(&f->h.lost_loops);
		return NONE;
	}
	loop = &f->loop[i];
	loop->thread = thread_index(s);
	loop->call = w->call;
	loop->ra = w->ra;
	loop->again = again;
	loop->nframe = st->n;
	memcpy(loop->frame, st->pc, st->n * sizeof *st->pc);
	loop->next = s->loops;
	__atomic_store_n(&loop->ready, 1, __ATOMIC_RELEASE);
	s->loops = i + 1;
	return i;
}

/* A wait that is not at the place of the innermost level. False: it does not concern us. */
static SLOW bool change_level(struct trace_thread *s, const struct wait *w, uint64_t at)
{
	struct trace_level *l;
	struct stack st;
	bool ours = w->sleeps, same = false, twin = false;
	uint32_t loop;

	for (uint32_t i = 0; i < s->nlevel; i++)
		ours |= waits_here(&s->level[i], w);
	if (!ours)
		return false; /* a mere look: a library asks whether there is input */
	tvt__unwind(w->ra, &st);
	tvt__tls.checking = false;
	for (uint32_t i = s->nlevel; i-- > 0;) {
		l = &s->level[i];
		if (l->cfa != w->cfa || !waits_here(l, w))
			continue;
		if (i + 1 < s->nlevel && l[1].twin) {
			l->alias = l[1].ra;
			l->turn_start = l[1].turn_start;
		}
		set_place(l, w, &st);
		end_turn(s, i, at);
		return true;
	}
	for (uint32_t i = s->nlevel; i-- > 0;) {
		bool live;

		l = &s->level[i];
		live = lives(l, &st);
		if (waits_here(l, w) && !(live && w->cfa < l->cfa)) {
			set_place(l, w, &st);
			end_turn(s, i, at);
			return true;
		}
		if (!live) {
			remove_level(s, i);
			continue;
		}
		same |= waits_here(l, w);
		twin |= i == s->nlevel - 1 && l->cfa == w->cfa &&
			tvt__function_start(l->ra) == tvt__function_start(w->ra);
	}
	if (!w->sleeps)
		return false;
	loop = find_loop(s, w, &st, same);
	if (loop == NONE)
		return false;
	if (s->nlevel == TRACE_LEVELS)
		remove_level(s, 0);
	l = &s->level[s->nlevel];
	memset(l, 0, sizeof *l);
	l->ra = w->ra;
	l->loop = loop;
	l->first = s->npending;
	l->twin = twin;
	set_place(l, w, &st);
	s->nlevel++;
	return true;
}

bool tvt__wait_begin(struct wait *w)
{
	struct tls *t = &tvt__tls;
	struct trace_thread *s;
	uint64_t at;

	if (unlikely(!tvt__.file))
		return false;
	if (unlikely(!*tvt__.same_process))
		tvt__forked();
	s = t->slot;
	if (unlikely(!s)) {
		if (!w->sleeps || !(s = tvt__thread()))
			return false;
	} else if (nested(s, w->cfa)) {
		return false;
	}
	at = now();
	s->call = w->call;
	s->call_ra = w->ra;
	s->call_start = at;
	go_inside(s, w->cfa);
	if (likely(at_top(s, w))) {
		end_turn(s, s->nlevel - 1, at);
	} else if (!change_level(s, w, at)) {
		go_outside(s);
		return false;
	}
	t->turn = NULL;
	s->turn_start = s->level[s->nlevel - 1].turn_start = 0;
	w->s = s;
	w->start = at;
	return true;
}

/* A wait inside a turn of another loop: for that loop it is a call that blocks. */
static SLOW void record_wait(
	struct trace_thread *s, struct trace_level *l, const struct wait *w, uint64_t ticks)
{
	struct stack st;

	tvt__unwind(w->ra, &st);
	tvt__push_event(s, tvt__find_site(s, KIND_CALL, w->call, &st, 0, 0, -1), ticks, 0);
	l->first = s->npending;
}

void tvt__wait_end(struct wait *w)
{
	struct tls *t = &tvt__tls;
	struct trace_thread *s = w->s;
	struct trace_level *l = &s->level[s->nlevel - 1];
	struct trace_loop *loop = &tvt__.file->loop[l->loop];
	uint64_t at = now();

	loop->waits++;
	loop->wait_ticks += at - w->start;
	if (w->fds > 0 && (uint32_t)w->fds > loop->max_fds)
		loop->max_fds = (uint32_t)w->fds;
	if (unlikely(s->nlevel > 1 && !l->twin && at - w->start >= tvt__.threshold))
		record_wait(s, l, w, at - w->start);
	if (unlikely(t->credit > 0)) {
		begin_check(t);
		at = now();
	}
	l->turn_start = at;
	s->turn_start = at;
	t->turn = s;
	go_outside(s);
}
