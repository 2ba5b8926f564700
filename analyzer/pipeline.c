/* pipeline.c - the only place that calls every stage in order. */
#include "pipeline.h"

#include "fix/fix.h"
#include "rule/api/rule.h"
#include "solve/solve.h"
#include "store/store.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool stopped(const struct pipeline_opts *o)
{
	return o->front.stop && *o->front.stop;
}

/* ---- the stages ---- */

struct lowering {
	struct cache *cache;
	const struct compdb *db;
	const struct tu_cmd *first; /* of those that are parsed */
	const uint32_t *which;	    /* their numbers in db */
	void (*done)(void *ctx, uint32_t i, struct unit *u);
	void *ctx;
	const struct pipeline_opts *o;
	struct analysis *a; /* or NULL */
	uint64_t *ids;	    /* per unit of db: see struct analysis */
};

static void lowered(void *ctx, const struct tu_cmd *cmd, struct unit *u)
{
	struct lowering *l = ctx;

	if (l->cache)
		l->ids[l->which[cmd - l->first]] = cache_put(l->cache, cmd, u);
	l->done(l->ctx, l->which[cmd - l->first], u);
}

/* Takes from the cache what is right there; the units that are left to parse go to which. */
static uint32_t cached(struct lowering *l, uint32_t *which, struct arena *mem)
{
	uint32_t n = 0, ntu = l->db->ntu, found = 0;
	uint64_t *ids = l->ids = arena_alloc(mem, (ntu + 1) * sizeof *ids);

	if (l->cache)
		found = cache_find(l->cache, l->db->tus, ntu, ids);
	if (l->a && ntu && found == ntu && l->o->known && l->o->known(l->o->known_ctx, l->a, l->cache, ids)) {
		l->a->answered = true;
		return 0;
	}
	for (uint32_t i = 0; i < ntu; i++) {
		struct unit u = {0};

		if (ids[i] && cache_load(l->cache, ids[i], &u) == 0) {
			l->done(l->ctx, i, &u);
		} else {
			ids[i] = 0;
			which[n++] = i;
		}
	}
	return n;
}

static int lower(const struct pipeline_opts *o, const struct compdb *db, struct analysis *a,
	void (*done)(void *ctx, uint32_t i, struct unit *u), void *ctx)
{
	/* files that are taken alone are no project to keep anything in */
	bool wanted = !o->no_cache && (o->cache_dir || db->path);
	struct arena *mem = arena_new();
	uint32_t n, *which = arena_alloc(mem, (db->ntu + 1) * sizeof *which);
	struct lowering l = {.db = db, .which = which, .done = done, .ctx = ctx, .o = o, .a = a};
	struct compdb some = *db;
	struct front_opts fo = o->front;
	struct unit *fresh;
	int rc;

	l.cache = wanted ? cache_open(o->cache_dir, db->root) : NULL;
	n = cached(&l, which, mem);
	some.ntu = n;
	l.first = some.tus = arena_alloc(mem, (n + 1) * sizeof *some.tus);
	fresh = arena_alloc(mem, (n + 1) * sizeof *fresh);
	for (uint32_t i = 0; i < n; i++)
		some.tus[i] = db->tus[which[i]];
	fo.done = lowered;
	fo.done_ctx = &l;
	rc = front_lower_all(&some, &fo, fresh);
	if (a && rc == 0) {
		a->ids = arena_alloc(a->mem, (db->ntu + 1) * sizeof *a->ids);
		memcpy(a->ids, l.ids, db->ntu * sizeof *a->ids);
	}
	cache_close(l.cache);
	arena_free(mem);
	return rc < 0 ? -1 : (int)(db->ntu - n);
}

int pipeline_lower(const struct pipeline_opts *o, const struct compdb *db,
	void (*done)(void *ctx, uint32_t i, struct unit *u), void *ctx)
{
	return lower(o, db, NULL, done, ctx);
}

static void take_unit(void *ctx, uint32_t i, struct unit *u)
{
	struct analysis *a = ctx;

	a->units[i] = *u;
	*u = (struct unit){0};
}

