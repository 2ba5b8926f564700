/* sync.c - mutex, semaphore, wait group: a count and a list of those who wait.
 *
 * First come, first served: what is released is handed to the first that still waits, so none that
 * came later takes it in between, and none that waits is passed over.
 */
#include <limits.h>
#include <string.h>

#include "internal.h"

/* The inside of all three. */
struct gate {
	struct tvt__lock lock;
	int count;
	struct tvt__list list;
	struct tvt__task *owner;
};
_Static_assert(sizeof(struct gate) <= sizeof(struct tvt_mutex), "tvt_mutex is too small");
_Static_assert(sizeof(struct gate) <= sizeof(struct tvt_sem), "tvt_sem is too small");
_Static_assert(sizeof(struct gate) <= sizeof(struct tvt_wg), "tvt_wg is too small");

/* List ourselves and wait. Takes g's lock over. 0: it was handed to us. */
static int wait_at(struct gate *g, struct tvt__task *t, int64_t deadline, const char *why)
{
	struct tvt__waiter me = {.task = t};
	int rc;

	if (deadline <= 0) {
		tvt__unlock(&g->lock);
		return -ETIMEDOUT;
	}
	tvt__list_add(&g->list, &me);
	tvt__arm(t, 0);
	tvt__unlock(&g->lock);
	rc = tvt__park(t, deadline, why, g);
	if (rc < 0) {
		tvt__lock(&g->lock);
		tvt__list_del(&g->list, &me);
		tvt__unlock(&g->lock);
	}
	return rc;
}

/* ---- mutex: owner is who has it ---- */

int tvt_mutex_lock(struct tvt_mutex *m, int64_t deadline)
{
	struct gate *g = (struct gate *)m;
	struct tvt__task *t = tvt__self();

	ENTER(t);
	tvt__lock(&g->lock);
	if (!g->owner) {
		g->owner = t;
		tvt__unlock(&g->lock);
		tvt__spend(t);
		return 0;
	}
	if (g->owner == t) {
		tvt__unlock(&g->lock);
		return -EDEADLK;
	}
	return wait_at(g, t, deadline, "mutex");
}

int tvt_mutex_unlock(struct tvt_mutex *m)
{
	struct gate *g = (struct gate *)m;
	struct tvt__waiter *x;

	if (!tvt__self())
		return -EPERM;
	tvt__lock(&g->lock);
	if (g->owner != tvt__self()) {
		tvt__unlock(&g->lock);
		return -EPERM;
	}
	x = tvt__list_claim(&g->list);
	g->owner = x ? x->task : NULL;
	tvt__unlock(&g->lock);
	if (x)
		tvt__ready(x->task, 0);
	return 0;
}

/* ---- semaphore: count is how many may pass ---- */

void tvt_sem_init(struct tvt_sem *s, unsigned n)
{
	memset(s, 0, sizeof *s);
	((struct gate *)s)->count = n > INT_MAX ? INT_MAX : (int)n;
}

int tvt_sem_wait(struct tvt_sem *s, int64_t deadline)
{
	struct gate *g = (struct gate *)s;
	struct tvt__task *t = tvt__self();

	ENTER(t);
	tvt__lock(&g->lock);
	if (g->count > 0) {
		g->count--;
		tvt__unlock(&g->lock);
		tvt__spend(t);
		return 0;
	}
	return wait_at(g, t, deadline, "semaphore");
}

int tvt_sem_post(struct tvt_sem *s)
{
	struct gate *g = (struct gate *)s;
	struct tvt__waiter *x;
	int rc = 0;

	if (!tvt__self())
		return -EPERM;
	tvt__lock(&g->lock);
	x = tvt__list_claim(&g->list);
	if (!x && g->count == INT_MAX)
		rc = -EOVERFLOW;
	else if (!x)
		g->count++;
	tvt__unlock(&g->lock);
	if (x)
		tvt__ready(x->task, 0);
	return rc;
}

/* ---- wait group: count is how many are not done ---- */

int tvt_wg_add(struct tvt_wg *wg, int n)
{
	struct gate *g = (struct gate *)wg;
	struct tvt__waiter *x;
	int count;

	if (!tvt__self())
		return -EPERM;
	tvt__lock(&g->lock);
	if (__builtin_add_overflow(g->count, n, &count) || count < 0) {
		tvt__unlock(&g->lock);
		return -EINVAL;
	}
	g->count = count;
	while (count == 0 && (x = tvt__list_claim(&g->list)))
		tvt__ready(x->task, 0);
	tvt__unlock(&g->lock);
	return 0;
}

int tvt_wg_done(struct tvt_wg *wg)
{
	return tvt_wg_add(wg, -1);
}

int tvt_wg_wait(struct tvt_wg *wg, int64_t deadline)
{
	struct gate *g = (struct gate *)wg;
	struct tvt__task *t = tvt__self();

	ENTER(t);
	tvt__lock(&g->lock);
	if (g->count == 0) {
		tvt__unlock(&g->lock);
		tvt__spend(t);
		return 0;
	}
	return wait_at(g, t, deadline, "wait group");
}
