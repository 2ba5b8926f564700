/* Several executors: tasks are stolen before they begin and stay after, wake-ups cross, nothing
 * is lost when workers fall asleep and are woken all the time. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "check.h"

static int stays(void *arg)
{
	pthread_t here = pthread_self();

	for (int i = 0; i < 30; i++) {
		if (i % 10 == 9)
			tvt_sleep(in(100 * TVT_US));
		else
			tvt_yield();
		CHECK(pthread_equal(here, pthread_self()));
	}
	return 0;
}

static int stay(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < FEW(1000); i++)
		CHECK_EQ(tvt_spawn(&s, stays, NULL), 0);
	return tvt_scope_wait(&s, TVT_NEVER);
}

/* The spawner never suspends before all are done: only thieves can have run them. */
static int done_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

static int steal(void *arg)
{
	struct tvt_stats st;
	struct tvt_scope s;
	atomic_int n = 0;

	tvt_stats_get(&st);
	if (st.threads == 1)
		return 0;
	for (int round = 0; round < 20; round++) {
		atomic_store(&n, 0);
		tvt_scope_open(&s);
		for (int i = 0; i < 100; i++)
			CHECK_EQ(tvt_spawn(&s, done_one, &n), 0);
		for (int64_t end = in(20 * TVT_S); atomic_load(&n) < 100 && tvt_now() < end;)
			sched_yield();
		CHECK_EQ(n, 100);
		CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		if (round % 4 == 0)
			tvt_sleep(in(TVT_MS)); /* all fall asleep */
	}
	tvt_stats_get(&st);
	CHECK(st.steals >= 20 * 100);
	return 0;
}

/* A ring of tasks that hand a token on, over executors. */
struct ring {
	struct tvt_chan *c[16];
	int rounds;
};

struct post {
	struct ring *r;
	int at;
};

static int hand_on(void *arg)
{
	struct post *p = arg;
	int token;

	for (int i = 0; i < p->r->rounds; i++) {
		CHECK_EQ(tvt_chan_recv(p->r->c[p->at], &token, TVT_NEVER), 0);
		token++;
		CHECK_EQ(tvt_chan_send(p->r->c[(p->at + 1) % 16], &token, TVT_NEVER), 0);
	}
	return 0;
}

static int token_ring(void *arg)
{
	struct ring r = {.rounds = 200};
	struct post p[16];
	struct tvt_scope s;
	int token = 0;

	for (int i = 0; i < 16; i++)
		CHECK_EQ(tvt_chan_new(&r.c[i], sizeof token, 1), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 16; i++) {
		p[i] = (struct post){&r, i};
		CHECK_EQ(tvt_spawn(&s, hand_on, &p[i]), 0);
	}
	CHECK_EQ(tvt_chan_send(r.c[0], &token, TVT_NEVER), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(tvt_chan_recv(r.c[0], &token, 0), 0);
	CHECK_EQ(token, 16 * 200);
	for (int i = 0; i < 16; i++)
		tvt_chan_free(r.c[i]);
	return 0;
}

/* Deadline against wake-up: each wait has exactly one of the two ends. */
struct race {
	struct tvt_chan *c;
	atomic_int sent, got, timeouts, gone;
};

static int race_recv(void *arg)
{
	struct race *r = arg;
	uint32_t seed = (uint32_t)(uintptr_t)&seed | 1;
	int v, rc;

	for (int i = 0; i < 100; i++) {
		rc = tvt_chan_recv(r->c, &v, in(random_next(&seed) % (50 * TVT_US)));
		CHECK(rc == 0 || rc == -ETIMEDOUT);
		atomic_fetch_add(rc == 0 ? &r->got : &r->timeouts, 1);
	}
	atomic_fetch_add(&r->gone, 1);
	return 0;
}

static int race_send(void *arg)
{
	struct race *r = arg;
	uint32_t seed = (uint32_t)(uintptr_t)&seed | 1;
	int v = 1;

	while (atomic_load(&r->gone) < 8) {
		if (tvt_chan_send(r->c, &v, in(random_next(&seed) % (50 * TVT_US))) == 0)
			atomic_fetch_add(&r->sent, 1);
	}
	return 0;
}

static int deadline_race(void *arg)
{
	struct race r = {0};
	struct tvt_scope s;

	CHECK_EQ(tvt_chan_new(&r.c, sizeof(int), 0), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 8; i++) {
		tvt_spawn(&s, race_recv, &r);
		tvt_spawn(&s, race_send, &r);
	}
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(r.got, r.sent);
	CHECK_EQ(r.got + r.timeouts, 800);
	tvt_chan_free(r.c);
	return 0;
}

/* Runtimes side by side in threads of one process. */
static void *another(void *arg)
{
	struct tvt_opts o = {.threads = 2};

	CHECK_EQ(tvt_run(&o, token_ring, NULL), 0);
	return NULL;
}

static void side_by_side(void)
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, another, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	printf("ok side_by_side\n");
}

/* A clump of sleeps and spawns, with idle time between: workers go to sleep and get up. */
static int tick(void *arg)
{
	tvt_sleep(in(50 * TVT_US));
	return 0;
}

static int doze_and_wake(void *arg)
{
	struct tvt_scope s;

	for (int i = 0; i < 300; i++) {
		tvt_scope_open(&s);
		for (int k = 0; k < i % 7; k++)
			CHECK_EQ(tvt_spawn(&s, tick, NULL), 0);
		CHECK_EQ(tvt_scope_wait(&s, in(20 * TVT_S)), 0);
	}
	return 0;
}

int main(void)
{
	RUN(stay);
	RUN(steal);
	RUN(token_ring);
	RUN(deadline_race);
	RUN(doze_and_wake);
	side_by_side();
	return 0;
}
