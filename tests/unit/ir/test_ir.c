/* Building, writing, mapping. */
#include "ir/ir.h"

#include <setjmp.h>
#include <cmocka.h>

/* int g; int f(int x) { if (x < 3) g = x; return h(x); } */
static struct ir *small(void)
{
	struct ir *ir = ir_new();
	uint32_t i32 = ir_add_types(ir, (struct type){.kind = TYPE_INT, .to = NONE, .size = 4,
						.text = ir_str(ir, "int")});
	uint32_t file = ir_add_files(ir, (struct file){ir_str(ir, "/src/a.c"), FILE_MAIN});
	uint32_t loc = ir_add_locs(ir, (struct loc){file, 3, 9, 10, .sfile = NONE});
	uint32_t g = ir_add_globals(ir, (struct global){.name = ir_str(ir, "g"), .key = ir_str(ir, "c:@g"),
						.type = i32, .loc = loc, .fn = NONE});
	uint32_t h = ir_add_fns(ir, (struct fn){.name = ir_str(ir, "h"), .key = ir_str(ir, "c:@F@h"),
						.type = NONE, .loc = NONE, .nparam = 1});
	struct fn f = {.name = ir_str(ir, "f"), .key = ir_str(ir, "c:@F@f"), .type = NONE, .loc = loc,
		.flags = FN_DEFINED, .nparam = 1, .local = ir->nlocals, .nlocal = 2,
		.block = ir->nblocks, .nblock = 3, .op = ir->nops, .nop = 3};
	uint32_t path = ir_add_paths(ir, (struct path){.base = REF(GLOBAL, g)});

	ir_add_fns(ir, f);
	ir_add_locals(ir, (struct local){ir_str(ir, "x"), i32, LOCAL_PARAM, loc});
	ir_add_locals(ir, (struct local){0, i32, LOCAL_TEMP, loc});
	ir_add_blocks(ir, (struct block){.op = 0, .nop = 0, .succ = 0, .nsucc = 2, .loc = loc,
				.term = TERM_IF,
				.cond = {REF(LOCAL, 0), REF(CONST, ir_const(ir, 3)), REL_LT}});
	ir_add_succs(ir, (struct succ){.block = 1});
	ir_add_succs(ir, (struct succ){.block = 2});
	ir_add_ops(ir, (struct op){.kind = OP_STORE, .loc = loc, .dst = REF(PATH, path),
				.src = REF(LOCAL, 0)});
	ir_add_blocks(ir, (struct block){.op = 0, .nop = 1, .succ = 2, .nsucc = 1, .loc = NONE,
				.term = TERM_GOTO});
	ir_add_succs(ir, (struct succ){.block = 2});
	ir_add_ops(ir, (struct op){.kind = OP_CALL, .narg = 1, .loc = loc, .dst = REF(LOCAL, 1),
				.src = REF(FN, h), .arg = ir_add_args(ir, REF(LOCAL, 0))});
	ir_add_ops(ir, (struct op){.kind = OP_RET, .loc = loc, .src = REF(LOCAL, 1)});
	ir_add_blocks(ir, (struct block){.op = 1, .nop = 2, .loc = NONE, .term = TERM_RET});
	return ir;
}

/* A copy with the alignment that ir_map asks for. */
static char *aligned_copy(const struct sb *b)
{
	return memcpy(xmalloc(b->n), b->s, b->n);
}

static void strings_and_constants_are_shared(void **state)
{
	struct ir *ir = ir_new();

	assert_int_equal(ir_str(ir, ""), 0);
	assert_int_equal(ir_str(ir, "abc"), ir_strn(ir, "abcd", 3));
	assert_string_equal(ir_text_of(ir, ir_str(ir, "xyz")), "xyz");
	assert_int_equal(ir_const(ir, -1), ir_const(ir, -1));
	assert_int_not_equal(ir_const(ir, 0), ir_const(ir, INT64_MIN));
	assert_true(ir->consts[ir_const(ir, INT64_MIN)] == INT64_MIN);
	ir_free(ir);
	ir_free(NULL);
}

static void blob_is_the_ir(void **state)
{
	struct ir *ir = small(), *back;
	struct sb b = {0}, again = {0};
	char *data;

	ir_write(ir, &b);
	data = aligned_copy(&b);
	back = ir_map(data, b.n);
	assert_non_null(back);
#define SECTION(type, name)                                                                        \
	assert_int_equal(back->n##name, ir->n##name);                                              \
	assert_memory_equal(back->name, ir->name, ir->n##name * sizeof(type));
	IR_SECTIONS(SECTION)
#undef SECTION
	ir_write(back, &again);
	assert_int_equal(again.n, b.n);
	assert_memory_equal(again.s, b.s, b.n);
	ir_free(back);
	ir_free(ir);
	free(data);
	sb_free(&b);
	sb_free(&again);
}

static void empty_ir_maps(void **state)
{
	struct ir *ir = ir_new(), *back;
	struct sb b = {0};
	char *data;

	ir_write(ir, &b);
	data = aligned_copy(&b);
	back = ir_map(data, b.n);
	assert_non_null(back);
	ir_free(back);
	ir_free(ir);
	free(data);
	sb_free(&b);
}

static void cut_blobs_are_refused(void **state)
{
	struct ir *ir = small();
	struct sb b = {0};

	ir_write(ir, &b);
	for (size_t n = 0; n < b.n; n++) {
		char *data = memcpy(xmalloc(n + 1), b.s, n);

		assert_null(ir_map(data, n));
		free(data);
	}
	ir_free(ir);
	sb_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_constants_are_shared),
		cmocka_unit_test(blob_is_the_ir),
		cmocka_unit_test(empty_ir_maps),
		cmocka_unit_test(cut_blobs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
