/* The models that come with the tool: they load, agree with one another, and with their page. */
#include "text.h"

static struct models *m;

static int begin(void **state)
{
	const char *dir = TVT_SOURCE_DIR "/rules/models";

	m = models_load(&dir, 1);
	return m ? models_check(m) : -1;
}

static int end(void **state)
{
	models_free(m);
	return 0;
}

static void a_replacement_names_a_library_that_is_there(void **state)
{
	const struct model **all;
	uint32_t n = models_all(m, &all), bad = 0;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < all[i]->ninstead; k++) {
			const char *lib = all[i]->insteads[k].library;

			if (!*lib || !strcmp(lib, "pool") || models_library(m, lib))
				continue;
			printf("%s:%d: '%s': no library '%s'\n", path_base(all[i]->file), all[i]->line, all[i]->name, lib);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void nobody_is_told_to_use_what_he_uses(void **state)
{
	const struct model **all;
	uint32_t n = models_all(m, &all), bad = 0;

	for (uint32_t i = 0; i < n; i++) {
		char call[128];

		snprintf(call, sizeof call, "%s()", all[i]->name);
		for (uint32_t k = 0; k < all[i]->ninstead; k++) {
			if (strcmp(all[i]->insteads[k].text, call))
				continue;
			printf("%s:%d: '%s' instead of itself\n", path_base(all[i]->file), all[i]->line, all[i]->name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void a_lock_that_can_be_taken_can_be_given_back(void **state)
{
	const struct model **all;
	const struct library *libs;
	uint32_t n = models_all(m, &all), nlib = models_libraries(m, &libs), bad = 0;

	for (uint32_t l = 0; l < nlib; l++) {
		int locks = 0, unlocks = 0;

		for (uint32_t i = 0; i < n; i++) {
			for (uint32_t k = 0; k < all[i]->nclause && !strcmp(all[i]->library, libs[l].name); k++) {
				locks += all[i]->clauses[k].verb == VERB_LOCKS;
				unlocks += all[i]->clauses[k].verb == VERB_UNLOCKS;
			}
		}
		if (!locks != !unlocks) {
			printf("%s: %d that lock, %d that unlock\n", libs[l].name, locks, unlocks);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void the_page_has_every_word(void **state)
{
	static const char *const lines[] = {"library", "header", "detect", "require", "uncheckable", "const", "field", "type", "global",
		"macro", "name", "instead", "note", "silent", "nonblocking", "blocking", "shared", "recursive", "spin"};
	char *page;
	size_t size;
	unsigned bad = 0;

	assert_int_equal(fs_read(TVT_SOURCE_DIR "/rules/models/README.md", &page, &size), 0);
#define ASK(word)                                                                                  \
	do {                                                                                       \
		char quoted[64];                                                                   \
		snprintf(quoted, sizeof quoted, "`%s", word);                                      \
		if (!strstr(page, quoted) && !strstr(page, word)) {                                \
			printf("README.md has no '%s'\n", word);                                   \
			bad++;                                                                     \
		}                                                                                  \
	} while (0)
	for (size_t i = 0; i < COUNT(lines); i++)
		ASK(lines[i]);
	for (int i = 0; i < CTX_COUNT; i++)
		ASK(ctx_name[i]);
	for (int i = 0; i < CAT_COUNT; i++)
		ASK(category_word[i]);
	/* a verb begins a row, or follows another one in it */
#define VERB(name, word, syntax, doc)                                                              \
	if (!strstr(page, "`" word)) {                                                             \
		printf("README.md has no clause '%s'\n", word);                                    \
		bad++;                                                                             \
	}
#include "model/verbs.def"
#undef VERB
	free(page);
	assert_int_equal(bad, 0);
}

static void the_files_are_found_by_name(void **state)
{
	static const char *const some[] = {"read", "uv_run", "event_set", "pthread_mutex_lock", "g_idle_add", "SSL_read", "aeMain", "mutex_lock"};

	for (size_t i = 0; i < COUNT(some); i++)
		if (!models_find(m, some[i]))
			fail_msg("no model of '%s'", some[i]);
	/* Of the project's own words none is modelled. */
	assert_null(models_find(m, "main"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replacement_names_a_library_that_is_there),
		cmocka_unit_test(nobody_is_told_to_use_what_he_uses),
		cmocka_unit_test(a_lock_that_can_be_taken_can_be_given_back),
		cmocka_unit_test(the_page_has_every_word),
		cmocka_unit_test(the_files_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
