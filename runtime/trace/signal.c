/* signal.c - the watcher's signal, which asks a thread in a long turn where it is.
 *
 * The program may do with signals what it likes: for this one number it is made to believe that it
 * succeeded, and a handler of its own gets the signals that are not the watcher's.
 */
#include "preload.h"

#include <signal.h>

static int signo;
static struct sigaction theirs; /* what the program set for our signal */

static void on_watch(int sig, siginfo_t *info, void *context)
{
	struct trace_thread *s = tvt__tls.slot;
	uint32_t kind;

	if (tvt__.file && *tvt__.same_process && s) {
		kind = __atomic_load_n(&s->poke, __ATOMIC_SEQ_CST);
		if (kind) {
			if (tvt__tls.turn && (kind == KIND_LONG || kind == KIND_ASLEEP))
				tvt__sample(s, (enum trace_kind)kind, context);
			__atomic_store_n(&s->poke, 0, __ATOMIC_SEQ_CST);
			return;
		}
	}
	if (theirs.sa_flags & SA_SIGINFO)
		theirs.sa_sigaction(sig, info, context);
	else if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN)
		theirs.sa_handler(sig);
}

EXPORT int sigaction(int sig, const struct sigaction *set, struct sigaction *old)
{
	struct sigaction was = theirs;

	if (!signo || sig != signo)
		return REAL(sigaction)(sig, set, old);
	if (set)
		theirs = *set;
	if (old)
		*old = was;
	return 0;
}

EXPORT __sighandler_t signal(int sig, __sighandler_t handler)
{
	__sighandler_t was = theirs.sa_handler;

	if (!signo || sig != signo)
		return REAL(signal)(sig, handler);
	memset(&theirs, 0, sizeof theirs);
	theirs.sa_handler = handler;
	return was;
}

/* Blocked, the signal would wait and then interrupt whatever unblocks it. */
static const sigset_t *without_ours(int how, const sigset_t *set, sigset_t *copy)
{
	if (!signo || !set || how == SIG_UNBLOCK || !sigismember(set, signo))
		return set;
	*copy = *set;
	sigdelset(copy, signo);
	return copy;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;

	return REAL(sigprocmask)(how, without_ours(how, set, &copy), old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;

	return REAL(pthread_sigmask)(how, without_ours(how, set, &copy), old);
}

void tvt__watch_signal(uint32_t number)
{
	struct sigaction sa = {.sa_sigaction = on_watch, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t set;

	/* Nothing may interrupt the handler: it is short, and the tables are half changed. */
	sigfillset(&sa.sa_mask);
	if (REAL(sigaction)((int)number, &sa, &theirs) != 0)
		return;
	sigemptyset(&set);
	sigaddset(&set, (int)number);
	REAL(pthread_sigmask)(SIG_UNBLOCK, &set, NULL); /* the mask is inherited */
	signo = (int)number;
}
