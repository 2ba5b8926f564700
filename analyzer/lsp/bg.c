/* bg.c - work on a thread: what reads disks and waits for workers.
 *
 * A job belongs to its thread from bg_start() until its message arrives; the numbers of its progress
 * alone are read before. Messages of threads, and of error() and its like on any of them, come
 * through a pipe.
 */
#include "lsp/lsp_int.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum bg_kind { BG_DONE, BG_PROGRESS, BG_LOG };
struct bg_msg {
	enum bg_kind kind;
	struct job *job;
	char *level, *text;
};

static void tell(int fd, const struct bg_msg *m)
{
	/* A message is written whole or not at all, pipe(7). The loop that reads it never waits, so that it
	 * is full only if the machine stands still. */
	if (write(fd, m, sizeof *m) != sizeof *m && m->kind == BG_LOG) {
		free(m->level);
		free(m->text);
	}
}

void bg_log(void *ctx, const char *level, const char *text)
{
	struct server *s = ctx;
	struct bg_msg m = {BG_LOG, NULL, xstrdup(level), xstrdup(text)};

	tell(s->bg[1], &m);
}

static void on_progress(void *ctx, uint32_t done, uint32_t total, const char *file)
{
	struct job *job = ctx;
	struct bg_msg m = {.kind = BG_PROGRESS, .job = job};
	uint32_t percent = total ? done * 100 / total : 0;

	atomic_store(&job->done, done);
	atomic_store(&job->total, total);
	if (atomic_exchange(&job->told, percent + 1) != percent + 1)
		tell(job->fd, &m);
}

static void *run(void *arg)
{
	struct job *job = arg;
	struct bg_msg m = {.kind = BG_DONE, .job = job};

	if (job->kind == JOB_LOAD) {
		struct pipeline_opts o = job->pipe;

		settings_apply(job->o, job->root, &job->pipe);
		job->pipe.until = o.until;
		job->pipe.db.paths = o.db.paths;
		job->pipe.db.npath = o.db.npath;
		job->pipe.db.quiet = true;
	}
	job->pipe.front.progress = on_progress;
	job->pipe.front.ctx = job;
	job->pipe.front.stop = &job->stop;
	if (job->kind == JOB_LOAD)
		job->rc = pipeline_run(&job->pipe, &job->a);
	else
		job->rc = front_lower_all(&job->db, &job->pipe.front, job->units);
	/* this one must not be lost */
	while (write(job->fd, &m, sizeof m) != sizeof m)
		usleep(1000);
	return NULL;
}

void bg_start(struct server *s, struct job *job)
{
	pthread_attr_t attr;
	pthread_t t;
	sigset_t all, old;

	job->fd = s->bg[1];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the loop's */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, run, job)) {
		struct bg_msg m = {.kind = BG_DONE, .job = job};

		error("no thread can be started");
		job->rc = -1;
		tell(job->fd, &m);
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void bg_read(struct server *s)
{
	struct bg_msg m;

	while (read(s->bg[0], &m, sizeof m) == sizeof m) {
		switch (m.kind) {
		case BG_LOG:
			rpc_log(s, m.level, m.text);
			free(m.level);
			free(m.text);
			break;
		case BG_PROGRESS: {
			uint32_t total = atomic_load(&m.job->total), done = atomic_load(&m.job->done);
			char text[64];

			snprintf(text, sizeof text, "%u/%u files", done, total);
			progress_report(s, m.job->project, total ? done * 100 / total : 0, text);
			break;
		}
		case BG_DONE:
			if (m.job->kind == JOB_LOAD)
				project_loaded(s, m.job->project, m.job);
			else
				project_lowered(s, m.job->project, m.job);
			break;
		}
	}
}

void job_free(struct job *job)
{
	if (job->kind == JOB_LOAD)
		pipeline_free(&job->a);
	if (job->pipe.config)
		config_free(job->pipe.config);
	free(job->root);
	for (uint32_t i = 0; i < job->db.ntu; i++)
		unit_free(&job->units[i]);
	free(job->db.tus);
	free(job->units);
	free(job->which);
	free(job->paths);
	free(job);
}
