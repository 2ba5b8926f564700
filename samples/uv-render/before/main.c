/* main.c - AREA x y computes a piece of the Mandelbrot set, PING is answered at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char buffer[512];

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
	(void)h;
	(void)want;
	*buf = uv_buf_init(buffer, sizeof buffer - 1);
}

static void reply(uv_udp_t *server, const struct sockaddr *to, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));

	uv_udp_try_send(server, &buf, 1, to);
}

enum { SIZE = 256, DEPTH = 200 };

/* How much of a square around (x, y) belongs to the Mandelbrot set, in 1/65536. */
static unsigned area(double x, double y)
{
	unsigned n = 0;

	for (int row = 0; row < SIZE; row++)
		for (int col = 0; col < SIZE; col++) {
			double cr = x + col / 1e4, ci = y + row / 1e4, zr = 0, zi = 0;

			for (int i = 0; i < DEPTH; i++) {
				double t = zr * zr - zi * zi + cr;

				zi = 2 * zr * zi + ci;
				zr = t > 2 ? 2 : t < -2 ? -2 : t;
				zi = zi > 2 ? 2 : zi < -2 ? -2 : zi;
			}
			n += zr * zr + zi * zi < 4;
		}
	return n;
}

static void on_request(uv_udp_t *server, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	char text[32];
	double x, y;

	(void)flags;
	if (n <= 0)
		return;
	buf->base[n] = '\0';
	if (sscanf(buf->base, "AREA %lf %lf", &x, &y) == 2) {
		snprintf(text, sizeof text, "%u", area(x, y));
		reply(server, from, text);
	} else if (!strcmp(buf->base, "PING")) {
		reply(server, from, "PONG");
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_udp_t server;

	uv_udp_init(uv_default_loop(), &server);
	uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &addr);
	if (uv_udp_bind(&server, (const struct sockaddr *)&addr, 0) < 0)
		return 1;
	uv_udp_getsockname(&server, (struct sockaddr *)&addr, &len);
	uv_udp_recv_start(&server, on_alloc, on_request);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
