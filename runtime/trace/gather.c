/* gather.c - one process file into the trace: checked, symbolised, aggregated.
 *
 * A file may come from a process that was killed in the middle of a write, or from anyone: every
 * count, index and text is checked before it is used, and nothing in a file can make us read
 * outside it.
 */
#include "runtime/trace/gather.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

/* One process file while it is read. */
struct process {
	const struct trace_file *f;
	uint32_t id;
	struct image image;
	uint32_t nthread, nloop, nsite; /* clamped */
	uint32_t thread[TRACE_THREADS]; /* of reader; NONE */
	uint32_t loop[TRACE_LOOPS];	/* of reader; NONE */
};

static const char *const call_name[] = {
	[CALL_NONE] = "",
#define CALL(ret, name, when, fd, params, args) [CALL_##name] = #name,
#define VOID(name, when, params, args) [CALL_##name] = #name,
#define WAIT(ret, name, fds, sleeps, params, args) [CALL_##name] = #name,
#define HAND(name) [CALL_##name] = #name,
#include "runtime/trace/calls.def"
};

/* The name in the user's source: "read", where the compiler made __read_chk of it. */
static const char *source_name(struct arena *a, uint32_t call)
{
	static const struct {
		const char *ours, *theirs;
	} odd[] = {{"__open_2", "open"}, {"__open64_2", "open"}, {"__openat_2", "openat"},
		{"__openat64_2", "openat"}, {"__isoc99_fscanf", "fscanf"},
		{"__isoc99_vfscanf", "vfscanf"}, {"__getdelim", "getdelim"},
		{"__io_uring_get_cqe", "io_uring_wait_cqe"}};
	const char *name = call < COUNT(call_name) ? call_name[call] : "";

	for (size_t i = 0; i < COUNT(odd); i++)
		if (strcmp(name, odd[i].ours) == 0)
			return odd[i].theirs;
	if (str_starts(name, "__") && str_ends(name, "_chk"))
		return arena_strndup(a, name + 2, strlen(name) - 6);
	return name;
}

static const char *text(struct arena *a, const char *s, size_t size)
{
	return arena_strndup(a, s, strnlen(s, size));
}

static uint64_t ns(const struct process *p, uint64_t ticks)
{
	uint64_t khz = p->f->h.tick_khz;

	if (!khz)
		return ticks;
	return ticks / khz * 1000000 + ticks % khz * 1000000 / khz;
}

static uint32_t at_most(uint32_t n, uint32_t max)
{
	return n < max ? n : max;
}

/* ---- records ---- */

static const char *fd_text(const struct trace_site *s)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {{S_IFSOCK, "socket"}, {S_IFREG, "file"}, {S_IFIFO, "pipe"},
		{S_IFCHR, "character device"}, {S_IFBLK, "block device"}, {S_IFDIR, "directory"},
		{0, "event descriptor"}};

	for (size_t i = 0; i < COUNT(types) && s->fd_mode; i++)
		if ((s->fd_mode & S_IFMT) == types[i].type)
			return types[i].name;
	return NULL;
}

static const char *what_of(struct reader *r, const struct process *p, const struct trace_site *s)
{
	const char *fd;

	if (s->object && s->flags & FLAG_SITE_MANY && s->kind != KIND_START)
		return arena_printf(r->a, "%s and others",
			image_name(&p->image, &r->stacks, s->object, s->first));
	if (s->object)
		return image_name(&p->image, &r->stacks, s->object, s->first);
	fd = fd_text(s);
	if (!fd)
		return NULL;
	return arena_printf(
		r->a, "%s, %s", fd, s->fd_flags & O_NONBLOCK ? "non-blocking" : "blocking");
}

static const char *thread_name(const struct process *p, const struct reader *r, uint32_t tid)
{
	for (uint32_t i = 0; i < p->nthread; i++)
		if (p->thread[i] != NONE && r->threads.v[p->thread[i]].tid == tid)
			return r->threads.v[p->thread[i]].name;
	return NULL;
}

static void count_thread(struct reader *r, uint32_t record, uint32_t thread)
{
	uint32_t *slot = map_slot(&r->seen, hash_mix(record, thread), NONE - 1);

	if (*slot != NONE - 1)
		return;
	*slot = 1;
	r->records.v[record].nthread++;
}

static const enum tracefile_kind public_kind[KIND_COUNT] = {
	[KIND_CALL] = TF_CALL,
	[KIND_LOCK] = TF_LOCK,
	[KIND_HOLD] = TF_HOLD,
	[KIND_LONG] = TF_LONG,
	[KIND_ASLEEP] = TF_ASLEEP,
	[KIND_START] = TF_START,
};

