/* session.c - what a client says, line by line, until it is connected. */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

static void on_close(uv_handle_t *handle)
{
	struct session *s = handle->data;

	if (--s->handles == 0)
		free(s);
}

void session_close(struct session *s)
{
	if (!uv_is_closing((uv_handle_t *)&s->client))
		uv_close((uv_handle_t *)&s->client, on_close);
	if (s->upstream.loop && !uv_is_closing((uv_handle_t *)&s->upstream))
		uv_close((uv_handle_t *)&s->upstream, on_close);
}

void session_say(struct session *s, const char *text, size_t n)
{
	if (!uv_is_closing((uv_handle_t *)&s->client))
		io_write((uv_stream_t *)&s->client, text, n);
}

static void run_connect(struct session *s, char *args)
{
	char *port = strchr(args, ' ');

	if (!port) {
		session_close(s);
		return;
	}
	*port++ = '\0';
	s->relaying = 1;
	upstream_open(s, args, port);
}

static void run_line(struct session *s)
{
	if (!strncmp(s->line, "ECHO ", 5)) {
		size_t n = strlen(s->line);

		s->line[n] = '\n';
		session_say(s, s->line + 5, n - 4);
	} else if (!strncmp(s->line, "CONNECT ", 8)) {
		run_connect(s, s->line + 8);
	} else {
		session_close(s);
	}
}

void session_feed(struct session *s, const char *data, size_t n)
{
	for (; n && !uv_is_closing((uv_handle_t *)&s->client); data++, n--) {
		if (s->relaying) {
			upstream_send(s, data, n);
			return;
		}
		if (*data != '\n' && s->n < LINE - 2) {
			s->line[s->n++] = *data;
			continue;
		}
		s->line[s->n] = '\0';
		s->n = 0;
		run_line(s);
	}
}
