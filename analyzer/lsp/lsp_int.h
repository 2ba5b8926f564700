/* lsp_int.h - private to lsp/: the server and its parts.
 *
 *	server.c     the loop: input, output, workers, children; nothing in it waits for anything else
 *	rpc.c        messages in and out: requests, answers, errors, cancellation
 *	on_life.c    initialize to exit, folders, watched files, progress
 *	doc.c        open documents, and the workers that follow what is typed
 *	project.c    a folder: its database, its units, which of them are stale
 *	settings.c   what a folder's .tvt-lint says
 *	bg.c         what touches disks and takes long, on a thread: reading the database, lowering many units
 *	round.c      units to findings: link, models, solve, rules, in a child process
 *	view*.c      what comes out of a round, and is answered from
 *	publish.c    diagnostics, pushed and pulled
 *	why.c        where a function runs and what it waits for, in words
 *	on_hover.c on_lens.c on_action.c on_calls.c on_command.c    one thing an editor shows each
 *	frame.c jval.c text.c    bytes to messages, JSON to values, texts and positions
 */
#ifndef TVT_LSP_INT_H
#define TVT_LSP_INT_H

#include "lsp/frame.h"
#include "lsp/lsp.h"
#include "lsp/view.h"

#include <stdatomic.h>

/* ---- documents ---- */

struct doc {
	char *uri, *path;
	bool is_c;	       /* by its name; headers are no units of their own */
	int64_t version;
	struct text text;
	VEC(struct edit) edits; /* those after number edit0 */
	uint32_t edit0, seq;   /* seq: edits so far */
	uint32_t saved_seq;    /* the text on disk */
	uint32_t unit_seq;     /* the text that its unit, or the disk, stands for */
	uint32_t round_seq;    /* the same at the begin of the round that runs */
	uint32_t view_seq;     /* the text that the view stands for: where edits begin to count */
	struct text lowered;   /* the text at unit_seq, if there is a unit from a live worker */
	struct live *live;
	struct text sent;      /* what the worker has; its number: */
	uint32_t sent_seq;
	uint32_t failed_seq;   /* the text at which a worker died: not sent again */
	bool stale;	       /* something else that the unit reads has changed */
	double used;	       /* when the worker was last of use */
	double typed;	       /* when it was last changed */
	struct unit held;      /* a result with errors that is taken only when typing stops */
	bool has_held;
	uint32_t held_seq;
	double held_since;
	struct project *project;
};

/* ---- projects ---- */

struct slot {
	struct tu_cmd cmd;
	struct unit unit;
	struct doc *doc; /* the open document that it follows, or NULL */
	bool stale;	 /* to be lowered again by the thread */
	bool busy;	 /* the thread has it */
};
struct job;
struct project {
	char *root;	   /* the folder, or the directory of a file outside all folders */
	struct compdb *db; /* NULL: none found yet */
	VEC(struct slot) slots; /* the database's, then those of files that it lacks */
	struct job *job;   /* what the thread is doing for it */
	bool reload;	   /* the database is to be read again */
	bool alone;	   /* there is none: open files are taken with default flags */
	bool folder;	   /* the client has named it */
	bool dirty;	   /* units have changed since the last round began */
	bool indexed;	   /* units were read once */
	bool closing;
	struct view view;
	uint32_t nview;	   /* rounds that have come in */
	struct arena *mem; /* of slots that the database lacks */
	/* the round that runs */
	int round_fd, round_pidfd;
	pid_t round_pid;   /* 0: none */
	double dirty_since; /* 0: it is not */
	double round_since, round_took; /* when it began; how long the last one took */
	char *token;	   /* of the progress that is shown */
	bool token_ok;	   /* the client has taken it */
	uint32_t percent;
};

/* ---- messages ---- */

struct server;
struct msg {
	const char *method;	  /* NULL: an answer */
	const struct jval *id;	  /* NULL: a notification */
	const struct jval *params; /* may be NULL */
};
enum rpc_error {
	RPC_PARSE = -32700,
	RPC_INVALID = -32600,
	RPC_NO_METHOD = -32601,
	RPC_BAD_PARAMS = -32602,
	RPC_NOT_READY = -32002,
	RPC_CANCELLED = -32800,
	RPC_MODIFIED = -32801,
};
/* A request that is answered when what it asks for has been computed. */
struct waiting {
	struct sb id; /* as JSON */
	char *uri;
	int64_t version;
};
/* What a request of ours is about, to be known when the answer comes. */
struct asked {
	int64_t id;
	enum { ASK_TOKEN, ASK_OTHER } what;
	struct project *project;
};

