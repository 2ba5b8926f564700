#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
	int fd;
	void (*ready)(struct conn *c);
};
static struct conn listener;

static void on_ready(struct conn *c)
{
	int fd = accept(c->fd, NULL, NULL);

	if (fd < 0) {
		if (errno != EAGAIN)
			perror("accept");
		return;
	}
	close(fd);
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &listener}, got[8];
	int ep = epoll_create1(EPOLL_CLOEXEC), fd = socket(AF_INET, SOCK_STREAM, 0);

	listener.fd = fd;
	listener.ready = on_ready;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 5) < 0)
		return 1;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	for (;;) {
		int n = epoll_wait(ep, got, 8, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = got[i].data.ptr;

			c->ready(c);
		}
	}
}
