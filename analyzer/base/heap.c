/* heap.c - checked malloc, and large pages for what works on much memory.
 *
 * A page that is touched for the first time costs a trap, and in a virtual machine that is more than all that is
 * ever done with the page. A heap that will be large anyway takes large pages: what it has grown by is marked as
 * it grows, in steps large enough for that to be rare, and what is freed is kept for what comes next.
 */
#include "base/base.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	MMAP = 32 << 20, /* what is larger has pages of its own; glibc allows no more */
	STEP = 64 << 20, /* address space alone: pages come when they are touched */
	KEEP = 1 << 30,
};

static char *marked; /* up to where the heap has large pages; NULL: they are not wanted */

static void mark(char *from, char *to)
{
	/* Whether it is done is the system's to say: small pages are slower, and right. */
	char *start = (char *)(((uintptr_t)from + 4095) & ~(uintptr_t)4095);

	if (to > start)
		madvise(start, (size_t)(to - start) & ~(size_t)4095, MADV_HUGEPAGE);
}

void heap_large(void)
{
	if (marked)
		return;
	mallopt(M_MMAP_THRESHOLD, MMAP);
	mallopt(M_TRIM_THRESHOLD, KEEP);
	mallopt(M_TOP_PAD, STEP);
	marked = sbrk(0);
}

static void *taken(void *p, size_t n)
{
	if (!p) {
		static const char text[] = "tvt-lint: error: out of memory\n";

		/* nothing that could allocate, and no handlers: reports are renamed into place only when whole */
		if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
			/* then without a word */
		}
		_exit(2);
	}
	if (marked && n >= 4096) {
		char *end = sbrk(0);

		if (end > marked) {
			mark(marked, end);
			marked = end;
		}
		if (n >= MMAP)
			mark(p, (char *)p + n);
	}
	return p;
}

void *xmalloc(size_t n)
{
	return taken(malloc(n ? n : 1), n);
}

void *xcalloc(size_t n, size_t size)
{
	return taken(calloc(n ? n : 1, size ? size : 1), n * size);
}

void *xrealloc(void *p, size_t n)
{
	return taken(realloc(p, n ? n : 1), n);
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}
