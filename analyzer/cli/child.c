/* child.c - programs that belong to the tool: the tracer and the experiments. They are programs of their own so that
 * their libraries are not loaded for anything else, and what they measure is in a fresh process. */
#include "cli/cli.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char *child_program(struct arena *mem, const char *name, const char *folder)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return name;
	self[n] = '\0';
	const char *dir = path_dir(mem, self);
	const char *const places[] = {name, arena_printf(mem, "../%s/%s", folder, name)};
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *path = path_join(mem, dir, places[i]);

		if (fs_is_file(path))
			return path;
	}
	return name;
}

/* Everything that comes through fd, which is closed. */
static int read_all(int fd, struct sb *out)
{
	for (;;) {
		ssize_t got;

		sb_reserve(out, 4096);
		got = read(fd, out->s + out->n, out->cap - out->n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			close(fd);
			return (int)got;
		}
		out->n += (size_t)got;
		out->s[out->n] = '\0';
	}
}

int child_output(const char *const *argv, struct sb *out)
{
	posix_spawn_file_actions_t files;
	int fd[2], status, rc;
	pid_t pid;

	sb_puts(out, "");
	if (pipe(fd) < 0)
		return error("cannot make a pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, fd[0]);
	posix_spawn_file_actions_addclose(&files, fd[1]);
	rc = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(fd[1]);
	if (rc) {
		close(fd[0]);
		return error("cannot run '%s': %s", argv[0], strerror(rc));
	}
	rc = read_all(fd[0], out);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error("cannot wait for '%s': %s", argv[0], strerror(errno));
	if (rc < 0 || !WIFEXITED(status))
		return error("'%s' did not come to its end", argv[0]);
	return WEXITSTATUS(status);
}
