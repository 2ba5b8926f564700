/* watch.c - finds threads that are in a long turn and asks them, by a signal, where they are.
 *
 * It runs outside the traced processes, so that they get no thread that they did not make (a second
 * thread changes what fork, unshare and malloc do), and looks at their files. A signal is sent only
 * when all of this holds: the thread is in a turn of a proven loop and not inside a wrapper, the
 * process is the one that made the file, and it catches the signal and does not block it. A thread
 * that sleeps in a system call is left alone unless the kernel takes that call up again after a
 * signal.
 */
#include "base/base.h"
#include "runtime/trace/format.h"
#include "runtime/trace/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

struct thread_watch {
	uint64_t turn;		 /* turn_start of the turn that is watched */
	uint64_t due;		 /* when to ask (again) */
	uint64_t cpu_ns, cpu_at; /* its processor time earlier in the turn, and when that was */
	bool starved;		 /* counted for this turn */
};
struct process_watch {
	char *name;
	struct trace_file *f; /* NULL: over, or never usable */
	int pidfd;	      /* -1: not to be had */
	bool signals;	      /* its thread ids are ours */
	bool known;	      /* the header was complete and is checked */
	struct thread_watch thread[TRACE_THREADS];
};
struct watch {
	char *dir;
	uint64_t pidns;
	struct timespec changed; /* of the directory, when it was last read */
	VEC(struct process_watch *) processes;
	VEC(struct pollfd) fds;
};

