/* Tasks and scopes: they begin, yield, sleep, end, fail, are named and cancelled. */
#include "check.h"

static int count_up(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

static int spawn_and_wait(void *arg)
{
	struct tvt_scope s;
	atomic_int n = 0;

	CHECK_EQ(tvt_scope_open(&s), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0); /* an empty scope */
	for (int round = 0; round < 20; round++) {
		CHECK_EQ(tvt_scope_open(&s), 0);
		for (int i = 0; i < FEW(500); i++)
			CHECK_EQ(tvt_spawn(&s, count_up, &n), 0);
		CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		CHECK_EQ(n, FEW(500) * (round + 1));
	}
	return 0;
}

static int tree(void *arg)
{
	int depth = (int)(intptr_t)arg;
	struct tvt_scope s;

	if (depth == 0)
		return 0;
	CHECK_EQ(tvt_scope_open(&s), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(tvt_spawn(&s, tree, (void *)(intptr_t)(depth - 1)), 0);
	CHECK_EQ(tvt_yield(), 0);
	return tvt_scope_wait(&s, TVT_NEVER);
}

static int nested(void *arg)
{
	return tree((void *)(intptr_t)(FEW(6) ? 6 : 3));
}

/* One executor: tasks run in the order of their spawns, and round robin. */
static int turns[16], nturn;

static int take_turns(void *arg)
{
	for (int i = 0; i < 4; i++) {
		turns[nturn++] = (int)(intptr_t)arg;
		CHECK_EQ(tvt_yield(), 0);
	}
	return 0;
}

static int round_robin(void *arg)
{
	struct tvt_stats st;
	struct tvt_scope s;

	CHECK_EQ(tvt_stats_get(&st), 0);
	if (st.threads > 1)
		return 0;
	nturn = 0;
	tvt_scope_open(&s);
	for (int i = 0; i < 4; i++)
		tvt_spawn(&s, take_turns, (void *)(intptr_t)i);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(turns[i], i % 4);
	return 0;
}

static int fails_with(void *arg)
{
	return (int)(intptr_t)arg;
}

static int results(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	tvt_spawn(&s, fails_with, (void *)(intptr_t)-EIO);
	tvt_yield();
	tvt_spawn(&s, fails_with, (void *)0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), -EIO);
	return 0;
}

static int sleep_long(void *arg)
{
	int rc = tvt_sleep(TVT_NEVER);

	CHECK_EQ(tvt_cancelled(), 1);
	CHECK_EQ(tvt_sleep(in(TVT_S)), -ECANCELED); /* it stays cancelled */
	CHECK_EQ(tvt_yield(), -ECANCELED);
	return rc;
}

static int cancel_waits(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(tvt_spawn(&s, sleep_long, NULL), 0);
	CHECK_EQ(tvt_sleep(in(2 * TVT_MS)), 0);
	tvt_scope_cancel(&s);
	CHECK_EQ(tvt_spawn(&s, sleep_long, NULL), -ECANCELED);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0); /* asked for, so no failure */
	return 0;
}

static int inner_scope(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	tvt_spawn(&s, sleep_long, NULL);
	tvt_spawn(&s, sleep_long, NULL);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), -ECANCELED);
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

static int cancel_goes_down(void *arg)
{
	struct tvt_scope s;
	atomic_int n = 0;

	tvt_scope_open(&s);
	for (int i = 0; i < 10; i++)
		tvt_spawn(&s, inner_scope, &n);
	CHECK_EQ(tvt_scope_wait(&s, in(3 * TVT_MS)), -ETIMEDOUT);
	CHECK_EQ(n, 10);
	return 0;
}

static int deadlines(void *arg)
{
	struct tvt_scope s;
	int64_t t = tvt_now();

	CHECK_EQ(tvt_sleep(0), 0);
	CHECK_EQ(tvt_sleep(t - TVT_S), 0);
	CHECK_EQ(tvt_sleep(t + 5 * TVT_MS), 0);
	CHECK(tvt_now() >= t + 5 * TVT_MS);
	tvt_scope_open(&s);
	tvt_spawn(&s, sleep_long, NULL);
	CHECK_EQ(tvt_scope_wait(&s, 0), -ETIMEDOUT); /* 0 does not wait, but for the cancelled */
	return 0;
}

