#include "bench.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/util.h>

int main(void)
{
	BENCH(evhttp_uriencode, 65536, char *s = text(n);, { free(evhttp_uriencode(s, n, 0)); })
	BENCH(evhttp_htmlescape, 65536, char *s = text(n);, { free(evhttp_htmlescape(s)); })
	BENCH(evhttp_decode_uri, 65536, char *s = text(n);, { free(evhttp_decode_uri(s)); })
	BENCH(evbuffer_search, 65536, char *s = text(n); struct evbuffer *b = evbuffer_new(); evbuffer_add(b, s, (size_t)n);,
		{ sink += evbuffer_search(b, "#nowhere", 8, NULL).pos; })
	BENCH(evutil_ascii_strcasecmp, 65536, char *s = text(n); char *t = text(n);, { sink += evutil_ascii_strcasecmp(s, t); })
	BENCH(evbuffer_copyout, 65536, char *s = text(n); struct evbuffer *b = evbuffer_new(); evbuffer_add(b, s, (size_t)n);,
		{ sink += evbuffer_copyout(b, s, (size_t)n); })
	return 0;
}
