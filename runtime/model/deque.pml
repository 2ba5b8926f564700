/* deque.pml - the owner and two thieves on the deque of deque.h: each task is had exactly once.
 *
 * The steps are those of deque_push, deque_take and deque_steal, one shared access each, on a ring
 * of two slots so that indices wrap. Spin explores interleavings of sequentially consistent
 * accesses: the weaker orderings are the published ones, and ThreadSanitizer's business.
 *
 * spin -DBROKEN: the owner takes the last one without its compare-and-swap. Must fail.
 */
#define SLOTS 2
#define TASKS 4
#define THIEVES 2

byte slot[SLOTS];
short top, bottom;
byte had[TASKS + 1];
byte pushed;
bool finished;

inline have(t)
{
	atomic {
		had[t]++;
		assert(had[t] == 1)
	}
}

inline push()
{
	b = bottom;
	t = top;
	if
	:: b - t >= SLOTS -> skip
	:: else ->
		slot[b % SLOTS] = pushed + 1;
		atomic {
			pushed++;
			bottom = b + 1
		}
	fi
}

inline take()
{
	b = bottom - 1;
	t = top;
	if
	:: b - t < 0 -> skip
	:: else ->
		bottom = b;
		t = top;
		if
		:: b - t > 0 ->
			x = slot[b % SLOTS];
			have(x)
		:: b - t == 0 ->
			x = slot[b % SLOTS];
#ifdef BROKEN
			have(x);
			top = t + 1;
#else
			atomic { won = (top == t); if :: won -> top = t + 1 :: else fi }
			if
			:: won -> have(x)
			:: else
			fi;
#endif
			bottom = b + 1
		:: else ->
			bottom = b + 1
		fi
	fi
}

active proctype owner()
{
	short b, t;
	byte x;
	bool won;

	do
	:: pushed < TASKS -> push()
	:: true -> take()
	:: pushed == TASKS && bottom - top <= 0 -> break
	od;
	finished = true
}

active [THIEVES] proctype thief()
{
	short b, t;
	byte x;
	bool won;

	do
	:: !finished ->
		t = top;
		b = bottom;
		if
		:: b - t <= 0 -> skip
		:: else ->
			x = slot[t % SLOTS];
			atomic { won = (top == t); if :: won -> top = t + 1 :: else fi }
			if
			:: won -> have(x)
			:: else
			fi
		fi
	:: finished -> break
	od
}

/* When nobody can move any more, all were had. */
active proctype judge()
{
	byte i;

	timeout;
	for (i : 1 .. TASKS) {
		assert(had[i] == 1)
	}
}
