/* test_sandbox.c - what is refused behind the fences, and what still works. */
#include "front/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char victim[] = "/tmp/tvt-sandbox-XXXXXX";

/* ---- attempts: true if it was refused ---- */

static bool refused(long rc)
{
	return rc < 0 && (errno == EPERM || errno == EACCES);
}

static bool a_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0)) && refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static bool a_program(void)
{
	char *argv[] = {"true", NULL};

	return refused(execv("/bin/true", argv));
}

static bool a_signal(void)
{
	return refused(kill(getppid(), SIGTERM));
}

static bool a_removal(void)
{
	return refused(unlink(victim));
}

static bool a_new_name(void)
{
	char to[64];

	snprintf(to, sizeof to, "%s.new", victim);
	return refused(rename(victim, to)) && refused(link(victim, to)) &&
	       refused(symlink(victim, to)) && refused(mkdir(to, 0700));
}

static bool a_mode(void)
{
	return refused(chmod(victim, 0777)) && refused(truncate(victim, 0));
}

/* ---- what parsing needs: true if it works ---- */

static bool reading(void)
{
	char text[8] = {0};
	int fd = open(victim, O_RDONLY);

	return fd >= 0 && read(fd, text, sizeof text) == 4 && !strcmp(text, "text");
}

static bool memory(void)
{
	int fd = memfd_create("x", 0);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fd >= 0 && !ftruncate(fd, 4096) && p != MAP_FAILED;
}

static void *nothing(void *arg)
{
	return arg;
}

static bool a_thread(void)
{
	pthread_t t;

	return !pthread_create(&t, NULL, nothing, NULL) && !pthread_join(t, NULL);
}

static bool in_sandbox(bool (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		sandbox_enter();
		_exit(attempt() ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void harm_is_refused(void **state)
{
	assert_true(in_sandbox(a_socket));
	assert_true(in_sandbox(a_program));
	assert_true(in_sandbox(a_signal));
	assert_true(in_sandbox(a_removal));
	assert_true(in_sandbox(a_new_name));
	assert_true(in_sandbox(a_mode));
}

static void parsing_is_not(void **state)
{
	assert_true(in_sandbox(reading));
	assert_true(in_sandbox(memory));
	assert_true(in_sandbox(a_thread));
}

static void the_fences_are_named(void **state)
{
	struct sb s = {0};

	front_sandbox(&s);
	assert_non_null(strstr(s.s, "limits of memory, time and file size"));
	sb_free(&s);
}

static int setup(void **state)
{
	int fd = mkstemp(victim);

	return fd < 0 || write(fd, "text", 4) != 4 || close(fd);
}

static int teardown(void **state)
{
	return unlink(victim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harm_is_refused),
		cmocka_unit_test(parsing_is_not),
		cmocka_unit_test(the_fences_are_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
