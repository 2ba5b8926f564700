struct point {
	int x, y;
};
struct line {
	struct point from, to;
	int width;
};
int f(void);

void positional(int n)
{
	struct line a = {{1, 2}, {3, 4}, 5};
	struct line b = {1, 2, 3, 4, 5};
	struct line c = {{1}, n, f()};
	int m[2][3] = {{1, 2}, {3}}, k[2][2] = {1, 2, 3};
	struct point p[] = {{1, 2}, {n, 4}}, q[] = {1, 2, 3, 4};
	int scalar = {3}, empty[4] = {};
}

void designated(int n)
{
	struct line a = {.width = 1, .from.y = 2, .to = {.x = 3}};
	struct line b = {.from.x = 1, 2, 3, .width = n};
	int m[5] = {[3] = 1, 2, [0] = n};
	struct point p[4] = {[2].x = 1, 2, 3, [0] = {.y = 4}};
	struct line old = {width: 5};
}

void copies(struct point from, struct point *ptr)
{
	struct point a = from, b = *ptr, c = (struct point){1, 2};
	struct line d = {from, .to = *ptr};
}

void strings(void)
{
	char a[] = "abc", b[8] = {"de"}, *c = "fg";
	char d[2][4] = {"hi", "jk"};
	const char *e[] = {"l", "m" "n"};
	struct {
		char name[4];
		int n;
	} t[] = {"o", 1, {"p", 2}};
}
