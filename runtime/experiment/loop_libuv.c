/* loop_libuv.c - jobs beside a loop, as callbacks on libuv, with its pool and with pthreads.
 *
 * Ticks come from a timerfd, because libuv's own timers count in milliseconds.
 */
#include "experiment.h"

#ifdef TVT_LIBUV

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

struct client {
	uv_work_t work;
	uv_idle_t piece, next;
	uv_timer_t again;
	uv_poll_t answer;
	uv_async_t woken;
	pthread_t thread;
	int timer;
	int64_t begin, due, left;
};

static struct loop_run *run;
static uv_loop_t loop;
static uv_poll_t tick, message;
static int tick_fd;
static int64_t alone_until;
static struct client *clients;
static uv_work_t hogs[POOL_SIZE];
static bool jobs_run;

static void arm(int fd, int64_t ns, int64_t every)
{
	struct itimerspec in = {.it_value = {ns / 1000000000, ns % 1000000000},
		.it_interval = {every / 1000000000, every % 1000000000}};

	timerfd_settime(fd, 0, &in, NULL);
}

static void drain(int fd)
{
	uint64_t v;

	(void)!read(fd, &v, sizeof v);
}

/* ---- a job ---- */

static void begin(struct client *c);

static void on_next(uv_idle_t *h)
{
	uv_idle_stop(h);
	begin(h->data);
}

static void on_again(uv_timer_t *h)
{
	begin(h->data);
}

static void done(struct client *c)
{
	int64_t now;

	loop_done(run, c->begin);
	if (run->closed) {
		uv_idle_start(&c->next, on_next); /* in the next turn */
		return;
	}
	now = now_ns();
	c->due += run->every;
	uv_update_time(&loop);
	uv_timer_start(&c->again, on_again, c->due > now ? (uint64_t)(c->due - now) / 1000000 : 0, 0);
}

static void on_pool(uv_work_t *w)
{
	loop_work(run, run->work);
}

static void off_pool(uv_work_t *w, int status)
{
	if (!status)
		done(w->data);
}

static void on_piece(uv_idle_t *h)
{
	struct client *c = h->data;

	loop_work(run, c->left < PIECE ? c->left : PIECE);
	c->left -= PIECE;
	if (c->left > 0)
		return;
	uv_idle_stop(h);
	done(c);
}

static void on_answer(uv_poll_t *h, int status, int events)
{
	struct client *c = h->data;

	drain(c->timer);
	done(c);
}

static void *thread_fn(void *arg)
{
	struct client *c = arg;

	loop_work(run, run->work);
	uv_async_send(&c->woken);
	return NULL;
}

static void on_woken(uv_async_t *h)
{
	struct client *c = h->data;

	pthread_join(c->thread, NULL);
	done(c);
}

static void begin(struct client *c)
{
	c->begin = now_ns();
	switch (run->how) {
	case POOL:
	case QUEUE:
	case HOGGED:
	case SPARED:
		uv_queue_work(&loop, &c->work, on_pool, off_pool);
		break;
	case YIELD:
		c->left = run->work;
		uv_idle_start(&c->piece, on_piece);
		break;
	case ASYNC:
		arm(c->timer, run->work, 0);
		break;
	case THREAD:
		if (pthread_create(&c->thread, NULL, thread_fn, c))
			die("pthread_create");
		break;
	default:
		loop_work(run, run->work);
		done(c);
	}
}

static void client_init(struct client *c)
{
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer < 0)
		die("timerfd");
	uv_idle_init(&loop, &c->piece);
	uv_idle_init(&loop, &c->next);
	uv_timer_init(&loop, &c->again);
	uv_poll_init(&loop, &c->answer, c->timer);
	uv_async_init(&loop, &c->woken, on_woken);
	c->work.data = c->piece.data = c->next.data = c->again.data = c->answer.data = c->woken.data = c;
	uv_poll_start(&c->answer, UV_READABLE, on_answer);
	c->due = now_ns();
	begin(c);
}

/* ---- the loop ---- */

static void hog_fn(uv_work_t *w)
{
	loop_hog(NULL);
}

static void on_message(uv_poll_t *h, int status, int events)
{
	drain(loop_message_fd());
}

static void jobs_begin(void)
{
	jobs_run = true;
	loop_jobs_begin(run);
	for (int i = 0; run->how == HOGGED && i < loop_hogs(run); i++)
		uv_queue_work(&loop, &hogs[i], hog_fn, NULL);
	if (run->how == MESSAGE) {
		uv_poll_init(&loop, &message, loop_message_fd());
		uv_poll_start(&message, UV_READABLE, on_message);
	}
	if (run->how == CROWD || run->how == LOCKED || run->how == MESSAGE)
		return;
	clients = calloc((size_t)run->instances, sizeof *clients);
	if (!clients)
		die("calloc");
	for (int i = 0; i < run->instances; i++)
		client_init(&clients[i]);
}

static void on_tick(uv_poll_t *h, int status, int events)
{
	drain(tick_fd);
	loop_tick(run);
	if (!jobs_run && now_ns() >= alone_until)
		jobs_begin();
	if (now_ns() >= run->end) {
		uv_stop(&loop);
		loop_stop();
	}
}

void loop_on_libuv(struct loop_run *r, int64_t alone)
{
	char size[16];

	run = r;
	snprintf(size, sizeof size, "%d", loop_pool(r));
	setenv("UV_THREADPOOL_SIZE", size, 1);
	tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (tick_fd < 0 || uv_loop_init(&loop) < 0 || uv_poll_init(&loop, &tick, tick_fd) < 0)
		die("uv_loop_init");
	uv_poll_start(&tick, UV_READABLE, on_tick);
	alone_until = now_ns() + alone;
	r->due = now_ns() + TICK;
	arm(tick_fd, TICK, TICK);
	uv_run(&loop, UV_RUN_DEFAULT);
	/* Jobs still on the pool refer to what is left; the process ends soon. */
}

#endif
