#define FOREACH(v, n) for (int v = 0; v < (n); v++)
#define FOREVER for (;;)
#define FIRST_ONLY(x) for (x = 0;; x++)
#define STEP_ONLY(x) for (;; x++)
#define SPIN(c) do { pause_it(); } while (c)
#define ONCE(x) do { x; } while (0)
void pause_it(void);
int more(void);
void work(int);

void f(int n)
{
	int k;

	FOREACH(i, n)
		work(i);
	FOREVER
		if (more())
			break;
	FIRST_ONLY(k)
		if (more())
			break;
	STEP_ONLY(k)
		if (more())
			break;
	SPIN(more());
	ONCE(work(k));
}
