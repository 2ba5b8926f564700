/* ir_int.h - between the files of ir/. */
#ifndef TVT_IR_INT_H
#define TVT_IR_INT_H

#include "ir/ir.h"

/* The columns of ops.def. */
enum form { FORM_N, FORM_DS, FORM_DP, FORM_PS, FORM_DSS, FORM_CALL, FORM_S, FORM_B };
extern const uint8_t ir_op_form[OP_COUNT];

/* Where a check failed; NONE where it does not apply. block and op index ir.blocks and ir.ops. */
struct check_at {
	uint32_t fn, block, op;
};

/* Sizes, ids, kinds: what every stage takes for granted when it follows an id. Takes time linear in
 * the size of the arrays. NULL, or the first violation, in words, without the place. */
const char *ir_check_form(const struct ir *ir, struct arena *a, struct check_at *at);
/* The rest of what ir.h states, for an ir whose form is good. */
const char *ir_check_meaning(const struct ir *ir, struct arena *a, struct check_at *at);

/* The local of fn that a path leads into without following a pointer, or NONE. An op ADDR of such a
 * path takes the local's address. */
uint32_t ir_addr_base(const struct ir *ir, const struct fn *fn, uint32_t path);

/* ---- text form ---- */

/* Names of flags and kinds; ends with a NULL. */
struct word {
	const char *word;
	uint32_t val;
};
extern const struct word tir_file_words[], tir_type_kinds[], tir_type_words[], tir_global_words[],
	tir_fn_words[], tir_attr_kinds[], tir_local_words[], tir_block_words[], tir_op_words[],
	tir_bin_kinds[], tir_un_kinds[], tir_blind_kinds[], tir_rel_kinds[];
const char *tir_word_of(const struct word *w, uint32_t val); /* NULL if there is none */
bool tir_word_find(const struct word *w, const char *s, size_t n, uint32_t *val);

/* The file that places without a file's name are in: the first main file, else the first, else
 * NONE. */
uint32_t ir_main_file(const struct ir *ir);
/* The key of something whose text form gives none. */
void ir_usual_key(
	const struct ir *ir, const char *name, uint32_t nth, bool is_static, struct sb *out);

#endif
