/* yaml.c - .tvt-lint: what is accepted can be printed, and that is accepted too. */
#include "fuzz.h"

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const rules[] = {"blocking-call-in-task", "shared-state-race", NULL};
	static const char *const formats[] = {"full", "sarif", NULL};
	static const struct config_names names = {rules, formats};
	struct config *c;
	struct sb out = {0};
	struct setting from;
	char file[100];

	c = config_load(fuzz_begin(), fuzz_file(".tvt-lint", data, n), &names);
	if (!c)
		return 0;
	for (int k = 0; k < CONFIG_COUNT; k++)
		config_get(c, k);
	snprintf(file, sizeof file, "%s/src/a.c", fuzz_dir);
	config_level(c, rules[0], file, &from);
	config_reports(c, file);
	config_print(c, &out, file, &names);
	sb_free(&out);
	config_print(c, &out, NULL, &names);
	config_free(c);
	c = config_load(fuzz_dir, fuzz_file(".tvt-lint", out.s, out.n), &names);
	MUST(c);
	config_free(c);
	sb_free(&out);
	return 0;
}
