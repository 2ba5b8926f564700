/* measure.h - what experiments share: time, percentiles, memory, context switches, and whether the machine had time
 * for us. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t now_ns(void); /* CLOCK_MONOTONIC */
int64_t cpu_ns(void); /* CPU time of this process */
void sleep_ns(int64_t ns);
void spin_ns(int64_t ns); /* computes until ns of this thread's CPU time are over, however often it is interrupted */
void spin_calibrate(void);

/* A growable list of samples. Adding may move it: reserve what is measured in a hot path. */
struct samples {
	int64_t *v;
	uint32_t n, cap;
};
void samples_reserve(struct samples *s, uint32_t cap);
void samples_add(struct samples *s, int64_t v); /* dropped when out of memory */
int64_t samples_at(struct samples *s, double p); /* sorts; 0 if there are none */
void samples_free(struct samples *s);

long memory_bytes(void);  /* resident, with page tables */
long kernel_stacks(void); /* of the whole machine, bytes: what threads cost in the kernel; -1 unknown */
long context_switches(void); /* of this process */
unsigned cpus(void);	  /* that this process may use */
void pin(unsigned cpu);	  /* this thread to the cpu-th of those */

/* How much of the processors' time others took, or wanted, since busy_begin: 0 to 1. */
struct busy {
	int64_t wall, cpu, total;
};
void busy_begin(struct busy *b);
double busy_end(const struct busy *b);

void result(const char *key, double v); /* a line on standard output */
_Noreturn void die(const char *what);	/* with errno, or a negative errno in it */

#endif
