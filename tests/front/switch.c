int f(void);
void g(int);
enum color { RED, GREEN = 5, BLUE };

int fall(int x)
{
	switch (x) {
	case 1:
		g(1);
		/* fallthrough */
	case 2:
	case 3:
		g(2);
		break;
	case 'a':
		return 4;
	default:
		g(3);
	}
	return 0;
}

int ranges(int x)
{
	switch (f()) {
	case 1 ... 5:
		return 1;
	case -3 ... -1:
		return 2;
	case 1 << 4 | 2:
		return 3;
	}
	return 0;
}

void enums(enum color c)
{
	switch (c) {
	case RED:
		g(1);
		break;
	case BLUE:
	case GREEN:
		g(2);
	}
}

/* Duff's device */
void copy(char *to, const char *from, int n)
{
	switch (n % 4) {
	case 0:
		do {
			*to++ = *from++;
	case 3:
			*to++ = *from++;
	default:
			*to++ = *from++;
		} while ((n -= 4) > 0);
	}
}

int nested(int x, int y)
{
	for (;;) {
		switch (x) {
		case 1:
			switch (y) {
			case 1:
				continue;
			}
			break;
		case 2:
			return f();
		}
		g(x);
	}
}

void only_default(int x)
{
	switch (x)
	default:
		g(1);
	switch (x) {
	}
}
