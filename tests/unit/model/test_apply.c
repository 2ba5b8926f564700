/* Models on a program: effects of calls, places, libraries, annotations. */
#include "text.h"

#include "ir/ir.h"

struct applied {
	struct models *m;
	struct program *p;
	struct effects *e;
};

static struct applied apply(const char *models, const char *tir)
{
	struct applied a = {.m = load(models)};
	struct ir *u;

	if (!a.m)
		fail_msg("%s", said);
	u = ir_parse("t.tir", tir);
	assert_non_null(u);
	a.p = link_units((const struct ir *const *)&u, 1);
	ir_free(u);
	assert_non_null(a.p);
	a.e = model_apply(a.p, a.m);
	return a;
}

static void done(struct applied *a)
{
	effects_free(a->e);
	program_free(a->p);
	models_free(a->m);
}

static const char *dumped(const struct applied *a, const char *fn)
{
	static char buf[2048];
	struct sb s = {0};

	effects_dump(a->e, a->p, &s, fn);
	snprintf(buf, sizeof buf, "%s", s.s ? s.s : "");
	sb_free(&s);
	return buf;
}

#define HEAD "library l\nheader lib/l.h\n"

static void a_call_has_the_effects_of_its_model(void **state)
{
	struct applied a = apply(HEAD "read(fd, buf, n)  blocks io unless nonblocking(fd), writes buf\n"
				      "start(fn: on pool given arg, arg)\n",
		"file \"/s/a.c\" main\nfn f(x) {\n call read(x, 1, 2) @4\n call start(&f, x) @5\n call other() @6\n}\n");

	assert_string_equal(dumped(&a, "f"), "a.c:4: f calls read\n"
					     "\tblocks io high unless nonblocking(fd)\n"
					     "\twrites buf\n"
					     "a.c:5: f calls start\n"
					     "\tfn on pool given arg as 1\n");
	assert_string_equal(dumped(&a, "g"), "");
	done(&a);
}

static void the_effects_of_one_site_lie_together(void **state)
{
	struct applied a = apply(HEAD "g(x)  reads x, writes x\nh()  forks\n",
		"fn f(x) {\n call h()\n call g(x)\n call h()\n}\n");
	uint32_t n, site = a.e->e[1].site;
	const struct effect *e = effects_at(a.e, site, &n);

	assert_int_equal(a.e->n, 4);
	assert_int_equal(n, 2);
	assert_int_equal(e[0].clause->verb, VERB_READS);
	assert_int_equal(e[1].clause->verb, VERB_WRITES);
	effects_at(a.e, site - 1, &n);
	assert_int_equal(n, 1);
	effects_at(a.e, UINT32_MAX, &n);
	assert_int_equal(n, 0);
	done(&a);
}

static void arguments_count_from_the_end_behind_dots(void **state)
{
	struct applied a = apply(HEAD "uv_fs_*(..., cb: on loop)\nfcntl(fd, cmd, ... arg)  reads arg\n",
		"fn f(x) {\n %r = call uv_fs_stat(x, 1, 2, &f)\n call fcntl(x, 3)\n}\n");
	const struct effect *e = a.e->e;
	struct ref r = effect_arg(a.p, &e[0], 0);

	assert_int_equal(r.kind, REF_FN);
	assert_int_equal(effect_arg(a.p, &e[0], PARAM_RESULT).kind, REF_LOCAL);
	assert_int_equal(effect_arg(a.p, &e[0], PARAM_NONE).kind, REF_NONE);
	assert_int_equal(effect_arg(a.p, &e[1], 1).kind, REF_CONST);
	assert_int_equal(effect_arg(a.p, &e[1], 2).kind, REF_NONE); /* not given */
	done(&a);
}

static void an_indirect_call_has_the_effects_of_its_target(void **state)
{
	struct applied a = apply(HEAD "read(fd)  blocks io\n",
		"fn read(?)\nfn set(c) {\n store c->ops:rd, &read\n}\n"
		"fn f(c) {\n %g = load c->ops:rd\n icall %g(c)\n}\n");

	assert_int_equal(a.e->n, 1);
	assert_string_equal(fn_name(a.p, a.e->e[0].fn), "f");
	assert_string_equal(fn_name(a.p, a.e->e[0].callee), "read");
	done(&a);
}

static void a_defined_function_keeps_its_model(void **state)
{
	struct applied a = apply(HEAD "g()  blocks io\n", "fn f() {\n call g()\n}\nfn g() {\n ret\n}\n");

	assert_int_equal(a.e->n, 1);
	assert_true(fn_defined(a.p, a.e->e[0].callee));
	done(&a);
}

