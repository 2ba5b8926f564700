/* terminal.c - standard output, the progress bar and Ctrl-C. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

unsigned terminal_width(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

/* ---- standard output ---- */

int stdout_write(const char *s, size_t n)
{
	while (n) {
		ssize_t put = write(STDOUT_FILENO, s, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EPIPE) {
			/* As if SIGPIPE had never been ignored: `tvt-lint | head` is no error. */
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		if (put < 0)
			return error("cannot write to standard output: %s", strerror(errno));
		s += put;
		n -= (size_t)put;
	}
	return 0;
}

int stdout_sb(struct sb *out)
{
	int rc = stdout_write(out->s, out->n);

	sb_free(out);
	return rc < 0 ? EXIT_TROUBLE : EXIT_CLEAN;
}

/* ---- progress ---- */

static const char wipe[] = "\r\033[K";
static volatile sig_atomic_t drawn; /* there is a bar to be wiped */

bool progress_wanted(bool quiet)
{
	const char *ci = getenv("CI"), *term = getenv("TERM");

	return !quiet && isatty(STDERR_FILENO) && !(ci && *ci) && term && *term &&
	       strcmp(term, "dumb");
}

void progress_clear(void)
{
	if (!drawn)
		return;
	drawn = 0;
	fputs(wipe, stderr);
	fflush(stderr);
}

void progress_message(void *ctx, const char *level, const char *msg)
{
	struct sb line = {0};

	progress_clear();
	sb_printf(&line, "tvt-lint: %s: %s\n", level, msg);
	fwrite(line.s, 1, line.n, stderr);
	sb_free(&line);
}

/* " 123/4567 [=====     ] src/net/resolve.c", as wide as the terminal less one. */
static void put_bar(struct sb *out, uint32_t done, uint32_t total, const char *file, unsigned width)
{
	enum { BAR = 24 };
	uint32_t full = total ? (uint32_t)((uint64_t)BAR * done / total) : 0;
	struct sb name = {0};
	size_t room, from = out->n;

	sb_printf(out, "%*u/%u [", snprintf(NULL, 0, "%u", total), done, total);
	for (uint32_t i = 0; i < BAR; i++)
		sb_putc(out, i < full ? '=' : ' ');
	sb_puts(out, "] ");
	room = width > out->n - from + 1 ? width - (out->n - from) - 1 : 0;
	sb_put_visible(&name, file, strlen(file));
	/* the end of a path says more than its beginning; a byte is taken for a column, so it never
	 * wraps */
	if (name.n > room) {
		size_t skip = name.n - room;

		while (skip < name.n && (name.s[skip] & 0xC0) == 0x80)
			skip++;
		sb_puts(out, name.s + skip);
	} else if (name.n) {
		sb_puts(out, name.s);
	}
	sb_free(&name);
}

void progress_show(void *ctx, uint32_t done, uint32_t total, const char *file)
{
	static struct timespec last;
	struct timespec now;
	struct sb line = {0};

	if (*interrupt_flag())
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (drawn && now.tv_sec * 1000 + now.tv_nsec / 1000000 <
			     last.tv_sec * 1000 + last.tv_nsec / 1000000 + 50)
		return;
	last = now;
	sb_puts(&line, wipe);
	put_bar(&line, done, total, file, terminal_width(STDERR_FILENO));
	drawn = 1;
	fwrite(line.s, 1, line.n, stderr);
	fflush(stderr);
	sb_free(&line);
}

/* The stages after the first two take long only in large programs; then one wants to know. */
void progress_stage(void *ctx, enum stage s)
{
	static const char *const doing[STAGE_COUNT] = {[STAGE_PROGRAM] = "linking",
		[STAGE_EFFECTS] = "reading models",
		[STAGE_FACTS] = "solving",
		[STAGE_FINDINGS] = "running rules"};

	if (!doing[s] || *interrupt_flag())
		return;
	drawn = 1;
	fprintf(stderr, "%s%s", wipe, doing[s]);
	fflush(stderr);
}

/* ---- signals ---- */

static volatile sig_atomic_t interrupted;

/* Whoever should have seen the flag is busy: end now. Workers end with us. */
static void on_alarm(int sig)
{
	signal(interrupted, SIG_DFL);
	raise(interrupted);
}

static void on_signal(int sig)
{
	int err = errno;

	interrupted = sig;
	alarm(1);
	if (drawn) {
		drawn = 0;
		if (write(STDERR_FILENO, wipe, sizeof wipe - 1) < 0) {
			/* nothing to be done about it here */
		}
	}
	errno = err;
}

void interrupt_catch(void)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};
	/* the second one finds the default again: whoever presses Ctrl-C twice wants it now */
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old;

	for (size_t i = 0; i < COUNT(sigs); i++)
		if (!sigaction(sigs[i], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(sigs[i], &sa, NULL);
	signal(SIGALRM, on_alarm);
}

const volatile sig_atomic_t *interrupt_flag(void)
{
	return &interrupted;
}

void interrupt_die(void)
{
	int sig = interrupted;

	if (!sig)
		return;
	progress_clear();
	signal(sig, SIG_DFL);
	raise(sig);
	_exit(128 + sig);
}
