/* start.c - wrappers around the calls that start threads and programs, and that end this one. */
#include "preload.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <threads.h>
#include <linux/seccomp.h>
#include <unistd.h>

/* ---- threads ---- */

EXPORT int pthread_create(pthread_t *th, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	uint64_t start = now();
	int r = REAL(pthread_create)(th, attr, fn, arg);

	if (r == 0)
		tvt__record_other(
			KIND_START, CALL_pthread_create, RETURN(), now() - start, (uint64_t)fn);
	return r;
}

EXPORT int thrd_create(thrd_t *th, thrd_start_t fn, void *arg)
{
	uint64_t start = now();
	int r = REAL(thrd_create)(th, fn, arg);

	if (r == thrd_success)
		tvt__record_other(
			KIND_START, CALL_thrd_create, RETURN(), now() - start, (uint64_t)fn);
	return r;
}

/* ---- other programs: they are traced too, also when they get an environment of their own ---- */

static char preload[1024], trace_dir[560], trace_opts[80];

/* Called at the start, when the environment is as the front end made it. */
void tvt__keep_environment(void)
{
	static const struct {
		const char *name;
		char *keep;
		size_t size;
	} vars[] = {{"LD_PRELOAD", preload, sizeof preload},
		{TRACE_ENV_DIR, trace_dir, sizeof trace_dir},
		{TRACE_ENV_OPTS, trace_opts, sizeof trace_opts}};

	for (unsigned i = 0; i < COUNT(vars); i++) {
		const char *v = getenv(vars[i].name);
		size_t n = strlen(vars[i].name);

		if (!v || n + strlen(v) + 2 > vars[i].size)
			continue;
		memcpy(vars[i].keep, vars[i].name, n);
		vars[i].keep[n] = '=';
		memcpy(vars[i].keep + n + 1, v, strlen(v) + 1);
	}
}

static bool has(char *const *env, const char *var)
{
	size_t n = (size_t)(strchr(var, '=') - var) + 1;

	for (; *env; env++)
		if (strncmp(*env, var, n) == 0)
			return true;
	return false;
}

static size_t count(char *const *env)
{
	size_t n = 0;

	while (env && env[n])
		n++;
	return n;
}

/* The environment with the three variables added where they are missing. A program that sets an
 * LD_PRELOAD of its own has its way. room: count(env) + 4 pointers. */
static char *const *with_trace(char *const *env, char **room)
{
	static char *const none[] = {NULL};
	char *add[] = {preload, trace_dir, trace_opts};
	size_t n = count(env);

	if (!tvt__.file)
		return env;
	if (!env)
		env = none;
	memcpy(room, env, n * sizeof *room);
	for (unsigned i = 0; i < COUNT(add); i++)
		if (add[i][0] && !has(env, add[i]))
			room[n++] = add[i];
	room[n] = NULL;
	return room;
}

/* The watcher must not signal the program that comes after this one. A vfork child shares our
 * memory but is not the process that the file is about. */
static bool exec_begins(void)
{
	struct trace_file *f = tvt__.file;

	if (!f || !*tvt__.same_process || tvt__.sandboxed || (uint32_t)RAW(getpid, 0) != f->h.pid)
		return false;
	if (tvt__tls.slot)
		go_inside(tvt__tls.slot, UINT64_MAX); /* a signal on its way comes now, or never */
	__atomic_store_n(&f->h.state, STATE_EXECED, __ATOMIC_SEQ_CST);
	return true;
}

static void exec_failed(bool begun)
{
	if (!begun)
		return;
	tvt__.file->h.state = STATE_RUNNING;
	if (tvt__tls.slot)
		go_outside(tvt__tls.slot);
}

#define EXEC(name, params, real, env, ...)                                                         \
	EXPORT int name params                                                                     \
	{                                                                                          \
		char *room[count(env) + 4];                                                        \
		char *const *e = with_trace(env, room);                                            \
		bool begun = exec_begins();                                                        \
		int r = REAL(real)(__VA_ARGS__, e);                                                \
                                                                                                   \
		exec_failed(begun);                                                                \
		return r;                                                                          \
	}
#pragma GCC diagnostic ignored "-Wvla" /* after fork and vfork there is no other memory to have */
EXEC(execve, (const char *path, char *const argv[], char *const env[]), execve, env, path, argv)
EXEC(execv, (const char *path, char *const argv[]), execve, environ, path, argv)
EXEC(execvpe, (const char *file, char *const argv[], char *const env[]), execvpe, env, file, argv)
EXEC(execvp, (const char *file, char *const argv[]), execvpe, environ, file, argv)
EXEC(fexecve, (int fd, char *const argv[], char *const env[]), fexecve, env, fd, argv)

#define SPAWN(name)                                                                                \
	EXPORT int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,   \
		const posix_spawnattr_t *attr, char *const argv[], char *const env[])              \
	{                                                                                          \
		char *room[count(env) + 4];                                                        \
		char *const *e = with_trace(env, room);                                            \
		struct span sp;                                                                    \
		bool timed = span_begin(&sp, CALL_##name, false, KIND_CALL, RETURN(), FRAME());    \
		int r = REAL(name)(pid, path, actions, attr, argv, e);                             \
                                                                                                   \
		if (timed)                                                                         \
			span_end(&sp, KIND_CALL, 0, -1);                                           \
		return r;                                                                          \
	}
SPAWN(posix_spawn)
SPAWN(posix_spawnp)

EXPORT pid_t fork(void)
{
	struct span sp;
	bool timed = span_begin(&sp, CALL_fork, false, KIND_CALL, RETURN(), FRAME());
	pid_t pid = REAL(fork)();

	if (pid != 0 && timed) /* the child has dropped all that by now */
		span_end(&sp, KIND_CALL, 0, -1);
	return pid;
}

EXPORT int dlclose(void *handle)
{
	struct span sp;
	bool timed = span_begin(&sp, CALL_dlclose, false, KIND_CALL, RETURN(), FRAME());
	int r = REAL(dlclose)(handle);

	if (tvt__.file)
		__atomic_fetch_or(&tvt__.file->h.flags, FLAG_STALE, __ATOMIC_RELAXED);
	if (timed)
		span_end(&sp, KIND_CALL, 0, -1);
	return r;
}

/* ---- the end ---- */

EXPORT void _exit(int status)
{
	if (exec_begins())
		tvt__.file->h.state = STATE_EXITED;
	REAL(_exit)(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	_exit(status);
}

EXPORT int prctl(int option, ...)
{
	unsigned long a[4];
	va_list ap;

	va_start(ap, option);
	for (unsigned i = 0; i < COUNT(a); i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP)
		tvt__sandbox();
	return REAL(prctl)(option, a[0], a[1], a[2], a[3]);
}
