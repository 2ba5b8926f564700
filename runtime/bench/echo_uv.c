/* Echo server on libuv. Usage: echo_uv PORT */
#include <uv.h>

#include "bench.h"

struct conn {
	uv_tcp_t tcp;
	uv_write_t write;
	char buf[1024];
};

static void on_close(uv_handle_t *h)
{
	free(h);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct conn *c = (struct conn *)h;

	*buf = uv_buf_init(c->buf, sizeof c->buf);
}

static void on_write(uv_write_t *w, int status)
{
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = (struct conn *)s;
	uv_buf_t out = uv_buf_init(c->buf, n > 0 ? (unsigned)n : 0);
	int put;

	if (n < 0) {
		uv_close((uv_handle_t *)s, on_close);
	} else if (n > 0) { /* the quickest way libuv has: at once, queued only if that fails */
		put = uv_try_write(s, &out, 1);
		if (put < n) {
			out = uv_buf_init(
				c->buf + (put > 0 ? put : 0), (unsigned)(n - (put > 0 ? put : 0)));
			uv_write(&c->write, s, &out, 1, on_write);
		}
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	struct conn *c = malloc(sizeof *c);

	uv_tcp_init(server->loop, &c->tcp);
	if (uv_accept(server, (uv_stream_t *)&c->tcp) == 0)
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	else
		uv_close((uv_handle_t *)&c->tcp, on_close);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in addr;
	uv_tcp_t server;

	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", atoi(argv[1]), &addr);
	uv_tcp_bind(&server, (struct sockaddr *)&addr, 0);
	if (uv_listen((uv_stream_t *)&server, 4096, on_connection) < 0)
		return 1;
	return uv_run(loop, UV_RUN_DEFAULT);
}
