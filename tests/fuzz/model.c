/* model.c - a .model file, and its phrases in comments and attributes. */
#include "fuzz.h"

#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *dir = fuzz_begin();
	struct models *m;

	fuzz_file("a.model", data, n);
	m = models_load(&dir, 1);
	if (m && models_check(m) == 0) {
		static const char *const params[] = {"m", "n"};
		const struct model **all;
		uint32_t k = models_all(m, &all);
		const char *why = NULL;
		char *text = xmalloc(n + 1);
		struct model into = {.name = "f", .params = params, .nparam = 2};
		int rc;

		for (uint32_t i = 0; i < k; i++)
			MUST(all[i]->name && models_find(m, all[i]->name));
		memcpy(text, data, n);
		text[n] = '\0';
		rc = model_annotation(m, text, &into, &why);
		MUST(rc != -2 || why);
		free(text);
	}
	models_free(m);
	return 0;
}
