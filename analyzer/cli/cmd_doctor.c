/* cmd_doctor.c - can this project be analysed, and if not, what is missing? */
#include "cli/cli.h"

#include <unistd.h>

enum { PROBED = 5, NAMED = 8 };
enum health { GOOD, NOTE, BAD };

struct exam {
	const struct cli *c;
	struct sb out;
	bool color, bad;
	const char *about; /* what is looked at: what error() says then belongs to it */
	struct arena *mem;
};

/* One line; further ones of the same thing have no title. */
PRINTF(4, 5) static void say(struct exam *x, enum health h, const char *title, const char *fmt, ...)
{
	static const char *const word[] = {"ok", "note", "BAD"}, *const paint[] = {"\033[32m",
									 "\033[33m", "\033[1;31m"};
	va_list ap;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	sb_printf(&x->out, "%-10s ", title);
	if (*title)
		sb_printf(&x->out, "%s%-4s%s  ", x->color ? paint[h] : "", word[h],
			x->color ? "\033[0m" : "");
	else
		sb_puts(&x->out, "      ");
	if (n > 0)
		sb_put_visible(&x->out, text, (size_t)n);
	sb_putc(&x->out, '\n');
	free(text);
	x->bad |= h == BAD;
}

/* error() of a stage becomes a line of the report. */
static void caught(void *ctx, const char *level, const char *msg)
{
	struct exam *x = ctx;

	say(x, !strcmp(level, "error") ? BAD : NOTE, x->about, "%s", msg);
}

static void see_database(struct exam *x, const struct compdb *db)
{
	if (!db->path)
		say(x, NOTE, "database", "none: files are taken alone, with default flags");
	else
		say(x, GOOD, "database", "%s", db->path);
	say(x, db->ntu ? GOOD : BAD, "entries",
		"%u, which give %u units of C; %u repeated, %u not C", db->nentry, db->ntu,
		db->nduplicate, db->nother);
	say(x, GOOD, "root", "%s", db->root);
}

static void see_sources(struct exam *x, const struct compdb *db)
{
	uint32_t missing = 0, shown = 0;

	for (uint32_t i = 0; i < db->ntu; i++)
		missing += !fs_is_file(db->tus[i].file);
	say(x, missing ? BAD : GOOD, "sources", "%u of %u files are there", db->ntu - missing,
		db->ntu);
	for (uint32_t i = 0; i < db->ntu && shown < NAMED; i++) {
		if (fs_is_file(db->tus[i].file))
			continue;
		say(x, BAD, "", "missing: %s", path_under(db->root, db->tus[i].file));
		shown++;
	}
	if (missing)
		say(x, BAD, "",
			"the database is older than the sources, or they are made by the build: "
			"build once");
}

/* Arguments that args.def leaves out knowingly are no news. */
static void see_arguments(struct exam *x, const struct compdb *db)
{
	uint32_t unknown = 0, shown = 0;

	for (uint32_t i = 0; i < db->ndropped; i++)
		unknown += !db->dropped[i].known;
	if (!unknown) {
		say(x, GOOD, "arguments", "each is understood");
		return;
	}
	say(x, NOTE, "arguments", "%u kinds are not understood and were left out", unknown);
	for (uint32_t i = 0; i < db->ndropped && shown < NAMED; i++) {
		if (db->dropped[i].known)
			continue;
		say(x, NOTE, "", "%s (%u times)", db->dropped[i].arg, db->dropped[i].count);
		shown++;
	}
}

static void see_clang(struct exam *x)
{
	struct sb version = {0};

	x->about = "libclang";
	if (front_probe(&version) == 0)
		say(x, GOOD, "libclang", "%s", version.s ? version.s : "?");
	sb_free(&version);
	front_sandbox(&version);
	say(x, GOOD, "sandbox", "%s", version.s);
	sb_free(&version);
}

static struct models *see_models(struct exam *x, const struct compdb *db)
{
	const char *data, *dirs[2];
	const struct library *libs;
	const struct model **all;
	struct models *m;

