/* The heap against a plain list, and how late sleeps are. */
#include <time.h>

#include "check.h"
#include "internal.h"

/* ---- the heap alone: a worker that has nothing else ---- */

enum { N = 2000 };

static void *plain(void *arg, size_t n)
{
	return malloc(n);
}

static void plain_free(void *arg, void *p, size_t n)
{
	free(p);
}

static void heap_against_list(void)
{
	static struct tvt__rt rt;
	static struct tvt__worker w;
	static struct tvt__task tasks[N];
	static int64_t when[N]; /* 0: not in the heap */
	uint32_t seed = 12345;

	rt.opts.alloc = (struct tvt_alloc){plain, plain_free, NULL};
	w.rt = &rt;
	for (int i = 0; i < N; i++)
		tasks[i].timer = NO_TIMER;
	for (int step = 0; step < 100000; step++) {
		int i = (int)(random_next(&seed) % N);

		switch (random_next(&seed) % 3) {
		case 0:
			if (when[i] == 0) {
				when[i] = 1 + random_next(&seed) % 5000;
				CHECK_EQ(tvt__timer_add(&w, &tasks[i], when[i]), 0);
			}
			break;
		case 1:
			tvt__timer_del(&w, &tasks[i]);
			when[i] = 0;
			break;
		default: {
			int64_t now = random_next(&seed) % 300, least = INT64_MAX;
			struct tvt__task *t = tvt__timer_pop(&w, now);

			for (int k = 0; k < N; k++) {
				if (when[k] && when[k] < least)
					least = when[k];
			}
			if (!t) {
				CHECK(least > now);
				break;
			}
			CHECK_EQ(when[t - tasks], least);
			CHECK(least <= now);
			when[t - tasks] = 0;
		}
		}
	}
	free(w.timers.v);
	printf("ok heap_against_list\n");
}

/* ---- lateness ---- */

struct late {
	int64_t worst, sum;
	int n;
};

static int sleeper(void *arg)
{
	struct late *l = arg;
	uint32_t seed = (uint32_t)(uintptr_t)&seed | 1;

	for (int i = 0; i < 50; i++) {
		int64_t at = tvt_now() + TVT_MS + random_next(&seed) % TVT_MS, late;

		CHECK_EQ(tvt_sleep(at), 0);
		late = tvt_now() - at;
		CHECK(late >= 0); /* never early */
		l->sum += late;
		l->n++;
		if (late > l->worst)
			l->worst = late;
	}
	return 0;
}

/* The mean of 2,000 sleeps says whether deadlines are kept: a loaded machine spoils the worst. */
static int lateness(void *arg)
{
	struct late l[40] = {0};
	struct tvt_scope s;
	int64_t sum = 0;

	tvt_scope_open(&s);
	for (int i = 0; i < 40; i++)
		CHECK_EQ(tvt_spawn(&s, sleeper, &l[i]), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	for (int i = 0; i < 40; i++)
		sum += l[i].sum / l[i].n / 40;
	printf("mean lateness %lld us\n", (long long)(sum / TVT_US));
	CHECK(sum < (SANITIZED ? 100 : 20) * TVT_MS);
	return 0;
}

/* A busy task that yields delays a timer by a turn of its own, not by many. */
static int burn(void *arg)
{
	atomic_int *stop = arg;

	while (!atomic_load(stop)) {
		int64_t end = in(100 * TVT_US);

		while (tvt_now() < end)
			;
		tvt_yield();
	}
	return 0;
}

static int beside_a_busy_task(void *arg)
{
	atomic_int stop = 0;
	struct tvt_scope s;
	int64_t least = INT64_MAX, at, late;

	tvt_scope_open(&s);
	CHECK_EQ(tvt_spawn(&s, burn, &stop), 0);
	for (int i = 0; i < 100; i++) {
		at = in(TVT_MS);
		tvt_sleep(at);
		late = tvt_now() - at;
		if (i >= 10 && late < least)
			least = late;
	}
	atomic_store(&stop, 1);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK(least < TVT_MS);
	return 0;
}

int main(void)
{
	heap_against_list();
	RUN(lateness);
	RUN(beside_a_busy_task);
	return 0;
}
