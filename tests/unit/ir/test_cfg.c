/* Control flow: order, dominators, loops; against definitions where graphs are small. */
#include "ir/ir.h"

#include <setjmp.h>
#include <time.h>
#include <cmocka.h>

struct graph {
	struct ir *ir;
	struct arena *mem;
	const struct cfg *g;
};

static struct graph build(const char *body)
{
	struct graph t = {.mem = arena_new()};
	char *text = arena_printf(t.mem, "fn f(x) {\n%s\n}\n", body);

	t.ir = ir_parse("t.tir", text);
	assert_non_null(t.ir);
	t.g = cfg_build(t.ir, 0, t.mem);
	return t;
}

static void drop(struct graph *t)
{
	arena_free(t->mem);
	ir_free(t->ir);
}

static void straight_line(void **state)
{
	struct graph t = build("b0: goto b1\nb1: goto b2\nb2: end");
	const struct cfg *g = t.g;

	assert_int_equal(g->n, 3);
	assert_int_equal(g->nrpo, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(g->rpo[i], i);
		assert_int_equal(g->order[i], i);
		assert_int_equal(g->idom[i], i ? i - 1 : NONE);
		assert_int_equal(g->ipdom[i], i < 2 ? i + 1 : NONE);
		assert_int_equal(g->npred[i], i ? 1 : 0);
	}
	assert_int_equal(g->nloop, 0);
	assert_true(cfg_dominates(g, 0, 2));
	assert_false(cfg_dominates(g, 2, 0));
	assert_true(cfg_dominates(g, 1, 1));
	assert_true(cfg_postdominates(g, 2, 0));
	assert_true(cfg_reaches(g, t.ir, 0, 0, 2));
	assert_false(cfg_reaches(g, t.ir, 0, 2, 0));
	assert_false(cfg_reaches(g, t.ir, 0, 1, 1));
	drop(&t);
}

static void diamond(void **state)
{
	struct graph t = build("b0: if x goto b1 else b2\nb1: goto b3\nb2: goto b3\nb3: end");
	const struct cfg *g = t.g;

	assert_int_equal(g->idom[3], 0);
	assert_int_equal(g->ipdom[0], 3);
	assert_int_equal(g->ipdom[1], 3);
	assert_int_equal(g->rpo[1], 1); /* the first successor first */
	assert_int_equal(g->npred[3], 2);
	assert_false(cfg_dominates(g, 1, 3));
	assert_false(cfg_postdominates(g, 1, 0));
	assert_false(cfg_reaches(g, t.ir, 0, 1, 2));
	drop(&t);
}

static void switch_counts_a_block_once(void **state)
{
	struct graph t = build("b0: switch x [1: b1, 2: b1, 3..9: b2, else: b1]\nb1: goto b2\nb2: end");

	assert_int_equal(t.g->npred[1], 1);
	assert_int_equal(t.g->nsucc[0], 2);
	assert_int_equal(t.g->npred[2], 2);
	drop(&t);
}

static void nested_loops(void **state)
{
	struct graph t = build("b0: goto b1\n"
			       "b1: if x goto b2 else b6\n" /* outer head */
			       "b2: if x goto b3 else b4\n" /* inner head */
			       "b3: goto b2\n"
			       "b4: if x goto b1 else b5\n"
			       "b5: goto b1\n"
			       "b6: if x goto b6 else b7\n" /* itself */
			       "b7: end");
	const struct cfg *g = t.g;
	static const uint32_t in[] = {NONE, 0, 1, 1, 0, 0, 2, NONE};

	assert_int_equal(g->nloop, 3);
	assert_int_equal(g->loops[0].head, 1);
	assert_int_equal(g->loops[0].depth, 1);
	assert_int_equal(g->loops[0].parent, NONE);
	assert_int_equal(g->loops[0].nblock, 5);
	assert_int_equal(g->loops[0].blocks[0], 1);
	assert_int_equal(g->loops[1].head, 2);
	assert_int_equal(g->loops[1].depth, 2);
	assert_int_equal(g->loops[1].parent, 0);
	assert_int_equal(g->loops[1].nblock, 2);
	assert_int_equal(g->loops[2].head, 6);
	assert_int_equal(g->loops[2].nblock, 1);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(g->loop_of[i], in[i]);
		assert_int_equal(loop_has(&g->loops[0], i), i >= 1 && i <= 5);
		assert_int_equal(loop_has(&g->loops[1], i), i == 2 || i == 3);
		assert_int_equal(loop_has(&g->loops[2], i), i == 6);
	}
	assert_true(cfg_reaches(g, t.ir, 0, 6, 6));
	assert_true(cfg_reaches(g, t.ir, 0, 5, 3));
	assert_false(cfg_reaches(g, t.ir, 0, 6, 5));
	assert_false(cfg_reaches(g, t.ir, 0, 0, 0));
	drop(&t);
}

