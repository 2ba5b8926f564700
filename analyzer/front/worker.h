/* worker.h - private to front/: processes that parse, and what they say.
 *
 *     worker.c        the pool: hands out units, watches, collects (the parent)
 *     worker_child.c  one process: confined, then one unit after the other
 *     sandbox.c       what the process may no longer do
 *     probe.c         a worker that only says whether libclang is there
 *     live.c          a process that keeps one unit's tree, for a file that is being edited
 */
#ifndef TVT_WORKER_H
#define TVT_WORKER_H

#include <sys/types.h>

#include "front/front.h"

/* A child process as its parent sees it. */
struct child {
	pid_t pid;
	int sock; /* SOCK_SEQPACKET: unit numbers down, struct reply up */
	int err;  /* read end of its standard error; does not block */
};

enum reply_kind {
	REPLY_READY, /* libclang is loaded; text is its version */
	REPLY_UNFIT, /* it cannot be; text says why */
	REPLY_UNIT,  /* a result; a memory file with the IR comes along if nblob is not 0 */
};
enum { REPLY_TEXT = 4096 }; /* longer ones are cut */
struct reply {
	uint32_t kind;
	uint32_t unit;
	uint32_t state; /* enum unit_state */
	uint32_t nerror;
	uint32_t last; /* the worker ends: it has grown too large */
	uint32_t ntext;
	double cpu;
	uint64_t rss, nblob; /* nblob: IR and reads */
	uint64_t nir;
	uint32_t pure;
	uint32_t differs; /* shared headers change the result; it is that of a plain parse */
	char text[REPLY_TEXT]; /* ntext bytes and a NUL are sent */
};

/* Starts a confined child that loads libclang, says READY or UNFIT, and then takes units of db
 * until the socket is closed. db is not read by a child that is given no unit. 0, or -1 and errno.
 */
struct plan;
int worker_start(struct child *c, const struct compdb *db, const struct plan *plan, double cpu_limit, uint64_t memory);
#define WORKER_PLAIN (UINT32_C(1) << 31) /* with a unit's number: parse it plainly */
#define WORKER_VERIFY (UINT32_C(1) << 30) /* both ways, and compare */
/* Waits up to ms for a reply; blob gets a descriptor or -1. 1; 0 if there is none yet; -1 if the
 * child is gone. */
int worker_receive(const struct child *c, struct reply *r, int *blob);
/* Kills the child if it lives, waits for it, closes its ends; returns the wait status. */
int worker_end(struct child *c);

/* The parent's mapping of a child's result: sets u->ir, or leaves it NULL. */
void worker_map(struct unit *u, int fd, uint64_t size, uint64_t nir);

/* ---- the inside of a child ---- */

enum { CHILD_SOCK = 3 }; /* where it finds its end of the socket */
/* Forks a confined child that runs body(arg) on a large stack and ends when that returns. 0, or -1 and errno. */
int worker_spawn(struct child *c, void *(*body)(void *), void *arg, uint64_t memory);
/* Loads libclang and says READY; says UNFIT and ends the process if it cannot. */
void child_introduce(int sock, struct reply *r);
void child_reply(int sock, const struct reply *r, int blob); /* blob: a descriptor or -1 */
void child_text(struct reply *r, const char *text);
int child_blob(const struct ir *ir, const struct sb *reads, struct reply *r); /* a memory file, or -1; sets sizes in r */
void child_limit(int what, uint64_t soft);	      /* setrlimit */
uint64_t child_rss_peak(void);
/* Gives up, for good, all that parsing does not need. Fences that the kernel lacks are left out:
 * front_sandbox() tells. */
void sandbox_enter(void);

/* The limits of a unit, where the options leave them open. */
#define WORKER_CPU 60.0			  /* seconds */
#define WORKER_MEMORY (UINT64_C(4) << 30) /* bytes of address space */

/* ---- reads.c: what the parser asks the file system for, noted in the process that parses ---- */

void reads_begin(void);
/* Ends the noting; appends the reads to out, in a form for reads_next. Relative paths are taken from dir. False
 * if something was asked for that cannot be noted. */
bool reads_end(const char *dir, struct sb *out);
void reads_add(const char *data, uint64_t size); /* what was noted before, in that form */
/* Names below it are memory files of this process. */
#define READS_PCH_PARENT "/tvt-pch"
#define READS_PCH_DIR READS_PCH_PARENT "/"
/* Such files are not looked for in vain: only their texts are given. */
#define READS_PCH_SOURCE ".tvt-lint-pch-"
/* The form: one record after the other, padded to 8 bytes. False at the end, or where it is damaged. */
bool reads_next(const char *data, uint64_t size, uint64_t *at, struct read *out);

#endif
