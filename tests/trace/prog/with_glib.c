/* GLib: only a timer, so the loop polls a single descriptor. */
#include <glib.h>

#include "inject.h"

static int step;
static GMainLoop *loop;

static gboolean on_timer(gpointer arg)
{
	if (!inject(step++)) {
		g_main_loop_quit(loop);
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

int main(void)
{
	loop = g_main_loop_new(NULL, FALSE);
	g_timeout_add(1, on_timer, NULL);
	g_main_loop_run(loop);
	return 0;
}
