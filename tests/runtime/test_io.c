/* Descriptors: pipes, sockets, edges, hang-ups, deadlines, closing, an echo server. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

static int listen_local(struct sockaddr_in *addr)
{
	socklen_t len = sizeof *addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)addr, len), 0);
	CHECK_EQ(listen(fd, 512), 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)addr, &len), 0);
	return fd;
}

static int pipe_basics(void *arg)
{
	char buf[16] = "";
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, in(TVT_MS)), -ETIMEDOUT);
	CHECK_EQ(tvt_write(p[1], "hello", 5, 0), 5);
	CHECK_EQ(tvt_read(p[0], buf, 3, TVT_NEVER), 3);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, 0), 2);
	/* a short read, then a write: 0 must look for itself, before the edge is known */
	CHECK_EQ(tvt_write(p[1], "x", 1, 0), 1);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, 0), 1);
	CHECK_EQ(tvt_wait(p[0], POLLIN, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_wait(p[1], POLLOUT, 0), POLLOUT);
	CHECK_EQ(tvt_wait(p[1], POLLIN | POLLOUT, 0), -EINVAL);
	CHECK_EQ(tvt_close(p[1]), 0);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, TVT_NEVER), 0);
	CHECK_EQ(tvt_close(p[0]), 0);
	CHECK_EQ(tvt_read(p[0], buf, 1, TVT_NEVER), -EBADF);
	CHECK_EQ(tvt_read(-1, buf, 1, TVT_NEVER), -EBADF);
	CHECK_EQ(tvt_close(p[0]), -EBADF);
	return 0;
}

/* Regular files are always ready. */
static int regular_file(void *arg)
{
	char buf[4];
	int fd = open("/proc/self/maps", O_RDONLY);

	CHECK_EQ(tvt_read(fd, buf, 4, TVT_NEVER), 4);
	CHECK_EQ(tvt_wait(fd, POLLIN, 0), POLLIN);
	CHECK_EQ(tvt_close(fd), 0);
	return 0;
}

struct stream {
	int fd;
	size_t bytes;
};

static int send_bytes(void *arg)
{
	struct stream *x = arg;
	size_t left = x->bytes;
	static char buf[70000];

	memset(buf, 'a', sizeof buf);
	while (left > 0) {
		size_t n = left < sizeof buf ? left : sizeof buf;

		CHECK_EQ(tvt_write(x->fd, buf, n, TVT_NEVER), n);
		left -= n;
	}
	return tvt_close(x->fd);
}

static int receive_bytes(void *arg)
{
	struct stream *x = arg;
	uint32_t seed = 7;
	char buf[9000];
	ssize_t n;

	while ((n = tvt_read(x->fd, buf, 1 + random_next(&seed) % sizeof buf, TVT_NEVER)) > 0)
		x->bytes += (size_t)n;
	CHECK_EQ(n, 0);
	return tvt_close(x->fd);
}

/* More than any buffer holds, so both sides park; and the end is seen after a short read. */
static int bulk(void *arg)
{
	enum { BYTES = 5 * 1000 * 1000 };

	for (int kind = 0; kind < 2; kind++) {
		struct stream from = {.bytes = BYTES}, to = {0};
		struct tvt_scope s;
		int p[2];

		CHECK_EQ(kind == 0 ? pipe(p) : socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
		from.fd = p[1];
		to.fd = p[0];
		tvt_scope_open(&s);
		tvt_spawn(&s, send_bytes, &from);
		tvt_spawn(&s, receive_bytes, &to);
		CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		CHECK_EQ(to.bytes, BYTES);
	}
	return 0;
}

/* A packet shorter than the buffer says nothing about the next. */
static int datagrams(void *arg)
{
	char buf[100];
	int p[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, p), 0);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, 0), -ETIMEDOUT);
	CHECK_EQ(tvt_read(p[0], buf, sizeof buf, in(TVT_MS)), -ETIMEDOUT);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(tvt_write(p[1], "abc", (size_t)i % 3 + 1, 0), i % 3 + 1);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(tvt_read(p[0], buf, sizeof buf, TVT_NEVER), i % 3 + 1);
	tvt_close(p[0]);
	tvt_close(p[1]);
	return 0;
}

static int read_one(void *arg)
{
	char c;

	return (int)tvt_read(*(int *)arg, &c, 1, TVT_NEVER);
}

