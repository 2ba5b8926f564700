/* process.c - the process: its file, its modules, its threads; start, fork, exec and end.
 *
 * The file is made at the very start, while the program still has the rights and the root directory
 * that it began with, mapped, and its descriptor closed: a daemon that closes all descriptors or
 * changes its root loses nothing. A forked child makes a file of its own at once for the same
 * reason.
 */
#include "preload.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct shared tvt__;
static uint32_t *alive; /* tvt__.same_process, to write */
__thread struct tls tvt__tls;

static char dir[512];
static char path[560];
static pthread_key_t thread_key;
static uint32_t last_ended; /* index + 1 of a thread entry that may be free again */

extern void *__libc_stack_end; /* of ld.so */

/* ---- the functions behind the wrappers ---- */

static const char *const call_name[CALL_COUNT] = {
#define CALL(ret, name, when, fd, params, args) [CALL_##name] = #name,
#define VOID(name, when, params, args) [CALL_##name] = #name,
#define WAIT(ret, name, fds, sleeps, params, args) [CALL_##name] = #name,
#define HAND(name) [CALL_##name] = #name,
#include "calls.def"
};

/* What a wrapper calls if there is no such function: a weak reference to a function that this libc
 * does not have found the wrapper. */
static long missing(void)
{
	errno = ENOSYS;
	return -1;
}

static bool of_liburing(enum trace_call call)
{
	return strstr(call_name[call], "io_uring");
}

void *tvt__resolve(enum trace_call call)
{
	const char *name = call_name[call];
	void *fn = NULL, *lib;

	/* The oldest of several versions could be the one found without asking for one. */
	if (strncmp(name, "pthread_cond_", 13) == 0)
		fn = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
	if (!fn)
		fn = dlsym(RTLD_NEXT, name);
	/* liburing may have come with a plugin, outside the global scope. */
	if (!fn && of_liburing(call)) {
		lib = dlopen("liburing.so.2", RTLD_LAZY | RTLD_NOLOAD);
		if (lib)
			fn = dlsym(lib, name);
	}
	if (!fn)
		return (void *)missing;
	__atomic_store_n(&tvt__.real[call], fn, __ATOMIC_RELEASE);
	return fn;
}

/* ---- modules ---- */

static const char *absolute(const char *name, char *buf, size_t size)
{
	long n;
	size_t len = strlen(name);

	if (name[0] == '/' || !strchr(name, '/')) /* linux-vdso.so.1 */
		return name;
	n = RAW(getcwd, buf, size);
	if (n <= 1 || (size_t)n + len + 1 > size)
		return name;
	buf[n - 1] = '/'; /* n counts the NUL */
	memcpy(buf + n, name, len + 1);
	return buf;
}

static void find_build_id(struct trace_module *m, const char *note, size_t size)
{
	while (size >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) h;
		size_t name, desc;

		memcpy(&h, note, sizeof h);
		name = (h.n_namesz + 3u) & ~3u;
		desc = (h.n_descsz + 3u) & ~3u;
		if (size - sizeof h < name || size - sizeof h - name < desc)
			return;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 &&
			memcmp(note + sizeof h, "GNU", 4) == 0 &&
			h.n_descsz <= sizeof m->build_id) {
			memcpy(m->build_id, note + sizeof h + name, h.n_descsz);
			m->nbuild_id = h.n_descsz;
			return;
		}
		note += sizeof h + name + desc;
		size -= sizeof h + name + desc;
	}
}

struct scan {
	bool seen[TRACE_MODULES];
	uint64_t at;
};

