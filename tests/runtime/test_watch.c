/* The watchdog finds each stall with file and line; dumps name all tasks, their waits and frames.
 */
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "check.h"

static char text[1 << 16];
static size_t length;
static atomic_int reports;

static void collect(void *arg, const char *report)
{
	size_t n = strlen(report);

	CHECK(length + n < sizeof text);
	memcpy(text + length, report, n + 1);
	length += n;
	atomic_fetch_add(&reports, 1);
}

/* ---- stalls ---- */

static volatile long sink;
static int spin_line, nap_line;

/* Until the watchdog has seen it: on a loaded machine that may take longer than a stall should. */
static bool seen(void)
{
	static int64_t end;
	static uint64_t before;
	struct tvt_stats st;

	CHECK_EQ(tvt_stats_get(&st), 0);
	if (end == 0) {
		before = st.stalls;
		end = in(60 * TVT_S);
	}
	CHECK(tvt_now() < end);
	if (st.stalls == before)
		return false;
	end = 0;
	return true;
}

static __attribute__((noinline)) int spin(void)
{
	while (!seen()) {
		for (int i = 0; i < 1000000; i++)
			sink++;
	}
	spin_line = __LINE__;
	return 0;
}

static __attribute__((noinline)) int nap(void)
{
	while (!seen()) /* the watchdog's signal interrupts the first sleep */
		nanosleep(&(struct timespec){0, 500 * TVT_MS}, NULL);
	nap_line = __LINE__;
	return 0;
}

static int staller(void *arg)
{
	int kind = (int)(intptr_t)arg;
	char name[16];

	snprintf(name, sizeof name, "staller %d", kind);
	tvt_name_set(name);
	tvt_sleep(in(5 * TVT_MS));
	return kind == 0 ? spin() : nap();
}

static int stall(void *arg)
{
	struct tvt_stats st;
	struct tvt_scope s;

	for (int round = 0; round < 3; round++) {
		for (int kind = 0; kind < 2; kind++) {
			tvt_scope_open(&s);
			CHECK_EQ(tvt_spawn(&s, staller, (void *)(intptr_t)kind), 0);
			CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
		}
		tvt_sleep(in(30 * TVT_MS)); /* the watchdog goes to rest, and must get up again */
	}
	tvt_stats_get(&st);
	return (int)st.stalls;
}

