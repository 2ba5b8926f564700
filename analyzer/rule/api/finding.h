/* finding.h - what a rule reports, and what every report format prints. Complete, then const. */
#ifndef TVT_FINDING_H
#define TVT_FINDING_H

#include "base/base.h"

enum level { LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR };
enum confidence { CONF_LOW, CONF_MEDIUM, CONF_HIGH };

/* A place, resolved: the path is relative to the root where it lies below it. */
struct where {
	const char *file;
	uint32_t line, col, end_line, end_col; /* 1-based bytes; end_col is one behind */
	const char *macro;		       /* name of the macro it comes from, or NULL */
};
enum step_role {
	STEP_ENTRY,	 /* the entry: a callback, thread function, handler, loop body */
	STEP_REGISTERED, /* where that entry is registered or started */
	STEP_CALL,	 /* a call on the way */
	STEP_JUMP,	 /* a call through a pointer: text says why we think so */
	STEP_SITE,	 /* the end: the blocking call, the access */
	STEP_NOTE,	 /* anything else that belongs to the proof: "made blocking here" */
};
struct trace_step {
	enum step_role role;
	struct where at;
	const char *fn;	  /* the function in which it is; ENTRY: the entry itself */
	const char *text; /* a clause: "calls 'session_feed'" */
};
/* One way to the finding: from an entry to the site. A race has two, one an access. */
struct trace {
	const char *title; /* "on_read" or "first access"; never NULL */
	struct trace_step *steps;
	uint32_t nstep;
};
/* An edit of the source: bytes from to to (not with it) of a file, named as in where, become text. */
struct patch {
	const char *file;
	uint32_t from, to;
	const char *text;
	uint64_t seen; /* hash_bytes() of the file that it was made for */
};
/* Edits after which a finding is gone, sorted by place; none touches another. */
struct fix {
	const char *title; /* a clause: "look again when the wait returns" */
	struct patch *edits;
	uint32_t nedit;
};
/* What kind of edit a rule thinks of, and at which operations; analyzer/fix/ says whether it can be done. */
enum repair_kind {
	REPAIR_NONE,
	REPAIR_LOOP,	 /* sites: the wait */
	REPAIR_UNLOCK,	 /* where the lock is taken; where it is given back on another way */
	REPAIR_VARIANT,	 /* every call that takes part */
	REPAIR_NONBLOCK, /* the call that waits */
};
struct repair {
	enum repair_kind kind;
	const uint32_t *sites;
	uint32_t nsite;
};
struct finding {
	const char *rule;  /* id */
	enum level level;
	enum confidence confidence;
	struct where at;
	const char *message; /* a lowercase clause, names in quotes, no full stop */
	const char *label;   /* behind the caret: "waits for DNS: typically 1-30 ms, up to 30 s on time-out" */
	const char *task;    /* "'on_read' runs on the libuv loop, registered by uv_read_start"; may be NULL */
	struct where task_at;
	const char *const *insteads; /* what to do instead, in this project's own library */
	uint32_t ninstead;
	const char *const *notes;    /* further lines: "= note: ..." */
	uint32_t nnote;
	struct trace *traces;
	uint32_t ntrace;
	struct repair repair;
	const struct fix *fix; /* or NULL: it is for people to mend */
	uint32_t nother;     /* further chains that `why` lists */
	const char *identity; /* stable across moved lines: rule, function, leaf, entry; hashed into fingerprint */
	char fingerprint[33]; /* hex of 128 bits over identity and its occurrence number */
	const char *suppressed; /* the reason of the allow() that covers it, or NULL */
	bool known; /* it is also in what the findings were compared with: a baseline, an older state */
};
/* Adds a line to its notes. The text is kept, not copied. */
void finding_note(struct finding *f, struct arena *mem, const char *text);
/* Does the finding stay out of sight and out of the exit status? */
static inline bool finding_quiet(const struct finding *f)
{
	return f->suppressed || f->known;
}
/* Rule metadata for reports: from rules/<id>/README.md. */
struct rule_info {
	const char *id;
	const char *title;	/* first sentence of "What it finds" */
	const char *family;	/* "blocking", "shared state", "cpu", "threads" */
	enum level level;	/* default */
	bool by_default;	/* on without --all */
};
struct failed_file {
	const char *file, *why;
};
enum unused_why { UNUSED_NOTHING, UNUSED_NO_REASON, UNUSED_NO_RULE };
struct unused { /* an allow() to complain of */
	struct where at;
	const char *text;
	enum unused_why why;
	enum level level;
	const char *word, *near; /* NO_RULE: the name that is none, and what was meant or NULL */
};
/* With what the findings were compared, and what came out. */
struct compared {
	const char *with; /* "the baseline .tvt/baseline.tsv"; NULL: with nothing */
	uint32_t nnew, nknown, ngone; /* suppressed ones are in none of them */
	const struct gone {
		const char *identity, *file;
	} *gone; /* ngone of them: they are no longer found */
};
/* A run that is remembered: store/history.c. */
struct history_run {
	int64_t id;
	int64_t at;	      /* seconds since 1970 */
	const char *revision; /* of git, or NULL */
	const char *version;  /* of the tool */
	bool every;	      /* with --all */
	double seconds;
	uint32_t units, failed;
	uint32_t level[3]; /* findings per enum level; silenced ones are not in them */
	uint32_t silenced;
	uint32_t added, fixed, reopened;
};
/* What runs where, for a map: loops, pools and threads as lanes with the functions that begin on them. */
struct lane_leaf { /* a call that may block there */
	const char *callee, *waits; /* "getaddrinfo", "dns" */
	struct where at;
};
struct lane_entry {
	const char *name, *context; /* "on_read", "timer" */
	const char *by;		    /* what registers it, "uv_read_start", or NULL */
	struct where at, by_at;
	struct lane_leaf *leaves;
	uint32_t nleaf;
	uint32_t nlong;		    /* loops below it that may take longer than a turn of an event loop should */
	const char *longest;	    /* the cost of the worst of them, or NULL */
	uint32_t entry;		    /* in the facts */
	const char *now, *should;   /* "task"; what to make of it, or NULL: it is right as it is. Both NULL: nothing is said */
	const char *because, *gain; /* clauses */
};
enum lane_kind { LANE_LOOP, LANE_POOL, LANE_THREAD, LANE_SIGNAL, LANE_OTHER };
struct lane {
	enum lane_kind kind;
	const char *title;
	struct where at; /* of what runs it; file NULL: not one place */
	struct lane_entry *entries;
	uint32_t nentry;
};
struct guard { /* what is shared, and the lock that guards it */
	const char *object, *lock; /* lock NULL: none */
	uint32_t held, total;	   /* accesses with that lock, and all */
	bool race, perhaps;	   /* some access leaves it out; perhaps: only if locks are others than they seem */
	const char *fns;	   /* who accesses it: "put, take and 3 more" */
	struct where at;	   /* one access */
};
struct seen { /* by a traced run, but no finding */
	struct where at;
	const char *text; /* "'read' 12 times in 'on_client', at most 31 ms" */
};
struct run_info { /* the summary line, and coverage honesty */
	const char *version;
	const char *root;	/* absolute; findings' files are relative to it */
	uint32_t units, units_failed, units_errors, units_cached;
	uint32_t fns, entries_task, entries_thread, loops;
	uint32_t calls, icalls, unresolved, by_type; /* call sites */
	uint32_t blind[16];	/* per blind_kind */
	bool shared_left_out;	/* the program was too large for its shared state to be looked at */
	uint32_t suppressed, unused_suppressions, below_threshold;
	const struct unused *unused; /* unused_suppressions of them */
	struct compared compared;
	const struct lane *lanes; /* only if asked for */
	uint32_t nlane;
	struct guard *guards; /* only if asked for */
	uint32_t nguard, nguarded, natomic, napart; /* objects always under a lock, atomic, never used at once */
	const struct history_run *past; /* oldest first, this one included; NULL: nothing is remembered */
	uint32_t npast;
	double seconds;
	struct failed_file *failed; /* files that could not be analysed or only in part */
	uint32_t nfailed;
	struct seen *seen; /* worst first; with --trace */
	uint32_t nseen, nconfirmed, nunobserved;
	bool traced;
};

#endif
