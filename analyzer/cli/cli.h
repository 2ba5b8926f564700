/* cli.h - the command line: what it says, and the commands.
 *
 * Two tables make everything: commands.def and options.def. Parsing, --help, the manual page and
 * the completions are loops over them, so that none of these can differ from another.
 */
#ifndef TVT_CLI_H
#define TVT_CLI_H

#include "pipeline.h"
#include "report/report.h"

enum exit_status {
	EXIT_CLEAN = 0,	  /* nothing at or above --fail-on */
	EXIT_FOUND = 1,	  /* findings */
	EXIT_TROUBLE = 2, /* usage, configuration, files that could not be analysed, no output */
};

enum command_id {
#define COMMAND(id, name, operands, values, title, text) CMD_##id,
#include "cli/commands.def"
#undef COMMAND
	CMD_COUNT
};

struct output {
	const struct format *format;
	const char *path; /* NULL: standard output */
};
enum { MAX_OUTPUTS = 16, MAX_RUNLOGS = 64, NEVER_FAIL = LEVEL_ERROR + 1 };

/* What the command line says. Strings are those of argv. */
struct cli {
	const struct command *cmd;
	const char **args; /* operands behind the command; ends with NULL */
	uint32_t narg;
	struct pipeline_opts pipe;
	struct output outs[MAX_OUTPUTS];
	uint32_t nout;
	enum color_when color;
	int fail_on; /* enum level, or NEVER_FAIL */
	const char *shard, *out_dir; /* of map, or NULL */
	const char *profile_to; /* --profile=FILE, or NULL */
	const char *trace; /* --trace: a file, or NULL */
	const char *runlogs[MAX_RUNLOGS]; /* of confirm */
	uint32_t nrunlog;
	bool every; /* confirm: what the run did not show is shown at every confidence */
	bool quiet, verbose, profile;
	bool catches; /* the command has redirected messages */
	uint64_t said;		    /* bits of the options that were given */
	struct config *config;	    /* NULL: the command has no use for settings */
	const char *config_file, *baseline, *new_from;
	bool no_baseline;
	bool schema, attributes;
	bool fix, diff;
};

struct command {
	const char *name;
	const char *operands;		   /* "[FILE|DIR]...", or "" */
	const char *values;		   /* of the operands: "@rule", "@file", words, or "" */
	const char *title;		   /* a clause */
	const char *text;		   /* sentences for its help and the manual page */
	int (*run)(const struct cli *cli); /* an exit status */
};
extern const struct command commands[CMD_COUNT]; /* main.c */
const struct command *command_find(const char *name);

/* ---- options.c ---- */

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *arg;    /* "DIR"; NULL: takes none */
	const char *values; /* words, or one of "@dir", "@file", "@format"; NULL: anything */
	uint32_t commands;  /* bits 1 << CMD_*: where it has a meaning */
	bool common;	    /* shown in the general help */
	const char *doc;    /* a clause */
};
extern const struct option_row option_rows[];
extern const uint32_t noption;
/* -1: go on and run c->cmd; else the exit status (help, version, or after error()). */
int cli_parse(struct cli *c, int argc, char **argv);

/* What an option row would set, as `--format` says it; for settings. -1 after error(). */
int cli_add_format(struct cli *c, const char *arg);
bool cli_said(const struct cli *c, const char *option);

/* ---- settings.c ---- */

/* Reads the .tvt-lint of the project and takes from it what the command line does not say. 0, or -1 after error(). */
int cli_settings(struct cli *c);
/* A project's settings, and links in it, come from whoever made it: they may have files written below dir alone. 0, or
 * -1 after error(): path leads elsewhere. */
int cli_writes_below(const char *dir, const char *path);
/* Names for messages: every rule, every format; kept. */
const struct config_names *cli_names(void);

/* ---- profile.c ---- */

/* What was noted for --profile. a: as far as it got; rc as pipeline_run() returned it. 0, or -1 after error(). */
int profile_write(const struct cli *c, const struct analysis *a);

/* ---- answer.c: what a run said, kept until something changes ---- */

struct answer;
/* NULL: this run is one that is never kept. Sets pipe->known. */
struct answer *answer_new(struct cli *c);
void answer_keep(struct answer *w, const struct analysis *a, struct report_in *in, int status);
int answer_say(struct answer *w); /* an exit status; the analysis was answered */
void answer_free(struct answer *w);

/* ---- compare.c ---- */

/* Compares the findings with the baseline or the merge base, whichever is asked for, and sets a->run.compared.
 * -1: go on; else an exit status after error(). */
struct since;
const char *cli_baseline(const struct cli *c, const struct analysis *a); /* path; lives as long as a */
int cli_compare(const struct cli *c, struct analysis *a, struct since *s);

