/* export.c - facts to the tables of facts.sql, in memory, in one transaction.
 *
 * Text is bound without a copy where it lives as long as the program. Indexes come last: they are cheaper to make over
 * full tables.
 */
#include "store/facts_int.h"

#include "advise/advise.h"
#include "ir/ir.h"

struct export {
	sqlite3 *db;
	const struct facts_in *in;
	struct arena *mem; /* reset per row */
	bool bad;
};

static const char indexes[] =
	"CREATE INDEX function_name ON function(name); CREATE INDEX call_caller ON call(caller);"
	"CREATE INDEX call_callee ON call(callee); CREATE INDEX effect_caller ON effect(caller);"
	"CREATE INDEX effect_verb ON effect(verb); CREATE INDEX reach_function ON reach(function);"
	"CREATE INDEX block_function ON block(function);";

/* ---- rows ---- */

static sqlite3_stmt *rows(struct export *x, const char *table, int columns)
{
	struct sb text = {0};
	sqlite3_stmt *st;

	sb_printf(&text, "INSERT INTO %s VALUES (?", table);
	while (--columns > 0)
		sb_puts(&text, ", ?");
	sb_putc(&text, ')');
	st = sql_prepare(x->db, table, text.s);
	sb_free(&text);
	x->bad |= !st;
	return st;
}

static void put_text(sqlite3_stmt *st, int i, const char *s)
{
	if (s)
		sqlite3_bind_text(st, i, s, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(st, i);
}

static void put_id(sqlite3_stmt *st, int i, uint32_t id)
{
	if (id == NONE)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, id);
}

/* Columns i, i + 1, i + 2: file, line, column. */
static void put_loc(struct export *x, sqlite3_stmt *st, int i, uint32_t loc)
{
	const struct ir *ir = x->in->p->ir;
	const struct loc *l = loc == NONE ? NULL : &ir->locs[loc];

	if (!l || l->file == NONE) {
		for (int k = 0; k < 3; k++)
			sqlite3_bind_null(st, i + k);
		return;
	}
	sqlite3_bind_text(st, i, path_under(x->in->root, ir_text_of(ir, ir->files[l->file].path)), -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, i + 1, l->line);
	sqlite3_bind_int64(st, i + 2, l->col);
}

static void put_site(struct export *x, sqlite3_stmt *st, int i, uint32_t site)
{
	put_loc(x, st, i, site == NONE ? NONE : x->in->p->ir->ops[site].loc);
}

static void put_where(sqlite3_stmt *st, int i, const struct where *w)
{
	put_text(st, i, w->file);
	sqlite3_bind_int64(st, i + 1, w->line);
	sqlite3_bind_int64(st, i + 2, w->col);
}

static void done(struct export *x, sqlite3_stmt *st)
{
	if (!x->bad && sql_run(x->db, "facts", st) < 0)
		x->bad = true;
}

/* ---- tables ---- */

