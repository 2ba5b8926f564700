int f(void);
int g(void);

int and_or(int a, int b, int c)
{
	if (a && (b || !c))
		return 1;
	if (!(a && b) || f())
		return 2;
	return 0;
}

int values(int a, int b)
{
	int x = a && b, y = !a, z = !(a || f());

	x = a < b;
	return x + y + z;
}

void effects(int a)
{
	a && f();
	a || g();
	(void)(a ? f() : g());
	f(), g();
}

int whole(int a, int b)
{
	if (a ? b : f())
		return 1;
	if ((a && b) == 0)
		return 2;
	if (!!a != 0)
		return 3;
	if ((f(), b))
		return 4;
	return 5;
}
