/* cmd_locks.c - which lock guards which variable and field, as inferred from what is held where they are accessed.
 *
 * Objects of one kind that were allocated at several places are one line. First those that race, then those that are
 * accessed most.
 */
#include "cli/cli.h"

#include "solve/solve.h"

#include <stdlib.h>

enum { FNS_SHOWN = 3, WIDEST = 48 };

struct row {
	const struct shared_object *o; /* the first of them */
	uint32_t held, total;	       /* accesses with the lock, all */
	bool race;
	uint8_t sure;		       /* of the race, as in shared_object */
	VEC(uint32_t) use;	       /* in facts.uses: one a place, in order */
};
struct table {
	const struct analysis *a;
	VEC(struct row) rows;
	uint32_t nlock, nrace, nguess, natomic, nother; /* objects: under a lock, racing, that perhaps, atomic alone, never at once */
};

/* ---- rows ---- */

static bool atomic(const struct analysis *a, const struct shared_object *o)
{
	for (uint32_t i = 0; i < o->nuse; i++)
		if (!(a->f->uses[o->use + i].flags & USE_ATOMIC))
			return false;
	return true;
}

static const char *lock_text(const struct analysis *a, const struct row *r)
{
	if (r->o->lock)
		return r->o->lock;
	if (r->race)
		return "(none)";
	return atomic(a, r->o) ? "(atomic)" : "(never at once)";
}

static bool same(const struct shared_object *a, const struct shared_object *b)
{
	return !strcmp(a->name, b->name) && a->field == b->field && a->verdict == b->verdict && !a->lock == !b->lock &&
	       (!a->lock || !strcmp(a->lock, b->lock));
}

static void add(struct table *t, const struct shared_object *o)
{
	const struct shared_use *uses = t->a->f->uses;
	struct row *r = NULL;
	bool race = o->verdict == SHARED_RACE && !o->mixed;

	t->nlock += o->lock && !race;
	t->nrace += race && o->sure;
	t->nguess += race && !o->sure;
	t->natomic += !o->lock && !race && atomic(t->a, o);
	t->nother += !o->lock && !race && !atomic(t->a, o);
	for (uint32_t i = 0; i < t->rows.n && !r; i++)
		if (same(t->rows.v[i].o, o))
			r = &t->rows.v[i];
	if (!r) {
		vec_add(&t->rows, ((struct row){.o = o, .race = race}));
		r = &t->rows.v[t->rows.n - 1];
	}
	r->sure = o->sure > r->sure ? o->sure : r->sure;
	r->held += o->lock ? o->nheld : 0;
	r->total += o->nheld + o->nother;
	for (uint32_t i = 0; i < o->nuse; i++) {
		bool have = false;
		for (uint32_t k = 0; k < r->use.n && !have; k++)
			have = uses[r->use.v[k]].site == uses[o->use + i].site;
		if (!have)
			vec_add(&r->use, o->use + i);
	}
}

/* A lock that some access leaves out, most accesses, name. */
static int by_need(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	bool ra = a->race && a->sure && a->o->lock, rb = b->race && b->sure && b->o->lock;
	if (ra != rb)
		return ra ? -1 : 1;
	if (!a->o->lock != !b->o->lock)
		return a->o->lock ? -1 : 1;
	if (!a->o->lock && a->race != b->race)
		return a->race ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	int d = strcmp(a->o->name, b->o->name);
	return d ? d : a->o < b->o ? -1 : 1;
}

static void collect(struct table *t, bool all)
{
	for (uint32_t i = 0; i < t->a->f->nshared; i++)
		if (!t->a->f->shared[i].library)
			add(t, &t->a->f->shared[i]);
	if (t->rows.n)
		qsort(t->rows.v, t->rows.n, sizeof *t->rows.v, by_need);
	for (; !all && t->rows.n && !t->rows.v[t->rows.n - 1].o->lock; t->rows.n--)
		vec_free(&t->rows.v[t->rows.n - 1].use);
}

static void table_free(struct table *t)
{
	for (uint32_t i = 0; i < t->rows.n; i++)
		vec_free(&t->rows.v[i].use);
	vec_free(&t->rows);
}

/* ---- as a table ---- */

static void pad(struct sb *out, size_t from, size_t width)
{
	do
		sb_putc(out, ' ');
	while (out->n - from < width);
}

static void put_text(struct sb *out, const char *s)
{
	sb_put_visible(out, s, strlen(s));
}