static int units(const struct pipeline_opts *o, struct analysis *a)
{
	int n;

	if (o->nsummary)
		return 0;
	a->units = xcalloc(a->db->ntu + 1, sizeof *a->units);
	n = lower(o, a->db, a, take_unit, a);
	a->run.units_cached = n < 0 ? 0 : (uint32_t)n;
	return n < 0 ? -1 : 0;
}

static int program(const struct pipeline_opts *o, struct analysis *a)
{
	heap_large();
	const struct ir **irs = xmalloc((a->db->ntu + 1) * sizeof *irs);
	for (uint32_t i = 0; i < a->db->ntu; i++)
		irs[i] = a->units[i].ir;
	a->p = link_units(irs, a->db->ntu);
	free(irs);
#ifndef NDEBUG
	const char *bad = program_check(a->p, a->mem);
	if (*bad)
		return error("internal: the linked program is not well-formed: %s", bad);
#endif
	for (uint32_t i = 0; i < a->db->ntu && o->until > STAGE_UNITS; i++) { /* their states are still wanted */
		ir_free(a->units[i].ir);
		a->units[i].ir = NULL;
	}
	return 0;
}

/* The tool's own models, then the project's. */
static int effects(const struct pipeline_opts *o, struct analysis *a)
{
	const char *data = data_dir();
	if (!data)
		return -1;
	const struct setting *more = o->config ? config_get(o->config, CONFIG_MODELS) : &(struct setting){0};
	const char **dirs = arena_alloc(a->mem, (more->nlist + 2) * sizeof *dirs);
	uint32_t n = 0;
	dirs[n++] = path_join(a->mem, data, "models");
	for (uint32_t i = 0; i < more->nlist; i++)
		dirs[n++] = more->list[i];
	dirs[n] = path_join(a->mem, a->db->root, ".tvt");
	a->m = models_load(dirs, n + fs_is_dir(dirs[n]));
	if (!a->m)
		return -1;
	a->e = model_apply(a->p, a->m);
	return 0;
}

static int facts(const struct pipeline_opts *o, struct analysis *a)
{
	a->f = solve_all(a->p, a->e, o->all || o->deep);
#ifndef NDEBUG
	const char *bad = facts_check(a->f, a->p, a->mem);
	if (*bad)
		return error("internal: the facts are not well-formed: %s", bad);
#endif
	return 0;
}

/* ---- what the settings say of findings ---- */

struct settings {
	const struct pipeline_opts *o;
	struct analysis *a;
	bool failed; /* a house rule did, and was told */
};

static const char *absolute(struct settings *s, const char *file)
{
	return path_join(s->a->mem, s->a->settings_root ? s->a->settings_root : s->a->db->root, file);
}

static int rule_is_on(void *ctx, const char *rule)
{
	struct settings *s = ctx;
	return config_names_rule(s->o->config, rule) ? 1 : -1;
}

/* A level is that of the rule's usual findings: the rule's own milder ones stay milder. */
static int level_of(void *ctx, const struct finding *f)
{
	struct settings *s = ctx;
	const struct rule *rule = rule_find(f->rule);
	const char *file = absolute(s, f->at.file);
	int level;

	if (!config_reports(s->o->config, file))
		return -1;
	level = config_level(s->o->config, f->rule, file, NULL);
	if (level == LEVEL_UNSAID)
		return !rule || rule->by_default || s->o->all ? (int)f->level : -1;
	if (level >= 0 && rule && f->level < rule->level && (int)f->level < level)
		return f->level;
	return level;
}

static bool need_reason(void *ctx, const char *file)
{
	struct settings *s = ctx;
	return config_for_file(s->o->config, CONFIG_REASON, absolute(s, file))->num != 0;
}

/* How bad an unused allow() is; those of which nothing is to be said are left out. */
static void judge_unused(struct settings *s)
{
	struct rules_out *out = &s->a->out;
	uint32_t n = 0;

	for (uint32_t i = 0; i < out->nunused; i++) {
		struct unused *u = &out->unused[i];
		const struct setting *said = config_for_file(s->o->config, CONFIG_UNUSED, absolute(s, u->at.file));
		if (!said->num)
			continue;
		u->level = (enum level)(said->num - 1);
		out->unused[n++] = *u;
	}
	out->nunused = n;
}

/* ---- the project's own rules ---- */

