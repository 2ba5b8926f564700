/* cmd_config.c - the settings in force, and a first file with them. */
#include "cli/cli.h"

#include <unistd.h>

int cmd_config(const struct cli *c)
{
	struct sb out = {0};
	struct arena *a;
	const char *file;

	if (c->schema) {
		config_schema(&out, cli_names());
		return stdout_sb(&out);
	}
	if (c->narg > 1) {
		error("'tvt-lint config' takes one file");
		return EXIT_TROUBLE;
	}
	a = arena_new();
	file = config_file(c->config);
	sb_printf(&out, "# %s\n", file ? file : "no .tvt-lint: defaults");
	config_print(c->config, &out, c->narg ? path_join(a, path_cwd(a), c->args[0]) : NULL, cli_names());
	arena_free(a);
	if (config_mistakes(c->config)) {
		sb_free(&out);
		return EXIT_TROUBLE;
	}
	return stdout_sb(&out);
}

int cmd_init(const struct cli *c)
{
	struct arena *a = arena_new();
	const char *dir = path_join(a, path_cwd(a), c->narg ? c->args[0] : ".");
	const char *file = path_join(a, dir, ".tvt-lint"), *build = NULL;
	struct sb out = {0};
	int status = EXIT_CLEAN;

	if (c->narg > 1) {
		error("'tvt-lint init' takes one directory");
		status = EXIT_TROUBLE;
	} else if (fs_is_file(file)) {
		error("'%s' is there already", file);
		status = EXIT_TROUBLE;
	} else {
		/* the usual place is found without being told */
		static const char *const places[] = {"", "build"};
		for (size_t i = 0; i < COUNT(places); i++)
			if (fs_is_file(path_join(a, path_join(a, dir, places[i]), "compile_commands.json")))
				build = *places[i] ? places[i] : ".";
		config_template(&out, build);
		if (fs_write_atomic(file, out.s, out.n) < 0)
			status = EXIT_TROUBLE;
		else
			note("'%s' is written; what is a comment in it is the default", path_under(path_cwd(a), file));
	}
	sb_free(&out);
	arena_free(a);
	return status;
}