/* Functions that access it, each once: FNS_SHOWN of them, and how many more. */
static void put_fns(struct sb *out, const struct analysis *a, const struct row *r)
{
	uint32_t shown[FNS_SHOWN], n = 0, more = 0;
	struct map seen = {0};

	for (uint32_t i = 0; i < r->use.n; i++) {
		uint32_t fn = a->f->uses[r->use.v[i]].fn;
		if (map_get(&seen, fn) != NONE)
			continue;
		map_put(&seen, fn, 0);
		if (n < FNS_SHOWN)
			shown[n++] = fn;
		else
			more++;
	}
	for (uint32_t i = 0; i < n; i++) {
		sb_puts(out, i ? ", " : "");
		put_fn(out, a, shown[i]);
	}
	if (more)
		sb_printf(out, " and %u more", more);
	map_free(&seen);
}

/* The width of a column that holds these texts. */
static size_t column(const struct table *t, const char *head, const char *(*text)(const struct analysis *, const struct row *))
{
	size_t w = strlen(head);
	for (uint32_t i = 0; i < t->rows.n; i++) {
		size_t n = strlen(text(t->a, &t->rows.v[i]));
		w = n > w ? n : w;
	}
	return w > WIDEST ? WIDEST : w;
}

static const char *name_text(const struct analysis *a, const struct row *r)
{
	return r->o->name;
}

static void put_table(struct sb *out, const struct table *t)
{
	sb_printf(out, "%u shared object%s under a lock, %u only atomic, %u never at once; %u race%s, and %u perhaps\n", t->nlock,
		t->nlock == 1 ? "" : "s", t->natomic, t->nother, t->nrace, t->nrace == 1 ? "s" : "", t->nguess);
	if (!t->rows.n)
		return;
	size_t wide = column(t, "object", name_text), lock = column(t, "lock", lock_text);
	sb_printf(out, "  %-*s %-*s held/of     accessed in\n", (int)wide, "object", (int)lock, "lock");
	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct row *r = &t->rows.v[i];
		size_t from = out->n;

		sb_puts(out, !r->race ? "  " : r->sure ? "! " : "? ");
		put_text(out, r->o->name);
		pad(out, from, 3 + wide);
		from = out->n;
		put_text(out, lock_text(t->a, r));
		pad(out, from, lock + 1);
		from = out->n;
		sb_printf(out, "%u/%u", r->held, r->total);
		pad(out, from, 12);
		put_fns(out, t->a, r);
		sb_putc(out, '\n');
	}
}

/* ---- as JSON ---- */

static void put_json(struct sb *out, const struct table *t)
{
	const struct analysis *a = t->a;
	struct json j;
	struct sb at = {0};

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_bool(&j, "complete", !a->f->races_left);
	json_arr(&j, "objects");
	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct row *r = &t->rows.v[i];

		json_obj(&j, NULL);
		json_str(&j, "object", r->o->name);
		if (r->o->lock)
			json_str(&j, "lock", r->o->lock);
		else
			json_null(&j, "lock");
		json_str(&j, "race", !r->race ? "no" : r->sure ? "yes" : "perhaps");
		json_bool(&j, "atomic", atomic(a, r->o));
		json_int(&j, "held", r->held);
		json_int(&j, "accesses", r->total);
		json_arr(&j, "places");
		for (uint32_t k = 0; k < r->use.n; k++) {
			const struct shared_use *u = &a->f->uses[r->use.v[k]];

			at.n = 0;
			put_op_place(&at, a, u->site);
			json_obj(&j, NULL);
			json_strn(&j, "at", at.s, at.n);
			json_str(&j, "function", fn_name(a->p, u->fn));
			json_str(&j, "access", u->flags & USE_FREE ? "free" : u->flags & USE_WRITE ? "write" : "read");
			json_bool(&j, "atomic", u->flags & USE_ATOMIC);
			json_str(&j, "held", u->held);
			json_end(&j);
		}
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	sb_putc(out, '\n');
	sb_free(&at);
}

/* ---- as attributes ---- */

/* "unsigned long hits[4]": a declaration without its semicolon. */
static void put_declarator(struct sb *out, const struct ir *ir, uint32_t type, const char *name)
{
	uint32_t elem = type;

	while (elem != NONE && ir->types[elem].kind == TYPE_ARRAY && !*ir_text_of(ir, ir->types[elem].name))
		elem = ir->types[elem].to;
	const char *word = elem == NONE ? "" : ir_text_of(ir, ir->types[elem].name);
	if (elem != NONE && !*word)
		word = ir_text_of(ir, ir->types[elem].text);
	const char *hole = strstr(word, "(*");
	sb_printf(out, "%.*s%s%s%s", hole ? (int)(hole + 2 - word) : (int)strlen(word), word, hole || str_ends(word, "*") ? "" : " ", name,
		hole ? hole + 2 : "");
	for (; type != elem; type = ir->types[type].to)
		sb_printf(out, "[%u]", ir->types[type].size);
}

