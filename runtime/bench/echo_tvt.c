/* Echo server, a task a connection. Usage: echo_tvt PORT [uring] */
#include <errno.h>
#include <netinet/in.h>
#include <tvt/runtime.h>

#include "bench.h"

static int client(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[1024];
	ssize_t n;

	while ((n = tvt_read(fd, buf, sizeof buf, TVT_NEVER)) > 0 &&
		tvt_write(fd, buf, (size_t)n, TVT_NEVER) == n)
		;
	return tvt_close(fd);
}

static int serve(void *arg)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(arg)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0), conn;
	struct tvt_scope s;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0)
		return -errno;
	tvt_scope_open(&s);
	while ((conn = tvt_accept(fd, NULL, NULL, TVT_NEVER)) >= 0) {
		if (tvt_spawn(&s, client, (void *)(intptr_t)conn) < 0)
			tvt_close(conn);
	}
	return tvt_scope_wait(&s, 0);
}

int main(int argc, char **argv)
{
	struct tvt_opts o = {.flags = argc > 2 ? TVT_URING : 0};
	int rc = tvt_run(&o, serve, argv[1]);

	fprintf(stderr, "echo_tvt: %s\n", strerror(-rc));
	return 1;
}
