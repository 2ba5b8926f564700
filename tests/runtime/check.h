/* check.h - what the tests of the runtime share.
 *
 * Not cmocka: it leaves a failed test by longjmp, which must not cross from one stack to another.
 * Here a failed check ends the program.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tvt/runtime.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SAN_TEST_THREAD 1
#else
#define SAN_TEST_THREAD 0
#endif
#if SAN_TEST_THREAD || defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* ThreadSanitizer takes milliseconds for each new stack, and knows 8,000 of them. */
#if SAN_TEST_THREAD
#define FEW(n) ((n) / 10)
#else
#define FEW(n) (n)
#endif

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: failed: %s (task '%s')\n", __FILE__, __LINE__, #x, \
				tvt_name());                                                       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		long long a_ = (long long)(a), b_ = (long long)(b);                                \
		if (a_ != b_) {                                                                    \
			fprintf(stderr, "%s:%d: failed: %s is %lld, not %lld (task '%s')\n",       \
				__FILE__, __LINE__, #a, a_, b_, tvt_name());                       \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Each test alone in a runtime of its own, on 1, 2 and 4 executors. */
static inline void on_executors(const char *name, tvt_fn *fn)
{
	static const int threads[] = {1, 2, 4};

	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
		struct tvt_opts o = {.threads = threads[i]};
		int rc;

		if (getenv("TVT_TEST_URING"))
			o.flags |= TVT_URING;
		rc = tvt_run(&o, fn, NULL);
		if (rc != 0) {
			fprintf(stderr, "%s on %d: %s\n", name, threads[i], strerror(-rc));
			exit(1);
		}
	}
	printf("ok %s\n", name);
	fflush(stdout);
}

#define RUN(fn) on_executors(#fn, fn)

static inline int64_t in(int64_t ns)
{
	return tvt_now() + ns;
}

static inline uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

#endif