static void two_back_edges_are_one_loop(void **state)
{
	struct graph t = build("b0: goto b1\nb1: if x goto b2 else b4\nb2: if x goto b1 else b3\n"
			       "b3: goto b1\nb4: end");

	assert_int_equal(t.g->nloop, 1);
	assert_int_equal(t.g->loops[0].nblock, 3);
	drop(&t);
}

static void entry_as_loop_head(void **state)
{
	struct graph t = build("b0: if x goto b0 else b1\nb1: end");

	assert_int_equal(t.g->nloop, 1);
	assert_int_equal(t.g->loops[0].head, 0);
	assert_int_equal(t.g->idom[0], NONE);
	assert_int_equal(t.g->npred[0], 1);
	drop(&t);
}

static void irreducible_cycle_is_no_loop(void **state)
{
	/* into the cycle b1 <-> b2 by both, inside of a proper loop of b0' = b3 */
	struct graph t = build("b0: goto b3\n"
			       "b1: goto b2\n"
			       "b2: if x goto b1 else b4\n"
			       "b3: if x goto b1 else b2\n"
			       "b4: if x goto b3 else b5\n"
			       "b5: end");
	const struct cfg *g = t.g;

	assert_int_equal(g->nloop, 1);
	assert_int_equal(g->loops[0].head, 3);
	assert_int_equal(g->loops[0].nblock, 4);
	assert_int_equal(g->loop_of[1], 0);
	assert_int_equal(g->idom[1], 3);
	assert_int_equal(g->idom[2], 3);
	assert_true(cfg_reaches(g, t.ir, 0, 1, 1));
	drop(&t);
}

static void infinite_loop(void **state)
{
	struct graph t = build("b0: if x goto b1 else b4\n"
			       "b1: goto b2\n"
			       "b2: if x goto b3 else b1\n" /* for (;;) */
			       "b3: goto b1\n"
			       "b4: end");
	const struct cfg *g = t.g;

	assert_int_equal(g->ipdom[2], 1);
	assert_int_equal(g->ipdom[3], 1);
	assert_int_equal(g->ipdom[1], NONE);
	assert_int_equal(g->ipdom[0], NONE);
	assert_int_equal(g->nloop, 1);
	assert_true(cfg_postdominates(g, 1, 3));
	assert_false(cfg_postdominates(g, 4, 0));
	assert_false(cfg_reaches(g, t.ir, 0, 1, 4));
	drop(&t);
}

static void infinite_loop_is_found_behind_others(void **state)
{
	/* b1 can leave its loop, but only for an endless one */
	struct graph t = build("b0: goto b1\nb1: if x goto b1 else b2\nb2: goto b3\nb3: goto b2");

	assert_int_equal(t.g->ipdom[0], 1);
	assert_int_equal(t.g->ipdom[1], 2);
	assert_int_equal(t.g->ipdom[3], 2);
	assert_int_equal(t.g->ipdom[2], NONE);
	drop(&t);
}

static void stops_are_exits(void **state)
{
	struct graph t = build("b0: if x goto b1 else b2\nb1: stop\nb2: end");

	assert_int_equal(t.g->ipdom[0], NONE);
	assert_false(cfg_postdominates(t.g, 2, 0));
	drop(&t);
}

