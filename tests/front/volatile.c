struct reg {
	volatile int status;
	int plain;
};
volatile int flag;
int *volatile moving;

int f(volatile struct reg *r, struct reg *n, volatile int *p)
{
	volatile int local = 1;

	flag = 1;
	while (!flag)
		;
	*p |= 2;
	*p;
	r->plain;
	return r->plain + r->status + n->status + n->plain + local + *moving;
}
