/* Which calls block a task: contexts, conditions, descriptors, regions, witnesses. */
#include "solve_tir.h"

/* An event_set() registration of cb; every test hangs its code below. */
#define REGISTER "file \"/s/a.c\" main\nfn start(ev, fd) {\n call event_set(ev, fd, 2, &cb, 0) @2:1\n}\n"

static void expect(const char *text, const char *blocks)
{
	struct solved s = solve_tir(text);
	assert_string_equal(blocks_in(&s, GROUP_TASK), blocks);
	solved_free(&s);
}

static void a_call_below_a_callback(void **state)
{
	struct solved s = solve_tir(REGISTER "fn cb(fd, what, arg) {\n call feed(arg) @5:1\n}\n"
					     "fn feed(a) {\n call open_it(a) @6:1\n}\n"
					     "fn open_it(a) {\n %r = call getaddrinfo(a, 0, 0, 0) @7:1\n}\n");
	assert_string_equal(blocks_in(&s, GROUP_TASK), "open_it:7:getaddrinfo:dns");
	assert_string_equal(chain_of(&s, 0), "cb > feed > open_it");
	solved_free(&s);
}

static void the_shortest_witness_is_kept(void **state)
{
	struct solved s = solve_tir(REGISTER "fn cb(fd, what, arg) {\n call one() @5:1\n call leaf() @6:1\n}\n"
					     "fn one() {\n call leaf() @7:1\n}\n"
					     "fn leaf() {\n call sleep(1) @8:1\n}\n");
	assert_string_equal(chain_of(&s, 0), "cb > leaf");
	solved_free(&s);
}

static void start_up_is_no_task(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n}\nfn main() {\n call sleep(1) @6:1\n call start(0, 1) @7:1\n}\n", "");
}

#define OPTIONS(stored)                                                                                                    \
	REGISTER "fn cb(fd, what, arg) {\n local url: int\n store url.url:quick, " stored "\n %u = addr url\n"                 \
		 " call parse(%u) @5:1\n}\n"                                                                                 \
		 "fn parse(u) {\nb0:\n %q = load u->url:quick\n if %q != 0 goto b1 else b2\nb1:\n ret\n"                       \
		 "b2:\n call look_up(u) @6:1\n ret\n}\n"                                                                     \
		 "fn look_up(u) {\n %r = call getaddrinfo(u, 0, 0, 0) @7:1\n}\n"

static void an_option_that_the_caller_has_chosen_speaks_against_it(void **state)
{
	struct solved s = solve_tir(OPTIONS("1"));
	assert_int_equal(s.f->nblock, 1);
	assert_true(s.f->blocks[0].denied);
	solved_free(&s);
	s = solve_tir(OPTIONS("0"));
	assert_int_equal(s.f->nblock, 1);
	assert_false(s.f->blocks[0].denied);
	solved_free(&s);
	s = solve_tir(OPTIONS("fd")); /* as it comes */
	assert_false(s.f->blocks[0].denied);
	solved_free(&s);
}

#define KEPT(stored)                                                                                                       \
	REGISTER "global home: int\nfn cb(fd, what, arg) {\nb0:\n %h = load ::home\n if %h != 0 goto b1 else b2\nb1:\n ret\n" \
		 "b2:\n %p = call getpwuid(0) @5:1\n store ::" stored "\n ret\n}\n"

static void what_is_kept_is_asked_for_once(void **state)
{
	struct solved s = solve_tir(KEPT("home, %p"));
	assert_true(s.f->blocks[0].once);
	solved_free(&s);
	s = solve_tir(KEPT("home, 0"));
	assert_false(s.f->blocks[0].once);
	solved_free(&s);
}

#define WAIT_CHILD                                                                                                         \
	"fn wait_child(pid, nonblock) {\nb0:\n if nonblock goto b1 else b2\n"                                              \
	"b1:\n %a = call waitpid(pid, 0, 1) @8:1\n ret %a\n"                                                              \
	"b2:\n %b = call waitpid(pid, 0, 0) @9:1\n ret %b\n}\n"