static void unreachable_blocks(void **state)
{
	struct graph t = build("b0: goto b3\n"
			       "b1: goto b2\n" /* nobody comes here */
			       "b2: goto b1\n"
			       "b3: if x goto b3 else b4\n"
			       "b4: end\n"
			       "b5: goto b3\n");
	const struct cfg *g = t.g;

	assert_int_equal(g->nrpo, 3);
	assert_int_equal(g->order[1], NONE);
	assert_int_equal(g->order[5], NONE);
	assert_int_equal(g->idom[5], NONE);
	assert_int_equal(g->idom[3], 0);
	assert_int_equal(g->nloop, 1);
	assert_int_equal(g->loops[0].head, 3);
	assert_int_equal(g->loop_of[1], NONE);
	assert_false(loop_has(&g->loops[0], 5));
	assert_false(cfg_dominates(g, 0, 1));
	assert_false(cfg_dominates(g, 1, 0));
	assert_true(cfg_dominates(g, 1, 1));
	assert_true(cfg_reaches(g, t.ir, 0, 1, 1));
	assert_true(cfg_reaches(g, t.ir, 0, 5, 4));
	assert_false(cfg_reaches(g, t.ir, 0, 0, 5));
	drop(&t);
}

static void declaration_has_no_flow(void **state)
{
	struct ir *ir = ir_parse("t.tir", "fn f(?)");
	struct arena *a = arena_new();

	assert_int_equal(cfg_build(ir, 0, a)->n, 0);
	arena_free(a);
	ir_free(ir);
}

static void op_block_skips_empty_blocks(void **state)
{
	struct graph t = build("b0: nop; nop; goto b1\nb1: goto b2\nb2: nop; goto b3\nb3: goto b4\n"
			       "b4: nop; nop; nop; goto b5\nb5: end");
	static const uint32_t want[] = {0, 0, 2, 4, 4, 4};

	for (uint32_t i = 0; i < COUNT(want); i++)
		assert_int_equal(op_block(t.ir, 0, t.ir->fns[0].op + i), want[i]);
	drop(&t);
}

/* ---- against the definitions ---- */

enum { MAX = 12 };

/* Which nodes can be reached from a in at least one step, without entering block avoid. */
static uint32_t reach(const struct cfg *g, uint32_t a, uint32_t avoid)
{
	uint32_t seen = 0, todo = 1u << a, done = 0;

	while (todo & ~done) {
		uint32_t b = (uint32_t)__builtin_ctz(todo & ~done);

		done |= 1u << b;
		if (b == avoid)
			continue;
		for (uint32_t k = 0; k < g->nsucc[b]; k++)
			if (g->succ[b][k] != avoid)
				seen |= 1u << g->succ[b][k];
		todo |= seen;
	}
	return seen;
}

/* a dominates b: the entry does not reach b around a. */
static bool dominates(const struct cfg *g, uint32_t a, uint32_t b)
{
	if (a == b || a == 0)
		return true;
	return !((reach(g, 0, a) | 1) >> b & 1);
}

/* Can a get to a block without successors around avoid? */
static bool gets_out(const struct cfg *g, uint32_t a, uint32_t avoid)
{
	uint32_t seen = reach(g, a, avoid) | (a == avoid ? 0 : 1u << a);

	for (uint32_t i = 0; i < g->n; i++)
		if (seen >> i & 1 && !g->nsucc[i])
			return true;
	return false;
}

/* No way from a leads into an infinite loop. */
static bool always_gets_out(const struct cfg *g, uint32_t a)
{
	uint32_t seen = reach(g, a, NONE) | 1u << a;

	for (uint32_t i = 0; i < g->n; i++)
		if (seen >> i & 1 && !gets_out(g, i, NONE))
			return false;
	return true;
}

