/* The side that a constant condition rules out keeps its code and has no predecessors. */
int f(void);
#define DEBUG 0
enum { ON = 1 };

int dead(int x)
{
	if (0)
		f();
	if (DEBUG && x)
		f();
	if (ON || x)
		x++;
	while (1) {
		if (f())
			break;
	}
	do {
		x--;
	} while (0);
	while (0)
		f();
	return sizeof(int) == 4 ? x : f();
}

int forever(void)
{
	for (;;)
		f();
}

int spin(void)
{
	while (1)
		;
}
