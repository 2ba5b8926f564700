/* entry.c - functions: known by name when a file is loaded, read when they are asked for. */
#include "model/model_int.h"

static bool same_section(const struct section *s, const struct parser *p)
{
	return s->file == p->file && s->library == p->library && s->headers == p->headers &&
	       s->nheader == p->nheader && s->uncheckable == p->uncheckable &&
	       s->strict == p->strict;
}

static uint32_t the_section(struct parser *p)
{
	struct models *m = p->m;

	if (!m->sections.n || !same_section(&m->sections.v[m->sections.n - 1], p))
		vec_add(&m->sections, ((struct section){p->file, p->library, p->headers, p->nheader,
					      p->uncheckable, p->strict}));
	return m->sections.n - 1;
}

static bool same_dir(const char *a, const char *b)
{
	size_t na = (size_t)(path_base(a) - a), nb = (size_t)(path_base(b) - b);

	return na == nb && !memcmp(a, b, na);
}

static void add_pattern(struct models *m, uint32_t entry)
{
	uint32_t i;

	vec_add(&m->patterns, entry);
	for (i = m->patterns.n - 1; i > 0; i--) {
		if (m->entries.v[m->patterns.v[i - 1]].namelen >= m->entries.v[entry].namelen)
			break;
		m->patterns.v[i] = m->patterns.v[i - 1];
	}
	m->patterns.v[i] = entry;
}

static bool is_pattern(const struct token *name)
{
	for (uint32_t i = 0; i < name->n; i++)
		if (char_class[(uint8_t)name->s[i]] & CHAR_GLOB)
			return true;
	return false;
}

/* Strict libraries may name functions as others do (rcu_read_lock): the one that is not strict is
 * found by its name, and leads to the others. */
static bool install(struct parser *p, const struct token *name)
{
	struct models *m = p->m;
	struct entry e = {.name = name->s,
		.at = p->p,
		.bol = p->bol,
		.namelen = name->n,
		.line = p->line,
		.section = the_section(p),
		.other = NONE};
	uint32_t id = m->entries.n, *slot = map_slot(&m->by_name, hash_bytes(name->s, name->n), id);
	const struct section *now = &m->sections.v[e.section], *then;
	struct entry *old;

	if (*slot == id) {
		vec_add(&m->entries, e);
		if (is_pattern(name))
			add_pattern(m, id);
		return true;
	}
	old = &m->entries.v[*slot];
	then = &m->sections.v[old->section];
	if (!same_dir(then->file, now->file)) {
		/* A pattern's place among the others stays. */
		for (uint32_t i = 0; i < m->patterns.n; i++)
			if (m->patterns.v[i] == *slot)
				m->patterns.v[i] = id;
		old->replaced = true;
		*slot = id;
		vec_add(&m->entries, e);
		return true;
	}
	if (!strcmp(then->library, now->library) || (!then->strict && !now->strict))
		return lex_error(p, name, "a second model of '%.*s'; the first is at %s:%d",
			(int)name->n, name->s, then->file, old->line);
	if (then->strict && !now->strict) {
		e.other = *slot;
		*slot = id;
	} else {
		e.other = old->other;
		old->other = id;
	}
	vec_add(&m->entries, e);
	return true;
}

/* To the next line that starts in the first column. */
static void skip_entry(struct parser *p)
{
	for (;;) {
		const char *s = strchr(p->p, '\n');

		if (!s) {
			p->p += strlen(p->p);
			return;
		}
		p->p = p->bol = s + 1;
		p->line++;
		if (!strchr(" \t\r\n#", *p->p))
			return;
	}
}

bool entry_note(struct parser *p, const struct token *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!install(p, &names[i]))
			return false;
	skip_entry(p);
	return true;
}

const struct model *entry_read(struct models *m, uint32_t id)
{
	struct entry *e = &m->entries.v[id];
	const struct section *s = &m->sections.v[e->section];
	struct parser p = {.m = m,
		.file = s->file,
		.p = e->at,
		.bol = e->bol,
		.line = e->line,
		.library = s->library};
	struct model *model;

	if (e->model)
		return e->model;
	e->model = model = arena_alloc(m->mem, sizeof *model);
	*model = (struct model){.name = arena_strndup(m->mem, e->name, e->namelen),
		.library = s->library,
		.headers = s->headers,
		.nheader = s->nheader,
		.file = s->file,
		.line = e->line,
		.uncheckable = s->uncheckable,
		.strict = s->strict};
	if (!function_parse(&p, model))
		m->nbad++;
	vec_free(&p.clauses);
	vec_free(&p.callbacks);
	vec_free(&p.insteads);
	if (e->other != NONE)
		model->other = entry_read(m, e->other);
	return model;
}
