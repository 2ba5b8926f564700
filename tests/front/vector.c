typedef int v4 __attribute__((vector_size(16)));
v4 shared;

int f(v4 a, v4 *p, int i)
{
	v4 b = {1, 2, i, 4};

	b[1] = a[i];
	shared = a + b;
	(*p)[2] = shared[3];
	b = __builtin_shufflevector(a, b, 0, 1, 2, 3);
	return p[1][0] + b[0];
}