/* Two sites are one record if kind, call, functions and lines are the same; samples of one source
 * line differ in their address. */
static uint64_t identity(
	const struct reader *r, const struct trace_site *s, const uint32_t *stack, uint32_t n)
{
	uint64_t key = hash_mix(s->kind, s->call);

	for (uint32_t i = 0; i < n; i++) {
		const struct code *c = &r->stacks.code.v[stack[i]];

		key = hash_mix(key, c->module);
		if (c->frames[0].file)
			key = hash_mix(
				hash_mix(key, hash_str(c->frames[0].file)), c->frames[0].line);
		else if (c->exact && c->function)
			key = hash_mix(key, hash_str(c->function));
		else
			key = hash_mix(key, c->addr);
	}
	return key;
}

struct total {
	uint64_t count, ticks, max;
	const struct trace_hist *hist; /* of ticks; NULL: one event of `max` ticks */
	bool unfinished;
};

/* Resolves a site's stack, and how it lies in the loop that it is said to be in. */
static struct in_loop place_site(struct reader *r, const struct process *p,
	const struct trace_site *s, uint32_t *stack, uint32_t *n)
{
	uint32_t wait[TRACE_FRAMES], nwait = 0;

	*n = stack_resolve(&r->stacks, &p->image, s->frame, s->nframe, s->first,
		s->flags & FLAG_SITE_EXACT, stack);
	if (s->loop < p->nloop) {
		const struct trace_loop *l = &p->f->loop[s->loop];

		nwait = stack_resolve(
			&r->stacks, &p->image, l->frame, l->nframe, s->first, false, wait);
	}
	return stack_in_loop(&r->stacks, &p->image, stack, *n, wait, nwait);
}

/* A socket, pipe or eventfd (which has no type), and it is set not to block. */
static bool cannot_wait(const struct trace_site *s)
{
	uint32_t type = s->fd_mode & S_IFMT;

	return s->fd_mode && (type == S_IFSOCK || type == S_IFIFO || !type) &&
	       s->fd_flags & O_NONBLOCK;
}

static void add_record(struct reader *r, const struct process *p, const struct trace_site *s,
	const struct total *add)
{
	uint32_t stack[TRACE_FRAMES], n, id, *slot;
	uint32_t loop = s->loop < p->nloop ? p->loop[s->loop] : NONE;
	struct in_loop in = place_site(r, p, s, stack, &n);
	struct tracefile_record *rec;

	slot = map_slot(&r->record_of, identity(r, s, stack, n), r->records.n);
	id = *slot;
	if (id == r->records.n) {
		struct trace_hist **h = vec_push(&r->hists);

		*h = xcalloc(1, sizeof **h);
		rec = vec_push(&r->records);
		memset(rec, 0, sizeof *rec);
		rec->kind = public_kind[s->kind];
		rec->call = source_name(r->a, s->call);
		rec->what = what_of(r, p, s);
		rec->frames = stack_expand(&r->stacks, stack, n, &rec->nframe);
		rec->site = stack_site(rec->frames, rec->nframe, in.loop);
		rec->callback = in.callback;
		rec->process = p->id;
		rec->thread = p->thread[s->thread];
		rec->loop = loop;
		rec->doubtful = true;
	}
	rec = &r->records.v[id];
	if (s->kind == KIND_LOCK && s->owner && ns(p, s->max_ticks) >= rec->max_ns)
		rec->held_by = thread_name(p, r, s->owner);
	rec->count += add->count;
	rec->total_ns += ns(p, add->ticks);
	if (ns(p, add->max) > rec->max_ns)
		rec->max_ns = ns(p, add->max);
	rec->unfinished |= add->unfinished;
	rec->asleep += s->asleep;
	rec->runnable += s->runnable;
	rec->doubtful &= (s->kind == KIND_CALL || s->kind == KIND_LOCK) &&
			 !(s->flags & FLAG_SITE_NEVER) &&
			 (cannot_wait(s) || (s->runnable && !s->asleep));
	for (unsigned i = 0; i < TRACE_BUCKETS && add->hist; i++)
		if (add->hist->n[i])
			r->hists.v[id]->n[trace_bucket(ns(p, trace_bucket_mid(i)))] +=
				add->hist->n[i];
	if (!add->hist)
		r->hists.v[id]->n[trace_bucket(ns(p, add->max))]++;
	count_thread(r, id, p->thread[s->thread]);
	if (loop != NONE && in.dispatched)
		r->loops.v[loop].worker = false;
}

