/* Cancellation at random points: many tasks in all kinds of waits, cancelled at random moments.
 * Each must end (no wake-up is lost), nothing may leak, and what was sent is not received twice.
 *
 * Usage: test_cancel [tasks [seed]]
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "check.h"

enum { WAVE = 1000 };

struct world {
	struct tvt_chan *chan[2];
	struct tvt_mutex mutex;
	struct tvt_sem sem;
	struct tvt_wg wg;
	int pipe[2], pair[2];
	int held; /* under mutex */
	atomic_int alive, began, sent, got, cancelled, other;
};

static _Atomic uint32_t seeds;

static int job(void *arg)
{
	return 0;
}

static int leaf(void *arg)
{
	return tvt_sleep(TVT_NEVER);
}

static int with_children(void)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 2; i++)
		tvt_spawn(&s, leaf, NULL);
	return tvt_scope_wait(&s, TVT_NEVER);
}

static int lock_a_while(struct world *w)
{
	int rc = tvt_mutex_lock(&w->mutex, TVT_NEVER);

	if (rc < 0)
		return rc;
	CHECK_EQ(w->held++, 0);
	rc = tvt_yield();
	w->held--;
	CHECK_EQ(tvt_mutex_unlock(&w->mutex), 0);
	return rc;
}

static int select_any(struct world *w, uint32_t *seed)
{
	int v = 1, rc;
	struct tvt_case c[2];

	for (int i = 0; i < 2; i++)
		c[i] = (struct tvt_case){.chan = w->chan[i],
			.op = random_next(seed) & 32 ? TVT_SEND : TVT_RECV,
			.value = &v};
	rc = tvt_select(c, 2, TVT_NEVER);
	if (rc >= 0)
		atomic_fetch_add(c[rc].op == TVT_SEND ? &w->sent : &w->got, 1);
	return rc < 0 ? rc : 0;
}

static int any_wait(struct world *w, uint32_t *seed)
{
	int64_t soon = tvt_now() + random_next(seed) % (300 * TVT_US);
	int v = 1, rc;
	char c;

	switch (random_next(seed) % 12) {
	case 0:
		return tvt_yield();
	case 1:
		return tvt_sleep(soon);
	case 2:
		if ((rc = tvt_chan_send(w->chan[random_next(seed) & 1], &v, soon)) == 0)
			atomic_fetch_add(&w->sent, 1);
		return rc;
	case 3:
		if ((rc = tvt_chan_recv(w->chan[random_next(seed) & 1], &v, TVT_NEVER)) == 0)
			atomic_fetch_add(&w->got, 1);
		return rc;
	case 4:
		return lock_a_while(w);
	case 5:
		if ((rc = tvt_sem_wait(&w->sem, TVT_NEVER)) == 0) {
			rc = tvt_yield();
			CHECK_EQ(tvt_sem_post(&w->sem), 0);
		}
		return rc;
	case 6:
		return tvt_wg_wait(&w->wg, TVT_NEVER);
	case 7:
		return tvt_block(job, NULL, TVT_NEVER);
	case 8:
		return (int)tvt_read(w->pipe[0], &c, 1, TVT_NEVER);
	case 9:
		return (int)tvt_wait(w->pair[0], POLLIN, soon);
	case 10:
		return select_any(w, seed);
	default:
		return with_children();
	}
}

static int victim(void *arg)
{
	struct world *w = arg;
	uint32_t seed = atomic_fetch_add(&seeds, 2654435761u) | 1;
	int rc;

	atomic_fetch_add(&w->began, 1);
	atomic_fetch_add(&w->alive, 1);
	do {
		rc = any_wait(w, &seed);
		CHECK(rc >= 0 || rc == -ECANCELED || rc == -ETIMEDOUT || rc == -EBUSY);
	} while (rc != -ECANCELED);
	CHECK_EQ(tvt_yield(), -ECANCELED);
	atomic_fetch_sub(&w->alive, 1);
	return 0;
}

