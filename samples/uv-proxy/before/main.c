/* main.c - accepts clients on one loop. */
#include "proxy.h"

#include <stdio.h>
#include <stdlib.h>

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct session *s = stream->data;

	if (n > 0)
		session_feed(s, buf->base, (size_t)n);
	else if (n < 0)
		session_close(s);
	free(buf->base);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct session *s;

	if (status < 0)
		return;
	s = calloc(1, sizeof *s);
	if (!s)
		return;
	s->client.data = s->upstream.data = s->connect.data = s;
	uv_tcp_init(server->loop, &s->client);
	s->handles = 1;
	if (uv_accept(server, (uv_stream_t *)&s->client) < 0)
		session_close(s);
	else
		uv_read_start((uv_stream_t *)&s->client, io_alloc, on_read);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_tcp_t server;

	uv_tcp_init(uv_default_loop(), &server);
	uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &addr);
	uv_tcp_bind(&server, (const struct sockaddr *)&addr, 0);
	if (uv_listen((uv_stream_t *)&server, 16, on_connection) < 0)
		return 1;
	uv_tcp_getsockname(&server, (struct sockaddr *)&addr, &len);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
