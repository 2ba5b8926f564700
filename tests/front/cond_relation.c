int read_some(void);
struct s {
	unsigned flags;
	int n;
};
enum { BUSY = 4 };
extern int limit;

int assigned(void)
{
	int r;

	if ((r = read_some()) < 0)
		return r;
	while ((r = read_some()) > 0)
		limit = r;
	if (!(r = read_some()))
		return 1;
	return r;
}

int bits(struct s *p, unsigned mask)
{
	if (p->flags & BUSY)
		return 1;
	if (!(p->flags & 1))
		return 2;
	if ((mask & 8) == 0)
		return 3;
	if ((mask & BUSY) != 0)
		return 4;
	if (mask & p->flags)
		return 5;
	return (mask & 2) != 0;
}

int swapped(struct s *p)
{
	if (0 > p->n)
		return 1;
	if (10 <= p->n)
		return 2;
	if (limit < p->n)
		return 3;
	return 0;
}

int pointers(struct s *p, int (*fn)(void))
{
	if (p == (void *)0 || fn == read_some)
		return 1;
	if (read_some)
		return 2;
	return p != 0;
}
