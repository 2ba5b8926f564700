/* compdb_read.c - compile_commands.json, as a stream of entries. The only file that knows yajl.
 *
 * The file is read, since a build may cut it short while we look at it, and parsed in one call; strings without escapes
 * are used where they lie.
 * Nothing recurses, so depth costs one byte a level, and memory is that of the longest entry with
 * escapes. Format: https://clang.llvm.org/docs/JSONCompilationDatabase.html
 */
#include "front/compdb.h"

#include <yajl/yajl_parse.h>

enum key { KEY_OTHER, KEY_DIRECTORY, KEY_FILE, KEY_COMMAND, KEY_ARGUMENTS };
enum where { TOP, LIST, ENTRY, ARGUMENTS, DONE };

struct reader {
	const char *path;
	const char *data;
	size_t size;
	yajl_handle yajl;
	void (*take)(void *ctx, const struct entry *e);
	void *ctx;
	struct arena *scratch; /* one entry */
	enum where where;
	enum key key;
	uint32_t skip; /* depth inside a value that does not matter */
	uint32_t index;
	size_t start; /* where the entry begins */
	size_t bom;   /* bytes of a byte order mark */
	struct word dir, file, command;
	struct words words;
	bool has_arguments;
	bool failed; /* it has been said */
};

static int fail_at(struct reader *r, size_t offset, const char *what)
{
	size_t line = 1, from = 0;

	if (offset > r->size)
		offset = r->size;
	for (;;) {
		const char *nl = memchr(r->data + from, '\n', offset - from);

		if (!nl)
			break;
		line++;
		from = (size_t)(nl - r->data) + 1;
	}
	error("%s:%zu:%zu: %s", r->path, line, offset - from + 1, what);
	r->failed = true;
	return 0; /* tells yajl to stop */
}

/* How far the parser is, in the file: behind what it told of last. */
static size_t consumed(const struct reader *r)
{
	return r->bom + yajl_get_bytes_consumed(r->yajl);
}

PRINTF(2, 3) static int fail(struct reader *r, const char *fmt, ...)
{
	struct sb msg = {0};
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (r->where > LIST)
		sb_printf(&msg, "entry %u: ", r->index);
	sb_puts(&msg, text ? text : fmt);
	fail_at(r, r->where > LIST ? r->start : consumed(r) - 1, msg.s);
	free(text);
	sb_free(&msg);
	return 0;
}

static const char *key_name(enum key key)
{
	static const char *const names[] = {[KEY_DIRECTORY] = "directory",
		[KEY_FILE] = "file",
		[KEY_COMMAND] = "command",
		[KEY_ARGUMENTS] = "arguments"};

	return names[key];
}

/* A value that is not a string, where r stands. */
static int other_value(struct reader *r)
{
	if (r->skip || (r->where == ENTRY && r->key == KEY_OTHER))
		return 1;
	switch (r->where) {
	case TOP:
		return fail(r, "a compilation database is an array of objects");
	case LIST:
		return fail(r, "entry %u is not an object", r->index);
	case ARGUMENTS:
		return fail(r, "'arguments' holds something that is not a string");
	default:
		if (r->key == KEY_ARGUMENTS)
			return fail(r, "'arguments' is not an array");
		return fail(r, "'%s' is not a string", key_name(r->key));
	}
}

static int on_null(void *ctx)
{
	return other_value(ctx);
}

static int on_bool(void *ctx, int val)
{
	return other_value(ctx);
}

static int on_number(void *ctx, const char *s, size_t n)
{
	return other_value(ctx);
}

/* Unescaped strings lie in a buffer that yajl uses again. */
static struct word lasting(struct reader *r, const unsigned char *s, size_t n)
{
	const char *p = (const char *)s;

	if (p < r->data || p >= r->data + r->size)
		p = arena_strndup(r->scratch, p, n);
	return (struct word){p, (uint32_t)n};
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;

	if (r->skip || (r->where == ENTRY && r->key == KEY_OTHER))
		return 1;
	if (r->where < ENTRY || r->key == KEY_OTHER)
		return other_value(r);
	if (n > UINT32_MAX || memchr(s, '\0', n))
		return fail(r, "'%s' holds a NUL character or is too long", key_name(r->key));
	if (r->where == ARGUMENTS) {
		vec_add(&r->words.w, lasting(r, s, n));
		return 1;
	}
	switch (r->key) {
	case KEY_DIRECTORY:
		r->dir = lasting(r, s, n);
		return 1;
	case KEY_FILE:
		r->file = lasting(r, s, n);
		return 1;
	case KEY_COMMAND:
		r->command = lasting(r, s, n);
		return 1;
	default:
		return other_value(r);
	}
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;