static void check_loops(const struct cfg *g)
{
	uint32_t nloop = 0;

	for (uint32_t h = 0; h < g->n; h++) {
		uint32_t members = 0;

		for (uint32_t t = 0; g->order[h] != NONE && t < g->n; t++)
			for (uint32_t k = 0; g->order[t] != NONE && k < g->nsucc[t]; k++)
				if (g->succ[t][k] == h && dominates(g, h, t)) {
					members |= 1u << h | 1u << t;
					for (uint32_t b = 0; b < g->n; b++)
						if (g->order[b] != NONE && b != h &&
								reach(g, b, h) >> t & 1)
							members |= 1u << b;
				}
		if (!members)
			continue;
		for (uint32_t l = 0; l < g->nloop; l++) {
			if (g->loops[l].head != h)
				continue;
			nloop++;
			assert_int_equal(g->loops[l].nblock, __builtin_popcount(members));
			assert_int_equal(g->loops[l].blocks[0], h);
			for (uint32_t b = 0; b < g->n; b++)
				assert_int_equal(loop_has(&g->loops[l], b), members >> b & 1);
			for (uint32_t i = 0; i < g->loops[l].nblock; i++)
				assert_true(members >> g->loops[l].blocks[i] & 1);
		}
	}
	assert_int_equal(nloop, g->nloop);
	for (uint32_t l = 0; l < g->nloop; l++) {
		uint32_t up = g->loops[l].parent;

		assert_true(up == NONE || up < l);
		assert_int_equal(g->loops[l].depth, up == NONE ? 1 : g->loops[up].depth + 1);
		assert_true(up == NONE || loop_has(&g->loops[up], g->loops[l].head));
		assert_int_equal(g->loop_of[g->loops[l].head], l);
	}
}

static void check_graph(const struct cfg *g, const struct ir *ir)
{
	uint32_t entry = reach(g, 0, NONE) | 1;

	for (uint32_t b = 0; b < g->n; b++) {
		bool here = entry >> b & 1;

		assert_int_equal(g->order[b] != NONE, here);
		for (uint32_t a = 0; a < g->n; a++) {
			assert_int_equal(cfg_reaches(g, ir, 0, a, b), reach(g, a, NONE) >> b & 1);
			if (here && entry >> a & 1)
				assert_int_equal(cfg_dominates(g, a, b), dominates(g, a, b));
			if (always_gets_out(g, b))
				assert_int_equal(cfg_postdominates(g, a, b),
					a == b || !gets_out(g, b, a));
		}
		/* the immediate one is dominated by all others */
		for (uint32_t a = 0; here && a < g->n; a++)
			if (a != b && entry >> a & 1 && dominates(g, a, b))
				assert_true(dominates(g, a, g->idom[b]) && g->idom[b] != b);
	}
	for (uint32_t i = 1; i < g->nrpo; i++) {
		assert_int_equal(g->order[g->rpo[i]], i);
		assert_true(g->order[g->idom[g->rpo[i]]] < i);
	}
	check_loops(g);
}

/* Post-dominators are compared where no infinite loop has a say. */
static void random_graphs(void **state)
{
	uint32_t seed = 1, nloop = 0, nirr = 0;

	for (int round = 0; round < 4000; round++) {
		struct sb b = {0};
		struct graph t;
		uint32_t n = 2 + (uint32_t)round % (MAX - 1);

		for (uint32_t i = 0; i < n; i++) {
			uint32_t r[3];

			for (int k = 0; k < 3; k++) {
				seed = seed * 1664525 + 1013904223;
				r[k] = seed >> 8;
			}
			sb_printf(&b, "b%u: ", i);
			if (r[0] % 8 == 0)
				sb_puts(&b, "end\n");
			else if (r[0] % 8 < 3)
				sb_printf(&b, "goto b%u\n", r[1] % n);
			else
				sb_printf(&b, "if x goto b%u else b%u\n", r[1] % n, r[2] % n);
		}
		t = build(b.s);
		check_graph(t.g, t.ir);
		nloop += t.g->nloop;
		for (uint32_t i = 0; i < n; i++)
			nirr += t.g->order[i] != NONE && t.g->loop_of[i] == NONE &&
				cfg_reaches(t.g, t.ir, 0, i, i);
		drop(&t);
		sb_free(&b);
	}
	assert_true(nloop > 1000 && nirr > 100); /* there was something to see */
}

