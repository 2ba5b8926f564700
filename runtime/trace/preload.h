/* preload.h - the inside of libtvt-trace.so. See README.md for what it does.
 *
 * All of it runs in someone else's program: no allocation, no lock, no errno touched, and its own
 * system calls go past the wrappers (raw). Names begin with tvt__, none but the wrappers is
 * exported.
 */
#ifndef TVT_PRELOAD_H
#define TVT_PRELOAD_H

#include "format.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EXPORT __attribute__((visibility("default")))
#define SLOW __attribute__((noinline, cold))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

struct stack {
	uint64_t pc[TRACE_FRAMES], cfa[TRACE_FRAMES]; /* innermost first */
	uint32_t n;
	bool cut; /* it goes on, or the way was lost */
};

/* A lock that is being held and that others waited for. */
struct held {
	const void *lock;
	uint64_t since;
	uint32_t depth;
};

/* What the kernel said of the thread when a checked turn began. */
struct usage {
	uint64_t cpu_ns, switches, page_waits;
};

struct tls {
	struct trace_thread *turn; /* its entry while a turn is open, else NULL */
	struct trace_thread *slot; /* its entry once it has one */
	uint64_t stack_lo, stack_hi;
	struct held held[8];
	uint32_t nheld;
	bool checking;	    /* this turn is checked with getrusage */
	struct usage usage; /* at its beginning */
	uint64_t called_switches, called_ticks;
	int64_t credit; /* ticks that checking may still cost */
};
extern __thread struct tls tvt__tls
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* One call in front of which we stand. */
struct span {
	struct trace_thread *s;
	uint64_t start, ra;
	uint32_t call, pending; /* index + 1 of the event recorded before the call; 0: none */
	uint32_t owner;		/* thread id of who held the lock when we came; 0: not known */
	uint64_t switches;
};

/* State of the process. One page, since every call comes here, and on some machines a system call
 * empties the TLB. */
struct shared {
	struct trace_file *file; /* NULL: not tracing */
	uint64_t khz, threshold, budget;
	/* In a page of its own that the kernel empties in a forked child, however it was forked. */
	const uint32_t *same_process;
	bool sandboxed;
	bool any_hot; /* there are locks that someone waited for */
	void *real[CALL_COUNT];
} __attribute__((aligned(4096)));
extern struct shared tvt__ __attribute__((visibility("hidden")));

#define HIDDEN __attribute__((visibility("hidden")))

/* process.c */
HIDDEN void *tvt__resolve(enum trace_call call);
HIDDEN void tvt__forked(void);
HIDDEN void tvt__scan_modules(void);
HIDDEN bool tvt__known_code(uint64_t pc);
HIDDEN bool tvt__touch(void *p, size_t n);
HIDDEN void tvt__sandbox(void);
HIDDEN struct trace_thread *tvt__thread(void);
HIDDEN bool tvt__peek(uint64_t at, uint64_t *v);

/* start.c */
HIDDEN void tvt__keep_environment(void);

/* signal.c */
HIDDEN void tvt__watch_signal(uint32_t signo);

/* unwind.c */
HIDDEN void tvt__unwind(uint64_t from, struct stack *st);
HIDDEN void tvt__unwind_signal(const void *context, struct stack *st);
HIDDEN uint64_t tvt__function_start(uint64_t pc);

/* turn.c */
struct wait {
	struct trace_thread *s;
	uint64_t ra, cfa, start;
	uint32_t call;
	int32_t fds; /* -1: not known */
	bool sleeps;
};
HIDDEN bool tvt__wait_begin(struct wait *w);
HIDDEN void tvt__wait_end(struct wait *w);
HIDDEN struct usage tvt__usage(void);

/* event.c */
HIDDEN uint32_t tvt__find_site(const struct trace_thread *s, enum trace_kind kind, uint32_t call,
	const struct stack *st, uint32_t flags, uint64_t object, int fd);
HIDDEN uint32_t tvt__push_event(
	struct trace_thread *s, uint32_t site, uint64_t ticks, uint32_t flags);
HIDDEN void tvt__commit(
	struct trace_thread *s, uint32_t first, uint32_t end, uint32_t loop, uint64_t wall);
HIDDEN void tvt__record(
	struct span *sp, uint64_t end, enum trace_kind kind, uint64_t object, int fd);
HIDDEN void tvt__record_before(struct span *sp, enum trace_kind kind);
HIDDEN void tvt__record_other(
	enum trace_kind kind, enum trace_call call, uint64_t ra, uint64_t ticks, uint64_t object);
HIDDEN void tvt__sample(struct trace_thread *s, enum trace_kind kind, const void *context);
HIDDEN void tvt__let_poke_happen(struct trace_thread *s);

/* The kernel without libc: no errno, no wrapper. Returns -errno. */
static inline long raw(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#define RAW(n, ...) RAW_(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_(n, a, b, c, d, e, f, ...)                                                             \
	raw(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline uint64_t now(void)
{
	struct timespec ts;

	if (likely(tvt__.khz))
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline uint32_t thread_index(const struct trace_thread *s)
{
	return (uint32_t)(s - tvt__.file->thread);
}

/* Counts something that could not be recorded. */
static inline void lose(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#define REAL(name)                                                                                 \
	((__typeof__(&name))(likely(tvt__.real[CALL_##name]) ? tvt__.real[CALL_##name]             \
							     : tvt__resolve(CALL_##name)))

/* The stack address that stands for a wrapper: that of its caller's frame. */
#define FRAME() ((uint64_t)__builtin_frame_address(0) + 16)
#define RETURN() ((uint64_t)__builtin_return_address(0))

/* Is a wrapper on this thread's stack already, further out? A frame that is no longer there (it was
 * left by longjmp) lies at a lower address than ours, or is overwritten at the next wait. */
static inline bool nested(const struct trace_thread *s, uint64_t frame)
{
	return s->inside > frame;
}

/* From here on the watcher does not signal this thread: it looks at `inside` after it has announced
 * itself in `poke`, and we look at `poke` after we have set `inside`. */
static inline void go_inside(struct trace_thread *s, uint64_t frame)
{
	__atomic_store_n(&s->inside, frame, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&s->poke, __ATOMIC_SEQ_CST)))
		tvt__let_poke_happen(s);
}
static inline void go_outside(struct trace_thread *s)
{
	__atomic_store_n(&s->inside, 0, __ATOMIC_RELEASE);
}

/* Begins to time a call. False: it is not in a turn, or inside another call. */
static inline bool span_begin(struct span *sp, enum trace_call call, bool never,
	enum trace_kind kind, uint64_t ra, uint64_t frame)
{
	struct trace_thread *s = tvt__tls.turn;

	if (!s || nested(s, frame))
		return false;
	s->call = call;
	s->call_ra = ra;
	s->call_start = now();
	go_inside(s, frame);
	sp->s = s;
	sp->call = call;
	sp->ra = ra;
	sp->pending = sp->owner = 0;
	if (unlikely(tvt__tls.checking))
		sp->switches = tvt__usage().switches;
	if (unlikely(never)) {
		tvt__record_before(sp, kind);
		s->call_start = now();
	}
	sp->start = s->call_start;
	return true;
}

static inline void span_end(struct span *sp, enum trace_kind kind, uint64_t object, int fd)
{
	uint64_t end = now();

	if (unlikely(end - sp->start >= tvt__.threshold || sp->pending || tvt__tls.checking))
		tvt__record(sp, end, kind, object, fd);
	go_outside(sp->s);
}

#endif