	x->about = "models";
	data = data_dir();
	if (!data)
		return NULL;
	dirs[0] = path_join(x->mem, data, "models");
	dirs[1] = path_join(x->mem, db ? db->root : ".", ".tvt");
	m = models_load(dirs, fs_is_dir(dirs[1]) ? 2 : 1);
	if (m)
		say(x, GOOD, "models", "%u libraries, %u functions in %s%s",
			models_libraries(m, &libs), models_all(m, &all), dirs[0],
			fs_is_dir(dirs[1]) ? " and .tvt" : "");
	return m;
}

/* The libraries whose headers the probed units include. */
static void see_libraries(
	struct exam *x, const struct models *m, const struct unit *units, uint32_t n)
{
	const struct library *libs;
	uint32_t nlib = models_libraries(m, &libs);
	struct sb list = {0};

	for (uint32_t l = 0; l < nlib; l++) {
		bool used = false;

		for (uint32_t u = 0; u < n; u++) {
			const struct ir *ir = units[u].ir;

			for (uint32_t f = 0; ir && f < ir->nfiles && !used; f++) {
				const char *path = ir_text_of(ir, ir->files[f].path);

				for (uint32_t d = 0; d < libs[l].ndetect; d++)
					used |= str_ends(path,
						arena_printf(x->mem, "/%s", libs[l].detect[d]));
			}
		}
		if (used)
			sb_printf(&list, "%s%s", list.n ? ", " : "", libs[l].name);
	}
	say(x, list.n ? GOOD : NOTE, "libraries", "%s, as far as the probe saw",
		list.n ? list.s : "none that the models know");
	sb_free(&list);
}

/* "'config.h' file not found": nearly always a header that the build makes. */
static const char *missing_header(struct arena *mem, const char *message)
{
	const char *end = message ? strstr(message, "' file not found") : NULL, *from = end;

	while (from && from > message && from[-1] != '\'')
		from--;
	return from && from > message ? arena_strndup(mem, from, (size_t)(end - from)) : NULL;
}

static void see_units(struct exam *x, const struct compdb *db, const struct models *m)
{
	uint32_t which[PROBED], n = 0, whole = 0;
	struct unit units[PROBED];

	for (uint32_t i = 0; i < PROBED && i < db->ntu; i++) /* spread over the project */
		which[n++] = (uint32_t)((uint64_t)i * (db->ntu - 1) / (PROBED - 1));
	if (db->ntu < PROBED)
		for (n = 0; n < db->ntu; n++)
			which[n] = n;
	x->about = "probe";
	if (!n || cli_lower_some(x->c, db, which, n, units) < 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		whole += units[i].state == UNIT_OK;
	say(x,
		whole == n ? GOOD
		: whole	   ? NOTE
			   : BAD,
		"probe", "%u of %u files parse without an error", whole, n);
	for (uint32_t i = 0; i < n; i++) {
		const char *header = missing_header(x->mem, units[i].first_error);

		if (units[i].state == UNIT_OK)
			continue;
		say(x, units[i].ir ? NOTE : BAD, "", "%s: %s",
			path_under(db->root, db->tus[which[i]].file),
			units[i].first_error ? units[i].first_error : "not analysed");
		if (header)
			say(x, NOTE, "",
				"'%s' is made by the build, or its package is not installed",
				header);
	}
	if (m)
		see_libraries(x, m, units, n);
	for (uint32_t i = 0; i < n; i++)
		unit_free(&units[i]);
}

int cmd_doctor(const struct cli *c)
{
	struct exam x = {
		.c = c, .color = report_color(c->color, STDOUT_FILENO), .mem = arena_new()};
	struct cli with_paths = *c;
	struct models *m;
	struct analysis a;
	int got;

	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	with_paths.catches = true;
	x.about = "database";
	diag_redirect(caught, &x);
	got = cli_analyse(&with_paths, STAGE_COMPDB, &a);
	if (got < 0) {
		see_database(&x, a.db);
		see_sources(&x, a.db);
		see_arguments(&x, a.db);
	}
	see_clang(&x);
	m = see_models(&x, a.db);
	if (got < 0)
		see_units(&x, a.db, m);
	diag_redirect(NULL, NULL);
	if (m)
		models_free(m);
	pipeline_free(&a);
	arena_free(x.mem);
	got = stdout_sb(&x.out);
	return x.bad ? EXIT_TROUBLE : got;
}
