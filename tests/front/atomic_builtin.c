struct s {
	int n;
	struct s *head;
};
extern int g;
#define INC(x) __atomic_add_fetch(&(x), 1, __ATOMIC_SEQ_CST)
#define TWICE(x) INC(x)

int gnu(struct s *p, struct s *new)
{
	int e = 0, x = __atomic_load_n(&p->n, __ATOMIC_ACQUIRE), y = 2;

	__atomic_store_n(&g, 1, __ATOMIC_RELEASE);
	x += __atomic_exchange_n(&p->n, 3, __ATOMIC_RELAXED);
	x += TWICE(p->n);
	x += __atomic_fetch_nand(&g, 7, __ATOMIC_RELAXED);
	__atomic_load(&p->n, &y, __ATOMIC_RELAXED);
	__atomic_store(&p->n, &y, __ATOMIC_RELAXED);
	__atomic_exchange(&p->n, &y, &x, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(&p->n, &e, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return 1;
	new->head = p->head;
	while (!__atomic_compare_exchange(&p->head, &new->head, &new, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_clear(&p->n, __ATOMIC_RELEASE);
	return x;
}

int old(struct s *p)
{
	int x = __sync_fetch_and_add(&p->n, 1);

	x += __sync_sub_and_fetch(&g, 2);
	while (!__sync_bool_compare_and_swap(&p->n, 3, 4))
		;
	x += __sync_val_compare_and_swap(&p->n, 5, 6);
	while (__sync_lock_test_and_set(&g, 1))
		;
	__sync_lock_release(&g);
	__sync_synchronize();
	return x;
}
