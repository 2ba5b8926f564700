#include "bench.h"

#include <sqlite3.h>

int main(void)
{
	sqlite3_initialize();
	BENCH(sqlite3_complete, 65536, char *s = text(n); s[n - 1] = ';';, { sink += sqlite3_complete(s); })
	BENCH(sqlite3_stricmp, 65536, char *s = text(n); char *t = text(n);, { sink += sqlite3_stricmp(s, t); })
	BENCH(sqlite3_strglob, 16384, char *s = text(n);, { sink += sqlite3_strglob("*#", s); })
	BENCH(sqlite3_strlike, 16384, char *s = text(n);, { sink += sqlite3_strlike("%#_", s, 0); })
	return 0;
}
