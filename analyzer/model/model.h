/* model.h - what library calls mean, as data (rules/models/NAME.model), put on the program's call sites.
 *
 * The file format is in rules/models/README.md; the verbs are in verbs.def. A new library is a new file;
 * nothing in ir/ or solve/ knows a library function's name.
 */
#ifndef TVT_MODEL_H
#define TVT_MODEL_H

#include "link/link.h"

/* Where a function runs. */
enum ctx_kind {
	CTX_STARTUP,  /* before the loop runs: main, constructors, configuration */
	CTX_LOOP,     /* an event loop's callback */
	CTX_TIMER,    /* the same, by a timer of the loop */
	CTX_COROUTINE,/* a stackful task on a loop */
	CTX_POOL,     /* a job on a shared pool of threads */
	CTX_THREAD,   /* a thread's start function */
	CTX_SIGNAL,   /* a signal handler */
	CTX_ISR,      /* an interrupt routine, or a hook that must not block at all */
	CTX_CALLER,   /* called back at once, on the caller's thread */
	CTX_CHILD,    /* a forked child */
	CTX_SHUTDOWN, /* atexit, after the loop */
	CTX_COUNT
};
extern const char *const ctx_name[CTX_COUNT]; /* "startup", "loop", ... as in the models */
/* Does a block here delay others: loop, timer, coroutine, isr. */
static inline bool ctx_is_task(unsigned k)
{
	return k == CTX_LOOP || k == CTX_TIMER || k == CTX_COROUTINE || k == CTX_ISR;
}

/* What a call waits for. CATEGORY(NAME, "word in models", "phrase in messages") */
#define CATEGORIES(CATEGORY)                                                                       \
	CATEGORY(IO, "io", "waits until the descriptor is ready")                                  \
	CATEGORY(PEER, "peer", "waits for the peer")                                               \
	CATEGORY(DISK, "disk", "waits for the disk")                                               \
	CATEGORY(SYNC, "sync", "waits until the data is on the disk")                              \
	CATEGORY(DNS, "dns", "waits for name resolution")                                          \
	CATEGORY(NSS, "nss", "waits for a user, group or service lookup")                          \
	CATEGORY(LOCK, "lock", "waits for a lock")                                                 \
	CATEGORY(SLEEP, "sleep", "sleeps")                                                         \
	CATEGORY(WAIT, "wait", "waits for an event")                                               \
	CATEGORY(JOIN, "join", "waits for a thread to end")                                        \
	CATEGORY(PROCESS, "process", "waits for another process")                                  \
	CATEGORY(IPC, "ipc", "waits for another process's answer")                                 \
	CATEGORY(DB, "db", "waits for a database")                                                 \
	CATEGORY(TTY, "tty", "waits for the terminal")                                             \
	CATEGORY(LOG, "log", "waits for the log")                                                  \
	CATEGORY(DEVICE, "device", "waits for a device")                                           \
	CATEGORY(LOOP, "loop", "runs a nested loop")                                               \
	CATEGORY(RANDOM, "random", "waits for entropy")                                            \
	CATEGORY(CPU, "cpu", "computes for long")
enum category {
#define CATEGORY(name, word, phrase) CAT_##name,
	CATEGORIES(CATEGORY)
#undef CATEGORY
	CAT_COUNT
};
extern const char *const category_word[CAT_COUNT];
extern const char *const category_phrase[CAT_COUNT];
enum severity { SEV_LOW, SEV_MEDIUM, SEV_HIGH };

/* Kinds of descriptor; a value's kind is a set of these bits. */
enum fd_kind {
	FD_SOCKET = 1,
	FD_FILE = 2,
	FD_PIPE = 4,
	FD_EVENT = 8,
	FD_TIMER = 16,
	FD_TTY = 32,
	FD_DIR = 64,
	FD_MEMORY = 128,
	/* what else is known of it, beside its kind */
	FD_WRITABLE = 256, /* a stream that may hold what is not yet written */
	FD_DATAGRAM = 512, /* a socket without connections: connect() does not wait */
	FD_TRAITS = FD_WRITABLE | FD_DATAGRAM,
};

/* ---- conditions ---- */

