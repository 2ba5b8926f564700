/* fd.c - what is known of each descriptor, and waiting for one.
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
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "internal.h"

int tvt__fds_init(struct tvt__rt *rt)
{
	rt->fds = tvt__malloc(rt, FD_CHUNKS * sizeof *rt->fds);
	if (!rt->fds)
		return -ENOMEM;
	for (int i = 0; i < FD_CHUNKS; i++)
		atomic_init(&rt->fds[i], NULL);
	return 0;
}

void tvt__fds_free(struct tvt__rt *rt)
{
	for (int i = 0; rt->fds && i < FD_CHUNKS; i++)
		tvt__free(rt, atomic_load(&rt->fds[i]), FD_CHUNK * sizeof(struct tvt__fd));
	tvt__free(rt, rt->fds, FD_CHUNKS * sizeof *rt->fds);
}

static struct tvt__fd *slot(struct tvt__rt *rt, int fd)
{
	struct tvt__fd *chunk, *none = NULL;

	if (fd < 0 || fd >= FD_CHUNK * FD_CHUNKS)
		return NULL;
	chunk = atomic_load_explicit(&rt->fds[fd / FD_CHUNK], memory_order_acquire);
	if (UNLIKELY(!chunk)) {
		chunk = tvt__malloc(rt, FD_CHUNK * sizeof *chunk);
		if (!chunk)
			return NULL;
		memset(chunk, 0, FD_CHUNK * sizeof *chunk);
		if (!atomic_compare_exchange_strong(&rt->fds[fd / FD_CHUNK], &none, chunk)) {
			tvt__free(rt, chunk, FD_CHUNK * sizeof *chunk);
			chunk = none; /* another worker made it */
		}
	}
	return &chunk[fd % FD_CHUNK];
}

/* The first use: make it non-blocking, and see what it is. */
static int look(struct tvt__fd *f, int fd)
{
	int flags = fcntl(fd, F_GETFL), type;
	socklen_t len = sizeof type;
	struct stat st;

	if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
		return -errno;
	f->sock = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
	f->stream = f->sock ? type == SOCK_STREAM : fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	f->ended = f->watched = false;
	f->side[FD_IN].ready = f->side[FD_OUT].ready = true;
	f->known = true;
	return 0;
}

int tvt__fd_find(struct tvt__rt *rt, int fd, struct tvt__fd **out)
{
	struct tvt__fd *f = slot(rt, fd);
	int rc = 0;

	if (!f)
		return fd < 0 ? -EBADF : fd >= FD_CHUNK * FD_CHUNKS ? -EMFILE : -ENOMEM;
	tvt__lock(&f->lock);
	if (UNLIKELY(!f->known))
		rc = look(f, fd);
	tvt__unlock(&f->lock);
	*out = f;
	return rc;
}

void tvt__fd_fresh(struct tvt__rt *rt, int fd)
{
	struct tvt__fd *f = slot(rt, fd);

	if (!f)
		return; /* its first use will say so */
	tvt__lock(&f->lock);
	f->gen++;
	f->known = f->sock = f->stream = true;
	f->ended = f->watched = false;
	f->side[FD_IN] = f->side[FD_OUT] = (struct tvt__side){NULL, true};
	tvt__unlock(&f->lock);
}

bool tvt__fd_take(struct tvt__fd *f, int side)
{
	bool ready;

	tvt__lock(&f->lock);
	ready = f->side[side].ready || !f->watched;
	f->side[side].ready = false;
	tvt__unlock(&f->lock);
	return ready;
}

void tvt__fd_give(struct tvt__fd *f, int side, bool more)
{
	tvt__lock(&f->lock);
	if (more || !f->stream || f->ended)
		f->side[side].ready = true;
	tvt__unlock(&f->lock);
}

int tvt__fd_park(struct tvt__fd *f, int fd, int side, int64_t deadline, const char *why)
{
	struct tvt__task *t = tvt__self();
	struct tvt__worker *w = tvt__w;
	int rc = 0;

	if (deadline <= 0)
		return -ETIMEDOUT;
	tvt__lock(&f->lock);
	if (!f->watched && (rc = tvt__poll_add(w, fd, f->gen)) == 0) {
		f->watched = true;
		f->epfd = w->epfd;
	}
	if (rc == 0 && f->side[side].task)
		rc = -EBUSY;
	if (rc < 0 || f->side[side].ready) {
		tvt__unlock(&f->lock);
		return rc;
	}
	f->side[side].task = t;
	tvt__arm(t, 0);
	tvt__unlock(&f->lock);
	rc = tvt__park(t, deadline, why, (void *)(intptr_t)fd);
	if (rc < 0) {
		tvt__lock(&f->lock);
		if (f->side[side].task == t)
			f->side[side].task = NULL;
		tvt__unlock(&f->lock);
	}
	return rc;
}

/* The one that waits for this side, if it is still ours to wake. Under f's lock. */
static struct tvt__task *waiting(struct tvt__fd *f, int side)
{
	struct tvt__task *t = f->side[side].task;

	f->side[side].task = NULL;
	return t && tvt__claim(t) ? t : NULL;
}

void tvt__fd_event(int fd, uint32_t gen, uint32_t events)
{
	struct tvt__fd *f = slot(tvt__w->rt, fd);
	struct tvt__task *in = NULL, *out = NULL;

	tvt__lock(&f->lock);
	if (f->gen == gen) {
		if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			f->ended = true;
		if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
			f->side[FD_IN].ready = true;
			in = waiting(f, FD_IN);
		}
		if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
			f->side[FD_OUT].ready = true;
			out = waiting(f, FD_OUT);
		}
	}
	tvt__unlock(&f->lock);
	if (in)
		tvt__ready(in, 0);
	if (out)
		tvt__ready(out, 0);
}

void tvt__fd_forget(int fd)
{
	struct tvt__fd *f = slot(tvt__w->rt, fd);
	struct tvt__task *in, *out;

	if (!f)
		return;
	tvt__lock(&f->lock);
	f->gen++;
	if (f->watched)
		epoll_ctl(f->epfd, EPOLL_CTL_DEL, fd, NULL); /* a dup would keep it watched */
	f->known = f->watched = false;
	in = waiting(f, FD_IN);
	out = waiting(f, FD_OUT);
	tvt__unlock(&f->lock);
	if (in)
		tvt__ready(in, -EBADF);
	if (out)
		tvt__ready(out, -EBADF);
}
