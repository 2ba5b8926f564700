/* main.c - looks at sensors ten times a second, a timer for each, and tells them to who asks: GET n. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct sensor {
	uv_timer_t timer;
	unsigned looks;
	int value;
};
static struct sensor *sensors;
static int nsensor;
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

/* A register of the device; here it only counts. */
static void look(struct sensor *s)
{
	s->value = (int)(s->looks++ % 100);
}

static void on_timer(uv_timer_t *t)
{
	look(t->data);
}

static void on_request(uv_udp_t *server, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	char text[32];
	int i;

	(void)flags;
	if (n <= 0)
		return;
	buf->base[n] = '\0';
	if (sscanf(buf->base, "GET %d", &i) == 1 && i >= 0 && i < nsensor) {
		snprintf(text, sizeof text, "%s", sensors[i].looks ? "SEEN" : "NEW");
		reply(server, from, text);
	}
}

static void start(void)
{
	for (int i = 0; i < nsensor; i++) {
		sensors[i].timer.data = &sensors[i];
		uv_timer_init(uv_default_loop(), &sensors[i].timer);
		uv_timer_start(&sensors[i].timer, on_timer, (uint64_t)i % 100, 100);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr;
	int len = sizeof addr;
	uv_udp_t server;

	nsensor = argc > 2 ? atoi(argv[2]) : 16;
	sensors = calloc((size_t)nsensor, sizeof *sensors);
	if (!sensors)
		return 1;
	start();
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
