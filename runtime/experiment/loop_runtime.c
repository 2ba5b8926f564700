/* loop_runtime.c - jobs beside a loop, as tasks on one executor of this runtime. */
#include "experiment.h"

#include <tvt/runtime.h>

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct loop_run *run;
static bool over; /* of the executor: no more jobs */

static int work_fn(void *arg)
{
	loop_work(run, *(int64_t *)arg);
	return 0;
}

static int hog_fn(void *arg)
{
	loop_hog(NULL);
	return 0;
}

/* A thread for one job: a pipe's end tells that it is done. */
static void *thread_fn(void *arg)
{
	uint64_t one = 1;

	loop_work(run, run->work);
	(void)!write(*(int *)arg, &one, sizeof one);
	return NULL;
}

static int on_thread(int fd)
{
	pthread_t t;
	uint64_t v;

	if (pthread_create(&t, NULL, thread_fn, &fd))
		die("pthread_create");
	tvt_read(fd, &v, sizeof v, TVT_NEVER);
	return pthread_join(t, NULL);
}

static void wait_answer(int fd)
{
	struct itimerspec in = {.it_value = {run->work / 1000000000, run->work % 1000000000}};
	uint64_t v;

	timerfd_settime(fd, 0, &in, NULL);
	tvt_read(fd, &v, sizeof v, TVT_NEVER);
}

static void job(int event, int timer)
{
	int64_t begin = now_ns(), work = run->work;

	switch (run->how) {
	case POOL:
	case QUEUE:
	case HOGGED:
	case SPARED:
		tvt_block(work_fn, &work, TVT_NEVER);
		break;
	case YIELD:
		for (int64_t left = work; left > 0; left -= PIECE) {
			loop_work(run, left < PIECE ? left : PIECE);
			tvt_yield();
		}
		break;
	case ASYNC:
		wait_answer(timer);
		break;
	case THREAD:
		on_thread(event);
		break;
	default:
		loop_work(run, work);
	}
	loop_done(run, begin);
}

static int client(void *arg)
{
	int event = eventfd(0, EFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int64_t next = now_ns();

	if (event < 0 || timer < 0)
		die("eventfd");
	while (!over) {
		job(event, timer);
		next = run->closed ? 0 : next + run->every;
		if (tvt_sleep(next) < 0)
			break;
		tvt_yield();
	}
	tvt_close(event);
	tvt_close(timer);
	return 0;
}

static int hog(void *arg)
{
	return tvt_block(hog_fn, NULL, TVT_NEVER);
}

static int apply(void *arg)
{
	uint64_t v;

	while (tvt_read(loop_message_fd(), &v, sizeof v, TVT_NEVER) > 0)
		;
	return 0;
}

static void ticks(int64_t until)
{
	while (now_ns() < until && tvt_sleep(run->due) == 0)
		loop_tick(run);
}

static int body(void *arg)
{
	struct tvt_scope s;
	bool jobs = run->how != CROWD && run->how != LOCKED && run->how != MESSAGE;

	run->due = now_ns() + TICK;
	ticks(now_ns() + *(int64_t *)arg);
	loop_jobs_begin(run);
	tvt_scope_open(&s);
	if (run->how == HOGGED)
		for (int i = 0; i < loop_hogs(run); i++)
			tvt_spawn(&s, hog, NULL);
	tvt_yield();
	for (int i = 0; jobs && i < run->instances; i++)
		tvt_spawn(&s, client, NULL);
	if (run->how == MESSAGE)
		tvt_spawn(&s, apply, NULL);
	ticks(run->end);
	over = true;
	loop_stop();
	tvt_scope_cancel(&s);
	return tvt_scope_wait(&s, TVT_NEVER);
}

void loop_on_runtime(struct loop_run *r, int64_t alone)
{
	struct tvt_opts o = {.threads = 1, .pool_threads = loop_pool(r)};

	run = r;
	(void)tvt_run(&o, body, &alone);
}