/* ---- big ones ---- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Without the parser: n blocks, each with the successors that edges() gives. */
static struct ir *big(uint32_t n, uint32_t (*edges)(uint32_t n, uint32_t i, uint32_t *to))
{
	struct ir *ir = ir_new();

	for (uint32_t i = 0; i < n; i++) {
		uint32_t to[2], k = edges(n, i, to);
		static const uint8_t term[] = {TERM_RET, TERM_GOTO, TERM_IF};

		ir_add_blocks(ir, (struct block){.succ = ir->nsuccs, .nsucc = k, .loc = NONE, .term = term[k]});
		for (uint32_t e = 0; e < k; e++)
			ir_add_succs(ir, (struct succ){.block = to[e]});
	}
	ir_add_fns(ir, (struct fn){.type = NONE, .loc = NONE, .flags = FN_DEFINED, .nblock = n});
	return ir;
}

static uint32_t chain(uint32_t n, uint32_t i, uint32_t *to)
{
	to[0] = i + 1;
	return i + 1 < n;
}

/* Every block may go to the last one. */
static uint32_t ladder(uint32_t n, uint32_t i, uint32_t *to)
{
	to[0] = i + 1;
	to[1] = n - 1;
	return i + 1 < n ? 2 : 0;
}

/* n / 2 heads, then n / 2 tails: loop in loop. */
static uint32_t nest(uint32_t n, uint32_t i, uint32_t *to)
{
	to[0] = i + 1;
	to[1] = n - 1 - i;
	return i + 1 == n ? 0 : i < n / 2 ? 1 : 2;
}

/* A dispatcher and its cases, by a chain of ifs. */
static uint32_t comb(uint32_t n, uint32_t i, uint32_t *to)
{
	if (i % 2) {
		to[0] = 0;
		return 1;
	}
	to[0] = i + 1 < n ? i + 1 : 0;
	to[1] = i + 2 < n ? i + 2 : 0;
	return 2;
}

static void big_graphs(void **state)
{
	static const struct {
		uint32_t (*edges)(uint32_t n, uint32_t i, uint32_t *to);
		uint32_t nloop;
	} kinds[] = {{chain, 0}, {ladder, 0}, {nest, 49999}, {comb, 1}};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct ir *ir = big(100000, kinds[i].edges);
		struct arena *a = arena_new();
		double start = seconds();
		struct cfg *g = cfg_build(ir, 0, a);
		double took = seconds() - start;

		assert_int_equal(g->nrpo, 100000);
		assert_int_equal(g->nloop, kinds[i].nloop);
		print_message("kind %zu: %.1f ms, %zu KiB\n", i, took * 1e3, arena_size(a) / 1024);
		assert_true(took < 5); /* quadratic would be minutes */
		arena_free(a);
		ir_free(ir);
	}
}

static void nest_is_deep(void **state)
{
	struct ir *ir = big(1000, nest);
	struct arena *a = arena_new();
	struct cfg *g = cfg_build(ir, 0, a);

	/* block 499 jumps to 500, which jumps to itself or 499: the innermost of 499 loops and one */
	assert_int_equal(g->loops[g->nloop - 1].depth, g->nloop);
	assert_int_equal(g->loops[0].nblock, 998);
	arena_free(a);
	ir_free(ir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_line),
		cmocka_unit_test(diamond),
		cmocka_unit_test(switch_counts_a_block_once),
		cmocka_unit_test(nested_loops),
		cmocka_unit_test(two_back_edges_are_one_loop),
		cmocka_unit_test(entry_as_loop_head),
		cmocka_unit_test(irreducible_cycle_is_no_loop),
		cmocka_unit_test(infinite_loop),
		cmocka_unit_test(infinite_loop_is_found_behind_others),
		cmocka_unit_test(stops_are_exits),
		cmocka_unit_test(unreachable_blocks),
		cmocka_unit_test(declaration_has_no_flow),
		cmocka_unit_test(op_block_skips_empty_blocks),
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(big_graphs),
		cmocka_unit_test(nest_is_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
