/* concise.c - one line a finding, as GCC writes them: editors and scripts read it. */
#include "report/report_int.h"

void write_concise(const struct report_in *in, struct sb *out)
{
	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];
		uint32_t calls = f->ntrace == 1 ? trace_calls(&f->traces[0]) : 0;

		if (finding_quiet(f) || (in->hide_notes && f->level == LEVEL_NOTE))
			continue;
		paint(in, out, PAINT_BOLD);
		put_place(out, &f->at);
		sb_puts(out, ": ");
		unpaint(in, out);
		put_painted(in, out, level_paint(f->level), level_word[f->level]);
		sb_puts(out, ": ");
		put_escaped(out, f->message);
		if (calls)
			sb_printf(out, " (%u call%s)", calls, calls == 1 ? "" : "s");
		sb_puts(out, " [");
		put_escaped(out, f->rule);
		sb_puts(out, "]\n");
	}
}
