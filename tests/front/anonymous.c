struct s {
	int a;
	union {
		int b;
		struct {
			int c;
			int d[2];
		};
	};
	struct {
		int e;
	};
	struct {
		int f;
	} named;
};

int reads(struct s *p, struct s v)
{
	return p->a + p->b + p->c + p->d[1] + p->e + p->named.f + v.c + v.e;
}

struct s first = {1, {2}, {3}, {4}};
struct s second = {.c = 5, .d[1] = 6, .e = 7, .named.f = 8};
