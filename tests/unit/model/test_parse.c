/* The model format: what its lines say, and what is said when they are wrong. */
#include "text.h"

static const struct clause *clause(const struct model *m, enum verb v, unsigned nth)
{
	for (uint32_t i = 0; i < m->nclause; i++)
		if (m->clauses[i].verb == v && nth-- == 0)
			return &m->clauses[i];
	return NULL;
}

static void a_function_with_all_its_parts(void **state)
{
	struct models *m = load("library uv\nheader uv.h\n"
				"uv_fs_read(loop, req, n, cb: on loop given req)  blocks disk low for 1ms..2s if cb is NULL\n"
				"\treads req, writes req\n"
				"\tinstead: pass a callback\n"
				"\tinstead pool, libuv: else # this is text\n"
				"\tnote: a note\n");
	const struct model *f = models_find(m, "uv_fs_read");

	assert_non_null(f);
	assert_string_equal(f->library, "uv");
	assert_string_equal(f->headers[0], "uv.h");
	assert_int_equal(f->line, 3);
	assert_int_equal(f->nparam, 4);
	assert_int_equal(f->nfixed, 4);
	assert_false(f->variadic);
	assert_string_equal(f->params[3], "cb");
	assert_int_equal(f->ncallback, 1);
	assert_int_equal(f->callbacks[0].param, 3);
	assert_int_equal(f->callbacks[0].ctx, CTX_LOOP);
	assert_int_equal(f->callbacks[0].given, 1);
	assert_int_equal(f->callbacks[0].given_to, 0);
	assert_int_equal(f->nclause, 3);
	assert_int_equal(f->clauses[0].category, CAT_DISK);
	assert_int_equal(f->clauses[0].severity, SEV_LOW);
	assert_true(f->clauses[0].lo == 1e-3 && f->clauses[0].hi == 2);
	assert_int_equal(f->clauses[0].cond->kind, MC_CMP);
	assert_int_equal(f->clauses[0].cond->arg.param, 3);
	assert_int_equal(f->clauses[1].verb, VERB_READS);
	assert_int_equal(f->clauses[1].line, 4);
	assert_int_equal(f->clauses[2].p, 1);
	assert_int_equal(f->ninstead, 3);
	assert_string_equal(f->insteads[0].library, "");
	assert_string_equal(f->insteads[1].library, "pool");
	assert_string_equal(f->insteads[2].text, "else # this is text");
	assert_string_equal(f->note, "a note");
	models_free(m);
}

static void severity_has_a_default_for_each_category(void **state)
{
	struct models *m = load("library l\nheader h.h\nf()  blocks io\ng()  blocks disk\nh()  blocks log\n");

	assert_int_equal(models_find(m, "f")->clauses[0].severity, SEV_HIGH);
	assert_int_equal(models_find(m, "g")->clauses[0].severity, SEV_MEDIUM);
	assert_int_equal(models_find(m, "h")->clauses[0].severity, SEV_LOW);
	models_free(m);
}

static void several_names_have_one_model(void **state)
{
	struct models *m = load("library l\nheader h.h\nread recv\n\tread_more(fd)  blocks io, static state\n");

	assert_string_equal(models_find(m, "recv")->name, "recv");
	assert_int_equal(models_find(m, "read_more")->nclause, 2);
	assert_null(models_find(m, "recv")->clauses[1].name); /* the function's own state */
	models_free(m);
}

static void dots(void **state)
{
	struct models *m = load("library l\nheader h.h\n"
				"fcntl(fd, cmd, ... arg)  makes fd nonblocking if cmd is 4 and arg has 04000\n"
				"printf(format, ...)  reads format ...\n"
				"uv_fs_*(..., cb: on loop)\n"
				"any(...)\n");
	const struct model *f = models_find(m, "fcntl");

	assert_true(f->variadic);
	assert_int_equal(f->nfixed, 2);
	assert_int_equal(f->nparam, 3);
	assert_int_equal(f->clauses[0].flags, CL_NONBLOCKING);
	assert_int_equal(f->clauses[0].cond->kind, MC_AND);
	assert_int_equal(f->clauses[0].cond->b->kind, MC_HAS);
	assert_int_equal(f->clauses[0].cond->b->value, 04000);
	f = models_find(m, "printf");
	assert_int_equal(f->nclause, 2);
	assert_int_equal(f->clauses[1].p, PARAM_REST);
	f = models_find(m, "uv_fs_stat");
	assert_string_equal(f->name, "uv_fs_*");
	assert_true(f->open_front);
	assert_int_equal(f->nparam, 1);
	assert_true(models_find(m, "any")->open_front);
	models_free(m);
}

