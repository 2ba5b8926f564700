/* clause.c - the clauses of a function: verbs with their operands, and "on CONTEXT" of its
 * parameters. */
#include "model/model_int.h"

/* ---- parameters ---- */

static int param_find(const struct parser *p)
{
	if (p->tok.kind != T_WORD)
		return PARAM_NONE;
	if (tok_is(p, "result"))
		return PARAM_RESULT;
	for (int i = 0; i < p->model->nparam; i++)
		if (tok_is(p, p->model->params[i]))
			return i;
	return PARAM_NONE;
}

bool param_is(const struct parser *p)
{
	return param_find(p) != PARAM_NONE;
}

bool param_parse(struct parser *p, int *param)
{
	char what[128];

	*param = param_find(p);
	if (*param != PARAM_NONE) {
		lex_next(p);
		return true;
	}
	snprintf(what, sizeof what, "a parameter of '%s'", p->model->name);
	return lex_wrong(p, what, p->model->params, (size_t)p->model->nparam);
}

bool context_parse(struct parser *p, enum ctx_kind *ctx)
{
	int k = p->tok.kind == T_WORD ? word_find(ctx_name, CTX_COUNT, p->tok.s, p->tok.n) : -1;

	if (k < 0)
		return lex_wrong(p,
			"a context (startup, loop, timer, coroutine, pool, thread, signal, isr, "
			"caller, child, shutdown)",
			ctx_name, CTX_COUNT);
	*ctx = (enum ctx_kind)k;
	lex_next(p);
	return true;
}

/* ---- times ---- */

static const struct {
	const char *word;
	double seconds;
} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}};

/* 10ms, 0.5 us. Of a range (unit NULL in its first half: 1..30s) the second half's unit counts. */
static bool time_parse(struct parser *p, double *number, double *unit)
{
	if (p->tok.kind != T_NUM)
		return lex_wrong(p, "a time (10ms, 0.5us)", NULL, 0);
	*number = strtod(p->tok.s, NULL);
	*unit = 0;
	lex_next(p);
	for (size_t i = 0; i < COUNT(units); i++)
		if (lex_accept(p, units[i].word)) {
			*unit = units[i].seconds;
			return true;
		}
	return tok_is(p, "..") || lex_wrong(p, "a unit of time (ns, us, ms, s, min)", NULL, 0);
}

static bool time_range(struct parser *p, double *lo, double *hi)
{
	double a, ua, b, ub;

	if (!time_parse(p, &a, &ua))
		return false;
	b = a;
	ub = ua;
	if (lex_accept(p, "..") && !time_parse(p, &b, &ub))
		return false;
	if (ub == 0)
		return lex_wrong(p, "a unit of time (ns, us, ms, s, min)", NULL, 0);
	*lo = a * (ua == 0 ? ub : ua);
	*hi = b * ub;
	return true;
}

/* ---- verbs ---- */

static bool blocks(struct parser *p, struct clause *c)
{
	static const char *const sev[] = {
		[SEV_LOW] = "low", [SEV_MEDIUM] = "medium", [SEV_HIGH] = "high"};
	int k = p->tok.kind == T_WORD ? word_find(category_word, CAT_COUNT, p->tok.s, p->tok.n)
				      : -1;

	if (k < 0)
		return lex_wrong(p,
			"what it waits for (io, peer, disk, sync, dns, nss, lock, sleep, wait, "
			"...)",
			category_word, CAT_COUNT);
	c->category = (enum category)k;
	c->severity = category_severity[k];
	lex_next(p);
	for (int i = 0; i < 3; i++)
		if (lex_accept(p, sev[i]))
			c->severity = (enum severity)i;
	return !lex_accept(p, "for") || time_range(p, &c->lo, &c->hi);
}

/* P, or "NAME" for a lock that is no parameter */
static bool lock(struct parser *p, struct clause *c)
{
	if (p->tok.kind != T_STR)
		return param_parse(p, &c->p);
	c->name = tok_text(p);
	lex_next(p);
	return true;
}

bool fd_kinds_parse(struct parser *p, uint32_t *kinds)
{
	int k;

	*kinds = 0;
	while ((k = word_find(fd_kind_word, COUNT(fd_kind_word), p->tok.s, p->tok.n)) >= 0) {
		*kinds |= 1u << k;
		lex_next(p);
	}
	if (!*kinds)
		return lex_wrong(p,
			"a kind of descriptor (socket, file, pipe, event, timer, tty, dir, memory, writable, datagram)",
			fd_kind_word, COUNT(fd_kind_word));
	return true;
}

static bool gives(struct parser *p, struct clause *c)
{
	if (!fd_kinds_parse(p, &c->kind))
		return false;
	if (lex_accept(p, "in") && !param_parse(p, &c->p))
		return false;
	if (lex_accept(p, "nonblocking"))
		c->flags |= CL_NONBLOCKING;
	return true;
}

