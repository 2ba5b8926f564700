/* io.c - writes that free what they wrote. */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

struct out {
	uv_write_t req;
	char data[];
};

static void on_written(uv_write_t *req, int status)
{
	(void)status;
	free(req->data);
}

void io_write(uv_stream_t *to, const char *data, size_t n)
{
	struct out *o = malloc(sizeof *o + n);
	uv_buf_t buf;

	if (!o)
		return;
	memcpy(o->data, data, n);
	o->req.data = o;
	buf = uv_buf_init(o->data, (unsigned)n);
	if (uv_write(&o->req, to, &buf, 1, on_written) < 0)
		free(o);
}

void io_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	(void)handle;
	*buf = uv_buf_init(malloc(size), (unsigned)size);
}
