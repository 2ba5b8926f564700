/* vec.c - growth of VEC arrays. */
#include "base/base.h"

#include <unistd.h>

void *vec_grow(void *v, uint32_t *cap, size_t size)
{
	uint64_t n = *cap ? (uint64_t)*cap * 2 : 8;

	if (n > UINT32_MAX)
		n = UINT32_MAX;
	if (n == *cap || n > SIZE_MAX / size) {
		error("a table has more than %u entries", *cap);
		_exit(2);
	}
	*cap = (uint32_t)n;
	return xrealloc(v, n * size);
}
