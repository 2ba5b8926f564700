/* runlog.c - reads the logs of ThreadSanitizer (gcc's and clang's), Helgrind and DRD (valgrind).
 *
 * A log is read line by line. Headings say what the frames that follow are; of the stacks those of the accesses, or
 * of the calls that are complained of, are kept, those of where threads, locks and memory come from are not. Lines of
 * the program itself may stand anywhere between.
 */
#include "cli/runlog.h"

#include <ctype.h>
#include <stdlib.h>

struct reader {
	struct runlog *log;
	const char *tool; /* of valgrind's tools; NULL: not said yet */
	bool open;	  /* a report is being read: the last of the log */
	bool taking;	  /* frames belong to its last stack */
};

/* HEADING("how a line begins", kind, new report, "what its stack is", "title; NULL: the line itself") */
struct heading {
	const char *begin;
	enum run_kind kind;
	bool fresh;
	const char *what, *title;
};
static const struct heading headings[] = {
	{"Possible data race during read", RUN_RACE, true, "read", "data race"},
	{"Possible data race during write", RUN_RACE, true, "write", "data race"},
	{"This conflicts with a previous read", RUN_RACE, false, "read", NULL},
	{"This conflicts with a previous write", RUN_RACE, false, "write", NULL},
	{"Conflicting load by thread", RUN_RACE, true, "read", "data race"},
	{"Conflicting store by thread", RUN_RACE, true, "write", "data race"},
	{"followed by a later acquisition of lock", RUN_ORDER, false, "", NULL},
	{"Attempt to re-lock a non-recursive lock", RUN_MISUSE, true, "", NULL},
	{"Exiting thread still holds", RUN_MISUSE, true, "", NULL},
	{"Recursive locking not allowed", RUN_MISUSE, true, "", "recursive locking"},
	{"Mutex not locked", RUN_MISUSE, true, "", "mutex not locked"},
	{"Mutex not unlocked by owner", RUN_MISUSE, true, "", "mutex not unlocked by its owner"},
	{"Destroying locked mutex", RUN_MISUSE, true, "", "destroying a locked mutex"},
	{"Probably a race condition: condition variable", RUN_MISUSE, true, "", "condition signaled without its mutex"},
	{"Read of size", RUN_RACE, false, "read", NULL},
	{"Write of size", RUN_RACE, false, "write", NULL},
	{"Atomic read of size", RUN_RACE, false, "read", NULL},
	{"Atomic write of size", RUN_RACE, false, "write", NULL},
	{"Previous read of size", RUN_RACE, false, "read", NULL},
	{"Previous write of size", RUN_RACE, false, "write", NULL},
	{"Previous atomic read of size", RUN_RACE, false, "read", NULL},
	{"Previous atomic write of size", RUN_RACE, false, "write", NULL},
};

static void begin(struct reader *r, enum run_kind kind, const char *tool, const char *title)
{
	vec_add(&r->log->reports, ((struct run_report){.kind = kind, .tool = tool, .title = title}));
	r->open = true;
	r->taking = false;
}

static void stack(struct reader *r, const char *what)
{
	struct run_report *rep = &r->log->reports.v[r->log->reports.n - 1];
	vec_add(&rep->stacks, ((struct run_stack){.what = what}));
	r->taking = true;
}

/* "src/a.c:14:3": the file's length, and the line. 0: no line. */
static size_t split_line(const char *s, size_t n, uint32_t *line)
{
	size_t end = n;
	*line = 0;
	for (int part = 0; part < 2; part++) {
		size_t k = end;
		while (k > 0 && isdigit((unsigned char)s[k - 1]))
			k--;
		if (k == end || k == 0 || s[k - 1] != ':')
			break;
		*line = (uint32_t)strtoul(s + k, NULL, 10);
		end = k - 1;
	}
	return *line ? end : 0;
}

static void add_frame(struct reader *r, const char *fn, size_t nfn, const char *at, size_t nat)
{
	struct run_report *rep = &r->log->reports.v[r->log->reports.n - 1];
	struct run_stack *st = &rep->stacks.v[rep->stacks.n - 1];
	struct run_frame f = {.fn = str_starts(fn, "<null>") ? "?" : arena_strndup(r->log->mem, fn, nfn)};
	size_t n = split_line(at, nat, &f.line);
	if (n)
		f.file = arena_strndup(r->log->mem, at, n);
	vec_add(&st->frames, f);
}

/* "#0 bump /tmp/r.c:14:2 (r+0x121c)" */
static bool tsan_frame(struct reader *r, const char *s)
{
	if (*s != '#' || !isdigit((unsigned char)s[1]))
		return false;
	if (!r->open || !r->taking)
		return true;
	s += strcspn(s, " ");
	s += strspn(s, " ");
	const char *end = strstr(s, " (");
	size_t n = end ? (size_t)(end - s) : strlen(s), cut = n;
	while (cut > 0 && s[cut - 1] != ' ')
		cut--;
	add_frame(r, s, cut ? cut - 1 : n, s + cut, n - cut);
	return true;
}

/* "at 0x10918D: bump (r.c:14)", "by 0x48FC1F4: ??? (in /usr/lib/x.so)" */
static bool valgrind_frame(struct reader *r, const char *s)
{
	if (!str_starts(s, "at 0x") && !str_starts(s, "by 0x"))
		return false;
	const char *fn = strstr(s, ": "), *open = strrchr(s, '('), *close = strrchr(s, ')');
	if (!r->open || !r->taking || !fn || !open || !close || open < fn + 3 || close < open)
		return true;
	fn += 2;
	add_frame(r, fn, (size_t)(open - 1 - fn), open + 1, (size_t)(close - open - 1));
	return true;
}