static void libraries_are_found_by_header_or_by_function(void **state)
{
	const char *models = HEAD "l_go()\n"
				  "library m\nheader m.h\nm_go()\nlibrary n\nheader n.h\nn_go()\n"
				  "library k\nrequire linux/k.h\nheader linux/k.h\nlock(x)\nunlock(x)\nfree_all()\n";
	struct applied a = apply(models, "file \"/s/a.c\" main\nfile \"/usr/include/lib/l.h\" system\nfile \"/s/xm.h\"\n"
					 "fn f() {\n call n_go()\n call lock(1)\n}\n");

	assert_true(a.e->uses_library[0]);
	assert_false(a.e->uses_library[1]); /* xm.h is not m.h */
	assert_true(a.e->uses_library[2]);
	assert_false(a.e->uses_library[3]); /* one word of everybody's is not enough */
	assert_int_equal(a.e->n, 0);
	done(&a);

	a = apply(models, "fn f() {\n call lock(1)\n call unlock(1)\n}\n");
	assert_true(a.e->uses_library[3]);
	done(&a);

	/* the program's own lock(), and m's function defined here */
	a = apply(models, "fn f() {\n call lock(1)\n call unlock(1)\n call m_go()\n}\n"
			  "fn lock(x) {\n ret\n}\nfn m_go() {\n ret\n}\n");
	assert_false(a.e->uses_library[3]);
	assert_false(a.e->uses_library[1]);
	done(&a);
}

static void a_strict_model_speaks_first_where_its_library_is_used(void **state)
{
	const char *models = "library u\nheader u.h\nrcu_lock()  locks \"u\"\n"
			     "library k\nrequire k.h\nheader k.h\nrcu_lock()  locks \"k\"\n";
	struct applied a = apply(models, "file \"/s/a.c\" main\nfn f() {\n call rcu_lock()\n}\n");

	assert_string_equal(a.e->e[0].clause->name, "u");
	done(&a);
	a = apply(models, "file \"/s/a.c\" main\nfile \"/s/k.h\"\nfn f() {\n call rcu_lock()\n}\n");
	assert_string_equal(a.e->e[0].clause->name, "k");
	done(&a);
}

static void places_are_found(void **state)
{
	struct applied a = apply(HEAD "field R.h*: on loop\nfield R.hard: on coroutine\ntype cb_t: on timer\nglobal top: on loop\n"
				      "macro co_fn: on coroutine\nname *_IRQHandler: on isr\n",
		"file \"/s/a.c\" main\n"
		"type F fn void \"void (void)\"\ntype P ptr F \"void (*)(void)\" name \"cb_t\"\n"
		"record R { h1; hard; other }\nrecord S { h1 }\n"
		"fn use(r) {\n store r->R:h1, 0\n store r->S:h1, 0\n}\n"
		"global top : *void\nglobal stop : *void\n"
		"fn g() attr macro \"co_fn\" {\n ret\n}\n"
		"fn UART_IRQHandler() {\n local q : P\n ret\n}\n"
		"fn x_IRQHandler()\n"
		"fn '(init)'() init {\n store ::top, 0\n store ::stop, 0\n}\n");

	assert_string_equal(dumped(&a, NULL), "field R.h1:  on loop\n"
					      "field R.hard:  on coroutine\n"
					      "type cb_t:  on timer\n"
					      "global top:  on loop\n"
					      "function g (co_fn):  on coroutine\n"
					      "function UART_IRQHandler:  on isr\n");
	done(&a);
}

static void a_field_may_lie_in_an_unnamed_record(void **state)
{
	struct applied a = apply(HEAD "field sigaction.sa_handler: on signal\n",
		"record sigaction { u : struct #1 }\nrecord #1 union key \"k\" { sa_handler }\n"
		"record other { v : *void; sa_handler }\n"
		"fn use(r) {\n store r->sigaction:u.#1:sa_handler, 0\n store r->other:sa_handler, 0\n}\n");

	assert_int_equal(a.e->nplace, 1);
	done(&a);
}

