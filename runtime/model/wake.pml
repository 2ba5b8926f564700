/* wake.pml - workers fall asleep and are woken: nothing waits while all who could do it sleep.
 *
 * Worker 0 is busy: it spawns into its deque and does not look at it again (the task that runs
 * there never suspends), so what it spawns must be stolen. Workers 1 and 2 steal, sleep, and are
 * woken to search; worker 1 also gets messages in its inbox. The steps are those of doze,
 * wake_searcher, tvt__enqueue_new and tvt__post in sched.c.
 *
 * At the end both thieves are asleep for good, and then the deque and the inbox must be empty: a
 * worker that sleeps with work left is an invalid end state, caught by the judge.
 *
 * spin -DBROKEN: a worker does not look once more after it has said that it sleeps. Must fail.
 */
#define AWAKE 0
#define ASLEEP 1
#define SEARCH 2
#define SPAWNS 2
#define POSTS 1

byte deque, inbox;      /* how many */
byte asleep[3];
short nasleep;
bool searching;
bool event[3];          /* the eventfd's edge */
byte done;
bool spawner_done, poster_done;

inline wake(v, how)
{
	atomic {
		won = (asleep[v] == ASLEEP);
		if
		:: won -> asleep[v] = how
		:: else
		fi
	}
	if
	:: won -> nasleep--; event[v] = true
	:: else
	fi
}

inline wake_searcher()
{
	do
	:: nasleep > 0 ->
		if
		:: deque > 0 ->
			atomic { won = !searching; if :: won -> searching = true :: else fi }
			if
			:: !won -> break
			:: else
			fi;
			v = 1;
			do
			:: v <= 2 ->
				wake(v, SEARCH);
				if
				:: won -> break
				:: else -> v++
				fi
			:: else -> break
			od;
			if
			:: won -> break
			:: else -> searching = false
			fi
		:: else -> break
		fi
	:: else -> break
	od
}

inline steal()
{
	atomic {
		won = (deque > 0);
		if
		:: won -> deque--; done++
		:: else
		fi
	}
}

active proctype spawner()
{
	byte i, v;
	bool won;

	do
	:: i < SPAWNS ->
		i++;
		deque++;
		if
		:: nasleep > 0 ->
			if
			:: !searching -> wake_searcher()
			:: else
			fi
		:: else
		fi
	:: else -> break
	od;
	spawner_done = true
}

active proctype poster()
{
	byte i;
	bool won;

	do
	:: i < POSTS ->
		i++;
		inbox++;
		wake(1, AWAKE)
	:: else -> break
	od;
	poster_done = true
}

proctype worker(byte me)
{
	byte was, v;
	bool won, look;

	do
	:: true ->
		/* the loop: inbox, then steal, else doze */
		if
		:: me == 1 -> atomic { done = done + inbox; inbox = 0 }
		:: else
		fi;
		steal();
		if
		:: won -> skip
		:: else ->
			asleep[me] = ASLEEP;
			nasleep++;
#ifdef BROKEN
			look = false;
#else
			look = (me == 1 && inbox > 0);
			look = look || deque > 0;
#endif
			if
			:: look -> skip /* poll with no timeout */
			:: else ->
end:				event[me] -> skip
			fi;
			event[me] = false;
			atomic { was = asleep[me]; asleep[me] = AWAKE }
			if
			:: was == ASLEEP -> nasleep--
			:: was == SEARCH ->
				steal();
				searching = false;
				wake_searcher()
			:: else
			fi
		fi
	od
}

/* Where all have come to rest, nothing is left. timeout: no other process can move. */
active proctype judge()
{
	timeout;
	assert(spawner_done && poster_done);
	assert(deque == 0 && inbox == 0);
	assert(done == SPAWNS + POSTS);
	assert(asleep[1] == ASLEEP && asleep[2] == ASLEEP);
	assert(nasleep == 2 && !searching)
}

init {
	atomic { run worker(1); run worker(2) }
}
