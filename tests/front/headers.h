static int counter = 4, idle = 5;
static const int table[] = {1, 2};
static int (*pointed)(void);
static int leaf(int x)
{
	return x + 1;
}

static inline int called(int x)
{
	return leaf(x);
}

static inline int unused(int x)
{
	return x;
}

static int by_address(int x)
{
	return table[x];
}

int everywhere(void)
{
	return 2;
}

inline int c99_inline(int x)
{
	return x;
}