static void annotations_add_to_the_model(void **state)
{
	struct applied a = apply(HEAD "g(x)  blocks io\n",
		"file \"/s/a.c\" main\n"
		"fn f(x) {\n call g(x) @2\n call h(x) @3\n}\n"
		"fn g(x) attr annotate \"tvt: blocks disk\" {\n ret\n}\n"
		"fn h(m) attr comment \"tvt: locks m\" attr annotate \"tvt: on pool\" {\n ret\n}\n"
		"record R { cb attr annotate \"tvt: on timer\" }\nfn use(r) {\n store r->R:cb, 0\n}\n");

	assert_string_equal(dumped(&a, "f"), "a.c:2: f calls g\n\tblocks io high\n\tblocks disk medium\n"
					     "a.c:3: f calls h\n\tlocks m\n");
	assert_int_equal(a.e->nplace, 2);
	assert_int_equal(a.e->places[0].place->cb.ctx, CTX_TIMER);
	assert_int_equal(a.e->places[1].place->cb.ctx, CTX_POOL);
	assert_string_equal(fn_name(a.p, a.e->places[1].fn), "h");
	done(&a);
}

static void parameters_of_a_declaration_have_numbers(void **state)
{
	struct applied a = apply(HEAD, "file \"/s/a.c\" main\nfn f(x) {\n call take(1, x) @2\n}\n"
				       "fn take(?, ?) attr annotate \"tvt: locks arg2\"\n");

	assert_string_equal(dumped(&a, "f"), "a.c:2: f calls take\n\tlocks arg2\n");
	assert_int_equal(effect_arg(a.p, a.e->e, a.e->e->clause->p).kind, REF_LOCAL);
	done(&a);
}

static void an_annotation_that_is_wrong_is_said(void **state)
{
	struct applied a;

	*said = '\0';
	a.m = load(HEAD);
	diag_redirect(hear, (void *)"\1");
	struct ir *u = ir_parse("t.tir", "file \"/s/a.c\" main\nfn h(lock) attr annotate \"tvt: locks lok\" @7 {\n ret\n}\n");
	a.p = link_units((const struct ir *const *)&u, 1);
	ir_free(u);
	a.e = model_apply(a.p, a.m);
	diag_redirect(NULL, NULL);
	assert_string_equal(said, "/s/a.c:7: 'tvt: locks lok': expected a parameter of 'h', found 'lok'; did you mean 'lock'?");
	done(&a);
}

static void what_to_use_instead(void **state)
{
	const char *models = "library uv\nheader uv.h\nuv_go()\nlibrary ev\nheader ev.h\nlibrary own\nheader own.h\n"
			     "f()\n\tinstead pool: p\n\tinstead: any\n\tinstead ev: e\n\tinstead uv: u\n\tinstead own: o\n";
	struct applied a = apply(models, "fn m() {\n call f()\n call uv_go()\n}\n");
	const char *t[8];
	uint32_t n = model_instead(a.e, models_find(a.m, "f"), t, 8);

	assert_int_equal(n, 4);
	assert_string_equal(t[0], "o");
	assert_string_equal(t[1], "u");
	assert_string_equal(t[2], "any");
	assert_string_equal(t[3], "p");
	assert_int_equal(model_instead(a.e, models_find(a.m, "f"), t, 1), 1);
	done(&a);
}

static void only_on_loop_unless_locking_was_set_up(void **state)
{
	const char *models = "library ev\nheader ev.h\n* only on loop unless called(use_threads)\nuse_threads()\nadd()\n"
			     "library uv\nheader uv.h\n* only on loop\n";
	struct applied a = apply(models, "fn m() {\n call add()\n}\n");

	assert_true(library_only_loop(a.e, "ev"));
	assert_true(library_only_loop(a.e, "uv"));
	assert_false(library_only_loop(a.e, "other"));
	done(&a);
	a = apply(models, "fn m() {\n call use_threads()\n}\n");
	assert_false(library_only_loop(a.e, "ev"));
	done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_the_effects_of_its_model),
		cmocka_unit_test(the_effects_of_one_site_lie_together),
		cmocka_unit_test(arguments_count_from_the_end_behind_dots),
		cmocka_unit_test(an_indirect_call_has_the_effects_of_its_target),
		cmocka_unit_test(a_defined_function_keeps_its_model),
		cmocka_unit_test(libraries_are_found_by_header_or_by_function),
		cmocka_unit_test(a_strict_model_speaks_first_where_its_library_is_used),
		cmocka_unit_test(places_are_found),
		cmocka_unit_test(a_field_may_lie_in_an_unnamed_record),
		cmocka_unit_test(annotations_add_to_the_model),
		cmocka_unit_test(parameters_of_a_declaration_have_numbers),
		cmocka_unit_test(an_annotation_that_is_wrong_is_said),
		cmocka_unit_test(what_to_use_instead),
		cmocka_unit_test(only_on_loop_unless_locking_was_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
