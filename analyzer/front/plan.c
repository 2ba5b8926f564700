/* plan.c - what the beginnings of the files have in common.
 *
 * Units with the same arguments in the same directories that begin with the same #include lines can share
 * the result of parsing these: a tree of leading lines, and at each of its forks, if enough units come by,
 * a precompiled header on top of that of the fork before. Only lines that stand before any other
 * directive or code count, for what these define could change the headers.
 */
#include "front/plan.h"

#include <sys/stat.h>

enum {
	LEAST = 4,	  /* units, or precompiling costs more than it saves */
	DEEPEST = 7,	  /* headers on top of one another */
	MAX_LINES = 128,  /* leading lines looked at */
	MAX_TEXT = 1 << 20, /* bytes of a file looked at */
};

struct way {
	uint32_t parent, unit, count, depth;
	uint32_t same;	 /* the child that all units go on to, or NONE */
	uint32_t shared; /* NONE */
	const char *line; /* NULL: the beginning */
};
struct planner {
	const struct compdb *db;
	struct plan *plan;
	VEC(struct way) steps;
	struct map step_of;
	uint32_t *last; /* per unit: step */
	off_t *size;
};

/* ---- leading lines ---- */

static size_t skip(const char *s, size_t n, size_t at)
{
	for (;;) {
		while (at < n && (s[at] == ' ' || (s[at] >= '\t' && s[at] <= '\r')))
			at++;
		if (at + 1 < n && s[at] == '/' && s[at + 1] == '*') {
			const char *close = memmem(s + at + 2, n - at - 2, "*/", 2);

			if (!close)
				return n;
			at = (size_t)(close - s) + 2;
		} else if (at + 1 < n && s[at] == '/' && s[at + 1] == '/') {
			const char *eol = memchr(s + at, '\n', n - at);

			if (!eol || eol[-1] == '\\')
				return n;
			at = (size_t)(eol - s);
		} else {
			return at;
		}
	}
}

static size_t blanks(const char *s, size_t n, size_t at)
{
	while (at < n && (s[at] == ' ' || s[at] == '\t'))
		at++;
	return at;
}

bool plan_include(const char *s, size_t n, size_t *from, size_t *begin, size_t *end)
{
	static const char word[] = "include";
	size_t at = skip(s, n, *from);
	const char *close;

	if (at >= n || s[at] != '#')
		return false;
	*begin = at;
	at = blanks(s, n, at + 1);
	if (n - at < sizeof word || memcmp(s + at, word, sizeof word - 1))
		return false;
	at = blanks(s, n, at + sizeof word - 1);
	if (at >= n || (s[at] != '"' && s[at] != '<'))
		return false;
	close = memchr(s + at + 1, s[at] == '<' ? '>' : '"', n - at - 1);
	if (!close || memchr(s + at, '\n', (size_t)(close - s) - at))
		return false;
	*end = (size_t)(close - s) + 1;
	at = blanks(s, n, *end);
	if (at < n && s[at] != '\n' && s[at] != '\r' && s[at] != '/')
		return false;
	*from = at;
	return true;
}

/* ---- the tree ---- */

static uint32_t step_to(struct planner *p, uint32_t parent, uint64_t key, const char *line, uint32_t unit)
{
	uint64_t h = hash_mix(key, parent);
	uint32_t *slot = map_slot(&p->step_of, h, p->steps.n), id = *slot;
	struct way *s;

	if (id == p->steps.n)
		vec_add(&p->steps, ((struct way){.parent = parent,
					   .unit = unit,
					   .depth = parent == NONE ? 0 : p->steps.v[parent].depth + 1,
					   .same = NONE,
					   .shared = NONE,
					   .line = line ? arena_strdup(p->plan->mem, line) : NULL}));
	s = &p->steps.v[id];
	s->count++;
	return id;
}