uint64_t quantile(const struct trace_hist *h, double part, uint64_t max)
{
	uint64_t total = 0, sum = 0, rank;
	unsigned last = 0;

	for (unsigned i = 0; i < TRACE_BUCKETS; i++)
		if (h->n[i]) {
			total += h->n[i];
			last = i;
		}
	rank = (uint64_t)(part * (double)total + 0.999999);
	for (unsigned i = 0; i < TRACE_BUCKETS; i++) {
		sum += h->n[i];
		if (sum >= rank && i != last)
			return trace_bucket_mid(i) < max ? trace_bucket_mid(i) : max;
		if (sum >= rank)
			break;
	}
	return max;
}

/* ---- one process ---- */

static bool valid_site(const struct process *p, uint32_t i)
{
	const struct trace_site *s = &p->f->site[i];

	return s->ready && s->kind > 0 && s->kind < KIND_COUNT && s->call < CALL_COUNT &&
	       s->thread < p->nthread && p->thread[s->thread] != NONE;
}

static void add_loop(struct reader *r, struct process *p, uint32_t i)
{
	const struct trace_loop *l = &p->f->loop[i];
	uint32_t stack[TRACE_FRAMES], n;
	struct tracefile_loop *out;

	p->loop[i] = NONE;
	if (!l->ready || l->thread >= p->nthread || p->thread[l->thread] == NONE ||
		l->call >= CALL_COUNT)
		return;
	n = stack_resolve(&r->stacks, &p->image, l->frame, l->nframe, p->f->h.seen, false, stack);
	p->loop[i] = r->loops.n;
	out = vec_push(&r->loops);
	memset(out, 0, sizeof *out);
	out->process = p->id;
	out->thread = p->thread[l->thread];
	out->call = source_name(r->a, l->call);
	out->frames = stack_expand(&r->stacks, stack, n, &out->nframe);
	out->site =
		stack_site(out->frames, out->nframe, 3); /* further out it does not wait any more */
	out->max_fds = l->max_fds;
	out->nested = l->visits > 0;
	out->worker = l->max_fds == 1 && !out->nested;
	out->turns = l->turns;
	out->total_ns = ns(p, l->turn_ticks);
	out->max_ns = ns(p, l->max_ticks);
	out->wait_ns = ns(p, l->wait_ticks);
	out->p50_ns = ns(p, quantile(&l->hist, .50, l->max_ticks));
	out->p99_ns = ns(p, quantile(&l->hist, .99, l->max_ticks));
	out->over = l->over;
	out->over_called = l->over_called;
	out->checked = l->checked;
	out->checked_ns = ns(p, l->checked_ticks);
	out->cpu_ns = l->cpu_ns;
	out->page_waits = l->page_waits;
	out->asleep = l->asleep_turns;
	out->asleep_ns = ns(p, l->asleep_ticks);
}

/* Events of the turn that was open when the process ended. They count if the turn surely was one:
 * the loop has come round before and the process was killed, or the stack itself goes through the
 * loop's library. */
static void add_open_turn(struct reader *r, const struct process *p, uint32_t i)
{
	const struct trace_thread *th = &p->f->thread[i];
	const struct trace_level *level = &th->level[0];
	uint32_t loop, n = at_most(th->npending, TRACE_PENDING);
	bool alive = p->f->h.state == STATE_RUNNING && !th->ended;

	if (th->nlevel != 1 || level->loop >= p->nloop || p->loop[level->loop] == NONE)
		return;
	loop = level->loop;
	for (uint32_t k = 0; k < n; k++) {
		const struct trace_pending *e = &th->pending[k];
		struct trace_site s;
		struct total add = {1, e->ticks, e->ticks, NULL, false};
		uint32_t stack[TRACE_FRAMES], depth;

		if (e->site >= p->nsite || !valid_site(p, e->site))
			continue;
		s = p->f->site[e->site];
		if (s.thread != i || s.kind == KIND_LONG || s.kind == KIND_ASLEEP)
			continue;
		if (e->flags & FLAG_PENDING_OPEN) {
			if (p->f->h.seen < e->ticks)
				continue;
			add.ticks = add.max = p->f->h.seen - e->ticks;
			add.unfinished = true;
		}
		s.loop = loop;
		if ((alive && p->f->loop[loop].turns) ||
			place_site(r, p, &s, stack, &depth).in_library)
			add_record(r, p, &s, &add);
	}
}

