//: --all
#define coroutine_fn
#define no_coroutine
#define GUARDED_BY(x) __attribute__((guarded_by(x)))
#define REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
typedef int status;
struct __attribute__((capability("mutex"))) mutex {
	int state;
};
struct driver {
	struct mutex lock;
	int count GUARDED_BY(lock);
	int *data __attribute__((pt_guarded_by(lock)));
	int coroutine_fn (*co_read)(struct driver *d);
	void (*cb)(void) __attribute__((annotate("tvt: on loop")));
	status (*plain)(void);
};
extern struct mutex big;
int total GUARDED_BY(big);
int coroutine_fn co_work(struct driver *d);
coroutine_fn status first(void);
status
no_coroutine
above(void);
static inline const struct driver *plain(struct driver *d) { return d; }
void locked(struct driver *d) REQUIRES(d->lock) __attribute__((annotate("tvt: any thread")));
void take(struct mutex *m) __attribute__((acquire_capability(*m)));
__attribute__((constructor)) static void at_start(void) {}

void coroutine_fn f(struct driver *d)
{
	locked(d);
	take(&d->lock);
	d->count = total + co_work(d) + first() + above() + plain(d)->count;
	d->co_read(d);
}
