#include <pthread.h>
#include <stdbool.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t more;
	int n;
	bool closed;
};

static bool empty(const struct queue *q)
{
	return !q->n;
}

int take_simple(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	if (!q->n)
		pthread_cond_wait(&q->more, &q->lock);
	q->n--;
	pthread_mutex_unlock(&q->lock);
	return 0;
}

int take_braces(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	if (!q->n && !q->closed) { /* nothing yet */
		pthread_cond_wait(&q->more, &q->lock);
	}
	q->n--;
	pthread_mutex_unlock(&q->lock);
	return 0;
}

int take_asked(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	if (empty(q)) pthread_cond_wait(&q->more, &q->lock);
	q->n--;
	pthread_mutex_unlock(&q->lock);
	return 0;
}
