/* fd.c - the table of descriptors, what is looked at first, waits and events; see fd.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fd.h"

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

int tvt__fd_make(struct tvt__rt *rt, unsigned fd, struct tvt__fd **out)
{
	struct tvt__fd *chunk, *none = NULL;

	if (fd >= FD_MAX)
		return (int)fd < 0 ? -EBADF : -EMFILE;
	chunk = tvt__malloc(rt, FD_CHUNK * sizeof *chunk);
	if (!chunk)
		return -ENOMEM;
	memset(chunk, 0, FD_CHUNK * sizeof *chunk);
	if (!atomic_compare_exchange_strong(&rt->fds[fd / FD_CHUNK], &none, chunk)) {
		tvt__free(rt, chunk, FD_CHUNK * sizeof *chunk);
		chunk = none; /* another worker made it */
	}
	*out = &chunk[fd % FD_CHUNK];
	return 0;
}

/* If there is one. */
static struct tvt__fd *entry(struct tvt__rt *rt, unsigned fd)
{
	struct tvt__fd *chunk =
		fd < FD_MAX ? atomic_load_explicit(&rt->fds[fd / FD_CHUNK], memory_order_acquire)
			    : NULL;

	return chunk ? chunk + fd % FD_CHUNK : NULL;
}

/* The first use: make it non-blocking, and see what it is. */
int tvt__fd_look(struct tvt__fd *f, int fd)
{
	int flags = fcntl(fd, F_GETFL), type;
	socklen_t len = sizeof type;
	struct stat st;

	if (flags < 0)
		return -errno;
	if (!tvt__w->uring && !(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	f->sock = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
	f->stream = f->sock ? type == SOCK_STREAM : fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	f->ended = f->watched = false;
	f->side[FD_IN].ready = f->side[FD_OUT].ready = true;
	f->known = true;
	return 0;
}

void tvt__fd_fresh(struct tvt__rt *rt, int fd)
{
	struct tvt__fd *f = entry(rt, (unsigned)fd);

	if (!f && tvt__fd_make(rt, (unsigned)fd, &f) < 0)
		return; /* its first use will say so */
	tvt__lock(&f->lock);
	f->gen++;
	f->known = f->sock = f->stream = true;
	f->ended = f->watched = false;
	f->side[FD_IN] = f->side[FD_OUT] = (struct tvt__side){NULL, true};
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
	struct tvt__fd *f = entry(tvt__w->rt, (unsigned)fd);
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
	struct tvt__fd *f = entry(tvt__w->rt, (unsigned)fd);
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
