/* sample.h - findings as the rules would make them, over the sources in src/: what each format has to cope with.
 *
 * In order: a whole file; a chain of calls with all its facts; a call through a pointer inside a macro, reached
 * by many tasks; one that is silenced; a race in a file with CR LF, tabs and characters of 2, 3 and 4 bytes;
 * Latin-1; very long lines; a source that is missing; hostile names and texts.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "report/report.h"

#define AT(f, l, c, e) {.file = f, .line = l, .col = c, .end_line = l, .end_col = e}
#define STEP(r, fn, text, ...) {r, __VA_ARGS__, fn, text}
#define TRACE(title, steps) {title, steps, COUNT(steps)}

static struct trace_step sample_read[] = {
	STEP(STEP_ENTRY, "on_read", "is called by the libuv loop", AT("src/server.c", 3, 13, 20)),
	STEP(STEP_REGISTERED, "server_accept", "registers 'on_read'", AT("src/server.c", 13, 2, 15)),
	STEP(STEP_CALL, "on_read", "calls 'session_feed'", AT("src/server.c", 8, 3, 15)),
	STEP(STEP_JUMP, "session_feed", "calls 'upstream_open' through the field 'ops.open', set at src/ops.c:7",
		AT("src/session.c", 6, 3, 14)),
	STEP(STEP_SITE, "upstream_open", "calls 'getaddrinfo'", AT("src/net/resolve.c", 10, 10, 21)),
};
static struct trace_step sample_deep[] = {
	STEP(STEP_ENTRY, "on_timer", NULL, AT("src/server.c", 3, 13, 20)),
	STEP(STEP_CALL, "on_timer", "calls", AT("src/server.c", 8, 3, 15)),
	STEP(STEP_CALL, "housekeeping_of_all_sessions", NULL, AT("src/housekeeping/sessions.c", 1201, 3, 15)),
	STEP(STEP_CALL, "session_expire_if_idle", NULL, AT("src/housekeeping/sessions.c", 118, 3, 15)),
	STEP(STEP_CALL, "session_write_back_to_store", NULL, AT("src/session.c", 4, 3, 15)),
	STEP(STEP_SITE, "store_flush", NULL, AT("src/session.c", 6, 3, 14)),
	STEP(STEP_NOTE, "store_open", "the descriptor is made blocking", AT("src/session.c", 3, 6, 18)),
};
static struct trace_step sample_first[] = {
	STEP(STEP_ENTRY, "worker", "runs in a thread of its own", AT("src/utf8.c", 5, 7, 13)),
	STEP(STEP_REGISTERED, "main", "starts it", AT("src/server.c", 13, 2, 15)),
	STEP(STEP_SITE, "worker", "writes 'hits'", AT("src/utf8.c", 7, 24, 28)),
};
static struct trace_step sample_second[] = {
	STEP(STEP_ENTRY, "main", NULL, AT("src/utf8.c", 10, 30, 31)),
	STEP(STEP_CALL, "main", "calls 'total'", AT("src/server.c", 8, 3, 15)),
	STEP(STEP_SITE, "total", "reads 'hits'", AT("src/utf8.c", 10, 31, 35)),
};
static struct trace sample_traces[] = {TRACE("on_read", sample_read)};
static struct trace sample_many[] = {TRACE("on_timer", sample_deep), TRACE("on_read", sample_read),
	TRACE("on_close", sample_deep), TRACE("on_write", sample_deep)};
static struct trace sample_race[] = {TRACE("first access", sample_first), TRACE("second access", sample_second)};
static const char *const sample_insteads[] = {
	"uv_getaddrinfo(loop, req, cb, host, port, &hints); a thread is not needed, the wait is I/O",
	"uv_queue_work(), if the resolver must be called"};
static const char *const sample_notes[] = {"'hits' is guarded by nothing"};

static struct patch sample_edits[] = {{"src/server.c", 0, 0, "#include <stdatomic.h>\n", 0},
	{"src/utf8.c", 12, 15, "atomic_int", 0}, {"src/utf8.c", 20, 20, "\t/* \"\xC3\xA9\" \\ */", 0}};
static const struct fix sample_fix = {"make 'hits' atomic", sample_edits, 3};

