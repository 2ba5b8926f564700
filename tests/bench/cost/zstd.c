#include "bench.h"

#define XXH_NAMESPACE ZSTD_
#include "common/xxhash.h"
#include "compress/hist.h"
#include <zstd.h>

int main(void)
{
	char *out = malloc(1 << 21);

	BENCH(ZSTD_compress, 262144, char *s = text(n);, { sink += (long)ZSTD_compress(out, 1 << 21, s, (size_t)n, 3); })
	BENCH(ZSTD_decompress, 262144, char *s = text(n); size_t got = ZSTD_compress(out, 1 << 21, s, (size_t)n, 3);,
		{ sink += (long)ZSTD_decompress(s, (size_t)n, out, got); })
	BENCH(HIST_count_simple, 65536, char *s = text(n); unsigned count[256]; unsigned top;,
		{ top = 255; sink += HIST_count_simple(count, &top, s, (size_t)n); })
	return 0;
}