static uint32_t record_of(const struct ir *ir, const struct shared_object *o)
{
	return o->field == NONE ? NONE : ir->fields[o->field].record;
}

/* How the lock is written at the declaration of the object; NULL: C has no words for it. */
static const char *lock_words(const struct ir *ir, const struct shared_object *o)
{
	if (o->lock_near)
		return o->lock_field != NONE && o->field != NONE && ir->fields[o->lock_field].record == ir->fields[o->field].record
			       ? ir_text_of(ir, ir->fields[o->lock_field].name)
			       : NULL;
	return o->lock_global != NONE && !strstr(o->lock, "[]") && !strchr(o->lock, '?') ? o->lock : NULL;
}

static void put_attribute(struct sb *out, const struct table *t, const struct row *r)
{
	const struct ir *ir = t->a->p->ir;
	const char *words = lock_words(ir, r->o);
	uint32_t record = record_of(ir, r->o);
	bool several = false;

	for (uint32_t i = 0; i < t->rows.n && record != NONE; i++)
		several |= t->rows.v[i].o->lock && t->rows.v[i].o->field == r->o->field && &t->rows.v[i] != r &&
			   (!words || !lock_words(ir, t->rows.v[i].o) || strcmp(words, lock_words(ir, t->rows.v[i].o)));
	if (!words || several) {
		sb_puts(out, record == NONE ? "/* '" : "\t/* '");
		put_text(out, r->o->name);
		sb_puts(out, "': guarded by '");
		put_text(out, r->o->lock);
		sb_puts(out, several ? "', elsewhere by another lock */\n" : "', which has no name here */\n");
		return;
	}
	if (record != NONE) {
		sb_putc(out, '\t');
		put_declarator(out, ir, ir->fields[r->o->field].type, ir_text_of(ir, ir->fields[r->o->field].name));
	} else {
		const struct global *g = &ir->globals[r->o->global];
		sb_puts(out, g->flags & GLOBAL_STATIC ? "static " : "");
		put_declarator(out, ir, g->type, ir_text_of(ir, g->name));
	}
	sb_printf(out, " __attribute__((guarded_by(%s)));", words);
	if (record == NONE) {
		sb_puts(out, " /* ");
		put_loc(out, t->a, ir->globals[r->o->global].loc);
		sb_puts(out, " */");
	}
	if (r->held < r->total)
		sb_printf(out, " /* %u of %u accesses %s it */", r->held, r->total, r->held == 1 ? "holds" : "hold");
	sb_putc(out, '\n');
}

static void put_attributes(struct sb *out, const struct table *t)
{
	const struct ir *ir = t->a->p->ir;
	bool *done = xcalloc(t->rows.n + 1, 1);

	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct shared_object *o = t->rows.v[i].o;
		uint32_t record = record_of(ir, o);

		if (done[i] || !o->lock || (record == NONE && o->global == NONE))
			continue;
		if (record == NONE) {
			put_attribute(out, t, &t->rows.v[i]);
			continue;
		}
		const char *name = ir_text_of(ir, ir->records[record].name);
		sb_puts(out, ir->records[record].flags & RECORD_UNION ? "union " : "struct ");
		put_text(out, *name ? name : "(unnamed)");
		sb_puts(out, " {\n");
		for (uint32_t k = i; k < t->rows.n; k++) {
			if (!t->rows.v[k].o->lock || record_of(ir, t->rows.v[k].o) != record)
				continue;
			bool have = false;
			for (uint32_t m = i; m < k && !have; m++)
				have = t->rows.v[m].o->lock && t->rows.v[m].o->field == t->rows.v[k].o->field;
			done[k] = true;
			if (!have)
				put_attribute(out, t, &t->rows.v[k]);
		}
		sb_puts(out, "};\n");
	}
	free(done);
}

int cmd_locks(const struct cli *c)
{
	struct cli with_paths = *c;
	struct analysis a = {0};
	struct sb out = {0};
	int status;

	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	status = cli_analyse(&with_paths, STAGE_FACTS, &a);
	if (status < 0) {
		struct table t = {.a = &a};

		collect(&t, c->pipe.all);
		if (c->nout && !strcmp(c->outs[0].format->name, "json"))
			put_json(&out, &t);
		else if (c->attributes)
			put_attributes(&out, &t);
		else
			put_table(&out, &t);
		if (a.f->races_left)
			warn("the program is too large for its shared state to be looked at: nothing is known of its locks");
		table_free(&t);
		status = stdout_sb(&out);
		if (status == EXIT_CLEAN && a.run.units_failed)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	return status;
}
