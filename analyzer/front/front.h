/* front.h - from compile_commands.json to units. The only folder that knows libclang, and only inside
 * worker processes.
 */
#ifndef TVT_FRONT_H
#define TVT_FRONT_H

#include <signal.h>
#include <sys/types.h>

#include "ir/ir.h"

/* ---- the compilation database ---- */

/* One translation unit: what is parsed, and how. Paths are normal and absolute. */
struct tu_cmd {
	const char *file;
	const char *dir;       /* the working directory of the command */
	const char *const *argv; /* allowed arguments only, response files expanded; no compiler, no file */
	uint32_t argc;
	const char *compiler;  /* as written; the one behind a launcher such as ccache */
	uint32_t ndropped;     /* arguments that were left out (see compdb.dropped) */
	uint32_t entry;	       /* position in the database; NONE if the command was inferred */
};
/* An argument that was left out, without its value. */
struct dropped {
	const char *arg;
	uint32_t count;
	bool known; /* args.def has it: that it is left out is well considered */
};
struct compdb {
	const char *path;      /* of the database; NULL: none, default flags */
	const char *root;      /* directory below which files are named relatively in reports */
	struct tu_cmd *tus;    /* sorted by file, then by arguments: the order in which units are linked */
	uint32_t ntu;
	struct dropped *dropped; /* which arguments, how often; sorted */
	uint32_t ndropped;
	uint32_t nentry;	     /* entries read */
	uint32_t nduplicate;	     /* entries that are another's unit: the same file, and arguments that mean the
				      * same to it (compdb_alike.c) */
	uint32_t nother;	     /* entries that are not C: C++, assembly, ... */
	const char *const *paths;    /* those of the options, normal and absolute. All units are loaded in any */
	uint32_t npath;		     /* case: paths only say what to report. 0: everything */
	struct arena *mem;
};
/* What the command line says about input. */
struct compdb_opts {
	const char *build_dir;	    /* -p: a directory or a compile_commands.json; NULL: look for it */
	const char *const *paths;   /* files and directories named on the command line; none: "." */
	uint32_t npath;
	bool quiet;
};
/* Finds the database as clangd does (-p; else each parent of the first path, and its build/; else build* and
 * cmake-build-* below the root; several: an error with the list), reads it as a stream, drops what is not on
 * the allow-list. NULL after error(). Files named that the database lacks get the command of the nearest
 * entry; with no database at all a file is taken alone with default flags, which is said once. */
struct compdb *compdb_load(const struct compdb_opts *o);
void compdb_free(struct compdb *db);
void compdb_dump(const struct compdb *db, struct sb *out);

/* ---- units ---- */

enum unit_state {
	UNIT_OK,
	UNIT_ERRORS,  /* parsed with errors: analysed as far as it goes */
	UNIT_FAILED,  /* could not be parsed (missing file, not C, ...) */
	UNIT_CRASHED, /* the worker died, twice */
	UNIT_TIMEOUT, /* the watchdog ended it */
	UNIT_MEMORY,  /* it went past the address space limit */
};
/* What the parser has asked the file system for. */
struct read {
	const char *path;    /* absolute, not normal: ".." behind a symbolic link means something */
	struct hash128 hash; /* of the file's content; both 0: there was no such file or directory */
	uint64_t stamp;	     /* fs_stamp() of the file at that time */
};
/* The result of one tu_cmd. */
struct unit {
	enum unit_state state;
	struct ir *ir;	      /* NULL unless OK or ERRORS; lies in blob */
	uint32_t nerror;      /* errors clang reported */
	char *first_error;    /* "file:line:col: text", or why it failed; NULL if OK */
	double cpu;	      /* seconds in the worker */
	uint64_t rss;	      /* bytes, the worker's peak so far */
	const void *blob;     /* what ir was mapped from (ir_write's form), freed by unit_free; may be NULL */
	uint64_t nblob;
	uint64_t nir;	      /* bytes of the blob that are the IR; behind it lie the reads */
	bool pure;	      /* the reads are all that the result depends on, beside command and parser */
};
struct front_opts {
	uint32_t jobs;	       /* 0: one a core */
	double unit_timeout;   /* seconds of CPU a unit may take; 0: 60 */
	uint64_t memory;       /* address space of a worker in bytes; 0: 4 GiB */
	bool verify;	       /* where headers were shared between units, parse without that too, and compare */
	void (*progress)(void *ctx, uint32_t done, uint32_t total, const char *file);
	void *ctx;
	/* A unit is done, in the caller's process; may take it, leaving *u zero. May be NULL. */
	void (*done)(void *ctx, const struct tu_cmd *cmd, struct unit *u);
	void *done_ctx;
	const volatile sig_atomic_t *stop; /* set to cancel: workers are killed and -1 returned */
};
/* Lowers every unit, in worker processes; units[i] belongs to db->tus[i], whatever the order of work.
 * 0, or -1 after error() (cannot start workers, cancelled). A unit that fails is told in its state. */
int front_lower_all(const struct compdb *db, const struct front_opts *o, struct unit *units);
void unit_free(struct unit *u);
/* The reads of a unit, one after the other, each path once: *at begins with 0. False behind the last. */
bool unit_read_next(const struct unit *u, uint64_t *at, struct read *out);
/* What all units depend on: the parser's files, and the environment in which it runs. Not libclang itself:
 * nothing is loaded. */
struct hash128 front_identity(void);

/* ---- one file that is being edited ---- */

/* A text that stands for what is on disk: an unsaved buffer. */
struct buffer {
	const char *path; /* normal, absolute */
	const char *text; /* size bytes and a NUL */
	size_t size;
};
/* A worker process that keeps the tree of one unit. None of these functions waits. */
struct live;
/* cmd is needed during the call only. NULL after error(). */
struct live *live_start(const struct tu_cmd *cmd, const struct front_opts *o);
int live_fd(const struct live *l); /* readable: live_receive() has something */
bool live_busy(const struct live *l); /* a text was sent, and its result has not come */
/* Lowers the unit anew with these buffers, which are copied. tag comes back with the result. 0, or -1 if it is
 * busy or gone. */
int live_send(struct live *l, const struct buffer *bufs, uint32_t nbuf, uint32_t tag);
/* 1: *u is the result for *tag, for unit_free(). 0: nothing yet. -1: the worker is gone. */
int live_receive(struct live *l, struct unit *u, uint32_t *tag);
/* Ends the worker and frees l. The process is left to be waited for. */
pid_t live_end(struct live *l);
/* The command for a file that the database lacks: that of the nearest entry. Needs at least one unit. */
void compdb_command(const struct compdb *db, const char *file, struct tu_cmd *cmd);

/* Can this machine parse at all: libclang loads, its headers are there. 0, or -1 after error(). Runs in a child. */
int front_probe(struct sb *version);
/* What keeps a process that parses from doing harm on this kernel, as a list in words. */
void front_sandbox(struct sb *out);

#endif
