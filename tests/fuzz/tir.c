/* tir.c - the text form of the IR: what is read holds all that ir_check() demands, and its print reads as the same. */
#include "fuzz.h"

#include "ir/ir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = xmalloc(n + 1);
	struct ir *ir;
	struct sb one = {0}, two = {0};

	fuzz_begin();
	memcpy(text, data, n);
	text[n] = '\0';
	ir = ir_parse("x.tir", text);
	free(text);
	if (ir) {
		struct ir *again;

		ir_print(ir, &one);
		again = ir_parse("again.tir", one.s ? one.s : "");
		MUST(again);
		ir_print(again, &two);
		MUST(one.n == two.n && !memcmp(one.s, two.s, one.n));
		ir_free(again);
	}
	ir_free(ir);
	sb_free(&one);
	sb_free(&two);
	return 0;
}
