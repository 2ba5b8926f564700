/* Out of memory is an error: each allocation in turn fails, address space ends, guards run out. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

struct memory {
	atomic_long used, count;
	long fail_at; /* this allocation and all after it, or only this one */
	bool once;
	atomic_int failed;
};

static void *alloc(void *arg, size_t size)
{
	struct memory *m = arg;
	long n = atomic_fetch_add(&m->count, 1) + 1;
	void *p;

	if (m->fail_at && (m->once ? n == m->fail_at : n >= m->fail_at)) {
		atomic_store(&m->failed, 1);
		return NULL;
	}
	p = malloc(size);
	CHECK(p);
	memset(p, 0xa5, size); /* nothing may count on zeros */
	atomic_fetch_add(&m->used, (long)size);
	return p;
}

static void release(void *arg, void *p, size_t size)
{
	struct memory *m = arg;

	CHECK(p);
	memset(p, 0x5a, size);
	atomic_fetch_sub(&m->used, (long)size);
	free(p);
}

/* ---- everything that allocates ---- */

static int nap(void *arg)
{
	return tvt_sleep(in((int64_t)(intptr_t)arg * 10 * TVT_US));
}

static int nothing(void *arg)
{
	return 0;
}

static bool fine(long rc)
{
	CHECK(rc >= 0 || rc == -ENOMEM);
	return rc >= 0;
}

static int use_all(void *arg)
{
	struct tvt_chan *c = NULL;
	struct tvt_scope s;
	int p[2], v = 0, rc;

	CHECK_EQ(pipe(p), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 150; i++) /* slabs, the cold array, the heap */
		fine(tvt_spawn(&s, nap, (void *)(intptr_t)i));
	if (fine(tvt_chan_new(&c, sizeof v, 4)))
		CHECK_EQ(tvt_chan_send(c, &v, 0), 0);
	tvt_chan_free(c);
	fine(tvt_write(p[1], "x", 1, TVT_NEVER));
	rc = (int)tvt_read(p[0], &v, 1, in(TVT_S));
	CHECK(rc == 1 || rc == -ETIMEDOUT || rc == -ENOMEM);
	fine(tvt_block(nothing, NULL, TVT_NEVER));
	fine(tvt_sleep(in(TVT_MS)));
	rc = tvt_scope_wait(&s, in(10 * TVT_S));
	CHECK(rc == 0 || rc == -ENOMEM);
	tvt_close(p[0]);
	tvt_close(p[1]);
	return rc;
}

static void fail_each(bool once, int threads)
{
	struct memory m = {.once = once};
	int n = 0;

	do {
		struct tvt_opts o = {.threads = threads, .alloc = {alloc, release, &m}};
		int rc;

		atomic_store(&m.count, 0);
		atomic_store(&m.failed, 0);
		m.fail_at = ++n;
		rc = tvt_run(&o, use_all, NULL);
		CHECK(rc == 0 || rc == -ENOMEM);
		CHECK(rc == 0 || m.failed);
		CHECK_EQ(m.used, 0);
	} while (m.failed);
	CHECK(n > 8);
	printf("ok fail_each: %d allocations, %s, %d executors\n", n - 1,
		once ? "one fails" : "none succeeds after", threads);
	fflush(stdout);
}

/* ---- stacks ---- */

struct crowd {
	struct tvt_chan *gate;
	long n;
	int rc;
	uint64_t stacks;
	int guard;
};

static int stand(void *arg)
{
	struct crowd *c = arg;
	int v;

	return tvt_chan_recv(c->gate, &v, TVT_NEVER) == -EPIPE ? 0 : -EIO;
}

/* As many tasks at once as there can be, up to c.n; then they all end, and it can be done again. */
static int crowd(void *arg)
{
	struct crowd *c = arg;
	struct tvt_stats st;
	struct tvt_scope s;
	long n = 0;

	CHECK_EQ(tvt_chan_new(&c->gate, sizeof(int), 0), 0);
	tvt_scope_open(&s);
	while (n < c->n && (c->rc = tvt_spawn(&s, stand, c)) == 0) {
		if (++n % 64 == 0)
			tvt_yield();
	}
	c->n = n;
	tvt_stats_get(&st);
	c->stacks = st.stacks;
	c->guard = st.guard;
	tvt_chan_close(c->gate);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_chan_free(c->gate);
	tvt_scope_open(&s);
	CHECK_EQ(tvt_spawn(&s, nothing, NULL), 0);
	return tvt_scope_wait(&s, TVT_NEVER);
}

