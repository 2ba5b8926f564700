struct ops {
	int (*read)(int fd, void *buf, int n);
	void (*log)(const char *, ...);
};
typedef int (*handler)(int);
int direct(int);
int proto(), none(void);
handler find(const char *name);
extern const struct ops *ops;
extern handler table[4];
_Noreturn void fail(void);

int f(struct ops *o, handler h, handler *ph, int n)
{
	char buf[16];
	int x = direct(n);

	direct((x, 3));
	x = h(1) + (*h)(2) + (**h)(3) + (*ph)(4) + ph[1](5);
	(&direct)(6);
	(*direct)(7);
	((int (*)(long))direct)(8);
	((void (*)(void))0x1000)();
	o->read(n, buf, sizeof(buf));
	(*o->read)(n, &buf[1], 1);
	ops->log("%d", n);
	table[n](9);
	find("name")(10);
	(n ? direct : h)(11);
	o->read(n, &x, none());
	return proto(1, 2);
}
