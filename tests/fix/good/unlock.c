#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

struct log {
	pthread_mutex_t lock;
	int fd, size;
};

int append(struct log *l, const char *text, size_t n)
{
	pthread_mutex_lock(&l->lock);
	if (write(l->fd, text,
		    n) < 0) /* no room */
		return -1; // told by errno
	l->size += (int)n;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

int shorten(struct log *l, int by)
{
	int rc = -EINVAL;

	pthread_mutex_lock(&l->lock);
	if (by > l->size) {
		by = 0;
		return rc;
	}
	l->size -= by;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

int clear(struct log *l, int how)
{
	pthread_mutex_lock(&l->lock);
	if (how < 0) return -1;
	l->size = 0;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

int flush(struct log *l, int how)
{
	pthread_mutex_lock(&l->lock);
	if (how)
		l->size = 0;
	else if (l->fd < 0)
		return -1;
	else
		l->size = 1;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

int jump(struct log *l, int how)
{
	pthread_mutex_lock(&l->lock);
	switch (how) {
	case 7:
		return -1;
	default:
		l->size = how;
	}
	pthread_mutex_unlock(&l->lock);
	return 0;
}

int main(void)
{
	static struct log l = {PTHREAD_MUTEX_INITIALIZER, 1, 0};

	append(&l, "x", 1);
	shorten(&l, 1);
	clear(&l, 1);
	jump(&l, 1);
	return flush(&l, 0);
}
