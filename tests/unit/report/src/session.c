#include "upstream.h"

void session_feed(struct session *s, const char *data, size_t n)
{
	if (parse_line(s, data, n))
		s->ops->open(s, s->host, s->port);
}