	if (r->skip)
		return 1;
	r->key = KEY_OTHER;
	for (enum key k = KEY_DIRECTORY; k <= KEY_ARGUMENTS; k++)
		if (n == strlen(key_name(k)) && !memcmp(s, key_name(k), n))
			r->key = k;
	return 1;
}

static int on_start_map(void *ctx)
{
	struct reader *r = ctx;

	if (r->skip || (r->where == ENTRY && r->key == KEY_OTHER)) {
		r->skip++;
		return 1;
	}
	if (r->where != LIST)
		return other_value(r);
	r->where = ENTRY;
	r->start = consumed(r) - 1;
	r->dir = r->file = r->command = (struct word){0};
	r->words.w.n = 0;
	r->has_arguments = false;
	arena_reset(r->scratch);
	return 1;
}

static int on_end_map(void *ctx)
{
	struct reader *r = ctx;
	struct entry e = {.index = r->index};

	if (r->skip) {
		r->skip--;
		return 1;
	}
	for (enum key k = KEY_DIRECTORY; k <= KEY_FILE; k++)
		if (!(k == KEY_FILE ? r->file : r->dir).n)
			return fail(r, "no '%s'", key_name(k));
	if (!r->has_arguments && !r->command.n)
		return fail(r, "neither 'command' nor 'arguments'");
	/* where both are given, 'arguments' needs no splitting */
	if (!r->has_arguments)
		args_split(r->command.s, r->command.n, &r->words, r->scratch);
	e.dir = arena_strndup(r->scratch, r->dir.s, r->dir.n);
	e.file = (struct word){arena_strndup(r->scratch, r->file.s, r->file.n), r->file.n};
	e.words = r->words;
	r->take(r->ctx, &e);
	r->where = LIST;
	r->index++;
	return 1;
}

static int on_start_array(void *ctx)
{
	struct reader *r = ctx;

	if (r->skip || (r->where == ENTRY && r->key == KEY_OTHER)) {
		r->skip++;
	} else if (r->where == TOP) {
		r->where = LIST;
	} else if (r->where == ENTRY && r->key == KEY_ARGUMENTS) {
		r->where = ARGUMENTS;
		r->has_arguments = true;
		r->words.w.n = 0; /* a repeated key: the last one counts */
	} else {
		return other_value(r);
	}
	return 1;
}

static int on_end_array(void *ctx)
{
	struct reader *r = ctx;

	if (r->skip)
		r->skip--;
	else if (r->where == ARGUMENTS)
		r->where = ENTRY;
	else
		r->where = DONE;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

static void fail_json(struct reader *r, size_t offset)
{
	unsigned char *text = yajl_get_error(r->yajl, 0, NULL, 0);
	size_t n = strcspn((const char *)text, "\n");
	struct sb msg = {0};

	sb_puts(&msg, "not JSON: ");
	sb_putn(&msg, text, n);
	fail_at(r, offset, msg.s);
	sb_free(&msg);
	yajl_free_error(r->yajl, text);
}

int compdb_read(const char *path, void (*take)(void *ctx, const struct entry *e), void *ctx)
{
	struct reader r = {.path = path, .take = take, .ctx = ctx};
	yajl_status status;
	char *data;

	if (fs_read(path, &data, &r.size) < 0)
		return -1;
	r.data = data;
	if (!r.size) {
		free(data);
		return error("%s:1:1: the file is empty", path);
	}
	r.scratch = arena_new();
	r.yajl = yajl_alloc(&callbacks, NULL, &r);
	yajl_config(r.yajl, yajl_dont_validate_strings, 1); /* file names are bytes */
	r.bom = r.size >= 3 && !memcmp(r.data, "\xEF\xBB\xBF", 3) ? 3 : 0;
	status = yajl_parse(r.yajl, (const unsigned char *)r.data + r.bom, r.size - r.bom);
	if (status != yajl_status_ok) {
		if (!r.failed)
			fail_json(&r, consumed(&r) - 1); /* in or at the end of the word */
	} else {
		status = yajl_complete_parse(r.yajl);
		if (status != yajl_status_ok)
			fail_json(&r, r.size);
	}
	yajl_free(r.yajl);
	vec_free(&r.words.w);
	arena_free(r.scratch);
	free(data);
	return status == yajl_status_ok ? 0 : -1;
}
