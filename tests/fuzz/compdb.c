/* compdb.c - compile_commands.json: entries, shell words, response files, the allow-list, units that are alike. */
#include "fuzz.h"

#include "front/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *dir = fuzz_begin();
	struct compdb_opts o = {.build_dir = dir, .paths = &dir, .npath = 1, .quiet = true};
	struct compdb *db;
	struct sb out = {0};

	fuzz_file("a.c", "int x;\n", 7);
	fuzz_file("r.rsp", "-DA=1 @r.rsp -I 'b c'\n", 22);
	fuzz_file("compile_commands.json", data, n);
	db = compdb_load(&o);
	if (db) {
		for (uint32_t i = 0; i < db->ntu; i++)
			MUST(db->tus[i].file[0] == '/');
		compdb_dump(db, &out);
		compdb_free(db);
	}
	sb_free(&out);
	return 0;
}