static int read_later(void *arg)
{
	CHECK_EQ(read_one(arg), -EBADF);
	return 0;
}

static int read_second(void *arg)
{
	/* io_uring serves both, so this one too is woken by the close */
	CHECK_EQ(read_one(arg), getenv("TVT_TEST_URING") ? -EBADF : -EBUSY);
	return 0;
}

static int close_wakes(void *arg)
{
	struct tvt_stats st;
	struct tvt_scope s;
	int p[2];

	tvt_stats_get(&st);
	if (getenv("TVT_TEST_URING") && st.threads > 1)
		return 0; /* a ring knows what waits on its own executor only */
	CHECK_EQ(pipe(p), 0);
	tvt_scope_open(&s);
	tvt_spawn(&s, read_later, &p[0]);
	tvt_sleep(in(5 * TVT_MS));
	tvt_spawn(&s, read_second, &p[0]);
	tvt_sleep(in(5 * TVT_MS));
	CHECK_EQ(tvt_close(p[0]), 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK_EQ(tvt_close(p[1]), 0);
	return 0;
}

static int read_cancelled(void *arg)
{
	CHECK_EQ(read_one(arg), -ECANCELED);
	return 0;
}

/* A number that is used again: what was known of the old descriptor must not count. */
static int reused_number(void *arg)
{
	struct tvt_scope s;
	char c;
	int p[2];

	for (int i = 0; i < 50; i++) {
		CHECK_EQ(pipe(p), 0);
		CHECK_EQ(tvt_read(p[0], &c, 1, in(100 * TVT_US)), -ETIMEDOUT);
		tvt_scope_open(&s);
		tvt_spawn(&s, read_cancelled, &p[0]);
		tvt_sleep(in(TVT_MS));
		tvt_scope_cancel(&s);
		CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		CHECK_EQ(tvt_write(p[1], "z", 1, 0), 1);
		CHECK_EQ(tvt_read(p[0], &c, 1, TVT_NEVER), 1);
		if (i % 2) {
			CHECK_EQ(tvt_release(p[0]), 0);
			CHECK_EQ(close(p[0]), 0);
		} else {
			CHECK_EQ(tvt_close(p[0]), 0);
		}
		CHECK_EQ(tvt_close(p[1]), 0);
	}
	return 0;
}

/* Another thread wakes a task through an eventfd. */
static int write_event(void *arg)
{
	uint64_t one = 1;

	usleep(2000);
	return write(*(int *)arg, &one, 8) == 8 ? 0 : -EIO;
}

static int block_and_write(void *arg)
{
	return tvt_block(write_event, arg, TVT_NEVER);
}

static int foreign_wake(void *arg)
{
	int fd = eventfd(0, 0);
	struct tvt_scope s;
	uint64_t v = 0;

	tvt_scope_open(&s);
	for (int i = 0; i < 5; i++) {
		tvt_spawn(&s, block_and_write, &fd);
		CHECK_EQ(tvt_read(fd, &v, 8, TVT_NEVER), 8);
		CHECK_EQ(v, 1);
	}
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_close(fd);
	return 0;
}

/* ---- TCP ---- */

static int echo_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[256];
	ssize_t n;

	while ((n = tvt_read(fd, buf, sizeof buf, TVT_NEVER)) > 0)
		CHECK_EQ(tvt_write(fd, buf, (size_t)n, TVT_NEVER), n);
	tvt_close(fd);
	return n == -ECONNRESET ? 0 : (int)n;
}

static int echo_server(void *arg)
{
	struct tvt_scope s;
	int fd, rc;

	tvt_scope_open(&s);
	while ((fd = tvt_accept(*(int *)arg, NULL, NULL, TVT_NEVER)) >= 0)
		CHECK_EQ(tvt_spawn(&s, echo_one, (void *)(intptr_t)fd), 0);
	CHECK_EQ(fd, -ECANCELED);
	rc = tvt_scope_wait(&s, TVT_NEVER);
	CHECK(rc == 0 || rc == -ECANCELED);
	return 0;
}

