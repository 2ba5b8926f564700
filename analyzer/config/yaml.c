/* yaml.c - libyaml's events to a tree. */
#include "config/yaml.h"

#include <yaml.h>

enum { MAX_DEPTH = 16, MAX_NODES = 10000 };

struct reader {
	const char *file;
	yaml_parser_t parser;
	struct arena *mem;
	uint32_t nnode;
};

static int at(const struct reader *r, const yaml_mark_t *m, const char *what)
{
	return error("%s:%zu:%zu: %s", r->file, m->line + 1, m->column + 1, what);
}

static int next(struct reader *r, yaml_event_t *e)
{
	if (yaml_parser_parse(&r->parser, e))
		return 0;
	const yaml_mark_t *m = r->parser.problem_mark.line || r->parser.problem_mark.column ? &r->parser.problem_mark
											    : &r->parser.mark;
	return at(r, m, r->parser.problem ? r->parser.problem : "not YAML");
}

static int value(struct reader *r, yaml_event_t *e, uint32_t depth, struct node **out);

/* Up to the end of the collection; the events of a mapping are key, value, key, value. */
static int members(struct reader *r, struct node *n, yaml_event_type_t end, uint32_t depth)
{
	VEC(struct node *) list = {0};
	yaml_event_t e;
	int rc;

	while (!(rc = next(r, &e)) && e.type != end) {
		struct node *child;
		rc = value(r, &e, depth + 1, &child);
		yaml_event_delete(&e);
		if (rc < 0)
			break;
		vec_add(&list, child);
	}
	if (!rc)
		yaml_event_delete(&e);
	uint32_t per = n->kind == NODE_MAP ? 2 : 1;
	n->n = list.n / per;
	n->val = arena_alloc(r->mem, (n->n + 1) * sizeof *n->val);
	n->key = arena_alloc(r->mem, (n->n + 1) * sizeof *n->key);
	for (uint32_t i = 0; !rc && i < n->n; i++) {
		n->val[i] = list.v[i * per + per - 1];
		n->key[i] = per == 2 ? list.v[i * per] : NULL;
		if (n->key[i] && n->key[i]->kind != NODE_SCALAR)
			rc = error("%s:%u:%u: a key must be a word", r->file, n->key[i]->line, n->key[i]->col);
		for (uint32_t k = 0; !rc && n->key[i] && k < i; k++)
			if (!strcmp(n->key[k]->text, n->key[i]->text))
				rc = error("%s:%u:%u: '%s' stands here twice; first at line %u", r->file, n->key[i]->line,
					n->key[i]->col, n->key[i]->text, n->key[k]->line);
	}
	vec_free(&list);
	return rc;
}

static int value(struct reader *r, yaml_event_t *e, uint32_t depth, struct node **out)
{
	struct node *n = *out = arena_alloc(r->mem, sizeof *n);
	n->line = (uint32_t)e->start_mark.line + 1;
	n->col = (uint32_t)e->start_mark.column + 1;
	if (depth > MAX_DEPTH || ++r->nnode > MAX_NODES)
		return at(r, &e->start_mark, depth > MAX_DEPTH ? "nested too deep" : "too large for settings");
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor || (e->data.scalar.tag && *e->data.scalar.tag))
			return at(r, &e->start_mark, "anchors and tags are not understood here");
		if (memchr(e->data.scalar.value, 0, e->data.scalar.length))
			return at(r, &e->start_mark, "a character that text cannot hold");
		n->kind = NODE_SCALAR;
		n->text = arena_strndup(r->mem, (const char *)e->data.scalar.value, e->data.scalar.length);
		n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		return 0;
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
			return at(r, &e->start_mark, "anchors and tags are not understood here");
		n->kind = NODE_MAP;
		return members(r, n, YAML_MAPPING_END_EVENT, depth);
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
			return at(r, &e->start_mark, "anchors and tags are not understood here");
		n->kind = NODE_LIST;
		return members(r, n, YAML_SEQUENCE_END_EVENT, depth);
	default:
		return at(r, &e->start_mark, "aliases are not understood here");
	}
}

static int documents(struct reader *r, struct node **root)
{
	bool seen = false;
	yaml_event_t e;

	for (;;) {
		if (next(r, &e) < 0)
			return -1;
		yaml_event_type_t type = e.type;
		int rc = 0;
		if (type == YAML_DOCUMENT_START_EVENT && seen)
			rc = at(r, &e.start_mark, "a second document");
		else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
			 type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT)
			rc = value(r, &e, 0, root);
		seen |= type == YAML_DOCUMENT_START_EVENT;
		yaml_event_delete(&e);
		if (rc < 0 || type == YAML_STREAM_END_EVENT)
			return rc;
	}
}

int yaml_tree(const char *file, const char *text, size_t size, struct arena *a, struct node **root)
{
	struct reader r = {.file = file, .mem = a};

	*root = NULL;
	if (!yaml_parser_initialize(&r.parser))
		return error("%s: no memory to read it", file);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int rc = documents(&r, root);
	yaml_parser_delete(&r.parser);
	return rc;
}
