/* main.c - answers every line with the line and how many there were before it: a task on one loop for each client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct client {
	uv_tcp_t tcp;
	char *in; /* what came of a line that has not ended; NULL while there is none */
	size_t have;
	unsigned lines;
};
struct answer {
	uv_write_t req;
	char text[600];
};
static char buffer[512]; /* for all: what is read is used, or copied, at once */

static void on_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	free(c->in);
	free(c);
}

static void on_written(uv_write_t *req, int status)
{
	if (status < 0 && !uv_is_closing((uv_handle_t *)req->handle))
		uv_close((uv_handle_t *)req->handle, on_closed);
	free(req->data);
}

static void answer(struct client *c, const char *line, size_t n)
{
	struct answer *a = malloc(sizeof *a);
	int len;

	if (!a)
		return;
	a->req.data = a;
	len = snprintf(a->text, sizeof a->text, "%u %.*s", c->lines++, (int)n, line);
	uv_buf_t buf = uv_buf_init(a->text, (unsigned)len);
	if (uv_write(&a->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) < 0)
		free(a);
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
	struct client *c = h->data;

	(void)want;
	memcpy(buffer, c->in ? c->in : "", c->have);
	*buf = uv_buf_init(buffer + c->have, (unsigned)(sizeof buffer - c->have));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = s->data;
	char *at = buffer, *stop, *end;

	(void)buf;
	if (n < 0 || c->have + (size_t)n == sizeof buffer) {
		uv_close((uv_handle_t *)s, on_closed); /* gone, or the line is too long */
		return;
	}
	for (stop = buffer + c->have + n; (end = memchr(at, '\n', (size_t)(stop - at))); at = end + 1)
		answer(c, at, (size_t)(end + 1 - at));
	free(c->in);
	c->have = (size_t)(stop - at);
	c->in = c->have ? malloc(c->have) : NULL;
	if (c->in)
		memcpy(c->in, at, c->have);
	else
		c->have = 0;
}

static void on_connection(uv_stream_t *server, int status)
{
	struct client *c = status < 0 ? NULL : calloc(1, sizeof *c);

	if (!c)
		return;
	c->tcp.data = c;
	uv_tcp_init(server->loop, &c->tcp);
	if (uv_accept(server, (uv_stream_t *)&c->tcp) < 0)
		uv_close((uv_handle_t *)&c->tcp, on_closed);
	else
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_tcp_t server;

	uv_tcp_init(uv_default_loop(), &server);
	uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &addr);
	uv_tcp_bind(&server, (const struct sockaddr *)&addr, 0);
	if (uv_listen((uv_stream_t *)&server, 1024, on_connection) < 0)
		return 1;
	uv_tcp_getsockname(&server, (struct sockaddr *)&addr, &len);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
