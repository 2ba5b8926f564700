/* experiment.h - what tvt-experiment can do. */
#ifndef EXPERIMENT_H
#define EXPERIMENT_H

/* Prints "NAME MEDIAN P10 P90" for each constant, then cores, memory and busy. 0, or exits with 2. */
int machine_measure(void);

#endif
