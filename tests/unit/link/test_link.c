/* Linking: what meets across units, what stays apart, and where indirect calls go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "link/link.h"

static struct program *linked(const char *a, const char *b)
{
	struct ir *u[2] = {ir_parse("a.tir", a), b ? ir_parse("b.tir", b) : NULL};
	assert_non_null(u[0]);
	struct program *p = link_units((const struct ir *const *)u, 2);
	struct arena *mem = arena_new();
	assert_string_equal(program_check(p, mem), "");
	arena_free(mem);
	ir_free(u[0]);
	if (u[1])
		ir_free(u[1]);
	return p;
}

/* "callee:why callee:why" of the calls in a function, in order. */
static const char *calls(const struct program *p, const char *fn)
{
	static char buf[1024];
	uint32_t f[4], n = program_find(p, fn, f, 4);
	assert_true(n >= 1);
	*buf = 0;
	for (uint32_t e = p->out[f[0]]; e != NONE && e < p->nedge && p->edges[e].caller == f[0]; e++)
		snprintf(buf + strlen(buf), sizeof buf - strlen(buf), "%s%s:%s", *buf ? " " : "", fn_name(p, p->edges[e].callee),
			edge_word[p->edges[e].why]);
	return buf;
}

static void a_call_meets_its_definition_in_another_unit(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\nfn f() {\n call g(1)\n}\n",
		"file \"/s/b.c\" main\nfn g(x) {\n ret x\n}\n");
	uint32_t g[4];
	assert_int_equal(program_find(p, "g", g, 4), 1);
	assert_true(fn_defined(p, g[0]));
	assert_string_equal(calls(p, "f"), "g:direct");
	program_free(p);
}

static void statics_of_one_name_stay_apart(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\nfn f() {\n call g()\n}\nfn g() static {\n call one()\n}\n",
		"file \"/s/b.c\" main\nfn h() {\n call g()\n}\nfn g() static {\n call two()\n}\n");
	uint32_t g[4];
	assert_int_equal(program_find(p, "g", g, 4), 2);
	assert_string_not_equal(calls(p, "f"), "");
	uint32_t f[1], h[1];
	program_find(p, "f", f, 1);
	program_find(p, "h", h, 1);
	assert_int_not_equal(p->edges[p->out[f[0]]].callee, p->edges[p->out[h[0]]].callee);
	program_free(p);
}

static void of_two_definitions_the_near_one_is_meant(void **state)
{
	/* two programs in one database, and a stub elsewhere */
	struct program *p = linked("file \"/s/tool/a.c\" main\nfn main() {\n call g()\n}\nfn g() {\n call tool()\n}\n",
		"file \"/s/daemon/b.c\" main\nfn run() {\n call g()\n}\nfn g() {\n call daemon()\n}\n");
	uint32_t run[1];
	program_find(p, "run", run, 1);
	uint32_t g = p->edges[p->out[run[0]]].callee;
	assert_string_equal(fn_name(p, p->edges[p->out[g]].callee), "daemon");
	program_free(p);
}

static void a_stub_is_smaller_than_what_it_stands_for(void **state)
{
	const char *call = "file \"/s/x/c.c\" main\nfn f() {\n call g()\n}\n";
	struct ir *u[3] = {ir_parse("c", call), ir_parse("a", "file \"/s/stubs/a.c\" main\nfn g() {\n ret 0\n}\n"),
		ir_parse("b", "file \"/s/block/b.c\" main\nfn g() {\n %a = call one()\n %b = call two()\n ret %b\n}\n")};
	struct program *p = link_units((const struct ir *const *)u, 3);
	uint32_t f[1];
	program_find(p, "f", f, 1);
	assert_int_equal(p->ir->fns[p->edges[p->out[f[0]]].callee].nop, 3);
	program_free(p);
	for (int i = 0; i < 3; i++)
		ir_free(u[i]);
}

static void a_header_function_is_one_if_its_bodies_are(void **state)
{
	const char *u = "file \"/s/%c.c\" main\nfile \"/s/h.h\"\nfn g() static header key \"g@h\" hash \"0123456789abcdef\" {\n call "
			"x()\n}\nfn f%c() {\n call g()\n}\n";
	char a[512], b[512];
	snprintf(a, sizeof a, u, 'a', 'a');
	snprintf(b, sizeof b, u, 'b', 'b');
	struct program *p = linked(a, b);
	uint32_t g[4];
	assert_int_equal(program_find(p, "g", g, 4), 1);
	assert_string_equal(calls(p, "fa"), "g:direct");
	assert_string_equal(calls(p, "fb"), "g:direct");
	program_free(p);
}

static void a_field_keeps_its_functions_apart_from_other_fields(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "fn set(c) {\n store c->conn:read, &on_read\n store c->conn:write, &on_write\n}\n"
				   "fn on_read(c) {\n}\nfn on_write(c) {\n}\n",
		"file \"/s/b.c\" main\n"
		"fn go(c) {\n %f = load c->conn:read\n icall %f(c)\n}\n");
	assert_string_equal(calls(p, "go"), "on_read:field");
	program_free(p);
}

static void a_table_of_a_program_is_seen_through(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "global tab static\n"
				   "fn '(init)'() init {\n store.init ::tab[0].cmd:proc, &get\n store.init ::tab[1].cmd:proc, &set\n}\n"
				   "fn get(c) {\n}\nfn set(c) {\n}\n"
				   "fn run(i) {\n %f = load ::tab[i].cmd:proc\n icall %f(i)\n}\n",
		NULL);
	assert_string_equal(calls(p, "run"), "get:table set:table");
	assert_int_equal(p->nunresolved, 0);
	program_free(p);
}

