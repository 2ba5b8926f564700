/* github.c - annotations of a GitHub workflow: ::warning file=,line=,col=,title=::message
 *
 * GitHub shows ten annotations of a kind a step and drops the rest without a word. So the worst
 * come first, and a notice says how many there are more.
 */
#include "report/report_int.h"

enum { SHOWN = 10 };

/* "%", CR and LF would end the command; in properties also ":" and ",". */
static void put_data(struct sb *out, const char *s, const char *also)
{
	for (; *s; s++) {
		if (*s == '%' || *s == '\r' || *s == '\n' || strchr(also, *s))
			sb_printf(out, "%%%02X", (unsigned char)*s);
		else
			sb_putc(out, *s);
	}
}

static void put_property(struct sb *out, const char *key, const char *val)
{
	struct sb safe = {0};

	put_escaped(&safe, val);
	sb_printf(out, "%s=", key);
	put_data(out, safe.s ? safe.s : "", ":,");
	sb_free(&safe);
}

static void put_finding(struct sb *out, const struct finding *f)
{
	static const char *const command[] = {"notice", "warning", "error"};
	struct sb text = {0};

	sb_printf(out, "::%s ", command[f->level]);
	if (has_file(&f->at)) {
		put_property(out, "file", f->at.file);
		sb_printf(out, ",line=%u,", f->at.line ? f->at.line : 1);
		if (f->at.col)
			sb_printf(out, "col=%u,", f->at.col);
	}
	put_property(out, "title", f->rule);
	sb_puts(out, "::");
	put_plain(&text, f);
	put_data(out, text.s ? text.s : "", "");
	sb_putc(out, '\n');
	sb_free(&text);
}

void write_github(const struct report_in *in, struct sb *out)
{
	uint32_t shown = 0, total = 0;

	for (int level = LEVEL_ERROR; level >= LEVEL_NOTE; level--) {
		for (uint32_t i = 0; i < in->nfinding; i++) {
			const struct finding *f = &in->findings[i];

			if (finding_quiet(f) || (int)f->level != level)
				continue;
			total++;
			if (shown == SHOWN)
				continue;
			shown++;
			put_finding(out, f);
		}
	}
	if (total > shown)
		sb_printf(out, "::notice title=tvt-lint::%u more findings are not shown here\n",
			total - shown);
}
