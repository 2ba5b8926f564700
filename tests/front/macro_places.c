/* Reported where a macro is used; OPF_MACRO only for what its body says. */
#include "macro_places.h"
#define CALL(fn, x) fn(x)
#define SYNC(fd) fdatasync(fd)
#define LOGGED(x) do { note(); x; } while (0)
#define PASS(x) LOGGED(x)
#define NAME(a, b) a##b
int fdatasync(int);
int fsync(int);
void note(void);

void f(int fd)
{
	SYNC(fd);
	CALL(fsync, fd);
	LOGGED(fsync(fd));
	PASS(SYNC(fd));
	PASS(
		fsync(fd));
	NAME(fs, ync)(fd);
	FROM_HEADER(fd);
}

/* A macro that hands assembly on keeps its labels. */
#define ASM_GOTO(x...) do { __asm__ goto(x); } while (0)
int g(void)
{
	ASM_GOTO("jmp %l0" : : : : away);
	return 0;
away:
	return 1;
}
