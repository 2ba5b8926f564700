#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
struct s {
	int a, b;
};
int f(int);
jmp_buf env;

int hints(int x)
{
	if (likely(x))
		return 1;
	if (unlikely(x > 3 && f(x)))
		return 2;
	if (__builtin_expect(f(x), 0) < 0)
		return 3;
	return __builtin_constant_p(x) ? 4 : (int)__builtin_object_size(&x, 0);
}

void library(char *p, const char *q, int n)
{
	int r;

	__builtin_memcpy(p, q, n);
	n = __builtin_strlen(p) + __builtin_popcount(n);
	if (__builtin_add_overflow(n, 1, &r))
		return;
	__builtin_prefetch(p);
	p = __builtin_alloca(n);
	f(offsetof(struct s, b) + __builtin_offsetof(struct s, a));
	f(__builtin_types_compatible_p(int, long));
}

int jumps(void)
{
	if (setjmp(env))
		return 1;
	return f(2);
}

int args(int n, ...)
{
	va_list ap, copy;
	int sum = 0;

	va_start(ap, n);
	va_copy(copy, ap);
	while (n--)
		sum += va_arg(ap, int);
	f(va_arg(copy, char *) != 0);
	va_end(ap);
	return sum;
}

int pass(va_list ap)
{
	va_list *p = &ap;

	return va_arg(*p, struct s).b;
}
