/* probe.c - can this machine parse at all? Asked of a worker, for only workers load libclang. */
#include "front/worker.h"

#include <errno.h>
#include <poll.h>

int front_probe(struct sb *version)
{
	struct child c;
	struct reply r;
	int blob, got;

	if (worker_start(&c, NULL, NULL, WORKER_CPU, WORKER_MEMORY) < 0)
		return error("cannot start a worker process: %s", strerror(errno));
	do {
		struct pollfd fd = {.fd = c.sock, .events = POLLIN};

		if (poll(&fd, 1, (int)WORKER_CPU * 1000) == 0) {
			worker_end(&c);
			return error("libclang does not load: no answer");
		}
		got = worker_receive(&c, &r, &blob);
	} while (got == 0);
	worker_end(&c);
	if (got < 0)
		return error("libclang does not load: the process that tried died");
	if (r.kind != REPLY_READY)
		return error("%s", r.text);
	if (version)
		sb_puts(version, r.text);
	return 0;
}
