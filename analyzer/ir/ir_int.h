/* ir_int.h - between the files of ir/. */
#ifndef TVT_IR_INT_H
#define TVT_IR_INT_H

#include "ir/ir.h"

/* The columns of ops.def. */
enum form { FORM_N, FORM_DS, FORM_DP, FORM_PS, FORM_DSS, FORM_CALL, FORM_S, FORM_B };
extern const uint8_t op_form[OP_COUNT];

/* Where a check failed; NONE where it does not apply. block and op index ir.blocks and ir.ops. */
struct check_at {
	uint32_t fn, block, op;
};

/* Sizes, ids, kinds: what every stage takes for granted when it follows an id. Takes time linear in the
 * size of the arrays. NULL, or the first violation, in words, without the place. */
const char *ir_check_form(const struct ir *ir, struct arena *a, struct check_at *at);
/* The rest of what ir.h states, for an ir whose form is good. */
const char *ir_check_meaning(const struct ir *ir, struct arena *a, struct check_at *at);

#endif
