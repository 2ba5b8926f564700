/* Findings that no mechanical edit is right for: each function is like one that is mended, but for one thing. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int n, fd, last;
#define WAIT() pthread_cond_wait(&more, &lock)
#define LOCK() pthread_mutex_lock(&lock)
#define FAIL return -1

/* The limit would begin anew. */
void timed(const struct timespec *until)
{
	pthread_mutex_lock(&lock);
	if (!n)
		pthread_cond_timedwait(&more, &lock, until);
	n--;
	pthread_mutex_unlock(&lock);
}

/* The condition does something. */
void counted(void)
{
	pthread_mutex_lock(&lock);
	if (!n++)
		pthread_cond_wait(&more, &lock);
	n--;
	pthread_mutex_unlock(&lock);
}

static bool tick(void)
{
	return last++ > 3;
}

void asked(void)
{
	pthread_mutex_lock(&lock);
	if (!n && tick())
		pthread_cond_wait(&more, &lock);
	n--;
	pthread_mutex_unlock(&lock);
}

void otherwise(void)
{
	pthread_mutex_lock(&lock);
	if (!n)
		pthread_cond_wait(&more, &lock);
	else
		last = n;
	n--;
	pthread_mutex_unlock(&lock);
}

void macro(void)
{
	pthread_mutex_lock(&lock);
	if (!n)
		WAIT();
	n--;
	pthread_mutex_unlock(&lock);
}

void more_than_a_wait(void)
{
	pthread_mutex_lock(&lock);
	if (!n) {
		last = 1;
		pthread_cond_wait(&more, &lock);
	}
	n--;
	pthread_mutex_unlock(&lock);
}

/* What is returned touches what the lock guards. */
int guarded(const char *text)
{
	pthread_mutex_lock(&lock);
	if (write(fd, text, 1) < 0)
		return last++, -1;
	n++;
	pthread_mutex_unlock(&lock);
	return 0;
}

int by_macro(const char *text)
{
	LOCK();
	if (write(fd, text, 1) < 0)
		return -1;
	n++;
	pthread_mutex_unlock(&lock);
	return 0;
}

int to_macro(const char *text)
{
	pthread_mutex_lock(&lock);
	if (write(fd, text, 1) < 0)
		FAIL;
	n++;
	pthread_mutex_unlock(&lock);
	return 0;
}

struct box {
	pthread_mutex_t lock;
	struct box *next;
};

/* The name of the lock means another one by then. */
int walk(struct box *b)
{
	pthread_mutex_lock(&b->lock);
	b = b->next;
	if (write(fd, "", 1) < 0)
		return -1;
	pthread_mutex_unlock(&b->lock);
	return 0;
}

/* The result leaves the function. */
static struct tm *when(time_t t)
{
	return gmtime(&t);
}

static void *stamp(void *arg)
{
	printf("%d\n", when(0)->tm_hour);
	return arg;
}

/* The text is begun in another function. */
static void rest(void)
{
	puts(strtok(NULL, " "));
}

static void *words(void *arg)
{
	puts(strtok(arg, " "));
	rest();
	return NULL;
}

int main(void)
{
	static struct box b = {PTHREAD_MUTEX_INITIALIZER, NULL};
	pthread_t t[4];
	char x[] = "a b", y[] = "c d";

	pthread_create(&t[0], NULL, stamp, NULL);
	pthread_create(&t[1], NULL, stamp, NULL);
	pthread_create(&t[2], NULL, words, x);
	pthread_create(&t[3], NULL, words, y);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return guarded("") + by_macro("") + to_macro("") + walk(&b);
}
