/* claim.pml - one task that waits, and all that may wake it: the protocol of arm, park and claim.
 *
 * The task waits twice for an object; each time a deadline and a canceller compete with the
 * object's waker. It must be queued exactly once for each wait in which it suspended, never while
 * it runs, and a cancellation must end a wait that nobody else ends. Its worker reads the inbox
 * only when the task has suspended, so `queued` may be set before.
 *
 * spin -DBROKEN: park does not look at CANCELLED after arming. A cancellation between the first
 * look and arm is then lost, and the task waits for ever: an invalid end state. Must fail.
 */
#define WAITING 1
#define CANCELLED 2

byte word;
byte queued;     /* tvt__ready was called, the worker has not resumed it */
bool listed;     /* in the object's list, under its lock */
bool lock;
bool may_time_out;
byte wakes;      /* that the waker still has to give */

inline acquire() { atomic { !lock -> lock = true } }
inline release() { lock = false }

/* A compare-and-swap loop is one step in the end. */
inline claim()
{
	atomic {
		won = word & WAITING;
		if
		:: won -> word = word & ~WAITING
		:: else
		fi
	}
}

inline ready()
{
	atomic {
		assert(queued == 0);
		queued = 1
	}
}

active proctype task()
{
	byte round, w;
	bool won, cancelled;

	do
	:: round == 2 -> break
	:: else ->
		round++;
		cancelled = word & CANCELLED; /* ENTER */
		if
		:: cancelled -> break
		:: else
		fi;
		acquire();
		listed = true;
		word = word | WAITING; /* arm: one atomic or */
		release();
#ifndef BROKEN
		w = word;
		if
		:: (w & WAITING) && (w & CANCELLED) ->
			claim();
			if
			:: won -> cancelled = true; goto off
			:: else
			fi
		:: else
		fi;
#endif
		may_time_out = (round == 1); /* the second wait has no deadline */
		atomic { queued == 1 -> queued = 0 } /* suspend, and be resumed */
off:
		may_time_out = false;
		assert(!(word & WAITING));
		acquire();
		listed = false;
		release();
		if
		:: cancelled -> break
		:: else
		fi
	od;
	assert(queued == 0)
}

/* The object: wakes a listed task once. */
active proctype waker()
{
	bool won;

	acquire();
	if
	:: listed ->
		listed = false;
		claim();
		release();
		if
		:: won -> ready()
		:: else
		fi
	:: else -> release()
	fi
}

/* The task's own worker, while the task is suspended or on its way. */
active proctype timer()
{
	bool won;

end:	do
	:: may_time_out ->
		claim();
		if
		:: won -> ready()
		:: else
		fi;
		break
	od
}

active proctype canceller()
{
	byte w;
	bool won;

	atomic { w = word; word = word | CANCELLED } /* fetch_or */
	if
	:: w & WAITING ->
		claim();
		if
		:: won -> ready()
		:: else
		fi
	:: else
	fi
}