static int names(void *arg)
{
	CHECK(strcmp(tvt_name(), "main") == 0);
	tvt_name_set("a name that is longer than fits");
	CHECK(strcmp(tvt_name(), "a name that is longer t") == 0);
	return 0;
}

static int not_from_a_task(void *arg)
{
	CHECK_EQ(tvt_run(NULL, fails_with, NULL), -EPERM);
	return 0;
}

/* A child of a scope may spawn into it, on whatever executor it is. */
struct relay {
	struct tvt_scope s;
	atomic_int left;
};

static int pass_on(void *arg)
{
	struct relay *r = arg;

	if (atomic_fetch_sub(&r->left, 1) > 0)
		CHECK_EQ(tvt_spawn(&r->s, pass_on, r), 0);
	return 0;
}

static int children_spawn(void *arg)
{
	struct relay r = {.left = 1000};

	tvt_scope_open(&r.s);
	for (int i = 0; i < 8; i++)
		tvt_spawn(&r.s, pass_on, &r);
	CHECK_EQ(tvt_scope_wait(&r.s, TVT_NEVER), 0);
	CHECK_EQ(r.left, -8);
	return 0;
}

/* Callee-saved registers and floating point survive switches. */
static int keeps_registers(void *arg)
{
	double f = (double)(intptr_t)arg, g = f;
	long a = (intptr_t)arg, b = a + 1, c = a + 2, d = a + 3, e = a + 4, x = a + 5;

	for (int i = 0; i < 200; i++) {
		CHECK_EQ(tvt_yield(), 0);
		a++, b++, c++, d++, e++, x++, f += 0.5;
	}
	CHECK_EQ(a - (intptr_t)arg, 200);
	CHECK_EQ(b + c + d + e + x, 5 * a + 15);
	CHECK(f == g + 100);
	return 0;
}

static int registers(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 16; i++)
		tvt_spawn(&s, keeps_registers, (void *)(intptr_t)(i * 1000));
	return tvt_scope_wait(&s, TVT_NEVER);
}

/* The stack goes down to the guard, whole frames of it. */
static int deep(volatile char *above, int left)
{
	volatile char here[1000];

	here[0] = here[999] = above[0];
	return left > 0 ? deep(here, left - 1) + here[999] : here[0];
}

static int deep_stack(void *arg)
{
	char c = 0;

	return deep(&c, SANITIZED ? 20 : 50);
}

static int says_25(void *arg)
{
	return 25;
}

static void outside(void)
{
	struct tvt_opts o = {.threads = -1};
	struct tvt_scope s;
	struct tvt_stats st;

	CHECK_EQ(tvt_run(&o, says_25, NULL), -EINVAL);
	o = (struct tvt_opts){.stack_size = 4096};
	CHECK_EQ(tvt_run(&o, says_25, NULL), -EINVAL);
	CHECK_EQ(tvt_run(NULL, says_25, NULL), 25);
	CHECK_EQ(tvt_yield(), -EPERM);
	CHECK_EQ(tvt_sleep(0), -EPERM);
	CHECK_EQ(tvt_scope_open(&s), -EPERM);
	CHECK_EQ(tvt_stats_get(&st), -EPERM);
	CHECK_EQ(tvt_block(says_25, NULL, TVT_NEVER), -EPERM);
	CHECK_EQ(tvt_dump(1), -EPERM);
	CHECK_EQ(tvt_cancelled(), 0);
	printf("ok outside\n");
}

int main(void)
{
	outside();
	RUN(spawn_and_wait);
	RUN(nested);
	RUN(round_robin);
	RUN(results);
	RUN(cancel_waits);
	RUN(cancel_goes_down);
	RUN(deadlines);
	RUN(names);
	RUN(not_from_a_task);
	RUN(children_spawn);
	RUN(registers);
	RUN(deep_stack);
	return 0;
}