struct model;
enum tri { NO, YES, MAYBE };
enum mcond_kind {
	MC_AND, MC_OR, MC_NOT, /* a, b */
	MC_CMP,		/* arg rel value:           n > 0, cb is NULL, how is F_SETLKW */
	MC_HAS,		/* arg & value != 0:        flags has O_NONBLOCK */
	MC_IN,		/* arg is one of set:       op in {F_SETLKW, F_OFD_SETLKW} */
	MC_ZERO,	/* *arg is all zero:        *timeout is zero */
	MC_NONBLOCKING, /* nonblocking(arg) */
	MC_KIND,	/* value is a set of fd_kind: file(fd), socket(fd), memory(stream) */
	MC_READY,	/* ready(arg): the loop has just said so */
	MC_LITERAL,	/* text: arg is a string literal with this prefix: path starts "/proc/" */
	MC_NUMERIC,	/* numeric(arg): a string literal that is an IP address */
	MC_ON,		/* on CONTEXT: value is a ctx_kind */
};
struct marg { /* what a condition looks at */
	int param;	   /* 0-based; PARAM_RESULT: the result */
	bool deref;	   /* *arg */
	const char *field; /* arg->field, or NULL */
};
enum {
	PARAM_RESULT = -1,
	PARAM_NONE = -2,
	PARAM_REST = -3, /* reads, writes: every argument from the model's nfixed on */
};
struct mcond {
	enum mcond_kind kind;
	const struct mcond *a, *b;
	struct marg arg;
	enum rel rel;
	int64_t value;
	const int64_t *set;
	uint32_t nset;
	const char *text;  /* LITERAL: the prefix. CMP, HAS, IN: the value as it was written */
};
/* Three-valued evaluation: leaf() answers for the kinds that are not AND, OR, NOT. */
enum tri mcond_eval(const struct mcond *c, enum tri (*leaf)(void *ctx, const struct mcond *c), void *ctx);
void mcond_print(const struct mcond *c, const struct model *m, struct sb *out); /* what must hold: "timeout is not 0" */
void mcond_phrase(const struct mcond *c, const struct model *m, struct sb *out); /* as written: "unless timeout is 0" */

/* ---- models ---- */

enum verb {
#define VERB(name, word, syntax, doc) VERB_##name,
#include "model/verbs.def"
#undef VERB
	VERB_COUNT
};
const char *verb_name(enum verb v); /* as in the models: "blocks" */
enum clause_flag {
	CL_SHARED = 1,	    /* LOCKS; STATIC_STATE: only reads it */
	CL_RECURSIVE = 2,
	CL_SPIN = 4,
	CL_NONBLOCKING = 8, /* MAKES; GIVES: then cond speaks of the mode alone, the descriptor is given anyway */
	CL_BLOCKING = 16,   /* MAKES */
	CL_BYTES = 32,	    /* COSTS: per byte behind p, not per p */
	CL_LISTED = 128,    /* LOOP_WAIT: for what the call itself lists (poll), not for what was registered before */
	CL_LOG = 64,	    /* COSTS: times the binary logarithm of p */
};
struct clause {
	enum verb verb;
	int p, q;		   /* parameters; PARAM_NONE if the verb has none or it was not said.
				    * COND_WAIT: q is the lock. INITS: q is the attributes. ALLOCATES: p bytes, stored behind q (NONE: the result).
				    * GIVES: p is where. OVER: q is where. COSTS: per p, and per q. COPIES: p to q */
	const struct mcond *cond;  /* holds -> the clause holds; NULL: always. "unless" is stored negated */
	enum category category;	   /* BLOCKS */
	enum severity severity;	   /* BLOCKS */
	uint32_t flags;
	uint32_t kind;		   /* GIVES: fd_kind bits; TRUE_ON: ctx_kind */
	double lo, hi;		   /* BLOCKS: seconds, 0 if not said; COSTS: hi = nanoseconds, per p if p >= 0;
				    * a function's COSTS clauses add up */
	const char *name;	   /* LOCKS, UNLOCKS without p: the lock's name. STATIC_STATE: functions with one
				    * name share one state, NULL is the function's own. Else NULL */
	int line;
};
/* A parameter (or field, type, global, macro) whose function is called back. */
struct given {
	int param, to;
};
struct callback {
	int param;
	enum ctx_kind ctx;
	int given;		   /* parameter handed to it, or PARAM_NONE */
	int given_to;		   /* which of its parameters gets it; usually 0 */
	const struct given *also;  /* further ones: event_new() hands over its descriptor and its argument */
	uint32_t nalso;
	const struct mcond *cond;
	const char *fields;	   /* the argument points at a table: these of its fields are the callbacks, apart
				    * by spaces, each may hold '*'; else NULL */
	int line;
};
struct instead {
	const char *library;	   /* "libuv", "pool", or "" for every library */
	const char *text;
};
struct model {
	const char *name;	   /* may hold '*' */
	const char *library;
	const char *const *headers;
	uint32_t nheader;
	const char *file;	   /* the .model file, and */
	int line;
	const char *uncheckable;   /* why its header is not to be had (Debian has none, private to a project); or NULL */
	bool strict;		   /* means something only in programs that use the library: "require" */
	bool variadic;		   /* (a, b, ...) */
	bool open_front;	   /* (..., cb): parameters count from the end */
	const char *const *params; /* names of variadic arguments may follow the fixed ones: (fd, cmd, ... arg) */
	int nparam;
	int nfixed;		   /* parameters before "..."; nparam if there is none */
	uint64_t silent;	   /* bit i: parameter i is a function pointer that is never called, or not worth telling */
	const struct clause *clauses;
	uint32_t nclause;
	const struct callback *callbacks;
	uint32_t ncallback;
	const struct instead *insteads;
	uint32_t ninstead;
	const char *note;	   /* free text behind "note:", or NULL */
	const struct model *other; /* the same name in a strict library: speaks first, in programs that use that */
};
/* field RECORD.FIELD, type NAME, global NAME, macro NAME, name PATTERN: where such a function runs. The field
 * may lie in unnamed records inside RECORD. cb.param and cb.given say nothing here. */
