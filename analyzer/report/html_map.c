/* html_map.c - the drawings of the HTML report, as SVG: what runs where, and findings over time.
 *
 * Colours are classes; html.css gives them for light and for dark.
 */
#include "report/report_int.h"

enum { WIDE = 1000, BOX_W = 188, BOX_H = 30, GAP = 8, PER_ROW = 5, TITLE = 26, SHOWN = 40 };

void put_html(struct sb *out, const char *s)
{
	put_xml(out, s ? s : "");
}

/* The end of a name is what tells it from its neighbours. */
static void put_short(struct sb *out, const char *s, size_t max)
{
	struct sb cut = {0};
	size_t n = strlen(s);

	if (n > max) {
		sb_puts(&cut, "\xE2\x80\xA6");
		s += n - max + 1;
		while ((*s & 0xC0) == 0x80)
			s++;
	}
	sb_puts(&cut, s);
	put_html(out, cut.s ? cut.s : "");
	sb_free(&cut);
}

static void put_box(struct sb *out, const struct lane_entry *e, uint32_t id, unsigned x, unsigned y)
{
	sb_printf(out, "<a href=\"#entry-%u\"><rect class=\"box%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"5\"/>", id,
		e->nleaf ? " waits" : e->nlong ? " long" : "", x, y, BOX_W, BOX_H);
	sb_printf(out, "<text class=\"name\" x=\"%u\" y=\"%u\">", x + 8, y + 20);
	put_short(out, e->name, e->nleaf || e->nlong ? 17 : 22);
	sb_puts(out, "</text>");
	if (e->nleaf || e->nlong)
		sb_printf(out, "<text class=\"mark\" x=\"%u\" y=\"%u\">%s%u</text>", x + BOX_W - 8, y + 20,
			e->nleaf ? "\xE2\x96\xA0 " : "\xE2\x96\xB2 ", e->nleaf ? e->nleaf : e->nlong);
	sb_puts(out, "<title>");
	put_html(out, e->name);
	sb_printf(out, ", %s", e->context);
	if (e->nleaf)
		sb_printf(out, ": %u call%s may block", e->nleaf, e->nleaf == 1 ? "" : "s");
	if (e->nlong)
		sb_printf(out, "%s %u loop%s may take long", e->nleaf ? "," : ":", e->nlong, e->nlong == 1 ? "" : "s");
	sb_puts(out, "</title></a>\n");
}

/* Those that wait come first: they are what the map is for. */
static unsigned put_lane(struct sb *out, const struct lane *lane, uint32_t first_id, unsigned y)
{
	uint32_t shown = 0;
	unsigned top = y;

	sb_printf(out, "<text class=\"lane\" x=\"0\" y=\"%u\">", y + 16);
	put_html(out, lane->title);
	sb_printf(out, " (%u)</text>\n", lane->nentry);
	y += TITLE;
	for (int pass = 0; pass < 3; pass++)
		for (uint32_t i = 0; i < lane->nentry && shown < SHOWN; i++) {
			const struct lane_entry *e = &lane->entries[i];
			if ((e->nleaf ? 0 : e->nlong ? 1 : 2) != pass)
				continue;
			put_box(out, e, first_id + i, 12 + shown % PER_ROW * (BOX_W + GAP), y + shown / PER_ROW * (BOX_H + GAP));
			shown++;
		}
	y += (shown + PER_ROW - 1) / PER_ROW * (BOX_H + GAP);
	if (shown < lane->nentry) {
		sb_printf(out, "<text class=\"more\" x=\"12\" y=\"%u\">and %u more, in the table of tasks and threads</text>\n", y + 14,
			lane->nentry - shown);
		y += 22;
	}
	sb_printf(out, "<line class=\"rail kind%d\" x1=\"3\" y1=\"%u\" x2=\"3\" y2=\"%u\"/>\n", lane->kind, top + TITLE, y - GAP);
	return y + 10;
}

void html_map(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	struct sb lanes = {0};
	unsigned y = 0;
	uint32_t id = 0;

	for (uint32_t i = 0; i < r->nlane; i++) {
		y = put_lane(&lanes, &r->lanes[i], id, y);
		id += r->lanes[i].nentry;
	}
	sb_printf(out, "<svg viewBox=\"0 0 %d %u\" role=\"group\" aria-label=\"what runs where\">\n", WIDE, y ? y : 1);
	sb_puts(out, lanes.s ? lanes.s : "");
	sb_puts(out, "</svg>\n");
	sb_free(&lanes);
}

/* ---- over time ---- */

void html_trend(const struct report_in *in, struct sb *out)
{
	const struct run_info *r = in->run;
	uint32_t most = 1, n = r->npast;
	enum { H = 120 };

	for (uint32_t i = 0; i < n; i++) {
		uint32_t sum = r->past[i].level[0] + r->past[i].level[1] + r->past[i].level[2];
		most = sum > most ? sum : most;
	}
	double w = (double)WIDE / (n > 30 ? n : 30);
	sb_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"findings over the last %u runs; most: %u; the last: %u\">\n",
		WIDE, H + 4, n, most, n ? r->past[n - 1].level[0] + r->past[n - 1].level[1] + r->past[n - 1].level[2] : 0);
	for (uint32_t i = 0; i < n; i++) {
		double y = H;
		for (int l = LEVEL_ERROR; l >= LEVEL_NOTE; l--) {
			double h = (double)H * r->past[i].level[l] / most;
			y -= h;
			if (h > 0)
				sb_printf(out, "<rect class=\"bar %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", level_word[l],
					i * w, y, w > 3 ? w - 2 : w, h);
		}
		sb_putc(out, '\n');
	}
	sb_puts(out, "</svg>\n");
}