static bool makes(struct parser *p, struct clause *c)
{
	if (!param_parse(p, &c->p))
		return false;
	if (lex_accept(p, "nonblocking"))
		c->flags |= CL_NONBLOCKING;
	else if (lex_accept(p, "blocking"))
		c->flags |= CL_BLOCKING;
	else
		return lex_wrong(p, "'nonblocking' or 'blocking'", NULL, 0);
	return true;
}

static bool costs(struct parser *p, struct clause *c)
{
	double number, unit;

	if (!time_parse(p, &number, &unit))
		return false;
	c->hi = number * unit * 1e9;
	if (!lex_accept(p, "per"))
		return true;
	if (lex_accept(p, "byte")) {
		c->flags |= CL_BYTES;
		if (!lex_expect(p, "of"))
			return false;
	}
	if (!param_parse(p, &c->p))
		return false;
	if (lex_accept(p, "log"))
		c->flags |= CL_LOG;
	return !lex_accept(p, "per") || param_parse(p, &c->q);
}

static bool flags(struct parser *p, struct clause *c)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} words[] = {{"shared", CL_SHARED}, {"recursive", CL_RECURSIVE}, {"spin", CL_SPIN}};

	for (size_t i = 0; i < COUNT(words);) {
		if (lex_accept(p, words[i].word)) {
			c->flags |= words[i].flag;
			i = 0;
		} else {
			i++;
		}
	}
	return true;
}

/* The operands behind the verb's word. */
static bool operands(struct parser *p, struct clause *c)
{
	enum ctx_kind ctx = 0;

	switch (c->verb) {
	case VERB_BLOCKS:
		return blocks(p, c);
	case VERB_LOOP_WAIT:
		if (!lex_expect(p, "for"))
			return false;
		if (lex_accept(p, "listed"))
			c->flags |= CL_LISTED;
		return lex_expect(p, "events");
	case VERB_LOOP_RUN:
	case VERB_WAKES:
		return lex_expect(p, "loop");
	case VERB_LOCKS:
		return lock(p, c) && flags(p, c);
	case VERB_UNLOCKS:
		return lock(p, c);
	case VERB_INITS:
		return param_parse(p, &c->p) && (!lex_accept(p, "with") || param_parse(p, &c->q)) &&
		       flags(p, c);
	case VERB_DESTROYS:
	case VERB_COND_WAKE:
	case VERB_JOINS:
	case VERB_DETACHES:
	case VERB_ONCE:
	case VERB_FREES:
	case VERB_RETURNS:
	case VERB_WATCHES:
		return param_parse(p, &c->p);
	case VERB_READS:
	case VERB_WRITES:
		if (p->model->variadic && lex_accept(p, "...")) {
			c->p = PARAM_REST;
			return true;
		}
		return param_parse(p, &c->p);
	case VERB_COND_WAIT:
		return lex_expect(p, "on") && param_parse(p, &c->p) &&
		       (!lex_accept(p, "with") || param_parse(p, &c->q));
	case VERB_BARRIER:
		return lex_expect(p, "at") && param_parse(p, &c->p);
	case VERB_CREATES:
		if (!lex_expect(p, "thread"))
			return false;
		if (lex_accept(p, "as")) {
			c->p = PARAM_RESULT;
			return lex_expect(p, "result");
		}
		return !lex_accept(p, "in") || param_parse(p, &c->p);
	case VERB_ALLOCATES:
		if (param_is(p) && (!param_parse(p, &c->p) || !lex_expect(p, "bytes")))
			return false;
		return !lex_accept(p, "in") || param_parse(p, &c->q);
	case VERB_COPIES:
		return param_parse(p, &c->p) && lex_expect(p, "to") && param_parse(p, &c->q);
	case VERB_BEGINS:
		return lex_expect(p, "like") && param_parse(p, &c->p) && (!lex_accept(p, "in") || param_parse(p, &c->q));
	case VERB_ENVIRON:
		return lex_expect(p, "from") && lex_expect(p, "environment");
	case VERB_GIVES:
		return gives(p, c);
	case VERB_MAKES:
		return makes(p, c);
	case VERB_OVER:
		return param_parse(p, &c->p) && (!lex_accept(p, "in") || param_parse(p, &c->q));
	case VERB_COSTS:
		return costs(p, c);
	case VERB_CLOCK:
		return lex_expect(p, "time");
	case VERB_ANY_THREAD:
		return lex_expect(p, "thread");
	case VERB_ONLY_LOOP:
		return lex_expect(p, "on") && lex_expect(p, "loop");
	case VERB_SIGNAL_SAFE:
		return lex_expect(p, "safe");
	case VERB_STATIC_STATE:
		if (!lex_expect(p, "state"))
			return false;
		if (p->tok.kind == T_WORD && !tok_is(p, "if") && !tok_is(p, "unless") && !tok_is(p, "shared")) {
			c->name = tok_text(p);
			lex_next(p);
		}
		if (lex_accept(p, "shared"))
			c->flags |= CL_SHARED;
		return true;
	case VERB_TRUE_ON:
		if (!lex_expect(p, "on") || !context_parse(p, &ctx))
			return false;
		c->kind = ctx;
		return true;
	case VERB_RESULT:
		return lex_expect(p, "used");
	case VERB_FORKS:
	case VERB_EXECS:
	case VERB_NORETURN:
	case VERB_SUSPENDS:
	case VERB_OPAQUE:
	case VERB_SETJMP:
	case VERB_LONGJMP:
	case VERB_ATOMIC:
	case VERB_COUNT:
		return true;
	}
	return true;
}

