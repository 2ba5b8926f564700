/* The same with POSIX threads: fewer, for they are dear. Yield is between threads on one CPU. */
#include <pthread.h>
#include <sched.h>

#include "bench.h"

enum { ONE = 5000, MANY = 5000, YIELDS = 400000, YIELDERS = 8 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *nothing(void *arg)
{
	return NULL;
}

static void *stand(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return NULL;
}

static void *yielder(void *arg)
{
	for (int i = 0; i < YIELDS / YIELDERS; i++)
		sched_yield();
	return NULL;
}

int main(void)
{
	static pthread_t t[MANY];
	cpu_set_t one;
	int64_t at = cpu_ns();
	long before;
	int n;

	for (int i = 0; i < ONE; i++) {
		pthread_create(t, NULL, nothing, NULL);
		pthread_join(t[0], NULL);
	}
	result("spawn", (double)(cpu_ns() - at) / ONE);

	before = resident();
	pthread_mutex_lock(&gate);
	at = cpu_ns();
	for (n = 0; n < MANY && pthread_create(&t[n], NULL, stand, NULL) == 0; n++)
		;
	result("cold", (double)(cpu_ns() - at) / n);
	result("cold_bytes", (double)(resident() - before) / n);
	pthread_mutex_unlock(&gate);
	while (n > 0)
		pthread_join(t[--n], NULL);

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	for (int i = 0; i < YIELDERS; i++)
		pthread_create(&t[i], NULL, yielder, NULL);
	at = cpu_ns();
	for (int i = 0; i < YIELDERS; i++)
		pthread_join(t[i], NULL);
	result("yield", (double)(cpu_ns() - at) / YIELDS);
	return 0;
}
