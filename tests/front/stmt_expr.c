int f(void);
#define MAX(a, b) ({ int a_ = (a); int b_ = (b); a_ > b_ ? a_ : b_; })

int value(int x)
{
	int y = MAX(x, f());

	({ f(); });
	y += ({
		int z = f();
		z;
	});
	return ({ if (x) return 3; y; });
}
