/* diag.c - messages to the user about the world: bad input, missing files. */
#include "base/base.h"

static void (*redirect)(void *ctx, const char *level, const char *msg);
static void *redirect_ctx;
static uint32_t count;

void diag_redirect(void (*sink)(void *ctx, const char *level, const char *msg), void *ctx)
{
	redirect = sink;
	redirect_ctx = ctx;
}

PRINTF(2, 0) static void say(const char *level, const char *fmt, va_list ap)
{
	struct sb line = {0};
	char *msg = NULL;
	size_t prefix;
	int n = vasprintf(&msg, fmt, ap);

	count++;
	sb_printf(&line, "tvt-lint: %s: ", level);
	prefix = line.n;
	if (n >= 0)
		sb_put_visible(&line, msg, (size_t)n);
	free(msg);
	if (redirect) {
		redirect(redirect_ctx, level, line.s + prefix);
	} else {
		sb_putc(&line, '\n');
		/* one write, so that lines of several processes do not mix */
		fflush(stdout);
		fwrite(line.s, 1, line.n, stderr);
	}
	sb_free(&line);
}

uint32_t diag_count(void)
{
	return count;
}

int error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("error", fmt, ap);
	va_end(ap);
	return -1;
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning", fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("note", fmt, ap);
	va_end(ap);
}