static int count(const char *what)
{
	int n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* "staller at .../test_watch.c:NN" with NN near line. */
static bool has_line(const char *function, int line)
{
	char want[64], *at;
	int n;

	snprintf(want, sizeof want, "%s at ", function);
	for (const char *p = text; (p = strstr(p, want)); p++) {
		at = strstr(p, "test_watch.c:");
		if (at && sscanf(at, "test_watch.c:%d", &n) == 1 && n >= line - 4 && n <= line)
			return true;
	}
	return false;
}

static void stalls(int threads)
{
	struct tvt_opts o = {.threads = threads, .stall_ns = 20 * TVT_MS, .report = collect};
	int n;

	length = 0;
	atomic_store(&reports, 0);
	n = tvt_run(&o, stall, NULL);
	/* a loaded machine may stop main itself for so long; the six are there for certain */
	CHECK(n >= 6);
	if (SAN_TEST_THREAD) { /* it delivers signals later, maybe in another task */
		printf("ok stalls on %d: %d reports\n", threads, n);
		return;
	}
	/* one that lost its processor on its way in or out is reported once more */
	CHECK(count("tvt: stall: task 'staller 0'") >= 3);
	CHECK(count("tvt: stall: task 'staller 1'") >= 3);
	if (TVT_HAVE_LINES) {
		CHECK(has_line("spin", spin_line));
		CHECK(has_line("nap", nap_line));
		CHECK(count("staller at") >= 6);
	}
	printf("ok stalls on %d: %d reports\n", threads, n);
}

static int quiet(void *arg)
{
	struct tvt_scope s;

	tvt_scope_open(&s);
	for (int i = 0; i < 200; i++) {
		tvt_yield();
		tvt_sleep(in(TVT_MS / 5));
	}
	return tvt_scope_wait(&s, TVT_NEVER);
}

static void no_stalls(void)
{
	struct tvt_opts o = {.threads = 2, .stall_ns = 10 * TVT_S, .report = collect};

	length = 0;
	atomic_store(&reports, 0);
	CHECK_EQ(tvt_run(&o, quiet, NULL), 0);
	CHECK_EQ(reports, 0);
	printf("ok no_stalls\n");
}

/* ---- dumps ---- */

struct scene {
	struct tvt_chan *c;
	struct tvt_mutex m;
	int pipe[2], out;
	atomic_int ready;
};

static __attribute__((noinline)) int wait_deep(struct scene *x, int depth)
{
	int v;

	if (depth > 0)
		return wait_deep(x, depth - 1) + 1;
	v = tvt_chan_recv(x->c, &v, TVT_NEVER);
	return v == -ECANCELED ? 0 : -EIO;
}

static int on_channel(void *arg)
{
	tvt_name_set("on channel");
	atomic_fetch_add(&((struct scene *)arg)->ready, 1);
	wait_deep(arg, 5);
	return 0;
}

static int on_read(void *arg)
{
	struct scene *x = arg;
	char c;

	tvt_name_set("on read");
	atomic_fetch_add(&x->ready, 1);
	CHECK_EQ(tvt_read(x->pipe[0], &c, 1, TVT_NEVER), -ECANCELED);
	return 0;
}

static int on_mutex(void *arg)
{
	struct scene *x = arg;

	tvt_name_set("on mutex");
	atomic_fetch_add(&x->ready, 1);
	CHECK_EQ(tvt_mutex_lock(&x->m, TVT_NEVER), -ECANCELED);
	return 0;
}

static int on_sleep(void *arg)
{
	tvt_name_set("on sleep");
	atomic_fetch_add(&((struct scene *)arg)->ready, 1);
	CHECK_EQ(tvt_sleep(in(100 * TVT_S)), -ECANCELED);
	return 0;
}

static int take_dump(struct scene *x)
{
	ssize_t n;

	CHECK_EQ(tvt_dump(x->out), 0);
	CHECK((n = pread(x->out, text, sizeof text - 1, 0)) > 0);
	text[n] = 0;
	return 0;
}

static int with_scene(void *arg)
{
	static tvt_fn *const kinds[] = {on_channel, on_read, on_mutex, on_sleep};
	struct scene x = {.out = memfd_create("dump", 0)};
	int (*body)(struct scene *) = arg;
	struct tvt_scope s;

	CHECK(x.out >= 0);
	CHECK_EQ(tvt_chan_new(&x.c, sizeof(int), 0), 0);
	CHECK_EQ(pipe(x.pipe), 0);
	CHECK_EQ(tvt_mutex_lock(&x.m, 0), 0);
	tvt_scope_open(&s);
	for (int i = 0; i < 40; i++)
		CHECK_EQ(tvt_spawn(&s, kinds[i < 4 ? i : i % 2 * 3], &x), 0);
	while (atomic_load(&x.ready) < 40)
		tvt_sleep(in(TVT_MS));
	tvt_sleep(in(20 * TVT_MS));
	body(&x);
	tvt_scope_cancel(&s);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	tvt_chan_free(x.c);
	tvt_close(x.pipe[0]);
	tvt_close(x.pipe[1]);
	close(x.out);
	return 0;
}

static void check_dump(void)
{
	CHECK_EQ(count("'main'"), 1);
	CHECK_EQ(count("'on channel': waits: channel to receive"), 19);
	CHECK_EQ(count("'on read': waits: read, descriptor"), 1);
	CHECK_EQ(count("'on mutex': waits: mutex"), 1);
	CHECK_EQ(count("'on sleep': waits: sleep"), 19);
	CHECK(strstr(text, "tvt: end"));
	if (TVT_HAVE_LINES) {
		CHECK_EQ(count("wait_deep at"), 6 * 19);
		CHECK(count("on_read at") == 1 && count("on_sleep at") == 19);
	}
}

static int idle_dump(struct scene *x)
{
	take_dump(x);
	check_dump();
	return 0;
}

static void dumps(int threads)
{
	struct tvt_opts o = {.threads = threads};

	CHECK_EQ(tvt_run(&o, with_scene, (void *)idle_dump), 0);
	printf("ok dumps on %d\n", threads);
}

/* The signal, with standard error turned to a file. */
static int by_signal(struct scene *x)
{
	int err = dup(2);
	ssize_t n = 0;

	CHECK_EQ(dup2(x->out, 2), 2);
	kill(getpid(), SIGUSR1);
	for (int64_t end = in(60 * TVT_S); tvt_now() < end;) {
		tvt_sleep(in(5 * TVT_MS));
		n = pread(x->out, text, sizeof text - 1, 0);
		text[n > 0 ? n : 0] = 0;
		if (strstr(text, "tvt: end"))
			break;
	}
	dup2(err, 2);
	close(err);
	check_dump();
	return 0;
}

static void signal_dump(void)
{
	struct tvt_opts o = {.threads = 2, .dump_signal = SIGUSR1};

	CHECK_EQ(tvt_run(&o, with_scene, (void *)by_signal), 0);
	printf("ok signal_dump\n");
}

/* A task that holds its executor: the dump looks into it by the watchdog's signal. */
static atomic_int hold;

static __attribute__((noinline)) int holder(void *arg)
{
	tvt_name_set("holder");
	atomic_store(&hold, 1);
	while (atomic_load(&hold))
		;
	return 0;
}

static int dump_beside_holder(void *arg)
{
	struct scene x = {.out = memfd_create("dump", 0)};
	struct tvt_scope s;

	tvt_scope_open(&s);
	CHECK_EQ(tvt_spawn(&s, holder, NULL), 0);
	for (int64_t end = in(20 * TVT_S); !atomic_load(&hold) && tvt_now() < end;)
		; /* not suspending, so another executor takes it */
	CHECK(atomic_load(&hold));
	take_dump(&x);
	atomic_store(&hold, 0);
	CHECK_EQ(tvt_scope_wait(&s, TVT_NEVER), 0);
	CHECK(SAN_TEST_THREAD || count("held by task 'holder'") == 1);
	if (TVT_HAVE_LINES && !SAN_TEST_THREAD)
		CHECK_EQ(count(" holder at"), 1);
	close(x.out);
	return 0;
}

static void held_dump(void)
{
	struct tvt_opts o = {.threads = 2, .dump_signal = SIGUSR1};

	CHECK_EQ(tvt_run(&o, dump_beside_holder, NULL), 0);
	printf("ok held_dump\n");
}

int main(void)
{
	stalls(1);
	stalls(3);
	no_stalls();
	dumps(1);
	dumps(3);
	signal_dump();
	held_dump();
	return 0;
}