/* The name between quotes behind a word; NULL if it is not there. */
static const char *quoted(struct reader *r, const char *s, const char *word, char quote)
{
	const char *at = strstr(s, word), *end;
	if (!at)
		return NULL;
	at += strlen(word);
	end = strchr(at, quote);
	return end ? arena_strndup(r->log->mem, at, (size_t)(end - at)) : NULL;
}

static bool object(struct reader *r, const char *s)
{
	const char *name = quoted(r, s, "data symbol \"", '"');
	if (!name)
		name = quoted(r, s, "inside global var \"", '"');
	if (!name)
		name = quoted(r, s, "Location is global '", '\'');
	if (name && r->open)
		r->log->reports.v[r->log->reports.n - 1].object = name;
	return name != NULL;
}

static bool tsan_warning(struct reader *r, const char *s)
{
	static const char mark[] = "WARNING: ThreadSanitizer: ";
	const char *title = strstr(s, mark);
	if (!title)
		return false;
	title += sizeof mark - 1;
	const char *end = strstr(title, " (pid=");
	title = arena_strndup(r->log->mem, title, end ? (size_t)(end - title) : strlen(title));
	enum run_kind kind = str_starts(title, "data race") || strstr(title, "race on") ? RUN_RACE
			     : str_starts(title, "lock-order-inversion")		    ? RUN_ORDER
											    : RUN_MISUSE;
	r->log->known = true;
	begin(r, kind, "ThreadSanitizer", title);
	if (kind == RUN_MISUSE)
		stack(r, "");
	return true;
}

/* "Thread #3: " in front of a heading is left out. */
static const char *behind_thread(const char *s)
{
	const char *at = s;
	if (!str_starts(at, "Thread #"))
		return s;
	at += 8;
	while (isdigit((unsigned char)*at))
		at++;
	return *at == ':' ? at + 1 + strspn(at + 1, " ") : *at == ' ' ? at + 1 : s;
}

static bool heading(struct reader *r, const char *s)
{
	bool is_tsan = r->open && !strcmp(r->log->reports.v[r->log->reports.n - 1].tool, "ThreadSanitizer");
	const char *rest = behind_thread(s);
	for (size_t i = 0; i < COUNT(headings); i++) {
		const struct heading *h = &headings[i];
		if (!str_starts(rest, h->begin))
			continue;
		if (h->fresh && r->tool)
			begin(r, h->kind, r->tool, h->title ? h->title : arena_strdup(r->log->mem, rest));
		else if (h->fresh || !r->open || r->log->reports.v[r->log->reports.n - 1].kind != h->kind)
			return false;
		stack(r, h->what);
		return true;
	}
	if (r->tool && str_starts(rest, "lock order \"")) {
		begin(r, RUN_ORDER, r->tool, "lock order violated");
		return true;
	}
	if (r->tool && rest != s && str_starts(rest, "unlocked ")) {
		begin(r, RUN_MISUSE, r->tool, arena_strdup(r->log->mem, rest));
		stack(r, "");
		return true;
	}
	if (is_tsan && str_starts(s, "Mutex ") && strstr(s, "acquired here while holding")) {
		stack(r, "");
		return true;
	}
	return false;
}

/* What ends a stack that is wanted: a heading of another one. */
static bool other_heading(const char *s)
{
	static const char *const begins[] = {"Location ", "Address ", "Allocation context", "Other segment ", "Thread ", "Mutex ", "As if ",
		"Required order", "Observed (", "Lock at ", "Locks held", "Hint", "Cycle in ", "Block was ", "(lock"};
	for (size_t i = 0; i < COUNT(begins); i++)
		if (str_starts(s, begins[i]))
			return strcmp(begins[i], "Locks held") != 0;
	return false;
}

static void line(struct reader *r, char *s)
{
	bool valgrind = false;
	if (str_starts(s, "==")) { /* "==123== text" */
		char *end = s + 2;
		while (isdigit((unsigned char)*end) || *end == ':' || *end == '.' || *end == ' ')
			end++;
		valgrind = end > s + 2 && str_starts(end, "==");
		s = valgrind ? end + 2 : s;
	}
	s += strspn(s, " ");
	if (strstr(s, "a thread error detector")) {
		r->tool = str_starts(s, "Helgrind") ? "Helgrind" : str_starts(s, "drd") ? "DRD" : r->tool;
		r->log->known |= r->tool != NULL;
		return;
	}
	if (str_starts(s, "SUMMARY: ThreadSanitizer") || (!valgrind && str_starts(s, "=====")) || str_starts(s, "-----") ||
		str_starts(s, "---Thread") || str_starts(s, "ERROR SUMMARY") || str_starts(s, "ThreadSanitizer: reported")) {
		r->open = false;
		return;
	}
	if (tsan_warning(r, s) || tsan_frame(r, s) || valgrind_frame(r, s) || object(r, s) || heading(r, s))
		return;
	if (!*s || other_heading(s))
		r->taking = false;
}

void runlog_parse(struct runlog *log, const char *text)
{
	struct reader r = {.log = log};
	struct sb one = {0};

	while (*text) {
		size_t n = strcspn(text, "\n");
		one.n = 0;
		sb_putn(&one, text, n);
		while (one.n && one.s[one.n - 1] == '\r')
			one.s[--one.n] = '\0';
		if (one.n)
			line(&r, one.s);
		else
			r.taking = false;
		text += n + (text[n] == '\n');
	}
	sb_free(&one);
}

void runlog_free(struct runlog *log)
{
	for (uint32_t i = 0; i < log->reports.n; i++) {
		struct run_report *rep = &log->reports.v[i];
		for (uint32_t k = 0; k < rep->stacks.n; k++)
			vec_free(&rep->stacks.v[k].frames);
		vec_free(&rep->stacks);
	}
	vec_free(&log->reports);
}
