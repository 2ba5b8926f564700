#define FROM_HEADER(fd) fsync(fd)
