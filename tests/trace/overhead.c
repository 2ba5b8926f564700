/* overhead.c - what the tracer costs: processor time per request of a server, traced against
 * untraced.
 *
 * usage: overhead turn|echo|redis [ROUNDS [REQUESTS]]
 *
 * Rounds alternate, so that what else runs on the machine meets both. On a busy machine the least
 * of many short rounds is nearest to the truth: other load only adds (caches, the other thread of
 * the core). Run it as "chrt -f 10 overhead ..." for less of that. "echo" is a libuv server and 100
 * connections; "redis" is redis-server and redis-benchmark, 50 connections. Time is that of the
 * server's main thread by /proc/PID/schedstat; the watching process is counted apart.
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

static void load_echo(int port, long requests)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), fds[CONNECTIONS];
	char buf[SIZE] = "x";
	long sent = 0, done = 0;

	for (int i = 0; i < CONNECTIONS; i++) {
		struct epoll_event ev = {.events = EPOLLIN};

		ev.data.fd = fds[i] = dial(port);
		epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev);
		sent += write(fds[i], buf, SIZE) == SIZE;
	}
	while (done < requests) {
		struct epoll_event ev[CONNECTIONS];
		int n = epoll_wait(ep, ev, CONNECTIONS, -1);

		for (int i = 0; i < n; i++) {
			if (read(ev[i].data.fd, buf, SIZE) != SIZE)
				exit(error("the server closed a connection"));
			done++;
			if (sent < requests)
				sent += write(ev[i].data.fd, buf, SIZE) == SIZE;
		}
	}
	for (int i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	close(ep);
}

static void load_redis(int port, long requests)
{
	char cmd[200];

	close(dial(port));
	snprintf(cmd, sizeof cmd, "redis-benchmark -p %d -c 50 -n %ld -t get -q >/dev/null 2>&1",
		port, requests);
	if (system(cmd) != 0)
		exit(error("redis-benchmark failed"));
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

struct cost {
	double server, watcher; /* ns of processor time per request */
};

static struct cost measure(bool redis, bool traced, int port, long requests)
{
	char self[4096], number[16];
	char *echo[] = {TRACE_FRONT, "-q", "--", self, "--serve", number, NULL};
	char *server[] = {
		TRACE_FRONT, "-q", "--", "redis-server", "--port", number, "--save", "", NULL};
	char **argv = redis ? server : echo;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	double before, watch_before;
	struct cost c;
	pid_t pid, child;

	self[n > 0 ? n : 0] = '\0';
	snprintf(number, sizeof number, "%d", port);
	pid = fork();
	if (pid == 0) {
		freopen("/dev/null", "w", stdout);
		execvp(argv[traced ? 0 : 3], argv + (traced ? 0 : 3));
		_exit(127);
	}
	close(dial(port));
	child = traced ? only_child(pid) : pid;
	(redis ? load_redis : load_echo)(port, requests / 10); /* warm up */
	before = cpu_ns(child);
	watch_before = cpu_ns(pid);
	(redis ? load_redis : load_echo)(port, requests);
	c.server = (cpu_ns(child) - before) / (double)requests;
	c.watcher = traced ? (cpu_ns(pid) - watch_before) / (double)requests : 0;
	kill(child, SIGTERM);
	waitpid(pid, NULL, 0);
	return c;
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

static void print(const char *name, double *v, int n, int digits)
{
	double mid = median(v, n); /* sorts */

	printf("%20s: least %.*f, median %.*f, greatest %.*f\n", name, digits, v[0], digits, mid,
		digits, v[n - 1]);
}

int main(int argc, char **argv)
{
	bool redis = argc > 1 && strcmp(argv[1], "redis") == 0,
	     one = argc > 1 && strcmp(argv[1], "turn") == 0;
	int rounds = argc > 2 ? atoi(argv[2]) : 9, port = 20000 + getpid() % 20000;
	long requests = argc > 3 ? atol(argv[3]) : 200000;
	double plain[99], traced[99], watch[99], ratio[99];

	if (argc == 3 && strcmp(argv[1], "--serve") == 0)
		return serve(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "--turns") == 0)
		return turns(atoi(argv[2]));
	if (argc < 2 || (!redis && !one && strcmp(argv[1], "echo") != 0) || rounds < 1 ||
		rounds > 99 || requests < 1000)
		return 2;
	if (one)
		return run_turns(rounds * 100);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < rounds; i++) {
		bool first = i % 2;
		struct cost x = measure(redis, first, port++, requests),
			    y = measure(redis, !first, port++, requests);
		struct cost t = first ? x : y, p = first ? y : x;

		plain[i] = p.server;
		traced[i] = t.server;
		watch[i] = t.watcher;
		ratio[i] = t.server / p.server;
	}
	printf("%s, ns of processor time a request:\n", argv[1]);
	print("untraced", plain, rounds, 1);
	print("traced", traced, rounds, 1);
	print("watcher", watch, rounds, 1);
	print("ratio of a round", ratio, rounds, 4);
	printf("ratio of the least: %.4f, of the medians: %.4f\n", traced[0] / plain[0],
		median(traced, rounds) / median(plain, rounds));
	return 0;
}
