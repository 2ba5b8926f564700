/* fd.h - what is known of each descriptor, and waiting for one.
 *
 * A descriptor is watched from its first wait on, for both directions and edge-triggered, by the
 * epoll of the worker that waited first: one system call in its life, none a wait. `ready` of a
 * side is a guess worth a system call. It is taken down before each read or write and put up again
 * by an edge, or when the call did all that was asked: then there may be more. A read of a stream
 * that gave less than asked for has emptied it, so the task parks without asking for EAGAIN; not
 * after a hang-up, for that edge may be the last.
 *
 * The table is two levels of arrays, made as needed and never moved, so entries are found without
 * a lock. A generation that is part of the event tells edges of a closed descriptor from those of
 * its successor with the same number.
 */
#ifndef TVT_FD_H
#define TVT_FD_H

#include "internal.h"

enum { FD_IN, FD_OUT };

struct tvt__side {
	struct tvt__task *task; /* that waits */
	bool ready;
};

struct tvt__fd {
	struct tvt__lock lock; /* of all the rest */
	uint32_t gen;
	bool known;   /* made non-blocking, kind looked at */
	bool watched; /* by the epoll epfd */
	bool stream;
	bool sock;
	bool ended; /* the peer has hung up */
	int epfd;
	struct tvt__side side[2];
};

int tvt__fd_make(struct tvt__rt *rt, unsigned fd, struct tvt__fd **f);
int tvt__fd_look(struct tvt__fd *f, int fd);
void tvt__fd_fresh(struct tvt__rt *rt, int fd); /* made by accept: what is known of it */
void tvt__fd_forget(int fd);			/* closed, or given back */
int tvt__fd_park(struct tvt__fd *f, int fd, int side, int64_t deadline, const char *why);

/* loop_uring.c: the calls of io.c while the worker has a ring. */
ssize_t tvt__uring_read(struct tvt__fd *f, int fd, void *buf, size_t n, int64_t deadline);
ssize_t tvt__uring_write(struct tvt__fd *f, int fd, const void *buf, size_t n, int64_t deadline);
int tvt__uring_accept(int fd, struct sockaddr *addr, socklen_t *len, int64_t deadline);
int tvt__uring_connect(int fd, const struct sockaddr *addr, socklen_t len, int64_t deadline);
int tvt__uring_wait(int fd, int events, int64_t deadline);
void tvt__uring_forget(int fd);

/* The entry of fd, whose kind has been looked at. */
static inline int tvt__fd_find(int fd, struct tvt__fd **out)
{
	struct tvt__rt *rt = tvt__w->rt;
	unsigned i = (unsigned)fd;
	struct tvt__fd *chunk = NULL;
	int rc = 0;

	if (LIKELY(i < FD_MAX))
		chunk = atomic_load_explicit(&rt->fds[i / FD_CHUNK], memory_order_acquire);
	if (UNLIKELY(!chunk)) {
		if ((rc = tvt__fd_make(rt, i, out)) < 0)
			return rc;
	} else {
		*out = chunk + i % FD_CHUNK;
	}
	tvt__lock(&(*out)->lock);
	if (UNLIKELY(!(*out)->known))
		rc = tvt__fd_look(*out, fd);
	tvt__unlock(&(*out)->lock);
	return rc;
}

/* Is a system call worth it? And until we know more, no other is. */
static inline bool tvt__fd_take(struct tvt__fd *f, int side)
{
	bool ready;

	tvt__lock(&f->lock);
	ready = f->side[side].ready || !f->watched;
	f->side[side].ready = false;
	tvt__unlock(&f->lock);
	return ready;
}

/* What the call taught: there may be more, or there is certainly none. */
static inline void tvt__fd_give(struct tvt__fd *f, int side, bool more)
{
	tvt__lock(&f->lock);
	if (more || !f->stream || f->ended)
		f->side[side].ready = true;
	tvt__unlock(&f->lock);
}

#endif
