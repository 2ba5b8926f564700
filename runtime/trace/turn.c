/* turn.c - loops and their turns, and what is recorded in a turn.
 *
 * A turn is the time between two waits at one place on one thread. Whether a wait belongs to a loop
 *is known only when the same wait comes again; until then the events of the turn are pending. Waits
 *met inside a turn (a callback that polls, a loop run from a callback, a second loop after the
 *first) make a small stack of levels on the thread:
 *
 *	a wait at a level's place ends that level's turn; the levels above it were inside the turn,
 *and their events are its events; any other wait that may sleep makes a new level, and is itself an
 *event of the level below, unless both are in one activation of one function ("twins"): if the
 *lower comes again it is one loop with two waits (if (busy) look(); else sleep();), if it does not
 *they are one loop after the other; a level goes when the function that ran its loop has returned
 *(its frame is not on the stack any more), and all levels below one that has taken STREAK turns in
 *a row: they were loops that came before.
 *
 * Pending events lie in one array in the order of time, so a level's are those from its `first` on.
 *
 * The usual case, one loop, compares one return address and never walks the stack.
 */
#include "preload.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>

enum { STREAK = 32, NONE = UINT32_MAX };

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9E3779B97F4A7C15u;
	return h ^ h >> 32;
}

static void lose(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* ---- sites ---- */

static uint32_t thread_index(const struct trace_thread *s)
{
	return (uint32_t)(s - tvt__.file->thread);
}

static void describe_fd(struct trace_site *site, int fd)
{
	struct stat st;
	long flags;

	if (fd < 0 || tvt__.sandboxed)
		return;
	if (RAW(fstat, fd, &st) == 0)
		site->fd_mode = st.st_mode;
	flags = RAW(fcntl, fd, F_GETFL);
	if (flags >= 0)
		site->fd_flags = (uint32_t)flags;
}

static uint32_t new_site(struct trace_file *f)
{
	uint32_t i = __atomic_fetch_add(&f->h.nsite, 1, __ATOMIC_RELAXED);

	if (i < TRACE_SITES && tvt__touch(&f->site[i], sizeof f->site[i]))
		return i;
	__atomic_store_n(&f->h.nsite, i < TRACE_SITES ? i : TRACE_SITES, __ATOMIC_RELAXED);
	lose(&f->h.lost_sites);
	return NONE;
}

/* The record for this call from this stack on this thread. Safe against a signal handler and other
 * threads that insert at the same time: the slot of the hash is claimed last. */
static uint32_t find_site(const struct trace_thread *s, enum trace_kind kind, uint32_t call,
	const struct stack *st, uint32_t flags, uint64_t object, int fd)
{
	struct trace_file *f = tvt__.file;
	uint64_t key = mix(mix(kind, call), thread_index(s) + 1);
	uint32_t mine = NONE, id;
	struct trace_site *site;

	if (kind == KIND_START)
		key = mix(key, object);
	/* A hot loop is met at many addresses: when they become too many, the function is enough.
	 */
	if (flags & FLAG_SITE_EXACT && st->n && f->h.nsite > TRACE_SITES / 4)
		key = mix(key, tvt__function_start(st->pc[0] + 1));
	else if (st->n)
		key = mix(key, st->pc[0]);
	for (uint32_t i = 1; i < st->n; i++)
		key = mix(key, st->pc[i]);
	for (uint32_t h = (uint32_t)key % TRACE_HASH, probes = 0; probes < TRACE_HASH;) {
		id = __atomic_load_n(&f->hash[h], __ATOMIC_ACQUIRE);
		if (id) {
			site = &f->site[id - 1];
			if (site->key == key) {
				if (object && site->object != object)
					site->flags |= FLAG_SITE_MANY;
				return id - 1;
			}
			h = (h + 1) % TRACE_HASH;
			probes++;
			continue;
		}
		if (mine == NONE) {
			mine = new_site(f);
			if (mine == NONE)
				return NONE;
			site = &f->site[mine];
			site->kind = kind;
			site->call = call;
			site->flags = flags | (st->cut ? FLAG_SITE_CUT : 0);
			site->thread = thread_index(s);
			site->loop = NONE;
			site->key = key;
			site->object = object;
			site->nframe = st->n;
			memcpy(site->frame, st->pc, st->n * sizeof *st->pc);
			site->first = now();
			describe_fd(site, fd);
			for (uint32_t i = 0; i < st->n; i++)
				if (!tvt__known_code(st->pc[i]))
					f->h.flags |= FLAG_STALE;
			__atomic_store_n(&site->ready, 1, __ATOMIC_RELEASE);
		}
		id = 0;
		if (__atomic_compare_exchange_n(
			    &f->hash[h], &id, mine + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return mine;
	}
	return NONE;
}

static void add(uint32_t id, uint64_t ticks, uint64_t longest)
{
	struct trace_site *site = &tvt__.file->site[id];

	site->count++;
	site->ticks += ticks;
	if (longest > site->max_ticks)
		site->max_ticks = longest;
	site->hist.n[trace_bucket(longest)]++;
	site->last = now();
}

/* ---- pending events ---- */

/* The turn is a turn of this loop: its events count. */
static void commit(
	struct trace_thread *s, uint32_t first, uint32_t end, uint32_t loop, uint64_t wall)
{
	struct trace_file *f = tvt__.file;
	uint64_t called = 0;
	uint32_t nlong = 0;
	bool over = wall > tvt__.budget;

	for (uint32_t i = first; i < end; i++) {
		uint32_t kind = f->site[s->pending[i].site].kind;

		if (kind == KIND_LONG || kind == KIND_ASLEEP)
			nlong++;
	}
	for (uint32_t i = first; i < end; i++) {
		const struct trace_pending *e = &s->pending[i];
		struct trace_site *site = &f->site[e->site];

		site->loop = loop;
		if (site->kind == KIND_LONG || site->kind == KIND_ASLEEP) {
			if (over)
				add(e->site, wall / nlong, wall);
		} else {
			add(e->site, e->ticks, e->ticks);
			called += e->ticks;
		}
	}
	if (over && called >= wall / 2)
		f->loop[loop].over_called++;
}

static SLOW void make_room(struct trace_thread *s)
{
	struct trace_file *f = tvt__.file;
	const struct trace_level *l = &s->level[0];

	/* Only a lone loop that is proven to be one: with several levels it is not known yet whose
	 * they are. */
	if (s->nlevel == 1 && f->loop[l->loop].turns)
		commit(s, l->first, s->npending, l->loop, 0);
	else
		__atomic_fetch_add(&f->h.lost_events, s->npending, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < s->nlevel; i++)
		s->level[i].first = 0;
	s->npending = 0;
}

/* Returns the event's index + 1; 0 if it is lost. */
static uint32_t push_event(struct trace_thread *s, uint32_t site, uint64_t ticks, uint32_t flags)
{
	if (site == NONE) {
		lose(&tvt__.file->h.lost_events);
		return 0;
	}
	if (s->npending >= TRACE_PENDING)
		make_room(s);
	s->pending[s->npending] = (struct trace_pending){site, flags, ticks};
	/* a killed process leaves whole events only */
	__atomic_store_n(&s->npending, s->npending + 1, __ATOMIC_RELEASE);
	return s->npending;
}

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

		commit(s, l->first, s->npending, owner, wall);
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

/* Is the function that runs this level's loop still on the stack? Where that cannot be seen: yes.
 */
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
	/* Two frames out: the wait's caller and often also its caller only wait, and return
	 * before the callbacks run (epoll_dispatch of libevent, a function of the program's own).
	 */
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
	s->turn_start = 0;
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
	push_event(s, find_site(s, KIND_CALL, w->call, &st, 0, 0, -1), ticks, 0);
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

/* ---- calls ---- */

/* A call that is never acceptable: its stack is taken first, so that it is known even if it never
 * returns. */
SLOW void tvt__record_before(struct span *sp, enum trace_kind kind)
{
	struct stack st;

	if (!*tvt__.same_process)
		return; /* see tvt__record */
	tvt__unwind(sp->ra, &st);
	sp->pending = push_event(
		sp->s, find_site(sp->s, kind, sp->call, &st, 0, 0, -1), now(), FLAG_PENDING_OPEN);
}

SLOW void tvt__record(struct span *sp, uint64_t end, enum trace_kind kind, uint64_t object, int fd)
{
	struct trace_thread *s = sp->s;
	struct tls *t = &tvt__tls;
	uint64_t ticks = end - sp->start;
	struct stack st;

	/* A child that was forked past fork(3), in a turn of its parent: this is all still the
	 * parent's. Its next wait makes it a process of its own. */
	if (!*tvt__.same_process)
		return;
	if (t->checking) {
		t->called_switches += tvt__usage().switches - sp->switches;
		t->called_ticks += ticks;
	}
	if (sp->pending) {
		s->pending[sp->pending - 1].ticks = ticks;
		s->pending[sp->pending - 1].flags = 0;
		describe_fd(&tvt__.file->site[s->pending[sp->pending - 1].site], fd);
	} else if (ticks >= tvt__.threshold) {
		uint32_t id;

		tvt__unwind(sp->ra, &st);
		id = find_site(s, kind, sp->call, &st, 0, object, fd);
		if (id != NONE && s->looked_at == sp->start) {
			struct trace_site *site = &tvt__.file->site[id];

			site->asleep += s->looked & LOOKED_ASLEEP;
			site->runnable += s->looked == LOOKED_RUNNABLE;
		}
		if (id != NONE && sp->owner && ticks >= tvt__.file->site[id].max_ticks)
			tvt__.file->site[id].owner = sp->owner;
		push_event(s, id, ticks, 0);
	}
}

/* Something that counts outside turns too: a held lock, a thread's start. */
SLOW void tvt__record_other(
	enum trace_kind kind, enum trace_call call, uint64_t ra, uint64_t ticks, uint64_t object)
{
	struct trace_thread *s = tvt__thread();
	struct stack st;
	bool outermost;
	uint32_t id;

	if (!s)
		return;
	outermost = !s->inside;
	if (outermost)
		go_inside(s, FRAME()); /* no signal of ours while the tables change */
	tvt__unwind(ra, &st);
	id = find_site(s, kind, call, &st, 0, object, -1);
	if (id != NONE)
		add(id, ticks, ticks);
	if (outermost)
		go_outside(s);
}

/* ---- the middle of a long turn ---- */

/* In the handler of the watcher's signal. */
void tvt__sample(struct trace_thread *s, enum trace_kind kind, const void *context)
{
	struct stack st;
	uint32_t flags = FLAG_SITE_EXACT, skip = 0;

	tvt__unwind_signal(context, &st);
	if (s->inside) {
		/* It came when a wrapper had just been entered, and that waits for it: leave out
		 * our own frames. */
		while (skip < st.n && st.pc[skip] != s->call_ra)
			skip++;
		if (skip == st.n)
			return;
		st.n -= skip;
		memmove(st.pc, st.pc + skip, st.n * sizeof st.pc[0]);
		flags = 0;
	}
	push_event(s, find_site(s, kind, CALL_NONE, &st, flags, 0, -1), now() - s->turn_start, 0);
	__atomic_fetch_add(&tvt__.file->h.samples, 1, __ATOMIC_RELAXED);
}

SLOW void tvt__let_poke_happen(struct trace_thread *s)
{
	struct timespec ts;
	uint64_t start = 0, at;

	/* A system call returns through the delivery of signals, an interrupt does too. If none
	 * comes for 20 ms the watcher was stopped or the signal is blocked: go on without. */
	while (__atomic_load_n(&s->poke, __ATOMIC_SEQ_CST)) {
		if (tvt__.sandboxed)
			_mm_pause();
		else
			RAW(sched_yield, 0);
		clock_gettime(CLOCK_MONOTONIC, &ts);
		at = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
		if (!start)
			start = at;
		else if (at - start > 20000000)
			__atomic_store_n(&s->poke, 0, __ATOMIC_SEQ_CST);
	}
}
