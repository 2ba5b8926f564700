/* json.c - a streaming JSON writer (RFC 8259). Output is always valid UTF-8: bytes that are not are
 * replaced by U+FFFD. What would drive a terminal or reorder a line is escaped: the value is the same, and looking at
 * the file does no harm. */
#include "base/base.h"

#include <assert.h>
#include <math.h>

void json_begin(struct json *j, struct sb *out, bool pretty)
{
	memset(j, 0, sizeof *j);
	j->out = out;
	j->pretty = pretty;
	j->first[0] = true;
}

static void put_quoted(struct sb *b, const char *s, size_t n)
{
	static const char *const esc[128] = {['"'] = "\\\"",
		['\\'] = "\\\\",
		['\n'] = "\\n",
		['\t'] = "\\t",
		['\r'] = "\\r",
		['\b'] = "\\b",
		['\f'] = "\\f"};
	size_t plain = 0; /* bytes that can be copied as they are */

	sb_putc(b, '"');
	while (plain < n) {
		unsigned char c = (unsigned char)s[plain];
		uint32_t cp = c;
		unsigned len = c >= 0x20 && c < 0x7F ? 1 : utf8_next(s + plain, n - plain, &cp);

		if (len && !(c < 0x80 && esc[c]) && !utf8_invisible(cp)) {
			plain += len;
			continue;
		}
		sb_putn(b, s, plain);
		if (!len)
			sb_puts(b, "\xEF\xBF\xBD");
		else if (c < 0x80 && esc[c])
			sb_puts(b, esc[c]);
		else
			sb_printf(b, "\\u%04x", cp);
		plain += len ? len : 1;
		s += plain;
		n -= plain;
		plain = 0;
	}
	sb_putn(b, s, n);
	sb_putc(b, '"');
}

static void indent(struct json *j)
{
	if (!j->pretty)
		return;
	sb_putc(j->out, '\n');
	for (uint32_t i = 0; i < j->depth; i++)
		sb_puts(j->out, "  ");
}

/* Comma, line and key before a value. */
static void begin_value(struct json *j, const char *key)
{
	assert(!key == !(j->depth && j->close[j->depth] == '}'));
	if (!j->first[j->depth])
		sb_putc(j->out, ',');
	j->first[j->depth] = false;
	if (j->depth)
		indent(j);
	if (key) {
		put_quoted(j->out, key, strlen(key));
		sb_puts(j->out, j->pretty ? ": " : ":");
	}
}

static void open(struct json *j, const char *key, char opening, char closing)
{
	begin_value(j, key);
	sb_putc(j->out, opening);
	j->depth++;
	assert(j->depth < COUNT(j->first));
	j->first[j->depth] = true;
	j->close[j->depth] = closing;
}

void json_obj(struct json *j, const char *key)
{
	open(j, key, '{', '}');
}

void json_arr(struct json *j, const char *key)
{
	open(j, key, '[', ']');
}

void json_end(struct json *j)
{
	char closing;
	bool empty;

	assert(j->depth);
	closing = j->close[j->depth];
	empty = j->first[j->depth];
	j->depth--;
	if (!empty)
		indent(j);
	sb_putc(j->out, closing);
}

void json_strn(struct json *j, const char *key, const char *val, size_t n)
{
	begin_value(j, key);
	put_quoted(j->out, val, n);
}

void json_str(struct json *j, const char *key, const char *val)
{
	json_strn(j, key, val, strlen(val));
}

void json_int(struct json *j, const char *key, int64_t val)
{
	begin_value(j, key);
	sb_printf(j->out, "%lld", (long long)val);
}

/* As short as it can be and still read back as the same number; null if JSON cannot say it. */
void json_num(struct json *j, const char *key, double val)
{
	char buf[40];

	if (!isfinite(val)) {
		json_null(j, key);
		return;
	}
	begin_value(j, key);
	snprintf(buf, sizeof buf, "%.15g", val);
	if (strtod(buf, NULL) != val)
		snprintf(buf, sizeof buf, "%.17g", val);
	sb_puts(j->out, buf);
}

void json_bool(struct json *j, const char *key, bool val)
{
	begin_value(j, key);
	sb_puts(j->out, val ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin_value(j, key);
	sb_puts(j->out, "null");
}
