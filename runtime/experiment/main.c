/* main.c - tvt-experiment: measures for tvt-lint, each time in a fresh process. */
#include "experiment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define US INT64_C(1000)
#define MS INT64_C(1000000)

const struct experiment experiments[] = {
	/* name, run, before, after, work, blocks, closed, instances */
	{"async", loop_experiment, INLINE, ASYNC, 5 * MS, true, true, 8},
	{"pool", loop_experiment, INLINE, POOL, 10 * MS, true, false, 1},
	{"yield", loop_experiment, INLINE, YIELD, 10 * MS, false, false, 1},
	{"inline", loop_experiment, POOL, INLINE, 5 * US, false, true, 1},
	{"reuse", loop_experiment, THREAD, POOL, 20 * US, false, true, 1},
	{"thread", loop_experiment, HOGGED, SPARED, 1 * MS, true, true, 8},
	{"cores", loop_experiment, CROWD, QUEUE, 1 * MS, false, true, 16},
	{"confine", loop_experiment, LOCKED, MESSAGE, 5 * MS, true, false, 1},
	{"tasks", many_experiment, 0, 0, 0, true, true, 1000},
	{"timers", many_experiment, 0, 0, 100 * MS, true, false, 1000},
	{"narrow", lock_experiment, 0, 0, 20 * US, false, true, 0},
	{"split", lock_experiment, 0, 0, 20 * US, false, true, 0},
	{"drop", lock_experiment, 0, 0, 500 * US, true, true, 8},
	{"shard", shard_experiment, 0, 0, 20 * US, false, true, 64},
	{NULL},
};
static const char *const grounds[GROUNDS] = {"runtime", "libuv"};

static int usage(void)
{
	fprintf(stderr, "usage: tvt-experiment machine\n"
			"       tvt-experiment EXPERIMENT runtime|libuv before|after [KEY=NUMBER]...\n"
			"keys: work (ns), blocks (0 or 1), instances, time (ns to measure)\n");
	return 2;
}

static int list(void)
{
	for (const struct experiment *e = experiments; e->name; e++)
		printf("%s\n", e->name);
	return 0;
}

/* "key=number", with bounds: a finding may say anything. */
static bool set(struct setup *s, const char *arg)
{
	char key[16];
	long long v;
	int end = 0;

	if (sscanf(arg, "%15[a-z]=%lld%n", key, &v, &end) != 2 || arg[end] || v < 0)
		return false;
	if (!strcmp(key, "work"))
		s->work = v < US ? US : v > 200 * MS ? 200 * MS : v;
	else if (!strcmp(key, "blocks"))
		s->blocks = v;
	else if (!strcmp(key, "instances"))
		s->instances = v < 1 ? 1 : v > 100000 ? 100000 : (int)v;
	else if (!strcmp(key, "time"))
		s->time = v < 20 * MS ? 20 * MS : v > 60000 * MS ? 60000 * MS : v;
	else
		return false;
	return true;
}

static void print(const struct outcome *o, double busy)
{
	const struct {
		const char *key;
		double v;
	} rows[] = {{"p50", o->p50}, {"p99", o->p99}, {"p999", o->p999}, {"floor", o->floor}, {"job", o->job},
		{"rate", o->rate}, {"bytes", o->bytes}, {"switches", o->switches}, {"busy", busy}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].v >= 0)
			result(rows[i].key, rows[i].v);
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct outcome o = {-1, -1, -1, -1, -1, -1, -1, -1};
	struct setup s = {.time = 250 * MS};
	const struct experiment *e = experiments;
	enum ground g = 0;
	struct busy busy;

	if (argc == 2 && !strcmp(argv[1], "machine"))
		return machine_measure();
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 4)
		return usage();
	while (e->name && strcmp(e->name, argv[1]))
		e++;
	while (g < GROUNDS && strcmp(grounds[g], argv[2]))
		g++;
	s.after = !strcmp(argv[3], "after");
	if (!e->name || g == GROUNDS || (!s.after && strcmp(argv[3], "before")))
		return usage();
	s.work = e->work;
	s.blocks = e->blocks;
	s.instances = e->instances;
	for (int i = 4; i < argc; i++)
		if (!set(&s, argv[i]))
			return usage();
#ifndef TVT_LIBUV
	if (g == GROUND_LIBUV)
		return 3;
#endif
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	spin_calibrate();
	busy_begin(&busy);
	e->run(e, g, &s, &o);
	print(&o, busy_end(&busy));
	fflush(stdout);
	_exit(0); /* jobs may still be on a pool */
}