bool clause_parse(struct parser *p)
{
	struct clause c = {.p = PARAM_NONE, .q = PARAM_NONE, .line = p->tok.line};
	int v = p->tok.kind == T_WORD ? word_find(verb_word, VERB_COUNT, p->tok.s, p->tok.n) : -1;
	uint32_t first = p->clauses.n;

	if (v < 0)
		return lex_wrong(p, "a verb", verb_word, VERB_COUNT);
	c.verb = (enum verb)v;
	lex_next(p);
	if (!operands(p, &c))
		return false;
	vec_add(&p->clauses, c);
	/* reads a b: one clause each */
	while ((v == VERB_READS || v == VERB_WRITES) && (param_is(p) || tok_is(p, "..."))) {
		if (!operands(p, &c))
			return false;
		vec_add(&p->clauses, c);
	}
	if (!cond_parse_optional(p, &c.cond))
		return false;
	for (uint32_t i = first; i < p->clauses.n; i++)
		p->clauses.v[i].cond = c.cond;
	return true;
}

/* ---- callbacks ---- */

/* {prepare check dispatch}: the fields' names as one text */
static bool fields(struct parser *p, struct callback *cb)
{
	struct sb names = {0};
	const char *s = p->p, *end = strpbrk(s, "}\n");

	if (!end || *end != '}')
		return lex_error(p, &p->tok, "expected '}' in this line");
	while (s < end) {
		size_t n = strcspn(s, " \t}");

		if (n)
			sb_printf(&names, "%s%.*s", names.n ? " " : "", (int)n, s);
		s += n;
		s += strspn(s, " \t");
	}
	cb->fields = arena_strdup(p->m->mem, names.s ? names.s : "");
	sb_free(&names);
	p->p = end + 1;
	lex_next(p);
	return *cb->fields || lex_wrong(p, "names of fields between the braces", NULL, 0);
}

/* given A [as N] {and B as N}: the callback's first parameter, if N is not said */
static bool givens(struct parser *p, struct callback *cb)
{
	struct given g[4];
	uint32_t n = 0;

	do {
		if (n == COUNT(g))
			return lex_error(
				p, &p->tok, "more than %d arguments handed over", (int)COUNT(g));
		g[n].to = 0;
		if (!param_parse(p, &g[n].param))
			return false;
		if (lex_accept(p, "as")) {
			g[n].to = p->tok.kind == T_NUM ? atoi(p->tok.s) - 1 : -1;
			if (g[n].to < 0 || g[n].to > 15)
				return lex_wrong(p, "a position, counted from 1", NULL, 0);
			lex_next(p);
		}
		n++;
	} while (lex_accept(p, "and"));
	cb->given = g[0].param;
	cb->given_to = g[0].to;
	cb->nalso = n - 1;
	if (n > 1) {
		struct given *also = arena_alloc(p->m->mem, (n - 1) * sizeof *also);

		memcpy(also, g + 1, (n - 1) * sizeof *also);
		cb->also = also;
	}
	return true;
}

bool callback_parse(struct parser *p, int param)
{
	if (param >= 0 && lex_accept(p, "silent")) {
		if (param < 64)
			p->model->silent |= (uint64_t)1 << param;
		return true;
	}
	do {
		struct callback cb = {.param = param, .given = PARAM_NONE, .line = p->tok.line};

		if (tok_is(p, "{") && !fields(p, &cb))
			return false;
		if (!tok_is(p, "on"))
			return lex_wrong(p,
				param >= 0 ? "'on CONTEXT' or 'silent'" : "'on CONTEXT'", NULL, 0);
		lex_next(p);
		if (!context_parse(p, &cb.ctx))
			return false;
		if (lex_accept(p, "given") && !givens(p, &cb))
			return false;
		if (!cond_parse_optional(p, &cb.cond))
			return false;
		vec_add(&p->callbacks, cb);
	} while (lex_accept(p, ";"));
	return true;
}
