/* git.c - runs git and reads what it says. */
#include "cli/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Set in hooks: they name the repository of the hook, by paths that are wrong after -C. */
static const char *const hook_vars[] = {"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_PREFIX=", "GIT_COMMON_DIR="};

/* What the settings of a repository may have git run, whoever wrote them. */
static const char *const never[] = {"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat",
	"-c", "core.sshCommand=false", "-c", "protocol.allow=never"};

static char **environment(struct arena *a, const char *env)
{
	uint32_t n = 0, k = 0;
	while (environ[n])
		n++;
	char **out = arena_alloc(a, (n + 5) * sizeof *out);
	for (uint32_t i = 0; i < n; i++) {
		bool drop = str_starts(environ[i], "LC_ALL=");
		for (size_t v = 0; v < COUNT(hook_vars); v++)
			drop |= str_starts(environ[i], hook_vars[v]);
		if (!drop)
			out[k++] = environ[i];
	}
	out[k++] = arena_strdup(a, "LC_ALL=C.UTF-8");
	out[k++] = arena_strdup(a, "GIT_OPTIONAL_LOCKS=0");
	out[k++] = arena_strdup(a, "GIT_TERMINAL_PROMPT=0");
	if (env)
		out[k++] = arena_strdup(a, env);
	return out;
}

/* Reads both pipes until both are closed. */
static void drain(int fds[2], struct sb *to[2])
{
	struct pollfd p[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
	char buf[65536];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;
			ssize_t n = read(p[i].fd, buf, sizeof buf);
			if (n > 0)
				sb_putn(to[i], buf, (size_t)n);
			else if (!n || errno != EINTR)
				p[i].fd = -1;
		}
	}
}

int git_run(const char *dir, const char *env, const char *const *args, struct sb *out, struct sb *err)
{
	struct arena *a = arena_new();
	struct sb ignored = {0}, said = {0};
	posix_spawn_file_actions_t act;
	uint32_t n = 0, k = 0;
	int o[2] = {-1, -1}, e[2] = {-1, -1}, status = -1, rc;
	pid_t pid;

	while (args[n])
		n++;
	char **argv = arena_alloc(a, (n + 4 + COUNT(never)) * sizeof *argv);
	argv[k++] = arena_strdup(a, "git");
	for (size_t i = 0; i < COUNT(never); i++)
		argv[k++] = arena_strdup(a, never[i]);
	argv[k++] = arena_strdup(a, "-C");
	argv[k++] = arena_strdup(a, dir);
	for (uint32_t i = 0; i < n; i++)
		argv[k++] = arena_strdup(a, args[i]);

	posix_spawn_file_actions_init(&act);
	if (pipe2(o, O_CLOEXEC) < 0 || pipe2(e, O_CLOEXEC) < 0) {
		rc = errno;
	} else {
		posix_spawn_file_actions_addopen(&act, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&act, o[1], 1);
		posix_spawn_file_actions_adddup2(&act, e[1], 2);
		rc = posix_spawnp(&pid, "git", &act, NULL, argv, environment(a, env));
	}
	posix_spawn_file_actions_destroy(&act);
	if (o[1] >= 0)
		close(o[1]);
	if (e[1] >= 0)
		close(e[1]);
	if (rc) {
		error("cannot run git: %s", strerror(rc));
	} else {
		drain((int[2]){o[0], e[0]}, (struct sb *[2]){out ? out : &ignored, &said});
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	if (err && said.n)
		sb_putn(err, said.s, strcspn(said.s, "\n"));
	if (o[0] >= 0)
		close(o[0]);
	if (e[0] >= 0)
		close(e[0]);
	sb_free(&ignored);
	sb_free(&said);
	arena_free(a);
	return status;
}