static void meta(struct export *x)
{
	sqlite3_stmt *st = rows(x, "meta", 2);
	const char *const pairs[][2] = {{"schema", "1"}, {"tool", x->in->version}, {"root", x->in->root},
		{"shared", x->in->f->races_left ? "left out" : "complete"}};

	for (size_t i = 0; !x->bad && i < COUNT(pairs); i++) {
		put_text(st, 1, pairs[i][0]);
		put_text(st, 2, pairs[i][1]);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static void units(struct export *x)
{
	sqlite3_stmt *st = rows(x, "unit", 3);

	for (uint32_t i = 0; !x->bad && i < x->in->nunit; i++) {
		put_text(st, 1, x->in->units[i].file);
		put_text(st, 2, x->in->units[i].state);
		put_text(st, 3, x->in->units[i].error);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static void functions(struct export *x)
{
	const struct program *p = x->in->p;
	sqlite3_stmt *st = rows(x, "function", 12);

	for (uint32_t i = 0; !x->bad && i < p->ir->nfns; i++) {
		const struct fn *fn = &p->ir->fns[i];
		const struct model *m = x->in->e->of_fn[i];
		if (fn->flags & FN_INIT)
			continue;
		put_id(st, 1, i);
		put_text(st, 2, fn_name(p, i));
		put_loc(x, st, 3, fn->loc);
		sqlite3_bind_int(st, 6, fn->nblock != 0);
		sqlite3_bind_int(st, 7, (fn->flags & FN_STATIC) != 0);
		sqlite3_bind_int(st, 8, (fn->flags & FN_HEADER) != 0);
		sqlite3_bind_int(st, 9, (fn->flags & FN_VARIADIC) != 0);
		put_id(st, 10, fn->nparam);
		put_id(st, 11, fn->nop);
		put_text(st, 12, m ? m->library : NULL);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static void calls(struct export *x)
{
	const struct program *p = x->in->p;
	sqlite3_stmt *st = rows(x, "call", 6);

	for (uint32_t i = 0; !x->bad && i < p->nedge; i++) {
		const struct edge *e = &p->edges[i];
		put_id(st, 1, e->caller);
		put_id(st, 2, e->callee);
		sqlite3_bind_text(st, 3, edge_word[e->why], -1, SQLITE_STATIC);
		put_site(x, st, 4, e->site);
		done(x, st);
	}
	sqlite3_finalize(st);
	st = rows(x, "unresolved", 4);
	for (uint32_t i = 0; !x->bad && i < p->nunresolved; i++) {
		put_id(st, 1, p->op_fn[p->unresolved[i]]);
		put_site(x, st, 2, p->unresolved[i]);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static void put_argument(struct export *x, sqlite3_stmt *st, int i, const struct effect *e, int param)
{
	struct sb text = {0};
	struct ref arg = effect_arg(x->in->p, e, param);

	if (param != PARAM_NONE && arg.kind != REF_NONE)
		ir_print_ref(x->in->p->ir, e->fn, arg, &text);
	put_text(st, i, text.n ? text.s : NULL);
	sb_free(&text);
}

static void effects(struct export *x)
{
	const struct effects *all = x->in->e;
	sqlite3_stmt *st = rows(x, "effect", 9);

	for (uint32_t i = 0; !x->bad && i < all->n; i++) {
		const struct effect *e = &all->e[i];
		const struct clause *c = e->clause;
		const struct mcond *cond = c ? c->cond : e->callback->cond;
		struct sb text = {0};
		put_id(st, 1, e->fn);
		put_id(st, 2, e->callee);
		put_text(st, 3, c ? verb_name(c->verb) : "calls back");
		put_text(st, 4, !c ? ctx_name[e->callback->ctx] : c->verb == VERB_BLOCKS ? category_word[c->category] : c->name);
		put_argument(x, st, 5, e, c ? c->p : e->callback->param);
		if (cond)
			mcond_phrase(cond, e->model, &text);
		put_text(st, 6, text.n ? text.s : NULL);
		put_site(x, st, 7, e->site);
		done(x, st);
		sb_free(&text);
	}
	sqlite3_finalize(st);
}

static void contexts(struct export *x)
{
	const struct facts *f = x->in->f;
	sqlite3_stmt *st = rows(x, "loop", 6);

	for (uint32_t i = 0; !x->bad && i < f->nloop; i++) {
		put_id(st, 1, i);
		put_id(st, 2, f->loops[i].fn);
		put_text(st, 3, f->loops[i].library);
		put_site(x, st, 4, f->loops[i].site);
		done(x, st);
	}
	sqlite3_finalize(st);
	st = rows(x, "entry", 9);
	for (uint32_t i = 0; !x->bad && i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		put_id(st, 1, i);
		put_id(st, 2, e->fn);
		put_text(st, 3, ctx_name[e->ctx]);
		sqlite3_bind_int(st, 4, ctx_is_task(e->ctx));
		put_id(st, 5, e->loop);
		put_text(st, 6, e->library);
		put_site(x, st, 7, e->site);
		done(x, st);
	}
	sqlite3_finalize(st);
	/* a function that is reached with several values of its parameters has several visits */
	st = rows(x, "reach", 3);
	struct map seen = {0};
	for (uint32_t i = 0; !x->bad && i < f->nvisit; i++) {
		const struct visit *v = &f->visits[i];
		uint64_t key = (uint64_t)v->fn << 32 | v->entry;
		if (map_get(&seen, key) != NONE)
			continue;
		map_put(&seen, key, 0);
		put_id(st, 1, v->fn);
		put_id(st, 2, v->entry);
		put_id(st, 3, v->depth);
		done(x, st);
	}
	map_free(&seen);
	sqlite3_finalize(st);
}

static uint32_t callee_at(const struct program *p, uint32_t site)
{
	uint32_t e = p->site_edge[site];
	return e == NONE ? NONE : p->edges[e].callee;
}

static void blocks(struct export *x)
{
	static const char *const severity[] = {"low", "medium", "high"};
	const struct facts *f = x->in->f;
	sqlite3_stmt *st = rows(x, "block", 11);

	for (uint32_t i = 0; !x->bad && i < f->nblock; i++) {
		const struct block_site *b = &f->blocks[i];
		put_id(st, 1, b->fn);
		put_id(st, 2, callee_at(x->in->p, b->site));
		put_id(st, 3, b->entry);
		put_text(st, 4, category_word[b->category]);
		put_text(st, 5, severity[b->severity]);
		sqlite3_bind_int(st, 6, b->assumed);
		put_id(st, 7, b->visit == NONE ? 0 : f->visits[b->visit].depth);
		put_id(st, 8, b->nother);
		put_site(x, st, 9, b->site);
		done(x, st);
	}
	sqlite3_finalize(st);
	st = rows(x, "cpu_loop", 9);
	for (uint32_t i = 0; !x->bad && i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		arena_reset(x->mem);
		put_id(st, 1, l->fn);
		put_text(st, 2, trip_phrase[l->trip]);
		put_text(st, 3, extent_phrase[l->extent]);
		sqlite3_bind_double(st, 4, l->turn);
		put_text(st, 5, cost_text(f, x->in->p, &l->cost, x->mem));
		put_id(st, 6, l->visit == NONE ? NONE : f->visits[l->visit].entry);
		put_loc(x, st, 7, l->loc);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static const char *state_of(const struct facts *f, const struct shared_object *o)
{
	if (o->verdict == SHARED_RACE)
		return o->mixed ? "mixed" : "race";
	if (o->lock)
		return "guarded";
	for (uint32_t i = 0; i < o->nuse; i++)
		if (!(f->uses[o->use + i].flags & USE_ATOMIC))
			return "apart";
	return "atomic";
}

static void objects(struct export *x)
{
	const struct facts *f = x->in->f;
	sqlite3_stmt *st = rows(x, "object", 13), *access = rows(x, "access", 9);

	for (uint32_t i = 0; !x->bad && i < f->nshared; i++) {
		const struct shared_object *o = &f->shared[i];
		put_id(st, 1, i);
		put_text(st, 2, o->name);
		put_text(st, 3, state_of(f, o));
		put_text(st, 4, o->lock);
		sqlite3_bind_int64(st, 5, o->lock ? o->nheld : 0);
		sqlite3_bind_int64(st, 6, (int64_t)o->nheld + o->nother);
		sqlite3_bind_int(st, 7, o->sure);
		sqlite3_bind_int(st, 8, o->heap);
		sqlite3_bind_int(st, 9, o->library);
		put_text(st, 10, o->why);
		put_site(x, st, 11, o->nuse ? f->uses[o->use].site : NONE);
		done(x, st);
		for (uint32_t k = 0; k < o->nuse; k++) {
			const struct shared_use *u = &f->uses[o->use + k];
			put_id(access, 1, i);
			put_id(access, 2, u->fn);
			put_id(access, 3, u->entry);
			put_text(access, 4, u->flags & USE_FREE ? "free" : u->flags & USE_WRITE ? "write" : "read");
			sqlite3_bind_int(access, 5, (u->flags & USE_ATOMIC) != 0);
			put_text(access, 6, u->held);
			put_site(x, access, 7, u->site);
			done(x, access);
		}
	}
	sqlite3_finalize(st);
	sqlite3_finalize(access);
}

static void lock_uses(struct export *x)
{
	static const char *const kind[] = {[LOCK_CYCLE] = "cycle", [LOCK_TWICE] = "twice", [LOCK_NOT_HELD] = "not held",
		[LOCK_LEFT] = "left", [LOCK_WAITS] = "waits", [LOCK_TASK] = "task", [LOCK_YIELDS] = "yields", [LOCK_ALONE] = "alone",
		[LOCK_BIG] = "big", [THREAD_STACK] = "stack", [THREAD_FORK] = "fork"};
	const struct facts *f = x->in->f;
	sqlite3_stmt *st = rows(x, "lock_use", 7), *step = rows(x, "lock_step", 7);

	for (uint32_t i = 0; !x->bad && i < f->nlock_use; i++) {
		const struct lock_use *u = &f->lock_uses[i];
		put_id(st, 1, i);
		put_text(st, 2, u->kind < COUNT(kind) ? kind[u->kind] : NULL);
		put_text(st, 3, u->lock);
		sqlite3_bind_int(st, 4, u->sure);
		put_site(x, st, 5, u->nstep ? f->lock_steps[u->step].site : NONE);
		done(x, st);
		for (uint32_t k = 0; k < u->nstep; k++) {
			const struct lock_step *s = &f->lock_steps[u->step + k];
			put_id(step, 1, i);
			put_id(step, 2, k);
			put_id(step, 3, x->in->p->op_fn[s->site]);
			put_text(step, 4, s->what);
			put_site(x, step, 5, s->site);
			done(x, step);
		}
	}
	sqlite3_finalize(st);
	sqlite3_finalize(step);
}

/* Gains are those of this machine, if it was calibrated. */
static void advice(struct export *x)
{
	sqlite3_stmt *st = rows(x, "advice", 12);
	struct machine m;
	uint32_t n = 0;

	if (machine_load(&m, NULL) < 0)
		machine_default(&m);
	arena_reset(x->mem);
	const struct advice *all = x->bad ? NULL : advise_all(x->in->p, x->in->e, x->in->f, &m, x->mem, &n);
	for (uint32_t i = 0; !x->bad && i < n; i++) {
		const struct advice *a = &all[i];
		put_id(st, 1, a->entry);
		put_text(st, 2, a->now);
		put_text(st, 3, advice_rows[a->kind].word);
		put_text(st, 4, advice_rows[a->kind].what);
		put_text(st, 5, a->because);
		put_text(st, 6, a->gain);
		sqlite3_bind_double(st, 7, a->factor);
		put_text(st, 8, a->code);
		sqlite3_bind_double(st, 9, a->hold);
		if (a->loop)
			put_loc(x, st, 10, a->loop->loc);
		else
			put_site(x, st, 10, a->site);
		done(x, st);
	}
	sqlite3_finalize(st);
}

static void findings(struct export *x)
{
	static const char *const level[] = {"note", "warning", "error"}, *const confidence[] = {"low", "medium", "high"};
	static const char *const role[] = {"entry", "registered", "call", "jump", "site", "note"};
	sqlite3_stmt *st = rows(x, "finding", 11), *step = rows(x, "step", 9);

	for (uint32_t i = 0; !x->bad && i < x->in->nfinding; i++) {
		const struct finding *f = &x->in->findings[i];
		put_id(st, 1, i);
		put_text(st, 2, f->rule);
		put_text(st, 3, level[f->level]);
		put_text(st, 4, confidence[f->confidence]);
		put_text(st, 5, f->message);
		put_text(st, 6, f->task);
		put_text(st, 7, f->fingerprint);
		put_text(st, 8, f->suppressed);
		put_where(st, 9, &f->at);
		done(x, st);
		for (uint32_t t = 0; t < f->ntrace; t++)
			for (uint32_t k = 0; k < f->traces[t].nstep; k++) {
				const struct trace_step *s = &f->traces[t].steps[k];
				put_id(step, 1, i);
				put_id(step, 2, t);
				put_id(step, 3, k);
				put_text(step, 4, role[s->role]);
				put_text(step, 5, s->fn);
				put_text(step, 6, s->text);
				put_where(step, 7, &s->at);
				done(x, step);
			}
	}
	sqlite3_finalize(st);
	sqlite3_finalize(step);
}

int facts_export(sqlite3 *db, const struct facts_in *in)
{
	struct export x = {.db = db, .in = in, .mem = arena_new()};

	x.bad = sql_exec(db, "facts", "BEGIN") < 0 || sql_exec(db, "facts", facts_schema) < 0;
	if (!x.bad) {
		meta(&x);
		units(&x);
		functions(&x);
		calls(&x);
		effects(&x);
		contexts(&x);
		blocks(&x);
		objects(&x);
		lock_uses(&x);
		advice(&x);
		findings(&x);
	}
	if (!x.bad)
		x.bad = sql_exec(db, "facts", indexes) < 0;
	if (!x.bad && !in->findings)
		x.bad = sql_exec(db, "facts", "DROP TABLE finding; DROP TABLE step") < 0;
	if (!x.bad)
		x.bad = sql_exec(db, "facts", "COMMIT; ANALYZE") < 0;
	arena_free(x.mem);
	return x.bad ? -1 : 0;
}
