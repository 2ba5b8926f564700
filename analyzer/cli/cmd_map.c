/* cmd_map.c - a share of the parsing, for another process or machine to put together (link). */
#include "cli/cli.h"
#include "store/store.h"

#include <errno.h>

/* "2/8": the second of eight. */
static int parse_shard(const char *text, uint32_t *which, uint32_t *of)
{
	char *end;
	unsigned long i, n;

	errno = 0;
	i = strtoul(text, &end, 10);
	if (*end != '/' || *text < '0' || *text > '9')
		return error("--shard cannot be '%s': it is I/N, as in 1/8", text);
	n = strtoul(end + 1, &end, 10);
	if (*end || errno || !i || i > n || n > 1000000)
		return error("--shard cannot be '%s': it is I/N, with I from 1 to N", text);
	*which = (uint32_t)i;
	*of = (uint32_t)n;
	return 0;
}

struct writing {
	const struct compdb *db;
	const uint32_t *which;
	const char *dir;
	struct hash128 program;
	uint32_t nfailed;
	bool trouble;
};

static void write_unit(void *ctx, uint32_t i, struct unit *u)
{
	struct writing *w = ctx;

	if (w->trouble)
		return;
	if (summary_write(w->dir, w->db, w->program, w->which[i], u) < 0)
		w->trouble = true;
	w->nfailed += u->state != UNIT_OK && u->state != UNIT_ERRORS;
	unit_free(u);
}

int cmd_map(const struct cli *c)
{
	uint32_t shard = 1, of = 1, n = 0, *which;
	struct writing w = {.dir = c->out_dir};
	struct cli with_paths = *c;
	struct compdb some;
	struct analysis a;
	int status;

	if (!c->out_dir) {
		error("map into which directory? (-o DIR)");
		return EXIT_TROUBLE;
	}
	if (c->shard && parse_shard(c->shard, &shard, &of) < 0)
		return EXIT_TROUBLE;
	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	status = cli_analyse(&with_paths, STAGE_COMPDB, &a);
	if (status >= 0)
		goto out;
	status = EXIT_TROUBLE;
	if (dir_make(c->out_dir) < 0)
		goto out;
	some = *a.db;
	some.tus = arena_alloc(a.mem, (a.db->ntu + 1) * sizeof *some.tus);
	which = arena_alloc(a.mem, (a.db->ntu + 1) * sizeof *which);
	for (uint32_t i = shard - 1; i < a.db->ntu; i += of) {
		some.tus[n] = a.db->tus[i];
		which[n++] = i;
	}
	some.ntu = n;
	w.db = a.db;
	w.which = which;
	w.program = summary_program(a.db);
	if (cli_lower(c, &some, write_unit, &w) < 0 || w.trouble)
		goto out;
	if (!c->quiet)
		fprintf(stderr, "tvt-lint: %u of %u units, shard %u of %u\n", n, a.db->ntu, shard, of);
	/* what failed is told by link, where it counts */
	status = EXIT_CLEAN;
out:
	pipeline_free(&a);
	return status;
}

/* Everything that check does behind the front end. */
int cmd_link(const struct cli *c)
{
	struct cli linking = *c;

	if (!c->narg) {
		error("link which directories?");
		return EXIT_TROUBLE;
	}
	linking.pipe.summaries = c->args;
	linking.pipe.nsummary = c->narg;
	linking.args = NULL;
	linking.narg = 0;
	return cmd_check(&linking);
}
