/* proxy.h - a line protocol in front of a relay.
 *
 *   ECHO text        answered with text
 *   CONNECT host port  answered with "OK"; from then on all bytes go to that host and back
 */
#ifndef PROXY_H
#define PROXY_H

#include <stddef.h>
#include <uv.h>

enum { LINE = 512 };

struct session {
	uv_tcp_t client, upstream;
	uv_connect_t connect;
	uv_getaddrinfo_t find;
	char line[LINE];
	size_t n;	 /* bytes in line */
	char rest[LINE]; /* what came behind CONNECT before the upstream was there */
	size_t nrest;
	int handles; /* that are still open; a search for the host counts as one */
	int relaying;
};

/* session.c */
void session_feed(struct session *s, const char *data, size_t n);
void session_say(struct session *s, const char *text, size_t n);
void session_close(struct session *s);
void session_release(struct session *s);

/* upstream.c */
void upstream_open(struct session *s, const char *host, const char *port);
void upstream_send(struct session *s, const char *data, size_t n);

/* io.c */
void io_write(uv_stream_t *to, const char *data, size_t n);
void io_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf);

#endif
