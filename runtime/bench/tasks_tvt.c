/* Tasks of this runtime: spawn and join, many at once, yield, memory. CPU ns and bytes each. */
#include <tvt/runtime.h>

#include "bench.h"

enum { ONE = 2000000, MANY = 100000, YIELDS = 4000000, YIELDERS = 8, ROUNDS = 3 };

static struct tvt_chan *gate;

static int nothing(void *arg)
{
	return 0;
}

static int stand(void *arg)
{
	char c;

	tvt_chan_recv(gate, &c, TVT_NEVER);
	return 0;
}

static int yielder(void *arg)
{
	for (long n = *(long *)arg; n > 0; n--)
		tvt_yield();
	return 0;
}

static void spawn_join(void)
{
	struct tvt_scope s;
	int64_t t = cpu_ns();

	for (int i = 0; i < ONE; i++) {
		tvt_scope_open(&s);
		tvt_spawn(&s, nothing, NULL);
		tvt_scope_wait(&s, TVT_NEVER);
	}
	result("spawn", (double)(cpu_ns() - t) / ONE);
}

/* n tasks that all wait at once. */
static void mass(const char *key, long n)
{
	long before = resident();
	int64_t t = cpu_ns();
	struct tvt_scope s;
	char name[32];

	tvt_chan_new(&gate, 1, 0);
	tvt_scope_open(&s);
	for (long i = 0; i < n; i++) {
		int rc = tvt_spawn(&s, stand, NULL);

		if (rc < 0) {
			fprintf(stderr, "spawn %ld: %s\n", i, strerror(-rc));
			break;
		}
	}
	tvt_yield();
	result(key, (double)(cpu_ns() - t) / (double)n);
	snprintf(name, sizeof name, "%s_bytes", key);
	result(name, (double)(resident() - before) / (double)n);
	tvt_chan_close(gate);
	tvt_scope_wait(&s, TVT_NEVER);
	tvt_chan_free(gate);
}

static void yields(const char *key, long tasks, long each)
{
	struct tvt_scope s;
	int64_t t;

	tvt_scope_open(&s);
	for (long i = 0; i < tasks; i++)
		tvt_spawn(&s, yielder, &each);
	t = cpu_ns();
	tvt_scope_wait(&s, TVT_NEVER);
	result(key, (double)(cpu_ns() - t) / (double)(tasks * each));
}

static int body(void *arg)
{
	if (arg) {
		mass("million", 1000000);
		return 0;
	}
	mass("cold", MANY);
	for (int i = 0; i < ROUNDS; i++) {
		mass("warm", MANY);
		spawn_join();
		yields("yield", YIELDERS, YIELDS / YIELDERS);
		yields("yield_many", MANY, 20);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tvt_opts o = {.stack_keep = 1 << 20};

	return tvt_run(&o, body, argc > 1 ? argv[1] : NULL) < 0;
}
