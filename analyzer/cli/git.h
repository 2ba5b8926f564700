/* git.h - asking git. Only for this folder. */
#ifndef TVT_GIT_H
#define TVT_GIT_H

#include "base/base.h"

/* Runs "git -C dir ARG..." (args ends with NULL) without the variables that hooks set. env: one further "NAME=value",
 * or NULL. out, if not NULL, gets its standard output; err, if not NULL, the first line of its standard error.
 * Its exit status; -1 after error(): git could not be started. */
int git_run(const char *dir, const char *env, const char *const *args, struct sb *out, struct sb *err);
#define GIT(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
