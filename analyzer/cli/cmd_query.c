/* cmd_query.c - one SELECT over the facts. */
#include "cli/cli.h"
#include "store/store.h"

/* Cells apart by tabs, so that other programs can read them; what would break a line is escaped. */
static int put_row(void *ctx, uint32_t n, const char *const *cells)
{
	struct sb *out = ctx;

	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sb_putc(out, '\t');
		if (cells[i])
			sb_put_visible(out, cells[i], strlen(cells[i]));
	}
	sb_putc(out, '\n');
	return 0;
}

static int ask(const struct cli *c, struct analysis *a, const char *what, const char *text)
{
	struct sb out = {0};
	struct query_sink sink = {put_row, put_row, &out};
	struct facts_db *db = pipeline_facts_db(&c->pipe, c->config, a, true);
	int rc = db ? facts_query(db, what, text, &sink) : -1;

	facts_db_close(db);
	if (rc == 0)
		return stdout_sb(&out);
	sb_free(&out);
	return EXIT_TROUBLE;
}

int cmd_query(const struct cli *c)
{
	struct analysis a = {0};
	struct sb out = {0};
	char *text = NULL;
	size_t size;
	int status;

	if (c->schema) {
		sb_puts(&out, facts_schema);
		return stdout_sb(&out);
	}
	if (c->narg != 1) {
		error("'tvt-lint query' takes one SELECT, or a file with one; --schema prints the tables");
		return EXIT_TROUBLE;
	}
	bool is_file = str_ends(c->args[0], ".sql");
	if (is_file && fs_read(c->args[0], &text, &size) < 0)
		return EXIT_TROUBLE;
	status = cli_analyse(c, STAGE_FINDINGS, &a);
	if (status < 0) {
		status = ask(c, &a, is_file ? c->args[0] : "query", is_file ? text : c->args[0]);
		if (status == EXIT_CLEAN && a.run.units_failed)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	free(text);
	return status;
}
