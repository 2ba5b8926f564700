/* hash.c - the one hash for contents: XXH3, 64 and 128 bits. It is defined by value, so it is the same on
 * every machine and may be stored. */
#include "base/base.h"

#include <xxhash.h>

uint64_t hash_bytes(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

uint64_t hash_str(const char *s)
{
	return XXH3_64bits(s, strlen(s));
}

struct hash128 hash128_bytes(const void *p, size_t n)
{
	XXH128_hash_t h = XXH3_128bits(p, n);

	return (struct hash128){h.low64, h.high64 + !(h.low64 | h.high64)};
}
