/* main.c - answers "GET /name" with "hello name", and logs it. */
#include "log.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_request(struct evhttp_request *req, void *arg)
{
	const char *uri = evhttp_request_get_uri(req);
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	log_access(evhttp_request_get_command(req) == EVHTTP_REQ_GET ? "GET" : "OTHER", uri);
	evbuffer_add_printf(body, "hello %s\n", uri + 1);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

static void on_term(evutil_socket_t sig, short what, void *base)
{
	(void)sig;
	(void)what;
	event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct event *term = evsignal_new(base, SIGTERM, on_term, base);
	struct evhttp_bound_socket *bound;
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;

	if (argc != 3 || log_open(argv[2]) < 0) {
		fprintf(stderr, "usage: %s PORT LOG\n", argv[0]);
		return 2;
	}
	evhttp_set_gencb(http, on_request, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", (unsigned short)atoi(argv[1]));
	if (!bound)
		return 1;
	getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len);
	printf("listening on %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	event_add(term, NULL);
	event_base_dispatch(base);
	event_free(term);
	evhttp_free(http);
	event_base_free(base);
	log_close();
	return 0;
}
