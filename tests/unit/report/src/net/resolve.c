#include "upstream.h"

/* Called when the first line of a request is complete. */
int upstream_open(struct session *s, const char *host, const char *port)
{
	struct addrinfo hints = {0}, *res;

	hints.ai_socktype = SOCK_STREAM;
	s->state = CONNECTING;
	int r = getaddrinfo(host, port, &hints, &res);
	if (r)
		return -1;
	return connect_to(s, res);
}
