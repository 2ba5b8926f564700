/* machine.c - what things cost on this machine: for analyzer/advise/machine.h, which knows the names.
 *
 * Each constant is measured in many short rounds, of which a line says the median, the tenth and the ninetieth
 * percentile: another program that runs in between spoils a few rounds, not the median. Order of the rounds: all
 * constants in turn, so that a second of load does not fall on one of them alone.
 */
#include "experiment.h"

#include <tvt/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROUNDS = 101, MEMORY_ROUNDS = 3 };

/* KEY(id, name): the names are those of analyzer/advise/machine.c, where what they mean is said. */
#define KEYS(KEY)                                                                                                      \
	KEY(THREAD, "thread")                                                                                          \
	KEY(THREAD_SWITCH, "thread-switch")                                                                            \
	KEY(HANDOFF, "handoff")                                                                                        \
	KEY(WAKE_EVENTFD, "wake-eventfd")                                                                              \
	KEY(WAKE_COND, "wake-cond")                                                                                    \
	KEY(EPOLL_TURN, "epoll-turn")                                                                                  \
	KEY(TASK, "task")                                                                                              \
	KEY(TASK_SWITCH, "task-switch")                                                                                \
	KEY(TASK_HANDOFF, "task-handoff")                                                                              \
	KEY(MUTEX, "mutex")                                                                                            \
	KEY(MUTEX_CONTENDED, "mutex-contended")                                                                        \
	KEY(ATOMIC, "atomic")                                                                                          \
	KEY(SYSCALL, "syscall")                                                                                        \
	KEY(CLOCK, "clock")                                                                                            \
	KEY(PAGE, "page")                                                                                              \
	KEY(OPERATION, "operation")                                                                                    \
	KEY(MISS, "miss")                                                                                              \
	KEY(TIMER_LATE, "timer-late")                                                                                  \
	KEY(THREAD_BYTES, "thread-bytes")                                                                              \
	KEY(TASK_BYTES, "task-bytes")

enum {
#define ID(id, name) K_##id,
	KEYS(ID)
#undef ID
	NKEY
};
static const char *const names[NKEY] = {
#define NAME(id, name) name,
	KEYS(NAME)
#undef NAME
};

static void *nothing(void *arg)
{
	return arg;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int rc = pthread_create(&t, NULL, fn, arg);

	if (rc) {
		errno = rc;
		die("pthread_create");
	}
	return t;
}

/* ---- one thread ---- */

static void threads(double *v)
{
	enum { N = 3 };
	int64_t t = now_ns();

	for (int i = 0; i < N; i++)
		pthread_join(start(nothing, NULL), NULL);
	v[K_THREAD] = (double)(now_ns() - t) / N;
}

static void locks(double *v)
{
	enum { N = 4000 };
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	int64_t t = now_ns();

	for (int i = 0; i < N; i++) {
		pthread_mutex_lock(&m);
		pthread_mutex_unlock(&m);
	}
	v[K_MUTEX] = (double)(now_ns() - t) / N;
}

static void atomics(double *v)
{
	enum { N = 10000 };
	static atomic_long word;
	int64_t t = now_ns();

	for (int i = 0; i < N; i++)
		atomic_fetch_add(&word, 1);
	v[K_ATOMIC] = (double)(now_ns() - t) / N;
}

static void system_calls(double *v)
{
	enum { N = 200 };
	int64_t t = now_ns();

	for (int i = 0; i < N; i++)
		syscall(SYS_getppid);
	v[K_SYSCALL] = (double)(now_ns() - t) / N;
}

static void clocks(double *v)
{
	enum { N = 2000 };
	int64_t t = now_ns();

	for (int i = 0; i < N; i++)
		now_ns();
	v[K_CLOCK] = (double)(now_ns() - t) / N;
}

static void pages(double *v)
{
	enum { N = 64, SIZE = 4096 };
	char *p = mmap(NULL, N * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int64_t t;

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, N * SIZE, MADV_NOHUGEPAGE);
	t = now_ns();
	for (int i = 0; i < N; i++)
		p[(size_t)i * SIZE] = 1;
	t = now_ns() - t;
	munmap(p, N * SIZE);
	v[K_PAGE] = (double)t / N;
}

