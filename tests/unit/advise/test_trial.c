/* test_trial.c - promises of advice, what an experiment says, and the verdict. */
#include "advise/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void ignore(void *ctx, const char *level, const char *msg)
{
}

static struct outcome outcome(const char *text)
{
	struct outcome o;

	assert_int_equal(outcome_parse(&o, text), 0);
	return o;
}

static void every_kind_promises_something(void **state)
{
	struct machine m;

	machine_default(&m);
	m.cores = 4;
	for (const struct trial_kind *k = trial_kinds; k->name; k++) {
		assert_ptr_equal(trial_find(k->name), k);
		assert_true(k->promise(&m, &k->setup) > 1.2);
		assert_true(k->promise(&m, &k->setup) < 1e4);
	}
	assert_null(trial_find("nothing"));
}

static void promises_follow_the_finding(void **state)
{
	const struct trial_kind *pool = trial_find("pool"), *inlined = trial_find("inline"), *drop = trial_find("drop");
	struct machine m;

	machine_default(&m);
	assert_true(pool->promise(&m, &(struct trial_setup){1e8, true, 1}) >
		    9 * pool->promise(&m, &(struct trial_setup){1e7, true, 1}));
	/* what is shorter than the way to the pool gains nothing there, and much in the callback */
	assert_true(pool->promise(&m, &(struct trial_setup){1e4, true, 1}) < 1);
	assert_true(inlined->promise(&m, &(struct trial_setup){1e3, false, 1}) > 10);
	assert_true(inlined->promise(&m, &(struct trial_setup){1e7, false, 1}) < 1.01);
	assert_float_equal(drop->promise(&m, &(struct trial_setup){1e6, true, 5}), 5, 1e-9);
}

static void rules_have_their_kind(void **state)
{
	assert_ptr_equal(trial_of_rule("blocking-call-in-task"), trial_find("pool"));
	assert_ptr_equal(trial_of_rule("blocking-in-shared-pool"), trial_find("thread"));
	assert_null(trial_of_rule("unsafe-call-in-signal-handler"));
}

static void figures_are_read(void **state)
{
	struct outcome o = outcome("p50 1000\np99 2.5e+06\nrate 20\nbusy 0.5\n");

	assert_float_equal(o.v[METRIC_P99], 2.5e6, 0);
	assert_float_equal(o.v[METRIC_BUSY], 0.5, 0);
	assert_true(o.v[METRIC_BYTES] < 0);
	diag_redirect(ignore, NULL);
	assert_int_equal(outcome_parse(&o, "p98 1\n"), -1);
	assert_int_equal(outcome_parse(&o, "p50\n"), -1);
	assert_int_equal(outcome_parse(&o, "Segmentation fault\n"), -1);
	diag_redirect(NULL, NULL);
}

static void gain_has_a_direction(void **state)
{
	struct outcome a = outcome("p99 1000\nrate 10\n"), b = outcome("p99 100\nrate 40\n");

	assert_float_equal(trial_gain(METRIC_P99, &a, &b), 10, 1e-9);
	assert_float_equal(trial_gain(METRIC_RATE, &a, &b), 4, 1e-9);
	assert_float_equal(trial_gain(METRIC_BYTES, &a, &b), 0, 0);
	assert_true(outcome_better(&b, &a, METRIC_P99));
	assert_true(outcome_better(&b, &a, METRIC_RATE));
	assert_false(outcome_better(&a, &b, METRIC_RATE));
}

static void verdicts(void **state)
{
	static const struct {
		const char *kind, *before, *after;
		double promise;
		enum verdict expected;
	} rows[] = {
		{"pool", "p99 10000\nbusy 0\n", "p99 100\nbusy 0\n", 96, VERDICT_KEPT},
		{"pool", "p99 10000\nbusy 0\n", "p99 205\nbusy 0\n", 96, VERDICT_KEPT},
		{"pool", "p99 10000\nbusy 0\n", "p99 400\nbusy 0\n", 96, VERDICT_PART},
		{"pool", "p99 10000\nbusy 0\n", "p99 9000\nbusy 0\n", 96, VERDICT_MISSED},
		{"pool", "p99 10000\nbusy 0\n", "p99 20000\nbusy 0\n", 96, VERDICT_MISSED},
		/* load only ever spoils a gain: one that is seen in spite of it is one */
		{"pool", "p99 10000\nbusy .9\n", "p99 100\nbusy .9\n", 96, VERDICT_KEPT},
		{"pool", "p99 10000\nbusy 0\n", "p99 400\nbusy .2\n", 96, VERDICT_TOO_BUSY},
		{"pool", "p99 10000\nbusy .2\n", "p99 20000\nbusy 0\n", 96, VERDICT_TOO_BUSY},
		{"pool", "p50 10000\nbusy 0\n", "p50 20000\nbusy 0\n", 96, VERDICT_NO_GROUND},
		/* a promise of 2 is not kept by chance */
		{"shard", "rate 10\nbusy 0\n", "rate 11\nbusy 0\n", 2, VERDICT_MISSED},
		{"shard", "rate 10\nbusy 0\n", "rate 13\nbusy 0\n", 2, VERDICT_KEPT},
		/* memory does not depend on the load */
		{"tasks", "bytes 1000\nbusy 1\n", "bytes 990\nbusy 1\n", 7, VERDICT_MISSED},
		{"tasks", "bytes 1000\nbusy 1\n", "bytes 100\nbusy 1\n", 7, VERDICT_KEPT},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct outcome a = outcome(rows[i].before), b = outcome(rows[i].after);

		assert_int_equal(trial_judge(trial_find(rows[i].kind), rows[i].promise, &a, &b), rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_promises_something),
		cmocka_unit_test(promises_follow_the_finding),
		cmocka_unit_test(rules_have_their_kind),
		cmocka_unit_test(figures_are_read),
		cmocka_unit_test(gain_has_a_direction),
		cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
