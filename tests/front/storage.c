//: --all
_Thread_local int per_thread;
static __thread int hidden;
volatile int device;
extern const int limit;
const char *const names[] = {"a"};
extern int elsewhere[];
int tentative;
int tentative;

int f(void)
{
	static int calls;
	static volatile int seen = 2;
	extern int later;
	register int r = limit;

	calls++;
	device = seen;
	device;
	(void)tentative;
	return calls + later + per_thread + hidden + r + elsewhere[1];
}
int later = 4;
