/* A loop of one's own on epoll: a timer, and a pipe that is only watched. */
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "inject.h"

struct source {
	int fd;
	bool (*fn)(struct source *);
};

static int step;

static bool on_tick(struct source *s)
{
	uint64_t n;

	return read(s->fd, &n, sizeof n) != sizeof n || inject(step++);
}

static bool on_pipe(struct source *s)
{
	return true;
}

int main(void)
{
	struct itimerspec every = {{0, 1000000}, {0, 1000000}};
	struct source tick = {timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), on_tick},
		      other = {-1, on_pipe};
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(0), fds[2];

	if (tick.fd < 0 || ep < 0 || pipe(fds) != 0)
		return 1;
	timerfd_settime(tick.fd, 0, &every, NULL);
	ev.data.ptr = &tick;
	epoll_ctl(ep, EPOLL_CTL_ADD, tick.fd, &ev);
	other.fd = fds[0];
	ev.data.ptr = &other;
	epoll_ctl(ep, EPOLL_CTL_ADD, other.fd, &ev);
	for (bool more = true; more;) {
		struct epoll_event got[8];
		int n = epoll_wait(ep, got, 8, -1);

		for (int i = 0; i < n; i++) {
			struct source *s = got[i].data.ptr;

			more &= s->fn(s);
		}
	}
	return 0;
}
