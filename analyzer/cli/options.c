/* options.c - the command line against the tables.
 *
 * Options may stand before and after the command and its operands, as in git and cargo. The first
 * operand is the command if it is the name of one; otherwise the command is "check" and all are
 * files.
 */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>

#define ON(id) (1u << CMD_##id)
#define EVERY ((1u << CMD_COUNT) - 1)
#define PARSES (ANALYSES | ON(map))
#define ANALYSES (ON(check) | ON(baseline) | ON(history) | ON(query) | ON(why) | ON(tasks) | ON(locks) | ON(confirm) | ON(advise) | ON(doctor) | ON(validate) | ON(dump) | ON(lsp))
#define SETTINGS (ANALYSES | ON(config) | ON(map) | ON(link))

enum option_id {
#define OPTION(id, ...) OPT_##id,
#include "cli/options.def"
#undef OPTION
	OPT_COUNT
};

const struct option_row option_rows[] = {
#define OPTION(id, letter, name, arg, values, commands, common, doc)                               \
	{letter, name, arg, values, commands, common, doc},
#include "cli/options.def"
#undef OPTION
};
const uint32_t noption = OPT_COUNT;

/* ---- values ---- */

void put_values(struct sb *out, const struct option_row *o, const char *sep)
{
	if (!o->values)
		return;
	if (!strcmp(o->values, "@format")) {
		for (const struct format *f = formats; f->name; f++)
			sb_printf(out, "%s%s", f == formats ? "" : sep, f->name);
		return;
	}
	if (*o->values == '@')
		return;
	for (const char *p = o->values; *p;) {
		size_t n = strcspn(p, " ");

		sb_putn(out, p, n);
		p += n;
		if (*p) {
			sb_puts(out, sep);
			p++;
		}
	}
}

