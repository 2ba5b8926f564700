/* live.c - a worker for one file that is being edited.
 *
 * It keeps libclang's tree of the unit and with it the parsed beginning of the file, so that a new
 * version of the text costs its body alone. Texts go down as a memory file: a header, then for each
 * buffer its path and its text, each with a NUL. It is a worker like the others (worker_child.c):
 * confined, limited, and no loss when it dies.
 */
#include "front/lower.h"
#include "front/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	uint32_t tag, nbuf;
	uint64_t size; /* of the memory file that comes along */
};
struct head { /* before each buffer, aligned */
	uint64_t npath, ntext;
};
struct live {
	struct child c;
	bool busy;
};

/* ---- the child ---- */

struct serve {
	const struct tu_cmd *cmd;
	double cpu_limit;
	struct lower_kept *kept;
};

static int hear(struct request *q)
{
	struct iovec iov = {q, sizeof *q};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl.buf, .msg_controllen = sizeof ctl.buf};
	struct cmsghdr *m;
	ssize_t n;
	int fd = -1;

	do
		n = recvmsg(CHILD_SOCK, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	m = n == sizeof *q ? CMSG_FIRSTHDR(&msg) : NULL;
	if (m && m->cmsg_level == SOL_SOCKET && m->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(m), sizeof fd);
	return fd;
}

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static int lower_text(struct serve *s, const struct request *q, int fd, struct reply *r)
{
	struct buffer *bufs = xcalloc(q->nbuf + 1, sizeof *bufs);
	const char *all = mmap(NULL, q->size, PROT_READ, MAP_PRIVATE, fd, 0), *at = all;
	struct lower_result res = {0};
	int blob = -1;

	if (all == MAP_FAILED)
		_exit(1);
	for (uint32_t i = 0; i < q->nbuf; i++) {
		struct head h;

		memcpy(&h, at, sizeof h);
		bufs[i].path = at + sizeof h;
		bufs[i].text = bufs[i].path + h.npath + 1;
		bufs[i].size = h.ntext;
		at += padded(sizeof h + h.npath + 1 + h.ntext + 1);
	}
	lower_again(s->cmd, &s->kept, bufs, q->nbuf, &res);
	r->state = res.state;
	r->nerror = res.nerror;
	child_text(r, res.first_error);
	if (res.ir) {
		blob = child_blob(res.ir, &(struct sb){.s = ""}, r);
		if (blob < 0) {
			r->nblob = 0;
			r->state = UNIT_MEMORY;
			child_text(r, "no memory for the result");
		}
	}
	lower_result_free(&res);
	munmap((void *)(uintptr_t)all, q->size);
	free(bufs);
	return blob;
}

static void *serve(void *arg)
{
	struct serve *s = arg;
	struct reply *r = xcalloc(1, sizeof *r);

	child_introduce(CHILD_SOCK, r);
	for (;;) {
		struct request q = {0};
		double start = clock_cpu();
		int fd = hear(&q), blob;

		if (fd < 0)
			_exit(0);
		*r = (struct reply){.kind = REPLY_UNIT, .unit = q.tag};
		child_limit(RLIMIT_CPU, (uint64_t)(start + s->cpu_limit + 5));
		blob = lower_text(s, &q, fd, r);
		close(fd);
		r->cpu = clock_cpu() - start;
		r->rss = child_rss_peak();
		child_reply(CHILD_SOCK, r, blob);
		if (blob >= 0)
			close(blob);
	}
}

/* ---- the parent ---- */

struct live *live_start(const struct tu_cmd *cmd, const struct front_opts *o)
{
	struct serve s = {.cmd = cmd, .cpu_limit = o->unit_timeout > 0 ? o->unit_timeout : WORKER_CPU};
	struct live *l = xcalloc(1, sizeof *l);

	if (worker_spawn(&l->c, serve, &s, o->memory ? o->memory : WORKER_MEMORY) < 0) {
		error("cannot start a worker process: %s", strerror(errno));
		free(l);
		return NULL;
	}
	return l;
}

int live_fd(const struct live *l)
{
	return l->c.sock;
}

bool live_busy(const struct live *l)
{
	return l->busy;
}

/* A memory file with the buffers, or -1. */
static int pack(const struct buffer *bufs, uint32_t nbuf, uint64_t *size)
{
	int fd = memfd_create("tvt-text", MFD_CLOEXEC);
	char *all, *at;

	*size = 8; /* never empty */
	for (uint32_t i = 0; i < nbuf; i++)
		*size += padded(sizeof(struct head) + strlen(bufs[i].path) + 1 + bufs[i].size + 1);
	if (fd < 0 || ftruncate(fd, (off_t)*size) < 0)
		goto fail;
	all = at = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (all == MAP_FAILED)
		goto fail;
	for (uint32_t i = 0; i < nbuf; i++) {
		struct head h = {strlen(bufs[i].path), bufs[i].size};

		memcpy(at, &h, sizeof h);
		memcpy(at + sizeof h, bufs[i].path, h.npath + 1);
		memcpy(at + sizeof h + h.npath + 1, bufs[i].text, h.ntext); /* the rest is zero */
		at += padded(sizeof h + h.npath + 1 + h.ntext + 1);
	}
	munmap(all, *size);
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int live_send(struct live *l, const struct buffer *bufs, uint32_t nbuf, uint32_t tag)
{
	struct request q = {.tag = tag, .nbuf = nbuf};
	struct iovec iov = {&q, sizeof q};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl.buf, .msg_controllen = sizeof ctl.buf};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd = l->busy ? -1 : pack(bufs, nbuf, &q.size);
	ssize_t n;

	if (fd < 0)
		return -1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	n = sendmsg(l->c.sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
	l->busy = n == sizeof q;
	return l->busy ? 0 : -1;
}

int live_receive(struct live *l, struct unit *u, uint32_t *tag)
{
	struct reply r;
	int fd, got;

	while ((got = worker_receive(&l->c, &r, &fd)) > 0) {
		if (r.kind == REPLY_READY)
			continue;
		if (r.kind == REPLY_UNFIT)
			return error("%s", r.text);
		*u = (struct unit){.state = r.state, .nerror = r.nerror, .cpu = r.cpu, .rss = r.rss};
		if (r.ntext)
			u->first_error = xstrdup(r.text);
		worker_map(u, fd, r.nblob, r.nir);
		if (fd >= 0)
			close(fd);
		*tag = r.unit;
		l->busy = false;
		return 1;
	}
	return got;
}

pid_t live_end(struct live *l)
{
	pid_t pid = l->c.pid;

	kill(pid, SIGKILL);
	close(l->c.sock);
	close(l->c.err);
	free(l);
	return pid;
}
