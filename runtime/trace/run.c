/* run.c - starts a program with the tracer preloaded, watches it to its end, and reads what it
 * left. */
#include "base/base.h"
#include "runtime/trace/format.h"
#include "runtime/trace/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t got[32]; /* signals to pass on */

static void on_signal(int sig)
{
	got[sig] = 1;
}

static const char *find_library(struct arena *a, const char *given)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *dir, *lib = NULL;

	self[n > 0 ? n : 0] = '\0';
	dir = path_dir(a, self);
	const char *const places[] = {given ? given : "", path_join(a, dir, "libtvt-trace.so"),
		path_join(a, dir, "../runtime/trace/libtvt-trace.so"),
		path_join(a, dir, "../lib/libtvt-trace.so"), TVT_LIBDIR "/libtvt-trace.so"};
	for (size_t i = 0; i < COUNT(places) && !lib; i++)
		if (places[i][0] && fs_is_file(places[i]))
			lib = path_normal(a, places[i][0] == '/'
						     ? places[i]
						     : path_join(a, path_cwd(a), places[i]));
	if (!lib)
		error("libtvt-trace.so is not where this program was built or installed");
	else if (strpbrk(lib, " :"))
		error("'%s': the loader takes no path with a space or colon", lib);
	else
		return lib;
	return NULL;
}

/* In memory if that is to be had: writing to a mapped file on a disk may wait for the disk. A
 * program started as root may go on as another user, who must be able to make files too. */
static const char *make_directory(struct arena *a, const char *given)
{
	const char *tmp = getenv("TMPDIR");
	const char *const places[] = {"/dev/shm", tmp && tmp[0] == '/' ? tmp : "/tmp", "/tmp"};
	char *dir;

	if (given) {
		if (mkdir(given, 0700) != 0 && errno != EEXIST) {
			error("%s: %s", given, strerror(errno));
			return NULL;
		}
		dir = arena_strdup(a, given[0] == '/' ? given : path_join(a, path_cwd(a), given));
	} else {
		for (size_t i = 0;; i++) {
			if (i == COUNT(places)) {
				error("no temporary directory can be made in /dev/shm or /tmp: %s",
					strerror(errno));
				return NULL;
			}
			dir = arena_printf(a, "%s/tvt-trace-XXXXXX", places[i]);
			if (mkdtemp(dir))
				break;
		}
	}
	if (geteuid() == 0 && chmod(dir, 01777) != 0) {
		error("%s: %s", dir, strerror(errno));
		return NULL;
	}
	return dir;
}

static void remove_directory(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (str_ends(e->d_name, ".tvt"))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	if (rmdir(dir) != 0)
		warn("%s: %s", dir, strerror(errno));
}

static char **environment(
	struct arena *a, const char *lib, const char *dir, uint64_t khz, const struct trace_opts *o)
{
	const char *preload = getenv("LD_PRELOAD");
	size_t n = 0, k = 0;
	char **env;

	while (environ[n])
		n++;
	env = arena_alloc(a, (n + 4) * sizeof *env);
	for (size_t i = 0; i < n; i++)
		if (!str_starts(environ[i], "LD_PRELOAD=") &&
			!str_starts(environ[i], TRACE_ENV_DIR "=") &&
			!str_starts(environ[i], TRACE_ENV_OPTS "="))
			env[k++] = environ[i];
	env[k++] = arena_printf(a, "LD_PRELOAD=%s%s%s", lib, preload && preload[0] ? ":" : "",
		preload ? preload : "");
	env[k++] = arena_printf(a, TRACE_ENV_DIR "=%s", dir);
	env[k] = arena_printf(a, TRACE_ENV_OPTS "=%llu %u %u", (unsigned long long)khz,
		o->threshold_us, o->budget_us);
	return env;
}

static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/* Signals that were ignored before us (nohup) stay so; caught ones are reset in the program by
 * exec. */
static void catch_signals(struct sigaction *old)
{
	struct sigaction sa = {.sa_handler = on_signal};

	for (size_t i = 0; i < COUNT(passed); i++) {
		sigaction(passed[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(passed[i], &sa, NULL);
	}
}

/* A terminal sends its signals to the program as well; what was sent to us alone is passed on. When
 * only processes that left the terminal remain, any of them means: end. */
static void pass_signals(const struct watch *w, pid_t child, bool child_alive)
{
	for (size_t i = 0; i < COUNT(passed); i++) {
		int sig = passed[i];

		if (!got[sig])
			continue;
		got[sig] = 0;
		if (!child_alive)
			watch_signal_all(w, SIGTERM);
		else if (sig == SIGTERM || sig == SIGHUP)
			kill(child, sig);
	}
}

/* A quarter of the budget, within reason. */
static struct timespec tick_of(uint32_t budget_us)
{
	uint64_t ns = budget_us * 250ull;

	ns = ns < 500000 ? 500000 : ns > 50000000 ? 50000000 : ns;
	return (struct timespec){0, (long)ns};
}

static void follow(struct watch *w, pid_t child, uint32_t budget_us, int *status)
{
	struct timespec tick = tick_of(budget_us);
	bool alive = true;

	for (;;) {
		siginfo_t info = {0};
		int st;

		/* Look once more before a dead process is reaped: until then its pid is nobody
		 * else's. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			return;
		watch_tick(w);
		if (!info.si_pid) {
			pass_signals(w, child, alive);
			nanosleep(&tick, NULL);
		} else if (waitpid(info.si_pid, &st, 0) == child) {
			*status = st;
			alive = false;
		}
	}
}

int trace_watch(const char *dir, uint32_t budget_us)
{
	struct timespec tick = tick_of(budget_us ? budget_us : 10000);
	struct sigaction old[COUNT(passed)];
	struct watch *w;

	if (!fs_is_dir(dir))
		return error("%s: not a directory", dir);
	w = watch_new(dir);
	catch_signals(old);
	while (!got[SIGINT] && !got[SIGTERM]) {
		watch_tick(w);
		nanosleep(&tick, NULL);
	}
	got[SIGINT] = got[SIGTERM] = 0;
	for (size_t i = 0; i < COUNT(passed); i++)
		sigaction(passed[i], &old[i], NULL);
	watch_free(w);
	return 0;
}

int trace_run(
	const struct trace_opts *given, char *const argv[], struct tracefile **out, int *status)
{
	struct arena *a = arena_new();
	struct trace_opts opts = *given;
	const char *path = loadable(a, argv[0]), *lib = path ? find_library(a, opts.lib) : NULL;
	const char *dir = lib ? make_directory(a, opts.dir) : NULL;
	struct sigaction old[COUNT(passed)];
	struct watch *w;
	uint64_t khz;
	pid_t child;
	int rc = -1, err;

	*out = NULL;
	if (!dir)
		goto out;
	if (!opts.threshold_us)
		opts.threshold_us = 1000;
	if (!opts.budget_us)
		opts.budget_us = 10000;
	khz = trace_measure_khz();
	catch_signals(old);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons stay ours */
	w = watch_new(dir);
	err = posix_spawn(&child, path, NULL, NULL, argv, environment(a, lib, dir, khz, &opts));
	if (err) {
		error("%s: %s", path, strerror(err));
	} else {
		follow(w, child, opts.budget_us, status);
		*out = tracefile_read(dir);
		rc = *out ? 0 : -1;
	}
	watch_free(w);
	for (size_t i = 0; i < COUNT(passed); i++)
		sigaction(passed[i], &old[i], NULL);
	if (!opts.dir)
		remove_directory(dir);
out:
	arena_free(a);
	return rc;
}