static void an_exact_name_comes_before_a_pattern_and_a_long_one_before_a_short(void **state)
{
	struct models *m = load("library l\nheader h.h\ng_*()\ng_*_sync()\ng_bus_get_sync()\n");

	assert_string_equal(models_find(m, "g_x")->name, "g_*");
	assert_string_equal(models_find(m, "g_x_sync")->name, "g_*_sync");
	assert_string_equal(models_find(m, "g_bus_get_sync")->name, "g_bus_get_sync");
	assert_null(models_find(m, "h"));
	models_free(m);
}

static void a_callback_gets_several_arguments(void **state)
{
	struct models *m = load("library l\nheader h.h\n"
				"event_new(base, fd, cb: on loop given fd and arg as 3, arg, free_fn: silent)\n"
				"source(funcs: {prepare  check*} on loop; {finalize} on caller, n)\n"
				"setopt(h, option, ... value: on timer if option in {1, 3})\n");
	const struct model *f = models_find(m, "event_new");
	const struct callback *cb = &f->callbacks[0];

	assert_int_equal(cb->given, 1);
	assert_int_equal(cb->nalso, 1);
	assert_int_equal(cb->also[0].param, 3);
	assert_int_equal(cb->also[0].to, 2);
	assert_int_equal(f->silent, 1 << 4);
	f = models_find(m, "source");
	assert_int_equal(f->ncallback, 2);
	assert_string_equal(f->callbacks[0].fields, "prepare check*");
	assert_int_equal(f->callbacks[1].ctx, CTX_CALLER);
	f = models_find(m, "setopt");
	assert_int_equal(f->callbacks[0].param, 2);
	assert_int_equal(f->callbacks[0].cond->kind, MC_IN);
	assert_int_equal(f->callbacks[0].cond->nset, 2);
	assert_int_equal(f->callbacks[0].cond->set[1], 3);
	models_free(m);
}

static void verbs_and_their_operands(void **state)
{
	struct models *m = load(
		"library l\nheader h.h\n"
		"f(a, b, n)  locks a shared recursive spin, locks \"the big lock\", unlocks a, inits a with b recursive\n"
		"\tsleeps on a with b, sleeps on b, meets at a, creates thread in a, creates thread as result, creates thread\n"
		"\tallocates n bytes in a, allocates, begins like a in b, comes from environment, copies a to b\n"
		"\tgives socket pipe in a nonblocking if n has 1\n"
		"\tmakes a blocking, wraps a in b, wraps a, costs 2 ns per n log, costs 1us per byte of a, costs 3ns per n per b\n"
		"\tany thread, only on loop, signal safe, static state tm, true on coroutine, result used, waits for events, tells time\n"
		"\truns loop, wakes loop, forks, execs, exits, suspends, opaque, setjmp, longjmp, atomic, once a, returns a\n"
		"\twatches a, joins a, detaches a, frees a, destroys a, signals a, tells time\n");
	const struct model *f = models_find(m, "f");
	const struct clause *c;

	assert_non_null(f);
	c = clause(f, VERB_LOCKS, 0);
	assert_int_equal(c->flags, CL_SHARED | CL_RECURSIVE | CL_SPIN);
	c = clause(f, VERB_LOCKS, 1);
	assert_int_equal(c->p, PARAM_NONE);
	assert_string_equal(c->name, "the big lock");
	assert_int_equal(clause(f, VERB_INITS, 0)->q, 1);
	assert_int_equal(clause(f, VERB_COND_WAIT, 0)->q, 1);
	assert_int_equal(clause(f, VERB_COND_WAIT, 1)->q, PARAM_NONE);
	assert_int_equal(clause(f, VERB_CREATES, 1)->p, PARAM_RESULT);
	assert_int_equal(clause(f, VERB_CREATES, 2)->p, PARAM_NONE);
	c = clause(f, VERB_ALLOCATES, 0);
	assert_int_equal(c->p, 2);
	assert_int_equal(c->q, 0);
	c = clause(f, VERB_GIVES, 0);
	assert_int_equal(c->kind, FD_SOCKET | FD_PIPE);
	assert_int_equal(c->p, 0);
	assert_int_equal(c->flags, CL_NONBLOCKING);
	assert_int_equal(clause(f, VERB_MAKES, 0)->flags, CL_BLOCKING);
	assert_int_equal(clause(f, VERB_OVER, 0)->q, 1);
	c = clause(f, VERB_COSTS, 0);
	assert_true(c->hi == 2 && c->flags == CL_LOG && c->p == 2);
	c = clause(f, VERB_COSTS, 1);
	assert_true(c->hi > 999.9 && c->hi < 1000.1 && c->flags == CL_BYTES && c->p == 0);
	assert_int_equal(clause(f, VERB_COSTS, 2)->q, 1);
	assert_string_equal(clause(f, VERB_STATIC_STATE, 0)->name, "tm");
	assert_int_equal(clause(f, VERB_TRUE_ON, 0)->kind, CTX_COROUTINE);
	for (int v = 0; v < VERB_COUNT; v++) /* every verb was read at least once, but the one that blocks */
		assert_true(clause(f, (enum verb)v, 0) || v == VERB_BLOCKS || v == VERB_READS || v == VERB_WRITES);
	models_free(m);
}