static int visit_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct scan *scan = arg;
	struct trace_file *f = tvt__.file;
	struct trace_module *m;
	uint64_t lo = UINT64_MAX, hi = 0;
	char buf[sizeof m->path];
	const char *name = info->dlpi_name;
	uint32_t i;

	for (unsigned k = 0; k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[k];

		if (ph->p_type != PT_LOAD)
			continue;
		if (info->dlpi_addr + ph->p_vaddr < lo)
			lo = info->dlpi_addr + ph->p_vaddr;
		if (info->dlpi_addr + ph->p_vaddr + ph->p_memsz > hi)
			hi = info->dlpi_addr + ph->p_vaddr + ph->p_memsz;
	}
	if (hi <= lo)
		return 0;
	name = name[0] ? absolute(name, buf, sizeof buf) : f->h.nmodule ? "" : f->h.exe;
	for (i = 0; i < f->h.nmodule; i++) {
		m = &f->module[i];
		if (m->lo == lo && m->hi == hi && !m->to &&
			(!name[0] || strncmp(m->path, name, sizeof m->path - 1) == 0)) {
			scan->seen[i] = true;
			return 0;
		}
	}
	if (i == TRACE_MODULES || !tvt__touch(&f->module[i], sizeof *m)) {
		f->h.lost_modules++;
		return 0;
	}
	m = &f->module[i];
	m->base = info->dlpi_addr;
	m->lo = lo;
	m->hi = hi;
	m->from = f->h.nmodule ? scan->at : 0;
	memcpy(m->path, name, strnlen(name, sizeof m->path - 1)); /* the file is zero */
	for (unsigned k = 0; k < info->dlpi_phnum && !m->nbuild_id; k++)
		if (info->dlpi_phdr[k].p_type == PT_NOTE)
			find_build_id(m,
				(const char *)(info->dlpi_addr + info->dlpi_phdr[k].p_vaddr),
				info->dlpi_phdr[k].p_memsz);
	m->ready = 1;
	scan->seen[i] = true;
	f->h.nmodule = i + 1;
	return 0;
}

void tvt__scan_modules(void)
{
	static uint32_t busy;
	struct trace_file *f = tvt__.file;
	struct scan scan = {.at = now()};

	if (!f || __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return;
	__atomic_fetch_and(&f->h.flags, ~(uint32_t)FLAG_STALE, __ATOMIC_RELAXED);
	dl_iterate_phdr(visit_module, &scan);
	for (uint32_t i = 0; i < f->h.nmodule; i++)
		if (!scan.seen[i] && !f->module[i].to)
			f->module[i].to = scan.at;
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

bool tvt__known_code(uint64_t pc)
{
	const struct trace_file *f = tvt__.file;

	for (uint32_t i = 0; i < f->h.nmodule; i++)
		if (pc >= f->module[i].lo && pc < f->module[i].hi && !f->module[i].to)
			return true;
	/* code made at run time is in no module and no scan will find it */
	return _dl_find_object((void *)pc, &(struct dl_find_object){0}) != 0;
}

/* ---- memory ---- */

/* Makes sure that pages of the file exist. Else a full disk would be a SIGBUS in the user's
 * program. */
bool tvt__touch(void *p, size_t n)
{
	uint64_t lo = (uint64_t)p & ~(uint64_t)4095,
		 hi = ((uint64_t)p + n + 4095) & ~(uint64_t)4095;
	long r;

	if (tvt__.sandboxed)
		return true;
	r = RAW(madvise, lo, hi - lo, MADV_POPULATE_WRITE);
	return r == 0 || r == -EINVAL; /* Linux before 5.14 */
}

/* A word of this process's memory that may not be mapped. */
bool tvt__peek(uint64_t at, uint64_t *v)
{
	struct iovec here = {v, 8}, there = {(void *)at, 8};

	return RAW(process_vm_readv, RAW(getpid, 0), &here, 1, &there, 1) == 8;
}

/* ---- threads ---- */

static void find_stack(void)
{
	struct tls *t = &tvt__tls;
	pthread_attr_t attr;
	void *lo;
	size_t size;

	if (RAW(gettid, 0) == RAW(getpid, 0)) {
		struct rlimit64 lim = {0};

		RAW(prlimit64, 0, RLIMIT_STACK, 0, &lim);
		if (lim.rlim_cur > 64 << 20)
			lim.rlim_cur = 64 << 20;
		t->stack_hi = ((uint64_t)__libc_stack_end + 4095) & ~(uint64_t)4095;
		t->stack_lo = t->stack_hi - lim.rlim_cur;
	} else if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &lo, &size);
		t->stack_lo = (uint64_t)lo;
		t->stack_hi = (uint64_t)lo + size;
		pthread_attr_destroy(&attr);
	}
}

/* Threads that come and go under one name share an entry, one after the other. */
static struct trace_thread *reuse(struct trace_file *f, const char *name)
{
	uint32_t i = __atomic_load_n(&last_ended, __ATOMIC_RELAXED), yes = 1;
	struct trace_thread *s;

