int f(void);
int g(int);
struct s {
	int a;
};

int values(int x)
{
	int y = x ? f() : 3;

	y = x > 2 ? x < 9 ? 1 : 2 : f();
	return g(x ? y : f());
}

int elvis(int x, struct s *p)
{
	x = x ?: 7;
	x = f() ?: p->a;
	f() ?: g(1);
	return x;
}

struct s *pick(int x, struct s *p, struct s *q)
{
	(x ? p : q)->a = 1;
	return x ? p : (struct s *)0;
}