/* A multiplication and an addition, each waiting for the one before it. */
static void operations(double *v)
{
	enum { N = 50000 };
	static volatile uint64_t seed = 1;
	uint64_t x = seed;
	int64_t t = now_ns();

	for (int i = 0; i < N; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	t = now_ns() - t;
	seed = x;
	v[K_OPERATION] = (double)t / (2 * N);
}

/* Walks a random ring of cache lines, larger than the caches of a core. */
static void misses(double *v)
{
	enum { LINES = 1 << 19, LINE = 64, N = 500 };
	static char *ring;
	static size_t at;
	int64_t t;

	if (!ring) {
		uint32_t *order = malloc(LINES * sizeof *order), rng = 12345;

		ring = mmap(NULL, (size_t)LINES * LINE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (!order || ring == MAP_FAILED)
			die("mmap");
		for (uint32_t i = 0; i < LINES; i++)
			order[i] = i;
		for (uint32_t i = LINES - 1; i > 0; i--) {
			uint32_t j, swap = order[i];

			rng = rng * 1664525 + 1013904223;
			j = (uint32_t)((uint64_t)rng * (i + 1) >> 32);
			order[i] = order[j];
			order[j] = swap;
		}
		for (uint32_t i = 0; i < LINES; i++)
			*(size_t *)(ring + (size_t)order[i] * LINE) = (size_t)order[(i + 1) % LINES] * LINE;
		free(order);
	}
	t = now_ns();
	for (int i = 0; i < N; i++)
		at = *(volatile size_t *)(ring + at);
	v[K_MISS] = (double)(now_ns() - t) / N;
}

/* One descriptor is ready: wait for it and read it. */
static void epoll_turns(double *v)
{
	enum { N = 100 };
	struct epoll_event e = {.events = EPOLLIN};
	int ep = epoll_create1(EPOLL_CLOEXEC), fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	uint64_t count = N;
	int64_t t;

	if (ep < 0 || fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 || write(fd, &count, sizeof count) < 0)
		die("epoll");
	t = now_ns();
	for (int i = 0; i < N; i++)
		if (epoll_wait(ep, &e, 1, -1) < 1 || read(fd, &count, sizeof count) < 0)
			die("epoll_wait");
	t = now_ns() - t;
	close(ep);
	close(fd);
	v[K_EPOLL_TURN] = (double)t / N;
}

/* ---- two threads ---- */

static int ping[2], pong[2];

static void *answerer(void *arg)
{
	char c;

	pin(0);
	while (read(ping[0], &c, 1) == 1)
		if (write(pong[1], &c, 1) != 1)
			break;
	return NULL;
}

static void *asker(void *arg)
{
	enum { N = 30 };
	double *v = arg;
	int64_t t;
	char c = 0;

	pin(0);
	t = now_ns();
	for (int i = 0; i < N; i++)
		if (write(ping[1], &c, 1) != 1 || read(pong[0], &c, 1) != 1)
			die("pipe");
	v[K_THREAD_SWITCH] = (double)(now_ns() - t) / (2 * N);
	return NULL;
}

/* Two threads on one processor wake each other in turn: half a round is a write, a read and a switch. */
static void switches(double *v)
{
	pthread_t a, b;

	if (pipe(ping) < 0 || pipe(pong) < 0)
		die("pipe");
	a = start(answerer, NULL);
	b = start(asker, v);
	pthread_join(b, NULL);
	close(ping[1]);
	pthread_join(a, NULL);
	close(ping[0]);
	close(pong[0]);
	close(pong[1]);
}

/* A pool of one thread, as libraries make them: a condition wakes it, an eventfd wakes the loop. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int job, fd;
	int64_t woken, written;
};

static void *pool_thread(void *arg)
{
	struct pool *p = arg;
	uint64_t one = 1;
	int job;

	for (;;) {
		pthread_mutex_lock(&p->lock);
		while (!p->job)
			pthread_cond_wait(&p->cond, &p->lock);
		p->woken = now_ns();
		job = p->job;
		p->job = 0;
		pthread_mutex_unlock(&p->lock);
		if (job < 0)
			return NULL;
		p->written = now_ns();
		(void)!write(p->fd, &one, sizeof one);
	}
}

static void give(struct pool *p, int job)
{
	pthread_mutex_lock(&p->lock);
	p->job = job;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->cond);
}

/* Both threads sleep whenever they have nothing to do, as they do in a program that is not saturated. */
static void handoffs(double *v)
{
	enum { N = 9, REST = 100000 };
	struct pool p = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
	struct samples there = {0}, back = {0}, both = {0};
	struct epoll_event e = {.events = EPOLLIN};
	int ep = epoll_create1(EPOLL_CLOEXEC);
	pthread_t t;

	p.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ep < 0 || p.fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, p.fd, &e) < 0)
		die("eventfd");
	t = start(pool_thread, &p);
	for (int i = 0; i < N; i++) {
		int64_t begin, end;
		uint64_t count;

		sleep_ns(REST);
		begin = now_ns();
		give(&p, 1);
		if (epoll_wait(ep, &e, 1, -1) < 1 || read(p.fd, &count, sizeof count) < 0)
			die("epoll_wait");
		end = now_ns();
		samples_add(&there, p.woken - begin);
		samples_add(&back, end - p.written);
		samples_add(&both, end - begin);
	}
	give(&p, -1);
	pthread_join(t, NULL);
	close(ep);
	close(p.fd);
	v[K_WAKE_COND] = (double)samples_at(&there, .5);
	v[K_WAKE_EVENTFD] = (double)samples_at(&back, .5);
	v[K_HANDOFF] = (double)samples_at(&both, .5);
	samples_free(&there);
	samples_free(&back);
	samples_free(&both);
}