struct facts_db *pipeline_facts_db(const struct pipeline_opts *o, const struct config *c, const struct analysis *a,
	bool with_findings)
{
	static const char *const state[] = {[UNIT_OK] = "ok", [UNIT_ERRORS] = "errors"};
	struct query_limits limits = {.stop = o->front.stop};
	struct facts_unit *units = arena_alloc(a->mem, (a->db->ntu + 1) * sizeof *units);

	for (uint32_t i = 0; i < a->db->ntu; i++)
		units[i] = (struct facts_unit){path_under(a->db->root, a->db->tus[i].file),
			a->units[i].state < COUNT(state) ? state[a->units[i].state] : "failed", a->units[i].first_error};
	if (c) {
		limits.seconds = config_get(c, CONFIG_QUERY_TIME)->num;
		limits.bytes = config_get(c, CONFIG_QUERY_MEMORY)->num;
	}
	struct facts_in in = {.p = a->p,
		.e = a->e,
		.f = a->f,
		.root = a->db->root,
		.version = a->run.version,
		.units = units,
		.nunit = a->db->ntu,
		.findings = with_findings ? a->findings ? a->findings : &(const struct finding){0} : NULL,
		.nfinding = a->nfinding};
	return facts_db_open(&in, &limits);
}

static void house_rules(void *ctx, struct rules_out *out)
{
	struct settings *s = ctx;
	struct facts_db *db = pipeline_facts_db(s->o, s->o->config, s->a, false);

	s->failed = !db;
	for (uint32_t i = 0; db && i < s->a->nhouse; i++)
		if (house_run(&s->a->house[i], db, out) < 0)
			s->failed = true;
	facts_db_close(db);
}

static bool is_house_rule(void *ctx, const char *rule)
{
	struct settings *s = ctx;

	for (uint32_t i = 0; i < s->a->nhouse; i++)
		if (!strcmp(s->a->house[i].id, rule))
			return true;
	return false;
}

/* What reports know of them, behind the tool's own. */
static void add_house_infos(struct analysis *a)
{
	struct rule_info *all = arena_alloc(a->mem, (a->nrule + a->nhouse + 1) * sizeof *all);

	if (!a->nhouse)
		return;
	memcpy(all, a->rules, a->nrule * sizeof *all);
	for (uint32_t i = 0; i < a->nhouse; i++)
		all[a->nrule + i] = (struct rule_info){.id = a->house[i].id,
			.title = *a->house[i].title ? a->house[i].title : "a rule of this project",
			.family = "house",
			.level = a->house[i].level,
			.by_default = true};
	a->rules = all;
	a->nrule += a->nhouse;
}

/* ---- the texts that edits are made for ---- */

struct texts {
	const struct pipeline_opts *o;
	struct analysis *a;
	struct map hashes; /* of a path: in found */
	VEC(struct hash128) found;
	bool noted;
};

/* What the parser has read, by path. Two units that saw different contents: none is right. */
static void note_reads(struct texts *t)
{
	for (uint32_t i = 0; i < t->a->db->ntu; i++) {
		struct read r;
		for (uint64_t at = 0; t->a->units && unit_read_next(&t->a->units[i], &at, &r);) {
			if (!r.hash.lo && !r.hash.hi)
				continue;
			struct arena *mem = t->a->mem;
			uint64_t key = hash_str(strstr(r.path, "/.") || strstr(r.path, "//") ? path_normal(mem, r.path) : r.path);
			uint32_t *slot = map_slot(&t->hashes, key, t->found.n);
			if (*slot == t->found.n)
				vec_add(&t->found, r.hash);
			else if (!hash128_eq(t->found.v[*slot], r.hash))
				t->found.v[*slot] = (struct hash128){0};
		}
	}
}

/* A unit from the cache does not say what it has read; the cache has looked that it is still the same, after the run
 * began. The clock of files may be some milliseconds behind. */
