/* The same with libdill; built if LIBDILL names a built checkout. */
#include <libdill.h>

#include "bench.h"

enum { ONE = 1000000, MANY = 20000, YIELDS = 2000000, YIELDERS = 8 };

static coroutine void nothing(void)
{
}

static coroutine void stand(void)
{
	msleep(-1);
}

static coroutine void yielder(void)
{
	for (int i = 0; i < YIELDS / YIELDERS; i++)
		yield();
}

int main(void)
{
	int b = bundle();
	int64_t t = cpu_ns();

	for (int i = 0; i < MANY; i++)
		bundle_go(b, stand());
	result("cold", (double)(cpu_ns() - t) / MANY);
	hclose(b);
	for (int round = 0; round < 3; round++) {
		t = cpu_ns();
		for (int i = 0; i < ONE; i++) {
			int h = go(nothing());

			hclose(h);
		}
		result("spawn", (double)(cpu_ns() - t) / ONE);
		b = bundle();
		t = cpu_ns();
		for (int i = 0; i < YIELDERS; i++)
			bundle_go(b, yielder());
		bundle_wait(b, -1);
		result("yield", (double)(cpu_ns() - t) / YIELDS);
		hclose(b);
	}
	return 0;
}
