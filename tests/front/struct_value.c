struct s {
	int a[4];
	int n;
};
struct s make(int);
void take(struct s);
extern struct s g;

struct s f(struct s in, struct s *p)
{
	struct s x = in, y;

	y = *p;
	*p = x;
	g = y;
	take(g);
	take(*p);
	take(make(1));
	y = make(2);
	x.n = make(3).n;
	return *p;
}