enum { CONTENDED = 4000, CONTENDERS = 64 };
static pthread_mutex_t contended = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t gate;

struct contender {
	pthread_t thread;
	int64_t begin, end;
};

static void *contend(void *arg)
{
	struct contender *c = arg;

	pthread_barrier_wait(&gate);
	c->begin = now_ns();
	for (int i = 0; i < CONTENDED; i++) {
		pthread_mutex_lock(&contended);
		pthread_mutex_unlock(&contended);
	}
	c->end = now_ns();
	return NULL;
}

/* All processors want one lock and nothing else: what a lock and unlock then takes each of them. A round in which they
 * did not run at the same time says nothing. */
static void contention(double *v)
{
	struct contender c[CONTENDERS];
	unsigned n = cpus() < 2 ? 2 : cpus() > CONTENDERS ? CONTENDERS : cpus();
	int64_t begin = INT64_MAX, end = 0, sum = 0;

	pthread_barrier_init(&gate, NULL, n);
	for (unsigned i = 0; i < n; i++)
		c[i].thread = start(contend, &c[i]);
	for (unsigned i = 0; i < n; i++) {
		pthread_join(c[i].thread, NULL);
		begin = c[i].begin < begin ? c[i].begin : begin;
		end = c[i].end > end ? c[i].end : end;
		sum += c[i].end - c[i].begin;
	}
	pthread_barrier_destroy(&gate);
	if ((double)sum > 0.8 * (double)(end - begin) * n)
		v[K_MUTEX_CONTENDED] = (double)(end - begin) / CONTENDED;
}

static void timers(double *v)
{
	enum { N = 3, NAP = 200000 };
	int64_t best = INT64_MAX;

	for (int i = 0; i < N; i++) {
		int64_t due = now_ns() + NAP, late;

		sleep_ns(NAP);
		late = now_ns() - due;
		best = late < best ? late : best;
	}
	v[K_TIMER_LATE] = (double)best;
}

/* ---- tasks of the runtime ---- */

static int task_nothing(void *arg)
{
	return 0;
}

static int yielder(void *arg)
{
	for (int i = 0; i < *(int *)arg; i++)
		tvt_yield();
	return 0;
}

