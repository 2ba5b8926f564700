/* solve.c - the list of solvers, and the facts as text. */
#include "solve/solve_int.h"

#include <stdlib.h>

#define SOLVE(name)                                                                                \
	do {                                                                                       \
		uint32_t span_ = span_open("solver", #name);                                       \
		solve_##name(&s);                                                                  \
		span_close(span_);                                                                 \
	} while (0)

struct facts *solve_all(const struct program *p, const struct effects *e, bool deep)
{
	struct arena *mem = arena_new();
	struct solver s = {.p = p, .ir = p->ir, .e = e, .deep = deep, .mem = arena_new(), .f = arena_alloc(mem, sizeof *s.f)};

	s.f->mem = mem;
	s.budget = arena_alloc(s.mem, sizeof *s.budget);
	s.reached = arena_alloc(s.mem, sizeof *s.reached);
	s.local = arena_alloc(s.mem, (p->ir->nfns + 1) * sizeof *s.local);
	texts_open(&s);
	SOLVE(params);   /* needs: effects, call graph		gives: params that matter	*/
	SOLVE(control);  /* needs: effects, call graph		gives: forks, no_return, dead_end */
	SOLVE(fdstate);  /* needs: effects, flow, params		gives: makes, fd		*/
	SOLVE(context);  /* needs: effects, flow, call graph		gives: entries, loops		*/
	SOLVE(startup);  /* needs: entries, loops, call graph	gives: settled globals		*/
	SOLVE(flags);    /* needs: entries, effects			gives: flags of signal handlers	*/
	SOLVE(blocking); /* needs: all of these			gives: visits, blocks		*/
	SOLVE(cost);	    /* needs: visits, effects, fd, control	gives: cpu_loops, cost		*/
	SOLVE(threads);  /* needs: entries, blocks, cpu_loops	gives: threads			*/
	SOLVE(signals);  /* needs: effects, call graph		gives: idle_signals		*/
	SOLVE(declared); /* needs: effects, call graph, entries	gives: declared			*/
	SOLVE(recheck);  /* needs: effects				gives: stale_tests		*/
	SOLVE(races);    /* needs: entries, effects, flow, params	gives: shared, uses		*/

	map_free(&s.reached->index);
	vec_free(&s.reached->v);
	texts_close(&s);
	arena_free(s.mem);
	vec_free(&s.binds.v);
	map_free(&s.macros);
	map_free(&s.flags);
	vec_free(&s.settled.v);
	map_free(&s.settled.index);
	map_free(&s.binds.index);
	vec_free(&s.modesets.v);
	map_free(&s.modesets.index);
	return s.f;
}

void facts_free(struct facts *f)
{
	if (f)
		arena_free(f->mem);
}

uint32_t witness_chain(const struct facts *f, uint32_t visit, uint32_t *chain, uint32_t max)
{
	uint32_t n = 0, at;
	for (at = visit; at != NONE; at = f->visits[at].parent)
		n++;
	uint32_t i = n;
	for (at = visit; at != NONE; at = f->visits[at].parent)
		if (--i < max)
			chain[i] = at;
	return n < max ? n : max;
}

const char *facts_check(const struct facts *f, const struct program *p, struct arena *a)
{
	for (uint32_t i = 0; i < f->nvisit; i++) {
		const struct visit *v = &f->visits[i];
		if (v->parent != NONE && v->parent >= i)
			return arena_printf(a, "visit %u comes before its parent", i);
		if (v->parent != NONE && p->op_fn[v->site] != f->visits[v->parent].fn)
			return arena_printf(a, "visit %u: the call is not in its parent", i);
		if (v->entry >= f->nentry)
			return arena_printf(a, "visit %u has no entry", i);
	}
	for (uint32_t i = 0; i < f->nblock; i++)
		if (p->op_fn[f->blocks[i].site] != f->visits[f->blocks[i].visit].fn)
			return arena_printf(a, "blocking site %u is not where its visit is", i);
	for (uint32_t i = 0; i < f->ncpu_loop; i++) {
		const struct loop_fact *l = &f->cpu_loops[i];
		if (l->parent != NONE && (l->parent >= i || f->cpu_loops[l->parent].fn != l->fn))
			return arena_printf(a, "loop %u comes before the one around it", i);
		if (l->visit != NONE && f->visits[l->visit].fn != l->fn)
			return arena_printf(a, "loop %u is not where its visit is", i);
		if (l->sym != NONE && l->sym >= f->nsym)
			return arena_printf(a, "loop %u is counted by nothing", i);
	}
	return "";
}

static void dump_loc(const struct program *p, uint32_t loc, struct sb *out)
{
	const struct loc *l = loc == NONE ? NULL : &p->ir->locs[loc];
	if (l && l->file != NONE)
		sb_printf(out, "%s:%u", path_base(ir_text_of(p->ir, p->ir->files[l->file].path)), l->line);
	else
		sb_puts(out, "?");
}

static void dump_fd(const struct facts *f, uint32_t node, const char *what, const char *name, struct sb *out)
{
	static const char *const kinds[] = {"socket", "file", "pipe", "event", "timer", "tty", "dir", "memory", "writable", "datagram"};
	static const char *const modes[] = {"mode unknown", "non-blocking", "blocking", "blocking or not"};
	if (!f->fd[node].kind && !f->fd[node].mode)
		return;
	sb_printf(out, "fd %s '%s':", what, name);
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (f->fd[node].kind >> i & 1)
			sb_printf(out, " %s", kinds[i]);
	sb_printf(out, ", %s\n", modes[f->fd[node].mode & 3]);
}

void facts_dump(const struct facts *f, const struct program *p, struct sb *out, const char *only)
{
	for (uint32_t i = 0; i < f->nloop && !only; i++) {
		sb_printf(out, "loop %u: %s in '%s' at ", i, *f->loops[i].library ? f->loops[i].library : "hand-written",
			fn_name(p, f->loops[i].fn));
		dump_loc(p, p->ir->ops[f->loops[i].site].loc, out);
		sb_puts(out, "\n");
	}
	for (uint32_t i = 0; i < p->ir->nfields && !only; i++)
		dump_fd(f, flow_field(p, i), ir_text_of(p->ir, p->ir->records[p->ir->fields[i].record].name),
			ir_text_of(p->ir, p->ir->fields[i].name), out);
	for (uint32_t i = 0; i < p->ir->nglobals && !only; i++)
		dump_fd(f, p->flow.rep[p->flow.global0 + i], "global", ir_text_of(p->ir, p->ir->globals[i].name), out);
	for (uint32_t i = 0; i < p->ir->nfns && only; i++)
		for (uint32_t k = 0; k < p->ir->fns[i].nlocal && !strcmp(only, fn_name(p, i)); k++)
			dump_fd(f, flow_local(p, i, k), "local", ir_text_of(p->ir, p->ir->locals[p->ir->fns[i].local + k].name), out);
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (only && strcmp(only, fn_name(p, e->fn)))
			continue;
		sb_printf(out, "entry '%s'%s on %s", fn_name(p, e->fn), e->head == NONE ? "" : " (loop body)", ctx_name[e->ctx]);
		if (e->model)
			sb_printf(out, ", registered by %s", e->model->name);
		if (e->site != NONE) {
			sb_puts(out, " at ");
			dump_loc(p, p->ir->ops[e->site].loc, out);
		}
		sb_puts(out, "\n");
	}
	for (uint32_t i = 0; i < f->nblock; i++) {
		const struct block_site *b = &f->blocks[i];
		if (only && strcmp(only, fn_name(p, b->fn)))
			continue;
		uint32_t chain[64], n = witness_chain(f, b->visit, chain, COUNT(chain));
		dump_loc(p, p->ir->ops[b->site].loc, out);
		sb_printf(out, " %s %s:", b->model->name, category_word[b->category]);
		for (uint32_t k = 0; k < n; k++) {
			const struct visit *v = &f->visits[chain[k]];
			sb_printf(out, " %s%s", k == 0 ? "" : v->why == EDGE_DIRECT ? "> " : "~> ", fn_name(p, v->fn));
		}
		sb_printf(out, "%s%s\n", b->assumed ? " (assumed)" : "", b->by_type ? " (by type)" : "");
	}
	cost_dump(f, p, out, only);
}
