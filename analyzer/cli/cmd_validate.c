/* cmd_validate.c - puts advice to the test: an experiment, before and after, on two grounds. */
#include "cli/cli.h"
#include "advise/trial.h"

#include <unistd.h>

enum { GROUNDS = 2, VARIANTS = 2, ROUNDS = 2, BAR = 36, SIDES = 60, MAX_TRIALS = 256 };
enum { BEFORE, AFTER };
static const char *const grounds[GROUNDS] = {"libuv", "runtime"};
static const char *const variants[VARIANTS] = {"before", "after"};

struct trial {
	const struct trial_kind *kind;
	struct trial_setup setup;
	const char *from; /* the finding, or NULL */
	bool ran[GROUNDS];
	struct outcome got[GROUNDS][VARIANTS];
	double promise;
};

/* ---- which ones ---- */

static int unknown(const char *name)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct trial_kind *k = trial_kinds; k->name; k++)
		names[n++] = k->name;
	near = str_nearest(name, names, n);
	if (near)
		return error("no advice '%s'; did you mean '%s'?", name, near);
	return error("no advice '%s'; 'tvt-lint validate' lists them", name);
}

/* "5ms", "20us", "300" nanoseconds; below zero if it is none. */
static double duration(const char *s)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	char *end;
	double v = strtod(s, &end);

	for (size_t i = 0; end > s && v > 0 && i < COUNT(units); i++)
		if (!strcmp(end, units[i].unit))
			return v * units[i].ns;
	return -1;
}

/* work=5ms, blocks=yes, instances=100: of the trial before it. */
static int set(struct trial *t, const char *arg)
{
	const char *val = strchr(arg, '=') + 1;
	char *end;
	unsigned long n;

	if (!t)
		return error("'%s' stands behind the advice that it is for", arg);
	if (str_starts(arg, "work=")) {
		t->setup.work = duration(val);
		return t->setup.work > 0 ? 0 : error("not a time, such as 5ms: '%s'", val);
	}
	if (str_starts(arg, "instances=")) {
		n = strtoul(val, &end, 10);
		t->setup.instances = (unsigned)n;
		return *val && !*end && n > 0 && n <= 100000 ? 0 : error("not a number from 1 to 100000: '%s'", val);
	}
	if (str_starts(arg, "blocks=")) {
		t->setup.blocks = !strcmp(val, "yes");
		return t->setup.blocks || !strcmp(val, "no") ? 0 : error("yes or no: '%s'", arg);
	}
	return error("'%s': only work, blocks and instances can be set", arg);
}

/* FILE:LINE, and whatever follows it. */
static bool split_place(const char *arg, struct sb *file, uint32_t *line)
{
	const char *colon = strchr(arg, ':');
	char *end;

	if (!colon || colon == arg)
		return false;
	*line = (uint32_t)strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || (*end && *end != ':'))
		return false;
	sb_putn(file, arg, (size_t)(colon - arg));
	return true;
}

static bool same_file(const char *known, const char *asked)
{
	while (str_starts(asked, "./"))
		asked += 2;
	return str_ends(known, asked) &&
	       (strlen(known) == strlen(asked) || known[strlen(known) - strlen(asked) - 1] == '/' || *asked == '/');
}

/* How long the model says that the call of the finding blocks, in ns; 0 if it does not say. */
static double blocks_for(const struct analysis *a, const struct finding *f)
{
	struct sb place = {0}, here = {0};
	double ns = 0;

	sb_printf(&place, "%s:%u:%u", f->at.file, f->at.line, f->at.col);
	for (uint32_t i = 0; i < a->f->nblock && !ns; i++) {
		const struct clause *clause = a->f->blocks[i].clause;

		here.n = 0;
		sb_puts(&here, "");
		put_op_place(&here, a, a->f->blocks[i].site);
		if (clause && str_starts(here.s, place.s) && !(here.s[place.n] >= '0' && here.s[place.n] <= '9'))
			ns = clause->lo * 1e9;
	}
	sb_free(&place);
	sb_free(&here);
	return ns;
}

/* The trials of the findings at that line; how many, or -1 after error(). */
static int add_findings(const struct analysis *a, const char *file, uint32_t line, struct trial *t, uint32_t max)
{
	uint32_t n = 0, there = 0;

	for (uint32_t i = 0; i < a->nfinding; i++) {
		const struct finding *f = &a->findings[i];
		const struct trial_kind *k = trial_of_rule(f->rule);
		double ns;

		if (f->at.line != line || !same_file(f->at.file, file))
			continue;
		there++;
		if (!k || n == max)
			continue;
		t[n] = (struct trial){.kind = k, .setup = k->setup};
		ns = blocks_for(a, f);
		if (ns >= 1e3)
			t[n].setup.work = ns > 2e8 ? 2e8 : ns; /* an experiment is to be short */
		t[n].from = xstrdup(f->message);
		n++;
	}
	if (!there)
		return error("no finding at %s:%u; see tvt-lint check", file, line);
	if (!n)
		return error("what is found at %s:%u has no experiment", file, line);
	return (int)n;
}

