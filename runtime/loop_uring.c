/* loop_uring.c - io_uring instead of epoll (TVT_URING): the kernel is told what to do, not asked
 * whether it can be done.
 *
 * An operation lies on the stack of the task that waits for it. It is put into the worker's
 * submission ring when the task parks; all are submitted with one system call when the scheduler
 * next polls, and the same call brings back what is complete. So a system call is for a batch, not
 * for a request.
 *
 * The kernel may write into a task's buffer until the operation is complete. So at a deadline or a
 * cancellation it is told to stop, and waited for; if it was complete by then, its result counts:
 * bytes that were read are not thrown away.
 *
 * Descriptors stay blocking here: on one that is not, the kernel answers EAGAIN instead of waiting,
 * and the task then waits for readiness first.
 */
#include "fd.h"

#if TVT_LIBURING

#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { ENTRIES = 1024 };

struct tvt__uring {
	struct io_uring ring;
};

struct op {
	struct tvt__task *task;
	int res;
	bool done;
};

static char woken; /* its address marks the eventfd's completions; NULL those of a cancel */

static struct io_uring_sqe *get_sqe(struct tvt__worker *w)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&w->uring->ring))) {
		if (io_uring_submit(&w->uring->ring) < 0)
			sched_yield();
	}
	return sqe;
}

static void watch_eventfd(struct tvt__worker *w)
{
	struct io_uring_sqe *sqe = get_sqe(w);

	io_uring_prep_poll_multishot(sqe, w->evfd, POLLIN);
	io_uring_sqe_set_data(sqe, &woken);
}

int tvt__uring_init(struct tvt__worker *w)
{
	struct tvt__uring *u = tvt__malloc(w->rt, sizeof *u);
	int rc;

	if (!u)
		return -ENOMEM;
	rc = io_uring_queue_init(ENTRIES, &u->ring, IORING_SETUP_COOP_TASKRUN);
	if (rc == -EINVAL) /* before Linux 5.19 */
		rc = io_uring_queue_init(ENTRIES, &u->ring, 0);
	if (rc < 0) {
		tvt__free(w->rt, u, sizeof *u);
		return rc == -EPERM ? -ENOSYS : rc;
	}
	w->uring = u;
	watch_eventfd(w);
	return 0;
}

void tvt__uring_free(struct tvt__worker *w)
{
	if (!w->uring)
		return;
	io_uring_queue_exit(&w->uring->ring);
	tvt__free(w->rt, w->uring, sizeof *w->uring);
}

static void complete(struct tvt__worker *w, struct io_uring_cqe *cqe)
{
	void *data = io_uring_cqe_get_data(cqe);
	struct op *op = data;

	if (data == &woken) {
		if (!(cqe->flags & IORING_CQE_F_MORE))
			watch_eventfd(w);
	} else if (data) {
		op->res = cqe->res;
		op->done = true;
		if (tvt__claim(op->task))
			tvt__ready(op->task, 0);
	}
}

void tvt__uring_poll(struct tvt__worker *w, int64_t timeout)
{
	struct io_uring *ring = &w->uring->ring;
	struct __kernel_timespec ts = {timeout / TVT_S, timeout % TVT_S};
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	if (timeout == 0 || io_uring_cq_ready(ring))
		io_uring_submit_and_get_events(ring);
	else
		io_uring_submit_and_wait_timeout(ring, &cqe, 1, timeout < 0 ? NULL : &ts, NULL);
	io_uring_for_each_cqe(ring, head, cqe)
	{
		complete(w, cqe);
		n++;
	}
	io_uring_cq_advance(ring, n);
}

/* Wait for what sqe asks. res of the operation, or why it was given up. */
static int await(
	struct tvt__worker *w, struct io_uring_sqe *sqe, int fd, int64_t deadline, const char *why)
{
	struct tvt__task *t = tvt__self();
	struct op op = {.task = t};
	int rc;

	io_uring_sqe_set_data(sqe, &op);
	tvt__arm(t, 0);
	rc = tvt__park(t, deadline, why, (void *)(intptr_t)fd);
	if (op.done)
		return op.res;
	sqe = get_sqe(w);
	io_uring_prep_cancel(sqe, &op, 0);
	io_uring_sqe_set_data(sqe, NULL);
	while (!op.done) {
		tvt__arm(t, SHIELDED);
		tvt__park(t, TVT_NEVER, why, (void *)(intptr_t)fd);
	}
	return op.res == -ECANCELED || op.res == -EINTR ? rc : op.res;
}