static void a_pointer_handed_on_through_an_indirect_call_arrives(void **state)
{
	/* conn->type->set_read_handler(conn, func) */
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "record conn {\n handler: *void\n type: *void\n}\n"
				   "fn init(t) {\n store t->type:set, &set_read\n}\n"
				   "fn set_read(c, func: *void) {\n store c->conn:handler, func\n}\n"
				   "fn user(c) {\n %t = load c->conn:type\n %f = load %t->type:set\n icall %f(c, &mine)\n}\n"
				   "fn mine(c) {\n}\n"
				   "fn event(c) {\n %h = load c->conn:handler\n icall %h(c)\n}\n",
		NULL);
	assert_string_equal(calls(p, "user"), "set_read:field");
	assert_string_equal(calls(p, "event"), "mine:field");
	program_free(p);
}

static void a_cell_behind_a_pointer_is_followed(void **state)
{
	/* h = array_push(&handlers); *h = fn;   h = handlers.elts; h[i](r) */
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "type pf fn *void \"void *(struct array *)\" params 1\n"
				   "record array {\n elts: *void\n}\n"
				   "fn push(a): pf {\n %e: *void = load a->array:elts\n %x: *void = bin.add %e, 8\n ret %x\n}\n"
				   "fn reg(a) {\n local h: **void\n h = call push(a)\n store h.*, &phase\n}\n"
				   "fn run(a, i) {\n local h: **void\n h = load a->array:elts\n %f = load h.*[i]\n icall %f(a)\n}\n"
				   "fn phase(r) {\n}\n",
		NULL);
	assert_string_equal(calls(p, "run"), "phase:table");
	program_free(p);
}

static void an_unreached_call_is_resolved_by_type_and_marked(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "type cb fn int \"int (char *, long)\" params 2\n"
				   "type other fn int \"int (float)\" params 1\n"
				   "fn one(a, b): cb {\n}\nfn two(a): other {\n}\n"
				   "fn keep() {\n call store(&one)\n call store(&two)\n}\n"
				   "fn go() {\n %f: *cb = call lookup()\n icall %f(1, 2)\n}\n",
		NULL);
	assert_string_equal(calls(p, "go"), "lookup:direct one:type");
	assert_int_equal(p->nby_type, 1);
	program_free(p);
}

static void what_nothing_explains_is_counted(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\nfn go() {\n %f = call lookup()\n icall %f(1, 2)\n}\n", NULL);
	assert_int_equal(p->nicall, 1);
	assert_int_equal(p->nunresolved, 1);
	program_free(p);
}

static void components_come_callees_first(void **state)
{
	struct program *p = linked("file \"/s/a.c\" main\n"
				   "fn a() {\n call b()\n}\nfn b() {\n call c()\n}\nfn c() {\n call b()\n call d()\n}\nfn d() {\n}\n",
		NULL);
	uint32_t f[4];
	const char *names = "abcd";
	for (int i = 0; i < 4; i++) {
		char name[2] = {names[i], 0};
		program_find(p, name, &f[i], 1);
	}
	assert_int_equal(p->scc[f[1]], p->scc[f[2]]);
	assert_true(p->scc[f[3]] < p->scc[f[1]]);
	assert_true(p->scc[f[1]] < p->scc[f[0]]);
	program_free(p);
}

static void two_records_of_one_name_do_not_multiply_fields(void **state)
{
	/* the third has the fields of the second: what it calls 'used' is one field, not two */
#define DICT(fields) "file \"/s/x.c\" main\nrecord dict key \"c:@S@dict\" {\n " fields "\n}\n"
	struct ir *u[3] = {ir_parse("a.tir", DICT("size: int")),
		ir_parse("b.tir", DICT("used: int") "fn f(d) {\n store d->dict:used, 1\n}\n"),
		ir_parse("c.tir", DICT("used: int") "fn g(d) {\n store d->dict:used, 2\n}\n")};
	struct program *p = link_units((const struct ir *const *)u, 3);
	uint32_t stored[2], n = 0;
	for (uint32_t o = 0; o < p->ir->nops; o++)
		if (p->ir->ops[o].kind == OP_STORE)
			stored[n++] = path_field(p->ir, p->ir->ops[o].dst.id);
	assert_int_equal(n, 2);
	assert_int_not_equal(stored[0], NONE);
	assert_int_equal(stored[0], stored[1]);
	program_free(p);
	for (int i = 0; i < 3; i++)
		ir_free(u[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_meets_its_definition_in_another_unit),
		cmocka_unit_test(statics_of_one_name_stay_apart),
		cmocka_unit_test(of_two_definitions_the_near_one_is_meant),
		cmocka_unit_test(a_stub_is_smaller_than_what_it_stands_for),
		cmocka_unit_test(a_header_function_is_one_if_its_bodies_are),
		cmocka_unit_test(a_field_keeps_its_functions_apart_from_other_fields),
		cmocka_unit_test(a_table_of_a_program_is_seen_through),
		cmocka_unit_test(a_pointer_handed_on_through_an_indirect_call_arrives),
		cmocka_unit_test(a_cell_behind_a_pointer_is_followed),
		cmocka_unit_test(an_unreached_call_is_resolved_by_type_and_marked),
		cmocka_unit_test(what_nothing_explains_is_counted),
		cmocka_unit_test(components_come_callees_first),
		cmocka_unit_test(two_records_of_one_name_do_not_multiply_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
