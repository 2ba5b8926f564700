/* solve_tir.h - solver tests: a .tir text in, facts out. The models are the tool's own. */
#ifndef TVT_SOLVE_TIR_H
#define TVT_SOLVE_TIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "solve/solve.h"

struct solved {
	struct program *p;
	struct models *m;
	struct effects *e;
	struct facts *f;
};

static inline struct solved solve_tir(const char *text)
{
	const char *dirs[] = {TVT_SOURCE_DIR "/rules/models"};
	struct solved s;
	struct ir *u = ir_parse("test.tir", text);
	struct arena *mem = arena_new();
	assert_non_null(u);
	s.p = link_units((const struct ir *const *)&u, 1);
	assert_string_equal(program_check(s.p, mem), "");
	s.m = models_load(dirs, 1);
	assert_non_null(s.m);
	s.e = model_apply(s.p, s.m);
	s.f = solve_all(s.p, s.e, true);
	assert_string_equal(facts_check(s.f, s.p, mem), "");
	arena_free(mem);
	ir_free(u);
	return s;
}

static inline void solved_free(struct solved *s)
{
	facts_free(s->f);
	effects_free(s->e);
	models_free(s->m);
	program_free(s->p);
}

/* "fn:line:callee:category ..." of the calls that may block in a group, by place. */
static inline const char *blocks_in(const struct solved *s, enum group group)
{
	static char buf[4096];
	*buf = 0;
	for (uint32_t i = 0; i < s->f->nblock; i++) {
		const struct block_site *b = &s->f->blocks[i];
		if (b->group != group)
			continue;
		snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s%s:%u:%s:%s", *buf ? " " : "", fn_name(s->p, b->fn),
			s->p->ir->ops[b->site].loc == NONE ? 0 : s->p->ir->locs[s->p->ir->ops[b->site].loc].line, b->model->name, category_word[b->category]);
	}
	return buf;
}

/* "a > b ~> c": the chain to the i-th blocking call. */
static inline const char *chain_of(const struct solved *s, uint32_t i)
{
	static char buf[4096];
	uint32_t chain[64], n = witness_chain(s->f, s->f->blocks[i].visit, chain, 64);
	*buf = 0;
	for (uint32_t k = 0; k < n; k++)
		snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s%s",
			k == 0 ? "" : s->f->visits[chain[k]].why == EDGE_DIRECT ? " > " : " ~> ",
			fn_name(s->p, s->f->visits[chain[k]].fn));
	return buf;
}

#endif
