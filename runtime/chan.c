/* chan.c - channels, and waiting for the first of several.
 *
 * A channel is a ring of cap values and two lists of waiting tasks. A sender that meets a waiting
 * receiver copies straight to where that wants it, and the other way round; so values never pass
 * one another, whatever waits.
 *
 * tvt_select locks all its channels in order of address, tries each case, and if none can be done
 * lists itself in all of them before it lets any go. Whoever claims its task decides the case.
 */
#include <string.h>

#include "internal.h"

enum { CASES_MAX = 16 };

struct tvt_chan {
	struct tvt__lock lock;
	bool closed;
	size_t size, cap, count, first; /* count values from ring[first * size] on */
	struct tvt__list recv, send;
	struct tvt__rt *rt;
	_Alignas(16) char ring[];
};

int tvt_chan_new(struct tvt_chan **out, size_t size, size_t cap)
{
	struct tvt_chan *c;
	size_t bytes;

	if (!tvt__self())
		return -EPERM;
	if (__builtin_mul_overflow(size, cap, &bytes) ||
		__builtin_add_overflow(bytes, sizeof *c, &bytes))
		return -EINVAL;
	if (!(c = tvt__malloc(tvt__w->rt, bytes)))
		return -ENOMEM;
	memset(c, 0, sizeof *c);
	c->size = size;
	c->cap = cap;
	c->rt = tvt__w->rt;
	*out = c;
	return 0;
}

void tvt_chan_free(struct tvt_chan *c)
{
	if (!c)
		return;
	if (c->recv.head || c->send.head)
		tvt__bug("waits for a channel that is freed",
			(c->recv.head ? c->recv.head : c->send.head)->task);
	tvt__free(c->rt, c, sizeof *c + c->size * c->cap);
}

static char *place(struct tvt_chan *c, size_t i)
{
	i += c->first;
	return c->ring + (i < c->cap ? i : i - c->cap) * c->size;
}

/* Send or receive now: 0, -EPIPE, or -EAGAIN. Under c's lock. The task it freed, if any, is *woken,
 * to be made ready without the lock. */
static int try_send(struct tvt_chan *c, const void *value, struct tvt__waiter **woken)
{
	if (c->closed)
		return -EPIPE;
	if ((*woken = tvt__list_claim(&c->recv))) {
		memcpy((*woken)->value, value, c->size);
		return 0;
	}
	if (c->count == c->cap)
		return -EAGAIN;
	memcpy(place(c, c->count++), value, c->size);
	return 0;
}

static int try_recv(struct tvt_chan *c, void *value, struct tvt__waiter **woken)
{
	*woken = NULL;
	if (c->count > 0) {
		memcpy(value, place(c, 0), c->size);
		c->first = c->first + 1 < c->cap ? c->first + 1 : 0;
		c->count--;
		if ((*woken = tvt__list_claim(&c->send))) /* the oldest sender has room now */
			memcpy(place(c, c->count++), (*woken)->value, c->size);
		return 0;
	}
	if ((*woken = tvt__list_claim(&c->send))) {
		memcpy(value, (*woken)->value, c->size);
		return 0;
	}
	return c->closed ? -EPIPE : -EAGAIN;
}

static int try_op(struct tvt_case *x, struct tvt__waiter **woken)
{
	return x->op == TVT_SEND ? try_send(x->chan, x->value, woken)
				 : try_recv(x->chan, x->value, woken);
}

static struct tvt__list *list_of(struct tvt_case *x)
{
	return x->op == TVT_SEND ? &x->chan->send : &x->chan->recv;
}

/* Whose operation was done by another; index is which case that was. */
static void finish(struct tvt__waiter *x, int rc)
{
	if (!x)
		return;
	x->rc = rc;
	tvt__ready(x->task, x->index);
}

