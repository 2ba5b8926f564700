/* loop_epoll.c - one epoll a worker.
 *
 * The eventfd that wakes a sleeping worker is watched edge-triggered too, and so never read: each
 * write is a new edge.
 */
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define WAKE UINT64_MAX

int tvt__poll_init(struct tvt__worker *w)
{
	struct epoll_event e = {EPOLLIN | EPOLLET, {.u64 = WAKE}};

	w->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->rt->opts.flags & TVT_URING)
		return w->evfd < 0 ? -errno : tvt__uring_init(w);
	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epfd < 0 || w->evfd < 0 || epoll_ctl(w->epfd, EPOLL_CTL_ADD, w->evfd, &e) < 0)
		return -errno;
	return 0;
}

void tvt__poll_free(struct tvt__worker *w)
{
	tvt__uring_free(w);
	if (w->epfd >= 0)
		close(w->epfd);
	if (w->evfd >= 0)
		close(w->evfd);
}

int tvt__poll_add(struct tvt__worker *w, int fd, uint32_t gen)
{
	struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		{.u64 = (uint64_t)gen << 32 | (uint32_t)fd}};

	return epoll_ctl(w->epfd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

void tvt__poll_wake(struct tvt__worker *w)
{
	uint64_t one = 1;

	tvt__bump(&w->rt->wakes);
	while (write(w->evfd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

/* epoll_wait counts in milliseconds: only without epoll_pwait2 (Linux 5.11) do timers, too. */
static int wait_for(struct tvt__worker *w, int64_t timeout)
{
	struct timespec ts = {timeout / TVT_S, timeout % TVT_S};
	int n = -1;

	if (timeout <= 0)
		return epoll_wait(w->epfd, w->events, EVENTS, timeout < 0 ? -1 : 0);
#ifdef SYS_epoll_pwait2
	n = (int)syscall(SYS_epoll_pwait2, w->epfd, w->events, EVENTS, &ts, NULL, 0);
	if (n >= 0 || errno != ENOSYS)
		return n;
#endif
	if (timeout > 1000 * TVT_S)
		timeout = 1000 * TVT_S;
	return epoll_wait(w->epfd, w->events, EVENTS, (int)((timeout + TVT_MS - 1) / TVT_MS));
}

void tvt__poll(struct tvt__worker *w, int64_t timeout)
{
	int n;

	tvt__bump(&w->polls);
	if (w->uring) {
		tvt__uring_poll(w, timeout);
		return;
	}
	n = wait_for(w, timeout);
	for (int i = 0; i < n; i++) {
		uint64_t data = w->events[i].data.u64;

		if (data != WAKE)
			tvt__fd_event(
				(int)(uint32_t)data, (uint32_t)(data >> 32), w->events[i].events);
	}
}
