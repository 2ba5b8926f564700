/* locks.c - which lock guards what: rows for `locks` and for the HTML report.
 *
 * Objects of one kind that were allocated at several places are one row. First those that race, then those that are
 * accessed most.
 */
#include "cli/locks.h"

#include "advise/advise.h"

#include <stdlib.h>

enum { FNS_SHOWN = 3 };

bool locks_atomic(const struct analysis *a, const struct shared_object *o)
{
	for (uint32_t i = 0; i < o->nuse; i++)
		if (!(a->f->uses[o->use + i].flags & USE_ATOMIC))
			return false;
	return true;
}

const char *lock_text(const struct analysis *a, const struct lock_row *r)
{
	if (r->o->lock)
		return r->o->lock;
	if (r->race)
		return "(none)";
	return locks_atomic(a, r->o) ? "(atomic)" : "(never at once)";
}

static bool same(const struct shared_object *a, const struct shared_object *b)
{
	return !strcmp(a->name, b->name) && a->field == b->field && a->verdict == b->verdict && !a->lock == !b->lock &&
	       (!a->lock || !strcmp(a->lock, b->lock));
}

static void add(struct lock_table *t, const struct shared_object *o)
{
	const struct shared_use *uses = t->a->f->uses;
	struct lock_row *r = NULL;
	bool race = o->verdict == SHARED_RACE && !o->mixed;

	t->nlock += o->lock && !race;
	t->nrace += race && o->sure;
	t->nguess += race && !o->sure;
	t->natomic += !o->lock && !race && locks_atomic(t->a, o);
	t->nother += !o->lock && !race && !locks_atomic(t->a, o);
	for (uint32_t i = 0; i < t->rows.n && !r; i++)
		if (same(t->rows.v[i].o, o))
			r = &t->rows.v[i];
	if (!r) {
		vec_add(&t->rows, ((struct lock_row){.o = o, .race = race}));
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
	const struct lock_row *a = x, *b = y;
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

void locks_collect(struct lock_table *t, bool all)
{
	for (uint32_t i = 0; i < t->a->f->nshared; i++)
		if (!t->a->f->shared[i].library)
			add(t, &t->a->f->shared[i]);
	if (t->rows.n)
		qsort(t->rows.v, t->rows.n, sizeof *t->rows.v, by_need);
	for (; !all && t->rows.n && !t->rows.v[t->rows.n - 1].o->lock; t->rows.n--)
		vec_free(&t->rows.v[t->rows.n - 1].use);
}

void locks_free(struct lock_table *t)
{
	for (uint32_t i = 0; i < t->rows.n; i++)
		vec_free(&t->rows.v[i].use);
	vec_free(&t->rows);
}

/* Functions that access it, each once: FNS_SHOWN of them, and how many more. */
void locks_put_fns(struct sb *out, const struct analysis *a, const struct lock_row *r)
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

/* ---- for a report ---- */

static void tell_guards(struct analysis *a)
{
	struct lock_table t = {.a = a};
	struct run_info *r = &a->run;

	locks_collect(&t, false);
	r->guards = arena_alloc(a->mem, (t.rows.n + 1) * sizeof *r->guards);
	for (uint32_t i = 0; i < t.rows.n; i++) {
		const struct lock_row *row = &t.rows.v[i];
		const struct loc *l = NULL;
		struct sb fns = {0};

		locks_put_fns(&fns, a, row);
		struct guard g = {.object = row->o->name,
			.lock = row->o->lock,
			.held = row->held,
			.total = row->total,
			.race = row->race,
			.perhaps = !row->sure,
			.fns = arena_strdup(a->mem, fns.s ? fns.s : "")};
		if (row->use.n && a->p->ir->ops[a->f->uses[row->use.v[0]].site].loc != NONE)
			l = &a->p->ir->locs[a->p->ir->ops[a->f->uses[row->use.v[0]].site].loc];
		if (l && l->file != NONE) {
			g.at.file = path_under(a->run.root, ir_text_of(a->p->ir, a->p->ir->files[l->file].path));
			g.at.line = l->line;
		}
		r->guards[r->nguard++] = g;
		sb_free(&fns);
	}
	r->nguarded = t.nlock;
	r->natomic = t.natomic;
	r->napart = t.nother;
	locks_free(&t);
}

static void tell_advice(struct analysis *a)
{
	struct machine m;
	uint32_t n;

	if (machine_load(&m, NULL) < 0)
		machine_default(&m);
	const struct advice *all = advise_all(a->p, a->e, a->f, &m, a->mem, &n);
	for (uint32_t l = 0; l < a->run.nlane; l++)
		for (uint32_t k = 0; k < a->run.lanes[l].nentry; k++) {
			struct lane_entry *e = &a->run.lanes[l].entries[k];
			for (uint32_t i = 0; i < n; i++)
				if (all[i].entry == e->entry) {
					e->now = all[i].now;
					e->should = advice_changes(&all[i]) ? advice_rows[all[i].kind].word : NULL;
					e->because = all[i].because;
					e->gain = all[i].gain;
				}
		}
}

void cli_tell(struct analysis *a)
{
	pipeline_lanes(a);
	tell_guards(a);
	tell_advice(a);
}
