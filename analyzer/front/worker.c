/* worker.c - units to worker processes, and results back.
 *
 * The largest files are handed out first, so that no core waits for one at the end; a result goes
 * to the place of its unit, so that the order of work never shows. A unit may take its worker with
 * it: it is then tried once more in a fresh one, and the second time its state says how it ended.
 * The parent never loads libclang.
 */
#include "front/plan.h"
#include "front/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_MS = 50, /* between two looks at the clocks */
	TAIL = 2048,  /* bytes kept of what a worker wrote last to standard error */
	MAX_JOBS = 256,
};
#define IDLE_LIMIT                                                                                 \
	10.0 /* seconds in which a busy worker takes no CPU time: it waits for something */
#define WALL_FACTOR 20 /* times the limit of CPU time */

struct worker {
	struct child c;
	bool live, ready;
	bool leaving;  /* gets no more units */
	uint32_t unit; /* NONE: idle */
	uint32_t at, end; /* its share of the order: what stands together has headers in common */
	uint32_t ndone;
	bool late; /* the watchdog ended it */
	double cpu_start, cpu_seen, idle, wall;
	double given; /* clock_now() when it got its unit */
	char tail[TAIL];
	uint32_t ntail;
};
struct pool {
	const struct compdb *db;
	const struct front_opts *o;
	struct unit *units;
	double cpu_limit;
	uint64_t memory;
	struct worker *w;
	uint32_t nworker;	 /* slots */
	struct plan *plan;	 /* its order is that of the work */
	uint32_t next;		 /* in order */
	uint32_t *again, nagain; /* units that get a second try */
	uint8_t *tries;
	uint32_t ndone;
	double looked; /* when the clocks were read */
	bool failed;   /* workers cannot work: it has been said */
};

/* CPU time of another process; what was last seen if it is gone. */
static double cpu_of(const struct worker *w)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(w->c.pid, &clock) || clock_gettime(clock, &t) < 0)
		return w->cpu_seen;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- both ends of a child ---- */

int worker_receive(const struct child *c, struct reply *r, int *blob)
{
	struct iovec iov = {r, sizeof *r};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof ctl.buf};
	struct cmsghdr *m;
	ssize_t n = recvmsg(c->sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*blob = -1;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	m = CMSG_FIRSTHDR(&msg);
	if (m && m->cmsg_level == SOL_SOCKET && m->cmsg_type == SCM_RIGHTS)
		memcpy(blob, CMSG_DATA(m), sizeof *blob);
	/* 0 is the end; a child gone mad is as good as dead */
	if ((size_t)n <= offsetof(struct reply, text) || r->ntext >= REPLY_TEXT ||
		(size_t)n != offsetof(struct reply, text) + r->ntext + 1 || r->text[r->ntext]) {
		if (*blob >= 0)
			close(*blob);
		*blob = -1;
		return -1;
	}
	return 1;
}

int worker_end(struct child *c)
{
	int status = 0;

	/* If it is about to end by itself, its status is settled already. */
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	close(c->sock);
	close(c->err);
	return status;
}

/* ---- results ---- */

static void finish(struct pool *p, uint32_t unit)
{
	p->ndone++;
	if (p->o->done)
		p->o->done(p->o->done_ctx, &p->db->tus[unit], &p->units[unit]);
	if (p->o->progress)
		p->o->progress(p->o->ctx, p->ndone, p->db->ntu, p->db->tus[unit].file);
}

void worker_map(struct unit *u, int fd, uint64_t size, uint64_t nir)
{
	struct stat st;
	void *p;

	if (fd < 0 || !size || nir > size || fstat(fd, &st) < 0 || (uint64_t)st.st_size != size)
		return;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return;
	u->ir = ir_map(p, nir);
	if (!u->ir) {
		munmap(p, size);
		return;
	}
	u->blob = p;
	u->nblob = size;
	u->nir = nir;
}

