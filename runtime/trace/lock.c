/* lock.c - waits for locks, and how long the locks that others waited for are held.
 *
 * To take a free lock costs a trylock and no clock. Only a lock for which someone has waited is
 * "hot", and only hot locks are timed from lock to unlock, on every thread: the one that holds it
 * is seldom the one that suffers.
 */
#include "preload.h"

#include <pthread.h>
#include <threads.h>

static uint8_t hot[1024];

static uint32_t slot_of(const void *lock)
{
	uint64_t a = (uint64_t)lock >> 3;

	return (uint32_t)((a ^ a >> 10 ^ a >> 20) % COUNT(hot));
}

/* ---- holding ---- */

static SLOW void hold(const void *lock)
{
	struct tls *t = &tvt__tls;

	if (!hot[slot_of(lock)])
		return;
	for (uint32_t i = 0; i < t->nheld; i++)
		if (t->held[i].lock == lock) {
			t->held[i].depth++;
			return;
		}
	if (t->nheld < COUNT(t->held))
		t->held[t->nheld++] = (struct held){lock, now(), 1};
}

static inline void took(const void *lock, int r)
{
	if (unlikely(tvt__.any_hot) && (r == 0 || r == EOWNERDEAD))
		hold(lock);
}

/* When it was taken, if it is now let go for good; else 0. */
static SLOW uint64_t let_go(const void *lock)
{
	struct tls *t = &tvt__tls;

	for (uint32_t i = 0; i < t->nheld; i++)
		if (t->held[i].lock == lock) {
			uint64_t since = t->held[i].since;

			if (--t->held[i].depth)
				return 0;
			t->held[i] = t->held[--t->nheld];
			return since;
		}
	return 0;
}

static inline uint64_t held_since(const void *lock)
{
	return unlikely(tvt__tls.nheld) ? let_go(lock) : 0;
}

static inline void held_for(const void *lock, uint64_t since, enum trace_call call, uint64_t ra)
{
	uint64_t ticks;

	if (likely(!since))
		return;
	ticks = now() - since;
	if (ticks >= tvt__.threshold)
		tvt__record_other(KIND_HOLD, call, ra, ticks, (uint64_t)lock);
}

/* ---- waiting ---- */

static inline bool wait_begins(
	struct span *sp, enum trace_call call, int owner, uint64_t ra, uint64_t frame)
{
	if (!span_begin(sp, call, false, KIND_LOCK, ra, frame))
		return false;
	sp->owner = (uint32_t)owner;
	return true;
}

static inline void wait_ends(struct span *sp, const void *lock)
{
	if (now() - sp->start >= tvt__.threshold / 8) {
		hot[slot_of(lock)] = 1;
		tvt__.any_hot = true;
	}
	span_end(sp, KIND_LOCK, (uint64_t)lock, -1);
}

#define ID(lock) ((const void *)(uintptr_t)(lock)) /* pthread_spinlock_t is volatile */