static char said[512];

static void listen_to(void *arg, const char *text)
{
	snprintf(said, sizeof said, "%s", text);
}

static void no_address_space(void)
{
	struct crowd c = {.n = 100000};
	struct tvt_opts o = {.report = listen_to};
	struct rlimit lim;

	if (SANITIZED) { /* they reserve terabytes themselves */
		printf("skipped no_address_space\n");
		return;
	}
	if (fork() == 0) {
		lim.rlim_cur = lim.rlim_max = 256 << 20;
		CHECK_EQ(setrlimit(RLIMIT_AS, &lim), 0);
		CHECK_EQ(tvt_run(&o, crowd, &c), 0);
		CHECK_EQ(c.rc, -ENOMEM);
		CHECK(c.n > 1000 && c.n < 4096);
		_exit(0);
	}
	int status;
	wait(&status);
	CHECK_EQ(status, 0);
	printf("ok no_address_space\n");
}

static long max_map_count(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
	long n = 0;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

/* Guards by mprotect end at the kernel's limit of mappings: an error, and it is said why. */
static void guard_cap(void)
{
	struct crowd c = {.n = 200000};
	struct tvt_opts o = {.flags = TVT_GUARD_MPROTECT, .stack_size = 16384, .report = listen_to};
	long maps = max_map_count();

	if (SANITIZED || maps == 0 || maps > 300000) {
		printf("skipped guard_cap\n");
		return;
	}
	said[0] = 0;
	CHECK_EQ(tvt_run(&o, crowd, &c), 0);
	CHECK_EQ(c.rc, -ENOMEM);
	CHECK_EQ(c.guard, 2);
	CHECK(c.n > maps / 2 - 1000 && c.n <= maps / 2);
	CHECK(strstr(said, "max_map_count"));
	printf("ok guard_cap: %ld stacks\n", c.n);
}

static long resident(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

struct keep {
	long before, full, after;
};

/* What ended tasks leave beyond stack_keep goes back to the kernel. */
static int give_back(void *arg)
{
	struct crowd c = {.n = 20000};
	struct keep *k = arg;
	struct tvt_scope s;

	k->before = resident();
	CHECK_EQ(tvt_chan_new(&c.gate, sizeof(int), 0), 0);
	tvt_scope_open(&s);
	for (long i = 0; i < c.n; i++)
		CHECK_EQ(tvt_spawn(&s, stand, &c), 0);
	tvt_sleep(in(TVT_MS));
	k->full = resident();
	tvt_chan_close(c.gate);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_chan_free(c.gate);
	for (int i = 0; i < 2000; i++)
		tvt_sleep(0);
	k->after = resident();
	return 0;
}

static void trim(void)
{
	struct keep k;
	struct tvt_opts o = {.stack_keep = 100};

	if (SANITIZED) {
		printf("skipped trim\n");
		return;
	}
	CHECK_EQ(tvt_run(&o, give_back, &k), 0);
	CHECK(k.full - k.before > 20000 * 4096L);
	CHECK(k.after - k.before < (k.full - k.before) / 10);
	printf("ok trim: %ld KiB, then %ld\n", (k.full - k.before) / 1024,
		(k.after - k.before) / 1024);
}

/* Running off a stack ends in its guard, not in the next one's memory. */
__attribute__((noinline)) static int endless(volatile int *up)
{
	volatile int here[64];

	here[0] = *up + 1;
	return *up < 0 ? 0 : endless(here) + here[0];
}

static int run_off(void *arg)
{
	int zero = 0;

	return endless(&zero);
}

static void overflow(void)
{
	for (unsigned flags = 0; flags <= TVT_GUARD_MPROTECT; flags += TVT_GUARD_MPROTECT) {
		struct tvt_opts o = {.flags = flags};
		int status = 0;

		fflush(stdout);
		if (fork() == 0) {
			if (SANITIZED)
				fclose(stderr);
			tvt_run(&o, run_off, NULL);
			_exit(0);
		}
		wait(&status);
		CHECK(SANITIZED ? status != 0 : WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	}
	printf("ok overflow\n");
}

int main(void)
{
	fail_each(true, 1);
	fail_each(false, 1);
	fail_each(true, 3);
	fail_each(false, 3);
	no_address_space();
	guard_cap();
	trim();
	overflow();
	return 0;
}
