/* settings.c - a folder's .tvt-lint, below what the command line says. As in cli/settings.c, but for each folder. */
#include "lsp/lsp_int.h"

void settings_apply(const struct lsp_opts *l, const char *dir, struct pipeline_opts *o)
{
	struct config *c = config_load(dir, l->config_file, l->names);

	*o = l->pipe;
	o->config = c;
	o->confidence = CONF_MEDIUM;
	if (!c)
		return;
	if (!l->said_build_dir)
		o->db.build_dir = config_text(c, CONFIG_BUILD_DIR);
	if (!l->said_jobs)
		o->front.jobs = (uint32_t)config_get(c, CONFIG_JOBS)->num;
	if (!l->said_all)
		o->all = config_get(c, CONFIG_ALL)->num != 0;
	o->confidence = (enum confidence)config_get(c, CONFIG_CONFIDENCE)->num;
}