/* In a turn, `try` first; only if that fails the clock is read. */
#define LOCK(name, busy, owner, try, params, args)                                                 \
	EXPORT int name params                                                                     \
	{                                                                                          \
		struct span sp;                                                                    \
		int r = busy;                                                                      \
                                                                                                   \
		if (tvt__tls.turn)                                                                 \
			r = try;                                                                   \
		if (r == busy) {                                                                   \
			if (wait_begins(&sp, CALL_##name, owner, RETURN(), FRAME())) {             \
				r = REAL(name) args;                                               \
				wait_ends(&sp, ID(lock));                                          \
			} else {                                                                   \
				r = REAL(name) args;                                               \
			}                                                                          \
		}                                                                                  \
		took(ID(lock), r);                                                                 \
		return r;                                                                          \
	}
#define UNLOCK(name, params, args)                                                                 \
	EXPORT int name params                                                                     \
	{                                                                                          \
		uint64_t since = held_since(ID(lock));                                             \
		int r = REAL(name) args;                                                           \
                                                                                                   \
		held_for(ID(lock), since, CALL_##name, RETURN());                                  \
		return r;                                                                          \
	}
/* `mutex` is free while the condition is waited for. */
#define COND(name, params, args)                                                                   \
	EXPORT int name params                                                                     \
	{                                                                                          \
		uint64_t since = held_since(ID(lock));                                             \
		struct span sp;                                                                    \
		int r;                                                                             \
                                                                                                   \
		held_for(ID(lock), since, CALL_##name, RETURN());                                  \
		if (span_begin(&sp, CALL_##name, false, KIND_CALL, RETURN(), FRAME())) {           \
			r = REAL(name) args;                                                       \
			span_end(&sp, KIND_CALL, (uint64_t)cond, -1);                              \
		} else {                                                                           \
			r = REAL(name) args;                                                       \
		}                                                                                  \
		if (since)                                                                         \
			took(ID(lock), 0);                                                         \
		return r;                                                                          \
	}

LOCK(pthread_mutex_lock, EBUSY, lock->__data.__owner, REAL(pthread_mutex_trylock)(lock),
	(pthread_mutex_t * lock), (lock))
LOCK(pthread_mutex_timedlock, EBUSY, lock->__data.__owner, REAL(pthread_mutex_trylock)(lock),
	(pthread_mutex_t * lock, const struct timespec *ts), (lock, ts))
LOCK(pthread_mutex_clocklock, EBUSY, lock->__data.__owner, REAL(pthread_mutex_trylock)(lock),
	(pthread_mutex_t * lock, clockid_t clock, const struct timespec *ts), (lock, clock, ts))
LOCK(pthread_rwlock_rdlock, EBUSY, lock->__data.__cur_writer, pthread_rwlock_tryrdlock(lock),
	(pthread_rwlock_t * lock), (lock))
LOCK(pthread_rwlock_wrlock, EBUSY, lock->__data.__cur_writer, pthread_rwlock_trywrlock(lock),
	(pthread_rwlock_t * lock), (lock))
LOCK(pthread_rwlock_timedrdlock, EBUSY, lock->__data.__cur_writer, pthread_rwlock_tryrdlock(lock),
	(pthread_rwlock_t * lock, const struct timespec *ts), (lock, ts))
LOCK(pthread_rwlock_timedwrlock, EBUSY, lock->__data.__cur_writer, pthread_rwlock_trywrlock(lock),
	(pthread_rwlock_t * lock, const struct timespec *ts), (lock, ts))
LOCK(pthread_spin_lock, EBUSY, 0, pthread_spin_trylock(lock), (pthread_spinlock_t * lock), (lock))
LOCK(mtx_lock, thrd_busy, 0, mtx_trylock(lock), (mtx_t * lock), (lock))
LOCK(mtx_timedlock, thrd_busy, 0, mtx_trylock(lock), (mtx_t * lock, const struct timespec *ts),
	(lock, ts))

UNLOCK(pthread_mutex_unlock, (pthread_mutex_t * lock), (lock))
UNLOCK(pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock))
UNLOCK(pthread_spin_unlock, (pthread_spinlock_t * lock), (lock))
UNLOCK(mtx_unlock, (mtx_t * lock), (lock))

COND(pthread_cond_wait, (pthread_cond_t * cond, pthread_mutex_t *lock), (cond, lock))
COND(pthread_cond_timedwait,
	(pthread_cond_t * cond, pthread_mutex_t *lock, const struct timespec *ts), (cond, lock, ts))
COND(pthread_cond_clockwait,
	(pthread_cond_t * cond, pthread_mutex_t *lock, clockid_t clock, const struct timespec *ts),
	(cond, lock, clock, ts))
COND(cnd_wait, (cnd_t * cond, mtx_t *lock), (cond, lock))
COND(cnd_timedwait, (cnd_t * cond, mtx_t *lock, const struct timespec *ts), (cond, lock, ts))

EXPORT int pthread_mutex_trylock(pthread_mutex_t *lock)
{
	int r = REAL(pthread_mutex_trylock)(lock);

	took(lock, r);
	return r;
}
