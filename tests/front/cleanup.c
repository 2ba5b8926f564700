#define AUTO(f) __attribute__((cleanup(f)))
#define AUTO_CLOSE AUTO(close_it)
void close_it(int *fd);
static inline void free_it(char **p) { *p = 0; }
int open_it(void);
int use(int);

int early(int x)
{
	AUTO_CLOSE int fd = open_it();
	AUTO(free_it) char *cleanup_me = 0;

	if (fd < 0)
		return fd;
	if (x) {
		__attribute__((cleanup(close_it))) int inner = open_it();

		if (inner)
			goto out;
		use(inner);
	}
	for (;;) {
		AUTO_CLOSE int each = open_it();

		if (each == 1)
			continue;
		if (each == 2)
			break;
		use(each);
	}
out:
	return use(fd);
}

int last_value(void)
{
	return ({
		AUTO_CLOSE int fd = open_it();
		fd;
	});
}
