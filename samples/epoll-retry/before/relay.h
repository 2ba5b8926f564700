/* relay.h - datagrams from UDP to a local socket whose owner comes and goes. */
#ifndef RELAY_H
#define RELAY_H

#include <stddef.h>

enum { TRIES = 100, PAUSE_MS = 50, DATAGRAM = 1024 };

/* deliver.c: -1 if nobody is there to take it. */
int deliver_open(const char *path);
int deliver(const char *data, size_t n);

/* sink.c: the owner of such a socket, for trying it out. Prints what it gets until "end". */
int sink(const char *path);

#endif
