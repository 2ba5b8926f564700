/* sched.c - who runs next: workers, their queues, parking and waking.
 *
 * Each worker is a thread with one stack of its own, on which its scheduler runs (worker.sched),
 * and any number of tasks. A task that suspends picks the next itself and switches straight to it;
 * only when there is none, or poll_at is reached, it switches to the scheduler, which asks the
 * kernel for events, looks at the clock, steals, or sleeps.
 *
 *   next to run:  1. the LIFO slot: woken last by a task here (at most LIFO_MAX in a row)
 *                 2. the run queue, a list: first in, first out
 *                 3. with several workers, the deque: tasks not yet begun, which others may steal
 *
 * The clock is read once in `interval` switches and never at a switch. interval doubles while it
 * lasts less than LOOK_NS and shrinks when it lasts longer; so timers are late by about that, or
 * by one task's turn if that is longer, whether tasks run for 10 ns or 100 us at a time. The
 * kernel is asked for events when there is nothing to run, and every POLL_NS otherwise.
 *
 * Waking. A waiting task has WAITING in its word; who clears it (tvt__claim) wakes it, all others
 * have lost and leave it alone. A task stays on its worker, so a task claimed by another thread
 * while still on its way into park is no danger: its worker reads the inbox only between tasks.
 *
 * Sleeping. A worker says it is asleep, then looks once more (inbox, deques); a waker puts its
 * message, then looks whether the worker is asleep. Both are sequentially consistent, so one of
 * them sees the other. At most one worker at a time is woken to search for tasks to steal; when it
 * has found one it has the next woken. Explored in model/wake.pml and model/claim.pml.
 */
#include <string.h>

#include "deque.h"
#include "internal.h"

#define LOOK_NS (25 * TVT_US)  /* from one look at the clock to the next */
#define POLL_NS (200 * TVT_US) /* and at the kernel, while there are tasks to run */

enum { AWAKE, ASLEEP, SEARCH }; /* worker.asleep; SEARCH: woken to steal */

__thread struct tvt__worker *tvt__w __attribute__((tls_model("initial-exec")));

void tvt__lock_slow(struct tvt__lock *l)
{
	for (int i = 0; atomic_exchange_explicit(&l->held, 1, memory_order_acquire); i++) {
		if (i > 100)
			sched_yield(); /* its holder may not be running */
	}
}

/* ---- switching ---- */

static inline __attribute__((always_inline)) void jump(struct tvt__worker *w, struct tvt__task *to)
{
	struct tvt__task *from = w->cur;

	tvt__bump(&w->tick);
	w->cur = to;
	san_leave(&from->fibre, &to->fibre);
	tvt__switch(&from->context, &to->context);
	san_arrive(&from->fibre);
	from->budget = OP_BUDGET;
}

void tvt__push(struct tvt__worker *w, struct tvt__task *t)
{
	t->next = NULL;
	*(w->head ? &w->tail->next : &w->head) = t;
	w->tail = t;
}

static inline struct tvt__task *next(struct tvt__worker *w)
{
	struct tvt__task *t = w->lifo;

	if (t && w->lifo_run++ < LIFO_MAX) {
		w->lifo = NULL;
		return t;
	}
	w->lifo_run = 0;
	if ((t = w->head)) {
		w->head = t->next;
		return t;
	}
	if ((t = w->lifo)) {
		w->lifo = NULL;
		return t;
	}
	return w->solo ? NULL : deque_take(&w->deque);
}

/* The running task is where its waker or the queue finds it, or has ended. Inlined, and so is all
 * below: a call that never returns would leave the return predictions one off (switch.h). */
static inline __attribute__((always_inline)) void suspend(struct tvt__worker *w)
{
	struct tvt__task *t = NULL;

	if (LIKELY(tvt__get(&w->tick) < tvt__get(&w->poll_at)))
		t = next(w);
	jump(w, t ? t : &w->sched);
}

/* A stack may be another thread's now than when it was last left. */
static __attribute__((noinline)) struct tvt__worker *here(void)
{
	__asm__ volatile("");
	return tvt__w;
}

/* One round for each task that this stack carries; between two it is on some worker's free list. */
void tvt__task_main(struct tvt__task *t)
{
	san_arrive(&t->fibre);
	for (;;) {
		struct tvt__worker *w = here();
		int rc;

		atomic_store_explicit(&t->worker, w, memory_order_relaxed);
		atomic_store_explicit(&t->state, TASK_BEGUN, memory_order_release);
		rc = t->fn(t->arg);
		if (t->open)
			tvt__bug("returned without tvt_scope_wait", t);
		tvt__bump(&w->ended); /* before the scope's owner can know */
		if (t->scope)
			tvt__scope_leave(t, rc);
		else
			tvt__stop(w->rt, rc);
		atomic_store_explicit(&t->state, TASK_FREE, memory_order_release);
		/* Only this worker takes from its list, and not before it has left the stack. */
		t->next = w->free;
		w->free = t;
		w->nfree++;
		suspend(w);
	}
}

