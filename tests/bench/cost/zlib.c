#include "bench.h"

#include <zlib.h>

int main(void)
{
	unsigned char *out = malloc(1 << 21);

	BENCH(adler32, 65536, char *s = text(n);, { sink += (long)adler32(1, (void *)s, (unsigned)n); })
	BENCH(crc32, 65536, char *s = text(n);, { sink += (long)crc32(0, (void *)s, (unsigned)n); })
	BENCH(compress2, 262144, char *s = text(n); uLongf got;,
		{ got = 1 << 21; sink += compress2(out, &got, (void *)s, (uLong)n, 6); })
	BENCH(uncompress, 262144, char *s = text(n); uLongf got = 1 << 21; compress2(out, &got, (void *)s, (uLong)n, 6);,
		{ uLongf back = (uLongf)n; sink += uncompress((void *)s, &back, out, got); })
	return 0;
}
