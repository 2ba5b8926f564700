int a(void);
int b(void);

int both(int x)
{
	if (x)
		a();
	else
		b();
	return x;
}

int chain(int x)
{
	if (x == 1)
		return a();
	else if (x == 2)
		return b();
	else if (x > 3)
		x = 0;
	return x;
}

int no_join(int x)
{
	if (x)
		return 1;
	else
		return 2;
}

void empty(int x)
{
	if (x)
		;
	if (x) {
	} else {
		a();
	}
}