/* ---- cmd_history.c ---- */

/* Adds the run to the history, if one is kept, and sets a->run.past. A failure is only told: it changes no result. */
void cli_remember(const struct cli *c, struct analysis *a);
bool cli_remembers(const struct cli *c, const char *root); /* would it? */

/* ---- help.c, man.c, complete.c: made from the tables ---- */

void help_print(struct sb *out, const struct command *cmd); /* cmd NULL: the whole tool */
void man_print(struct sb *out);				    /* man(7) */
int complete_print(struct sb *out, const char *shell);	    /* -1: no such shell */
/* "full, concise, json": the values of an option. */
void put_values(struct sb *out, const struct option_row *o, const char *sep);

/* ---- terminal.c ---- */

/* Columns of the terminal on fd; 80 if it is none or does not say. */
unsigned terminal_width(int fd);
/* Writes to standard output. A reader that went away ends the tool without a word, as it does
 * others; any other failure is -1 after error(). */
int stdout_write(const char *s, size_t n);
/* Prints and frees. An exit status: EXIT_CLEAN or EXIT_TROUBLE. */
int stdout_sb(struct sb *out);
/* Ctrl-C and SIGTERM set *interrupt_flag() from now on; a second one, or a second without an
 * answer, ends the tool at once. */
void interrupt_catch(void);
const volatile sig_atomic_t *interrupt_flag(void);
/* If one came, ends the tool by that signal (a shell then sees 128 + its number); else returns. */
void interrupt_die(void);
/* A bar on standard error, if that is a terminal and nobody said CI or -q. To be used as
 * front_opts.progress. */
bool progress_wanted(bool quiet);
void progress_show(void *ctx, uint32_t done, uint32_t total, const char *file);
void progress_stage(void *ctx, enum stage s); /* as pipeline_opts.begin */
void progress_clear(void);
/* Sink for diag_redirect(): as without one, but wipes the bar first. */
void progress_message(void *ctx, const char *level, const char *msg);

/* ---- page.c, markdown.c ---- */

/* The page of a rule, Markdown; NULL if there is none. Kept; a file is read once. */
const char *page_text(const char *rule);
const char *page_url(const char *rule); /* file:// of that page, or NULL */
/* Markdown for a terminal: bold headings, wrapped text, code indented. */
void markdown_render(struct sb *out, const char *text, unsigned width, bool color);

/* ---- cmd_*.c ---- */

/* Runs the stages up to one for c, with a progress bar. On failure an exit status after error();
 * -1: go on. */
int cli_analyse(const struct cli *c, enum stage until, struct analysis *a);
/* The same, for those who have to tidy up before they call interrupt_die(). */
int cli_run(const struct cli *c, enum stage until, struct analysis *a);
/* Lowers some units of a database: units[i] is that of db->tus[which[i]]. 0, or -1 after error().
 */
int cli_lower_some(const struct cli *c, const struct compdb *db, const uint32_t *which, uint32_t n,
	struct unit *units);

/* ---- child.c ---- */

/* Where a program of the tool's own is: beside this one, or in that folder of the build; else its name, for PATH. */
const char *child_program(struct arena *mem, const char *name, const char *folder);
/* Runs it and adds what it prints to out. Its exit status, or -1 after error(). */
int child_output(const char *const *argv, struct sb *out);

/* Lowers all units of a database, with the cache; done as in pipeline_lower(). 0, or -1 after error(). */
int cli_lower(const struct cli *c, const struct compdb *db, void (*done)(void *ctx, uint32_t i, struct unit *u),
	void *ctx);

/* ---- trace_join.c ---- */

/* Joins the record of a run to the findings: a note to each of a family that a run can show, those that cost most
 * first; and what the run saw that is no finding, into a->run.seen. 0, or -1 after error(). */
int trace_join(struct analysis *a, const char *file);

/* ---- cmd_confirm.c ---- */

/* Joins the logs that were given to the findings, as trace_join(). 0, or -1 after error(). */
int confirm_join(struct analysis *a, const struct cli *c);

/* ---- place.c: what analysis knows, in words. Names from the program are escaped. ---- */

void put_loc(struct sb *out, const struct analysis *a, uint32_t loc); /* src/a.c:4:5 */
void put_op_place(struct sb *out, const struct analysis *a, uint32_t op);
void put_fn(struct sb *out, const struct analysis *a, uint32_t fn);
/* Functions of that name (at most max are stored); 0 after error() with the nearest name. */
uint32_t cli_find_fns(const struct analysis *a, const char *name, uint32_t *fns, uint32_t max);

#define COMMAND(id, name, operands, values, title, text) int cmd_##id(const struct cli *c);
#include "cli/commands.def"
#undef COMMAND

#endif