struct server {
	const struct lsp_opts *o;
	struct frame in;
	struct sb out;	/* to be written */
	size_t out_at;
	int in_fd, out_fd;
	bool eof, broken;     /* the client's end is closed */
	bool initialized, shutdown, exit;
	pid_t parent;	      /* of the client; 0: not said */
	int parent_fd;
	enum encoding enc;
	struct {
		bool pull, refresh, progress, watch, show_doc, related, markdown, doc_changes, lens_refresh, hint_refresh;
	} can;
	VEC(struct doc *) docs;
	VEC(struct project *) projects;
	VEC(struct waiting) waiting;
	VEC(struct asked) asked;
	VEC(pid_t) dead;      /* children to be waited for */
	int64_t next_id;
	int bg[2];	      /* messages from threads */
	struct arena *mem;    /* of the message being answered */
	double now;
};

/* ---- rpc.c ---- */

void rpc_read(struct server *s); /* every complete message that has come */
/* An answer or notification is written between begin and end: rpc_answer(s, m, &j); json_obj(&j, "result"); ... */
void rpc_answer(struct server *s, const struct msg *m, struct json *j);
void rpc_notify(struct server *s, const char *method, struct json *j); /* go on with "params" */
void rpc_end(struct server *s, struct json *j);
void rpc_null(struct server *s, const struct msg *m); /* "result": null */
void rpc_error(struct server *s, const struct jval *id, enum rpc_error code, const char *text);
int64_t rpc_request(struct server *s, const char *method, struct json *j);
void rpc_log(struct server *s, const char *level, const char *text);

/* The methods: METHOD(function, "name", needs an id). on_<function> answers. */
#define METHODS(METHOD)                                                                            \
	METHOD(initialize, "initialize", true)                                                     \
	METHOD(initialized, "initialized", false)                                                  \
	METHOD(shutdown, "shutdown", true)                                                         \
	METHOD(leave, "exit", false)                                                               \
	METHOD(cancel, "$/cancelRequest", false)                                                   \
	METHOD(ignore, "$/setTrace", false)                                                        \
	METHOD(ignore, "window/workDoneProgress/cancel", false)                                    \
	METHOD(ignore, "workspace/didChangeConfiguration", false)                                  \
	METHOD(open, "textDocument/didOpen", false)                                                \
	METHOD(change, "textDocument/didChange", false)                                            \
	METHOD(save, "textDocument/didSave", false)                                                \
	METHOD(close, "textDocument/didClose", false)                                              \
	METHOD(folders, "workspace/didChangeWorkspaceFolders", false)                              \
	METHOD(watched, "workspace/didChangeWatchedFiles", false)                                  \
	METHOD(diagnostic, "textDocument/diagnostic", true)                                        \
	METHOD(workspace_diagnostic, "workspace/diagnostic", true)                                 \
	METHOD(hover, "textDocument/hover", true)                                                  \
	METHOD(action, "textDocument/codeAction", true)                                            \
	METHOD(lens, "textDocument/codeLens", true)                                                \
	METHOD(hint, "textDocument/inlayHint", true)                                               \
	METHOD(calls_prepare, "textDocument/prepareCallHierarchy", true)                           \
	METHOD(calls_in, "callHierarchy/incomingCalls", true)                                      \
	METHOD(calls_out, "callHierarchy/outgoingCalls", true)                                     \
	METHOD(command, "workspace/executeCommand", true)
#define METHOD(fn, name, id) void on_##fn(struct server *s, const struct msg *m);
METHODS(METHOD)
#undef METHOD

/* ---- server.c ---- */

void server_reap(struct server *s, pid_t pid);

/* ---- doc.c ---- */

