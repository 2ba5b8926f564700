/* complete.c - completions for bash, zsh and fish, from the tables. Rules are asked of the tool
 * itself, so that a completion stays right when rules come and go.
 */
#include "cli/cli.h"

/* An optional value is behind a "=": nothing is completed there. */
#define TAKES(o) ((o)->arg && *(o)->arg != '[')

/* The first words of the list of rules. */
#define RULES "tvt-lint rules 2>/dev/null | sed -n 's/^  [ *] \\([a-z0-9-]*\\) .*/\\1/p'"

/* ---- bash ---- */

static void put_words(struct sb *out, uint32_t command_bits)
{
	for (uint32_t i = 0; i < noption; i++)
		if (option_rows[i].commands & command_bits)
			sb_printf(out, " --%s", option_rows[i].name);
}

static void bash(struct sb *out)
{
	sb_puts(out,
		"# bash completion for tvt-lint\n"
		"_tvt_lint()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= w\n"
		"\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		"\t\tcase $w in\n\t\t");
	for (int i = 0; i < CMD_COUNT; i++)
		sb_printf(out, "%s%s", i ? "|" : "", commands[i].name);
	sb_puts(out, ") cmd=$w; break ;;\n\t\tesac\n\tdone\n\tcase $prev in\n");
	for (uint32_t i = 0; i < noption; i++) {
		const struct option_row *o = &option_rows[i];

		if (!TAKES(o))
			continue;
		sb_puts(out, "\t");
		if (o->letter)
			sb_printf(out, "-%c|", o->letter);
		sb_printf(out, "--%s) ", o->name);
		if (o->values && !strcmp(o->values, "@dir")) {
			sb_puts(out, "mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
		} else if (o->values) {
			sb_puts(out, "mapfile -t COMPREPLY < <(compgen -W '");
			put_values(out, o, " ");
			sb_puts(out, "' -- \"$cur\")");
		}
		sb_puts(out, o->values ? "; return ;;\n" : "return ;;\n");
	}
	sb_puts(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tcase $cmd in\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		sb_printf(out, "\t\t%s) w='", commands[i].name);
		put_words(out, 1u << i);
		sb_puts(out, "' ;;\n");
	}
	sb_puts(out, "\t\t*) w='");
	put_words(out, UINT32_MAX);
	sb_puts(out, "' ;;\n\t\tesac\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$w\" -- "
		     "\"$cur\")\n\t\treturn\n\tfi\n"
		     "\tcase $cmd in\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		const char *values = commands[i].values;

		sb_printf(out, "\t%s) mapfile -t COMPREPLY < <(compgen ", commands[i].name);
		if (!strcmp(values, "@rule"))
			sb_puts(out, "-W \"$(" RULES ")\"");
		else if (!strcmp(values, "@file"))
			sb_puts(out, "-f");
		else
			sb_printf(out, "-W '%s'", values);
		sb_puts(out, " -- \"$cur\") ;;\n");
	}
	sb_puts(out, "\t*) mapfile -t COMPREPLY < <(compgen -f -W '");
	for (int i = 0; i < CMD_COUNT; i++)
		sb_printf(out, "%s%s", i ? " " : "", commands[i].name);
	sb_puts(out, "' -- \"$cur\") ;;\n\tesac\n}\ncomplete -o filenames -F _tvt_lint tvt-lint\n");
}

/* ---- zsh ---- */

/* Inside '...' and a specification of _arguments. */
static void put_zsh(struct sb *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			sb_puts(out, "'\\''");
		else if (strchr("[]:", *s))
			sb_printf(out, "\\%c", *s);
		else
			sb_putc(out, *s);
	}
}

static void zsh_option(struct sb *out, const struct option_row *o)
{
	bool many = o->values && !strcmp(o->values, "@format");

	for (int form = o->letter ? 0 : 1; form < 2; form++) {
		sb_puts(out, many ? "\t\t'*" : "\t\t'");
		if (form)
			sb_printf(out, "--%s%s[", o->name, TAKES(o) ? "=" : "");
		else
			sb_printf(out, "-%c%s[", o->letter, TAKES(o) ? "+" : "");
		put_zsh(out, o->doc);
		sb_putc(out, ']');
		if (TAKES(o)) {
			sb_puts(out, ":");
			put_zsh(out, o->arg);
			sb_puts(out, ":");
			if (o->values && !strcmp(o->values, "@dir")) {
				sb_puts(out, "_files -/");
			} else if (o->values) {
				sb_putc(out, '(');
				put_values(out, o, " ");
				sb_putc(out, ')');
			}
		}
		sb_puts(out, "' \\\n");
	}
}

static void zsh(struct sb *out)
{
	sb_puts(out, "#compdef tvt-lint\n_tvt_lint() {\n\tlocal -a commands=(\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		sb_printf(out, "\t\t'%s:", commands[i].name);
		put_zsh(out, commands[i].title);
		sb_puts(out, "'\n");
	}
	sb_puts(out, "\t)\n\t_arguments -s -S \\\n");
	for (uint32_t i = 0; i < noption; i++)
		zsh_option(out, &option_rows[i]);
	sb_puts(out, "\t\t'1: :->first' \\\n\t\t'*: :->rest'\n"
		     "\tcase $state in\n"
		     "\tfirst) _describe command commands; _files ;;\n"
		     "\trest)\n\t\tcase ${words[(r)(");
	for (int i = 0; i < CMD_COUNT; i++)
		sb_printf(out, "%s%s", i ? "|" : "", commands[i].name);
	sb_puts(out, ")]} in\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		const char *values = commands[i].values;

		if (!strcmp(values, "@rule"))
			values = "$(" RULES ")";
		if (*values && *values != '@')
			sb_printf(out, "\t\t%s) compadd -- %s; _files ;;\n", commands[i].name,
				values);
	}
	sb_puts(out, "\t\t*) _files ;;\n\t\tesac ;;\n\tesac\n}\n_tvt_lint \"$@\"\n");
}

/* ---- fish ---- */

static void put_fish(struct sb *out, const char *s)
{
	sb_putc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			sb_putc(out, '\\');
		sb_putc(out, *s);
	}
	sb_putc(out, '\'');
}

