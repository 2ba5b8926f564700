//: --all -- -std=gnu89
int old();
int sum(a, b, p)
	int b;
	char *p;
{
	return a + b + *p;
}

int caller()
{
	return old(1, 2) + sum(1, 2, 3) + implicit(4);
}
