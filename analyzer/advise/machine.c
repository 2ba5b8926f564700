/* machine.c - constants of a machine, in a text that a person can read and change. */
#include "advise/machine.h"

#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

const struct machine_row machine_rows[MACHINE_COUNT] = {
#define MACHINE(id, name, unit, median, p10, p90, doc) {name, UNIT_##unit, doc},
	MACHINE_CONSTANTS(MACHINE)
#undef MACHINE
};

static const struct spread defaults[MACHINE_COUNT] = {
#define MACHINE(id, name, unit, median, p10, p90, doc) {median, p10, p90},
	MACHINE_CONSTANTS(MACHINE)
#undef MACHINE
};

/* A tenth of the machine moves the tails, more moves the medians too. */
#define QUIET 0.1

void machine_default(struct machine *m)
{
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof set, &set) < 0 ? 0 : CPU_COUNT(&set);

	*m = (struct machine){.cores = cores > 0 ? (unsigned)cores : 1};
	m->memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	memcpy(m->v, defaults, sizeof defaults);
}

bool machine_quiet(const struct machine *m)
{
	return m->busy <= QUIET;
}

/* ---- text ---- */

/* Up to max numbers behind a name; how many, or -1 if there is something else. */
static int numbers(const char *s, double *v, int max)
{
	int n = 0;

	for (;;) {
		char *end;

		s += strspn(s, " \t\r");
		if (!*s || *s == '#')
			return n;
		if (n == max)
			return -1;
		v[n] = strtod(s, &end);
		if (end == s || !(v[n] >= 0) || v[n] > 1e18)
			return -1;
		s = end;
		n++;
	}
}

static bool set(struct machine *m, const char *name, const double *v, int n)
{
	for (int i = 0; i < MACHINE_COUNT; i++)
		if (!strcmp(machine_rows[i].name, name)) {
			m->v[i] = (struct spread){v[0], v[1], v[2]};
			return n == 3 && v[1] <= v[0] && v[0] <= v[2];
		}
	if (!strcmp(name, "cores"))
		m->cores = v[0] < 1 << 20 ? (unsigned)v[0] : 0;
	else if (!strcmp(name, "memory"))
		m->memory = v[0];
	else if (!strcmp(name, "busy"))
		m->busy = v[0];
	else if (!strcmp(name, "when"))
		m->when = (int64_t)v[0];
	else
		return false;
	return n == 1 && m->cores > 0 && m->busy <= 1;
}

int machine_parse(struct machine *m, const char *text, const char *source)
{
	struct machine got = *m;
	unsigned line = 0;

	for (const char *p = text; *p; line++) {
		size_t len = strcspn(p, "\n");
		char buf[256] = "", name[64] = "";
		double v[3] = {0};
		int at = 0, n;

		if (len < sizeof buf)
			memcpy(buf, p, len);
		p += len + (p[len] == '\n');
		if (len >= sizeof buf)
			return error("%s:%u: the line is too long", source, line + 1);
		buf[len] = '\0';
		if (sscanf(buf, " %63[^ \t\r\n#]%n", name, &at) != 1)
			continue;
		n = numbers(buf + at, v, 3);
		if (n < 1 || !set(&got, name, v, n))
			return error("%s:%u: not a constant of a machine: '%s'", source, line + 1, buf);
	}
	*m = got;
	return 0;
}

void machine_write(const struct machine *m, struct sb *out)
{
	sb_puts(out, "# What things cost on this machine: tvt-lint calibrate. Median, 10th and 90th percentile.\n");
	for (int i = 0; i < MACHINE_COUNT; i++) {
		const struct machine_row *r = &machine_rows[i];

		sb_printf(out, "%-16s %10.6g %10.6g %10.6g  # %s: %s\n", r->name, m->v[i].median, m->v[i].p10,
			m->v[i].p90, r->unit == UNIT_NS ? "ns" : "bytes", r->doc);
	}
	sb_printf(out, "cores %u\nmemory %.0f\nbusy %.3f\nwhen %lld\n", m->cores, m->memory, m->busy,
		(long long)m->when);
}

/* ---- the file ---- */

char *machine_path(struct arena *a)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	/* The XDG specification: a path that is not absolute is to be ignored. */
	if (cache && *cache == '/')
		return path_join(a, cache, "tvt-lint/machine.conf");
	if (home && *home == '/')
		return path_join(a, home, ".cache/tvt-lint/machine.conf");
	return NULL;
}

int machine_load(struct machine *m, const char *path)
{
	struct arena *a = arena_new();
	char *text;
	size_t size;
	int rc = 0;

	machine_default(m);
	if (!path)
		path = machine_path(a);
	if (path && fs_read_quiet(path, &text, &size) == 0) {
		rc = machine_parse(m, text, path);
		free(text);
	} else if (path && errno != ENOENT && errno != ENOTDIR) {
		rc = error("cannot read '%s': %s", path, strerror(errno));
	}
	arena_free(a);
	return rc;
}

/* The folders on the way to path, as mkdir -p. */
static int make_dirs(struct arena *a, const char *path)
{
	char *dir = path_dir(a, path);

	for (char *p = dir + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(dir, 0777);
		*p = '/';
	}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return error("cannot make '%s': %s", dir, strerror(errno));
	return 0;
}

int machine_store(const struct machine *m, const char *path)
{
	struct arena *a = arena_new();
	struct sb text = {0};
	int rc = -1;

	if (!path)
		path = machine_path(a);
	if (!path) {
		error("nowhere to keep the constants: neither XDG_CACHE_HOME nor HOME is set");
		goto out;
	}
	machine_write(m, &text);
	if (make_dirs(a, path) == 0)
		rc = fs_write_atomic(path, text.s, text.n);
out:
	sb_free(&text);
	arena_free(a);
	return rc;
}
