/* uri.c - file: URIs to paths and back (RFC 8089). */
#include "lsp/lsp_int.h"

#include <ctype.h>

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

char *uri_path(const char *uri, struct arena *a)
{
	struct sb b = {0};
	char *path;

	if (!uri || strncmp(uri, "file://", 7))
		return NULL;
	uri = strchr(uri + 7, '/'); /* behind the host, which is nobody or this machine */
	if (!uri)
		return NULL;
	for (; *uri && *uri != '?' && *uri != '#'; uri++) {
		if (*uri == '%' && hex(uri[1]) >= 0 && hex(uri[2]) >= 0) {
			sb_putc(&b, (char)(hex(uri[1]) << 4 | hex(uri[2])));
			uri += 2;
		} else {
			sb_putc(&b, *uri);
		}
	}
	/* a NUL in a name would cut it */
	path = b.s && strlen(b.s) == b.n ? path_normal(a, b.s) : NULL;
	sb_free(&b);
	return path;
}

char *uri_of(const char *path, struct arena *a)
{
	struct sb b = {0};
	char *uri;

	sb_puts(&b, "file://");
	for (const unsigned char *s = (const unsigned char *)path; *s; s++)
		if (isascii(*s) && (isalnum(*s) || strchr("-._~/", *s)))
			sb_putc(&b, (char)*s);
		else
			sb_printf(&b, "%%%02X", *s);
	uri = arena_strdup(a, b.s);
	sb_free(&b);
	return uri;
}