static void take_result(struct pool *p, struct worker *w, const struct reply *r, int fd)
{
	struct unit *u = &p->units[w->unit];
	bool wants_ir = r->state == UNIT_OK || r->state == UNIT_ERRORS;

	if (r->differs)
		error("internal: shared headers change what is read from '%s': %s", p->db->tus[w->unit].file,
			r->text);
	*u = (struct unit){.state = r->state, .nerror = r->nerror, .cpu = r->cpu, .rss = r->rss};
	if (r->ntext && !r->differs)
		u->first_error = xstrdup(r->text);
	worker_map(u, fd, r->nblob, r->nir);
	u->pure = r->pure && u->ir;
	if (fd >= 0)
		close(fd);
	if (wants_ir && !u->ir) {
		struct sb b = {0};

		free(u->first_error);
		sb_printf(&b, "%s: the worker's result is damaged", p->db->tus[w->unit].file);
		u->state = UNIT_CRASHED;
		u->first_error = b.s;
	}
	span_add((struct span){.kind = "unit",
		.name = p->db->tus[w->unit].file,
		.lane = (uint32_t)(w - p->w) + 1,
		.start = w->given,
		.seconds = clock_now() - w->given,
		.cpu = r->cpu,
		.bytes = r->rss});
	finish(p, w->unit);
	w->ndone++;
	w->unit = NONE;
	w->leaving |= r->last != 0;
}

/* How a worker that had a unit ended. */
static enum unit_state cause(const struct worker *w, int status, struct sb *why)
{
	static const char *const no_memory[] = {
		"out of memory", "bad_alloc", "Cannot allocate memory"};
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (w->late || sig == SIGXCPU) {
		sb_printf(why, "given up after %.0f s of CPU time, %.0f s in all",
			w->cpu_seen - w->cpu_start, w->wall);
		return UNIT_TIMEOUT;
	}
	for (size_t i = 0; i < COUNT(no_memory); i++) {
		if (!strstr(w->tail, no_memory[i]))
			continue;
		sb_puts(why, "needs more memory than a worker may have");
		return UNIT_MEMORY;
	}
	if (sig == SIGKILL) { /* not by us */
		sb_puts(why, "the worker was killed, perhaps because the machine is out of memory");
		return UNIT_MEMORY;
	}
	if (sig)
		sb_printf(why, "the parser crashed (%s)", strsignal(sig));
	else
		sb_printf(why, "the worker ended with status %d", WEXITSTATUS(status));
	return UNIT_CRASHED;
}

/* The worker is gone or is to go. Its unit gets a second try unless it is known that this cannot
 * help. */
static void bury(struct pool *p, struct worker *w)
{
	uint32_t unit = w->unit;
	struct unit *u = &p->units[unit == NONE ? 0 : unit];
	struct sb why = {0};
	enum unit_state state;
	int status = worker_end(&w->c);

	w->live = false;
	if (unit == NONE)
		return;
	sb_printf(&why, "%s: ", p->db->tus[unit].file);
	state = cause(w, status, &why);
	if (!p->tries[unit]++ && (state == UNIT_CRASHED || (state == UNIT_MEMORY && w->ndone))) {
		p->again[p->nagain++] = unit;
		sb_free(&why);
		return;
	}
	*u = (struct unit){.state = state, .first_error = why.s, .cpu = w->cpu_seen - w->cpu_start};
	finish(p, unit);
}

static void drain(struct worker *w)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(w->c.err, buf, sizeof buf)) > 0) {
		const char *from = buf;
		uint32_t len = (uint32_t)n, over;

		if (len > TAIL - 1) {
			from += len - (TAIL - 1);
			len = TAIL - 1;
		}
		over = w->ntail + len > TAIL - 1 ? w->ntail + len - (TAIL - 1) : 0;
		memmove(w->tail, w->tail + over, w->ntail - over);
		memcpy(w->tail + w->ntail - over, from, len);
		w->ntail += len - over;
	}
	/* it is searched as a string */
	for (uint32_t i = 0; i < w->ntail; i++)
		if (!w->tail[i])
			w->tail[i] = ' ';
	w->tail[w->ntail] = '\0';
}

