/* main.c - threads that count words: how often each came, and what was said with it. A lock for each 64th part of them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, WORDS = 4096, LETTERS = 64 };
struct word {
	unsigned times;
	unsigned letters[LETTERS];
};
static struct word words[WORDS];
static int each; /* words that a thread counts */

enum { PARTS = 64 };
static struct part {
	_Alignas(64) pthread_mutex_t lock;
} parts[PARTS];

static void count(unsigned id, unsigned text)
{
	pthread_mutex_lock(&parts[id % PARTS].lock);
	struct word *w = &words[id];

	w->times++;
	for (int i = 0; i < LETTERS; i++) {
		text = text * 1664525 + 1013904223;
		w->letters[text >> 26]++;
	}
	pthread_mutex_unlock(&parts[id % PARTS].lock);
}

static void *work(void *arg)
{
	unsigned x = *(const unsigned *)arg;

	for (int i = 0; i < each; i++) {
		x = x * 1664525 + 1013904223;
		count((x >> 16) % WORDS, x);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const unsigned seeds[THREADS] = {1, 2, 3, 5};
	pthread_t t[THREADS];
	unsigned long all = 0, first = 0;

	each = argc > 1 ? atoi(argv[1]) : 20000;
	for (int i = 0; i < PARTS; i++)
		pthread_mutex_init(&parts[i].lock, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work, (void *)&seeds[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < WORDS; i++) {
		all += words[i].times;
		first += words[i].letters[0];
	}
	printf("%lu words, %lu of the first letter\n", all, first);
	return 0;
}
