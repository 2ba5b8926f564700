/* suppress.c - `// tvt: allow(rule, rule) reason` on the line of a finding, or alone on the line before.
 *
 * A suppression must give its reason; one that covers nothing, gives none, or names no rule is told of. */
#include "rule/api/rule.h"

#include <ctype.h>
#include <stdlib.h>

struct allow {
	const char *file; /* as findings name it */
	uint32_t line;	  /* of the code that it speaks of */
	const char *rules, *reason;
	size_t nrules;
	bool used;
	struct where at;
	const char *text;
};

/* "allow(a, b) reason"; false if the remark is something else. */
static bool parse(const char *text, struct allow *a)
{
	while (isspace((unsigned char)*text))
		text++;
	if (!str_starts(text, "allow"))
		return false;
	const char *open = text + 5;
	while (*open == ' ')
		open++;
	const char *close = *open == '(' ? strchr(open, ')') : NULL;
	if (!close)
		return false;
	a->rules = open + 1;
	a->nrules = (size_t)(close - open) - 1;
	a->reason = close + 1;
	while (isspace((unsigned char)*a->reason) || *a->reason == ':')
		a->reason++;
	return true;
}

/* The next name of a list from *at on; its length, 0 at the end. */
static size_t next_name(const struct allow *a, const char **at)
{
	const char *end = a->rules + a->nrules, *p = *at;
	while (p < end && (isspace((unsigned char)*p) || *p == ','))
		p++;
	*at = p;
	while (p < end && *p != ',' && !isspace((unsigned char)*p))
		p++;
	return (size_t)(p - *at);
}

static bool names(const struct allow *a, const char *rule)
{
	size_t n;
	for (const char *at = a->rules; (n = next_name(a, &at)); at += n)
		if (strlen(rule) == n && !memcmp(at, rule, n))
			return true;
	return false;
}

/* Is there something to complain of? An allow() for a rule that does not run now may be right all the same. */
static bool complain(const struct rules_in *in, struct rules_out *out, const struct allow *a, struct unused *u)
{
	bool may_be_used = a->used;
	size_t n;

	*u = (struct unused){.at = a->at, .text = a->text};
	for (const char *at = a->rules; (n = next_name(a, &at)); at += n) {
		const char *name = arena_strndup(out->mem, at, n);
		const struct rule *r = rule_find(name);
		if (r) {
			may_be_used |= !rule_runs(in, r);
			continue;
		}
		if (in->known_rule && in->known_rule(in->ctx, name))
			continue;
		const char **ids = arena_alloc(out->mem, nrules * sizeof *ids);
		for (uint32_t i = 0; i < nrules; i++)
			ids[i] = rules[i]->id;
		u->why = UNUSED_NO_RULE;
		u->word = name;
		u->near = str_nearest(name, ids, nrules);
		return true;
	}
	if (!*a->reason)
		u->why = UNUSED_NO_REASON;
	return !may_be_used || !*a->reason;
}

void rule_suppress(const struct rules_in *in, struct rules_out *out, struct finding *const *findings, uint32_t nfinding)
{
	const struct ir *ir = in->p->ir;
	struct allow *all = arena_alloc(out->mem, (ir->nremarks + 1) * sizeof *all);
	uint32_t n = 0;
	struct map at = {0}; /* (file, line) -> first, chained */
	uint32_t *next = xmalloc((ir->nremarks + 1) * sizeof *next);

	for (uint32_t i = 0; i < ir->nremarks; i++) {
		const struct remark *r = &ir->remarks[i];
		struct allow a = {.text = ir_text_of(ir, r->text)};
		if (!parse(a.text, &a))
			continue;
		a.file = path_under(in->root, ir_text_of(ir, ir->files[r->file].path));
		a.line = r->line + (r->flags & REMARK_ALONE ? 1 : 0);
		a.at = (struct where){.file = a.file, .line = r->line, .col = 1, .end_line = r->line, .end_col = 2};
		uint32_t *slot = map_slot(&at, hash_mix(hash_str(a.file), a.line), NONE - 1);
		bool have = false; /* a header's remark is in every unit that reads it */
		for (uint32_t k = *slot; k != NONE - 1 && !have; k = next[k])
			have = all[k].at.line == r->line && !strcmp(all[k].text, a.text);
		if (have)
			continue;
		next[n] = *slot;
		*slot = n;
		all[n++] = a;
	}
	for (uint32_t i = 0; i < nfinding; i++) {
		struct finding *f = findings[i];
		uint32_t k = map_get(&at, hash_mix(hash_str(f->at.file), f->at.line));
		for (; k != NONE && k != NONE - 1; k = next[k]) {
			if (strcmp(all[k].file, f->at.file) || !names(&all[k], f->rule))
				continue;
			all[k].used = true;
			if (*all[k].reason || !in->need_reason || !in->need_reason(in->ctx, f->at.file))
				f->suppressed = all[k].reason;
		}
	}
	out->unused = arena_alloc(out->mem, (n + 1) * sizeof *out->unused);
	for (uint32_t i = 0; i < n; i++)
		if (rule_wants(in, all[i].file) && complain(in, out, &all[i], &out->unused[out->nunused]))
			out->nunused++;
	map_free(&at);
	free(next);
}
