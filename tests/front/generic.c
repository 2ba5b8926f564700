int abs_int(int);
long abs_long(long);
double abs_double(double);
#define ABS(x) _Generic((x), int: abs_int, long: abs_long, double: abs_double)(x)

long f(int i, long l)
{
	int x = _Generic(l, int: 1, long: i, default: 3);

	x += __builtin_choose_expr(sizeof(int) == 4, i, l);
	return ABS(i) + ABS(l) + x + _Generic(i, default: i);
}
