#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void put(const struct tm *tm)
{
	printf("%d\n", tm->tm_hour);
}

static void *stamp(void *arg)
{
	time_t now = time(NULL);
	struct tm *tm = localtime(&now);
	char text[32];

	strftime(text, sizeof text, "%c", tm);
	puts(text);
	printf("%s", ctime(&now));
	return arg;
}

static int hour(time_t at) { return gmtime(&at)->tm_hour; }

static void *words(void *arg)
{
	for (char *w = strtok(arg, " "); w; w = strtok(NULL, " "))
		puts(w);
	return NULL;
}

int main(void)
{
	pthread_t a, b, c, d;
	char x[] = "a b", y[] = "c d";
	struct tm mine = {0};

	put(&mine);
	pthread_create(&a, NULL, stamp, NULL);
	pthread_create(&b, NULL, stamp, NULL);
	pthread_create(&c, NULL, words, x);
	pthread_create(&d, NULL, words, y);
	printf("%d\n", hour(0));
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	pthread_join(c, NULL);
	pthread_join(d, NULL);
	return 0;
}
