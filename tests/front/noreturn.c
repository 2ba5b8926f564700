#include <stdlib.h>
_Noreturn void fatal(const char *);
void die(void) __attribute__((noreturn));
struct h {
	void (*panic)(void) __attribute__((noreturn));
};
#define unreachable() __builtin_unreachable()

int f(int x, struct h *h)
{
	if (x == 1)
		fatal("one");
	if (x == 2)
		die();
	if (x == 3)
		exit(3);
	if (x == 4)
		h->panic();
	if (x == 5)
		unreachable();
	if (x == 6)
		__builtin_trap();
	if (x == 7) {
		abort();
		x = 8;
	}
	return x ? x : (abort(), 1);
}