static void a_constant_through_a_wrapper_decides(void **state)
{
	expect(REGISTER WAIT_CHILD "fn cb(fd, what, arg) {\n %r = call wait_child(1, 0) @5:1\n}\n", "wait_child:9:waitpid:process");
	expect(REGISTER WAIT_CHILD "fn cb(fd, what, arg) {\n %r = call wait_child(1, 1) @5:1\n}\n", "");
}

static void two_chains_to_one_line_are_judged_apart(void **state)
{
	/* sleeps if its parameter says so; one caller says so, one does not */
	struct solved s = solve_tir(REGISTER
		"fn cb(fd, what, arg) {\n call quick() @5:1\n call slow() @6:1\n}\n"
		"fn quick() {\n call pause_if(0) @7:1\n}\n"
		"fn slow() {\n call pause_if(1) @8:1\n}\n"
		"fn pause_if(on) {\nb0:\n if on goto b1 else b2\nb1:\n call sleep(1) @9:1\nb2:\n end\n}\n");
	assert_string_equal(blocks_in(&s, GROUP_TASK), "pause_if:9:sleep:sleep");
	assert_string_equal(chain_of(&s, 0), "cb > slow > pause_if");
	solved_free(&s);
}

static void a_regular_file_blocks_whatever_its_flags(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n %f: int = call open(\"x\", 0) @5:1\n %n = call read(%f, arg, 10) @6:1\n}\n",
		"cb:5:open:disk cb:6:read:disk");
}

static void an_unknown_descriptor_is_taken_as_non_blocking(void **state)
{
	struct solved s = solve_tir(REGISTER "fn cb(fd, what, arg) {\n %n = call read(fd, arg, 10) @5:1\n}\n");
	assert_string_equal(blocks_in(&s, GROUP_TASK), "");
	assert_int_equal(s.f->nassumed, 1);
	solved_free(&s);
}

/* fcntl(fd, F_SETFL, mode | O_NONBLOCK) or mode & ~O_NONBLOCK, by a parameter. */
#define SETBLOCKING                                                                                                        \
	"fn setblocking(fd, on) {\nlocal m: int\nb0:\n m = call fcntl(fd, 3, 0)\n if on goto b1 else b2\n"                 \
	"b1:\n m = bin.and m, -2049\n goto b3\nb2:\n m = bin.or m, 2048\n goto b3\nb3:\n %r = call fcntl(fd, 4, m)\n}\n"

#define DRAIN                                                                                                              \
	"fn drain(c) {\n %b: int = load c->conn:fd\n %n = call read(%b, c, 10) @7:1\n}\n"

static void a_descriptor_made_blocking_on_the_way_blocks(void **state)
{
	expect(REGISTER SETBLOCKING DRAIN
		"fn cb(fd, what, c) {\n %a: int = load c->conn:fd\n call setblocking(%a, 1)\n call drain(c) @6:1\n}\n",
		"drain:7:read:io");
	expect(REGISTER SETBLOCKING DRAIN
		"fn cb(fd, what, c) {\n %a: int = load c->conn:fd\n call setblocking(%a, 0)\n call drain(c) @6:1\n}\n",
		"");
}

static void the_child_of_a_fork_is_not_the_loop(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\nb0:\n %p = call fork() @5:1\n if %p == 0 goto b1 else b2\n"
			"b1:\n call sleep(1) @6:1\n goto b2\nb2:\n end\n}\n",
		"cb:5:fork:process");
}

static void the_child_of_a_wrapped_fork_is_not_either(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\nb0:\n %p = call my_fork() @5:1\n if %p == 0 goto b1 else b2\n"
			"b1:\n call sleep(1) @6:1\n goto b2\nb2:\n end\n}\n"
			"fn my_fork() {\nlocal pid: int\nb0:\n pid = call fork() @7:1\n if pid == 0 goto b1 else b2\n"
			"b1:\n call log()\nb2:\n ret pid\n}\n",
		"my_fork:7:fork:process");
}

static void what_leads_to_exit_is_not_reported(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\nb0:\n if what goto b1 else b2\nb1:\n call die() @6:1\n stop\nb2:\n end\n}\n"
			"fn die() noreturn {\n call sleep(1) @7:1\n call exit(1)\n stop\n}\n",
		"");
}

