/* man.c - the manual page, in the macros of man(7), from the tables and a few sections of text. */
#include "cli/cli.h"

static const char *const statuses[][2] = {
	{"0", "Nothing was found at or above the level of --fail-on."},
	{"1", "There are findings."},
	{"2", "The command line or a file is wrong, files could not be analysed, or the report "
	      "could not be "
	      "written."},
};
static const char *const environment[][2] = {
	{"NO_COLOR", "If set and not empty, no colours. --color wins."},
	{"FORCE_COLOR, CLICOLOR_FORCE",
		"If set and not 0, colours even if the output is no terminal."},
	{"CI", "If set, no progress bar."},
	{"TVT_LINT_DATA",
		"The directory that holds models and pages, if they are not where the tool was "
		"installed."},
};
static const char *const files[][2] = {
	{"compile_commands.json",
		"How each file is compiled. Looked for in the current directory and those above, "
		"in their build directories, and in build* and cmake-build-* of the root."},
	{".tvt/*.model", "What the functions of your own project mean, in the language of the "
			 "tool's models."},
};
static const char *const examples[][2] = {
	{"tvt-lint", "Analyse the project that the current directory belongs to."},
	{"tvt-lint src/net", "The same, but report only what lies below src/net."},
	{"tvt-lint --format sarif=tvt.sarif --format github",
		"In CI: a report to upload, and annotations."},
	{"tvt-lint explain blocking-call-in-task", "What a rule finds and what to do instead."},
};

/* Text in roff: a hyphen is one, and nothing is a request or an escape. Lines are kept short. */
static void put(struct sb *out, const char *s)
{
	int col = 0;

	for (; *s; s++, col++) {
		if (col == 0 && (*s == '.' || *s == '\''))
			sb_puts(out, "\\&");
		if (*s == '\\') {
			sb_puts(out, "\\e");
		} else if (*s == '-') {
			sb_puts(out, "\\-");
		} else if (*s == ' ' && col + (int)strcspn(s + 1, " ") > 64) {
			sb_putc(out, '\n');
			col = -1;
		} else {
			sb_putc(out, *s);
		}
	}
}

static void put_bold(struct sb *out, const char *s)
{
	sb_puts(out, "\\fB");
	put(out, s);
	sb_puts(out, "\\fR");
}

static void put_tagged(struct sb *out, const char *const (*rows)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sb_puts(out, ".TP\n");
		put_bold(out, rows[i][0]);
		sb_putc(out, '\n');
		put(out, rows[i][1]);
		sb_putc(out, '\n');
	}
}

static void put_commands(struct sb *out)
{
	sb_puts(out, ".SH COMMANDS\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		sb_puts(out, ".TP\n");
		put_bold(out, commands[i].name);
		if (*commands[i].operands) {
			sb_puts(out, " \\fI");
			put(out, commands[i].operands);
			sb_puts(out, "\\fR");
		}
		sb_putc(out, '\n');
		put(out, commands[i].text);
		sb_putc(out, '\n');
	}
}

static void put_options(struct sb *out)
{
	const uint32_t every = (1u << CMD_COUNT) - 1;

	sb_puts(out, ".SH OPTIONS\n");
	for (uint32_t i = 0; i < noption; i++) {
		const struct option_row *o = &option_rows[i];
		struct sb values = {0};
		const char *sep = "\n(";

		sb_puts(out, ".TP\n");
		if (o->letter)
			sb_printf(out, "\\fB\\-%c\\fR, ", o->letter);
		sb_puts(out, "\\fB\\-\\-");
		put(out, o->name);
		sb_puts(out, "\\fR");
		if (o->arg)
			sb_printf(out, *o->arg == '[' ? "\\fI%s\\fR" : " \\fI%s\\fR", o->arg);
		sb_putc(out, '\n');
		put(out, o->doc);
		put_values(&values, o, ", ");
		if (values.n) {
			sb_puts(out, ";\none of ");
			put(out, values.s);
		}
		sb_free(&values);
		uint32_t nname = 0;
		for (int k = 0; k < CMD_COUNT && o->commands != every; k++) {
			if (!(o->commands >> k & 1))
				continue;
			sb_printf(out, "%s%s", sep, commands[k].name);
			sep = ++nname % 8 ? ", " : ",\n"; /* lines of roff are short */
		}
		sb_puts(out, *sep == ',' ? ")\n" : "\n");
	}
}

static void put_formats(struct sb *out)
{
	sb_puts(out, ".SH FORMATS\n");
	for (const struct format *f = formats; f->name; f++) {
		const char *row[1][2] = {{f->name, f->doc}};

		put_tagged(out, row, 1);
	}
}

void man_print(struct sb *out)
{
	/* no date: the page is the same for everyone who builds it */
	sb_puts(out,
		".TH TVT\\-LINT 1 \"\" \"tvt\\-lint " TVT_VERSION "\" \"User Commands\"\n"
		".SH NAME\n"
		"tvt\\-lint \\- find blocking calls and races in event\\-driven C programs\n"
		".SH SYNOPSIS\n"
		".B tvt\\-lint\n"
		"[\\fICOMMAND\\fR] [\\fIOPTION\\fR]... [\\fIFILE\\fR|\\fIDIR\\fR]...\n"
		".SH DESCRIPTION\n"
		"tvt\\-lint reads the C files of a project as one program,\n"
		"finds out which functions run on which event loop or thread,\n"
		"and reports calls that block a loop, data that two threads use\n"
		"at once, and computations that keep a loop busy.\n"
		"Each finding comes with the chain of calls that leads to it.\n"
		"What it could not know is counted in the summary.\n"
		".PP\n"
		"A finding is silenced by a comment on its line, or alone on the line before:\n"
		"\\fB// tvt: allow(\\fIrule\\fB) \\fIreason\\fR.\n");
	put_commands(out);
	put_options(out);
	put_formats(out);
	sb_puts(out, ".SH EXIT STATUS\n");
	put_tagged(out, statuses, COUNT(statuses));
	sb_puts(out, ".SH ENVIRONMENT\n");
	put_tagged(out, environment, COUNT(environment));
	sb_puts(out, ".SH FILES\n");
	put_tagged(out, files, COUNT(files));
	sb_puts(out, ".SH EXAMPLES\n");
	put_tagged(out, examples, COUNT(examples));
}
