/* main.c - a loop around epoll_wait: one handler for each descriptor. */
#include "relay.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Until somebody takes it, or it is too old. All other descriptors wait as long. */
static void relay(const char *data, size_t n)
{
	for (int i = 0; i < TRIES; i++) {
		if (deliver(data, n) == 0)
			return;
		usleep(PAUSE_MS * 1000);
	}
}

static void on_datagram(int fd)
{
	char data[DATAGRAM];
	ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);

	if (n > 0)
		relay(data, (size_t)n);
}

static int open_udp(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof addr;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return -1;
	getsockname(fd, (struct sockaddr *)&addr, &len);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

struct watch {
	int fd;
	void (*ready)(int fd);
};

static void dispatch(const struct epoll_event *e)
{
	struct watch *w = e->data.ptr;

	w->ready(w->fd);
}

static void run(int poll)
{
	struct epoll_event events[16];

	for (;;) {
		int n = epoll_wait(poll, events, 16, -1);

		for (int i = 0; i < n; i++)
			dispatch(&events[i]);
	}
}

int main(int argc, char **argv)
{
	struct watch udp = {.ready = on_datagram};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &udp};
	int poll = epoll_create1(EPOLL_CLOEXEC);

	if (argc == 3 && !strcmp(argv[1], "sink"))
		return sink(argv[2]);
	if (argc != 3) {
		fprintf(stderr, "usage: %s PORT SOCKET\n       %s sink SOCKET\n", argv[0], argv[0]);
		return 2;
	}
	udp.fd = open_udp(atoi(argv[1]));
	if (udp.fd < 0 || deliver_open(argv[2]) < 0)
		return 1;
	epoll_ctl(poll, EPOLL_CTL_ADD, udp.fd, &e);
	run(poll);
	return 0;
}
