/* main.c - a recorder of the last two million samples: ADD n takes one, LOUD says how many are above half, PING is answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SAMPLES = 2000000, PIECE = 25000 };
static short samples[SAMPLES]; /* the last of them, in a ring */
static unsigned newest;
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

static void fill(void)
{
	unsigned x = 1;

	for (int i = 0; i < SAMPLES; i++) {
		x = x * 1664525 + 1013904223;
		samples[i] = (short)(x >> 16);
	}
}

struct scan { /* one that is asked for: goes on from turn to turn */
	uv_idle_t idle;
	uv_udp_t *server;
	struct sockaddr_in from;
	int at;
	unsigned n;
};

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

static void on_idle(uv_idle_t *idle)
{
	struct scan *s = idle->data;
	char text[32];

	for (int stop = s->at + PIECE; s->at < stop; s->at++)
		if (samples[s->at] / 2 * (samples[s->at] / 2) % 65521 > 16384)
			s->n++;
	if (s->at < SAMPLES)
		return;
	snprintf(text, sizeof text, "%u", s->n);
	reply(s->server, (const struct sockaddr *)&s->from, text);
	uv_close((uv_handle_t *)idle, on_closed);
}

static void loud(uv_udp_t *server, const struct sockaddr *from)
{
	struct scan *s = calloc(1, sizeof *s);

	if (!s)
		return;
	s->idle.data = s;
	s->server = server;
	s->from = *(const struct sockaddr_in *)from;
	uv_idle_init(server->loop, &s->idle);
	uv_idle_start(&s->idle, on_idle);
}

static void on_request(uv_udp_t *server, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	(void)flags;
	if (n <= 0)
		return;
	buf->base[n] = '\0';
	if (!strncmp(buf->base, "ADD ", 4))
		samples[newest++ % SAMPLES] = (short)atoi(buf->base + 4);
	else if (!strcmp(buf->base, "LOUD"))
		loud(server, from);
	else if (!strcmp(buf->base, "PING"))
		reply(server, from, "PONG");
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_udp_t server;

	fill();
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