static int tasks = 100000;

static int storm(void *arg)
{
	struct world *w = calloc(1, sizeof *w);
	uint32_t seed = atomic_load(&seeds) | 1;
	struct tvt_stats st;
	int v, rest = 0;

	for (int i = 0; i < 2; i++)
		CHECK_EQ(tvt_chan_new(&w->chan[i], sizeof(int), 2 * (size_t)i), 0);
	CHECK_EQ(pipe(w->pipe), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, w->pair), 0);
	tvt_sem_init(&w->sem, 2);
	CHECK_EQ(tvt_wg_add(&w->wg, 1), 0);
	for (int left = FEW(tasks); left > 0;) {
		int n = left < FEW(WAVE) ? left : FEW(WAVE);
		struct tvt_scope s;

		tvt_scope_open(&s);
		for (int i = 0; i < n; i++)
			CHECK_EQ(tvt_spawn(&s, victim, w), 0);
		switch (random_next(&seed) % 3) {
		case 0:
			tvt_sleep(tvt_now() + random_next(&seed) % (2 * TVT_MS));
			tvt_scope_cancel(&s);
			CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
			break;
		case 1:
			for (uint32_t i = random_next(&seed) % 100; i > 0; i--)
				tvt_yield();
			CHECK_EQ(tvt_scope_wait(&s, 0), -ETIMEDOUT);
			break;
		default:
			CHECK_EQ(tvt_scope_wait(&s, tvt_now() + random_next(&seed) % (2 * TVT_MS)),
				-ETIMEDOUT);
		}
		CHECK_EQ(w->alive, 0);
		left -= n;
	}
	CHECK_EQ(w->began, FEW(tasks) / FEW(WAVE) * FEW(WAVE));
	/* all is as it was */
	CHECK_EQ(tvt_mutex_lock(&w->mutex, 0), 0);
	CHECK_EQ(tvt_mutex_unlock(&w->mutex), 0);
	CHECK_EQ(tvt_sem_wait(&w->sem, 0), 0);
	CHECK_EQ(tvt_sem_wait(&w->sem, 0), 0);
	CHECK_EQ(tvt_sem_wait(&w->sem, 0), -ETIMEDOUT);
	for (int i = 0; i < 2; i++) {
		while (tvt_chan_recv(w->chan[i], &v, 0) == 0)
			rest++;
		tvt_chan_free(w->chan[i]);
		CHECK_EQ(tvt_close(w->pipe[i]), 0);
		CHECK_EQ(tvt_close(w->pair[i]), 0);
	}
	CHECK_EQ(w->got + rest, w->sent);
	tvt_stats_get(&st);
	CHECK_EQ(st.tasks, 1);
	free(w);
	return 0;
}

static long used;

static void *counted_alloc(void *arg, size_t size)
{
	void *p = malloc(size);

	if (p)
		__atomic_add_fetch(&used, (long)size, __ATOMIC_RELAXED);
	return p;
}

static void counted_free(void *arg, void *p, size_t size)
{
	__atomic_sub_fetch(&used, (long)size, __ATOMIC_RELAXED);
	free(p);
}

int main(int argc, char **argv)
{
	uint32_t seed = argc > 2 ? (uint32_t)atoi(argv[2]) : (uint32_t)tvt_now();

	if (argc > 1)
		tasks = atoi(argv[1]);
	printf("%d tasks, seed %u\n", FEW(tasks), seed);
	fflush(stdout);
	atomic_store(&seeds, seed);
	for (int threads = 1; threads <= 4; threads *= 2) {
		struct tvt_opts o = {
			.threads = threads, .alloc = {counted_alloc, counted_free, NULL}};

		if (getenv("TVT_TEST_URING"))
			o.flags |= TVT_URING;
		CHECK_EQ(tvt_run(&o, storm, NULL), 0);
		CHECK_EQ(used, 0);
		printf("ok on %d\n", threads);
	}
	return 0;
}
