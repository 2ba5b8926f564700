/* bench.h - CPU time of one call for several n. Each driver names its functions and how they are called:
 *
 *	BENCH(adler32, {prepare once for n}, {one call})
 *
 * Prints "function n ns", the least of several rounds. In the blocks n is a long; `sink` keeps results.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile long sink;

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Text of n letters, digits and some spaces, that does not repeat soon; ends in a NUL. */
static char *text(long n)
{
	char *s = malloc((size_t)n + 1);
	uint32_t x = 1;

	for (long i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		s[i] = "abcdefghijklmnopqrstuvwxyz 0123456789-_./ABCDEFGHIJKLMNOPQRSTUVW"[x >> 26];
	}
	s[n] = '\0';
	return s;
}

/* Rounds of at least half a millisecond each; the least of five. */
#define TIMED(name, size, ...)                                                                                        \
	do {                                                                                                          \
		double best_ = 1e18;                                                                                  \
		long times_ = 1;                                                                                      \
		for (int round_ = 0; round_ < 5;) {                                                                   \
			double t_ = cpu_ns();                                                                         \
			for (long k_ = 0; k_ < times_; k_++) {                                                        \
				__VA_ARGS__                                                                           \
			}                                                                                             \
			t_ = cpu_ns() - t_;                                                                           \
			if (t_ < 5e5 && times_ < 1L << 24) {                                                          \
				times_ *= 2;                                                                          \
				continue;                                                                             \
			}                                                                                             \
			if (t_ / (double)times_ < best_)                                                              \
				best_ = t_ / (double)times_;                                                          \
			round_++;                                                                                     \
		}                                                                                                     \
		printf("%s %ld %.4g\n", name, size, best_);                                                           \
	} while (0)
#define BENCH(fn, most, prepare, ...)                                                                                 \
	for (long n = (most) / 64; n <= (most); n *= 8) {                                                             \
		prepare                                                                                               \
		TIMED(#fn, n, __VA_ARGS__);                                                                                 \
	}
#endif
