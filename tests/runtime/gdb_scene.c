/* A program that stops with tasks in it: gdb/tvt.py must show them. See gdb_check. */
#include <stdlib.h>
#include <tvt/runtime.h>

static struct tvt_chan *chan;

static __attribute__((noinline)) int receive_deep(volatile int depth)
{
	char v;
	int rc = depth ? receive_deep(depth - 1) : tvt_chan_recv(chan, &v, TVT_NEVER);

	return rc + depth;
}

static int alpha(void *arg)
{
	tvt_name_set("alpha");
	return receive_deep(3);
}

static int beta(void *arg)
{
	tvt_name_set("beta");
	return tvt_sleep(TVT_NEVER);
}

static int omega(void *arg)
{
	tvt_name_set("omega");
	tvt_sleep(tvt_now() + 20 * TVT_MS);
	abort();
}

static int scene(void *arg)
{
	struct tvt_scope s;

	tvt_chan_new(&chan, 1, 0);
	tvt_scope_open(&s);
	tvt_spawn(&s, alpha, NULL);
	tvt_spawn(&s, beta, NULL);
	tvt_spawn(&s, omega, NULL);
	return tvt_scope_wait(&s, TVT_NEVER);
}

int main(void)
{
	return tvt_run(NULL, scene, NULL);
}