static void headers_and_what_cannot_be_checked(void **state)
{
	struct models *m = load("library l\nheader a.h b.h\nheader c.h\none()\nheader d.h\nuncheckable not here\ntwo()\n"
				"const C 7\nheader e.h\nthree()\n"
				"library p\nuncheckable private\nheader p.h\nfour()\nheader q.h\nfive()\n");
	const struct mconst *c;

	assert_int_equal(models_find(m, "one")->nheader, 3);
	assert_int_equal(models_find(m, "two")->nheader, 1);
	assert_string_equal(models_find(m, "two")->uncheckable, "not here");
	assert_null(models_find(m, "three")->uncheckable);
	assert_string_equal(models_find(m, "five")->uncheckable, "private");
	assert_int_equal(models_consts(m, &c), 1);
	assert_string_equal(c[0].headers[0], "d.h");
	assert_int_equal(models_library(m, "l")->ndetect, 1);
	assert_string_equal(models_library(m, "l")->detect[0], "b.h");
	models_free(m);
}

static void places(void **state)
{
	struct models *m = load("library l\nheader a.h\n"
				"field R.f R.g*\n\tS.h: on loop\ntype cb_t: on timer\nglobal top: on loop\n"
				"macro coroutine_fn: on coroutine\nname *_IRQHandler: on isr\n");
	const struct place *p;

	assert_int_equal(models_places(m, &p), 7);
	assert_string_equal(p[1].record, "R");
	assert_string_equal(p[1].name, "g*");
	assert_string_equal(p[2].record, "S");
	assert_int_equal(p[2].line, 4);
	assert_int_equal(p[3].kind, PLACE_TYPE);
	assert_int_equal(p[5].cb.ctx, CTX_COROUTINE);
	assert_string_equal(p[6].name, "*_IRQHandler");
	models_free(m);
}

static void constants_may_come_later_and_be_joined(void **state)
{
	struct models *m = load("library l\nheader a.h\nf(x)  blocks io if x has A|B, blocks disk if x in {A,\n\tB}\n"
				"const A 0x10\nconst B 04\nconst N -1\n");
	int64_t v;

	assert_int_equal(models_find(m, "f")->clauses[0].cond->value, 0x14);
	assert_int_equal(models_find(m, "f")->clauses[1].cond->set[1], 4);
	assert_true(models_const(m, "N", &v));
	assert_int_equal(v, -1);
	assert_false(models_const(m, "M", &v));
	models_free(m);
}

static void a_later_directory_replaces(void **state)
{
	struct models *m = load_two("library l\nheader a.h\nf(x)  blocks io\ng()\n", "library mine\nheader m.h\nf(x, y)\n");

	assert_int_equal(models_find(m, "f")->nparam, 2);
	assert_string_equal(models_find(m, "f")->library, "mine");
	assert_non_null(models_find(m, "g"));
	models_free(m);
}

static void what_is_not_the_first_directory_is_read_at_once(void **state)
{
	struct models *m = load_two("library l\nheader a.h\nf(x)\n", "library mine\nheader m.h\nf(x,)\n");

	assert_null(m);
	assert_string_equal(strrchr(said, ':'), ": expected a parameter's name, found ')'");
}

static void a_strict_library_shares_a_name(void **state)
{
	struct models *m = load("library k\nrequire k.h\nheader k.h\nlock(a)\nlibrary u\nheader u.h\nlock(b)\n");
	const struct model *f = models_find(m, "lock");

	assert_string_equal(f->library, "u");
	assert_string_equal(f->other->library, "k");
	assert_true(f->other->strict);
	models_free(m);
}

