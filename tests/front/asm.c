struct s {
	int n;
};
extern int g;

int f(struct s *p, int x)
{
	int out;

	__asm__ volatile("nop");
	__asm__ volatile("" ::: "memory");
	__asm__ ("" : "+r"(x));
	__asm__("add %1, %0" : "=r"(out) : "r"(x), "m"(p->n) : "memory");
	__asm__ volatile("inc %0" : "+m"(p->n), [o] "=r" (g));
	__asm__ goto("jmp %l0" : : : : away);
	return out;
away:
	return 0;
}
