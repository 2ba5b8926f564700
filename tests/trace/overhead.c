/* overhead.c - what the tracer costs: processor time, traced against untraced.
 *
 * usage: overhead turn|echo|redis [SLICES [REQUESTS]]
 *
 * "echo" is a libuv server, "redis" redis-server that is asked to GET, each with 100 connections. A
 * traced and an untraced server run at once and are given a slice of REQUESTS each by turns, so
 * that what else runs on the machine meets both. Time is that of the server's main thread by
 * /proc/PID/schedstat; the watching process is counted apart. "turn" is one process that calls
 * epoll_wait, read and write in a loop, by turns through the wrappers and past them, and gives the
 * cost in itself: how much of a request that is depends on how dear the machine's system calls are.
 *
 * Run as "chrt -f 10 overhead ..." it is disturbed less.
 */
#include "base/base.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { CONNECTIONS = 100, SIZE = 64 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ---- the echo server ---- */

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	*buf = uv_buf_init(malloc(size), (unsigned)size);
}

static void on_written(uv_write_t *req, int status)
{
	free(req->data);
	free(req);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	uv_write_t *req;
	uv_buf_t out = uv_buf_init(buf->base, (unsigned)(n > 0 ? n : 0));

	if (n <= 0) {
		free(buf->base);
		if (n < 0)
			uv_close((uv_handle_t *)s, (uv_close_cb)free);
		return;
	}
	req = malloc(sizeof *req);
	req->data = buf->base;
	uv_write(req, s, &out, 1, on_written);
}

static void on_connection(uv_stream_t *server, int status)
{
	uv_tcp_t *c = malloc(sizeof *c);

	uv_tcp_init(server->loop, c);
	uv_accept(server, (uv_stream_t *)c);
	uv_tcp_nodelay(c, 1);
	uv_read_start((uv_stream_t *)c, on_alloc, on_read);
}

static int serve(int port)
{
	struct sockaddr_in at;
	uv_tcp_t server;

	uv_ip4_addr("127.0.0.1", port, &at);
	uv_tcp_init(uv_default_loop(), &server);
	if (uv_tcp_bind(&server, (struct sockaddr *)&at, 0) ||
		uv_listen((uv_stream_t *)&server, 512, on_connection))
		return 1;
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* ---- one turn: a wait that returns at once, a read, a write ---- */

struct calls {
	int (*wait)(int, struct epoll_event *, int, int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*write)(int, const void *, size_t);
};

static double clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double batch(const struct calls *c, int ep, const int fds[2])
{
	enum { TURNS = 100 };
	struct epoll_event ev;
	char buf[SIZE] = "x";
	double start = clock_ns();

	for (int i = 0; i < TURNS; i++)
		if (c->write(fds[0], buf, SIZE) != SIZE || c->wait(ep, &ev, 1, 1000) != 1 ||
			c->read(fds[1], buf, SIZE) != SIZE)
			exit(1);
	return (clock_ns() - start) / TURNS;
}

/* Runs under the tracer: by turns through its wrappers and past them, in one process, so that what
 * is compared differs in nothing else. */
static int turns(int batches)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	struct calls traced = {epoll_wait, read, write}, plain;
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(EPOLL_CLOEXEC), fds[2], other[2];
	double *a = xcalloc((size_t)batches, sizeof *a), *b = xcalloc((size_t)batches, sizeof *b);

	if (!libc || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 || pipe(other) != 0)
		return 1;
	*(void **)&plain.wait = dlsym(libc, "epoll_wait");
	*(void **)&plain.read = dlsym(libc, "read");
	*(void **)&plain.write = dlsym(libc, "write");
	if (plain.read == traced.read)
		return error("not traced");
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &ev);
	epoll_ctl(ep, EPOLL_CTL_ADD, other[0], &ev);
	for (int i = 0; i < batches; i++) {
		a[i] = batch(&plain, ep, fds);
		b[i] = batch(&traced, ep, fds);
	}
	qsort(a, (size_t)batches, sizeof *a, by_value);
	qsort(b, (size_t)batches, sizeof *b, by_value);
	printf("one turn of three system calls, ns:\n%10s %10s %10s %10s\n", "", "untraced",
		"traced", "more");
	for (int i = 0; i < 3; i++) {
		int at = i == 0 ? batches / 100 : i == 1 ? batches / 4 : batches / 2;

		printf("%9d%% %10.0f %10.0f %10.0f\n", at * 100 / batches, a[at], b[at],
			b[at] - a[at]);
	}
	free(a);
	free(b);
	return 0;
}

/* ---- loads ---- */

static int dial(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd, one = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int tries = 0; tries < 500; tries++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
			return fd;
		}
		close(fd);
		usleep(10000);
	}
	error("no server on port %d", port);
	exit(2);
}

/* What a client says to a server, and how much it answers. */
struct talk {
	const char *request;
	size_t nrequest, nreply;
};

struct client {
	int ep, fds[CONNECTIONS];
};

static void connect_client(struct client *c, int port)
{
	c->ep = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < CONNECTIONS; i++) {
		struct epoll_event ev = {.events = EPOLLIN};

		ev.data.fd = c->fds[i] = dial(port);
		epoll_ctl(c->ep, EPOLL_CTL_ADD, c->fds[i], &ev);
	}
}

