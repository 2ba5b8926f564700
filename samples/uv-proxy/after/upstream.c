/* upstream.c - the other side: finds the host, connects, and passes bytes on. */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct session *s = stream->data;

	if (n > 0)
		session_say(s, buf->base, (size_t)n);
	else if (n < 0)
		session_close(s);
	free(buf->base);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct session *s = req->data;

	if (status < 0) {
		session_close(s);
		return;
	}
	session_say(s, "OK\n", 3);
	uv_read_start((uv_stream_t *)&s->upstream, io_alloc, on_read);
	io_write((uv_stream_t *)&s->upstream, s->rest, s->nrest);
}

static void start(struct session *s, const struct sockaddr *addr)
{
	uv_tcp_init(s->client.loop, &s->upstream);
	s->handles++;
	if (uv_tcp_connect(&s->connect, &s->upstream, addr, on_connected) < 0)
		session_close(s);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct session *s = req->data;

	if (status < 0)
		session_close(s);
	else if (!uv_is_closing((uv_handle_t *)&s->client))
		start(s, found->ai_addr);
	uv_freeaddrinfo(found);
	session_release(s);
}

/* The answer comes as an event like any other. */
static int find(struct session *s, const char *host, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

	return uv_getaddrinfo(s->client.loop, &s->find, on_found, host, port, &hints);
}

void upstream_open(struct session *s, const char *host, const char *port)
{
	if (find(s, host, port) < 0)
		session_close(s);
	else
		s->handles++;
}

void upstream_send(struct session *s, const char *data, size_t n)
{
	if (s->upstream.loop && uv_is_writable((uv_stream_t *)&s->upstream)) {
		io_write((uv_stream_t *)&s->upstream, data, n);
		return;
	}
	if (n > LINE - s->nrest)
		n = LINE - s->nrest;
	memcpy(s->rest + s->nrest, data, n);
	s->nrest += n;
}
