#include "upstream.h"

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct session *s = stream->data;

	if (n > 0)
		session_feed(s, buf->base, n);
}

void server_accept(uv_stream_t *stream)
{
	uv_read_start(stream, on_alloc, on_read);
}
