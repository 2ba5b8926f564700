#include <stdatomic.h>
struct s {
	_Atomic int n;
	atomic_flag flag;
	_Atomic(struct s *) next;
};
extern atomic_long total;
_Atomic int shared;

int f(struct s *p)
{
	int e = 3, x = atomic_load(&p->n);

	atomic_store_explicit(&shared, x, memory_order_relaxed);
	x = atomic_fetch_add(&p->n, 2);
	x = atomic_exchange(&shared, 4);
	if (!atomic_compare_exchange_strong(&p->n, &e, 5))
		return e;
	atomic_fetch_or_explicit(&total, 8, memory_order_seq_cst);
	while (atomic_flag_test_and_set(&p->flag))
		;
	atomic_flag_clear(&p->flag);
	atomic_init(&p->n, 0);
	atomic_thread_fence(memory_order_acquire);
	return p->next->n;
}

int plain(struct s *p)
{
	_Atomic int local = 1;

	p->n++;
	p->n = 2;
	shared += 3;
	local--;
	return p->n + shared + local;
}
