/* remark.h - private to front/: comments that speak to this tool. Knows nothing of clang, so that it can be fed alone. */
#ifndef TVT_REMARK_H
#define TVT_REMARK_H

#include "base/base.h"

/* line: 1-based. alone: nothing else is on the line. s: n bytes without blanks around them, not NUL-terminated. */
typedef void remark_fn(void *ctx, uint32_t line, bool alone, const char *s, size_t n);
/* Calls take for each, in order. Takes time linear in size. */
void remarks_find(const char *text, size_t size, remark_fn *take, void *ctx);

#endif
