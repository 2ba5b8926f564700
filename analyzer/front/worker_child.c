/* worker_child.c - a process that parses.
 *
 * libclang can crash, hang, eat all memory and, given the arguments, write files. So a worker has
 * no way to harm: it cannot write to files (RLIMIT_FSIZE, and what sandbox.c forbids), dies
 * with its parent, has a bounded address space, and is watched by the parent for time (worker.c).
 * Its standard output is closed, and what is written to standard error ends in a pipe.
 */
#include "front/plan.h"
#include "front/worker.h"
#include "front/lower.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Deep nesting recurses in libclang: this is enough for a thousand casts in a row, where the usual
 * 8 MB are not. The pages are there only once they are used. */
#define STACK ((size_t)256 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER 1 /* reserves terabytes of addresses: no bound on them */
#else
#define SANITIZER 0
#endif

struct serve {
	int sock;
	const struct compdb *db;
	const struct plan *plan; /* or NULL */
	double cpu_limit;
	uint64_t memory;
};

/* ---- confinement ---- */

void child_limit(int what, uint64_t soft)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		return;
	r.rlim_cur = (rlim_t)soft < r.rlim_max ? (rlim_t)soft : r.rlim_max; /* infinity is the largest */
	(void)setrlimit(what, &r);
}

/* Which headers the compiler finds may depend on these; nothing else of the environment may matter.
 */
static void clean_environment(void)
{
	static const char *const keep[] = {"CPATH", "C_INCLUDE_PATH"};
	char *val[COUNT(keep)];

	for (size_t i = 0; i < COUNT(keep); i++) {
		val[i] = getenv(keep[i]);
		val[i] = val[i] ? xstrdup(val[i]) : NULL;
	}
	clearenv();
	for (size_t i = 0; i < COUNT(keep); i++)
		if (val[i])
			setenv(keep[i], val[i], 1);
	/* a crash is to end the process, not to be survived with the heap in pieces */
	setenv("LIBCLANG_DISABLE_CRASH_RECOVERY", "1", 1);
	setenv("LIBCLANG_NOTHREADS", "1", 1);
}

static void reset_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, ign = {.sa_handler = SIG_IGN};
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &dfl, NULL);
	/* Ctrl-C goes to the whole group: the parent decides. */
	(void)sigaction(SIGINT, &ign, NULL);
	(void)sigaction(SIGPIPE, &ign, NULL);
	(void)sigaction(SIGXFSZ, &ign, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* sock becomes 3, err 2; everything else is closed. */
static void set_files(int sock, int err)
{
	int null = open("/dev/null", O_RDWR);

	/* out of the way first: the parent may have had 0 to 3 closed */
	null = fcntl(null, F_DUPFD, 4);
	sock = fcntl(sock, F_DUPFD, 4);
	err = fcntl(err, F_DUPFD, 4);
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(err, 2) < 0 || dup2(sock, 3) < 0)
		_exit(1);
	if (close_range(4, ~0u, 0) < 0)
		for (int fd = 4; fd < 1024; fd++)
			close(fd);
}

/* If memory runs out, better a worker than the user's editor. */
static void volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0) {
		if (write(fd, "500", 3) < 0) {
			/* then not */
		}
		close(fd);
	}
}

static void confine(pid_t parent, int sock, int err, uint64_t memory)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	reset_signals();
	set_files(sock, err);
	volunteer();
	clean_environment();
	sandbox_enter();
	child_limit(RLIMIT_CORE, 0);
	child_limit(RLIMIT_FSIZE, 0);
	if (!SANITIZER)
		child_limit(RLIMIT_AS, memory);
}

/* ---- a unit ---- */

uint64_t child_rss_peak(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)u.ru_maxrss * 1024;
}

/* Files of /proc and the like say that they are regular. */
static bool is_pseudo(int fd)
{
	struct statfs s;

	return !fstatfs(fd, &s) && (s.f_type == PROC_SUPER_MAGIC || s.f_type == SYSFS_MAGIC ||
					   s.f_type == DEBUGFS_MAGIC || s.f_type == TRACEFS_MAGIC ||
					   s.f_type == CGROUP2_SUPER_MAGIC);
}

