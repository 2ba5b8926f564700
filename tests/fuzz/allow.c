/* allow.c - comments that speak to the tool, and what they cover. */
#include "fuzz.h"

#include "front/remark.h"
#include "rule/api/rule.h"

static void add(void *ctx, uint32_t line, bool alone, const char *s, size_t n)
{
	struct ir *ir = ctx;
	struct remark r = {.file = 0, .line = line, .flags = alone ? REMARK_ALONE : 0, .text = ir_strn(ir, s, n)};

	MUST(!memchr(s, '\n', n));
	ir_add_remarks(ir, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ir *ir = ir_new();
	struct program p = {.ir = ir};
	struct rules_in in = {.p = &p, .root = "/r"};
	struct rules_out out = {.mem = arena_new(), .in = &in};
	struct finding f[2] = {{.rule = "blocking-call-in-task", .at = {.file = "a.c", .line = 1, .col = 1}},
		{.rule = "shared-state-race", .at = {.file = "a.c", .line = 3, .col = 1}}};
	struct finding *list[2] = {&f[0], &f[1]};

	fuzz_begin();
	ir_add_files(ir, (struct file){.path = ir_str(ir, "/r/a.c")});
	remarks_find((const char *)data, n, add, ir);
	rule_suppress(&in, &out, list, 2);
	for (uint32_t i = 0; i < out.nunused; i++)
		MUST(out.unused[i].text && out.unused[i].at.line);
	arena_free(out.mem);
	ir_free(ir);
	return 0;
}
