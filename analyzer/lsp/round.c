/* round.c - from units to findings, in a child process.
 *
 * The child has the memory of the server as it was at the fork: units and texts cost no copy. It runs
 * the same stages as `check`, writes the view into a memory file that both have, and ends. If it
 * crashes, the last view stays.
 */
#include "lsp/lsp_int.h"
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUND_LIMIT = 600 }; /* seconds; one that takes longer is ended by the kernel */

static int write_all(int fd, const struct sb *b)
{
	for (size_t at = 0; at < b->n;) {
		ssize_t n = write(fd, b->s + at, b->n - at);

		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

/* The texts that the units were made from, where they are not what is on disk. */
static const char *text_lowered(void *ctx, const char *path, size_t *n)
{
	const struct server *s = ctx;

	for (uint32_t i = 0; i < s->docs.n; i++) {
		const struct doc *d = s->docs.v[i];
		const struct text *t = d->lowered.s ? &d->lowered : &d->text;

		if (strcmp(d->path, path) || (!d->lowered.s && d->unit_seq != d->seq))
			continue;
		*n = t->n;
		return t->s ? t->s : "";
	}
	return NULL;
}

/* The baseline, as `check` takes it: findings that are in it are not shown. */
static void mark_known(const struct pipeline_opts *o, struct analysis *a)
{
	const char *name = o->config ? config_text(o->config, CONFIG_BASELINE) : ".tvt/baseline.tsv";
	const char *path = path_join(a->mem, a->run.root, name);
	struct known_set known = {0};

	if (!fs_is_file(path) && !(o->config && config_get(o->config, CONFIG_BASELINE)->file))
		return;
	if (known_read(&known, path) == 0)
		known_match(&known, a->findings, a->nfinding, a->run.root, &a->run.compared);
	known_free(&known);
}

static _Noreturn void child(struct server *s, struct project *p, pid_t parent)
{
	struct compdb db = *p->db;
	struct pipeline_opts o;
	struct analysis a = {.db = &db};
	struct view_text *texts = xcalloc(s->docs.n + 1, sizeof *texts);
	struct view_in in = {.a = &a, .enc = s->enc, .texts = texts, .page = s->o->page, .url = s->o->url};
	struct sb out = {0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	alarm(ROUND_LIMIT);
	dup2(null, 0);
	dup2(null, 1);
	diag_redirect(NULL, NULL);
	db.tus = xcalloc(p->slots.n + 1, sizeof *db.tus);
	db.ntu = p->slots.n;
	a.units = xcalloc(p->slots.n + 1, sizeof *a.units);
	for (uint32_t i = 0; i < p->slots.n; i++) {
		db.tus[i] = p->slots.v[i].cmd;
		a.units[i] = p->slots.v[i].unit;
	}
	for (uint32_t i = 0; i < s->docs.n; i++) {
		const struct doc *d = s->docs.v[i];

		texts[in.ntext++] = (struct view_text){d->path, d->lowered.s ? &d->lowered : &d->text};
	}
	settings_apply(s->o, p->root, &o);
	o.db.npath = 0;
	o.text = text_lowered;
	o.text_ctx = s;
	o.until = STAGE_FINDINGS;
	if (pipeline_rest(&o, &a) < 0)
		_exit(1);
	mark_known(&o, &a);
	view_make(&in, &out);
	_exit(write_all(p->round_fd, &out) < 0);
}

void round_start(struct server *s, struct project *p)
{
	pid_t me = getpid();

	p->round_fd = memfd_create("tvt-view", MFD_CLOEXEC);
	if (p->round_fd < 0)
		return;
	p->dirty = false;
	/* until it comes in, edits count from the texts that it sees */
	for (uint32_t i = 0; i < s->docs.n; i++)
		if (s->docs.v[i]->project == p)
			s->docs.v[i]->round_seq = s->docs.v[i]->unit_seq;
	p->round_since = clock_now();
	p->round_pid = fork();
	if (p->round_pid == 0)
		child(s, p, me);
	if (p->round_pid > 0)
		p->round_pidfd = (int)syscall(SYS_pidfd_open, p->round_pid, 0);
	if (p->round_pid < 0 || p->round_pidfd < 0) {
		if (p->round_pid > 0) {
			kill(p->round_pid, SIGKILL);
			server_reap(s, p->round_pid);
		}
		rpc_log(s, "error", "cannot start a process for the analysis");
		close(p->round_fd);
		p->round_pid = 0;
	}
}

static void end(struct project *p)
{
	close(p->round_pidfd);
	close(p->round_fd);
	p->round_pid = 0;
}

void round_done(struct server *s, struct project *p)
{
	struct view old = p->view;
	off_t size = lseek(p->round_fd, 0, SEEK_END);
	siginfo_t info = {0};
	bool ok = !waitid(P_PID, (id_t)p->round_pid, &info, WEXITED | WNOHANG) && info.si_code == CLD_EXITED && !info.si_status;

	if (!ok || size <= 0 || view_map(&p->view, p->round_fd, (size_t)size) < 0) {
		p->view = old;
		rpc_log(s, "error", "the analysis failed; the findings are those of the last one");
		end(p);
		return;
	}
	end(p);
	p->round_took = s->now - p->round_since;
	p->nview++;
	doc_seen(s, p);
	publish_view(s, p, &old);
	view_free(&old);
}

void round_stop(struct server *s, struct project *p)
{
	if (!p->round_pid)
		return;
	kill(p->round_pid, SIGKILL);
	server_reap(s, p->round_pid);
	end(p);
}
