/* gather.h - process files, one after the other, into a growing trace. Inside of the reader. */
#ifndef TVT_TRACE_GATHER_H
#define TVT_TRACE_GATHER_H

#include "runtime/trace/stack.h"

struct reader {
	struct tracefile *t; /* only threshold and budget are set here */
	struct arena *a;
	struct stacks stacks;
	struct map record_of; /* hash of a record's identity to index */
	VEC(struct tracefile_process) processes;
	VEC(struct tracefile_thread) threads;
	VEC(struct tracefile_loop) loops;
	VEC(struct tracefile_record) records;
	VEC(struct trace_hist *) hists; /* of records */
	struct map seen;		/* hash of (record, thread), to count threads */
};

/* Adds what one process recorded. f may hold anything but a wrong size. */
void gather(struct reader *r, const struct trace_file *f);

/* The value below which part of the values lie; max where that is in the last bucket. */
uint64_t quantile(const struct trace_hist *h, double part, uint64_t max);

#endif
