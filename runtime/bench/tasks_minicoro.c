/* Switches and stacks of minicoro, which has no scheduler; built if MINICORO names a checkout. */
#define MINICORO_IMPL
#include <minicoro.h>

#include "bench.h"

enum { ONE = 300000, MANY = 20000, YIELDS = 4000000 };

static void nothing(mco_coro *c)
{
}

static void yielder(mco_coro *c)
{
	for (int i = 0; i < YIELDS; i++)
		mco_yield(c);
}

static void stand(mco_coro *c)
{
	mco_yield(c);
}

int main(void)
{
	static mco_coro *many[MANY];
	mco_desc d = mco_desc_init(stand, 0);
	mco_coro *c;
	int64_t t = cpu_ns();

	for (int i = 0; i < MANY; i++) {
		mco_create(&many[i], &d);
		mco_resume(many[i]);
	}
	result("cold", (double)(cpu_ns() - t) / MANY);
	for (int round = 0; round < 3; round++) {
		d = mco_desc_init(nothing, 0);
		t = cpu_ns();
		for (int i = 0; i < ONE; i++) {
			mco_create(&c, &d);
			mco_resume(c);
			mco_destroy(c);
		}
		result("spawn", (double)(cpu_ns() - t) / ONE);
		d = mco_desc_init(yielder, 0);
		mco_create(&c, &d);
		t = cpu_ns();
		for (int i = 0; i < YIELDS; i++)
			mco_resume(c);
		result("yield", (double)(cpu_ns() - t) / YIELDS / 2); /* there and back */
	}
	return 0;
}
