/* Load for an echo server: so many connections, one message of 64 bytes under way in each.
 *
 * Usage: echo_load PORT CONNECTIONS SECONDS SERVER_PID
 * Prints requests a second, the server's CPU ns a request, and its resident MiB.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench.h"

enum { SIZE = 64 };

/* User and system time of pid in ns; the kernel counts in ticks, so measure for seconds. */
static int64_t cpu_of(int pid)
{
	unsigned long user = 0, sys = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if ((f = fopen(path, "r"))) {
		if (fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			    &sys) != 2)
			user = sys = 0;
		fclose(f);
	}
	return (int64_t)(user + sys) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static long resident_of(int pid)
{
	char path[64], line[128];
	long kib = 0, v;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "VmRSS: %ld", &v) == 1 || sscanf(line, "VmPTE: %ld", &v) == 1)
			kib += v;
	}
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int n = atoi(argv[2]), pid = atoi(argv[4]), ep = epoll_create1(0), one = 1;
	int64_t end, begin, cpu;
	static char buf[SIZE];
	struct epoll_event e[256];
	long done = 0;

	for (int i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) {
			perror("echo_load: connect");
			return 1;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		e[0] = (struct epoll_event){EPOLLIN, {.fd = fd}};
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, e);
		if (send(fd, buf, SIZE, 0) != SIZE)
			return 1;
	}
	begin = now_ns();
	cpu = cpu_of(pid);
	end = begin + atoi(argv[3]) * INT64_C(1000000000);
	while (now_ns() < end) {
		int k = epoll_wait(ep, e, 256, 1000);

		for (int i = 0; i < k; i++) {
			if (recv(e[i].data.fd, buf, SIZE, 0) <= 0 ||
				send(e[i].data.fd, buf, SIZE, 0) != SIZE) {
				perror("echo_load: server");
				return 1;
			}
			done++;
		}
	}
	result("rate", (double)done / ((double)(now_ns() - begin) / 1e9));
	result("request", (double)(cpu_of(pid) - cpu) / (double)done);
	result("mib", (double)resident_of(pid) / 1024);
	return 0;
}
