/* nomem.c - preloaded: the allocation that NOMEM counts fails, and with NOMEM_ON=1 all after it. Children that are
 * forked go on counting from where their parent was.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_long count;
static long fails_at;
static int and_on;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("NOMEM"), *on = getenv("NOMEM_ON");

	atomic_store(&count, 0);
	and_on = on && *on == '1';
	fails_at = at ? atol(at) : 0;
}

/* True if this one is not to be had. */
static int fails(void)
{
	long n;

	if (!fails_at)
		return 0;
	n = atomic_fetch_add(&count, 1) + 1;
	if (n != fails_at && !(and_on && n > fails_at))
		return 0;
	errno = ENOMEM;
	return 1;
}

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