/* Each connection asks again as soon as it has its answer. */
static void load(struct client *c, const struct talk *t, long requests)
{
	char buf[256];
	long sent = 0, done = 0;

	for (int i = 0; i < CONNECTIONS; i++)
		sent += write(c->fds[i], t->request, t->nrequest) == (ssize_t)t->nrequest;
	while (done < sent) {
		struct epoll_event ev[CONNECTIONS];
		int n = epoll_wait(c->ep, ev, CONNECTIONS, -1);

		for (int i = 0; i < n; i++) {
			if (read(ev[i].data.fd, buf, sizeof buf) != (ssize_t)t->nreply)
				exit(error("the server does not answer as it should"));
			done++;
			if (sent < requests)
				sent += write(ev[i].data.fd, t->request, t->nrequest) ==
					(ssize_t)t->nrequest;
		}
	}
}

/* ---- measuring ---- */

static double cpu_ns(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		exit(error("%s: %s", path, strerror(errno)));
	fclose(f);
	return (double)ns;
}

static pid_t only_child(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

struct server {
	pid_t front, pid; /* front is the watcher, or the server itself */
	struct client client;
	double *ns; /* of processor time a request, by slice */
	double total;
};

static void start_server(struct server *s, bool redis, bool traced, int port, int slices)
{
	char self[4096], number[16];
	char *echo[] = {TRACE_FRONT, "-q", "--", self, "--serve", number, NULL};
	char *server[] = {
		TRACE_FRONT, "-q", "--", "redis-server", "--port", number, "--save", "", NULL};
	char **argv = (redis ? server : echo) + (traced ? 0 : 3);
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	self[n > 0 ? n : 0] = '\0';
	snprintf(number, sizeof number, "%d", port);
	s->front = fork();
	if (s->front == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	connect_client(&s->client, port);
	s->pid = traced ? only_child(s->front) : s->front;
	s->ns = xcalloc((size_t)slices, sizeof *s->ns);
}

static void run_slice(struct server *s, const struct talk *t, int slice, long requests)
{
	double before = cpu_ns(s->pid), ns;

	load(&s->client, t, requests);
	ns = cpu_ns(s->pid) - before;
	s->ns[slice] = ns / (double)requests;
	s->total += ns;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int run_turns(int batches)
{
	char self[4096], cmd[9000];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	self[n > 0 ? n : 0] = '\0';
	snprintf(cmd, sizeof cmd, TRACE_FRONT " -q -- %s --turns %d", self, batches);
	return system(cmd) != 0;
}

static void print(const char *name, double *v, int n)
{
	double mid = median(v, n); /* sorts */

	printf("%20s: a hundredth below %.0f, half below %.0f\n", name, v[n / 100], mid);
}

/* Both servers run at once and get slices of load by turns, a few milliseconds each. */
static int compare(bool redis, int slices, long requests)
{
	static const struct talk
		echo = {"0123456789012345678901234567890123456789012345678901234567890123", 64, 64},
		set = {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nx\r\n", 27, 5},
		get = {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 20, 7};
	int port = 10000 + getpid() % 20000;
	struct server plain = {0}, traced = {0};
	double *ratio = xcalloc((size_t)slices, sizeof *ratio), watcher = 0;

	start_server(&plain, redis, false, port, slices);
	start_server(&traced, redis, true, port + 1, slices);
	if (redis) {
		load(&plain.client, &set, 1);
		load(&traced.client, &set, 1);
	}
	for (int i = -10; i < slices; i++) { /* the first to warm up */
		struct server *first = i % 2 ? &plain : &traced, *second = i % 2 ? &traced : &plain;

		if (i == 0) {
			plain.total = traced.total = 0;
			watcher = cpu_ns(traced.front);
		}
		run_slice(first, redis ? &get : &echo, i < 0 ? 0 : i, requests);
		run_slice(second, redis ? &get : &echo, i < 0 ? 0 : i, requests);
		ratio[i < 0 ? 0 : i] = traced.ns[i < 0 ? 0 : i] / plain.ns[i < 0 ? 0 : i];
	}
	watcher = (cpu_ns(traced.front) - watcher) / (double)slices / (double)requests;
	printf("%s, ns of processor time a request:\n", redis ? "redis" : "echo");
	print("untraced", plain.ns, slices);
	print("traced", traced.ns, slices);
	printf("ratio: %.4f of the sums, %.4f the median of the slices; the watcher %.0f ns\n",
		traced.total / plain.total, median(ratio, slices), watcher);
	kill(plain.pid, SIGTERM);
	kill(traced.pid, SIGTERM);
	waitpid(plain.front, NULL, 0);
	waitpid(traced.front, NULL, 0);
	free(plain.ns);
	free(traced.ns);
	free(ratio);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 1000;
	long requests = argc > 3 ? atol(argv[3]) : 1000;

	signal(SIGPIPE, SIG_IGN);
	if (strcmp(what, "--serve") == 0)
		return serve(n);
	if (strcmp(what, "--turns") == 0)
		return turns(n);
	if (n < 100 || requests < CONNECTIONS)
		return 2;
	if (strcmp(what, "turn") == 0)
		return run_turns(n);
	if (strcmp(what, "echo") == 0 || strcmp(what, "redis") == 0)
		return compare(what[0] == 'r', n, requests);
	return 2;
}
