/* plain.c - chains, and a finding in a few lines of plain text for formats that have one field for
 * it. */
#include "report/report_int.h"

uint32_t count_chars(const char *s, size_t n)
{
	uint32_t chars = 0;

	for (size_t i = 0; i < n; i++)
		chars += (s[i] & 0xC0) != 0x80;
	return chars;
}

bool put_chain(struct sb *out, const struct trace *t, uint32_t indent, uint32_t width)
{
	uint32_t col = indent;
	const char *arrow = "";
	bool pointer = false;

	for (uint32_t i = 0; i < t->nstep; i++) {
		const struct trace_step *s = &t->steps[i];
		struct sb item = {0};
		uint32_t chars;

		if (s->role != STEP_CALL && s->role != STEP_JUMP && s->role != STEP_SITE)
			continue;
		sb_puts(&item, arrow);
		put_escaped(&item, s->fn);
		sb_puts(&item, s->fn ? " (" : "(");
		put_short_place(&item, &s->at);
		sb_putc(&item, ')');
		chars = count_chars(item.s, item.n);
		if (*arrow && col + 1 + chars > width) {
			sb_printf(out, "\n%*s", (int)indent, "");
			col = indent;
		} else if (*arrow) {
			sb_putc(out, ' ');
			col++;
		}
		sb_putn(out, item.s, item.n);
		col += chars;
		arrow = s->role == STEP_JUMP ? "~> " : "-> ";
		pointer |= s->role == STEP_JUMP;
		sb_free(&item);
	}
	return pointer;
}

static void put_line(struct sb *out, const char *key, const char *text)
{
	sb_printf(out, "\n%s: ", key);
	put_escaped(out, text);
}

/* Lines are separated by '\n', and only they: the rest is escaped. */
void put_plain(struct sb *out, const struct finding *f)
{
	put_escaped(out, f->message);
	if (f->label)
		put_line(out, "why", f->label);
	if (f->task) {
		put_line(out, "task", f->task);
		if (has_file(&f->task_at)) {
			sb_puts(out, " at ");
			put_place(out, &f->task_at);
		}
	}
	for (uint32_t i = 0; i < f->ntrace; i++) {
		const struct trace *t = &f->traces[i];

		if (f->ntrace == 1 && !trace_calls(t))
			continue;
		put_line(out, "chain", "");
		put_chain(out, t, 0, UINT32_MAX);
	}
	for (uint32_t i = 0; i < f->ninstead; i++)
		put_line(out, "instead", f->insteads[i]);
}
