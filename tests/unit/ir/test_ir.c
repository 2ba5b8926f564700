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

/* ---- the checks ---- */

static void break_nothing(struct ir *ir)
{
}
static void break_type(struct ir *ir)
{
	ir->locals[0].type = 7;
}
static void break_fn_type(struct ir *ir)
{
	ir->fns[1].type = 0;
}
static void break_string(struct ir *ir)
{
	ir->fns[0].key = ir->nstrs;
}
static void break_callee(struct ir *ir)
{
	ir->ops[1].src = REF(LOCAL, 0);
}
static void break_arg(struct ir *ir)
{
	ir->args[0] = REF(LOCAL, 2);
}
static void break_args(struct ir *ir)
{
	ir->ops[1].narg = 2;
}
static void break_path(struct ir *ir)
{
	ir->paths[0].base = REF(LOCAL, 2);
}
static void break_path_base(struct ir *ir)
{
	ir->paths[0].base = REF(FN, 0);
}
static void break_store(struct ir *ir)
{
	ir->ops[0].dst = REF(LOCAL, 1);
}
static void break_op(struct ir *ir)
{
	ir->ops[0].kind = 255;
}
static void break_tiling(struct ir *ir)
{
	ir->blocks[1].nop = 0;
}
static void break_succ(struct ir *ir)
{
	ir->succs[1].block = 3;
}
static void break_nsucc(struct ir *ir)
{
	ir->blocks[0].nsucc = 1;
}
static void break_defined(struct ir *ir)
{
	ir->fns[1].flags = 0;
}
static void break_param(struct ir *ir)
{
	ir->locals[1].flags |= LOCAL_PARAM;
}
static void break_temp(struct ir *ir)
{
	ir->locals[1].name = ir_str(ir, "t");
}
static void break_flag(struct ir *ir)
{
	ir->ops[0].flags = OPF_DECAY;
}
static void break_ret(struct ir *ir)
{
	ir->blocks[2].term = TERM_STOP;
}
static void break_cond(struct ir *ir)
{
	ir->blocks[1].cond.lhs = REF(LOCAL, 0);
}
static void break_loc(struct ir *ir)
{
	ir->locs[0].end_col = 8;
}
static void break_global(struct ir *ir)
{
	ir->globals[0].fn = 1;
}

static void check_says_what_and_where(void **state)
{
	static const struct {
		void (*how)(struct ir *ir);
		const char *msg;
		bool maps; /* an ir that lies, but leads nobody astray */
	} bad[] = {
		{break_nothing, "", true},
		{break_type, "in 'f': local 0: bad name, type or loc"},
		{break_fn_type, "in 'f': its type is not that of a function"},
		{break_string, "function 0: bad name or key"},
		{break_callee, "in 'f', b2, op 0: the callee is not a function"},
		{break_arg, "in 'f', b2, op 0: argument 0 is not a value"},
		{break_args, "in 'f', b2, op 0: arguments out of range"},
		{break_path, "in 'f', b1, op 0: 'store' has a bad destination"},
		{break_path_base, "path 0: bad base"},
		{break_store, "in 'f', b1, op 0: 'store' has a bad destination"},
		{break_op, "in 'f', b1, op 0: bad kind 255 of op"},
		{break_tiling, "in 'f', b2: its ops do not follow those of the block before"},
		{break_succ, "in 'f', b0: successor 1: no such block"},
		{break_nsucc, "in 'f', b0: the terminator cannot have 1 successors"},
		{break_defined, "in 'f': has blocks, but is not defined"},
		{break_param, "/src/a.c:3:9: in 'f': '%1': the first 1 locals are parameters, and no others", true},
		{break_temp, "/src/a.c:3:9: in 'f': 't' is a temp or join, so it has no name", true},
		{break_flag, "/src/a.c:3:9: in 'f', b1, op 0 (store.decay g, x): "
			     "'store' has a flag that is another op's", true},
		{break_ret, "/src/a.c:3:9: in 'f', b2, op 1 (ret %1): "
			    "'ret' is not the last op of a block that returns", true},
		{break_cond, "in 'f', b1: a condition without an 'if' or 'switch'", true},
		{break_loc, "loc 0: line and columns begin at 1, and the end is behind the start", true},
		{break_global, "global 'g': a static local has a function, others have none", true},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct ir *ir = small(), *back;
		struct arena *a = arena_new();
		struct sb b = {0};
		char *data;

		bad[i].how(ir);
		assert_string_equal(ir_check(ir, a), bad[i].msg);
		ir_write(ir, &b);
		data = aligned_copy(&b);
		back = ir_map(data, b.n);
		assert_int_equal(back != NULL, bad[i].maps);
		ir_free(back);
		ir_free(ir);
		arena_free(a);
		free(data);
		sb_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_constants_are_shared),
		cmocka_unit_test(blob_is_the_ir),
		cmocka_unit_test(empty_ir_maps),
		cmocka_unit_test(cut_blobs_are_refused),
		cmocka_unit_test(check_says_what_and_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
