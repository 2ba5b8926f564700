/* sanitize.h - what AddressSanitizer, ThreadSanitizer and valgrind are told of stacks.
 *
 * ASan must know which stack is current; TSan gives each a clock of its own; valgrind must not take
 * a switch for an overflow. In a plain build the first two are nothing, and valgrind's is a few
 * no-ops for each stack mapped.
 */
#ifndef TVT_SANITIZE_H
#define TVT_SANITIZE_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SAN_ADDRESS 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SAN_THREAD 1
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define SAN_STACK_REGISTER(low, high) ((void)VALGRIND_STACK_REGISTER(low, high))
#else
#define SAN_STACK_REGISTER(low, high) ((void)0)
#endif

#if SAN_ADDRESS || SAN_THREAD

/* One for each stack, and for each worker's own. Zero: none yet. */
struct san_fibre {
	const void *low;
	size_t size;
	void *fake;  /* ASan: frames kept off the stack */
	void *clock; /* TSan: the fibre. Some milliseconds to make, and 8,000 at most. */
};

static inline void san_new(struct san_fibre *f, const void *low, size_t size)
{
	*f = (struct san_fibre){low, size, NULL, NULL};
#if SAN_THREAD
	f->clock = __tsan_create_fiber(0);
#endif
}

static inline void san_free(struct san_fibre *f)
{
#if SAN_ADDRESS
	if (f->low)
		__asan_unpoison_memory_region(f->low, f->size);
#endif
#if SAN_THREAD
	if (f->clock)
		__tsan_destroy_fiber(f->clock);
#endif
}

static inline void san_thread(struct san_fibre *f, const void *low, size_t size)
{
	*f = (struct san_fibre){low, size, NULL, NULL};
#if SAN_THREAD
	f->clock = __tsan_get_current_fiber();
#endif
}

static inline __attribute__((always_inline)) void san_leave(
	struct san_fibre *from, struct san_fibre *to)
{
#if SAN_ADDRESS
	__sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#endif
#if SAN_THREAD
	__tsan_switch_to_fiber(to->clock, 0);
#endif
}

static inline __attribute__((always_inline)) void san_arrive(struct san_fibre *self)
{
#if SAN_ADDRESS
	__sanitizer_finish_switch_fiber(self->fake, NULL, NULL);
#endif
}

#else

struct san_fibre {
	char none[0];
};

#define san_new(f, low, size) ((void)(f))
#define san_thread(f, low, size) ((void)(f), (void)(low), (void)(size))
#define san_free(f) ((void)(f))
#define san_leave(from, to) ((void)(from), (void)(to))
#define san_arrive(self) ((void)(self))

#endif
#endif
