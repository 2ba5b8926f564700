/* sink.c - a program of its own in the same binary: it may wait, it has nothing else to do. */
#include "relay.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int sink(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[DATAGRAM + 1];

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return 1;
	for (;;) {
		ssize_t n = recv(fd, buf, DATAGRAM, 0);

		if (n < 0)
			return 1;
		buf[n] = '\0';
		if (!strcmp(buf, "end"))
			return 0;
		printf("%s\n", buf);
	}
}
