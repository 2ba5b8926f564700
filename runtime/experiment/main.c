/* main.c - tvt-experiment: measures for tvt-lint, each time in a fresh process. */
#include "experiment.h"
#include "measure.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "machine"))
		return machine_measure();
	fprintf(stderr, "usage: tvt-experiment machine\n");
	return 2;
}
