/* cmd_locks.c - which lock guards which variable and field, as inferred from what is held where they are accessed.
 */
#include "cli/locks.h"

#include <stdlib.h>

enum { WIDEST = 48 };

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

/* The width of a column that holds these texts. */
static size_t column(const struct lock_table *t, const char *head, const char *(*text)(const struct analysis *, const struct lock_row *))
{
	size_t w = strlen(head);
	for (uint32_t i = 0; i < t->rows.n; i++) {
		size_t n = strlen(text(t->a, &t->rows.v[i]));
		w = n > w ? n : w;
	}
	return w > WIDEST ? WIDEST : w;
}

static const char *name_text(const struct analysis *a, const struct lock_row *r)
{
	return r->o->name;
}

static void put_table(struct sb *out, const struct lock_table *t)
{
	sb_printf(out, "%u shared object%s under a lock, %u only atomic, %u never at once; %u race%s, and %u perhaps\n", t->nlock,
		t->nlock == 1 ? "" : "s", t->natomic, t->nother, t->nrace, t->nrace == 1 ? "s" : "", t->nguess);
	if (!t->rows.n)
		return;
	size_t wide = column(t, "object", name_text), lock = column(t, "lock", lock_text);
	sb_printf(out, "  %-*s %-*s held/of     accessed in\n", (int)wide, "object", (int)lock, "lock");
	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct lock_row *r = &t->rows.v[i];
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
		locks_put_fns(out, t->a, r);
		sb_putc(out, '\n');
	}
}

/* ---- as JSON ---- */

static void put_json(struct sb *out, const struct lock_table *t)
{
	const struct analysis *a = t->a;
	struct json j;
	struct sb at = {0};

	json_begin(&j, out, true);
	json_obj(&j, NULL);
	json_bool(&j, "complete", !a->f->races_left);
	json_arr(&j, "objects");
	for (uint32_t i = 0; i < t->rows.n; i++) {
		const struct lock_row *r = &t->rows.v[i];

		json_obj(&j, NULL);
		json_str(&j, "object", r->o->name);
		if (r->o->lock)
			json_str(&j, "lock", r->o->lock);
		else
			json_null(&j, "lock");
		json_str(&j, "race", !r->race ? "no" : r->sure ? "yes" : "perhaps");
		json_bool(&j, "atomic", locks_atomic(a, r->o));
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

static void put_attribute(struct sb *out, const struct lock_table *t, const struct lock_row *r)
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

static void put_attributes(struct sb *out, const struct lock_table *t)
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

	with_paths.pipe.deep = true;
	with_paths.pipe.db.paths = c->args;
	with_paths.pipe.db.npath = c->narg;
	status = cli_analyse(&with_paths, STAGE_FACTS, &a);
	if (status < 0) {
		struct lock_table t = {.a = &a};

		locks_collect(&t, c->pipe.all);
		if (c->nout && !strcmp(c->outs[0].format->name, "json"))
			put_json(&out, &t);
		else if (c->attributes)
			put_attributes(&out, &t);
		else
			put_table(&out, &t);
		if (a.f->races_left)
			warn("the program is too large for its shared state to be looked at: nothing is known of its locks");
		locks_free(&t);
		status = stdout_sb(&out);
		if (status == EXIT_CLEAN && a.run.units_failed)
			status = EXIT_TROUBLE;
	}
	pipeline_free(&a);
	return status;
}
