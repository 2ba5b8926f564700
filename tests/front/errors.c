/* Functions with errors are told, the rest of the unit is whole. */
struct unknown;
int f(int);

int bad(struct unknown *u)
{
	f(1);
	u->x = 2;
	return missing + f(3);
}

int nested(void)
{
	int inner(int x)
	{
		return x;
	}
	f(4);
	return 0;
}

int jump(void)
{
	goto nowhere;
}

int good(int x)
{
	return f(x);
}
