/* pool.c - threads for what blocks or computes long.
 *
 * A job lives on the stack of the task that waits for it, so a call takes no memory and there are
 * never more jobs than tasks. The pool's thread puts the finished job into the inbox of the task's
 * worker and touches nothing else; the worker then wakes the task. So the job is in use until
 * `done`, which only the worker sets, and the task stays until then.
 */
#include <signal.h>

#include "internal.h"

enum { QUEUED, RUNNING };

struct tvt__job {
	struct tvt__node node;
	struct tvt__job *prev, *next;
	struct tvt__task *task;
	struct tvt__worker *home;
	tvt_fn *fn;
	void *arg;
	int rc;
	int state; /* under the pool's lock */
	bool done; /* the task's worker's */
};

int tvt__pool_init(struct tvt__rt *rt)
{
	struct tvt__pool *p = &rt->pool;
	size_t max = (size_t)rt->opts.pool_threads;

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->thread = tvt__malloc(rt, max * sizeof *p->thread);
	if (!p->thread)
		return -ENOMEM;
	p->max = rt->opts.pool_threads;
	return 0;
}

void tvt__pool_free(struct tvt__rt *rt)
{
	struct tvt__pool *p = &rt->pool;

	if (!p->thread)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	while (p->nthread > 0)
		pthread_join(p->thread[--p->nthread], NULL);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	tvt__free(rt, p->thread, (size_t)p->max * sizeof *p->thread);
}

static void unlink_job(struct tvt__pool *p, struct tvt__job *j)
{
	*(j->prev ? &j->prev->next : &p->head) = j->next;
	*(j->next ? &j->next->prev : &p->tail) = j->prev;
	p->queued--;
}

static void *pool_thread(void *arg)
{
	struct tvt__pool *p = arg;
	struct tvt__job *j;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->head && !p->stop) {
			p->idle++;
			pthread_cond_wait(&p->work, &p->lock);
			p->idle--;
		}
		if (!(j = p->head))
			break;
		unlink_job(p, j);
		j->state = RUNNING;
		tvt__bump(&p->jobs);
		pthread_mutex_unlock(&p->lock);
		j->rc = j->fn(j->arg);
		tvt__post(j->home, &j->node);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void tvt__job_done(struct tvt__node *n)
{
	struct tvt__job *j = container_of(n, struct tvt__job, node);

	j->done = true;
	if (tvt__claim(j->task))
		tvt__ready(j->task, 0);
}

/* Under the lock: queue j, and have a thread for it. */
static int queue(struct tvt__rt *rt, struct tvt__job *j)
{
	struct tvt__pool *p = &rt->pool;
	sigset_t old;
	int err = 0;

	if (p->queued >= p->idle && p->nthread < p->max) {
		tvt__signals_block(rt, &old);
		err = pthread_create(&p->thread[p->nthread], NULL, pool_thread, p);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (err == 0)
			p->nthread++;
		else if (p->nthread == 0)
			return -EAGAIN;
	}
	j->prev = p->tail;
	*(p->tail ? &p->tail->next : &p->head) = j;
	p->tail = j;
	p->queued++;
	pthread_cond_signal(&p->work);
	return 0;
}

int tvt_block(tvt_fn *fn, void *arg, int64_t deadline)
{
	struct tvt__task *t = tvt__self();
	struct tvt__worker *w = tvt__w;
	struct tvt__pool *p;
	struct tvt__job j = {.node.kind = NODE_JOB, .task = t, .home = w, .fn = fn, .arg = arg};
	int rc;

	ENTER(t);
	if (deadline <= 0)
		return -ETIMEDOUT;
	p = &w->rt->pool;
	pthread_mutex_lock(&p->lock);
	rc = queue(w->rt, &j);
	pthread_mutex_unlock(&p->lock);
	if (rc < 0)
		return rc;
	tvt__arm(t, 0);
	rc = tvt__park(t, deadline, "pool", fn);
	if (!j.done) {
		bool dropped;

		pthread_mutex_lock(&p->lock);
		dropped = j.state == QUEUED;
		if (dropped)
			unlink_job(p, &j);
		pthread_mutex_unlock(&p->lock);
		if (dropped)
			return rc;
	}
	while (!j.done) {
		tvt__arm(t, SHIELDED);
		tvt__park(t, TVT_NEVER, "pool", fn);
	}
	return j.rc;
}
