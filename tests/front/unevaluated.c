int f(void);
struct s {
	int n[4];
};

int g(struct s *p, int x)
{
	int y = sizeof(f()) + sizeof p->n + sizeof(int[x]);
	__typeof__(f()) z = 1;
	__typeof__(*p) *q = p;

	_Static_assert(sizeof(int) == 4, "int");
	return y + z + __alignof__(p->n) + q->n[0];
}
