/* ir_print.h - between the files that write the text form: ir_print.c, ir_print_op.c. */
#ifndef TVT_IR_PRINT_H
#define TVT_IR_PRINT_H

#include "ir/ir_int.h"

/* There are two ways to print: the whole of an ir or a function, in full, so that it can be parsed;
 * and one op, path or value for people, with names as in C and nothing else. */
struct printer {
	const struct ir *ir;
	struct sb *out;
	bool full;
	uint32_t file; /* of places without a file's name */
	/* full: which of those with the same name it is, from 1 */
	uint32_t *fn_nth, *global_nth, *record_nth, *field_nth;
	/* of the function being printed */
	const struct fn *fn;
	uint32_t *local_nth;
	uint32_t *ndef, *def; /* full: per local, how many ops assign it, and the first of them */
	bool *addr;	      /* full: per local, an op takes its address */
	bool *told;	      /* full: per local, its type has been printed */
};

void tir_put_quoted(struct sb *out, const char *s, char quote);
/* nth: per id, or NULL. */
void tir_put_name(struct printer *p, uint32_t str, const uint32_t *nth, uint32_t id);
void tir_put_fn_name(struct printer *p, uint32_t fn);
void tir_put_local(struct printer *p, uint32_t local);
void tir_put_file(struct printer *p, uint32_t file);
void tir_put_loc(struct printer *p, uint32_t loc);
void tir_put_type(struct printer *p, uint32_t type);
void tir_put_value(struct printer *p, struct ref r);
void tir_put_op(struct printer *p, const struct op *op);

#endif
