/* frame.c - messages out of a stream of bytes, whatever the bytes are.
 *
 * A client with a wrong Content-Length must not end the server, nor make it deaf: what is not a
 * header is skipped up to the next "Content-Length:", and a body that is no JSON is searched for
 * one.
 */
#include "lsp/frame.h"

#include <ctype.h>
#include <strings.h>

static const char name[] = "Content-Length:";

void frame_feed(struct frame *f, const char *s, size_t n)
{
	size_t skip = n < f->skip ? n : f->skip;

	f->skip -= skip;
	s += skip;
	n -= skip;
	if (f->at && (f->at == f->in.n || f->at > (1 << 16))) {
		memmove(f->in.s, f->in.s + f->at, f->in.n - f->at);
		f->in.n -= f->at;
		f->at = 0;
	}
	sb_putn(&f->in, s, n);
}

static const char *find_name(const char *s, size_t n)
{
	for (const char *end = s + n; s + sizeof name - 1 <= end; s++)
		if ((*s == 'C' || *s == 'c') && !strncasecmp(s, name, sizeof name - 1))
			return s;
	return NULL;
}

/* Skips to the next header, or keeps what may be the begin of one. */
static int resync(struct frame *f, size_t from, const char **why, const char *text)
{
	const char *next = find_name(f->in.s + from, f->in.n - from);

	*why = text;
	if (next)
		f->at = (size_t)(next - f->in.s);
	else
		f->at = f->in.n - from > sizeof name ? f->in.n - (sizeof name - 1) : from;
	return -1;
}

/* The value of Content-Length; -1: none, or no number; -2: too large. */
static int64_t length(const char *head, size_t n)
{
	const char *p = find_name(head, n), *end = head + n;
	int64_t val = 0;
	bool digit = false;

	/* it begins a line */
	if (!p || (p > head && p[-1] != '\n'))
		return -1;
	for (p += sizeof name - 1; p < end && (*p == ' ' || *p == '\t');)
		p++;
	for (; p < end && isdigit((unsigned char)*p); p++) {
		digit = true;
		val = val * 10 + (*p - '0');
		if (val > ((int64_t)1 << 40))
			return -1;
	}
	if (!digit || (p < end && *p != '\r' && *p != '\n' && *p != ' '))
		return -1;
	return val;
}

int frame_next(struct frame *f, const char **body, size_t *n, const char **why)
{
	char *head = f->in.s + f->at;
	size_t have = f->in.n - f->at, nhead;
	char *end;
	int64_t len;

	if (!have)
		return 0;
	end = memmem(head, have < FRAME_HEADER ? have : FRAME_HEADER, "\r\n\r\n", 4);
	if (!end) {
		/* a line that cannot begin a header is not waited for */
		if (have >= FRAME_HEADER || !(isalpha((unsigned char)*head)))
			return resync(f, f->at + 1, why, "the header is broken");
		return 0;
	}
	nhead = (size_t)(end - head) + 4;
	len = length(head, nhead);
	if (len < 0)
		return resync(f, f->at + 1, why, "the header has no valid Content-Length");
	if (len > FRAME_BODY) {
		have -= nhead;
		f->skip = (size_t)len > have ? (size_t)len - have : 0;
		f->at += nhead + ((size_t)len < have ? (size_t)len : have);
		*why = "the message is too large";
		return -1;
	}
	if (have - nhead < (size_t)len)
		return 0;
	*body = head + nhead;
	*n = (size_t)len;
	f->at += nhead + (size_t)len;
	return 1;
}

void frame_distrust(struct frame *f, const char *body, size_t n)
{
	const char *next = find_name(body, n);

	if (next)
		f->at = (size_t)(next - f->in.s);
}

void frame_free(struct frame *f)
{
	sb_free(&f->in);
	*f = (struct frame){0};
}