static bool older_than_run(const struct analysis *a, const char *path)
{
	struct stat st;
	return a->began && !stat(path, &st) &&
	       (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec < a->began - 20000000;
}

static const char *text_as_analysed(void *ctx, const char *path, size_t *n)
{
	struct texts *t = ctx;
	const char *text = t->o->text ? t->o->text(t->o->text_ctx, path, n) : NULL;
	char *data, *kept;

	if (text)
		return text;
	if (!t->noted)
		note_reads(t);
	t->noted = true;
	uint32_t at = map_get(&t->hashes, hash_str(path));
	if ((at == NONE && !older_than_run(t->a, path)) || fs_read_quiet(path, &data, n) < 0)
		return NULL;
	kept = at == NONE || hash128_eq(hash128_bytes(data, *n), t->found.v[at]) ? arena_strndup(t->a->mem, data, *n) : NULL;
	free(data);
	return kept;
}

/* -std=c11, and no -D_GNU_SOURCE or the like. */
static bool any_strict(void *ctx)
{
	const struct texts *t = ctx;
	for (uint32_t i = 0; i < t->a->db->ntu; i++) {
		const struct tu_cmd *cmd = &t->a->db->tus[i];
		bool strict = false;
		for (uint32_t k = 0; k < cmd->argc; k++) {
			if (str_starts(cmd->argv[k], "-std=") || !strcmp(cmd->argv[k], "-ansi"))
				strict = !str_starts(cmd->argv[k], "-std=gnu");
			if (strstr(cmd->argv[k], "_SOURCE")) {
				strict = false;
				break;
			}
		}
		if (strict)
			return true;
	}
	return false;
}

static void fixes(const struct pipeline_opts *o, struct analysis *a)
{
	struct texts t = {.o = o, .a = a};
	struct fix_in in = {.p = a->p,
		.e = a->e,
		.root = a->db->root,
		.findings = a->out.findings,
		.n = a->out.n,
		.mem = a->mem,
		.text = text_as_analysed,
		.strict = any_strict,
		.ctx = &t};
	fix_all(&in);
	map_free(&t.hashes);
	vec_free(&t.found);
}

static int findings(const struct pipeline_opts *o, struct analysis *a)
{
	struct arena *mem = a->mem;
	struct settings s = {o, a};
	const char **paths = arena_alloc(mem, (o->db.npath + 1) * sizeof *paths);
	for (uint32_t i = 0; i < o->db.npath; i++) {
		paths[i] = path_join(mem, path_cwd(mem), o->db.paths[i]);
		if (a->settings_root)
			paths[i] = path_join(mem, a->db->root, path_under(a->settings_root, paths[i]));
	}
	struct rules_in in = {.p = a->p,
		.e = a->e,
		.f = a->f,
		.root = a->db->root,
		.all = o->all,
		.confidence = o->all ? CONF_LOW : o->confidence,
		.paths = paths,
		.npath = o->db.npath,
		.ctx = &s};
	if (o->config) {
		in.on = rule_is_on;
		in.level = level_of;
		in.need_reason = need_reason;
	}
	const char *house = path_join(mem, a->settings_root ? a->settings_root : a->db->root, ".tvt/rules");
	if (house_load(house, mem, &a->house, &a->nhouse) < 0)
		return -1;
	if (a->nhouse) {
		in.more = house_rules;
		in.known_rule = is_house_rule;
	}
	rule_run_all(&in, &a->out);
	if (s.failed)
		return -1;
	if (o->config)
		judge_unused(&s);
	fixes(o, a);
	a->findings = a->out.findings;
	a->nfinding = a->out.n;
	return o->config && config_mistakes(o->config) ? -1 : 0;
}

/* ---- the summary ---- */

static void summarise(struct analysis *a)
{
	struct run_info *r = &a->run;
	uint32_t n = a->db ? a->db->ntu : 0;

	r->root = a->db ? a->db->root : NULL;
	r->units = n;
	if (a->units) {
		r->failed = arena_alloc(a->mem, (n + 1) * sizeof *r->failed);
		for (uint32_t i = 0; i < n; i++) {
			if (a->units[i].state == UNIT_OK)
				continue;
			if (a->units[i].state == UNIT_ERRORS)
				r->units_errors++;
			else
				r->units_failed++;
			r->failed[r->nfailed].file = path_under(a->db->root, a->db->tus[i].file);
			r->failed[r->nfailed++].why =
				a->units[i].first_error ? path_under(a->db->root, a->units[i].first_error) : "?";
		}
	}
	if (a->p) {
		const struct ir *ir = a->p->ir;
		for (uint32_t i = 0; i < ir->nfns; i++)
			r->fns += ir->fns[i].nblock != 0;
		for (uint32_t i = 0; i < ir->nops; i++)
			if (ir->ops[i].kind == OP_BLIND && ir->ops[i].arg < COUNT(r->blind))
				r->blind[ir->ops[i].arg]++;
		r->calls = a->p->ncall;
		r->icalls = a->p->nicall;
		r->unresolved = a->p->nunresolved;
		r->by_type = a->p->nby_type;
	}
	if (a->f) {
		for (uint32_t i = 0; i < a->f->nentry; i++) {
			r->entries_task += ctx_is_task(a->f->entries[i].ctx);
			r->entries_thread += a->f->entries[i].ctx == CTX_THREAD || a->f->entries[i].ctx == CTX_POOL;
		}
		r->loops = a->f->nloop;
		r->shared_left_out = a->f->races_left;
	}
	r->suppressed = a->out.nsuppressed;
	r->unused_suppressions = a->out.nunused;
	r->unused = a->out.unused;
	r->below_threshold = a->out.nbelow;
	for (int i = 0; i < STAGE_COUNT; i++)
		r->seconds += a->seconds[i];
}

static int stage(const struct pipeline_opts *o, struct analysis *a, enum stage s)
{
	switch (s) {
	case STAGE_COMPDB:
		if (!o->nsummary)
			a->db = compdb_load(&o->db);
		else if (summary_read(o->summaries, o->nsummary, o->root ? o->root : ".", &a->db, &a->units) < 0)
			return -1;
		return !a->db || (o->loaded && o->loaded(o->loaded_ctx, a) < 0) ? -1 : 0;
	case STAGE_UNITS:
		return units(o, a);
	case STAGE_PROGRAM:
		return program(o, a);
	case STAGE_EFFECTS:
		return effects(o, a);
	case STAGE_FACTS:
		return facts(o, a);
	case STAGE_FINDINGS:
		return findings(o, a);
	default:
		return 0;
	}
}

static const char *const stage_word[] = {
#define STAGE(name, word) word,
	STAGES(STAGE)
#undef STAGE
};

static int run_from(const struct pipeline_opts *o, struct analysis *a, int first)
{
	a->mem = arena_new();
	for (int s = first; s <= (int)o->until; s++) {
		double start = clock_now();
		if (o->begin)
			o->begin(o->ctx, s);
		uint32_t span = span_open("stage", stage_word[s]);
		int rc = stage(o, a, s);
		span_close(span);
		if (rc < 0)
			return -1;
		a->seconds[s] = clock_now() - start;
		if (stopped(o))
			return error("cancelled");
		if (a->answered)
			return 0;
	}
	a->nrule = pipeline_rules(&a->rules);
	add_house_infos(a);
	summarise(a);
	return 0;
}

int pipeline_run(const struct pipeline_opts *o, struct analysis *a)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	*a = (struct analysis){.began = o->nsummary ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
	return run_from(o, a, STAGE_COMPDB);
}

int pipeline_rest(const struct pipeline_opts *o, struct analysis *a)
{
	return run_from(o, a, STAGE_PROGRAM);
}

void pipeline_free(struct analysis *a)
{
	rules_free(&a->out);
	facts_free(a->f);
	if (a->e)
		effects_free(a->e);
	if (a->m)
		models_free(a->m);
	program_free(a->p);
	if (a->units)
		for (uint32_t i = 0; i < a->db->ntu; i++)
			unit_free(&a->units[i]);
	free(a->units);
	compdb_free(a->db);
	if (a->mem)
		arena_free(a->mem);
	*a = (struct analysis){0};
}

uint32_t pipeline_rules(const struct rule_info **out)
{
	static struct rule_info *infos;
	if (!infos) {
		infos = xcalloc(nrules + 1, sizeof *infos);
		for (uint32_t i = 0; i < nrules; i++)
			infos[i] = (struct rule_info){.id = rules[i]->id,
				.title = rules[i]->title,
				.family = rules[i]->family,
				.level = rules[i]->level,
				.by_default = rules[i]->by_default};
	}
	*out = infos;
	return nrules;
}