/* Why path is not to be parsed, or NULL. */
static const char *refuse(const char *path)
{
	char head[4096];
	const char *why = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	/* opening some devices has effects: look first */
	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "the file does not exist"
							   : strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "is a directory";
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || is_pseudo(fd)) {
		why = "is not a regular file";
	} else {
		n = read(fd, head, sizeof head);
		if (n < 0)
			why = strerror(errno);
		else if (memchr(head, '\0', (size_t)n))
			why = "is not C: it holds NUL characters";
	}
	close(fd);
	return why;
}

/* A memory file with the serialised IR, or -1. The bound on files holds for it too: it is lifted
 * meanwhile. */
int child_blob(const struct ir *ir, const struct sb *reads, struct reply *r)
{
	struct sb b = {0};
	size_t at = 0;
	int fd;

	ir_write(ir, &b);
	r->nir = b.n;
	sb_putn(&b, reads->s, reads->n);
	fd = memfd_create("tvt-unit", MFD_CLOEXEC);
	child_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	while (fd >= 0 && at < b.n) {
		ssize_t n = write(fd, b.s + at, b.n - at);

		if (n > 0) {
			at += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			close(fd);
			fd = -1;
		}
	}
	child_limit(RLIMIT_FSIZE, 0);
	r->nblob = b.n;
	sb_free(&b);
	return fd;
}

void child_text(struct reply *r, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	r->ntext = (uint32_t)(n < REPLY_TEXT ? n : REPLY_TEXT - 1);
	if (n)
		memcpy(r->text, text, r->ntext);
	r->text[r->ntext] = '\0';
}

/* The first lines that differ. */
static void tell_difference(const struct ir *x, const struct ir *y, struct sb *why)
{
	struct sb a = {0}, b = {0};
	size_t i = 0;

	ir_print(x, &a);
	ir_print(y, &b);
	for (size_t k = 0; a.s[k] && a.s[k] == b.s[k]; k++)
		if (a.s[k] == '\n')
			i = k + 1;
	sb_puts(why, "'");
	sb_putn(why, a.s + i, strcspn(a.s + i, "\n"));
	sb_puts(why, "' instead of '");
	sb_putn(why, b.s + i, strcspn(b.s + i, "\n"));
	sb_puts(why, "'");
	sb_free(&a);
	sb_free(&b);
}

/* For --verify-front: parses plainly too, and takes that result if it is another one. */
static bool differs(const struct tu_cmd *cmd, struct lower_result *res, struct sb *why)
{
	struct lower_result plain = {0};
	struct sb a = {0}, b = {0};
	bool differ;

	lower_parse(cmd, &plain);
	differ = !plain.ir || plain.nerror != res->nerror;
	if (!differ) {
		ir_write(res->ir, &a);
		ir_write(plain.ir, &b);
		differ = a.n != b.n || memcmp(a.s, b.s, a.n);
		if (differ)
			tell_difference(res->ir, plain.ir, why);
	}
	sb_free(&a);
	sb_free(&b);
	lower_result_free(res);
	*res = plain;
	return differ;
}

static int do_unit(const struct serve *s, uint32_t unit, struct reply *r)
{
	const struct tu_cmd *cmd = &s->db->tus[unit & ~(WORKER_PLAIN | WORKER_VERIFY)];
	uint32_t i = (uint32_t)(cmd - s->db->tus);
	struct lower_result res = {0};
	struct sb reads = {0}, why_not = {0};
	const char *why = refuse(cmd->file);
	int blob = -1;

	if (why) {
		char text[REPLY_TEXT];

		r->state = UNIT_FAILED;
		snprintf(text, sizeof text, "%s: %s", cmd->file, why);
		child_text(r, text);
		return -1;
	}
	if (unit & WORKER_PLAIN || !s->plan || s->plan->of[i] == NONE || !pch_parse(s->plan, s->db, i, &res)) {
		reads_begin();
		lower_parse(cmd, &res);
	} else if (unit & WORKER_VERIFY) {
		r->differs = differs(cmd, &res, &why_not);
	}
	r->pure = reads_end(cmd->dir, &reads);
	r->state = res.state;
	r->nerror = res.nerror;
	child_text(r, r->differs ? why_not.s : res.first_error);
	sb_free(&why_not);
	if (res.ir) {
		blob = child_blob(res.ir, &reads, r);
		if (blob < 0) {
			r->nblob = 0;
			r->state = UNIT_MEMORY;
			child_text(r, "no memory for the result");
		}
	}
	lower_result_free(&res);
	sb_free(&reads);
	return blob;
}

