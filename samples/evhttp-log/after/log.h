/* log.h - an access log whose lines are on the disk before anything is lost. */
#ifndef LOG_H
#define LOG_H

int log_open(const char *path);
void log_access(const char *method, const char *uri);
void log_close(void);

#endif