static void the_body_of_a_hand_written_loop_is_a_task(void **state)
{
	struct solved s = solve_tir("file \"/s/a.c\" main\n"
				    "fn main() {\nb0:\n call sleep(1) @2:1\n goto b1\nb1: loop\n %n = call epoll_wait(3, 0, 16, -1) @3:1\n"
				    " %f = load ::handlers[%n]\n icall %f() @4:1\n goto b1\n}\n"
				    "fn slow() {\n call usleep(10) @5:1\n}\n"
				    "fn set() {\n store ::handlers[0], &slow\n}\n");
	assert_int_equal(s.f->nloop, 1);
	assert_string_equal(blocks_in(&s, GROUP_TASK), "slow:5:usleep:sleep");
	assert_string_equal(chain_of(&s, 0), "main ~> slow");
	solved_free(&s);
}

static void a_retry_around_the_wait_is_no_loop(void **state)
{
	struct solved s = solve_tir("file \"/s/a.c\" main\n"
				    "fn wait_for(fd) {\nb0: loop\n %n = call poll(fd, 1, 100) @2:1\n if %n < 0 goto b0 else b1\nb1:\n ret %n\n}\n");
	assert_int_equal(s.f->nloop, 0);
	solved_free(&s);
}

static void a_thread_may_block(void **state)
{
	struct solved s = solve_tir(REGISTER "fn cb(fd, what, arg) {\n %r = call pthread_create(arg, 0, &worker, 0) @5:1\n}\n"
					     "fn worker(a) {\n call sleep(1) @6:1\n}\n");
	assert_string_equal(blocks_in(&s, GROUP_TASK), "");
	assert_string_equal(blocks_in(&s, GROUP_THREAD), "worker:6:sleep:sleep");
	solved_free(&s);
}

static void a_parameter_that_is_called_is_the_one_of_this_chain(void **state)
{
	/* each(fn) is used with a slow function at start-up and with a quick one on the loop */
	expect(REGISTER "fn cb(fd, what, arg) {\n call each(&quick) @5:1\n}\n"
			"fn main() {\n call each(&slow) @6:1\n}\n"
			"fn each(f) {\n icall f() @7:1\n}\n"
			"fn quick() {\n}\nfn slow() {\n call sleep(1) @8:1\n}\n",
		"");
}

static void a_comparator_runs_in_the_caller(void **state)
{
	expect(REGISTER "fn cb(fd, what, arg) {\n call qsort(arg, 10, 8, &cmp) @5:1\n}\n"
			"fn cmp(a, b) {\n call sleep(1) @6:1\n ret 0\n}\n",
		"cmp:6:sleep:sleep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_below_a_callback),
		cmocka_unit_test(the_shortest_witness_is_kept),
		cmocka_unit_test(start_up_is_no_task),
		cmocka_unit_test(an_option_that_the_caller_has_chosen_speaks_against_it),
		cmocka_unit_test(what_is_kept_is_asked_for_once),
		cmocka_unit_test(a_constant_through_a_wrapper_decides),
		cmocka_unit_test(two_chains_to_one_line_are_judged_apart),
		cmocka_unit_test(a_regular_file_blocks_whatever_its_flags),
		cmocka_unit_test(an_unknown_descriptor_is_taken_as_non_blocking),
		cmocka_unit_test(a_descriptor_made_blocking_on_the_way_blocks),
		cmocka_unit_test(the_child_of_a_fork_is_not_the_loop),
		cmocka_unit_test(the_child_of_a_wrapped_fork_is_not_either),
		cmocka_unit_test(what_leads_to_exit_is_not_reported),
		cmocka_unit_test(the_body_of_a_hand_written_loop_is_a_task),
		cmocka_unit_test(a_retry_around_the_wait_is_no_loop),
		cmocka_unit_test(a_thread_may_block),
		cmocka_unit_test(a_parameter_that_is_called_is_the_one_of_this_chain),
		cmocka_unit_test(a_comparator_runs_in_the_caller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
