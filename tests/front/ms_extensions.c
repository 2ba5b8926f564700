//: -- -fms-extensions
struct inner {
	int a, b;
};
struct outer {
	int first;
	struct inner;
	union {
		struct inner named;
		long l;
	};
};

int f(struct outer *p)
{
	return p->a + p->b + p->named.b + p->l;
}
