/* io.c - read, write, accept, connect, wait, close: try, and park when the kernel has nothing. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"

static bool later(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK;
}

ssize_t tvt_read(int fd, void *buf, size_t n, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct tvt__fd *f;
	ssize_t got;
	int rc;

	ENTER(t);
	if ((rc = tvt__fd_find(fd, &f)) < 0)
		return rc;
	if (tvt__w->uring)
		return tvt__uring_read(f, fd, buf, n, deadline);
	for (;;) {
		if (tvt__fd_take(f, FD_IN) || deadline <= 0) {
			do
				got = f->sock ? recv(fd, buf, n, 0) : read(fd, buf, n);
			while (got < 0 && errno == EINTR);
			if (got >= 0) {
				tvt__fd_give(f, FD_IN, (size_t)got == n);
				tvt__spend(t);
				return got;
			}
			if (!later(errno)) {
				rc = -errno;
				tvt__fd_give(f, FD_IN, true);
				return rc;
			}
		}
		if ((rc = tvt__fd_park(f, fd, FD_IN, deadline, "read")) < 0)
			return rc;
	}
}

ssize_t tvt_write(int fd, const void *buf, size_t n, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct tvt__fd *f;
	const char *p = buf;
	size_t done = 0;
	ssize_t put;
	int rc;

	ENTER(t);
	if ((rc = tvt__fd_find(fd, &f)) < 0)
		return rc;
	if (tvt__w->uring)
		return tvt__uring_write(f, fd, buf, n, deadline);
	for (;;) {
		if (tvt__fd_take(f, FD_OUT) || deadline <= 0) {
			do
				put = f->sock ? send(fd, p + done, n - done, MSG_NOSIGNAL)
					      : write(fd, p + done, n - done);
			while (put < 0 && errno == EINTR);
			if (put >= 0) {
				done += (size_t)put;
				tvt__fd_give(f, FD_OUT, done == n);
				if (done == n) {
					tvt__spend(t);
					return (ssize_t)n;
				}
			} else if (!later(errno)) {
				rc = -errno;
				tvt__fd_give(f, FD_OUT, true);
				return done ? (ssize_t)done : rc;
			}
		}
		if ((rc = tvt__fd_park(f, fd, FD_OUT, deadline, "write")) < 0)
			return done ? (ssize_t)done : rc;
	}
}

int tvt_accept(int fd, struct sockaddr *addr, socklen_t *len, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct tvt__fd *f;
	int rc, conn;

	ENTER(t);
	if ((rc = tvt__fd_find(fd, &f)) < 0)
		return rc;
	if (tvt__w->uring) {
		rc = tvt__uring_accept(fd, addr, len, deadline);
		if (rc >= 0)
			tvt__fd_fresh(tvt__w->rt, rc);
		return rc;
	}
	for (;;) {
		if (tvt__fd_take(f, FD_IN) || deadline <= 0) {
			do
				conn = accept4(fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
			while (conn < 0 && (errno == EINTR || errno == ECONNABORTED));
			if (conn >= 0 || !later(errno)) {
				rc = conn >= 0 ? conn : -errno;
				tvt__fd_give(
					f, FD_IN, true); /* out of descriptors: it still waits */
				if (conn >= 0)
					tvt__fd_fresh(tvt__w->rt, conn);
				tvt__spend(t);
				return rc;
			}
		}
		if ((rc = tvt__fd_park(f, fd, FD_IN, deadline, "accept")) < 0)
			return rc;
	}
}

int tvt_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct tvt__fd *f;
	bool began = false;
	int rc;

	ENTER(t);
	if ((rc = tvt__fd_find(fd, &f)) < 0)
		return rc;
	if (tvt__w->uring)
		return tvt__uring_connect(fd, addr, len, deadline);
	for (;; began = true) {
		tvt__fd_take(f, FD_OUT);
		rc = connect(fd, addr, len) < 0 ? -errno : 0;
		if (rc == 0 || (rc == -EISCONN && began)) {
			tvt__fd_give(f, FD_OUT, true);
			tvt__spend(t);
			return 0;
		}
		if (rc != -EINPROGRESS && rc != -EALREADY && rc != -EINTR)
			return rc;
		if ((rc = tvt__fd_park(f, fd, FD_OUT, deadline, "connect")) < 0)
			return rc;
	}
}

/* The caller reads and writes by itself, so what we know of the descriptor may be old: ask. */
int tvt_wait(int fd, int events, int64_t deadline)
{
	struct pollfd p = {fd, (short)events, 0};
	int side = events & POLLIN ? FD_IN : FD_OUT, rc;
	struct tvt__task *t = tvt__self();
	struct tvt__fd *f;

	ENTER(t);
	if (events != POLLIN && events != POLLOUT)
		return -EINVAL;
	if ((rc = tvt__fd_find(fd, &f)) < 0)
		return rc;
	if (tvt__w->uring)
		return tvt__uring_wait(fd, events, deadline);
	for (;;) {
		tvt__fd_take(f, side);
		while ((rc = poll(&p, 1, 0)) < 0 && errno == EINTR)
			;
		if (rc < 0)
			return -errno;
		if (rc > 0) {
			tvt__fd_give(f, side, true);
			tvt__spend(t);
			return p.revents;
		}
		if ((rc = tvt__fd_park(f, fd, side, deadline, "wait")) < 0)
			return rc;
	}
}

int tvt_close(int fd)
{
	if (!tvt__self())
		return -EPERM;
	if (tvt__w->uring)
		tvt__uring_forget(fd);
	tvt__fd_forget(fd);
	return close(fd) < 0 ? -errno : 0;
}

int tvt_release(int fd)
{
	if (!tvt__self())
		return -EPERM;
	if (tvt__w->uring)
		tvt__uring_forget(fd);
	tvt__fd_forget(fd);
	return 0;
}