/* Position of val among the values of an option; -1 after error(). */
static int choose(const struct option_row *o, const char *val)
{
	struct sb words = {0}, list = {0};
	const char *names[32], *near;
	int n = 0, found = -1;

	put_values(&words, o, " ");
	put_values(&list, o, ", ");
	for (char *save, *p = strtok_r(words.s, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		if (!strcmp(p, val))
			found = n;
		names[n++] = p;
	}
	if (found < 0) {
		near = str_nearest(val, names, (size_t)n);
		error("--%s cannot be '%s'%s%s%s (one of %s)", o->name, val,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", list.s);
	}
	sb_free(&words);
	sb_free(&list);
	return found;
}

static int set_number(uint32_t *to, const struct option_row *o, const char *val, uint32_t max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(val, &end, 10);
	if (*val < '0' || *val > '9' || *end || errno || !n || n > max)
		return error("--%s cannot be '%s': a number from 1 to %u", o->name, val, max);
	*to = (uint32_t)n;
	return 0;
}

/* FORMAT or FORMAT=FILE; "-" is standard output. */
static int add_output(struct cli *c, const struct option_row *o, const char *arg)
{
	char *val = xstrdup(arg); /* lives as long as the tool: ps shows argv as it was */
	char *path = strchr(val, '=');
	int which;

	if (path)
		*path++ = '\0';
	if (path && !*path)
		return error("--format %s= names no file", val);
	if (path && !strcmp(path, "-"))
		path = NULL;
	which = choose(o, val);
	if (which < 0)
		return -1;
	if (c->nout == MAX_OUTPUTS)
		return error("more than %d times --format", MAX_OUTPUTS);
	for (uint32_t i = 0; i < c->nout; i++) {
		if (!path && !c->outs[i].path)
			return error("two formats on standard output: write one to a file, as in "
				     "--format %s=FILE",
				val);
		if (path && c->outs[i].path && !strcmp(path, c->outs[i].path))
			return error("two formats in one file, '%s'", path);
	}
	c->outs[c->nout++] = (struct output){&formats[which], path};
	return 0;
}

int cli_add_format(struct cli *c, const char *arg)
{
	return add_output(c, &option_rows[OPT_FORMAT], arg);
}

bool cli_said(const struct cli *c, const char *option)
{
	for (uint32_t i = 0; i < noption; i++)
		if (!strcmp(option_rows[i].name, option))
			return c->said >> i & 1;
	return false;
}

static int set_option(struct cli *c, enum option_id id, char *val)
{
	const struct option_row *o = &option_rows[id];
	uint32_t seconds = 0, mb = 0;
	int which = 0;

	if (o->values && *o->values != '@' && (which = choose(o, val)) < 0)
		return -1;
	switch (id) {
	case OPT_BUILD_DIR:
		c->pipe.db.build_dir = val;
		break;
	case OPT_JOBS:
		return set_number(&c->pipe.front.jobs, o, val, 1024);
	case OPT_TIMEOUT:
		if (set_number(&seconds, o, val, 86400) < 0)
			return -1;
		c->pipe.front.unit_timeout = seconds;
		break;
	case OPT_MEMORY:
		if (set_number(&mb, o, val, 1 << 20) < 0)
			return -1;
		if (mb < 768)
			return error("--memory cannot be '%s': a worker needs 768 to begin", val);
		c->pipe.front.memory = (uint64_t)mb << 20;
		break;
	case OPT_FORMAT:
		return add_output(c, o, val);
	case OPT_ALL:
		c->pipe.all = true;
		break;
	case OPT_FAIL_ON:
		c->fail_on = which;
		break;
	case OPT_TRACE:
		c->trace = val;
		break;
	case OPT_NEW_FROM:
		c->new_from = val;
		break;
	case OPT_BASELINE:
		c->baseline = val;
		break;
	case OPT_NO_BASELINE:
		c->no_baseline = true;
		break;
	case OPT_CONFIG:
		c->config_file = val;
		break;
	case OPT_SCHEMA:
		c->schema = true;
		break;
	case OPT_TSAN:
		if (c->nrunlog == MAX_RUNLOGS)
			return error("more than %d times --tsan", MAX_RUNLOGS);
		c->runlogs[c->nrunlog++] = val;
		break;
	case OPT_ATTRIBUTES:
		c->attributes = true;
		break;
	case OPT_SHARD:
		c->shard = val;
		break;
	case OPT_OUT:
		c->out_dir = val;
		break;
	case OPT_ROOT:
		c->pipe.root = val;
		break;
	case OPT_VERIFY_FRONT:
		c->pipe.front.verify = true;
		break;
	case OPT_NO_CACHE:
		c->pipe.no_cache = true;
		break;
	case OPT_CACHE:
		c->pipe.cache_dir = val;
		break;
	case OPT_FIX:
		c->fix = true;
		break;
	case OPT_DIFF:
		c->diff = true;
		break;
	case OPT_COLOR:
		c->color = (enum color_when)which;
		break;
	case OPT_QUIET:
		c->quiet = true;
		break;
	case OPT_VERBOSE:
		c->verbose = true;
		break;
	case OPT_PROFILE:
		c->profile = true;
		c->profile_to = val;
		spans_on();
		break;
	case OPT_COMPLETION:
	case OPT_MAN:
	case OPT_VERSION:
	case OPT_HELP:
	case OPT_COUNT: /* answered in cli_parse() */
		break;
	}
	return 0;
}

/* ---- errors ---- */

static int unknown_option(const char *arg)
{
	const char *names[OPT_COUNT], *near;
	struct sb word = {0};

	for (int i = 0; i < OPT_COUNT; i++)
		names[i] = option_rows[i].name;
	if (!str_starts(arg, "--")) {
		error("no option '%s'; see tvt-lint --help", arg);
		return EXIT_TROUBLE;
	}
	sb_putn(&word, arg + 2, strcspn(arg + 2, "="));
	near = str_nearest(word.n ? word.s : "", names, COUNT(names));
	if (near)
		error("no option '--%s'; did you mean '--%s'?", word.s, near);
	else
		error("no option '%s'; see tvt-lint --help", arg);
	sb_free(&word);
	return EXIT_TROUBLE;
}

const struct command *command_find(const char *name)
{
	for (int i = 0; i < CMD_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* The first operand is no command: a file then, or a slip. */
static int check_operand(const char *arg)
{
	const char *names[CMD_COUNT], *near;

	for (int i = 0; i < CMD_COUNT; i++)
		names[i] = commands[i].name;
	near = str_nearest(arg, names, CMD_COUNT);
	if (fs_is_file(arg) || fs_is_dir(arg) || strpbrk(arg, "/."))
		return 0; /* whether it can be read is said when it is */
	if (near)
		return error("no command and no file '%s'; did you mean '%s'?", arg, near);
	return error("no command and no file '%s'; see tvt-lint --help", arg);
}

/* ---- the whole ---- */

static struct option *long_options(char *letters)
{
	static struct option longs[OPT_COUNT + 1];
	char *p = letters;

	/* '-': operands come in order, whatever POSIXLY_CORRECT says; ':': a missing value is told
	 * apart */
	*p++ = '-';
	*p++ = ':';
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_row *o = &option_rows[i];

		longs[i] = (struct option){
			o->name, !o->arg ? no_argument : *o->arg == '[' ? optional_argument : required_argument, NULL, 256 + i};
		if (o->letter)
			*p++ = o->letter;
		if (o->letter && o->arg)
			*p++ = ':';
	}
	*p = '\0';
	return longs;
}

static int option_of(int got)
{
	if (got >= 256)
		return got - 256;
	for (int i = 0; i < OPT_COUNT; i++)
		if (option_rows[i].letter && option_rows[i].letter == got)
			return i;
	return -1;
}

/* Options that are answered at once, whatever else is said. The last of them wins. */
static int answer(enum option_id id, const char *val, const struct command *cmd)
{
	struct sb out = {0};

	if (id == OPT_VERSION)
		sb_puts(&out, "tvt-lint " TVT_VERSION "\n");
	else if (id == OPT_MAN)
		man_print(&out);
	else if (id == OPT_COMPLETION) {
		if (complete_print(&out, val) < 0)
			return EXIT_TROUBLE;
	} else
		help_print(&out, cmd);
	return stdout_sb(&out);
}

int cli_parse(struct cli *c, int argc, char **argv)
{
	char letters[3 * OPT_COUNT + 3];
	const struct option *longs = long_options(letters);
	int got, ask = OPT_COUNT;
	const char *asked = NULL;

	*c = (struct cli){.fail_on = LEVEL_WARNING, .pipe.confidence = CONF_MEDIUM};
	c->args = xcalloc((size_t)argc + 1, sizeof *c->args);
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		int id;

		if (got == 1) {
			c->args[c->narg++] = optarg;
			continue;
		}
		if (got == ':') {
			error("'%s' needs a value", argv[optind - 1]);
			return EXIT_TROUBLE;
		}
		if (got == '?' && optopt >= 256) {
			error("--%s takes no value", option_rows[optopt - 256].name);
			return EXIT_TROUBLE;
		}
		if (got == '?') {
			char letter[] = {'-', (char)optopt, '\0'};

			return unknown_option(optopt ? letter : argv[optind - 1]);
		}
		id = option_of(got);
		if (set_option(c, (enum option_id)id, optarg) < 0)
			return EXIT_TROUBLE;
		c->said |= UINT64_C(1) << id;
		if (id == OPT_COMPLETION || id == OPT_MAN || id == OPT_VERSION || id == OPT_HELP) {
			ask = id;
			asked = optarg;
		}
	}
	while (optind < argc)
		c->args[c->narg++] = argv[optind++];

	c->cmd = c->narg ? command_find(c->args[0]) : NULL;
	if (c->cmd) {
		c->args++;
		c->narg--;
	} else if (c->narg && str_starts(c->args[0], "help") && !c->args[0][4]) {
		/* an old habit */
		ask = OPT_HELP;
		c->cmd = c->narg > 1 ? command_find(c->args[1]) : NULL;
		if (c->narg > 1 && !c->cmd) {
			check_operand(c->args[1]);
			return EXIT_TROUBLE;
		}
	}
	if (ask != OPT_COUNT)
		return answer((enum option_id)ask, asked, c->cmd);
	if (!c->cmd) {
		if (c->narg && check_operand(c->args[0]) < 0)
			return EXIT_TROUBLE;
		c->cmd = &commands[CMD_check];
	}
	for (int i = 0; i < OPT_COUNT; i++) {
		if (c->said >> i & 1 && !(option_rows[i].commands >> (c->cmd - commands) & 1)) {
			error("--%s has no meaning for 'tvt-lint %s'", option_rows[i].name,
				c->cmd->name);
			return EXIT_TROUBLE;
		}
	}
	if (c->fix && c->diff) {
		error("--diff changes nothing, --fix does: one of them");
		return EXIT_TROUBLE;
	}
	if (!*c->cmd->operands && c->narg) {
		error("'tvt-lint %s' takes no operand: '%s'", c->cmd->name, c->args[0]);
		return EXIT_TROUBLE;
	}
	if ((SETTINGS & ~ON(lsp)) >> (c->cmd - commands) & 1 && !c->schema && cli_settings(c) < 0)
		return EXIT_TROUBLE;
	return -1;
}
