/* jval.c - JSON into a tree, by yajl. */
#include "lsp/frame.h"

#include <yajl/yajl_parse.h>

struct reader {
	struct arena *a;
	struct jval *open[JSON_DEPTH + 1]; /* [0] holds the top value */
	struct jval **tail[JSON_DEPTH + 1];
	uint32_t depth;
	const char *key;
};

static struct jval *add(struct reader *r, enum jkind kind)
{
	struct jval *v = arena_alloc(r->a, sizeof *v);

	v->kind = kind;
	v->key = r->key;
	r->key = NULL;
	r->open[r->depth]->n++;
	*r->tail[r->depth] = v;
	r->tail[r->depth] = &v->next;
	return v;
}

static int on_null(void *ctx)
{
	add(ctx, J_NULL);
	return 1;
}

static int on_bool(void *ctx, int val)
{
	add(ctx, J_BOOL)->b = val;
	return 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
	char buf[64];

	if (n >= sizeof buf)
		n = sizeof buf - 1;
	memcpy(buf, s, n);
	buf[n] = '\0';
	add(ctx, J_NUM)->num = strtod(buf, NULL);
	return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;
	struct jval *v = add(r, J_STR);

	v->s = arena_strndup(r->a, (const char *)s, n);
	v->n = n;
	return 1;
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;

	r->key = arena_strndup(r->a, (const char *)s, n);
	return 1;
}

static int enter(struct reader *r, enum jkind kind)
{
	struct jval *v = add(r, kind);

	if (r->depth == JSON_DEPTH)
		return 0;
	r->depth++;
	r->open[r->depth] = v;
	r->tail[r->depth] = &v->kids;
	return 1;
}

static int on_object(void *ctx)
{
	return enter(ctx, J_OBJ);
}

static int on_array(void *ctx)
{
	return enter(ctx, J_ARR);
}

static int on_end(void *ctx)
{
	((struct reader *)ctx)->depth--;
	return 1;
}

static const yajl_callbacks calls = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

const struct jval *jval_read(const char *s, size_t n, struct arena *a)
{
	struct jval top = {.kind = J_ARR};
	struct reader r = {.a = a, .open = {&top}, .tail = {&top.kids}};
	yajl_handle y = yajl_alloc(&calls, NULL, &r);
	bool ok;

	ok = yajl_parse(y, (const unsigned char *)s, n) == yajl_status_ok &&
	     yajl_complete_parse(y) == yajl_status_ok;
	yajl_free(y);
	return ok && top.n == 1 ? top.kids : NULL;
}

const struct jval *jval_at(const struct jval *v, const char *path)
{
	while (v && *path) {
		size_t n = strcspn(path, ".");
		const struct jval *kid = v->kind == J_OBJ ? v->kids : NULL;

		while (kid && (strncmp(kid->key, path, n) || kid->key[n]))
			kid = kid->next;
		v = kid;
		path += n + (path[n] == '.');
	}
	return v;
}

const char *jval_str(const struct jval *v, const char *path)
{
	v = jval_at(v, path);
	return v && v->kind == J_STR ? v->s : NULL;
}

int64_t jval_int(const struct jval *v, const char *path, int64_t other)
{
	v = jval_at(v, path);
	return v && v->kind == J_NUM && v->num >= -9e15 && v->num <= 9e15 ? (int64_t)v->num : other;
}

bool jval_true(const struct jval *v, const char *path)
{
	v = jval_at(v, path);
	return v && v->kind == J_BOOL && v->b;
}

void jval_write(struct json *j, const char *key, const struct jval *v)
{
	switch (v->kind) {
	case J_NULL:
		json_null(j, key);
		break;
	case J_BOOL:
		json_bool(j, key, v->b);
		break;
	case J_NUM:
		json_num(j, key, v->num);
		break;
	case J_STR:
		json_strn(j, key, v->s, v->n);
		break;
	case J_ARR:
	case J_OBJ:
		json_null(j, key);
		break;
	}
}
