/* log.c - a thread writes the lines and waits for the disk; the loop only hands them over.
 *
 * Many lines wait for one fsync: under load this writes more lines a second than one fsync a line.
 */
#include "log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct line {
	struct line *next;
	int n;
	char text[512];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static struct line *first, **last = &first; /* guarded by lock */
static int closing;			    /* guarded by lock */
static pthread_t writer;
static int fd = -1;

/* Everything that is waiting, or NULL at the end. */
static struct line *take(void)
{
	struct line *all;

	pthread_mutex_lock(&lock);
	while (!first && !closing)
		pthread_cond_wait(&filled, &lock);
	all = first;
	first = NULL;
	last = &first;
	pthread_mutex_unlock(&lock);
	return all;
}

static void *write_lines(void *arg)
{
	struct line *line;

	(void)arg;
	while ((line = take())) {
		while (line) {
			struct line *next = line->next;

			if (write(fd, line->text, (size_t)line->n) != line->n)
				perror("log");
			free(line);
			line = next;
		}
		fsync(fd);
	}
	return NULL;
}

int log_open(const char *path)
{
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0 && pthread_create(&writer, NULL, write_lines, NULL) != 0)
		return -1;
	return fd;
}

void log_access(const char *method, const char *uri)
{
	struct line *line = malloc(sizeof *line);

	if (!line)
		return;
	line->next = NULL;
	line->n = snprintf(line->text, sizeof line->text, "%s %.400s\n", method, uri);
	pthread_mutex_lock(&lock);
	*last = line;
	last = &line->next;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
}

void log_close(void)
{
	pthread_mutex_lock(&lock);
	closing = 1;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
	pthread_join(writer, NULL);
	close(fd);
}