/* Time as a traced process tells it. */
static uint64_t ticks(uint64_t khz)
{
	struct timespec ts;

	if (khz)
		return __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The kernel says whether the counter runs evenly, whatever the processor sleeps or clocks at. */
static bool counter_is_even(void)
{
	char *text = NULL, *line;
	size_t size;
	bool even = false;

	if (fs_read_quiet("/proc/cpuinfo", &text, &size) < 0)
		return false;
	line = strstr(text, "\nflags");
	if (line) {
		line[1 + strcspn(line + 1, "\n")] = '\0';
		even = strstr(line, " constant_tsc") && strstr(line, " nonstop_tsc");
	}
	free(text);
	return even;
}

uint64_t trace_measure_khz(void)
{
	struct timespec pause = {0, 20000000};
	uint64_t t0, t1, c0, c1;

	if (!counter_is_even())
		return 0;
	t0 = ticks(0);
	c0 = __rdtsc();
	nanosleep(&pause, NULL);
	c1 = __rdtsc();
	t1 = ticks(0);
	return t1 > t0 ? (uint64_t)((double)(c1 - c0) * 1e6 / (double)(t1 - t0)) : 0;
}

struct watch *watch_new(const char *dir)
{
	struct watch *w = xcalloc(1, sizeof *w);
	struct stat st;

	w->dir = xstrdup(dir);
	if (stat("/proc/self/ns/pid", &st) == 0)
		w->pidns = st.st_ino;
	return w;
}

static void forget(struct process_watch *p)
{
	if (p->f)
		munmap(p->f, sizeof *p->f);
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->f = NULL;
	p->pidfd = -1;
}

void watch_free(struct watch *w)
{
	for (uint32_t i = 0; i < w->processes.n; i++) {
		forget(w->processes.v[i]);
		free(w->processes.v[i]->name);
		free(w->processes.v[i]);
	}
	vec_free(&w->processes);
	vec_free(&w->fds);
	free(w->dir);
	free(w);
}

/* ---- new files ---- */

static bool known_name(const struct watch *w, const char *name)
{
	for (uint32_t i = 0; i < w->processes.n; i++)
		if (strcmp(w->processes.v[i]->name, name) == 0)
			return true;
	return false;
}

static void add_file(struct watch *w, int dirfd, const char *name)
{
	struct process_watch *p = xcalloc(1, sizeof *p);
	int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	void *f;

	p->name = xstrdup(name);
	p->pidfd = -1;
	vec_add(&w->processes, p);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == sizeof *p->f) {
		f = mmap(NULL, sizeof *p->f, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		p->f = f == MAP_FAILED ? NULL : f;
	} else if (fstat(fd, &st) == 0 && st.st_size == 0) {
		/* caught between its making and its sizing: look again */
		w->processes.n--;
		free(p->name);
		free(p);
	}
	close(fd);
}

static void find_files(struct watch *w)
{
	struct stat st;
	struct dirent *e;
	DIR *d;

	if (stat(w->dir, &st) != 0 || (st.st_mtim.tv_sec == w->changed.tv_sec &&
					      st.st_mtim.tv_nsec == w->changed.tv_nsec))
		return;
	d = opendir(w->dir);
	if (!d)
		return;
	while ((e = readdir(d)))
		if (str_ends(e->d_name, ".tvt") && !known_name(w, e->d_name))
			add_file(w, dirfd(d), e->d_name);
	closedir(d);
	/* the clock of file times is coarse: believe it only when it has moved on since */
	clock_gettime(CLOCK_REALTIME, &w->changed);
	if (w->changed.tv_sec - st.st_mtim.tv_sec > 1)
		w->changed = st.st_mtim;
}

/* ---- what the kernel knows of a thread ---- */

static bool read_proc(char *buf, size_t size, const char *fmt, ...) PRINTF(3, 4);
static bool read_proc(char *buf, size_t size, const char *fmt, ...)
{
	char path[64];
	va_list ap;
	ssize_t n;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static uint64_t start_time(uint32_t pid)
{
	char buf[1024], *p;

	if (!read_proc(buf, sizeof buf, "/proc/%u/stat", pid))
		return 0;
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}

static bool has_signal(const char *status, const char *mask, uint32_t signo)
{
	const char *p = strstr(status, mask);

	return p && signo >= 1 && signo <= 64 &&
	       strtoull(p + strlen(mask), NULL, 16) >> (signo - 1) & 1;
}

/* System calls that go on after a handler with SA_RESTART, see signal(7); those that time out do
 * not. */
static bool taken_up_again(long n)
{
	static const long calls[] = {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64,
		SYS_pwrite64, SYS_open, SYS_openat, SYS_wait4, SYS_waitid, SYS_flock, SYS_fcntl,
		SYS_fsync, SYS_fdatasync, SYS_getrandom};

	for (size_t i = 0; i < COUNT(calls); i++)
		if (n == calls[i])
			return true;
	return false;
}

/* 'R' running or ready, 'S' and 'D' asleep; 0 if it cannot be told. */
static char thread_state(const char *status)
{
	const char *state = strstr(status, "State:\t");

	return state ? state[7] : 0;
}

/* How to ask: KIND_LONG, KIND_ASLEEP, or 0: not now. */
static uint32_t may_ask(uint32_t pid, uint32_t tid, uint32_t signo)
{
	char buf[4096];

	if (!read_proc(buf, sizeof buf, "/proc/%u/task/%u/status", pid, tid))
		return 0;
	if (!has_signal(buf, "SigCgt:\t", signo) || has_signal(buf, "SigBlk:\t", signo))
		return 0;
	switch (thread_state(buf)) {
	case 'R':
		return KIND_LONG;
	case 'D':
		return KIND_ASLEEP;
	case 'S':
		if (!read_proc(buf, sizeof buf, "/proc/%u/task/%u/syscall", pid, tid) ||
			buf[0] < '0' || buf[0] > '9')
			return 0;
		return taken_up_again(strtol(buf, NULL, 10)) ? KIND_ASLEEP : 0;
	default:
		return 0;
	}
}

static uint64_t processor_ns(uint32_t pid, uint32_t tid)
{
	char buf[128];

	return read_proc(buf, sizeof buf, "/proc/%u/task/%u/schedstat", pid, tid)
		       ? strtoull(buf, NULL, 10)
		       : 0;
}

static uint64_t to_ns(const struct trace_header *h, uint64_t ticks)
{
	return h->tick_khz ? ticks * 1000000 / h->tick_khz : ticks;
}

/* ---- turns ---- */

/* A long call may be one that blocks, or one that only found no processor: what is it now? */
static void look_at_call(const struct trace_header *h, struct trace_thread *s, uint64_t now)
{
	uint64_t start = __atomic_load_n(&s->call_start, __ATOMIC_RELAXED);
	char buf[4096], state;
	uint32_t seen;

	if (now < start || now - start < h->threshold / 2 ||
		!read_proc(buf, sizeof buf, "/proc/%u/task/%u/status", h->pid, s->tid))
		return;
	state = thread_state(buf);
	seen = state == 'R' ? LOOKED_RUNNABLE : state == 'S' || state == 'D' ? LOOKED_ASLEEP : 0;
	s->looked = (s->looked_at == start ? s->looked : 0) | seen;
	__atomic_store_n(&s->looked_at, start, __ATOMIC_RELEASE);
}

/* Did the thread have no processor for most of the time since it was looked at before? The kernel
 * counts in steps of up to 10 ms at worst, 4 as a rule, so short times say nothing. */
static bool is_starved(const struct trace_header *h, const struct trace_thread *s,
	const struct thread_watch *t, uint64_t now)
{
	uint64_t wall = to_ns(h, now - t->cpu_at);

	return wall > 5000000 && processor_ns(h->pid, s->tid) - t->cpu_ns < wall * 3 / 10;
}

static void ask(const struct trace_header *h, struct trace_thread *s, uint64_t turn, uint32_t kind)
{
	__atomic_store_n(&s->poke, kind, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->inside, __ATOMIC_SEQ_CST) ||
		__atomic_load_n(&s->turn_start, __ATOMIC_SEQ_CST) != turn ||
		syscall(SYS_tgkill, h->pid, s->tid, h->signo) != 0)
		__atomic_store_n(&s->poke, 0, __ATOMIC_SEQ_CST);
}

static void look_at_thread(
	const struct process_watch *p, struct trace_thread *s, struct thread_watch *t, uint64_t now)
{
	const struct trace_header *h = &p->f->h;
	uint64_t turn = __atomic_load_n(&s->turn_start, __ATOMIC_RELAXED);
	uint32_t level = __atomic_load_n(&s->nlevel, __ATOMIC_RELAXED) - 1, loop, kind;

	if (!turn || now < turn)
		return;
	if (turn != t->turn)
		*t = (struct thread_watch){.turn = turn, .due = turn + h->budget / 4 * 3};
	if (__atomic_load_n(&s->inside, __ATOMIC_RELAXED)) {
		look_at_call(h, s, now);
		return;
	}
	if (now - turn < h->budget / 8 || level >= TRACE_LEVELS)
		return;
	loop = s->level[level].loop;
	if (loop >= TRACE_LOOPS || !p->f->loop[loop].turns)
		return;
	if (!t->cpu_at) {
		t->cpu_ns = processor_ns(h->pid, s->tid);
		t->cpu_at = now;
	}
	if (now < t->due)
		return;
	kind = may_ask(h->pid, s->tid, h->signo);
	if (kind == KIND_LONG && is_starved(h, s, t, now)) {
		s->starved += !t->starved;
		t->starved = true;
		t->due = now + h->budget / 2;
		t->cpu_ns = processor_ns(h->pid, s->tid);
		t->cpu_at = now;
		return;
	}
	t->due = now + (now - turn); /* less and less often */
	if (kind)
		ask(h, s, turn, kind);
}

/* The first look at a file whose header is complete. */
static void meet(struct watch *w, struct process_watch *p)
{
	const struct trace_header *h = &p->f->h;

	p->known = true;
	if (h->version != TRACE_VERSION || h->size != sizeof *p->f || h->pid < 2 ||
		h->pid > INT32_MAX || h->signo < (uint32_t)SIGRTMIN ||
		h->signo > (uint32_t)SIGRTMAX) {
		forget(p);
		return;
	}
	/* The pid went on with another program, and its exec was not seen. */
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct process_watch *old = w->processes.v[i];

		if (old == p || !old->f || old->f->h.pid != h->pid || old->f->h.start > h->start)
			continue;
		if (old->f->h.state == STATE_RUNNING)
			old->f->h.state = STATE_EXECED;
		forget(old);
	}
	if (h->pidns != w->pidns)
		return;
	p->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
	p->signals = p->pidfd >= 0 && start_time(h->pid) == h->born;
}