/* To the end of the queue. The next is picked before t is in it: a switch to oneself would load
 * the stack pointer that it is about to save. */
static inline void give_way(struct tvt__worker *w, struct tvt__task *t)
{
	struct tvt__task *to = &w->sched;

	if (LIKELY(tvt__get(&w->tick) < tvt__get(&w->poll_at)) && !(to = next(w))) {
		tvt__bump(&w->tick);
		t->budget = OP_BUDGET;
		return;
	}
	tvt__push(w, t);
	jump(w, to);
}

int tvt_yield(void)
{
	struct tvt__task *t = tvt__self();

	ENTER(t);
	give_way(tvt__w, t);
	return tvt__cancelled(t) ? -ECANCELED : 0;
}

void tvt__budget(struct tvt__task *t)
{
	give_way(tvt__w, t);
}

/* ---- parking and waking ---- */

void tvt__arm(struct tvt__task *t, unsigned flags)
{
	if (tvt__w->solo)
		atomic_store_explicit(&t->word,
			atomic_load_explicit(&t->word, memory_order_relaxed) | WAITING | flags,
			memory_order_relaxed);
	else
		atomic_fetch_or(&t->word, WAITING | flags);
}

bool tvt__claim(struct tvt__task *t)
{
	unsigned word = atomic_load_explicit(&t->word, memory_order_relaxed);

	if (tvt__w->solo) {
		atomic_store_explicit(&t->word, word & ~(WAITING | SHIELDED), memory_order_relaxed);
		return word & WAITING;
	}
	while (word & WAITING) {
		if (atomic_compare_exchange_weak(&t->word, &word, word & ~(WAITING | SHIELDED)))
			return true;
	}
	return false;
}

void tvt__ready(struct tvt__task *t, int result)
{
	struct tvt__worker *w = tvt__w, *home = tvt__home(t);

	t->result = result;
	if (home != w) {
		t->node.kind = NODE_TASK;
		tvt__post(home, &t->node);
		return;
	}
	if (w->cur != &w->sched) {
		struct tvt__task *older = w->lifo;

		w->lifo = t;
		if (!older)
			return;
		t = older;
	}
	tvt__push(w, t);
}

int tvt__park(struct tvt__task *t, int64_t deadline, const char *why, const void *on)
{
	struct tvt__worker *w = tvt__w;
	unsigned word;

	t->why = why;
	t->on = on;
	word = atomic_load(&t->word);
	if ((word & (WAITING | CANCELLED | SHIELDED)) == (WAITING | CANCELLED) && tvt__claim(t)) {
		t->result =
			-ECANCELED; /* it came after ENTER and before arm: nobody else tells us */
	} else if (deadline != TVT_NEVER && tvt__timer_add(w, t, deadline) < 0 && tvt__claim(t)) {
		t->result = -ENOMEM;
	} else {
		suspend(w);
		tvt__timer_del(w, t);
	}
	t->why = NULL;
	return t->result;
}

struct tvt__waiter *tvt__list_claim(struct tvt__list *l)
{
	struct tvt__waiter *x;

	while ((x = l->head)) {
		tvt__list_del(l, x);
		if (tvt__claim(x->task))
			return x;
	}
	return NULL;
}

void tvt__cancel(struct tvt__task *t)
{
	unsigned word = tvt__w->solo ? atomic_load_explicit(&t->word, memory_order_relaxed)
				     : atomic_fetch_or(&t->word, CANCELLED);

	if (tvt__w->solo)
		atomic_store_explicit(&t->word, word | CANCELLED, memory_order_relaxed);
	/* A shielded wait may begin between the two and be woken too: such a wait looks again. */
	if ((word & (WAITING | SHIELDED)) == WAITING && tvt__claim(t))
		tvt__ready(t, -ECANCELED);
}

int tvt_sleep(int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	int rc;

	ENTER(t);
	tvt__arm(t, 0);
	rc = tvt__park(t, deadline, "sleep", NULL);
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* ---- between workers ---- */

static bool wake(struct tvt__worker *w, int how)
{
	int asleep = ASLEEP;

	if (atomic_load(&w->asleep) != ASLEEP ||
		!atomic_compare_exchange_strong(&w->asleep, &asleep, how))
		return false;
	atomic_fetch_sub(&w->rt->nasleep, 1);
	tvt__poll_wake(w);
	return true;
}

void tvt__post(struct tvt__worker *w, struct tvt__node *n)
{
	n->next = atomic_load_explicit(&w->inbox, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&w->inbox, &n->next, n))
		;
	wake(w, AWAKE);
}

void tvt__kick(struct tvt__worker *w)
{
	atomic_store(&w->poll_at, 0);
	wake(w, AWAKE);
}

static bool stealable(struct tvt__rt *rt)
{
	for (int i = 0; i < rt->nworker; i++) {
		if (!deque_empty(&rt->worker[i]->deque))
			return true;
	}
	return false;
}

