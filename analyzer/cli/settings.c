/* settings.c - the project's .tvt-lint, below what the command line says. */
#include "cli/cli.h"

#include <errno.h>

/* Settings that an option also says. */
static const struct {
	const char *option;
	enum config_key key;
} both[] = {{"build-dir", CONFIG_BUILD_DIR}, {"jobs", CONFIG_JOBS}, {"format", CONFIG_FORMAT}, {"fail-on", CONFIG_FAIL_ON},
	{"all", CONFIG_ALL}, {"baseline", CONFIG_BASELINE}};

const struct config_names *cli_names(void)
{
	static struct config_names names;
	const struct rule_info *list;
	uint32_t n, k = 0;

	if (names.rules)
		return &names;
	n = pipeline_rules(&list);
	const char **ids = xcalloc(n + 1, sizeof *ids);
	for (uint32_t i = 0; i < n; i++)
		ids[i] = list[i].id;
	while (formats[k].name)
		k++;
	const char **words = xcalloc(k + 1, sizeof *words);
	for (uint32_t i = 0; i < k; i++)
		words[i] = formats[i].name;
	names = (struct config_names){ids, words};
	return &names;
}

/* Where the search for the root file begins: at the first file or directory of the command line. */
static const char *start(const struct cli *c, struct arena *a)
{
	bool paths = !strcmp(c->cmd->values, "@file");
	const char *at = paths && c->narg ? path_join(a, path_cwd(a), c->args[0]) : path_cwd(a);

	return fs_is_dir(at) ? at : path_dir(a, at);
}

int cli_writes_below(const char *dir, const char *path)
{
	struct arena *a = arena_new();
	char *real = NULL, *top = realpath(dir, NULL);
	const char *at = path_normal(a, path);
	bool below = false;

	/* what is there of it decides: the rest is going to be made */
	while (!(real = realpath(at, NULL)) && errno == ENOENT && strchr(at + 1, '/'))
		at = path_dir(a, at);
	if (real && top) {
		size_t n = strlen(top);

		below = !strncmp(real, top, n) && (!real[n] || real[n] == '/');
	}
	free(real);
	free(top);
	arena_free(a);
	return below ? 0 : error("'%s' is not below '%s': only an option may have something written there", path, dir);
}

static int take_formats(struct cli *c, const struct setting *s)
{
	struct arena *a = arena_new(); /* lives as long as the tool: outputs point into it */

	for (uint32_t i = 0; i < s->nlist; i++) {
		const char *eq = strchr(s->list[i], '=');
		const char *arg = s->list[i];
		if (eq && eq[1] && strcmp(eq, "=-")) {
			const char *to = path_join(a, config_dir(c->config), eq + 1);
			if (cli_writes_below(config_dir(c->config), to) < 0)
				return error("%s:%u: see above", s->file, s->line);
			arg = arena_printf(a, "%.*s=%s", (int)(eq - arg), arg, to);
		}
		if (cli_add_format(c, arg) < 0)
			return error("%s:%u: see above", s->file, s->line);
	}
	return 0;
}

/* The command line wins, and `config` shall say so. */
static void tell_said(struct cli *c)
{
	for (size_t i = 0; i < COUNT(both); i++) {
		struct sb text = {0};
		if (!cli_said(c, both[i].option))
			continue;
		switch (both[i].key) {
		case CONFIG_BUILD_DIR:
			sb_puts(&text, c->pipe.db.build_dir);
			break;
		case CONFIG_JOBS:
			sb_printf(&text, "%u", c->pipe.front.jobs);
			break;
		case CONFIG_FAIL_ON:
			sb_puts(&text, c->fail_on == NEVER_FAIL ? "never" : config_level_word(c->fail_on));
			break;
		case CONFIG_ALL:
			sb_puts(&text, "true");
			break;
		case CONFIG_BASELINE:
			sb_puts(&text, c->baseline);
			break;
		default:
			for (uint32_t k = 0; k < c->nout; k++)
				sb_printf(&text, "%s%s", k ? ", " : "", c->outs[k].format->name);
		}
		config_override(c->config, both[i].key, text.s ? text.s : "");
		sb_free(&text);
	}
}

int cli_settings(struct cli *c)
{
	struct arena *a = arena_new();
	const struct setting *s;
	int rc = 0;

	c->config = config_load(start(c, a), c->config_file, cli_names());
	arena_free(a);
	if (!c->config)
		return -1;
	if (!cli_said(c, "build-dir"))
		c->pipe.db.build_dir = config_text(c->config, CONFIG_BUILD_DIR);
	if (!cli_said(c, "jobs"))
		c->pipe.front.jobs = (uint32_t)config_get(c->config, CONFIG_JOBS)->num;
	if (!cli_said(c, "fail-on"))
		c->fail_on = (int)config_get(c->config, CONFIG_FAIL_ON)->num;
	if (!cli_said(c, "all"))
		c->pipe.all = config_get(c->config, CONFIG_ALL)->num != 0;
	c->pipe.confidence = (enum confidence)config_get(c->config, CONFIG_CONFIDENCE)->num;
	s = config_get(c->config, CONFIG_FORMAT);
	if (!cli_said(c, "format") && (c->cmd == &commands[CMD_check] || c->cmd == &commands[CMD_link]))
		rc = take_formats(c, s);
	tell_said(c);
	return rc;
}