static int collect(const struct cli *c, struct trial *t, uint32_t *n)
{
	struct analysis a;
	bool analysed = false;
	int rc = 0;

	if (c->pipe.all)
		for (const struct trial_kind *k = trial_kinds; k->name; k++)
			t[(*n)++] = (struct trial){.kind = k, .setup = k->setup};
	for (uint32_t i = 0; i < c->narg && rc >= 0; i++) {
		const struct trial_kind *k = trial_find(c->args[i]);
		struct sb file = {0};
		uint32_t line;

		if (*n == MAX_TRIALS)
			rc = error("more than %d experiments", MAX_TRIALS);
		else if (k)
			t[(*n)++] = (struct trial){.kind = k, .setup = k->setup};
		else if (strchr(c->args[i], '='))
			rc = set(*n ? &t[*n - 1] : NULL, c->args[i]);
		else if (!split_place(c->args[i], &file, &line))
			rc = unknown(c->args[i]);
		else if (!analysed && cli_analyse(c, STAGE_FINDINGS, &a) >= 0)
			rc = -1;
		else {
			analysed = true;
			rc = add_findings(&a, file.s, line, t + *n, MAX_TRIALS - *n);
			*n += rc > 0 ? (uint32_t)rc : 0;
		}
		sb_free(&file);
	}
	if (analysed)
		pipeline_free(&a);
	return rc < 0 ? -1 : 0;
}

/* ---- running ---- */

/* 1: ran, 0: that ground is not there, -1 after error(). */
static int run_once(const struct trial *t, int ground, int variant, struct outcome *o)
{
	struct arena *mem = arena_new();
	struct sb text = {0};
	const char *argv[] = {child_program(mem, "tvt-experiment", "runtime/experiment"), t->kind->name, grounds[ground],
		variants[variant], arena_printf(mem, "work=%.0f", t->setup.work),
		arena_printf(mem, "blocks=%d", t->setup.blocks), arena_printf(mem, "instances=%u", t->setup.instances),
		NULL};
	int rc;

	if (!t->setup.instances)
		argv[6] = NULL; /* as many as the machine has cores */
	rc = child_output(argv, &text);
	if (rc > 0 && rc != 3)
		rc = error("the experiment '%s' failed on %s", t->kind->name, grounds[ground]);
	else if (rc == 0)
		rc = outcome_parse(o, text.s) < 0 ? -1 : 1;
	else if (rc == 3)
		rc = 0;
	sb_free(&text);
	arena_free(mem);
	return rc;
}

/* Before and after in turn, and the better of two: what else runs on the machine only ever makes it worse. */
static int run_trial(struct trial *t, const struct machine *m)
{
	t->promise = t->kind->promise(m, &t->setup);
	for (int g = 0; g < GROUNDS; g++)
		for (int round = 0; round < ROUNDS; round++)
			for (int v = 0; v < VARIANTS; v++) {
				struct outcome o;
				int rc = run_once(t, g, v, &o);

				if (rc <= 0 && rc < 0)
					return -1;
				if (rc == 0)
					continue;
				if (round == 0 || outcome_better(&o, &t->got[g][v], t->kind->metric))
					t->got[g][v] = o;
				t->ran[g] = true;
			}
	return 0;
}

/* ---- for people ---- */

static void put_value(struct sb *out, double v, enum metric_unit unit)
{
	static const char *const names[][5] = {[IN_TIME] = {" ns", " us", " ms", " s", " s"},
		[IN_RATE] = {"", "k", "M", "G", "T"},
		[IN_SIZE] = {" B", " KiB", " MiB", " GiB", " TiB"}};
	double step = unit == IN_SIZE ? 1024 : 1000;
	int i = 0;

	while (v >= step && i < 3) {
		v /= step;
		i++;
	}
	sb_printf(out, "%.*f%s", v < 9.995 && i ? 2 : v < 99.95 && i ? 1 : 0, v, names[unit][i]);
}

static void put_bar(struct sb *out, const char *name, double v, double most, enum metric_unit unit)
{
	struct sb value = {0};
	int full = (int)(BAR * v / most + 0.5);

	put_value(&value, v, unit);
	sb_printf(out, "    %-7s %10s  ", name, value.s);
	for (int i = 0; i < full || i < 1; i++)
		sb_putc(out, '#');
	sb_free(&value);
}

