/* main.c - answers every line with the line and how many there were before it: a thread for each client. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char in[512], out[600];
	size_t have = 0;
	unsigned lines = 0;
	ssize_t n;

	while ((n = read(fd, in + have, sizeof in - have)) > 0) {
		char *end;

		have += (size_t)n;
		while ((end = memchr(in, '\n', have))) {
			int len = snprintf(out, sizeof out, "%u %.*s", lines++, (int)(end + 1 - in), in);

			if (write(fd, out, (size_t)len) != len)
				goto out;
			have -= (size_t)(end + 1 - in);
			memmove(in, end + 1, have);
		}
		if (have == sizeof in)
			break; /* the line is too long */
	}
out:
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	pthread_attr_t attr;
	int fd, server = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	if (bind(server, (struct sockaddr *)&addr, len) < 0 || listen(server, 1024) < 0)
		return 1;
	getsockname(server, (struct sockaddr *)&addr, &len);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while ((fd = accept(server, NULL, NULL)) >= 0) {
		pthread_t t;

		if (pthread_create(&t, &attr, serve, (void *)(intptr_t)fd))
			close(fd);
	}
	return 1;
}