static void annotations(void **state)
{
	struct models *m = load("library l\nheader a.h\nconst C 5\n");
	const char *params[] = {"mutex", "n"}, *why = NULL;
	struct model f = {.name = "f", .params = params, .nparam = 2, .nfixed = 2};

	assert_int_equal(model_annotation(m, "tvt: allow(race) because", &f, &why), -1);
	assert_int_equal(model_annotation(m, "hot", &f, &why), -1);
	assert_int_equal(model_annotation(m, "tvt: on loop", &f, &why), 0);
	assert_int_equal(model_annotation(m, "tvt: locks mutex if result is 0, blocks disk if n is C", &f, &why), 0);
	assert_int_equal(f.ncallback, 1);
	assert_int_equal(f.callbacks[0].param, PARAM_NONE);
	assert_int_equal(f.nclause, 2);
	assert_int_equal(f.clauses[1].cond->value, 5);
	assert_int_equal(model_annotation(m, "tvt: locks mutexx", &f, &why), -2);
	assert_string_equal(why, "expected a parameter of 'f', found 'mutexx'; did you mean 'mutex'?");
	assert_int_equal(f.nclause, 2); /* as before */
	assert_int_equal(model_annotation(m, "tvt: blocks disk if n is D", &f, &why), -2);
	assert_string_equal(why, "expected a constant (const NAME VALUE), found 'D'");
	models_free(m);
}

static void errors_name_the_place_and_the_nearest_word(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"f()\n", "a.model:1:1: expected 'library NAME' before the first function"},
		{"header a.h\n", "a.model:1:1: expected 'library NAME' before the first 'header'"},
		{"library\n", "a.model:1:8: expected the library's name"},
		{"  library l\n", "a.model:1:3: expected a line that starts in the first column, found 'library'"},
		{"libary l\n", "a.model:1:1: expected a keyword or a function's prototype, found 'libary'; did you mean 'library'?"},
		{"library l\nheader\n", "a.model:2:7: expected a header's name, the line ends"},
		{"library l\n%\n", "a.model:2:1: expected a keyword or a function's prototype, found '%'"},
		{"library l\nread fd\n", "a.model:2:8: expected '(' behind the function's name, the line ends"},
		{"library l\nf(a\n", "a.model:2:4: expected ')', the line ends"},
		{"library l\nf(a, a)\n", "a.model:2:6: a second parameter 'a'"},
		{"library l\nf(a b)\n", "a.model:2:5: expected ',', found 'b'"},
		{"library l\nf(a,)\n", "a.model:2:5: expected a parameter's name, found ')'"},
		{"library l\nf(result)\n", "a.model:2:3: a parameter cannot be called 'result'"},
		{"library l\nf(a: onn loop)\n", "a.model:2:6: expected 'on CONTEXT' or 'silent', found 'onn'"},
		{"library l\nf(a: on lop)\n", "a.model:2:9: expected a context (startup, loop, timer, coroutine, pool, thread, "
			"signal, isr, caller, child, shutdown), found 'lop'; did you mean 'loop'?"},
		{"library l\nf(a: on loop given b)\n", "a.model:2:20: expected a parameter of 'f', found 'b'"},
		{"library l\nf(a: on loop given a as 0)\n", "a.model:2:25: expected a position, counted from 1, found '0'"},
		{"library l\nf()  bloks io\n", "a.model:2:6: expected a verb, found 'bloks'; did you mean 'blocks'?"},
		{"library l\nf()  blocks i/o\n", "a.model:2:13: expected what it waits for (io, peer, disk, sync, dns, nss, lock, "
			"sleep, wait, ...), found 'i'"},
		{"library l\nf()  blocks io for 3\n", "a.model:2:21: expected a unit of time (ns, us, ms, s, min), the line ends"},
		{"library l\nf()  blocks io for 3..4\n", "a.model:2:24: expected a unit of time (ns, us, ms, s, min), the line ends"},
		{"library l\nf(fd)  blocks io unless nonblockin(fd)\n", "a.model:2:25: expected nonblocking(), ready(), numeric() or a kind "
			"of descriptor, found 'nonblockin'; did you mean 'nonblocking'?"},
		{"library l\nf(a)  blocks io if a hass 1\n", "a.model:2:22: expected a test (is, has, lacks, in, not in, starts, <, >, <=, "
			">=), found 'hass'; did you mean 'has'?"},
		{"library l\nf(a)  blocks io if a is\n", "a.model:2:24: expected a number, a constant or NULL, the line ends"},
		{"library l\nf(a)  blocks io if (a is 1\n", "a.model:2:27: expected ')', the line ends"},
		{"library l\nf(a)  blocks io if a is O_NONBLOK\nconst O_NONBLOCK 1\n",
			"a.model:2:25: expected a constant (const NAME VALUE), found 'O_NONBLOK'; did you mean 'O_NONBLOCK'?"},
		{"library l\nf(a)  blocks io blocks disk\n", "a.model:2:17: expected ',' or the line's end, found 'blocks'"},
		{"library l\nf(a)  makes a slow\n", "a.model:2:15: expected 'nonblocking' or 'blocking', found 'slow'"},
		{"library l\nf(a)  gives sock\n", "a.model:2:13: expected a kind of descriptor (socket, file,"},
		{"library l\nf()\n\tinstead libuv\n", "a.model:3:15: expected ':' and what to use instead, the line ends"},
		{"library l\nf()\n\tinstead:\n", "a.model:3:10: expected what to use instead, the line ends"},
		{"library l\nf()\ng()\nf()\n", "a.model:4:1: a second model of 'f'; the first is at "},
		{"library l\nconst A x\n", "a.model:2:9: expected the constant's value, found 'x'"},
		{"library l\nconst A 1\nconst A 2\n", "a.model:3:7: 'A' is 1 at "},
		{"library l\nfield f: on loop\n", "a.model:2:7: expected RECORD.FIELD"},
		{"library l\ntype a.b: on loop\n", "a.model:2:6: expected a name without '.'"},
		{"library l\ntype: on loop\n", "a.model:2:5: expected a name, found ':'"},
		{"library l\n*  only on lop\n", "a.model:2:12: expected 'loop', found 'lop'; did you mean 'loop'?"},
		{"library l\nf(a: {x y on loop)\n", "a.model:2:19: expected ')', the line ends"},
		{"library l\nf(a: {x y on loop)\ng(a: {x}\n", "a.model:2:19: expected ')', the line ends"},
		{"library l\nuncheckable\n", "a.model:2:12: expected the reason"},
	};

	unsigned bad = 0;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct models *m = load(cases[i].text);

		if (!m && !strncmp(said, cases[i].said, strlen(cases[i].said)))
			continue;
		printf("%sgot  %s\nnot  %s\n", cases[i].text, said, cases[i].said);
		models_free(m);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void nesting_has_an_end(void **state)
{
	struct sb s = {0};

	sb_puts(&s, "library l\nf(a)  blocks io if ");
	for (int i = 0; i < 100000; i++)
		sb_putc(&s, '(');
	assert_null(load(s.s));
	assert_non_null(strstr(said, "condition nested too deep"));
	s.n = 0;
	sb_puts(&s, "library l\nf(a)  blocks io if ");
	for (int i = 0; i < 100000; i++)
		sb_puts(&s, "not ");
	assert_null(load(s.s));
	assert_non_null(strstr(said, "condition nested too deep"));
	sb_free(&s);
}