/* ---- the conversation ---- */

void child_reply(int sock, const struct reply *r, int blob)
{
	struct iovec iov = {(void *)(uintptr_t)r, offsetof(struct reply, text) + r->ntext + 1};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (blob >= 0) {
		struct cmsghdr *c;

		msg.msg_control = ctl.buf;
		msg.msg_controllen = sizeof ctl.buf;
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &blob, sizeof blob);
	}
	while (sendmsg(sock, &msg, 0) < 0)
		if (errno != EINTR)
			_exit(1);
}

static void hear(void *ctx, const char *level, const char *msg)
{
	char **said = ctx; /* the first error() while libclang is loaded */

	if (!strcmp(level, "error") && !*said)
		*said = xstrdup(msg);
}

void child_introduce(int sock, struct reply *r)
{
	struct sb version = {0};
	char *said = NULL;
	int rc;

	diag_redirect(hear, &said);
	rc = clang_load(&version);
	diag_redirect(NULL, NULL);
	r->kind = rc < 0 ? REPLY_UNFIT : REPLY_READY;
	child_text(r, rc < 0 ? said : version.s);
	sb_free(&version);
	free(said);
	child_reply(sock, r, -1);
	if (rc < 0)
		_exit(0);
}

static void *serve(void *arg)
{
	struct serve *s = arg;
	struct reply *r = xcalloc(1, sizeof *r);
	uint32_t unit;

	child_introduce(s->sock, r);
	for (;;) {
		ssize_t n = recv(s->sock, &unit, sizeof unit, 0);
		double start = clock_cpu();
		int blob;

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof unit)
			_exit(0);
		*r = (struct reply){.kind = REPLY_UNIT, .unit = unit & ~(WORKER_PLAIN | WORKER_VERIFY)};
		/* in case the parent is too busy to look, or stopped */
		child_limit(RLIMIT_CPU, (uint64_t)(start + s->cpu_limit * 2 + 5));
		blob = do_unit(s, unit, r);
		r->cpu = clock_cpu() - start;
		r->rss = child_rss_peak();
		/* libclang keeps what it allocated once, in pieces */
		r->last = memory_resident() > s->memory / 8;
		child_reply(s->sock, r, blob);
		if (blob >= 0)
			close(blob);
		if (r->last)
			_exit(0);
	}
}

/* Never returns. A thread, because only its stack can be made large from here. */
static _Noreturn void child_main(void *(*body)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, STACK) || pthread_create(&t, &attr, body, arg))
		_exit(1);
	pthread_join(t, NULL);
	_exit(0);
}

int worker_spawn(struct child *c, void *(*body)(void *), void *arg, uint64_t memory)
{
	pid_t parent = getpid();
	int sock[2], err[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return -1;
	if (pipe2(err, O_CLOEXEC | O_NONBLOCK) < 0) {
		saved = errno;
		close(sock[0]);
		close(sock[1]);
		errno = saved;
		return -1;
	}
	fflush(NULL);
	c->pid = fork();
	saved = errno;
	if (c->pid == 0) {
		confine(parent, sock[1], err[1], memory);
		child_main(body, arg);
	}
	close(sock[1]);
	close(err[1]);
	c->sock = sock[0];
	c->err = err[0];
	if (c->pid < 0) {
		close(sock[0]);
		close(err[0]);
		errno = saved;
		return -1;
	}
	return 0;
}

int worker_start(struct child *c, const struct compdb *db, const struct plan *plan, double cpu_limit, uint64_t memory)
{
	struct serve s = {.sock = CHILD_SOCK, .db = db, .plan = plan, .cpu_limit = cpu_limit, .memory = memory};

	return worker_spawn(c, serve, &s, memory);
}
