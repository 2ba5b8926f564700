/* task.c - tasks and scopes: how one begins, ends, is cancelled and waited for.
 *
 * Nothing is detached. Each task but the first is in a scope, which another task opened and waits
 * for; so when a function that opened a scope has left tvt_scope_wait, none of its tasks runs, and
 * what was on its stack may go. When the first task ends, there are no others.
 *
 * Cancelling a scope sets CANCELLED in the word of each of its tasks and wakes those that wait. A
 * cancelled task that waits for a scope of its own cancels that in turn, so cancellation goes down
 * the tree one level at a time, each on the executor of the tasks concerned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void tvt__bug(const char *what, const struct tvt__task *t)
{
	fprintf(stderr, "tvt: bug: task '%s': %s\n", t->name, what);
	abort();
}

void tvt__task_init(struct tvt__task *t, tvt_fn *fn, void *arg)
{
	t->fn = fn;
	t->arg = arg;
	t->timer = NO_TIMER;
	t->open = 0;
	t->budget = OP_BUDGET;
	t->why = NULL;
	t->scope = NULL;
	t->name[0] = 0;
	atomic_store_explicit(&t->word, 0, memory_order_relaxed);
	atomic_store_explicit(&t->worker, tvt__w, memory_order_relaxed);
	atomic_store_explicit(&t->state, TASK_NEW, memory_order_release);
}

void tvt__scope_leave(struct tvt__task *t, int rc)
{
	struct tvt__scope *s = t->scope;
	struct tvt__task *owner = NULL;

	tvt__lock(&s->lock);
	*(t->scope_prev ? &t->scope_prev->scope_next : &s->tasks) = t->scope_next;
	if (t->scope_next)
		t->scope_next->scope_prev = t->scope_prev;
	if (rc < 0 && !s->rc && !(s->cancelled && rc == -ECANCELED))
		s->rc = rc;
	if (--s->live == 0 && s->waiting && tvt__claim(s->owner))
		owner = s->owner;
	tvt__unlock(&s->lock); /* s is gone now, unless its owner waits for us */
	if (owner)
		tvt__ready(owner, 0);
}

/* ---- scopes ---- */

static struct tvt__scope *inside(struct tvt_scope *s)
{
	return (struct tvt__scope *)s;
}

int tvt_scope_open(struct tvt_scope *scope)
{
	struct tvt__scope *s = inside(scope);
	struct tvt__task *t = tvt__self();

	if (!t)
		return -EPERM;
	memset(s, 0, sizeof *s);
	s->owner = t;
	t->open++;
	return 0;
}

int tvt_spawn(struct tvt_scope *scope, tvt_fn *fn, void *arg)
{
	struct tvt__scope *s = inside(scope);
	struct tvt__worker *w = tvt__w;
	struct tvt__task *t;

	if (!tvt__self())
		return -EPERM;
	if (s->cancelled)
		return -ECANCELED;
	t = tvt__stack_get(w);
	if (UNLIKELY(!t))
		return -ENOMEM;
	tvt__task_init(t, fn, arg);
	t->scope = s;
	t->scope_prev = NULL;
	tvt__lock(&s->lock);
	if (s->cancelled) /* in between, by another executor: it begins cancelled */
		atomic_store_explicit(&t->word, CANCELLED, memory_order_relaxed);
	t->scope_next = s->tasks;
	if (s->tasks)
		s->tasks->scope_prev = t;
	s->tasks = t;
	s->live++;
	tvt__unlock(&s->lock);
	tvt__bump(&w->spawned);
	tvt__enqueue_new(w, t);
	return 0;
}

static void cancel_all(struct tvt__scope *s)
{
	s->cancelled = true;
	for (struct tvt__task *t = s->tasks; t; t = t->scope_next)
		tvt__cancel(t);
}

void tvt_scope_cancel(struct tvt_scope *scope)
{
	struct tvt__scope *s = inside(scope);

	if (!tvt__self())
		return;
	tvt__lock(&s->lock);
	cancel_all(s);
	tvt__unlock(&s->lock);
}

int tvt_scope_wait(struct tvt_scope *scope, int64_t deadline)
{
	struct tvt__scope *s = inside(scope);
	struct tvt__task *t = tvt__self();
	int rc = 0, why;

	if (!t || s->owner != t)
		return -EPERM;
	tvt__lock(&s->lock);
	while (s->live > 0) {
		if (!rc && (tvt__cancelled(t) || deadline <= 0)) {
			rc = tvt__cancelled(t) ? -ECANCELED : -ETIMEDOUT;
			cancel_all(s);
		}
		s->waiting = true;
		tvt__arm(t, rc ? SHIELDED : 0);
		tvt__unlock(&s->lock);
		why = tvt__park(t, rc ? TVT_NEVER : deadline, "scope", s);
		tvt__lock(&s->lock);
		s->waiting = false;
		if (s->live > 0 && !rc && why < 0) {
			rc = why;
			cancel_all(s);
		}
	}
	tvt__unlock(&s->lock);
	s->owner = NULL;
	t->open--;
	return rc ? rc : s->rc;
}

/* ---- about oneself ---- */

int tvt_cancelled(void)
{
	struct tvt__task *t = tvt__self();

	return t && tvt__cancelled(t);
}

void tvt_name_set(const char *name)
{
	struct tvt__task *t = tvt__self();

	if (t)
		snprintf(t->name, sizeof t->name, "%s", name);
}

const char *tvt_name(void)
{
	struct tvt__task *t = tvt__self();

	return t ? t->name : "";
}