/* The other figures, so that what the advice costs is seen too. */
static void put_sides(struct sb *out, const struct trial *t, const struct outcome *a, const struct outcome *b)
{
	size_t line = 0; /* where it begins */

	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *r = &metric_rows[i];

		if (i == (int)t->kind->metric || i == METRIC_FLOOR || i == METRIC_BUSY || a->v[i] < 0 || b->v[i] < 0)
			continue;
		if (!line || out->n - line > SIDES) {
			sb_puts(out, line ? ",\n" : "");
			line = out->n;
			sb_printf(out, "%*s", 12, "");
		} else {
			sb_puts(out, ", ");
		}
		if (r->unit == IN_TIME)
			sb_printf(out, "%s ", r->word);
		put_value(out, a->v[i], r->unit);
		sb_puts(out, " -> ");
		put_value(out, b->v[i], r->unit);
		if (r->unit != IN_TIME)
			sb_printf(out, " %s", r->word);
	}
	if (line)
		sb_putc(out, '\n');
}

static void put_setup(struct sb *out, const struct trial *t)
{
	if (t->setup.instances > 1)
		sb_printf(out, "%u ", t->setup.instances);
	sb_puts(out, t->kind->job);
	if (t->setup.work) {
		sb_puts(out, t->setup.blocks ? ", waiting " : ", computing ");
		put_value(out, t->setup.work, IN_TIME);
	}
}

static void put_trial(struct sb *out, const struct trial *t, bool color)
{
	enum metric by = t->kind->metric;

	sb_printf(out, "%s%s%s: %s\n", color ? "\033[1m" : "", t->kind->name, color ? "\033[0m" : "", t->kind->advice);
	if (t->from) {
		sb_puts(out, "  ");
		sb_put_visible(out, t->from, strlen(t->from));
		sb_putc(out, '\n');
	}
	sb_puts(out, "  ");
	put_setup(out, t);
	sb_printf(out, "\n  %s; promised: %.*f times better\n", t->kind->what, t->promise < 10 ? 1 : 0, t->promise);
	for (int g = 0; g < GROUNDS; g++) {
		const struct outcome *o = t->got[g];
		double most;

		if (!t->ran[g]) {
			sb_printf(out, "  %s: this tool was built without it\n", grounds[g]);
			continue;
		}
		most = o[BEFORE].v[by] > o[AFTER].v[by] ? o[BEFORE].v[by] : o[AFTER].v[by];
		if (most <= 0)
			most = 1;
		sb_printf(out, "  %s\n", grounds[g]);
		put_bar(out, "before", o[BEFORE].v[by], most, metric_rows[by].unit);
		sb_putc(out, '\n');
		put_bar(out, "after", o[AFTER].v[by], most, metric_rows[by].unit);
		sb_printf(out, "  %.*f times: %s\n", trial_gain(by, &o[BEFORE], &o[AFTER]) < 10 ? 1 : 0,
			trial_gain(by, &o[BEFORE], &o[AFTER]),
			verdict_words[trial_judge(t->kind, t->promise, &o[BEFORE], &o[AFTER])]);
		put_sides(out, t, &o[BEFORE], &o[AFTER]);
	}
	sb_putc(out, '\n');
}

static void put_list(struct sb *out)
{
	sb_puts(out, "advice that can be put to the test:\n");
	for (const struct trial_kind *k = trial_kinds; k->name; k++)
		sb_printf(out, "  %-8s  %s\n", k->name, k->advice);
	sb_puts(out, "\ntvt-lint validate ADVICE|FILE:LINE..., or --all; behind an advice: work=5ms instances=100 blocks=no\n");
}

/* ---- for programs ---- */

static void json_outcome(struct json *j, const char *key, const struct outcome *o)
{
	json_obj(j, key);
	for (int i = 0; i < METRIC_COUNT; i++)
		if (o->v[i] >= 0)
			json_num(j, metric_rows[i].name, o->v[i]);
	json_end(j);
}

