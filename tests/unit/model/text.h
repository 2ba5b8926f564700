/* text.h - models from a text, for the tests: a directory with one file, and what was said about it. */
#ifndef TVT_TEST_MODEL_TEXT_H
#define TVT_TEST_MODEL_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

#include "model/model.h"

static char said[1024]; /* the last message, without the directory */

static void hear(void *ctx, const char *level, const char *msg)
{
	const char *dir = ctx, *at = strstr(msg, dir);

	snprintf(said, sizeof said, "%s", at ? at + strlen(dir) + 1 : msg);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Reads everything at once, as is done of what is not the tool's own. b may be NULL; else it is a second
 * directory, which comes later. */
static struct models *load_two(const char *a, const char *b)
{
	char one[] = "/tmp/tvt-model-XXXXXX", two[] = "/tmp/tvt-model-XXXXXX";
	const char *dirs[2] = {mkdtemp(one), NULL};
	struct models *m;

	*said = '\0';
	write_file(one, "a.model", a);
	if (b) {
		dirs[1] = mkdtemp(two);
		write_file(two, "b.model", b);
	}
	diag_redirect(hear, one);
	m = models_load(dirs, b ? 2 : 1);
	if (m && models_check(m) < 0) {
		models_free(m);
		m = NULL;
	}
	diag_redirect(NULL, NULL);
	remove_file(one, "a.model");
	if (b)
		remove_file(two, "b.model");
	return m;
}

static inline struct models *load(const char *text)
{
	return load_two(text, NULL);
}

#endif
