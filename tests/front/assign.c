struct s {
	int n;
	struct s *next;
};
int f(void);
extern int g;

void simple(struct s *p, int x)
{
	x = 1;
	p->n = x;
	g = p->n;
	*p = *p->next;
	p->next->next = p;
	x = p->n = f();
}

void compound(struct s *p, int x)
{
	x += 2;
	p->n -= x;
	g |= f();
	x <<= p->n;
	x = p->n *= 2;
}

int inc(struct s *p, int x, int a[])
{
	int y = x++;

	y = ++x;
	y = p->n++;
	y = --p->n;
	g++;
	a[x++] = y--;
	*a++ = 0;
	(*a)++;
	return x++ + y;
}

void commas(int x)
{
	for (int i = 0, j = 9; i < j; i++, j--)
		x = (f(), i);
}