/* A call that the process was inside when it was killed. Only the address of the call is known. */
static void add_stuck(struct reader *r, const struct process *p, uint32_t i)
{
	const struct trace_thread *th = &p->f->thread[i];
	struct total add = {.count = 1, .unfinished = true};
	struct trace_site s;
	uint32_t loop;

	if (p->f->h.state != STATE_RUNNING || th->ended || !th->inside || !th->turn_start ||
		th->nlevel != 1 || th->call >= CALL_COUNT || p->f->h.seen < th->call_start)
		return;
	if (th->npending && th->npending <= TRACE_PENDING &&
		th->pending[th->npending - 1].flags & FLAG_PENDING_OPEN)
		return; /* add_open_turn has it, with its stack */
	loop = th->level[0].loop;
	add.ticks = add.max = p->f->h.seen - th->call_start;
	if (loop >= p->nloop || p->loop[loop] == NONE || !p->f->loop[loop].turns ||
		add.max < p->f->h.threshold)
		return;
	memset(&s, 0, sizeof s);
	s.kind = KIND_CALL;
	s.call = th->call;
	s.thread = i;
	s.loop = loop;
	s.first = p->f->h.seen;
	s.nframe = 1;
	s.frame[0] = th->call_ra;
	add_record(r, p, &s, &add);
}

static const char *join_args(struct arena *a, const char *args, size_t size)
{
	struct sb b = {0};
	char *res;

	while (size && !args[size - 1])
		size--;
	for (size_t i = 0; i < size; i++)
		sb_putc(&b, args[i] ? args[i] : ' ');
	res = arena_strdup(a, b.s ? b.s : "");
	sb_free(&b);
	return res;
}

void gather(struct reader *r, const struct trace_file *f)
{
	static const enum tracefile_end ends[] = {[STATE_RUNNING] = TF_KILLED,
		[STATE_EXITED] = TF_EXITED,
		[STATE_EXECED] = TF_EXECED};
	struct process *p = xcalloc(1, sizeof *p);
	const struct trace_header *h = &f->h;
	struct tracefile_process *out = vec_push(&r->processes);

	p->f = f;
	p->id = r->processes.n - 1;
	p->nthread = at_most(h->nthread, TRACE_THREADS);
	p->nloop = at_most(h->nloop, TRACE_LOOPS);
	p->nsite = at_most(h->nsite, TRACE_SITES);
	memset(out, 0, sizeof *out);
	out->pid = h->pid;
	out->ppid = h->ppid;
	out->exe = text(r->a, h->exe, sizeof h->exe);
	out->args = join_args(r->a, h->args, sizeof h->args);
	out->end = h->state < COUNT(ends) ? ends[h->state] : TF_KILLED;
	if (out->end == TF_KILLED && h->pid <= INT32_MAX && h->pid > 1 &&
		kill((pid_t)h->pid, 0) == 0)
		out->end = TF_RUNNING;
	out->ran_ns = h->seen > h->start ? ns(p, h->seen - h->start) : 0;
	out->samples = h->samples;
	out->lost =
		h->lost_events + h->lost_sites + h->lost_loops + h->lost_threads + h->lost_modules;
	out->sandboxed = h->flags & FLAG_SANDBOXED;
	r->t->threshold_ns = ns(p, h->threshold);
	r->t->budget_ns = ns(p, h->budget);
	image_init(&p->image, &r->stacks, f);
	for (uint32_t i = 0; i < p->nthread; i++) {
		struct tracefile_thread *th;

		p->thread[i] = NONE;
		if (!f->thread[i].ready)
			continue;
		p->thread[i] = r->threads.n;
		th = vec_push(&r->threads);
		th->process = p->id;
		th->tid = f->thread[i].tid;
		th->starved = f->thread[i].starved;
		th->name = text(r->a, f->thread[i].name, sizeof f->thread[i].name);
	}
	for (uint32_t i = 0; i < p->nloop; i++)
		add_loop(r, p, i);
	for (uint32_t i = 0; i < p->nsite; i++) {
		const struct trace_site *s = &f->site[i];
		struct total add = {s->count, s->ticks, s->max_ticks, &s->hist, false};

		if (s->count && valid_site(p, i))
			add_record(r, p, s, &add);
	}
	for (uint32_t i = 0; i < p->nthread; i++) {
		if (p->thread[i] == NONE)
			continue;
		add_open_turn(r, p, i);
		add_stuck(r, p, i);
	}
	free(p);
}