static const struct finding sample_findings[] = {
	{.rule = "data-race", .level = LEVEL_NOTE, .confidence = CONF_HIGH, .at = {.file = ""},
		.message = "'errno' is nowhere", .fingerprint = "00000000000000000000000000000000"},
	{.rule = "loop-without-entry", .level = LEVEL_NOTE, .confidence = CONF_LOW,
		.at = {.file = "src/config.c"}, .message = "no event loop reaches this file",
		.identity = "loop-without-entry|src/config.c", .fingerprint = "00000000000000000000000000000001"},
	{.rule = "blocking-call-in-task", .level = LEVEL_WARNING, .confidence = CONF_HIGH,
		.at = AT("src/net/resolve.c", 10, 10, 21),
		.message = "'getaddrinfo' blocks the event loop that runs 'on_read'",
		.label = "waits for DNS: typically 1-30 ms, up to 30 s on time-out",
		.task = "'on_read' runs on the libuv loop, registered by uv_read_start",
		.task_at = AT("src/server.c", 13, 2, 15), .insteads = sample_insteads, .ninstead = 2,
		.traces = sample_traces, .ntrace = 1, .identity = "blocking-call-in-task|upstream_open|getaddrinfo",
		.fingerprint = "00000000000000000000000000000002"},
	{.rule = "blocking-call-in-task", .level = LEVEL_ERROR, .confidence = CONF_MEDIUM,
		.at = {.file = "src/session.c", .line = 6, .col = 3, .end_line = 6, .end_col = 14, .macro = "OPEN"},
		.message = "'fsync' blocks the event loop that runs 'on_timer'", .label = "waits for the disk",
		.traces = sample_many, .ntrace = 4, .nother = 3, .identity = "blocking-call-in-task|store_flush|fsync",
		.fingerprint = "00000000000000000000000000000003"},
	{.rule = "blocking-call-in-task", .level = LEVEL_WARNING, .confidence = CONF_HIGH,
		.at = AT("src/session.c", 7, 1, 2), .message = "'sleep' blocks the event loop",
		.identity = "blocking-call-in-task|x|sleep", .fingerprint = "00000000000000000000000000000004",
		.suppressed = "only in the test build"},
	{.rule = "data-race", .level = LEVEL_ERROR, .confidence = CONF_HIGH, .at = AT("src/utf8.c", 7, 24, 28),
		.message = "'hits' is written here and read at src/utf8.c:10 at the same time",
		.label = "written by thread 'worker'", .notes = sample_notes, .nnote = 1, .traces = sample_race,
		.ntrace = 2, .fix = &sample_fix, .identity = "data-race|hits", .fingerprint = "00000000000000000000000000000005"},
	{.rule = "data-race", .level = LEVEL_WARNING, .confidence = CONF_HIGH, .at = AT("src/utf8.c", 10, 31, 35),
		.message = "'hits' is read without a lock", .label = "read", .identity = "data-race|hits|2",
		.fingerprint = "00000000000000000000000000000006"},
	{.rule = "long-line", .level = LEVEL_NOTE, .confidence = CONF_HIGH, .at = AT("src/long.c", 1, 171, 181),
		.message = "in the middle", .label = "here", .fingerprint = "00000000000000000000000000000007"},
	{.rule = "long-line", .level = LEVEL_NOTE, .confidence = CONF_HIGH, .at = AT("src/long.c", 1, 2089, 2099),
		.message = "far out", .label = "here", .fingerprint = "00000000000000000000000000000008"},
	{.rule = "long-line", .level = LEVEL_NOTE, .confidence = CONF_HIGH, .at = AT("src/long.c", 1, 5000, 5001),
		.message = "past the end", .label = "here", .fingerprint = "00000000000000000000000000000009"},
	{.rule = "blocking-call-in-task", .level = LEVEL_WARNING, .confidence = CONF_HIGH,
		.at = AT("/usr/include/gone.h", 77, 9, 14), .message = "'flock' blocks", .label = "waits for a lock",
		.identity = "blocking-call-in-task|gone|flock", .fingerprint = "0000000000000000000000000000000a"},
	{.rule = "evil\033[31mrule", .level = LEVEL_WARNING, .confidence = CONF_HIGH,
		.at = AT("zz \033]0;owned\007/%41\n<&\"'>:,#?[x]\xE2\x80\xAE.c", 3, 1, 2),
		.message = "'\033[2J\r\n::error::fake\xFF %0A <b>\xEF\xBF\xBF' blocks, \xE2\x80\xAE\x9B" "31m",
		.label = "]]> --> \001", .identity = "evil\n", .fingerprint = "0000000000000000000000000000000b"},
};

static const struct rule_info sample_rules[] = {
	{"blocking-call-in-task", "a call that blocks the thread is made from a task on an event loop", "blocking",
		LEVEL_WARNING, true},
	{"data-race", "two threads use a variable at the same time and one of them writes", "shared state",
		LEVEL_ERROR, true},
	{"long-line", "a line is long", "style", LEVEL_NOTE, false},
	{"loop-without-entry", "a file is not reached from any event loop", "blocking", LEVEL_NOTE, false},
};

static inline const char *sample_page(const char *rule)
{
	return strcmp(rule, "blocking-call-in-task") ? NULL
						     : "# blocking-call-in-task\n\n## What it finds\n\nA call that"
						       " blocks.\n\n```c bad\nsleep(1);\n```\n";
}

static struct failed_file sample_failed[] = {
	{"src/gen.c", "src/gen.c:1:10: 'config.h' file not found"},
	{"src/\033[7mold.c", "the worker died twice"}};

static const struct unused sample_unused[] = {
	{AT("src/session.c", 3, 1, 2), "allow(data-race) guarded by the loop", UNUSED_NOTHING, LEVEL_NOTE, NULL, NULL}};

static struct run_info sample_run(const char *root)
{
	return (struct run_info){.version = "0.1.0", .root = root, .units = 12, .units_failed = 1, .units_errors = 1,
		.units_cached = 4, .fns = 1234, .entries_task = 5, .entries_thread = 2, .loops = 1, .calls = 5000,
		.icalls = 80, .unresolved = 3, .by_type = 7, .blind = {2, 0, 1}, .suppressed = 1,
		.unused_suppressions = 1, .unused = sample_unused, .below_threshold = 4, .seconds = 1.25,
		.failed = sample_failed, .nfailed = COUNT(sample_failed)};
}

static inline struct report_in sample_in(const struct run_info *run)
{
	return (struct report_in){.findings = sample_findings, .nfinding = COUNT(sample_findings),
		.rules = sample_rules, .nrule = COUNT(sample_rules), .run = run, .status = 2, .page = sample_page};
}

#endif