/* Times in nanoseconds, memory in bytes, rates a second. */
static void put_json(struct sb *out, const struct trial *t, uint32_t n, const struct machine *m)
{
	struct json j;

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_obj(&j, "machine");
	json_int(&j, "cores", m->cores);
	json_bool(&j, "measured", m->when != 0);
	for (int i = 0; i < MACHINE_COUNT; i++)
		json_num(&j, machine_rows[i].name, m->v[i].median);
	json_end(&j);
	json_arr(&j, "trials");
	for (uint32_t i = 0; i < n; i++) {
		json_obj(&j, NULL);
		json_str(&j, "advice", t[i].kind->name);
		json_str(&j, "title", t[i].kind->advice);
		json_str(&j, "what", t[i].kind->what);
		if (t[i].from)
			json_str(&j, "finding", t[i].from);
		json_num(&j, "work", t[i].setup.work);
		json_bool(&j, "blocks", t[i].setup.blocks);
		json_int(&j, "instances", t[i].setup.instances);
		json_str(&j, "metric", metric_rows[t[i].kind->metric].name);
		json_num(&j, "promise", t[i].promise);
		json_arr(&j, "grounds");
		for (int g = 0; g < GROUNDS; g++) {
			const struct outcome *o = t[i].got[g];

			if (!t[i].ran[g])
				continue;
			json_obj(&j, NULL);
			json_str(&j, "ground", grounds[g]);
			json_outcome(&j, "before", &o[BEFORE]);
			json_outcome(&j, "after", &o[AFTER]);
			json_num(&j, "gain", trial_gain(t[i].kind->metric, &o[BEFORE], &o[AFTER]));
			json_str(&j, "verdict",
				verdict_words[trial_judge(t[i].kind, t[i].promise, &o[BEFORE], &o[AFTER])]);
			json_end(&j);
		}
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
}

static int write_json(const struct cli *c, const struct trial *t, uint32_t n, const struct machine *m)
{
	struct sb out = {0};
	int rc = 0;

	if (!c->nout)
		return 0;
	put_json(&out, t, n, m);
	for (uint32_t i = 0; i < c->nout && rc == 0; i++)
		rc = c->outs[i].path ? fs_write_atomic(c->outs[i].path, out.s, out.n) : stdout_write(out.s, out.n);
	sb_free(&out);
	return rc;
}

/* ---- the command ---- */

static bool text_wanted(const struct cli *c)
{
	for (uint32_t i = 0; i < c->nout; i++)
		if (!c->outs[i].path)
			return false;
	return true;
}

static int summary(const struct trial *t, uint32_t n, bool text)
{
	uint32_t count[VERDICT_NO_GROUND + 1] = {0};
	double busy = 0;
	int status = EXIT_CLEAN;

	for (uint32_t i = 0; i < n; i++)
		for (int g = 0; g < GROUNDS; g++) {
			const struct outcome *o = t[i].got[g];

			if (!t[i].ran[g])
				continue;
			count[trial_judge(t[i].kind, t[i].promise, &o[BEFORE], &o[AFTER])]++;
			for (int v = 0; v < VARIANTS; v++)
				busy = o[v].v[METRIC_BUSY] > busy ? o[v].v[METRIC_BUSY] : busy;
		}
	if (count[VERDICT_MISSED] || count[VERDICT_PART])
		status = EXIT_FOUND;
	if (busy > 0.1)
		warn("the machine was busy: others had up to %.0f %% of it; gains are smaller than on a quiet one", busy * 100);
	if (text) {
		struct sb out = {0};

		sb_printf(&out, "%u promise%s", n, n == 1 ? "" : "s");
		for (int v = 0; v <= VERDICT_NO_GROUND; v++)
			if (count[v])
				sb_printf(&out, ", %u %s", count[v], verdict_words[v]);
		sb_puts(&out, " (each ground counts)\n");
		if (stdout_sb(&out) != EXIT_CLEAN)
			status = EXIT_TROUBLE;
	}
	return status;
}

int cmd_validate(const struct cli *c)
{
	struct trial *t = xcalloc(MAX_TRIALS, sizeof *t);
	bool text = text_wanted(c), color = report_color(c->color, STDOUT_FILENO), bar = progress_wanted(c->quiet);
	struct machine m;
	uint32_t n = 0;
	int status = EXIT_TROUBLE;

	for (uint32_t i = 0; i < c->nout; i++)
		if (strcmp(c->outs[i].format->name, "json")) {
			error("validate has its own text, and json; not '%s'", c->outs[i].format->name);
			goto out;
		}
	if (!c->narg && !c->pipe.all) {
		struct sb out = {0};

		put_list(&out);
		status = stdout_sb(&out);
		goto out;
	}
	if (collect(c, t, &n) < 0 || machine_load(&m, NULL) < 0)
		goto out;
	for (uint32_t i = 0; i < n; i++) {
		struct sb out = {0};
		int rc;

		if (bar)
			progress_show(NULL, i, n, t[i].kind->name);
		rc = run_trial(&t[i], &m);
		progress_clear();
		if (rc == 0 && text) {
			put_trial(&out, &t[i], color);
			rc = stdout_write(out.s, out.n);
		}
		sb_free(&out);
		if (rc < 0)
			goto out;
	}
	status = write_json(c, t, n, &m) < 0 ? EXIT_TROUBLE : summary(t, n, text);
out:
	for (uint32_t i = 0; i < n; i++)
		free((char *)(uintptr_t)t[i].from);
	free(t);
	return status;
}
