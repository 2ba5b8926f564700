/* full.c - the format for people: what is wrong, where, how we know, what to do instead. */
#include "report/report_int.h"

enum {
	WIDTH = 100, /* of a chain's lines */
	TRACES = 3,  /* shown without -v; `tvt-lint why` lists all */
};

/* The last step that is the end of a trace, or NULL. */
static const struct trace_step *trace_site(const struct trace *t)
{
	for (uint32_t i = t->nstep; i--;)
		if (t->steps[i].role == STEP_SITE)
			return &t->steps[i];
	return NULL;
}

static bool same_line(const struct where *a, const struct where *b)
{
	return a->line == b->line && a->file && b->file && !strcmp(a->file, b->file);
}

/* "   = name:" */
static void put_key(const struct report_in *in, struct sb *out, unsigned gutter, const char *name)
{
	sb_printf(out, "%*s ", (int)gutter, "");
	paint(in, out, PAINT_GUTTER);
	sb_putc(out, '=');
	unpaint(in, out);
	sb_putc(out, ' ');
	put_painted(in, out, PAINT_BOLD, name);
	sb_putc(out, ':');
}

static void put_fact(const struct report_in *in, struct sb *out, unsigned gutter, const char *name,
	const char *text, const struct where *at)
{
	put_key(in, out, gutter, name);
	sb_putc(out, ' ');
	put_escaped(out, text);
	if (at && has_file(at)) {
		sb_puts(out, " at ");
		put_place(out, at);
	}
	sb_putc(out, '\n');
}

/* The steps of a trace one a line, each with its reason. */
static void put_steps(struct sb *out, const struct trace *t, unsigned indent)
{
	static const char *const default_text[] = {[STEP_ENTRY] = "begins here",
		[STEP_REGISTERED] = "registers it",
		[STEP_CALL] = "calls",
		[STEP_JUMP] = "calls through a pointer",
		[STEP_SITE] = "is the place",
		[STEP_NOTE] = "belongs to it"};

	for (uint32_t i = 0; i < t->nstep; i++) {
		const struct trace_step *s = &t->steps[i];

		sb_printf(out, "\n%*s%u. ", (int)indent, "", i + 1);
		put_place(out, &s->at);
		sb_puts(out, s->fn ? ": " : ":");
		put_escaped(out, s->fn);
		sb_putc(out, ' ');
		put_escaped(out, s->text ? s->text : default_text[s->role]);
	}
}

static uint32_t visible_width(const char *s)
{
	struct sb shown = {0};
	uint32_t n;

	put_escaped(&shown, s);
	n = count_chars(shown.s, shown.n);
	sb_free(&shown);
	return n;
}

static const struct trace_step *trace_start(const struct trace *t)
{
	for (uint32_t i = 0; i < t->nstep; i++)
		if (t->steps[i].role == STEP_REGISTERED)
			return &t->steps[i];
	return NULL;
}

static void put_trace(const struct report_in *in, struct sb *out, unsigned gutter,
	const struct finding *f, const struct trace *t)
{
	const struct trace_step *start = f->ntrace > 1 ? trace_start(t) : NULL;
	struct sb name = {0};
	uint32_t indent;
	bool pointer;

	sb_puts(&name, "chain");
	if (f->ntrace > 1)
		sb_printf(&name, " (%s)", t->title);
	indent = gutter + 3 + visible_width(name.s) + 2;
	if (in->verbose) {
		put_key(in, out, gutter, name.s);
		put_steps(out, t, gutter + 3);
		sb_putc(out, '\n');
	} else if (f->ntrace > 1 ||
		   trace_calls(t)) { /* an entry that does it itself was shown above */
		put_key(in, out, gutter, name.s);
		sb_putc(out, ' ');
		pointer = put_chain(out, t, indent, WIDTH);
		if (start) {
			sb_printf(out, "\n%*sregistered at ", (int)indent, "");
			put_place(out, &start->at);
		}
		if (pointer)
			sb_printf(out, "\n%*s(~> is a call through a pointer; -v tells why)",
				(int)indent, "");
		sb_putc(out, '\n');
	}
	for (uint32_t i = 0; i < t->nstep && !in->verbose; i++)
		if (t->steps[i].role == STEP_NOTE && t->steps[i].text)
			put_fact(in, out, gutter, "note", t->steps[i].text, &t->steps[i].at);
	sb_free(&name);
}

/* An arrow and a place: "  --> src/a.c:4:5". */
static void put_arrow(const struct report_in *in, struct sb *out, unsigned gutter,
	const char *arrow, const struct where *at)
{
	sb_printf(out, "%*s", (int)gutter, "");
	paint(in, out, PAINT_GUTTER);
	sb_puts(out, arrow);
	unpaint(in, out);
	sb_putc(out, ' ');
	put_place(out, at);
	sb_putc(out, '\n');
}