static void hear(struct pool *p, struct worker *w)
{
	struct reply r;
	int fd, got;

	while (w->live && (got = worker_receive(&w->c, &r, &fd)) != 0) {
		if (got > 0 && r.kind == REPLY_READY) {
			w->ready = true;
		} else if (got > 0 && r.kind == REPLY_UNIT && w->unit != NONE &&
			   r.unit == w->unit) {
			take_result(p, w, &r, fd);
			fd = -1;
		} else {
			if (!w->ready && !p->failed) {
				error("%s", got > 0 && r.kind == REPLY_UNFIT
						    ? r.text
						    : "a worker ended before it could begin");
				p->failed = true;
			}
			drain(w);
			bury(p, w);
		}
		if (fd >= 0)
			close(fd);
	}
}

/* ---- work ---- */

static void start(struct pool *p, struct worker *w)
{
	*w = (struct worker){.unit = NONE, .at = w->at, .end = w->end};
	w->live = worker_start(&w->c, p->db, p->plan, p->cpu_limit, p->memory) == 0;
}

/* Units that are alone go out one by one, the largest first; of the others a share that gets smaller towards the
 * end, and then half of what somebody else has not come to. */
static bool take_share(struct pool *p, struct worker *w)
{
	uint32_t left = p->db->ntu - p->next, n = left / (3 * p->nworker);
	struct worker *rich = NULL;

	if (left) {
		n = p->next < p->plan->nalone ? 1 : n < 4 ? 4 : n;
		n = n < left ? n : left;
		w->at = p->next;
		w->end = p->next += n;
		return true;
	}
	for (uint32_t i = 0; i < p->nworker; i++)
		if (!rich || p->w[i].end - p->w[i].at > rich->end - rich->at)
			rich = &p->w[i];
	if (!rich || rich->at == rich->end)
		return false;
	w->end = rich->end;
	w->at = rich->end - (rich->end - rich->at + 1) / 2;
	rich->end = w->at;
	return true;
}

static void give(struct pool *p, struct worker *w)
{
	uint32_t unit;

	if (p->nagain && !w->ndone) {
		unit = p->again[--p->nagain];
	} else if (w->at < w->end || take_share(p, w)) {
		unit = p->plan->order[w->at++];
	} else if (p->nagain) {
		/* what failed once is tried in a fresh worker */
		bury(p, w);
		return;
	} else {
		return;
	}
	w->unit = unit;
	w->cpu_start = w->cpu_seen = cpu_of(w);
	w->idle = w->wall = 0;
	w->given = clock_now();
	w->ntail = 0;
	/* if it cannot be sent the worker is gone, which shows when it is read from */
	unit |= p->tries[unit] ? WORKER_PLAIN : p->o->verify ? WORKER_VERIFY : 0;
	(void)send(w->c.sock, &unit, sizeof unit, MSG_NOSIGNAL);
}

/* Time is counted in looks, not from a start: a tool that was stopped (Ctrl-Z) must not find all
 * workers late. */
static void watch(struct pool *p)
{
	double t = clock_now(), step = t - p->looked;
	double idle_limit = p->cpu_limit < IDLE_LIMIT ? p->cpu_limit : IDLE_LIMIT;

	if (step * 1000 < TICK_MS)
		return;
	p->looked = t;
	if (step > 4 * TICK_MS / 1000.0)
		step = 4 * TICK_MS / 1000.0;
	for (uint32_t i = 0; i < p->nworker; i++) {
		struct worker *w = &p->w[i];
		double cpu;

		if (!w->live || w->unit == NONE || w->late)
			continue;
		cpu = cpu_of(w);
		w->idle = cpu > w->cpu_seen ? 0 : w->idle + step;
		w->wall += step;
		w->cpu_seen = cpu;
		if (cpu - w->cpu_start > p->cpu_limit || w->idle > idle_limit ||
			w->wall > p->cpu_limit * WALL_FACTOR) {
			w->late = w->leaving = true;
			kill(w->c.pid, SIGKILL);
		}
	}
}

