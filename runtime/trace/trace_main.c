/* trace_main.c - tvt-trace: runs a program under the tracer and prints what blocked its loops. */
#include "base/base.h"
#include "runtime/trace/run.h"
#include "runtime/trace/tracefile.h"

#include <getopt.h>
#include <sys/wait.h>

static const char usage[] =
	"usage: tvt-trace [options] [--] PROGRAM [ARGUMENTS]\n"
	"       tvt-trace [options] --read DIR|FILE.json\n"
	"       tvt-trace [options] --watch DIR\n"
	"\n"
	"Runs PROGRAM as it is and prints, when it has ended, which calls blocked its event loops, "
	"and where long\n"
	"turns were. The table goes to standard error; the exit status is the program's.\n"
	"\n"
	"  -o, --output FILE     write the whole trace as JSON\n"
	"      --threshold MS    record calls that take this long (default 1); sleeps, name "
	"look-ups and the\n"
	"                        like are always recorded\n"
	"      --budget MS       a turn of a loop may take this long (default 10)\n"
	"  -a, --all             print workers, thread starts and whole stacks too\n"
	"  -q, --quiet           print no table\n"
	"      --keep DIR        put the process files into DIR and leave them there\n"
	"      --read WHAT       run nothing: read a directory of process files, or JSON\n"
	"      --watch DIR       run nothing: watch processes that something else started with "
	"LD_PRELOAD and\n"
	"                        TVT_TRACE_DIR=DIR, until interrupted; then read DIR\n"
	"  -h, --help\n";

enum { OPT_THRESHOLD = 256, OPT_BUDGET, OPT_KEEP, OPT_READ, OPT_WATCH };

static const struct option options[] = {{"output", required_argument, NULL, 'o'},
	{"threshold", required_argument, NULL, OPT_THRESHOLD},
	{"budget", required_argument, NULL, OPT_BUDGET}, {"all", no_argument, NULL, 'a'},
	{"quiet", no_argument, NULL, 'q'}, {"keep", required_argument, NULL, OPT_KEEP},
	{"read", required_argument, NULL, OPT_READ}, {"watch", required_argument, NULL, OPT_WATCH},
	{"help", no_argument, NULL, 'h'}, {0}};

/* Milliseconds to microseconds; 0 after error(). */
static uint32_t milliseconds(const char *s)
{
	char *end;
	double ms = strtod(s, &end);

	if (end == s || *end || !(ms >= 0.001 && ms <= 60000)) {
		error("'%s' is not a time from 0.001 to 60000 milliseconds", s);
		return 0;
	}
	return (uint32_t)(ms * 1000 + .5);
}

int main(int argc, char **argv)
{
	struct trace_opts opts = {0};
	const char *output = NULL, *read = NULL, *watch = NULL;
	bool all = false, quiet = false;
	struct tracefile *t = NULL;
	int c, status = 0, rc = 0;

	while ((c = getopt_long(argc, argv, "+o:aqh", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			output = optarg;
			break;
		case 'a':
			all = true;
			break;
		case 'q':
			quiet = true;
			break;
		case OPT_KEEP:
			opts.dir = optarg;
			break;
		case OPT_WATCH:
			watch = read = optarg;
			break;
		case OPT_READ:
			read = optarg;
			break;
		case OPT_THRESHOLD:
			if (!(opts.threshold_us = milliseconds(optarg)))
				return 2;
			break;
		case OPT_BUDGET:
			if (!(opts.budget_us = milliseconds(optarg)))
				return 2;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (read ? optind != argc : optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (watch && trace_watch(watch, opts.budget_us) < 0)
		return 2;
	if (read)
		t = fs_is_dir(read) ? tracefile_read(read) : tracefile_load(read);
	else
		trace_run(&opts, argv + optind, &t, &status);
	if (!t)
		return 2;
	if (!quiet)
		tracefile_print(t, stderr, all);
	if (output && tracefile_write(t, output) < 0)
		rc = 2;
	tracefile_free(t);
	if (rc)
		return rc;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
