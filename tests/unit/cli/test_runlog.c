/* Logs of race detectors, as they print them; a real run of each is in tests/cli/confirm. */
#include "cli/runlog.h"

#include <setjmp.h>
#include <cmocka.h>

/* clang tells columns and build ids; gcc's frames of the library have paths of its own build. */
static const char tsan[] = "the program's own words\n"
			   "==================\n"
			   "WARNING: ThreadSanitizer: data race (pid=12)\n"
			   "  Write of size 4 at 0x55 by thread T2 (mutexes: write M0):\n"
			   "    #0 memset ../../src/tsan_interceptors.inc:10 (libtsan.so.2+0x1)\n"
			   "    #1 operator new[](unsigned long) /src/my dir/b.c:7:3 (prog+0x2) (BuildId: 00)\n"
			   "\n"
			   "  Previous atomic read of size 4 at 0x55 by main thread:\n"
			   "    #0 main /src/a.c:14 (prog+0x1)\n"
			   "\n"
			   "  Location is global 'stats' of size 8 at 0x55 (prog+0x4)\n"
			   "\n"
			   "  Thread T2 (tid=3, running) created by main thread at:\n"
			   "    #0 pthread_create <null> (prog+0x6)\n"
			   "\n"
			   "SUMMARY: ThreadSanitizer: data race /src/b.c:7 in f\n"
			   "==================\n"
			   "WARNING: ThreadSanitizer: lock-order-inversion (potential deadlock) (pid=12)\n"
			   "  Cycle in lock order graph: M0 (0x1) => M1 (0x2) => M0\n"
			   "\n"
			   "  Mutex M1 acquired here while holding mutex M0 in thread T1:\n"
			   "    #0 pthread_mutex_lock <null> (prog+0x1)\n"
			   "    #1 both /src/a.c:13:2 (prog+0x1)\n"
			   "\n"
			   "  Mutex M0 previously acquired by the same thread here:\n"
			   "    #0 both /src/a.c:12:2 (prog+0x1)\n";

static const char helgrind[] = "==7== Helgrind, a thread error detector\n"
			       "==7== \n"
			       "==7== Thread #2 was created\n"
			       "==7==    at 0x49: clone (clone.S:76)\n"
			       "==7== ---------------------\n"
			       "==7== Possible data race during read of size 4 at 0x10C088 by thread #3\n"
			       "==7== Locks held: 1, at address 0x10\n"
			       "==7==    at 0x10918D: bump (r.c:14)\n"
			       "==7==    by 0x484C7D6: ??? (in /usr/libexec/vgpreload.so)\n"
			       "==7== \n"
			       "==7== This conflicts with a previous write of size 4 by thread #2\n"
			       "==7== Locks held: none\n"
			       "==7==    at 0x109196: work (r.c:19)\n"
			       "==7==  Address 0x10c088 is 0 bytes inside data symbol \"plain\"\n"
			       "==7== ---------------------\n"
			       "==7== Thread #1: lock order \"0x10C080 before 0x10C0C0\" violated\n"
			       "==7== \n"
			       "==7== Observed (incorrect) order is: acquisition of lock at 0x10C0C0\n"
			       "==7==    at 0x109196: both (r.c:12)\n"
			       "==7== \n"
			       "==7==  followed by a later acquisition of lock at 0x10C080\n"
			       "==7==    at 0x109196: both (r.c:13)\n"
			       "==7== \n"
			       "==7== Thread #1 unlocked a not-locked lock at 0x10C080\n"
			       "==7==    at 0x1: main (r.c:30)\n"
			       "==7==  Lock at 0x10C080 was first observed\n"
			       "==7==    at 0x1: main (r.c:20)\n";

static const char drd[] = "==7== drd, a thread error detector\n"
			  "==7== Conflicting store by thread 1 at 0x0010c0e8 size 8\n"
			  "==7==    at 0x1: main (r.c:33)\n"
			  "==7== Allocation context: BSS section of /tmp/r\n"
			  "==7== Other segment start (thread 2)\n"
			  "==7==    at 0x1: clone (clone.S:83)\n"
			  "==7== \n"
			  "==7== ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 0 from 0)\n";

