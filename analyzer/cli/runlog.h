/* runlog.h - what ThreadSanitizer, Helgrind and DRD print of a run. */
#ifndef TVT_RUNLOG_H
#define TVT_RUNLOG_H

#include "base/base.h"

enum run_kind {
	RUN_RACE,   /* stacks: each access */
	RUN_ORDER,  /* each lock that was taken while another one was held */
	RUN_MISUSE, /* the call */
};
struct run_frame {
	const char *fn, *file; /* file: NULL if not known; else a path, or of valgrind a name alone */
	uint32_t line;
};
struct run_stack {
	const char *what; /* "read", "write"; else "" */
	VEC(struct run_frame) frames;
};
struct run_report {
	enum run_kind kind;
	const char *tool;   /* "ThreadSanitizer", "Helgrind", "DRD" */
	const char *title;  /* "data race" */
	const char *object; /* the variable's name, or NULL */
	VEC(struct run_stack) stacks;
};
struct runlog {
	VEC(struct run_report) reports;
	bool known; /* it is the log of one of these tools */
	struct arena *mem;
};

/* Adds what a log says; what it does not know it leaves out. Strings live as long as log->mem. */
void runlog_parse(struct runlog *log, const char *text);
void runlog_free(struct runlog *log); /* not mem */

#endif