static int keep_busy(struct pool *p)
{
	uint32_t nlive = 0, nidle = 0, nleft;

	for (uint32_t i = 0; i < p->nworker; i++) {
		struct worker *w = &p->w[i];

		if (w->live && w->ready && w->unit == NONE && !w->leaving)
			give(p, w);
		nlive += w->live;
		nidle += w->live && w->unit == NONE && !w->leaving;
	}
	nleft = p->db->ntu - p->next + p->nagain;
	for (uint32_t i = 0; i < p->nworker; i++)
		nleft += p->w[i].end - p->w[i].at;
	for (uint32_t i = 0; i < p->nworker && nidle < nleft; i++) {
		if (p->w[i].live)
			continue;
		start(p, &p->w[i]);
		if (!p->w[i].live)
			break; /* with fewer, then */
		nlive++;
		nidle++;
	}
	if (!nlive && p->ndone < p->db->ntu)
		return error("cannot start a worker process: %s", strerror(errno));
	return 0;
}

static bool stopped(const struct pool *p)
{
	return p->o->stop && *p->o->stop;
}

static int run(struct pool *p)
{
	struct pollfd fds[2 * MAX_JOBS];

	p->looked = clock_now();
	while (p->ndone < p->db->ntu) {
		nfds_t n = 0;

		if (keep_busy(p) < 0)
			return -1;
		for (uint32_t i = 0; i < p->nworker; i++) {
			if (!p->w[i].live)
				continue;
			fds[n++] = (struct pollfd){.fd = p->w[i].c.sock, .events = POLLIN};
			fds[n++] = (struct pollfd){.fd = p->w[i].c.err, .events = POLLIN};
		}
		if (!stopped(p) && poll(fds, n, TICK_MS) < 0 && errno != EINTR)
			return error("cannot wait for workers: %s", strerror(errno));
		if (stopped(p))
			return error("interrupted");
		for (uint32_t i = 0; i < p->nworker; i++) {
			if (p->w[i].live)
				drain(&p->w[i]);
			hear(p, &p->w[i]);
		}
		if (p->failed)
			return -1;
		watch(p);
	}
	return 0;
}

/* ---- the joint ---- */

static uint32_t cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0) /* more than a thousand of them */
		return (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	return (uint32_t)CPU_COUNT(&set);
}

int front_lower_all(const struct compdb *db, const struct front_opts *o, struct unit *units)
{
	struct pool p = {.db = db, .o = o, .units = units};
	int rc;

	memset(units, 0, db->ntu * sizeof *units);
	if (!db->ntu)
		return 0;
	p.cpu_limit = o->unit_timeout > 0 ? o->unit_timeout : WORKER_CPU;
	p.memory = o->memory ? o->memory : WORKER_MEMORY;
	p.nworker = o->jobs ? o->jobs : cores();
	if (p.nworker > MAX_JOBS)
		p.nworker = MAX_JOBS;
	if (p.nworker > db->ntu)
		p.nworker = db->ntu;
	p.w = xcalloc(p.nworker, sizeof *p.w);
	p.plan = plan_new(db);
	p.again = xcalloc(db->ntu, sizeof *p.again);
	p.tries = xcalloc(db->ntu, 1);
	rc = run(&p);
	for (uint32_t i = 0; i < p.nworker; i++)
		if (p.w[i].live)
			worker_end(&p.w[i].c);
	if (rc < 0)
		for (uint32_t i = 0; i < db->ntu; i++)
			unit_free(&units[i]);
	free(p.w);
	plan_free(p.plan);
	free(p.again);
	free(p.tries);
	return rc;
}

bool unit_read_next(const struct unit *u, uint64_t *at, struct read *out)
{
	return u->blob && reads_next((const char *)u->blob + u->nir, u->nblob - u->nir, at, out);
}

void unit_free(struct unit *u)
{
	ir_free(u->ir);
	if (u->nblob)
		munmap((void *)(uintptr_t)u->blob, u->nblob);
	free(u->first_error);
	*u = (struct unit){0};
}
