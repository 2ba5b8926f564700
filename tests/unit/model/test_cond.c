/* Conditions: what they are built of, what they say, how they are printed. */
#include "text.h"

static struct models *m;

/* The condition of "f(a, b, c)  blocks io COND"; the models live until the next call. */
static const struct clause *parsed(const char *cond)
{
	char text[512];

	models_free(m);
	snprintf(text, sizeof text, "library l\nheader h.h\nf(a, b, c)  blocks io %s\nconst NONBLOCK 04000\nconst K 3\n", cond);
	m = load(text);
	if (!m)
		fail_msg("%s", said);
	return &models_find(m, "f")->clauses[0];
}

static const char *printed(const char *cond, bool phrase)
{
	static char buf[512];
	struct sb s = {0};
	const struct clause *c = parsed(cond);

	(phrase ? mcond_phrase : mcond_print)(c->cond, models_find(m, "f"), &s);
	snprintf(buf, sizeof buf, "%s", s.s);
	sb_free(&s);
	return buf;
}

static void printing_gives_back_what_was_written(void **state)
{
	static const char *const same[] = {
		"if a is NULL", "unless a is NULL", "if a is not 0", "if a > 1", "if a <= K", "if a < -1", "unless b has NONBLOCK|K",
		"if a in {1, K}", "if *a is zero", "unless a->flags has NONBLOCK", "if *a is 0",
		"if a starts \"/proc/\"", "if numeric(a)", "unless nonblocking(a) or ready(a) or file(b)", "if result is 0",
		"if on coroutine", "if (a is 1 or b is 2) and c is 3", "if a is 1 or b is 2 and c is 3 or memory(c)",
	};

	for (size_t i = 0; i < COUNT(same); i++) {
		/* "and" binds tighter, so the parentheses that print() adds are no change */
		const char *s = printed(same[i], true);

		if (strcmp(s, same[i]) && strcmp(same[i], "if a is 1 or b is 2 and c is 3 or memory(c)"))
			fail_msg("'%s' became '%s'", same[i], s);
	}
	assert_string_equal(printed("if a is 1 or b is 2 and c is 3 or memory(c)", true),
		"if a is 1 or (b is 2 and c is 3) or memory(c)");
}

static void what_must_hold_has_its_negations_inside(void **state)
{
	assert_string_equal(printed("unless a is NULL", false), "a is not NULL");
	assert_string_equal(printed("unless a is 1 or b lacks K", false), "a is not 1 and b has K");
	assert_string_equal(printed("unless nonblocking(a) and c in {1}", false), "not nonblocking(a) or c not in {1}");
	assert_string_equal(printed("unless a < 1", false), "a >= 1");
	assert_string_equal(printed("unless not (a > 1)", false), "a > 1");
	assert_string_equal(printed("unless on loop", false), "not on loop");
}

static void lines_may_be_joined(void **state)
{
	assert_string_equal(printed("unless a is 1\n\tor b is 2\n\tand c is 3", true), "unless a is 1 or (b is 2 and c is 3)");
	assert_string_equal(printed("if (a is 1 or\n\tb is 2)\n\treads a", true), "if a is 1 or b is 2");
}

/* ---- three values ---- */

static enum tri answers[3]; /* of a, b, c */

static enum tri leaf(void *ctx, const struct mcond *c)
{
	(*(int *)ctx)++;
	return answers[c->arg.param];
}

static enum tri eval(const char *cond, enum tri a, enum tri b, enum tri c)
{
	int asked = 0;

	answers[0] = a;
	answers[1] = b;
	answers[2] = c;
	return mcond_eval(parsed(cond)->cond, leaf, &asked);
}

static void unknown_stays_unknown_until_something_decides(void **state)
{
	assert_int_equal(eval("if a is 1", MAYBE, NO, NO), MAYBE);
	assert_int_equal(eval("unless a is 1", MAYBE, NO, NO), MAYBE);
	assert_int_equal(eval("unless a is 1", YES, NO, NO), NO);
	assert_int_equal(eval("unless a is 1", NO, NO, NO), YES);
	assert_int_equal(eval("if a is 1 and b is 1", MAYBE, NO, NO), NO);
	assert_int_equal(eval("if a is 1 and b is 1", NO, MAYBE, NO), NO);
	assert_int_equal(eval("if a is 1 and b is 1", MAYBE, YES, NO), MAYBE);
	assert_int_equal(eval("if a is 1 and b is 1", YES, YES, NO), YES);
	assert_int_equal(eval("if a is 1 or b is 1", MAYBE, YES, NO), YES);
	assert_int_equal(eval("if a is 1 or b is 1", MAYBE, NO, NO), MAYBE);
	assert_int_equal(eval("if a is 1 or b is 1", NO, NO, NO), NO);
	assert_int_equal(eval("if not (a is 1 and b is 1) or c is 1", YES, MAYBE, NO), MAYBE);
	assert_int_equal(eval("if not (a is 1 and b is 1) or c is 1", YES, MAYBE, YES), YES);
}

static void what_is_decided_is_not_asked_further(void **state)
{
	int asked = 0;

	answers[0] = NO;
	mcond_eval(parsed("if a is 1 and b is 1 and c is 1")->cond, leaf, &asked);
	assert_int_equal(asked, 1);
}

static void the_parts_of_an_argument(void **state)
{
	const struct mcond *c = parsed("if *b is zero")->cond;

	assert_int_equal(c->kind, MC_ZERO);
	assert_true(c->arg.deref);
	assert_int_equal(c->arg.param, 1);
	c = parsed("if b->ai_flags has K")->cond;
	assert_string_equal(c->arg.field, "ai_flags");
	assert_false(c->arg.deref);
	c = parsed("if result is 0")->cond;
	assert_int_equal(c->arg.param, PARAM_RESULT);
	c = parsed("if on pool")->cond;
	assert_int_equal(c->kind, MC_ON);
	assert_int_equal(c->value, CTX_POOL);
	c = parsed("if tty(a)")->cond;
	assert_int_equal(c->kind, MC_KIND);
	assert_int_equal(c->value, FD_TTY);
}

static int end(void **state)
{
	models_free(m);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printing_gives_back_what_was_written),
		cmocka_unit_test(what_must_hold_has_its_negations_inside),
		cmocka_unit_test(lines_may_be_joined),
		cmocka_unit_test(unknown_stays_unknown_until_something_decides),
		cmocka_unit_test(what_is_decided_is_not_asked_further),
		cmocka_unit_test(the_parts_of_an_argument),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
