#include <ngx_config.h>
#include <ngx_core.h>

#include "bench.h"

static ngx_cycle_t cycle;
volatile ngx_cycle_t *ngx_cycle = &cycle;
ngx_uint_t ngx_cacheline_size = 64;
void *ngx_alloc(size_t n, ngx_log_t *log);
void *ngx_alloc(size_t n, ngx_log_t *log)
{
	(void)log;
	return malloc(n);
}

static ngx_int_t by_number(const void *x, const void *y)
{
	return *(const int *)x - *(const int *)y;
}

static ngx_str_t str(void *p, long n)
{
	return (ngx_str_t){(size_t)n, p};
}

int main(void)
{
	u_char *out = malloc(1 << 20);

	BENCH(ngx_encode_base64, 65536, ngx_str_t in = str(text(n), n); ngx_str_t to = str(out, 0);, { ngx_encode_base64(&to, &in); })
	BENCH(ngx_decode_base64, 65536, ngx_str_t from = str(text(n), n); ngx_str_t in = str(malloc(2 * (size_t)n), 0);
		ngx_encode_base64(&in, &from); ngx_str_t to = str(out, 0);, { sink += ngx_decode_base64(&to, &in); })
	BENCH(ngx_utf8_length, 65536, u_char *s = (u_char *)text(n);, { sink += (long)ngx_utf8_length(s, (size_t)n); })
	BENCH(ngx_escape_uri, 65536, u_char *s = (u_char *)text(n);, { sink += (long)ngx_escape_uri(out, s, (size_t)n, NGX_ESCAPE_URI); })
	BENCH(ngx_escape_html, 65536, u_char *s = (u_char *)text(n);, { sink += (long)ngx_escape_html(out, s, (size_t)n); })
	BENCH(ngx_murmur_hash2, 65536, u_char *s = (u_char *)text(n);, { sink += ngx_murmur_hash2(s, (size_t)n); })
	BENCH(ngx_strlcasestrn, 16384, u_char *s = (u_char *)text(n);, { sink += ngx_strlcasestrn(s, s + n, (u_char *)"no#where", 7) != NULL; })
	BENCH(ngx_sort, 512, int *a = malloc(sizeof *a * (size_t)n);,
		{ for (long i = 0; i < n; i++) a[i] = (int)(n - i); ngx_sort(a, (size_t)n, sizeof *a, by_number); })
	BENCH(ngx_hash_strlow, 65536, u_char *s = (u_char *)text(n);, { sink += (long)ngx_hash_strlow(out, s, (size_t)n); })
	return 0;
}
