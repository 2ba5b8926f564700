/* Channels and select: order, meeting, closing, deadlines, cancellation, many to many. */
#include "check.h"

static int buffered(void *arg)
{
	struct tvt_chan *c;
	int v = 0;

	CHECK_EQ(tvt_chan_new(&c, sizeof v, 3), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(tvt_chan_send(c, &i, 0), 0);
	CHECK_EQ(tvt_chan_send(c, &v, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_chan_send(c, &v, in(TVT_MS)), -ETIMEDOUT);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(tvt_chan_recv(c, &v, 0), 0);
		CHECK_EQ(v, i);
	}
	CHECK_EQ(tvt_chan_recv(c, &v, in(TVT_MS)), -ETIMEDOUT);
	v = 9;
	CHECK_EQ(tvt_chan_send(c, &v, 0), 0);
	CHECK_EQ(tvt_chan_close(c), 0);
	CHECK_EQ(tvt_chan_close(c), -EPIPE);
	CHECK_EQ(tvt_chan_send(c, &v, 0), -EPIPE);
	v = 0;
	CHECK_EQ(tvt_chan_recv(c, &v, 0), 0); /* what was sent before is still there */
	CHECK_EQ(v, 9);
	CHECK_EQ(tvt_chan_recv(c, &v, TVT_NEVER), -EPIPE);
	tvt_chan_free(c);
	CHECK_EQ(tvt_chan_new(&c, SIZE_MAX, 2), -EINVAL);
	return 0;
}

struct pipe {
	struct tvt_chan *c;
	int n;
	atomic_llong sum;
};

static int produce(void *arg)
{
	struct pipe *p = arg;

	for (int i = 1; i <= p->n; i++)
		CHECK_EQ(tvt_chan_send(p->c, &i, TVT_NEVER), 0);
	return 0;
}

static int consume(void *arg)
{
	struct pipe *p = arg;
	int v;

	while (tvt_chan_recv(p->c, &v, TVT_NEVER) == 0)
		atomic_fetch_add(&p->sum, v);
	return 0;
}

static int many_to_many(void *arg)
{
	static const size_t caps[] = {0, 1, 7, 100};

	for (size_t k = 0; k < sizeof caps / sizeof *caps; k++) {
		struct pipe p = {.n = 300};
		struct tvt_scope in_scope, out_scope;

		CHECK_EQ(tvt_chan_new(&p.c, sizeof(int), caps[k]), 0);
		tvt_scope_open(&out_scope);
		tvt_scope_open(&in_scope);
		for (int i = 0; i < 5; i++) {
			CHECK_EQ(tvt_spawn(&out_scope, consume, &p), 0);
			CHECK_EQ(tvt_spawn(&in_scope, produce, &p), 0);
		}
		CHECK_EQ(tvt_scope_wait(&in_scope, TVT_NEVER), 0);
		CHECK_EQ(tvt_chan_close(p.c), 0);
		CHECK_EQ(tvt_scope_wait(&out_scope, TVT_NEVER), 0);
		CHECK_EQ(p.sum, 5LL * 300 * 301 / 2);
		tvt_chan_free(p.c);
	}
	return 0;
}

/* One sender and one receiver: values come in order, whatever the capacity. */
static int check_order(void *arg)
{
	struct pipe *p = arg;
	int v;

	for (int i = 1; i <= p->n; i++) {
		CHECK_EQ(tvt_chan_recv(p->c, &v, TVT_NEVER), 0);
		CHECK_EQ(v, i);
	}
	return 0;
}

static int in_order(void *arg)
{
	for (size_t cap = 0; cap < 4; cap++) {
		struct pipe p = {.n = 1000};
		struct tvt_scope s;

		CHECK_EQ(tvt_chan_new(&p.c, sizeof(int), cap), 0);
		tvt_scope_open(&s);
		tvt_spawn(&s, check_order, &p);
		tvt_spawn(&s, produce, &p);
		CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		tvt_chan_free(p.c);
	}
	return 0;
}

static int recv_closed(void *arg)
{
	int v;

	CHECK_EQ(tvt_chan_recv(arg, &v, TVT_NEVER), -EPIPE);
	return 0;
}

static int recv_cancelled(void *arg)
{
	int v;

	CHECK_EQ(tvt_chan_recv(arg, &v, TVT_NEVER), -ECANCELED);
	CHECK_EQ(tvt_chan_send(arg, &v, 0), -ECANCELED);
	return 0;
}

static int close_and_cancel(void *arg)
{
	struct tvt_chan *c;
	struct tvt_scope s;

	CHECK_EQ(tvt_chan_new(&c, sizeof(int), 0), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 20; i++)
		tvt_spawn(&s, recv_cancelled, c);
	tvt_sleep(in(TVT_MS));
	tvt_scope_cancel(&s);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 20; i++)
		tvt_spawn(&s, recv_closed, c);
	tvt_sleep(in(TVT_MS));
	CHECK_EQ(tvt_chan_close(c), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_chan_free(c);
	return 0;
}

/* ---- select ---- */

static int select_simple(void *arg)
{
	struct tvt_chan *a, *b;
	int x = 1, y = 0, z = 5, hits[2] = {0};

	CHECK_EQ(tvt_chan_new(&a, sizeof(int), 1), 0);
	CHECK_EQ(tvt_chan_new(&b, sizeof(int), 1), 0);
	struct tvt_case cases[] = {
		{.chan = a, .op = TVT_RECV, .value = &y},
		{.chan = b, .op = TVT_RECV, .value = &y},
	};
	CHECK_EQ(tvt_select(cases, 2, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_select(cases, 2, in(TVT_MS)), -ETIMEDOUT);
	CHECK_EQ(tvt_select(cases, 0, 0), -EINVAL);
	CHECK_EQ(tvt_chan_send(b, &x, 0), 0);
	CHECK_EQ(tvt_select(cases, 2, 0), 1);
	CHECK_EQ(y, 1);
	/* both can be done: neither is always taken */
	for (int i = 0; i < 200; i++) {
		tvt_chan_send(a, &x, 0);
		tvt_chan_send(b, &x, 0);
		hits[tvt_select(cases, 2, 0)]++;
	}
	CHECK(hits[0] > 20 && hits[1] > 20);
	while (tvt_select(cases, 2, 0) >= 0)
		;
	/* send or receive on one channel */
	struct tvt_case both[] = {
		{.chan = a, .op = TVT_SEND, .value = &z},
		{.chan = a, .op = TVT_RECV, .value = &y},
	};
	CHECK_EQ(tvt_select(both, 2, 0), 0);
	CHECK_EQ(tvt_select(both, 2, 0), 1);
	CHECK_EQ(y, 5);
	tvt_chan_close(b);
	CHECK_EQ(tvt_select(cases, 2, TVT_NEVER), 1);
	CHECK_EQ(cases[1].rc, -EPIPE);
	tvt_chan_free(a);
	tvt_chan_free(b);
	return 0;
}

struct cross {
	struct tvt_chan *c[3];
	atomic_int sent, got;
};

/* Each worker sends or receives, on whichever of three channels is first. */
static int cross_worker(void *arg)
{
	struct cross *x = arg;
	uint32_t seed = (uint32_t)(uintptr_t)&seed | 1;

	for (int i = 0; i < 200; i++) {
		int v[3] = {i, i, i};
		struct tvt_case cases[3];
		int rc;

		for (int k = 0; k < 3; k++)
			cases[k] = (struct tvt_case){.chan = x->c[random_next(&seed) % 3],
				.op = random_next(&seed) & 64 ? TVT_SEND : TVT_RECV,
				.value = &v[k]};
		rc = tvt_select(cases, 3, in(random_next(&seed) % (200 * TVT_US)));
		CHECK(rc == -ETIMEDOUT || rc >= 0);
		if (rc >= 0)
			atomic_fetch_add(cases[rc].op == TVT_SEND ? &x->sent : &x->got, 1);
	}
	return 0;
}

/* What was sent was received once, or is still in a buffer. */
static int select_cross(void *arg)
{
	struct cross x = {0};
	struct tvt_scope s;
	int v, rest = 0;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(tvt_chan_new(&x.c[i], sizeof(int), (size_t)i), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(tvt_spawn(&s, cross_worker, &x), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	for (int i = 0; i < 3; i++) {
		while (tvt_chan_recv(x.c[i], &v, 0) == 0)
			rest++;
		tvt_chan_free(x.c[i]);
	}
	CHECK(x.sent > 0);
	CHECK_EQ(x.got + rest, x.sent);
	return 0;
}

int main(void)
{
	RUN(buffered);
	RUN(in_order);
	RUN(many_to_many);
	RUN(close_and_cancel);
	RUN(select_simple);
	RUN(select_cross);
	return 0;
}
