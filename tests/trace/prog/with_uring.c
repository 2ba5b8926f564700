/* io_uring through liburing: a timeout that is set again and again. */
#include <liburing.h>

#include "inject.h"

static int step;

static bool on_timeout(void)
{
	return inject(step++);
}

static bool (*volatile timeout_fn)(void) = on_timeout;

int main(void)
{
	struct __kernel_timespec ts = {0, 1000000};
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	int r = io_uring_queue_init(8, &ring, 0);

	if (r < 0) {
		fprintf(stderr, "io_uring is not to be had\n");
		return 77;
	}
	for (bool more = true; more;) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		io_uring_prep_timeout(sqe, &ts, 0, 0);
		io_uring_submit(&ring);
		if (io_uring_wait_cqe(&ring, &cqe) == 0) {
			io_uring_cqe_seen(&ring, cqe);
			more = timeout_fn();
		}
	}
	return 0;
}
