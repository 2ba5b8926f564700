/* Echo server, a thread a connection. Usage: echo_threads PORT */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "bench.h"

static void *client(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[1024];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0 &&
		send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n)
		;
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0), conn;
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4096) < 0)
		return 1;
	while ((conn = accept(fd, NULL, NULL)) >= 0) {
		if (pthread_create(&t, &attr, client, (void *)(intptr_t)conn) != 0)
			close(conn);
	}
	return 1;
}