/* There may be something to steal: have one sleeping worker search, unless one is about to. */
static void wake_searcher(struct tvt__rt *rt)
{
	int none = 0;

	while (atomic_load(&rt->nasleep) > 0 && stealable(rt) &&
		atomic_compare_exchange_strong(&rt->searching, &none, 1)) {
		for (int i = 0; i < rt->nworker; i++) {
			if (wake(rt->worker[i], SEARCH))
				return; /* it gives `searching` back */
		}
		/* nobody was asleep; look again, for who fell asleep since may have relied on us */
		atomic_store(&rt->searching, 0);
	}
}

void tvt__enqueue_new(struct tvt__worker *w, struct tvt__task *t)
{
	if (w->solo || !deque_push(&w->deque, t)) {
		tvt__push(w, t);
		return;
	}
	if (atomic_load(&w->rt->nasleep) > 0 && !atomic_load(&w->rt->searching))
		wake_searcher(w->rt);
}

static bool steal(struct tvt__worker *w)
{
	struct tvt__rt *rt = w->rt;
	unsigned first = w->rng = w->rng * 1664525 + 1013904223;

	for (int i = 0; i < rt->nworker; i++) {
		struct tvt__worker *from = rt->worker[((first >> 16) + i) % rt->nworker];
		struct tvt__task *t = from == w ? NULL : deque_steal(&from->deque);

		if (t) {
			tvt__bump(&w->steals);
			tvt__push(w, t);
			return true;
		}
	}
	return false;
}

static void read_inbox(struct tvt__worker *w)
{
	struct tvt__node *n, *after, *first = NULL;

	if (!atomic_load_explicit(&w->inbox, memory_order_relaxed))
		return;
	n = atomic_exchange_explicit(&w->inbox, NULL, memory_order_acquire);
	for (; n; n = after) { /* last in comes first: turn round */
		after = n->next;
		n->next = first;
		first = n;
	}
	for (n = first; n; n = after) {
		after = n->next;
		if (n->kind == NODE_TASK)
			tvt__push(w, container_of(n, struct tvt__task, node));
		else
			tvt__job_done(n);
	}
}

/* ---- the scheduler ---- */

static void expire(struct tvt__worker *w, int64_t now)
{
	struct tvt__task *t;

	while ((t = tvt__timer_pop(w, now))) {
		if (tvt__claim(t))
			tvt__ready(t, -ETIMEDOUT);
	}
}

/* Sleep until an event, a deadline or another thread wakes us. */
static void doze(struct tvt__worker *w)
{
	struct tvt__rt *rt = w->rt;
	int64_t timeout = -1;

	atomic_store(&w->asleep, ASLEEP);
	atomic_fetch_add(&rt->nasleep, 1);
	if (atomic_load(&w->inbox) || atomic_load(&rt->stop) || atomic_load(&w->dump_fd) >= 0 ||
		(!w->solo && stealable(rt))) {
		timeout = 0;
	} else if (w->timers.n > 0) {
		timeout = w->timers.v[0].when - tvt_now();
		if (timeout < 0)
			timeout = 0;
	}
	tvt__poll(w, timeout);
	switch (atomic_exchange(&w->asleep, AWAKE)) {
	case ASLEEP: /* nobody woke us */
		atomic_fetch_sub(&rt->nasleep, 1);
		break;
	case SEARCH:
		steal(w);
		atomic_store(&rt->searching, 0);
		wake_searcher(rt);
		break;
	}
	tvt__watch_busy(rt);
}

/* There are tasks to run: poll, unless that was just now, and find the interval. */
static void pace(struct tvt__worker *w, int64_t now)
{
	int64_t took = now - w->looked;

	w->looked = now;
	if (took < LOOK_NS)
		w->interval = w->interval < POLL_MAX ? 2 * w->interval : POLL_MAX;
	else if (took > 2 * LOOK_NS)
		w->interval = (uint32_t)((w->interval * 2 * LOOK_NS + took - 1) / took);
	if (now - w->polled >= POLL_NS) {
		tvt__poll(w, 0);
		w->polled = now;
	}
}

static inline bool runnable(struct tvt__worker *w)
{
	return w->head || w->lifo || (!w->solo && !deque_empty(&w->deque));
}

void tvt__worker_loop(struct tvt__worker *w)
{
	struct tvt__rt *rt = w->rt;
	struct tvt__task *t;
	int64_t now;

	while (!atomic_load_explicit(&rt->stop, memory_order_acquire)) {
		now = tvt_now();
		if (runnable(w) || (!w->solo && steal(w))) {
			pace(w, now);
		} else {
			doze(w);
			w->looked = w->polled = now = tvt_now();
			w->interval = 1;
		}
		expire(w, now);
		read_inbox(w);
		tvt__stack_trim(w);
		if (UNLIKELY(atomic_load_explicit(&w->dump_fd, memory_order_relaxed) >= 0))
			tvt__dump_worker(w);
		/* the oldest of the deque goes first once in a while, that none waits for ever */
		if (!w->solo && (t = deque_steal(&w->deque)))
			tvt__push(w, t);
		atomic_store_explicit(
			&w->poll_at, tvt__get(&w->tick) + w->interval, memory_order_relaxed);
		if ((t = next(w)))
			jump(w, t);
	}
}
