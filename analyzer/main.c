/* main.c - the table of commands. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const struct command commands[CMD_COUNT] = {
#define COMMAND(id, name, operands, values, title, text)                                           \
	{name, operands, values, title, text, cmd_##id},
#include "cli/commands.def"
#undef COMMAND
};

/* A file that is opened must not become standard output. Writing to one that was closed stays an
 * error. */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", O_RDONLY);
}

int main(int argc, char **argv)
{
	struct cli c;
	int status;

	open_standard();
	signal(SIGPIPE, SIG_IGN); /* a worker that died is no reason to die; see stdout_write() */
	signal(SIGXFSZ, SIG_IGN); /* nor is a quota: write() says so */
	status = cli_parse(&c, argc, argv);
	return status < 0 ? c.cmd->run(&c) : status;
}
