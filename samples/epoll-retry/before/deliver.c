/* deliver.c - one datagram to the local socket, without waiting. */
#include "relay.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un to = {.sun_family = AF_UNIX};
static int fd = -1;

int deliver_open(const char *path)
{
	if (strlen(path) >= sizeof to.sun_path)
		return -1;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd;
}

int deliver(const char *data, size_t n)
{
	return sendto(fd, data, n, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : 0;
}
