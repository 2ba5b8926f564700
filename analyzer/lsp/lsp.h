/* lsp.h - the tool as a language server, version 3.17 of the protocol, over standard input and output.
 */
#ifndef TVT_LSP_H
#define TVT_LSP_H

#include "pipeline.h"

struct lsp_opts {
	struct pipeline_opts pipe; /* -p, -j, --all and --no-cache */
	const char *config_file;   /* --config: for every folder; NULL: each has its own, or none */
	const struct config_names *names;
	bool said_build_dir, said_jobs, said_all; /* on the command line, which wins over settings */
	const char *version;
	const char *(*page)(const char *rule); /* Markdown, or NULL */
	const char *(*url)(const char *rule);  /* where that page can be opened, or NULL */
};
/* Serves until the client says exit, closes its end or dies. 0 if it said shutdown before, else 1. */
int lsp_serve(const struct lsp_opts *o);

#endif