static void every_cut_of_a_good_file_is_read_or_refused(void **state)
{
	const char *text = "library l\nheader a.h\n* only on loop unless called(g)\nconst C 0x1f # c\n"
			   "f(a: {x y} on loop; {z} on caller, b: on timer given a and b as 2, ... c)\n"
			   "\tblocks io high for 1..2ms unless (a has C|1 or not *b is zero) and c not in {1, C}\n"
			   "\tinstead l: x\nfield R.f: on isr\n";
	char cut[512];

	for (size_t n = 0; n <= strlen(text); n++) {
		struct models *m;

		snprintf(cut, sizeof cut, "%.*s", (int)n, text);
		m = load(cut);
		assert_true(m || *said);
		models_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_with_all_its_parts),
		cmocka_unit_test(severity_has_a_default_for_each_category),
		cmocka_unit_test(several_names_have_one_model),
		cmocka_unit_test(dots),
		cmocka_unit_test(an_exact_name_comes_before_a_pattern_and_a_long_one_before_a_short),
		cmocka_unit_test(a_callback_gets_several_arguments),
		cmocka_unit_test(verbs_and_their_operands),
		cmocka_unit_test(headers_and_what_cannot_be_checked),
		cmocka_unit_test(places),
		cmocka_unit_test(constants_may_come_later_and_be_joined),
		cmocka_unit_test(a_later_directory_replaces),
		cmocka_unit_test(what_is_not_the_first_directory_is_read_at_once),
		cmocka_unit_test(a_strict_library_shares_a_name),
		cmocka_unit_test(annotations),
		cmocka_unit_test(errors_name_the_place_and_the_nearest_word),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(every_cut_of_a_good_file_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
