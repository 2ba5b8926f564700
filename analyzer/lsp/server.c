/* server.c - the loop. It waits in poll() and nowhere else: input and output do not block, disks and
 * workers are the thread's (bg.c), the analysis is a child's (round.c), and the dead are asked for
 * their status without waiting.
 */
#include "lsp/lsp_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, OUT_FULL = 16 << 20 };

/* ---- children ---- */

void server_reap(struct server *s, pid_t pid)
{
	vec_add(&s->dead, pid);
}

static void reap(struct server *s)
{
	for (uint32_t i = 0; i < s->dead.n; i++)
		if (waitpid(s->dead.v[i], NULL, WNOHANG) != 0) /* gone, or not ours any more */
			s->dead.v[i--] = s->dead.v[--s->dead.n];
}

/* ---- bytes ---- */

static void read_in(struct server *s)
{
	static char buf[CHUNK];
	ssize_t n = read(s->in_fd, buf, sizeof buf);

	if (n > 0)
		frame_feed(&s->in, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		s->eof = true;
}

static void write_out(struct server *s)
{
	while (s->out_at < s->out.n) {
		ssize_t n = write(s->out_fd, s->out.s + s->out_at, s->out.n - s->out_at);

		if (n > 0) {
			s->out_at += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			if (n == 0 || errno != EAGAIN)
				s->broken = true;
			return;
		}
	}
	s->out.n = s->out_at = 0;
}

/* ---- the loop ---- */

static void work(struct server *s)
{
	rpc_read(s);
	doc_work(s);
	project_work(s);
	publish_waiting(s);
	write_out(s);
}

static int timeout(struct server *s)
{
	double at = doc_deadline(s), pause = project_deadline(s);

	if (pause && (!at || pause < at))
		at = pause;
	if (s->dead.n && (!at || at > s->now + 0.1))
		at = s->now + 0.1;
	if (!at)
		return -1;
	return at <= s->now ? 0 : (int)((at - s->now) * 1000) + 1;
}

static void turn(struct server *s)
{
	VEC(struct pollfd) fds = {0};
	uint32_t first_doc, first_project;
	struct doc **docs;
	struct project **rounds;
	uint32_t ndoc = 0, nround = 0;
	bool full = s->out.n - s->out_at > OUT_FULL;
	int wait = timeout(s);

	vec_add(&fds, ((struct pollfd){.fd = full ? -1 : s->in_fd, .events = POLLIN}));
	vec_add(&fds, ((struct pollfd){.fd = s->out_at < s->out.n ? s->out_fd : -1, .events = POLLOUT}));
	vec_add(&fds, ((struct pollfd){.fd = s->bg[0], .events = POLLIN}));
	vec_add(&fds, ((struct pollfd){.fd = s->parent_fd, .events = POLLIN}));
	docs = xcalloc(s->docs.n + 1, sizeof *docs);
	rounds = xcalloc(s->projects.n + 1, sizeof *rounds);
	first_doc = fds.n;
	for (uint32_t i = 0; i < s->docs.n; i++)
		if (s->docs.v[i]->live) {
			docs[ndoc++] = s->docs.v[i];
			vec_add(&fds, ((struct pollfd){.fd = live_fd(s->docs.v[i]->live), .events = POLLIN}));
		}
	first_project = fds.n;
	for (uint32_t i = 0; i < s->projects.n; i++)
		if (s->projects.v[i]->round_pid) {
			rounds[nround++] = s->projects.v[i];
			vec_add(&fds, ((struct pollfd){.fd = s->projects.v[i]->round_pidfd, .events = POLLIN}));
		}
	arena_reset(s->mem);
	if (poll(fds.v, fds.n, wait) >= 0) {
		s->now = clock_now();
		if (fds.v[2].revents)
			bg_read(s);
		if (fds.v[3].revents)
			s->eof = true;
		for (uint32_t i = 0; i < ndoc; i++)
			if (fds.v[first_doc + i].revents && docs[i]->live)
				doc_receive(s, docs[i]);
		for (uint32_t i = 0; i < nround; i++)
			if (fds.v[first_project + i].revents && rounds[i]->round_pid)
				round_done(s, rounds[i]);
		if (fds.v[0].revents)
			read_in(s);
	}
	free(docs);
	free(rounds);
	vec_free(&fds);
	reap(s);
	work(s);
}

static void set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void stop(struct server *s)
{
	for (uint32_t i = 0; i < s->docs.n; i++)
		doc_end_worker(s, s->docs.v[i]);
	for (uint32_t i = 0; i < s->projects.n; i++) {
		if (s->projects.v[i]->job)
			s->projects.v[i]->job->stop = 1; /* its workers end with its thread */
		round_stop(s, s->projects.v[i]);
	}
}

int lsp_serve(const struct lsp_opts *o)
{
	static struct server s; /* a thread may have something to say until the process is gone */
	int flags[2] = {fcntl(STDIN_FILENO, F_GETFL), fcntl(STDOUT_FILENO, F_GETFL)};

	s = (struct server){.o = o, .in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO, .parent_fd = -1, .mem = arena_new()};
	if (pipe2(s.bg, O_CLOEXEC | O_NONBLOCK) < 0)
		return error("cannot make a pipe: %s", strerror(errno));
	set_nonblocking(s.in_fd);
	set_nonblocking(s.out_fd);
	diag_redirect(bg_log, &s);
	s.now = clock_now();
	while (!s.exit && !s.eof && !s.broken)
		turn(&s);
	write_out(&s);
	stop(&s);
	/* they may be a terminal's, and others use that too */
	if (flags[0] >= 0)
		(void)fcntl(s.in_fd, F_SETFL, flags[0]);
	if (flags[1] >= 0)
		(void)fcntl(s.out_fd, F_SETFL, flags[1]);
	return s.exit && s.shutdown ? 0 : 1;
}