static bool is_dead(struct watch *w, const struct process_watch *p)
{
	for (uint32_t i = 0; i < w->fds.n; i++)
		if (w->fds.v[i].fd == p->pidfd)
			return w->fds.v[i].revents & POLLIN;
	return false;
}

void watch_tick(struct watch *w)
{
	find_files(w);
	w->fds.n = 0;
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct process_watch *p = w->processes.v[i];

		if (p->f && p->known && p->pidfd >= 0)
			vec_add(&w->fds, ((struct pollfd){p->pidfd, POLLIN, 0}));
	}
	if (w->fds.n)
		poll(w->fds.v, w->fds.n, 0);
	for (uint32_t i = 0; i < w->processes.n; i++) {
		struct process_watch *p = w->processes.v[i];
		uint64_t now;
		uint32_t n;

		if (p->f && !p->known &&
			__atomic_load_n(&p->f->h.magic, __ATOMIC_ACQUIRE) == TRACE_MAGIC)
			meet(w, p);
		if (!p->f || !p->known)
			continue;
		now = ticks(p->f->h.tick_khz);
		if (p->f->h.state != STATE_RUNNING || is_dead(w, p)) {
			p->f->h.seen = now;
			forget(p);
			continue;
		}
		p->f->h.seen = now;
		n = __atomic_load_n(&p->f->h.nthread, __ATOMIC_RELAXED);
		for (uint32_t k = 0; p->signals && k < n && k < TRACE_THREADS; k++)
			if (__atomic_load_n(&p->f->thread[k].ready, __ATOMIC_ACQUIRE) &&
				!p->f->thread[k].ended)
				look_at_thread(p, &p->f->thread[k], &p->thread[k], now);
	}
}

void watch_signal_all(const struct watch *w, int sig)
{
	for (uint32_t i = 0; i < w->processes.n; i++) {
		const struct process_watch *p = w->processes.v[i];

		if (p->f && p->pidfd >= 0)
			syscall(SYS_pidfd_send_signal, p->pidfd, sig, NULL, 0);
	}
}