static void walk(struct planner *p, uint32_t unit)
{
	const struct tu_cmd *c = &p->db->tus[unit];
	struct arena *mem = p->plan->mem;
	uint64_t key = hash_mix((uintptr_t)c->argv, hash_str(c->dir));
	size_t size, at = 0, begin, end;
	struct sb line = {0};
	char *text;

	p->last[unit] = NONE;
	if (!c->argc || strcmp(c->argv[0], "-xc") || fs_read_quiet(c->file, &text, &size) < 0)
		return;
	p->size[unit] = (off_t)size;
	size = size < MAX_TEXT ? size : MAX_TEXT;
	if (!memchr(text, '\0', size)) {
		key = hash_mix(key, hash_str(path_dir(mem, c->file)));
		p->last[unit] = step_to(p, NONE, key, NULL, unit);
		for (int i = 0; i < MAX_LINES && plan_include(text, size, &at, &begin, &end); i++) {
			line.n = 0;
			sb_putn(&line, text + begin, end - begin);
			p->last[unit] = step_to(p, p->last[unit], hash_str(line.s), line.s, unit);
		}
	}
	sb_free(&line);
	free(text);
}

/* Where all go on together, a precompiled header is of no use yet. */
static void choose(struct planner *p)
{
	struct plan *plan = p->plan;

	for (uint32_t i = 0; i < p->steps.n; i++) {
		const struct way *s = &p->steps.v[i];

		if (s->parent != NONE && p->steps.v[s->parent].count == s->count)
			p->steps.v[s->parent].same = i;
	}
	plan->shared = arena_alloc(plan->mem, (p->steps.n + 1) * sizeof *plan->shared);
	for (uint32_t i = 0; i < p->steps.n; i++) { /* parents come first */
		struct way *s = &p->steps.v[i];
		uint32_t up = s->parent, depth = 0;
		struct sb text = {0};
		struct shared *sh;

		if (!s->line || s->count < LEAST || s->same != NONE)
			continue;
		while (up != NONE && p->steps.v[up].shared == NONE)
			up = p->steps.v[up].parent;
		sh = &plan->shared[plan->nshared];
		sh->parent = up == NONE ? NONE : p->steps.v[up].shared;
		for (uint32_t k = sh->parent; k != NONE; k = plan->shared[k].parent)
			depth++;
		if (depth >= DEEPEST)
			continue;
		for (uint32_t k = i; k != up && p->steps.v[k].line; k = p->steps.v[k].parent) {
			struct sb before = {0};

			sb_printf(&before, "%s\n%s", p->steps.v[k].line, text.s ? text.s : "");
			sb_free(&text);
			text = before;
		}
		sh->unit = s->unit;
		sh->nunit = s->count;
		sh->nlines = s->depth;
		sh->text = arena_strdup(plan->mem, text.s);
		sb_free(&text);
		s->shared = plan->nshared++;
	}
}

/* ---- the order ---- */

struct place_in_order {
	uint32_t unit, shared;
	off_t size;
};

static int by_shared(const void *x, const void *y)
{
	const struct place_in_order *a = x, *b = y;

	/* NONE first: a unit alone may go to anybody */
	if (a->shared != b->shared)
		return a->shared + 1 < b->shared + 1 ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->unit > b->unit) - (a->unit < b->unit);
}

struct plan *plan_new(const struct compdb *db)
{
	struct arena *mem = arena_new();
	struct plan *plan = arena_alloc(mem, sizeof *plan);
	struct planner p = {.db = db, .plan = plan};
	struct place_in_order *all = xcalloc(db->ntu + 1, sizeof *all);

	plan->mem = mem;
	plan->of = arena_alloc(mem, (db->ntu + 1) * sizeof *plan->of);
	plan->order = arena_alloc(mem, (db->ntu + 1) * sizeof *plan->order);
	p.last = arena_alloc(mem, (db->ntu + 1) * sizeof *p.last);
	p.size = arena_alloc(mem, (db->ntu + 1) * sizeof *p.size);
	for (uint32_t i = 0; i < db->ntu; i++)
		walk(&p, i);
	choose(&p);
	for (uint32_t i = 0; i < db->ntu; i++) {
		uint32_t s = p.last[i];

		while (s != NONE && p.steps.v[s].shared == NONE)
			s = p.steps.v[s].parent;
		plan->of[i] = s == NONE ? NONE : p.steps.v[s].shared;
		all[i] = (struct place_in_order){i, plan->of[i], p.size[i]};
		plan->nalone += plan->of[i] == NONE;
	}
	qsort(all, db->ntu, sizeof *all, by_shared);
	for (uint32_t i = 0; i < db->ntu; i++)
		plan->order[i] = all[i].unit;
	free(all);
	vec_free(&p.steps);
	map_free(&p.step_of);
	return plan;
}

void plan_free(struct plan *p)
{
	if (p)
		arena_free(p->mem);
}
