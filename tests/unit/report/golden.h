/* golden.h - compares a text with a file in golden/. UPDATE_GOLDEN=1 writes the file instead: then
 * read the diff. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#define HERE TVT_SOURCE_DIR "/tests/unit/report"

static void assert_golden(const char *name, const struct sb *got)
{
	char path[512];
	char *want;
	size_t n;

	snprintf(path, sizeof path, "%s/golden/%s", HERE, name);
	if (getenv("UPDATE_GOLDEN"))
		assert_int_equal(fs_write_atomic(path, got->s ? got->s : "", got->n), 0);
	assert_int_equal(fs_read(path, &want, &n), 0);
	assert_string_equal(got->s ? got->s : "", want);
	assert_int_equal(got->n, n);
	free(want);
}

#endif
