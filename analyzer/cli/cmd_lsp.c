/* cmd_lsp.c - the language server. */
#include "cli/cli.h"

#include "lsp/lsp.h"

int cmd_lsp(const struct cli *c)
{
	struct lsp_opts o = {.pipe = c->pipe,
		.config_file = c->config_file,
		.names = cli_names(),
		.said_build_dir = cli_said(c, "build-dir"),
		.said_jobs = cli_said(c, "jobs"),
		.said_all = cli_said(c, "all"),
		.version = TVT_VERSION,
		.page = page_text,
		.url = page_url};

	if (c->narg) {
		error("'tvt-lint lsp' takes no operands: an editor tells it what to look at");
		return EXIT_TROUBLE;
	}
	return lsp_serve(&o);
}