/* Ready for events? 0 does not wait, so it asks with poll(2). */
int tvt__uring_wait(int fd, int events, int64_t deadline)
{
	struct pollfd p = {fd, (short)events, 0};
	struct io_uring_sqe *sqe;
	int rc;

	if (deadline <= 0) {
		rc = poll(&p, 1, 0);
		return rc < 0 ? -errno : rc == 0 ? -ETIMEDOUT : p.revents;
	}
	sqe = get_sqe(tvt__w);
	io_uring_prep_poll_add(sqe, fd, (unsigned)events);
	rc = await(tvt__w, sqe, fd, deadline, "wait");
	return rc == -ECANCELED && !tvt_cancelled() ? -EBADF : rc;
}

/* One operation, once fd is ready if it must be asked first. -ECANCELED that is not ours is that
 * of tvt_close. */
static int operate(struct io_uring_sqe *model, int events, int64_t deadline, const char *why)
{
	struct io_uring_sqe *sqe;
	int rc = deadline <= 0 ? -EAGAIN : 0;

	for (;;) {
		if (rc == -EAGAIN && (rc = tvt__uring_wait(model->fd, events, deadline)) < 0)
			return rc;
		sqe = get_sqe(tvt__w);
		*sqe = *model;
		rc = await(tvt__w, sqe, model->fd, deadline <= 0 ? TVT_NEVER : deadline, why);
		if (rc == -ECANCELED && !tvt_cancelled())
			return -EBADF;
		if (rc != -EAGAIN && rc != -EINTR)
			return rc;
	}
}

ssize_t tvt__uring_read(struct tvt__fd *f, int fd, void *buf, size_t n, int64_t deadline)
{
	struct io_uring_sqe sqe = {0};
	unsigned most = n > INT32_MAX ? INT32_MAX : (unsigned)n;

	if (f->sock)
		io_uring_prep_recv(&sqe, fd, buf, most, 0);
	else
		io_uring_prep_read(&sqe, fd, buf, most, (uint64_t)-1);
	return operate(&sqe, POLLIN, deadline, "read");
}

ssize_t tvt__uring_write(struct tvt__fd *f, int fd, const void *buf, size_t n, int64_t deadline)
{
	size_t done = 0;
	int rc;

	do {
		struct io_uring_sqe sqe = {0};
		unsigned most = n - done > INT32_MAX ? INT32_MAX : (unsigned)(n - done);

		if (f->sock)
			io_uring_prep_send(&sqe, fd, (const char *)buf + done, most, MSG_NOSIGNAL);
		else
			io_uring_prep_write(&sqe, fd, (const char *)buf + done, most, (uint64_t)-1);
		rc = operate(&sqe, POLLOUT, deadline, "write");
		if (rc < 0)
			return done ? (ssize_t)done : rc;
		done += (size_t)rc;
	} while (done < n);
	return (ssize_t)done;
}

int tvt__uring_accept(int fd, struct sockaddr *addr, socklen_t *len, int64_t deadline)
{
	struct io_uring_sqe sqe = {0};

	io_uring_prep_accept(&sqe, fd, addr, len, SOCK_CLOEXEC);
	return operate(&sqe, POLLIN, deadline, "accept");
}

int tvt__uring_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline)
{
	struct io_uring_sqe *sqe = get_sqe(tvt__w);

	io_uring_prep_connect(sqe, fd, addr, len);
	return await(tvt__w, sqe, fd, deadline, "connect");
}

/* Before fd is closed: what waits for it in this worker's ring ends. */
void tvt__uring_forget(int fd)
{
	struct io_uring_sqe *sqe = get_sqe(tvt__w);

	io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
	io_uring_sqe_set_data(sqe, NULL);
	io_uring_submit(&tvt__w->uring->ring);
}

#else

int tvt__uring_init(struct tvt__worker *w)
{
	return -ENOSYS;
}

void tvt__uring_free(struct tvt__worker *w)
{
}

void tvt__uring_poll(struct tvt__worker *w, int64_t timeout)
{
}

int tvt__uring_wait(int fd, int events, int64_t deadline)
{
	return -ENOSYS;
}

ssize_t tvt__uring_read(struct tvt__fd *f, int fd, void *buf, size_t n, int64_t deadline)
{
	return -ENOSYS;
}

ssize_t tvt__uring_write(struct tvt__fd *f, int fd, const void *buf, size_t n, int64_t deadline)
{
	return -ENOSYS;
}

int tvt__uring_accept(int fd, struct sockaddr *addr, socklen_t *len, int64_t deadline)
{
	return -ENOSYS;
}

int tvt__uring_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline)
{
	return -ENOSYS;
}

void tvt__uring_forget(int fd)
{
}

#endif
