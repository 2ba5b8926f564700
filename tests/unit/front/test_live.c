/* A unit that is lowered again and again from buffers: the same as from scratch, byte by byte. */
#include "front/front.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/tvt-live-XXXXXX";
static const char *path;
static struct tu_cmd cmd;
static const struct front_opts opts = {.jobs = 1};

static const char text[] = "#include <stdio.h>\n#include <stdlib.h>\n#define TWICE(x) ((x) * 2)\n\n"
			   "struct s { int a, *b; };\n\nint f(struct s *s)\n{\n\tputs(\"f\");\n\treturn TWICE(s->a) + abs(*s->b);\n}\n";

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	asprintf((char **)&path, "%s/a.c", dir);
	cmd = (struct tu_cmd){.file = path, .dir = dir, .compiler = "cc", .entry = NONE};
	return fs_write_atomic(path, text, sizeof text - 1);
}

static int teardown(void **state)
{
	unlink(path);
	rmdir(dir);
	return 0;
}

static int lower(struct live *l, const char *s, uint32_t tag, struct unit *u)
{
	struct buffer b = {path, s, strlen(s)};
	uint32_t got_tag = 0;
	int got;

	assert_int_equal(live_send(l, &b, 1, tag), 0);
	assert_true(live_busy(l));
	assert_int_equal(live_send(l, &b, 1, tag), -1); /* one at a time */
	while ((got = live_receive(l, u, &got_tag)) == 0)
		poll(&(struct pollfd){.fd = live_fd(l), .events = POLLIN}, 1, 10000);
	assert_true(got < 0 || got_tag == tag);
	return got;
}

static void end(struct live *l)
{
	assert_true(waitpid(live_end(l), NULL, 0) > 0);
}

static void same_as_from_scratch(void **state)
{
	struct compdb db = {.tus = &cmd, .ntu = 1};
	struct live *l = live_start(&cmd, &opts);
	struct unit plain, u;

	assert_int_equal(front_lower_all(&db, &opts, &plain), 0);
	assert_int_equal(plain.state, UNIT_OK);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(lower(l, text, i, &u), 1);
		assert_int_equal(u.state, UNIT_OK);
		assert_int_equal(u.nir, plain.nir);
		assert_memory_equal(u.blob, plain.blob, plain.nir);
		unit_free(&u);
	}
	unit_free(&plain);
	end(l);
}

static void follows_the_text(void **state)
{
	struct live *l = live_start(&cmd, &opts);
	struct unit u;
	static const struct {
		const char *text;
		enum unit_state state;
		const char *fn;
	} steps[] = {
		{"int g(void) { return 1; }\n", UNIT_OK, "g"},
		{"#include <string.h>\nint h(void) { return (int)strlen(\"x\"); }\n", UNIT_OK, "h"}, /* another beginning */
		{"#include <string.h>\nint h(void) { return (int)strlen(\n", UNIT_ERRORS, "h"},
		{"#include \"nothing.h\"\nint k(void) { return 1; }\n", UNIT_ERRORS, "k"},
		{"", UNIT_OK, NULL},
		{"int g(void) { return 1; }\n", UNIT_OK, "g"},
	};

	unlink(path); /* what is open need not be on disk */
	for (size_t i = 0; i < COUNT(steps); i++) {
		bool found = !steps[i].fn;

		assert_int_equal(lower(l, steps[i].text, 7, &u), 1);
		assert_int_equal(u.state, steps[i].state);
		for (uint32_t k = 0; k < u.ir->nfns && !found; k++)
			found = !strcmp(ir_text_of(u.ir, u.ir->fns[k].name), steps[i].fn) && u.ir->fns[k].nblock;
		assert_true(found);
		unit_free(&u);
	}
	end(l);
	assert_int_equal(fs_write_atomic(path, text, sizeof text - 1), 0);
}

static void a_dead_worker_is_told_of(void **state)
{
	struct live *l = live_start(&cmd, &opts);
	struct buffer b = {path, text, sizeof text - 1};
	struct unit u;
	uint32_t tag;
	int got;
	pid_t pid;

	assert_int_equal(lower(l, text, 1, &u), 1);
	unit_free(&u);
	assert_int_equal(live_send(l, &b, 1, 2), 0);
	pid = live_end(l); /* while it works */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	l = live_start(&cmd, &(struct front_opts){.memory = 1 << 20}); /* not enough to begin with */
	if (live_send(l, &b, 1, 3) == 0)
		while ((got = live_receive(l, &u, &tag)) == 0)
			poll(&(struct pollfd){.fd = live_fd(l), .events = POLLIN}, 1, 10000);
	else
		got = -1;
	if (got == 1)
		unit_free(&u);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_int_equal(got, -1);
#endif
	end(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_from_scratch),
		cmocka_unit_test(follows_the_text),
		cmocka_unit_test(a_dead_worker_is_told_of),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
