/* Mutex, semaphore, wait group; and the pool. */
#include <pthread.h>
#include <time.h>

#include "check.h"

struct shared {
	struct tvt_mutex m;
	long n;
	int inside;
};

static int add(void *arg)
{
	struct shared *x = arg;

	for (int i = 0; i < 200; i++) {
		CHECK_EQ(tvt_mutex_lock(&x->m, TVT_NEVER), 0);
		CHECK_EQ(x->inside++, 0);
		if (i % 8 == 0)
			CHECK_EQ(tvt_yield(), 0);
		x->n++;
		x->inside--;
		CHECK_EQ(tvt_mutex_unlock(&x->m), 0);
	}
	return 0;
}

static int mutex_excludes(void *arg)
{
	struct shared x = {0};
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(tvt_spawn(&s, add, &x), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(x.n, 20 * 200);
	return 0;
}

struct locked {
	struct tvt_mutex m;
	atomic_int tried;
};

static int try_lock(void *arg)
{
	struct locked *x = arg;

	CHECK_EQ(tvt_mutex_lock(&x->m, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_mutex_lock(&x->m, in(TVT_MS)), -ETIMEDOUT);
	CHECK_EQ(tvt_mutex_unlock(&x->m), -EPERM);
	atomic_store(&x->tried, 1);
	CHECK_EQ(tvt_mutex_lock(&x->m, TVT_NEVER), -ECANCELED);
	return 0;
}

static int mutex_errors(void *arg)
{
	struct locked x = {0};
	struct tvt_scope s;

	CHECK_EQ(tvt_mutex_lock(&x.m, 0), 0);
	CHECK_EQ(tvt_mutex_lock(&x.m, TVT_NEVER), -EDEADLK);
	tvt_scope_open(&s);
	tvt_spawn(&s, try_lock, &x);
	while (!atomic_load(&x.tried))
		CHECK_EQ(tvt_sleep(in(TVT_MS)), 0);
	tvt_scope_cancel(&s);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(tvt_mutex_unlock(&x.m), 0);
	CHECK_EQ(tvt_mutex_unlock(&x.m), -EPERM);
	return 0;
}

struct bound {
	struct tvt_sem s;
	atomic_int now, most;
};

static int enter(void *arg)
{
	struct bound *b = arg;
	int now;

	CHECK_EQ(tvt_sem_wait(&b->s, TVT_NEVER), 0);
	now = atomic_fetch_add(&b->now, 1) + 1;
	for (int most = b->most; now > most && !atomic_compare_exchange_weak(&b->most, &most, now);)
		;
	CHECK_EQ(tvt_yield(), 0);
	atomic_fetch_sub(&b->now, 1);
	CHECK_EQ(tvt_sem_post(&b->s), 0);
	return 0;
}

static int semaphore_bounds(void *arg)
{
	struct bound b = {0};
	struct tvt_scope s;

	tvt_sem_init(&b.s, 3);
	tvt_scope_open(&s);
	for (int i = 0; i < 200; i++)
		tvt_spawn(&s, enter, &b);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK(b.most <= 3 && b.most >= 1);
	CHECK_EQ(tvt_sem_wait(&b.s, 0), 0);
	CHECK_EQ(tvt_sem_wait(&b.s, 0), 0);
	CHECK_EQ(tvt_sem_wait(&b.s, 0), 0);
	CHECK_EQ(tvt_sem_wait(&b.s, 0), -ETIMEDOUT);
	tvt_sem_init(&b.s, UINT32_MAX);
	CHECK_EQ(tvt_sem_post(&b.s), -EOVERFLOW);
	return 0;
}

static int finish(void *arg)
{
	tvt_yield();
	return tvt_wg_done(arg);
}

static int await(void *arg)
{
	return tvt_wg_wait(arg, TVT_NEVER);
}

static int wait_group(void *arg)
{
	struct tvt_wg wg = {0};
	struct tvt_scope s;

	CHECK_EQ(tvt_wg_wait(&wg, 0), 0);
	CHECK_EQ(tvt_wg_add(&wg, 100), 0);
	CHECK_EQ(tvt_wg_wait(&wg, 0), -ETIMEDOUT);
	tvt_scope_open(&s);
	for (int i = 0; i < 10; i++)
		tvt_spawn(&s, await, &wg);
	for (int i = 0; i < 100; i++)
		tvt_spawn(&s, finish, &wg);
	CHECK_EQ(tvt_wg_wait(&wg, TVT_NEVER), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(tvt_wg_done(&wg), -EINVAL);
	return 0;
}

/* ---- the pool ---- */

struct work {
	pthread_t by;
	int ms, rc;
	atomic_int ran;
};

static int do_work(void *arg)
{
	struct work *w = arg;

	w->by = pthread_self();
	if (w->ms)
		nanosleep(&(struct timespec){0, w->ms * TVT_MS}, NULL);
	atomic_store(&w->ran, 1);
	return w->rc;
}

static int offload(void *arg)
{
	struct work w = {.rc = -ENOENT};
	int rc;

	CHECK_EQ(tvt_block(do_work, &w, TVT_NEVER), -ENOENT);
	CHECK(!pthread_equal(w.by, pthread_self()));
	CHECK_EQ(tvt_block(do_work, &w, 0), -ETIMEDOUT);
	do { /* it had begun at the deadline: waited for */
		w = (struct work){.ms = 20};
		rc = tvt_block(do_work, &w, in(5 * TVT_MS));
		CHECK_EQ(rc, w.ran ? 0 : -ETIMEDOUT);
	} while (rc < 0);
	return 0;
}

struct gated {
	atomic_int begun, dropped, open;
};

static int wait_for_gate(void *arg)
{
	struct gated *g = arg;

	atomic_fetch_add(&g->begun, 1);
	while (!atomic_load(&g->open))
		nanosleep(&(struct timespec){0, TVT_MS}, NULL);
	return 1;
}

static int block_at_gate(void *arg)
{
	struct gated *g = arg;
	int rc = tvt_block(wait_for_gate, g, TVT_NEVER);

	CHECK(rc == 1 || rc == -ECANCELED);
	if (rc < 0)
		atomic_fetch_add(&g->dropped, 1);
	return 0;
}

/* More jobs than threads: those that have begun end, the others are dropped. */
static int offload_cancel(void *arg)
{
	struct gated g = {0};
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 20; i++)
		tvt_spawn(&s, block_at_gate, &g);
	while (atomic_load(&g.begun) < 4)
		tvt_sleep(in(TVT_MS));
	tvt_scope_cancel(&s);
	while (atomic_load(&g.dropped) < 16)
		tvt_sleep(in(TVT_MS));
	atomic_store(&g.open, 1);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(g.begun, 4);
	return 0;
}

static int block_many(void *arg)
{
	atomic_int *sum = arg;

	for (int i = 0; i < 50; i++) {
		struct work w = {0};

		CHECK_EQ(tvt_block(do_work, &w, TVT_NEVER), 0);
		atomic_fetch_add(sum, w.ran);
	}
	return 0;
}

static int offload_many(void *arg)
{
	struct tvt_stats st;
	struct tvt_scope s;
	atomic_int sum = 0;

	tvt_scope_open(&s);
	for (int i = 0; i < 30; i++)
		tvt_spawn(&s, block_many, &sum);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(sum, 30 * 50);
	tvt_stats_get(&st);
	CHECK_EQ(st.jobs, 30 * 50);
	return 0;
}

int main(void)
{
	RUN(mutex_excludes);
	RUN(mutex_errors);
	RUN(semaphore_bounds);
	RUN(wait_group);
	RUN(offload);
	RUN(offload_cancel);
	RUN(offload_many);
	return 0;
}