static int echo_client(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char out[64], back[64];

	CHECK_EQ(tvt_connect(fd, arg, sizeof(struct sockaddr_in), in(10 * TVT_S)), 0);
	for (int i = 0; i < 50; i++) {
		size_t got = 0;

		memset(out, 'a' + i % 26, sizeof out);
		CHECK_EQ(tvt_write(fd, out, sizeof out, TVT_NEVER), sizeof out);
		while (got < sizeof back) {
			ssize_t n = tvt_read(fd, back + got, sizeof back - got, in(10 * TVT_S));

			CHECK(n > 0);
			got += (size_t)n;
		}
		CHECK_EQ(memcmp(out, back, sizeof out), 0);
	}
	CHECK_EQ(tvt_close(fd), 0);
	return 0;
}

static int echo(void *arg)
{
	struct tvt_scope server, clients;
	struct sockaddr_in addr;
	int fd = listen_local(&addr);

	tvt_scope_open(&server);
	tvt_spawn(&server, echo_server, &fd);
	tvt_scope_open(&clients);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(tvt_spawn(&clients, echo_client, &addr), 0);
	CHECK_EQ(tvt_scope_wait(&clients, TVT_NEVER), 0);
	tvt_scope_cancel(&server);
	CHECK_EQ(tvt_scope_wait(&server, TVT_NEVER), 0);
	CHECK_EQ(tvt_close(fd), 0);
	return 0;
}

static int refused(void *arg)
{
	struct sockaddr_in addr;
	int fd = listen_local(&addr);

	CHECK_EQ(tvt_close(fd), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(tvt_connect(fd, (struct sockaddr *)&addr, sizeof addr, in(TVT_S)), -ECONNREFUSED);
	CHECK_EQ(tvt_close(fd), 0);
	return 0;
}

/* Writing to a peer that is gone is an error, not a signal. */
static int broken_pipe(void *arg)
{
	ssize_t n;
	int p[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	CHECK_EQ(tvt_close(p[0]), 0);
	while ((n = tvt_write(p[1], "abc", 3, TVT_NEVER)) > 0)
		;
	CHECK_EQ(n, -EPIPE);
	CHECK_EQ(tvt_close(p[1]), 0);
	return 0;
}

/* Partly written at the deadline: the count first, then the reason. */
static int partial_write(void *arg)
{
	static char big[1 << 22];
	ssize_t n;
	int p[2];

	CHECK_EQ(pipe(p), 0);
	n = tvt_write(p[1], big, sizeof big, in(2 * TVT_MS));
	CHECK(n > 0 && n < (ssize_t)sizeof big);
	CHECK_EQ(tvt_write(p[1], big, sizeof big, in(TVT_MS)), -ETIMEDOUT);
	tvt_close(p[0]);
	tvt_close(p[1]);
	return 0;
}

/* ---- out of descriptors ---- */

static int idle(void *arg)
{
	return 0;
}

static void no_descriptors_to_start(void)
{
	struct rlimit old, none;

	getrlimit(RLIMIT_NOFILE, &old);
	none = (struct rlimit){3, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	CHECK_EQ(tvt_run(NULL, idle, NULL), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	CHECK_EQ(tvt_run(NULL, idle, NULL), 0);
	printf("ok no_descriptors_to_start\n");
}

/* accept says so; the connection waits until there is a descriptor for it. */
static int no_descriptors_to_accept(void *arg)
{
	struct sockaddr_in addr;
	struct rlimit old, few;
	int fd = listen_local(&addr), client = socket(AF_INET, SOCK_STREAM, 0), got;

	CHECK_EQ(tvt_connect(client, (struct sockaddr *)&addr, sizeof addr, in(TVT_S)), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){(rlim_t)client + 1, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	CHECK_EQ(tvt_accept(fd, NULL, NULL, TVT_NEVER), -EMFILE);
	CHECK_EQ(tvt_accept(fd, NULL, NULL, TVT_NEVER), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	got = tvt_accept(fd, NULL, NULL, in(TVT_S));
	CHECK(got >= 0);
	tvt_close(got);
	tvt_close(client);
	tvt_close(fd);
	return 0;
}

int main(void)
{
	RUN(pipe_basics);
	RUN(regular_file);
	RUN(bulk);
	RUN(datagrams);
	RUN(close_wakes);
	RUN(reused_number);
	RUN(foreign_wake);
	RUN(echo);
	RUN(refused);
	RUN(broken_pipe);
	RUN(partial_write);
	no_descriptors_to_start();
	RUN(no_descriptors_to_accept);
	return 0;
}
