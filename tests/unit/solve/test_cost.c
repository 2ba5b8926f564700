/* What computes for long: how loops turn, what a turn costs, what a function costs as a sum. */
#include "solve_tir.h"

#define REGISTER                                                                                   \
	"file \"/s/a.c\" main\nfn start(ev, fd) {\n call event_set(ev, fd, 2, &cb, 0) @2:1\n}\n"

/* "COUNT SOME 'n' task" of the loops of one function. */
static const char *loops_of(const struct solved *s, const char *fn)
{
	static char buf[1024];
	static const char *const trips[] = {
#define TRIP(name, phrase) #name,
		TRIPS(TRIP)
#undef TRIP
	};
	struct arena *a = arena_new();
	*buf = 0;
	for (uint32_t i = 0; i < s->f->ncpu_loop; i++) {
		const struct loop_fact *l = &s->f->cpu_loops[i];
		if (strcmp(fn_name(s->p, l->fn), fn))
			continue;
		snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s%s", *buf ? "; " : "",
			trips[l->trip]);
		if (l->count >= 0)
			snprintf(buf + strlen(buf), sizeof buf - strlen(buf), " %lld",
				(long long)l->count);
		if (l->sym != NONE)
			snprintf(buf + strlen(buf), sizeof buf - strlen(buf), " %s",
				sym_text(s->f, s->p, l->sym, a));
		if (l->visit != NONE)
			snprintf(buf + strlen(buf), sizeof buf - strlen(buf), " task");
	}
	arena_free(a);
	return buf;
}

/* The degree of the steepest term of a function's cost. */
static int degree_of(const struct solved *s, const char *fn)
{
	uint32_t id;
	assert_int_equal(program_find(s->p, fn, &id, 1), 1);
	int most = 0;
	for (int i = 0; i < s->f->cost[id].n; i++)
		if (s->f->cost[id].t[i].degree > most)
			most = s->f->cost[id].t[i].degree;
	return most;
}

static void expect(const char *text, const char *fn, const char *loops)
{
	struct solved s = solve_tir(text);
	assert_string_equal(loops_of(&s, fn), loops);
	solved_free(&s);
}

#define UP_TO(limit)                                                                               \
	"b0:\n %i = copy 0\n goto b1\n"                                                            \
	"b1:\n if %i < " limit " goto b2 else b3\n"                                                \
	"b2:\n call work(%i) @8:1\n %i = bin.add %i, 1\n goto b1\n"                                \
	"b3:\n end\n}\n"

static void a_loop_counts_to_a_parameter(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n}\nfn f(n) {\n" UP_TO("n"), "f", "COUNT 'n'");
}

static void a_loop_counts_to_a_constant(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n}\nfn f(n) {\n" UP_TO("100"), "f", "CONST 100");
}

static void a_task_comes_to_it(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n call f(arg) @5:1\n}\nfn f(n) {\n" UP_TO("n"), "f",
		"COUNT 'n' task");
}

static void halving_is_logarithmic(void **state)
{
	expect("fn f(n) {\nb0:\n goto b1\nb1:\n if n > 0 goto b2 else b3\nb2:\n n = bin.shr n, 1\n "
	       "goto b1\nb3:\n end\n}\n",
		"f", "LOG");
}

static void what_callees_cost_is_told_in_the_callers_words(void **state)
{
	struct solved s = solve_tir("fn g(m) {\n" UP_TO("m") "fn f(n) {\n call g(n) @9:1\n}\n");
	uint32_t id;
	struct arena *a = arena_new();
	assert_int_equal(program_find(s.p, "f", &id, 1), 1);
	assert_non_null(strstr(cost_text(s.f, s.p, &s.f->cost[id], a), "x 'n'"));
	arena_free(a);
	solved_free(&s);
}

static void loops_in_loops_multiply(void **state)
{
	struct solved s = solve_tir("fn g(m) {\n" UP_TO(
		"m") "fn work(x) {\n}\n"
		     "fn f(n) {\nb0:\n %i = copy 0\n goto b1\nb1:\n if %i < n goto b2 else b3\n"
		     "b2:\n call g(n) @9:1\n %i = bin.add %i, 1\n goto b1\nb3:\n end\n}\n");
	assert_int_equal(degree_of(&s, "g"), 1);
	assert_int_equal(degree_of(&s, "f"), 2);
	solved_free(&s);
}

static void recursion_has_a_number_of_its_own(void **state)
{
	struct solved s = solve_tir("fn f(n) {\nb0:\n if n > 0 goto b1 else b2\nb1:\n %m = bin.sub "
				    "n, 1\n call f(%m) @9:1\n goto b2\n"
				    "b2:\n end\n}\n");
	struct arena *a = arena_new();
	uint32_t id;
	assert_int_equal(program_find(s.p, "f", &id, 1), 1);
	assert_non_null(strstr(cost_text(s.f, s.p, &s.f->cost[id], a), "the calls of itself"));
	arena_free(a);
	solved_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_counts_to_a_parameter),
		cmocka_unit_test(a_loop_counts_to_a_constant),
		cmocka_unit_test(a_task_comes_to_it),
		cmocka_unit_test(halving_is_logarithmic),
		cmocka_unit_test(what_callees_cost_is_told_in_the_callers_words),
		cmocka_unit_test(loops_in_loops_multiply),
		cmocka_unit_test(recursion_has_a_number_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
