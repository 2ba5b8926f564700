int f(void);
void g(int);

int errors(int x)
{
	int r = -1;

	if (f() < 0)
		goto out;
	if (x)
		goto free_it;
	r = 0;
free_it:
	g(1);
out:
	return r;
}

void back(int n)
{
again:
	g(n);
	if (f())
		goto again;
}

int threaded(const unsigned char *code)
{
	static const void *const labels[] = {&&inc, &&dec, &&done};
	int x = 0;

	goto *labels[*code++];
inc:
	x++;
	goto *labels[*code++];
dec:
	x--;
	goto *labels[*code++];
done:
	return x;
}

void nowhere(void *p)
{
	goto *p;
}
