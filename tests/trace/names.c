/* names.c - a misspelt name in calls.def would be a wrapper that nothing ever calls. */
#include "base/base.h"

#include <dlfcn.h>

static const char *const names[] = {
#define CALL(ret, name, when, fd, params, args) #name,
#define VOID(name, when, params, args) #name,
#define WAIT(ret, name, fds, sleeps, params, args) #name,
#define HAND(name) #name,
#include "runtime/trace/calls.def"
};

int main(void)
{
	void *uring = dlopen("liburing.so.2", RTLD_LAZY);
	int bad = 0;

	for (size_t i = 0; i < COUNT(names); i++) {
		bool of_uring = strstr(names[i], "io_uring");

		for (size_t k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0) {
				printf("%s: twice\n", names[i]);
				bad = 1;
			}
		if (of_uring && !uring)
			continue;
		if (!dlsym(of_uring ? uring : RTLD_DEFAULT, names[i])) {
			printf("%s: there is no such function\n", names[i]);
			bad = 1;
		}
	}
	return bad;
}