static struct runlog parse(const char *text)
{
	struct runlog log = {.mem = arena_new()};
	runlog_parse(&log, text);
	return log;
}

static void done(struct runlog *log)
{
	runlog_free(log);
	arena_free(log->mem);
}

static void thread_sanitizer(void **state)
{
	struct runlog log = parse(tsan);
	assert_true(log.known);
	assert_int_equal(log.reports.n, 2);
	const struct run_report *r = log.reports.v;
	assert_int_equal(r->kind, RUN_RACE);
	assert_string_equal(r->title, "data race");
	assert_string_equal(r->object, "stats");
	assert_int_equal(r->stacks.n, 2);
	assert_string_equal(r->stacks.v[0].what, "write");
	assert_int_equal(r->stacks.v[0].frames.n, 2);
	assert_int_equal(r->stacks.v[0].frames.v[1].line, 7);
	assert_true(str_ends(r->stacks.v[0].frames.v[1].file, "dir/b.c"));
	assert_string_equal(r->stacks.v[1].what, "read");
	assert_string_equal(r->stacks.v[1].frames.v[0].fn, "main");
	assert_string_equal(r->stacks.v[1].frames.v[0].file, "/src/a.c");
	r++;
	assert_int_equal(r->kind, RUN_ORDER);
	assert_int_equal(r->stacks.n, 1); /* where the held one was taken is none */
	assert_null(r->stacks.v[0].frames.v[0].file);
	assert_int_equal(r->stacks.v[0].frames.v[1].line, 13);
	done(&log);
}

static void helgrinds(void **state)
{
	struct runlog log = parse(helgrind);
	assert_int_equal(log.reports.n, 3);
	const struct run_report *r = log.reports.v;
	assert_string_equal(r->tool, "Helgrind");
	assert_string_equal(r->object, "plain");
	assert_int_equal(r->stacks.n, 2);
	assert_int_equal(r->stacks.v[0].frames.n, 2);
	assert_string_equal(r->stacks.v[0].frames.v[0].file, "r.c");
	assert_null(r->stacks.v[0].frames.v[1].file);
	assert_int_equal(r->stacks.v[1].frames.v[0].line, 19);
	assert_int_equal(r[1].kind, RUN_ORDER);
	assert_int_equal(r[1].stacks.n, 1);
	assert_int_equal(r[1].stacks.v[0].frames.v[0].line, 13);
	assert_int_equal(r[2].kind, RUN_MISUSE);
	assert_int_equal(r[2].stacks.n, 1);
	assert_int_equal(r[2].stacks.v[0].frames.n, 1);
	done(&log);
}

static void drds(void **state)
{
	struct runlog log = parse(drd);
	assert_int_equal(log.reports.n, 1);
	assert_string_equal(log.reports.v[0].tool, "DRD");
	assert_int_equal(log.reports.v[0].stacks.n, 1);
	assert_int_equal(log.reports.v[0].stacks.v[0].frames.n, 1);
	assert_string_equal(log.reports.v[0].stacks.v[0].what, "write");
	done(&log);
}

/* Anything may be in a file. */
static void nonsense(void **state)
{
	static const char *const texts[] = {"", "\n\n", "==", "==1==", "#0", "    #0 ", "  Read of size 4", "at 0x1: f (a.c:1)",
		"WARNING: ThreadSanitizer: ", "==1== Helgrind, a thread error detector\n==1==  followed by a later acquisition of lock\n",
		"WARNING: ThreadSanitizer: x\n#0 f :1 (\n#1 f a:99999999999999 (b)\n#2", "==1== drd, a thread error detector\n"
		"==1== Conflicting load by thread 1\n==1==    at 0x1: (\n==1==    at 0x1: )(\n==1==    by 0x1: f ()\n"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct runlog log = parse(texts[i]);
		for (uint32_t k = 0; k < log.reports.n; k++)
			assert_non_null(log.reports.v[k].title);
		done(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thread_sanitizer),
		cmocka_unit_test(helgrinds),
		cmocka_unit_test(drds),
		cmocka_unit_test(nonsense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
