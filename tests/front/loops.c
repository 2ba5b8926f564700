int more(void);
void work(int);

void all(int n)
{
	for (int i = 0; i < n; i++)
		work(i);
}

void parts(int n)
{
	int i;

	for (i = 0; i < n;)
		i = more();
	for (i = 0;; i++)
		if (more())
			break;
	for (; n;)
		n = more();
	for (;; n++)
		if (more())
			break;
	for (i = 0;;)
		if (more())
			break;
	for (; (i = more()); i++)
		work(i);
	for (;;)
		if (more())
			break;
	for (/* ; */; /* ; */ n; /* none */)
		n = more();
}

void jumps(int n)
{
	for (int i = 0; i < n; i++) {
		if (i == 3)
			continue;
		if (i == 5)
			break;
		work(i);
	}
	while (n) {
		if (more())
			continue;
		n--;
	}
	do {
		if (more())
			continue;
		work(n);
	} while (n-- > 0);
	do {
		if (more())
			continue;
		if (more())
			break;
		work(n);
	} while (0);
}
