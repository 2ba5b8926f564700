/* event.c - what is recorded: sites, and the events of a turn that is not over yet.
 *
 * A site is one call from one stack on one thread, with its count, total, maximum and histogram. An
 * event waits in the thread's pending[] until its turn has proved to be one (turn.c); then it is
 * added to its site.
 */
#include "preload.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { NONE = UINT32_MAX };

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9E3779B97F4A7C15u;
	return h ^ h >> 32;
}

/* ---- sites ---- */

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
uint32_t tvt__find_site(const struct trace_thread *s, enum trace_kind kind, uint32_t call,
	const struct stack *st, uint32_t flags, uint64_t object, int fd)
{
	struct trace_file *f = tvt__.file;
	uint64_t key = mix(mix(kind, call), thread_index(s) + 1);
	uint32_t mine = NONE, id;
	struct trace_site *site;

	if (kind == KIND_START)
		key = mix(key, object);
	/* A hot loop is met at many addresses: of too many, the function is enough. */
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
void tvt__commit(struct trace_thread *s, uint32_t first, uint32_t end, uint32_t loop, uint64_t wall)
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
		tvt__commit(s, l->first, s->npending, l->loop, 0);
	else
		__atomic_fetch_add(&f->h.lost_events, s->npending, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < s->nlevel; i++)
		s->level[i].first = 0;
	s->npending = 0;
}

/* Returns the event's index + 1; 0 if it is lost. */
uint32_t tvt__push_event(struct trace_thread *s, uint32_t site, uint64_t ticks, uint32_t flags)
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

/* ---- calls ---- */

/* A call that is never acceptable: its stack is taken first, so that it is known even if it never
 * returns. */
SLOW void tvt__record_before(struct span *sp, enum trace_kind kind)
{
	struct stack st;

	if (!*tvt__.same_process)
		return; /* see tvt__record */
	tvt__unwind(sp->ra, &st);
	sp->pending = tvt__push_event(sp->s,
		tvt__find_site(sp->s, kind, sp->call, &st, FLAG_SITE_NEVER, 0, -1), now(),
		FLAG_PENDING_OPEN);
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
		id = tvt__find_site(s, kind, sp->call, &st, 0, object, fd);
		if (id != NONE && s->looked_at == sp->start) {
			struct trace_site *site = &tvt__.file->site[id];

			site->asleep += s->looked & LOOKED_ASLEEP;
			site->runnable += s->looked == LOOKED_RUNNABLE;
		}
		if (id != NONE && sp->owner && ticks >= tvt__.file->site[id].max_ticks)
			tvt__.file->site[id].owner = sp->owner;
		tvt__push_event(s, id, ticks, 0);
	}
}

/* Something that counts outside turns too: a held lock, a thread's start. */
SLOW void tvt__record_other(
	enum trace_kind kind, enum trace_call call, uint64_t ra, uint64_t ticks, uint64_t object)
{
	struct trace_thread *s;
	struct stack st;
	bool outermost;
	uint32_t id;

	if (!tvt__.file || !*tvt__.same_process || !(s = tvt__thread()))
		return;
	outermost = !s->inside;
	if (outermost)
		go_inside(s, FRAME()); /* no signal of ours while the tables change */
	tvt__unwind(ra, &st);
	id = tvt__find_site(s, kind, call, &st, 0, object, -1);
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
	tvt__push_event(
		s, tvt__find_site(s, kind, CALL_NONE, &st, flags, 0, -1), now() - s->turn_start, 0);
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