static void fish(struct sb *out)
{
	const uint32_t every = (1u << CMD_COUNT) - 1;

	sb_puts(out, "# fish completion for tvt-lint\n");
	for (int i = 0; i < CMD_COUNT; i++) {
		const char *words = commands[i].values;

		sb_printf(out, "complete -c tvt-lint -n __fish_use_subcommand -a %s -d ",
			commands[i].name);
		put_fish(out, commands[i].title);
		sb_putc(out, '\n');
		if (!strcmp(commands[i].values, "@rule"))
			words = "(" RULES ")";
		if (*words && *words != '@')
			sb_printf(out,
				"complete -c tvt-lint -f -n '__fish_seen_subcommand_from %s' -a "
				"\"%s\"\n",
				commands[i].name, words);
	}
	for (uint32_t i = 0; i < noption; i++) {
		const struct option_row *o = &option_rows[i];

		sb_puts(out, "complete -c tvt-lint");
		if (o->commands != every &&
			!(o->commands & 1)) { /* those of "check" hold without a command too */
			sb_puts(out, " -n '__fish_seen_subcommand_from");
			for (int k = 0; k < CMD_COUNT; k++)
				if (o->commands >> k & 1)
					sb_printf(out, " %s", commands[k].name);
			sb_putc(out, '\'');
		}
		if (o->letter)
			sb_printf(out, " -s %c", o->letter);
		sb_printf(out, " -l %s", o->name);
		if (TAKES(o) && o->values && !strcmp(o->values, "@dir")) {
			sb_puts(out, " -x -a '(__fish_complete_directories)'");
		} else if (TAKES(o)) {
			sb_puts(out, " -x");
			if (o->values) {
				sb_puts(out, " -a '");
				put_values(out, o, " ");
				sb_putc(out, '\'');
			}
		}
		sb_puts(out, " -d ");
		put_fish(out, o->doc);
		sb_putc(out, '\n');
	}
}

int complete_print(struct sb *out, const char *shell)
{
	static const struct {
		const char *name;
		void (*print)(struct sb *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < COUNT(shells); i++) {
		if (strcmp(shells[i].name, shell))
			continue;
		shells[i].print(out);
		return 0;
	}
	return error("no completion for '%s'", shell);
}
