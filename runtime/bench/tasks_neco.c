/* The same with neco; built if NECO names a checkout. */
#include <neco.h>

#include "bench.h"

enum { ONE = 1000000, MANY = 30000, YIELDS = 2000000, YIELDERS = 8 };

static void nothing(int argc, void **argv)
{
}

static void stand(int argc, void **argv)
{
	neco_suspend();
}

static void yielder(int argc, void **argv)
{
	for (int i = 0; i < YIELDS / YIELDERS; i++)
		neco_yield();
	neco_waitgroup_done(argv[0]);
}

static void body(int argc, void **argv)
{
	static int64_t ids[MANY];
	neco_waitgroup wg;
	int64_t t;

	t = cpu_ns();
	for (int i = 0; i < MANY; i++) {
		neco_start(stand, 0);
		ids[i] = neco_lastid();
	}
	result("cold", (double)(cpu_ns() - t) / MANY);
	for (int i = 0; i < MANY; i++)
		neco_resume(ids[i]);
	for (int round = 0; round < 3; round++) {
		t = cpu_ns();
		for (int i = 0; i < ONE; i++) {
			neco_start(nothing, 0);
			neco_join(neco_lastid());
		}
		result("spawn", (double)(cpu_ns() - t) / ONE);
		neco_waitgroup_init(&wg);
		neco_waitgroup_add(&wg, YIELDERS);
		t = cpu_ns();
		for (int i = 0; i < YIELDERS; i++)
			neco_start(yielder, 1, &wg);
		neco_waitgroup_wait(&wg);
		result("yield", (double)(cpu_ns() - t) / YIELDS);
	}
	exit(0);
}

int main(void)
{
	return neco_start(body, 0);
}