static int one(struct tvt_chan *c, int op, void *value, int64_t deadline)
{
	struct tvt_case x = {c, op, 0, value};
	struct tvt__task *t = tvt__self();
	struct tvt__waiter me = {.task = t, .value = value}, *woken = NULL;
	int rc;

	ENTER(t);
	tvt__lock(&c->lock);
	rc = try_op(&x, &woken);
	if (rc != -EAGAIN || deadline <= 0) {
		tvt__unlock(&c->lock);
		finish(woken, 0);
		if (rc == 0)
			tvt__spend(t);
		return rc == -EAGAIN ? -ETIMEDOUT : rc;
	}
	tvt__list_add(list_of(&x), &me);
	tvt__arm(t, 0);
	tvt__unlock(&c->lock);
	rc = tvt__park(t, deadline, op == TVT_SEND ? "channel to send" : "channel to receive", c);
	if (rc == 0)
		return me.rc;
	tvt__lock(&c->lock);
	tvt__list_del(list_of(&x), &me);
	tvt__unlock(&c->lock);
	return rc;
}

int tvt_chan_send(struct tvt_chan *c, const void *value, int64_t deadline)
{
	return one(c, TVT_SEND, (void *)value, deadline);
}

int tvt_chan_recv(struct tvt_chan *c, void *value, int64_t deadline)
{
	return one(c, TVT_RECV, value, deadline);
}

int tvt_chan_close(struct tvt_chan *c)
{
	struct tvt__waiter *x;

	if (!tvt__self())
		return -EPERM;
	tvt__lock(&c->lock);
	if (c->closed) {
		tvt__unlock(&c->lock);
		return -EPIPE;
	}
	c->closed = true;
	while ((x = tvt__list_claim(&c->recv)))
		finish(x, -EPIPE);
	while ((x = tvt__list_claim(&c->send)))
		finish(x, -EPIPE);
	tvt__unlock(&c->lock);
	return 0;
}

/* ---- select ---- */

struct select {
	struct tvt_case *cases;
	int n;
	uint8_t order[CASES_MAX]; /* by address of the channel */
};

/* Each channel once, though it may be in several cases. */
static void lock_all(struct select *s)
{
	for (int i = 0; i < s->n; i++) {
		if (i == 0 || s->cases[s->order[i]].chan != s->cases[s->order[i - 1]].chan)
			tvt__lock(&s->cases[s->order[i]].chan->lock);
	}
}

static void unlock_all(struct select *s)
{
	for (int i = s->n; i-- > 0;) {
		if (i == 0 || s->cases[s->order[i]].chan != s->cases[s->order[i - 1]].chan)
			tvt__unlock(&s->cases[s->order[i]].chan->lock);
	}
}

static void sort(struct select *s)
{
	for (int i = 0; i < s->n; i++) {
		int k = i;

		for (; k > 0 && s->cases[s->order[k - 1]].chan > s->cases[i].chan; k--)
			s->order[k] = s->order[k - 1];
		s->order[k] = (uint8_t)i;
	}
}

int tvt_select(struct tvt_case *cases, int n, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct select s = {cases, n, {0}};
	struct tvt__waiter me[CASES_MAX], *woken = NULL;
	unsigned first;
	int rc;

	ENTER(t);
	if (n < 1 || n > CASES_MAX)
		return -EINVAL;

	sort(&s);
	tvt__w->rng = tvt__w->rng * 1664525 + 1013904223;
	first = (tvt__w->rng >> 16) % (unsigned)n;
	lock_all(&s);
	for (int i = 0; i < n; i++) {
		int k = (int)(first + (unsigned)i) % n;

		rc = try_op(&cases[k], &woken);
		if (rc == -EAGAIN)
			continue;
		unlock_all(&s);
		finish(woken, 0);
		tvt__spend(t);
		cases[k].rc = rc;
		return k;
	}
	if (deadline <= 0) {
		unlock_all(&s);
		return -ETIMEDOUT;
	}
	for (int i = 0; i < n; i++) {
		me[i] = (struct tvt__waiter){.task = t, .value = cases[i].value, .index = i};
		tvt__list_add(list_of(&cases[i]), &me[i]);
	}
	tvt__arm(t, 0);
	unlock_all(&s);
	rc = tvt__park(t, deadline, "select", NULL);
	lock_all(&s);
	for (int i = 0; i < n; i++)
		tvt__list_del(list_of(&cases[i]), &me[i]);
	unlock_all(&s);
	if (rc >= 0)
		cases[rc].rc = me[rc].rc;
	return rc;
}