static unsigned digits(uint32_t n)
{
	unsigned d = 1;

	while (n /= 10)
		d++;
	return d;
}

static void put_rule(const struct report_in *in, struct sb *out, const char *rule)
{
	const char *url = in->links && in->url ? in->url(rule) : NULL;

	sb_puts(out, "   [");
	if (url) {
		sb_puts(out, "\033]8;;");
		put_escaped(out, url);
		sb_puts(out, "\033\\");
	}
	put_escaped(out, rule);
	if (url)
		sb_puts(out, "\033]8;;\033\\");
	sb_puts(out, "]\n");
}

static void put_help(const struct report_in *in, struct sb *out, unsigned gutter, const char *rule)
{
	put_key(in, out, gutter, "help");
	sb_puts(out, " tvt-lint explain ");
	put_escaped(out, rule);
	sb_puts(out, "    silence: // tvt: allow(");
	put_escaped(out, rule);
	sb_puts(out, ") <reason>\n");
}

static void put_finding(
	const struct report_in *in, struct sb *out, const struct finding *f, bool help)
{
	enum paint p = level_paint(f->level);
	unsigned gutter = digits(f->at.line);
	uint32_t shown = in->verbose || f->ntrace < TRACES ? f->ntrace : TRACES;
	uint32_t hidden = f->ntrace - shown + f->nother;
	const struct trace_step *site;
	bool excerpt;

	for (uint32_t i = 1; i < shown; i++)
		if ((site = trace_site(&f->traces[i])) && digits(site->at.line) > gutter)
			gutter = digits(site->at.line);
	if (gutter < 2)
		gutter = 2;

	put_painted(in, out, p, level_word[f->level]);
	paint(in, out, PAINT_BOLD);
	sb_puts(out, ": ");
	put_escaped(out, f->message);
	unpaint(in, out);
	put_rule(in, out, f->rule);
	put_arrow(in, out, gutter, "-->", &f->at);
	excerpt = put_excerpt(in, out, &f->at, f->label, p, gutter);
	if (!excerpt && f->label)
		put_fact(in, out, gutter, "note", f->label, NULL);
	/* the other half of a race has its own place */
	for (uint32_t i = 1; i < shown; i++) {
		site = trace_site(&f->traces[i]);
		if (!site || same_line(&site->at, &f->at))
			continue;
		put_arrow(in, out, gutter, ":::", &site->at);
		excerpt |= put_excerpt(in, out, &site->at, f->traces[i].title, PAINT_NOTE, gutter);
	}
	if (excerpt) {
		sb_printf(out, "%*s ", (int)gutter, "");
		put_painted(in, out, PAINT_GUTTER, "|");
		sb_putc(out, '\n');
	}

	if (f->at.macro) {
		put_key(in, out, gutter, "note");
		sb_puts(out, " in the expansion of the macro '");
		put_escaped(out, f->at.macro);
		sb_puts(out, "'\n");
	}
	if (f->task)
		put_fact(in, out, gutter, "task", f->task, &f->task_at);
	for (uint32_t i = 0; i < shown; i++)
		put_trace(in, out, gutter, f, &f->traces[i]);
	for (uint32_t i = 0; i < f->nnote; i++)
		put_fact(in, out, gutter, "note", f->notes[i], NULL);
	if (f->confidence == CONF_LOW)
		put_fact(in, out, gutter, "note",
			"low confidence: something on the way could not be told", NULL);
	for (uint32_t i = 0; i < f->ninstead; i++)
		put_fact(in, out, gutter, "instead", f->insteads[i], NULL);
	if (hidden) {
		site = f->ntrace ? trace_site(&f->traces[0]) : NULL;
		put_key(in, out, gutter, "note");
		sb_printf(out, " %u more %s here", hidden,
			hidden == 1 ? "chain leads" : "chains lead");
		if (site && site->fn) {
			sb_puts(out, ": tvt-lint why ");
			put_escaped(out, site->fn);
		}
		sb_putc(out, '\n');
	}
	if (help)
		put_help(in, out, gutter, f->rule);
	sb_putc(out, '\n');
}

void write_full(const struct report_in *in, struct sb *out)
{
	struct map helped = {0}; /* the help of a rule is printed once */

	for (uint32_t i = 0; i < in->nfinding; i++) {
		const struct finding *f = &in->findings[i];
		uint64_t rule = hash_str(f->rule);
		bool first = map_get(&helped, rule) == NONE;

		if (finding_quiet(f) || (in->hide_notes && f->level == LEVEL_NOTE))
			continue;
		map_put(&helped, rule, 0);
		put_finding(in, out, f, first || in->verbose);
	}
	map_free(&helped);
	if (!in->quiet)
		put_summary(in, out);
}
