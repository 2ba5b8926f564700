#include "bench.h"

#include "adlist.h"
#include "crc64.h"
#include "intset.h"
#include "listpack.h"
#include "sds.h"
#include "sha1.h"
#include "util.h"
#include "ziplist.h"

unsigned int lzf_compress(const void *in, unsigned int n, void *out, unsigned int most);
void _serverAssert(const char *e, const char *file, int line);
void _serverPanic(const char *file, int line, const char *msg, ...);
void _serverAssert(const char *e, const char *file, int line)
{
	(void)e, (void)file, (void)line;
	abort();
}
void _serverPanic(const char *file, int line, const char *msg, ...)
{
	(void)file, (void)line, (void)msg;
	abort();
}

int main(void)
{
	char *out = malloc(1 << 20);

	BENCH(intsetFind, 65536, intset *is = intsetNew(); uint8_t ok; for (long i = 0; i < n; i++) is = intsetAdd(is, i * 3, &ok); long at = 0;,
		{ sink += intsetFind(is, at = (at + 7919) % (3 * n)); })
	BENCH(listSearchKey, 16384, list *l = listCreate(); for (long i = 0; i < n; i++) listAddNodeTail(l, (void *)(i * 16));,
		{ sink += listSearchKey(l, (void *)7) != NULL; })
	BENCH(listDup, 16384, list *l = listCreate(); for (long i = 0; i < n; i++) listAddNodeTail(l, (void *)(i * 16));,
		{ listRelease(listDup(l)); })
	BENCH(sdscatrepr, 65536, sds s = sdsnewlen(text(n), (size_t)n);, { sdsfree(sdscatrepr(sdsempty(), s, (size_t)n)); })
	BENCH(sdstolower, 65536, sds s = sdsnewlen(text(n), (size_t)n);, { sdstolower(s); })
	BENCH(sdssplitlen, 65536, char *s = text(n); int k;, { sdsfreesplitres(sdssplitlen(s, n, " ", 1, &k), k); })
	BENCH(crc64, 65536, char *s = text(n); crc64_init();, { sink += (long)crc64(0, (void *)s, (uint64_t)n); })
	BENCH(stringmatchlen, 16384, char *s = text(n);, { sink += stringmatchlen("*#", 2, s, (int)n, 0); })
	BENCH(lzf_compress, 65536, char *s = text(n);, { sink += lzf_compress(s, (unsigned)n, out, 1 << 20); })
	BENCH(SHA1Update, 65536, char *s = text(n); SHA1_CTX c; SHA1Init(&c);, { SHA1Update(&c, (void *)s, (uint32_t)n); })
	BENCH(lpFind, 8192, unsigned char *lp = lpNew(0); char b[32]; for (long i = 0; i < n; i++) {
		int k = snprintf(b, sizeof b, "element%ld", i); lp = lpAppend(lp, (void *)b, (uint32_t)k); },
		{ sink += lpFind(lp, lpFirst(lp), (void *)"elementx", 8, 0) != NULL; })
	BENCH(ziplistFind, 8192, unsigned char *zl = ziplistNew(); char b[32]; for (long i = 0; i < n; i++) {
		int k = snprintf(b, sizeof b, "element%ld", i); zl = ziplistPush(zl, (void *)b, (unsigned)k, ZIPLIST_TAIL); },
		{ sink += ziplistFind(zl, ziplistIndex(zl, 0), (void *)"elementx", 8, 0) != NULL; })
	return 0;
}
