/* cmd_calibrate.c - measures what things cost on this machine, and keeps it for advice. */
#include "cli/cli.h"
#include "advise/machine.h"

#include <time.h>
#include <unistd.h>

/* Three digits and a unit that suits. */
static void put_amount(struct sb *out, double v, enum machine_unit unit)
{
	static const char *const ns[] = {"ns", "us", "ms", "s"}, *const bytes[] = {"B", "KiB", "MiB", "GiB"};
	double step = unit == UNIT_NS ? 1000 : 1024;
	int i = 0;

	while (v >= step && i < 3) {
		v /= step;
		i++;
	}
	sb_printf(out, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit == UNIT_NS ? ns[i] : bytes[i]);
}

static void put_table(struct sb *out, const struct machine *m)
{
	for (int i = 0; i < MACHINE_COUNT; i++) {
		struct sb cell[3] = {0};

		put_amount(&cell[0], m->v[i].median, machine_rows[i].unit);
		put_amount(&cell[1], m->v[i].p10, machine_rows[i].unit);
		put_amount(&cell[2], m->v[i].p90, machine_rows[i].unit);
		sb_printf(out, "  %-16s %9s  (%s to %s)%*s  %s\n", machine_rows[i].name, cell[0].s, cell[1].s,
			cell[2].s, cell[1].n + cell[2].n < 17 ? (int)(17 - cell[1].n - cell[2].n) : 0, "",
			machine_rows[i].doc);
		for (size_t k = 0; k < COUNT(cell); k++)
			sb_free(&cell[k]);
	}
	sb_printf(out, "  %-16s %9u\n  %-16s ", "cores", m->cores, "memory");
	put_amount(out, m->memory, UNIT_BYTES);
	sb_putc(out, '\n');
}

static int measure(struct machine *m)
{
	struct arena *mem = arena_new();
	const char *argv[] = {child_program(mem, "tvt-experiment", "runtime/experiment"), "machine", NULL};
	struct sb text = {0};
	int rc = child_output(argv, &text);

	if (rc > 0)
		rc = error("the measurement failed");
	if (rc == 0)
		rc = machine_parse(m, text.s, argv[0]);
	m->when = (int64_t)time(NULL);
	sb_free(&text);
	arena_free(mem);
	return rc;
}

/* What was measured on a quiet machine is not replaced by what was measured on a busy one. */
static int keep(const struct machine *m)
{
	struct arena *mem = arena_new();
	const char *path = machine_path(mem);
	struct machine old;
	int rc = 0;

	if (!machine_quiet(m))
		warn("the machine was busy: others had %.0f %% of it; these figures are too high, some by far",
			m->busy * 100);
	if (!machine_quiet(m) && machine_load(&old, NULL) == 0 && old.when && machine_quiet(&old))
		note("kept the figures of a quieter time, in '%s'", path);
	else if ((rc = machine_store(m, NULL)) == 0)
		note("kept in '%s'", path);
	arena_free(mem);
	return rc;
}

int cmd_calibrate(const struct cli *c)
{
	struct machine m;
	struct sb out = {0};

	machine_default(&m);
	if (measure(&m) < 0)
		return EXIT_TROUBLE;
	put_table(&out, &m);
	if (stdout_sb(&out) != EXIT_CLEAN || keep(&m) < 0)
		return EXIT_TROUBLE;
	return EXIT_CLEAN;
}