static int task_body(void *arg)
{
	enum { SPAWNS = 1000, YIELDERS = 4, JOBS = 5 };
	double *v = arg;
	int yields = 2000;
	struct tvt_scope s;
	int64_t t;

	t = now_ns();
	for (int i = 0; i < SPAWNS; i++) {
		tvt_scope_open(&s);
		tvt_spawn(&s, task_nothing, NULL);
		tvt_scope_wait(&s, TVT_NEVER);
	}
	v[K_TASK] = (double)(now_ns() - t) / SPAWNS;

	tvt_scope_open(&s);
	for (int i = 0; i < YIELDERS; i++)
		tvt_spawn(&s, yielder, &yields);
	t = now_ns();
	tvt_scope_wait(&s, TVT_NEVER);
	v[K_TASK_SWITCH] = (double)(now_ns() - t) / (YIELDERS * yields);

	tvt_block(task_nothing, NULL, TVT_NEVER); /* starts the pool's thread */
	t = now_ns();
	for (int i = 0; i < JOBS; i++)
		tvt_block(task_nothing, NULL, TVT_NEVER);
	v[K_TASK_HANDOFF] = (double)(now_ns() - t) / JOBS;
	return 0;
}

static void tasks(double *v)
{
	if (tvt_run(NULL, task_body, v) < 0)
		die("tvt_run");
}

/* ---- memory ---- */

static void *stander(void *arg)
{
	pthread_barrier_t *b = arg;

	pthread_barrier_wait(b); /* all stand */
	pthread_barrier_wait(b); /* all may go */
	return NULL;
}

static void thread_memory(double *v)
{
	enum { N = 200 };
	pthread_barrier_t b;
	pthread_t t[N];
	long before, kernel;

	pthread_barrier_init(&b, NULL, N + 1);
	before = memory_bytes();
	kernel = kernel_stacks();
	for (int i = 0; i < N; i++)
		t[i] = start(stander, &b);
	pthread_barrier_wait(&b);
	v[K_THREAD_BYTES] = (double)(memory_bytes() - before + kernel_stacks() - kernel) / N;
	pthread_barrier_wait(&b);
	for (int i = 0; i < N; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&b);
}

static int task_stander(void *arg)
{
	char c;

	return tvt_chan_recv(arg, &c, TVT_NEVER);
}

static int task_memory_body(void *arg)
{
	enum { N = 5000 };
	double *v = arg;
	struct tvt_chan *c;
	struct tvt_scope s;
	long before = memory_bytes();

	if (tvt_chan_new(&c, 1, 0) < 0)
		return -1;
	tvt_scope_open(&s);
	for (int i = 0; i < N; i++)
		tvt_spawn(&s, task_stander, c);
	tvt_yield();
	v[K_TASK_BYTES] = (double)(memory_bytes() - before) / N;
	tvt_scope_cancel(&s);
	tvt_scope_wait(&s, TVT_NEVER);
	tvt_chan_free(c);
	return 0;
}

static void task_memory(double *v)
{
	if (tvt_run(NULL, task_memory_body, v) < 0)
		die("tvt_run");
}

/* ---- all of them ---- */

static const struct {
	void (*measure)(double *v);
	int rounds;
} table[] = {
	{task_memory, MEMORY_ROUNDS}, /* first: memory that others leave behind would be used again */
	{thread_memory, MEMORY_ROUNDS},
	{threads, ROUNDS},
	{switches, ROUNDS},
	{handoffs, ROUNDS},
	{epoll_turns, ROUNDS},
	{tasks, ROUNDS},
	{locks, ROUNDS},
	{contention, ROUNDS},
	{atomics, ROUNDS},
	{system_calls, ROUNDS},
	{clocks, ROUNDS},
	{pages, ROUNDS},
	{operations, ROUNDS},
	{misses, ROUNDS},
	{timers, ROUNDS},
};

int machine_measure(void)
{
	enum { NTABLE = sizeof table / sizeof *table, SCALE = 1000 };
	static struct samples all[NKEY];
	double v[NKEY];
	struct busy busy;

	busy_begin(&busy);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < NKEY; i++)
			v[i] = -1;
		for (int i = 0; i < NTABLE; i++)
			if (round < table[i].rounds)
				table[i].measure(v);
		for (int i = 0; i < NKEY; i++)
			if (v[i] >= 0)
				samples_add(&all[i], (int64_t)(v[i] * SCALE));
	}
	for (int i = 0; i < NKEY; i++)
		printf("%s %.2f %.2f %.2f\n", names[i], (double)samples_at(&all[i], .5) / SCALE,
			(double)samples_at(&all[i], .1) / SCALE, (double)samples_at(&all[i], .9) / SCALE);
	printf("cores %u\n", cpus());
	printf("memory %.0f\n", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
	printf("busy %.3f\n", busy_end(&busy));
	return 0;
}