struct doc *doc_find(struct server *s, const char *uri);
struct doc *doc_at(struct server *s, const char *path);
struct doc *doc_of(struct server *s, const struct msg *m); /* params.textDocument.uri; NULL after an error answer */
void doc_work(struct server *s);	    /* gives texts to workers that are free */
void doc_receive(struct server *s, struct doc *d); /* its worker has something */
double doc_deadline(struct server *s);	    /* when a held result is to be taken; 0: there is none */
void doc_end_worker(struct server *s, struct doc *d);
void doc_seen(struct server *s, struct project *p); /* a view came: edits before it are of no use */
/* From the view's text to that of now. False if what was there has changed. */
bool doc_move(const struct doc *d, struct range *r);
void put_range(struct json *j, const char *key, struct range r);
bool get_range(const struct jval *v, const char *path, struct range *r);
bool get_pos(const struct jval *v, const char *path, struct pos *p);

/* ---- uris: uri.c ---- */

char *uri_path(const char *uri, struct arena *a); /* normal; NULL: no file: */
char *uri_of(const char *path, struct arena *a);

/* ---- settings.c ---- */

/* The pipeline as the command line and the folder's .tvt-lint want it. Reads files. Settings with mistakes, which were
 * told by error(), are as none. Free o->config. */
void settings_apply(const struct lsp_opts *l, const char *dir, struct pipeline_opts *o);

/* ---- project.c ---- */

struct project *project_of(struct server *s, const char *path); /* may make one */
void project_add(struct server *s, const char *root);
void project_remove(struct server *s, const char *root);
void project_free(struct server *s, struct project *p);
void project_work(struct server *s);  /* starts jobs and rounds that are due */
void project_loaded(struct server *s, struct project *p, struct job *job);
void project_lowered(struct server *s, struct project *p, struct job *job);
void project_attach(struct server *s, struct doc *d); /* a document was opened */
void project_detach(struct server *s, struct doc *d);
void project_changed(struct server *s, const char *path, bool open); /* a file, on disk or in a buffer */
struct slot *project_slot(struct project *p, const struct doc *d);
bool project_busy(const struct project *p); /* its view is not yet that of what is open */
double project_deadline(struct server *s); /* when a pause in typing is long enough; 0: nothing waits for one */
void progress_begin(struct server *s, struct project *p, const char *title);
void progress_report(struct server *s, struct project *p, uint32_t percent, const char *text);
void progress_end(struct server *s, struct project *p);
void progress_created(struct server *s, struct project *p, bool ok);

/* ---- bg.c ---- */

struct job {
	enum { JOB_LOAD, JOB_LOWER } kind;
	struct project *project;
	const struct lsp_opts *o;
	char *root; /* of the project */
	struct pipeline_opts pipe;
	struct analysis a;   /* LOAD: until units */
	struct compdb db;    /* LOWER: some units of a database */
	struct unit *units;
	uint32_t *which;     /* of the slots */
	const char **paths;
	int rc;
	int fd;
	_Atomic uint32_t done, total, told;
	volatile sig_atomic_t stop;
};
void bg_start(struct server *s, struct job *job);
void bg_read(struct server *s); /* messages of threads */
void bg_log(void *ctx, const char *level, const char *text); /* for diag_redirect(); from any thread */
void job_free(struct job *job);

/* ---- round.c ---- */

void round_start(struct server *s, struct project *p);
void round_done(struct server *s, struct project *p); /* its process has ended */
void round_stop(struct server *s, struct project *p);

/* ---- publish.c ---- */

void publish_doc(struct server *s, struct doc *d);
void publish_view(struct server *s, struct project *p, const struct view *old);
void publish_nothing(struct server *s, struct doc *d);
void publish_waiting(struct server *s); /* answers pulls if nothing is being computed */
void publish_cancel(struct server *s, const struct jval *id);
void publish_drop(struct server *s, const char *uri); /* the document has changed or is gone */

/* ---- lookups for requests ---- */

/* Calls fn for each diagnostic of d with its range moved to now; gone ones are left out. */
typedef void diag_fn(void *ctx, const struct view *v, const struct vdiag *d, struct range at);
void each_diag(const struct project *p, const struct doc *d, diag_fn *fn, void *ctx);
/* The function of the view whose name, or a call of which, is at a place; NONE. */
uint32_t fn_at(const struct project *p, const struct doc *d, struct pos at, struct range *where);
/* why.c: in Markdown, or NULL if there is nothing to tell; and how many blocking calls it leads to. */
const char *fn_why(const struct view *v, uint32_t fn, struct arena *a);
uint32_t fn_blocking(const struct view *v, uint32_t fn, struct arena *a);

#endif
