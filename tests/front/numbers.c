#define FLAGS (1 << 3 | 0x10)
enum { A, B = 5, C };
struct bits {
	unsigned a : 3, b : 5;
	int : 4;
	int c;
};
void u(unsigned long);

void constants(void)
{
	u(FLAGS | C);
	u('\n');
	u(-1);
	u(~0u);
	u((unsigned char)300);
	u((signed char)200);
	u(sizeof(struct bits) * 2);
	u(1ull << 40);
	u(7 / 2 % 2);
	u(3 > 2 && 1);
	u(_Alignof(int));
	u((_Bool)5);
}

double floats(double d, int n)
{
	float f = 1.5f;

	d = d * 2 + n;
	if (d < 0.5)
		return f;
	n = d;
	return -d;
}

int fields(struct bits *p)
{
	struct bits local = {1, 2, 3};

	p->a = 4;
	p->b |= 1;
	return p->c + local.b;
}

void vla(int n)
{
	int a[n], b[n][2];

	a[n - 1] = sizeof(a);
	b[1][1] = a[0];
}

_Complex double complex_numbers(_Complex double z)
{
	__real__ z = 1;
	return z + 2.0i;
}