enum place_kind { PLACE_FIELD, PLACE_TYPE, PLACE_GLOBAL, PLACE_MACRO, PLACE_NAME };
struct place {
	enum place_kind kind;
	uint32_t fd_kind;	   /* not 0: a global that is a descriptor or stream of these kinds; cb says nothing */
	const char *record, *name; /* both may hold '*'; record only for PLACE_FIELD */
	struct callback cb;
	const char *library;
	const char *const *headers;
	uint32_t nheader;
	const char *uncheckable;
	const char *file;
	int line;
};
struct library {
	const char *name;
	const char *const *detect; /* headers: a program that includes one of them uses the library */
	uint32_t ndetect;
	bool strict;		   /* "require": its models mean nothing in other programs */
	bool only_loop;		   /* "* only on loop"; ask library_only_loop() */
	const char *unless_called; /* "... unless called(FN)": not in programs that call that, or NULL */
	const char *file;
};
struct models;

/* Reads every *.model in the directories, in order; a later function replaces an earlier one of the same
 * name. Functions of the first directory, the tool's own, are read when they are asked for. NULL after
 * error("%s:%d:%d: ..."). */
struct models *models_load(const char *const *dirs, uint32_t ndir);
void models_free(struct models *m);
/* Reads what was not read yet. 0, or -1 after error(). */
int models_check(struct models *m);
/* Exact name first, then patterns. Models live as long as m. */
const struct model *models_find(const struct models *m, const char *fn);
uint32_t models_all(const struct models *m, const struct model ***all);
uint32_t models_places(const struct models *m, const struct place **places);
uint32_t models_libraries(const struct models *m, const struct library **libs);
const struct library *models_library(const struct models *m, const char *name);
struct mconst {
	const char *name, *library;
	int64_t value;
	const char *const *headers;
	uint32_t nheader;
	const char *uncheckable, *file;
	int line;
};
bool models_const(const struct models *m, const char *name, int64_t *value);
uint32_t models_consts(const struct models *m, const struct mconst **consts); /* for the header check */
/* Adds to *into what annotate("tvt: on loop, blocks disk") or "// tvt: locks m" at a declaration says. The
 * caller has set params and nparam to the function's own; a context phrase becomes a callback with
 * PARAM_NONE. -1 without a message if the text is not ours ("tvt: allow(...)" is not); -2 if it is but is
 * wrong: *why tells, and lives as long as the models. */
int model_annotation(struct models *m, const char *text, struct model *into, const char **why);
uint64_t models_hash(const struct models *m); /* part of the cache's key */

/* ---- effects: models on call sites ---- */

struct effect {
	uint32_t site;		   /* op */
	uint32_t fn;		   /* caller */
	uint32_t callee;
	const struct model *model;
	const struct clause *clause; /* one of these two */
	const struct callback *callback;
};
/* Something of the program that a place names: exactly one of field, type, global and fn is not NONE. macro
 * is the macro's string id if that is how it was found. */
struct place_use {
	uint32_t field, type, global, macro, fn;
	const struct place *place;
};
struct effects {
	struct effect *e;	   /* sorted by (site, callee, position in the model: clauses before callbacks) */
	uint32_t n;
	struct bits at;		   /* per op: has it effects? */
	const struct model **of_fn; /* per function of the program: its model or NULL */
	struct place_use *places;  /* sorted by (field, type, global, fn) */
	uint32_t nplace;
	bool *uses_library;	   /* per library of the models */
	bool *only_loop;	   /* the same: see library_only_loop() */
	const struct models *models;
	struct arena *mem;
};
/* Effects of direct calls, and of indirect ones whose target was found by more than its type. Annotations in
 * the program are read here too: they add to, or replace, what the models say of that function. */
struct effects *model_apply(const struct program *p, struct models *m);
void effects_free(struct effects *e);
/* The effects of one site: first index and count. */
const struct effect *effects_find(const struct effects *e, uint32_t site, uint32_t *n);
static inline const struct effect *effects_at(const struct effects *e, uint32_t site, uint32_t *n)
{
	if (site < e->at.n && bits_get(&e->at, site))
		return effects_find(e, site, n);
	*n = 0;
	return e->e;
}
/* The actual argument of a parameter at a site; REF_NONE if it is missing. */
struct ref effect_arg(const struct program *p, const struct effect *e, int param);
/* May the library's functions be called on their loop's thread only, if their models do not say otherwise? */
bool library_only_loop(const struct effects *e, const char *library);
/* Does the program include one of the library's headers, or call it? */
bool library_used(const struct effects *e, const char *library);
/* What to use instead of callee: the texts for the libraries that this program uses (the callee's own first),
 * then those for every program, then the pool's. At most max. */
uint32_t model_instead(const struct effects *e, const struct model *m, const char **texts, uint32_t max);
/* Everything above, readable: "tvt-lint dump effects". only_fn: calls in functions of that name, or NULL. */
void effects_dump(const struct effects *e, const struct program *p, struct sb *out, const char *only_fn);

#endif