	if (!i)
		return NULL;
	s = &f->thread[i - 1];
	if (strncmp(s->name, name, sizeof s->name) != 0 ||
		!__atomic_compare_exchange_n(
			&s->ended, &yes, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return NULL;
	s->inside = s->turn_start = 0;
	s->poke = s->nlevel = s->npending = 0;
	return s;
}

/* This thread's entry; NULL if there is no room. */
SLOW struct trace_thread *tvt__thread(void)
{
	struct trace_file *f = tvt__.file;
	struct tls *t = &tvt__tls;
	struct trace_thread *s;
	char name[16] = "";
	uint32_t i;
	int err = errno;

	if (t->slot || !f)
		return t->slot;
	if (tvt__.sandboxed) {
		__atomic_fetch_add(&f->h.lost_threads, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	RAW(prctl, PR_GET_NAME, name);
	s = reuse(f, name);
	if (!s) {
		i = __atomic_fetch_add(&f->h.nthread, 1, __ATOMIC_RELAXED);
		if (i >= TRACE_THREADS || !tvt__touch(&f->thread[i], sizeof *s)) {
			__atomic_store_n(&f->h.nthread, i < TRACE_THREADS ? i : TRACE_THREADS,
				__ATOMIC_RELAXED);
			__atomic_fetch_add(&f->h.lost_threads, 1, __ATOMIC_RELAXED);
			return NULL;
		}
		s = &f->thread[i];
	}
	memcpy(s->name, name, sizeof name);
	s->tid = (uint32_t)RAW(gettid, 0);
	find_stack();
	t->slot = s;
	pthread_setspecific(thread_key, s);
	errno = err;
	__atomic_store_n(&s->ready, 1, __ATOMIC_RELEASE);
	return s;
}

/* From here on a system call that the program does not make itself may kill it. */
void tvt__sandbox(void)
{
	struct trace_file *f = tvt__.file;

	if (!f || tvt__.sandboxed)
		return;
	tvt__thread();
	tvt__touch(f->loop, 16 * sizeof f->loop[0]);
	tvt__touch(f->site, 256 * sizeof f->site[0]);
	f->h.flags |= FLAG_SANDBOXED;
	tvt__.sandboxed = true;
}

static void thread_ends(void *arg)
{
	struct trace_thread *s = arg;

	if (!tvt__.file || s != tvt__tls.slot)
		return;
	tvt__tls.turn = tvt__tls.slot = NULL;
	s->turn_start = 0;
	__atomic_store_n(&s->inside, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&s->ended, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&last_ended, (uint32_t)(s - tvt__.file->thread) + 1, __ATOMIC_RELAXED);
}

/* ---- the file ---- */

static size_t put_number(char *to, uint64_t n)
{
	char digits[20];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while (n /= 10);
	for (size_t i = 0; i < len; i++)
		to[i] = digits[len - 1 - i];
	return len;
}

static long read_file(const char *name, char *buf, size_t size)
{
	long fd = RAW(openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		return fd;
	n = RAW(read, fd, buf, size);
	RAW(close, fd);
	return n;
}

/* Field 22 of /proc/self/stat; the name in field 2 may hold anything but ends at the last ')'. */
static uint64_t start_time(void)
{
	char buf[1024], *p;
	long n = read_file("/proc/self/stat", buf, sizeof buf - 1);
	uint64_t v = 0;

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	for (; p && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return v;
}

static void describe_process(struct trace_header *h)
{
	struct timespec ts;
	struct stat st;
	long n;

	h->version = TRACE_VERSION;
	h->size = sizeof(struct trace_file);
	h->ncall = CALL_COUNT;
	h->pid = (uint32_t)RAW(getpid, 0);
	h->ppid = (uint32_t)RAW(getppid, 0);
	if (RAW(newfstatat, AT_FDCWD, "/proc/self/ns/pid", &st, 0) == 0)
		h->pidns = st.st_ino;
	h->born = start_time();
	h->tick_khz = tvt__.khz;
	h->threshold = tvt__.threshold;
	h->budget = tvt__.budget;
	h->signo = (uint32_t)SIGRTMAX - 3;
	h->start = now();
	clock_gettime(CLOCK_REALTIME, &ts);
	h->start_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	n = RAW(readlink, "/proc/self/exe", h->exe, sizeof h->exe - 1);
	h->exe[n > 0 ? n : 0] = '\0';
	n = read_file("/proc/self/cmdline", h->args, sizeof h->args - 1);
	h->args[n > 0 ? n : 0] = '\0';
	h->state = STATE_RUNNING;
}

static struct trace_file *create_file(void)
{
	struct trace_file *f;
	struct rlimit64 lim;
	size_t n = strlen(dir);
	long fd = -EEXIST, addr;

	/* to grow a file beyond the limit is a SIGXFSZ */
	if (RAW(prlimit64, 0, RLIMIT_FSIZE, 0, &lim) == 0 && lim.rlim_cur < sizeof *f)
		return NULL;

	memcpy(path, dir, n);
	path[n++] = '/';
	n += put_number(path + n, (uint64_t)RAW(getpid, 0));
	for (unsigned i = 0; fd == -EEXIST && i < 1000; i++) {
		size_t k = n;

		path[k++] = '.';
		k += put_number(path + k, i);
		memcpy(path + k, ".tvt", 5);
		fd = RAW(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	}
	if (fd < 0)
		return NULL;
	addr = -1;
	if (RAW(ftruncate, fd, sizeof *f) == 0)
		addr = RAW(mmap, 0, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	RAW(close, fd);
	f = (struct trace_file *)addr;
	if (addr < 0 && addr > -4096)
		goto fail;
	if (!tvt__touch(&f->h, sizeof f->h) || !tvt__touch(f->hash, sizeof f->hash)) {
		RAW(munmap, f, sizeof *f);
		goto fail;
	}
	describe_process(&f->h);
	return f;
fail:
	RAW(unlinkat, AT_FDCWD, path, 0);
	return NULL;
}

/* A file in which nothing was recorded is not worth keeping. */
static void leave(uint32_t state)
{
	struct trace_file *f = tvt__.file;

	if (!f || !*tvt__.same_process)
		return;
	f->h.state = state;
	if (!f->h.nloop && !f->h.nsite)
		RAW(unlinkat, AT_FDCWD, path, 0);
}

/* ---- fork ---- */

/* We are a child: everything on hand belongs to the parent's file. */
SLOW void tvt__forked(void)
{
	struct trace_file *old = tvt__.file, *f;

	memset(&tvt__tls, 0, sizeof tvt__tls);
	last_ended = 0;
	tvt__.file = NULL;
	*alive = 1;
	if (!old)
		return;
	f = tvt__.sandboxed ? NULL : create_file();
	if (f && old->h.nmodule <= TRACE_MODULES &&
		tvt__touch(f->module, sizeof f->module[0] * old->h.nmodule)) {
		memcpy(f->module, old->module, sizeof f->module[0] * old->h.nmodule);
		f->h.nmodule = old->h.nmodule;
	}
	RAW(munmap, old, sizeof *old);
	if (f) {
		__atomic_store_n(&f->h.magic, TRACE_MAGIC, __ATOMIC_RELEASE);
		tvt__.file = f;
	}
}

/* ---- start and end ---- */

static uint64_t number(const char **p)
{
	uint64_t v = 0;

	while (**p == ' ')
		++*p;
	for (; **p >= '0' && **p <= '9'; ++*p)
		v = v * 10 + (uint64_t)(**p - '0');
	return v;
}

static void complain(const char *what)
{
	static const char head[] = "libtvt-trace: this process is not traced: ";

	RAW(write, 2, head, sizeof head - 1);
	RAW(write, 2, what, strlen(what));
	RAW(write, 2, "\n", 1);
}

__attribute__((constructor(101))) static void start(void)
{
	const char *d = getenv(TRACE_ENV_DIR), *opts = getenv(TRACE_ENV_OPTS);
	long page;

	/* Now, since it is not allowed in a signal handler. liburing is not looked for until it is
	 * used. */
	for (enum trace_call i = CALL_NONE + 1; i < CALL_COUNT; i++)
		if (!tvt__.real[i] && !of_liburing(i))
			tvt__resolve(i);
	if (!d || !d[0] || strlen(d) >= sizeof dir)
		return;
	memcpy(dir, d, strlen(d) + 1);
	tvt__keep_environment();
	tvt__.khz = opts ? number(&opts) : 0;
	tvt__.threshold = (opts ? number(&opts) : 1000) * (tvt__.khz ? tvt__.khz : 1000000) / 1000;
	tvt__.budget = (opts ? number(&opts) : 10000) * (tvt__.khz ? tvt__.khz : 1000000) / 1000;
	page = RAW(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page < 0 && page > -4096)
		return;
	alive = (uint32_t *)page;
	tvt__.same_process = alive;
	*alive = 1;
	if (RAW(madvise, alive, 4096, MADV_WIPEONFORK) != 0)
		return;
	if (pthread_key_create(&thread_key, thread_ends) != 0)
		return;
	tvt__.file = create_file();
	if (!tvt__.file) {
		complain("no file can be made in the directory of the trace, or not of that size");
		return;
	}
	tvt__watch_signal(tvt__.file->h.signo);
	tvt__scan_modules();
	pthread_atfork(NULL, NULL, tvt__forked);
	__atomic_store_n(&tvt__.file->h.magic, TRACE_MAGIC, __ATOMIC_RELEASE);
}

__attribute__((destructor)) static void end(void)
{
	leave(STATE_EXITED);
}
