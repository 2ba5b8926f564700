/* hash.c - the one hash for contents: XXH3, 64 bits. It is defined by value, so it is the same on
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
