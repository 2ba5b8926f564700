/* project.c - folders, their databases and units, and when what is computed again.
 *
 * A project is a folder that the client names, or the directory of a file outside all of them. Its
 * units come from a thread (bg.c) that runs the pipeline up to them, cache and all; after that
 * single units follow: those of open documents from live workers (doc.c), others that changed on
 * disk from the thread. Whenever units have changed and no round runs, one begins.
 */
#include "lsp/lsp_int.h"

#define TYPING 0.12   /* seconds from a key on that are no pause */
#define PATIENCE 2.0

/* ---- which one ---- */

static bool holds(const char *dir, const char *path)
{
	return !strcmp(dir, path) || path_under(dir, path) != path;
}

static struct project *make(struct server *s, const char *root)
{
	struct project *p = xcalloc(1, sizeof *p);

	p->root = xstrdup(root);
	p->mem = arena_new();
	p->reload = true;
	vec_add(&s->projects, p);
	return p;
}

struct project *project_of(struct server *s, const char *path)
{
	struct project *best = NULL;
	struct arena *a;

	for (uint32_t i = 0; i < s->projects.n; i++) {
		struct project *p = s->projects.v[i];
		bool in = holds(p->root, path) || (p->db && p->db->path && holds(p->db->root, path));

		if (!p->closing && in && (!best || strlen(p->root) > strlen(best->root)))
			best = p;
	}
	if (best)
		return best;
	a = arena_new();
	best = make(s, path_dir(a, path));
	arena_free(a);
	return best;
}

void project_add(struct server *s, const char *root)
{
	for (uint32_t i = 0; i < s->projects.n; i++)
		if (!strcmp(s->projects.v[i]->root, root)) {
			s->projects.v[i]->folder = true;
			return;
		}
	make(s, root)->folder = true;
}

/* ---- slots ---- */

struct slot *project_slot(struct project *p, const struct doc *d)
{
	for (uint32_t i = 0; i < p->slots.n; i++)
		if (p->slots.v[i].doc == d)
			return &p->slots.v[i];
	return NULL;
}

static void attach(struct server *s, struct doc *d)
{
	struct project *p = d->project;
	struct slot *slot = NULL;

	if (!d->is_c || !p->indexed || p->closing)
		return;
	/* of several commands for one file the first speaks for what is typed; the others follow when it is saved */
	for (uint32_t i = 0; i < p->slots.n && !slot; i++)
		if (!strcmp(p->slots.v[i].cmd.file, d->path))
			slot = &p->slots.v[i];
	if (!slot && (p->alone || !p->db)) {
		p->alone = p->reload = true;
		return;
	}
	if (!slot) {
		slot = vec_push(&p->slots);
		*slot = (struct slot){0};
		compdb_command(p->db, arena_strdup(p->mem, d->path), &slot->cmd);
		d->stale = true;
	}
	slot->doc = d;
}

void project_attach(struct server *s, struct doc *d)
{
	attach(s, d);
}

void project_detach(struct server *s, struct doc *d)
{
	struct slot *slot = project_slot(d->project, d);

	if (!slot)
		return;
	slot->doc = NULL;
	/* what was not saved is gone */
	if (d->seq != d->saved_seq || d->unit_seq != d->seq)
		slot->stale = true;
}

static void clear(struct project *p)
{
	for (uint32_t i = 0; i < p->slots.n; i++)
		unit_free(&p->slots.v[i].unit);
	p->slots.n = 0;
	compdb_free(p->db);
	p->db = NULL;
}

/* ---- what has changed ---- */

static bool reads(const struct slot *slot, const char *path)
{
	const struct ir *ir = slot->unit.ir;
	struct arena *a = arena_new();
	struct read r;
	bool found = false;

	/* what the parser asked for, in vain too; names with ".." are compared as they are meant */
	for (uint64_t at = 0; !found && unit_read_next(&slot->unit, &at, &r);)
		found = !strcmp(strstr(r.path, "/.") || strstr(r.path, "//") ? path_normal(a, r.path) : r.path, path);
	for (uint32_t i = 0; ir && !found && i < ir->nfiles; i++)
		found = !strcmp(ir_text_of(ir, ir->files[i].path), path);
	arena_free(a);
	return found;
}

static void changed_buffer(struct server *s, struct project *p, const char *path)
{
	struct doc *header = doc_at(s, path);

	if (header->is_c)
		return;
	for (uint32_t i = 0; i < p->slots.n; i++)
		if (p->slots.v[i].doc)
			p->slots.v[i].doc->stale = true;
	header->unit_seq = header->seq;
}

static void changed_file(struct server *s, struct project *p, const char *path)
{
	const char *base = path_base(path);

	if (!strcmp(base, "compile_commands.json")) {
		p->reload = true;
	} else if (str_ends(base, ".model") || !strcmp(base, ".tvt-lint") || str_ends(base, ".sql") || str_ends(base, ".tsv")) {
		p->dirty = p->indexed;
	} else {
		for (uint32_t i = 0; i < p->slots.n; i++) {
			struct slot *slot = &p->slots.v[i];
			bool itself = !strcmp(slot->cmd.file, path);

			if (slot->doc && !itself && (slot->doc->live || reads(slot, path)))
				slot->doc->stale = true;
			else if (!slot->doc && (itself || reads(slot, path)))
				slot->stale = true;
		}
	}
}

void project_changed(struct server *s, const char *path, bool open)
{
	for (uint32_t i = 0; i < s->projects.n; i++) {
		if (s->projects.v[i]->closing)
			continue;
		if (open)
			changed_buffer(s, s->projects.v[i], path);
		else
			changed_file(s, s->projects.v[i], path);
	}
}

/* ---- jobs ---- */

static struct job *job_new(struct server *s, struct project *p)
{
	struct job *job = xcalloc(1, sizeof *job);

	job->project = p;
	job->o = s->o;
	job->root = xstrdup(p->root);
	job->pipe = s->o->pipe;
	p->job = job;
	return job;
}

static void load(struct server *s, struct project *p)
{
	struct job *job = job_new(s, p);
	uint32_t n = 0;

	job->kind = JOB_LOAD;
	job->paths = xcalloc(s->docs.n + 1, sizeof *job->paths);
	if (p->alone) {
		for (uint32_t i = 0; i < s->docs.n; i++)
			if (s->docs.v[i]->project == p && s->docs.v[i]->is_c)
				job->paths[n++] = arena_strdup(p->mem, s->docs.v[i]->path);
	} else {
		job->paths[n++] = p->root;
	}
	job->pipe.until = STAGE_UNITS;
	job->pipe.db.paths = job->paths;
	job->pipe.db.npath = n;
	p->reload = false;
	progress_begin(s, p, "indexing");
	bg_start(s, job);
}

void project_loaded(struct server *s, struct project *p, struct job *job)
{
	bool ok = job->rc == 0 && !p->closing, docs = false;

	p->job = NULL;
	progress_end(s, p);
	if (p->closing) {
		job_free(job);
		return;
	}
	for (uint32_t i = 0; i < s->docs.n; i++)
		docs |= s->docs.v[i]->project == p && s->docs.v[i]->is_c;
	p->indexed = true;
	if (ok) {
		clear(p);
		p->db = job->a.db;
		for (uint32_t i = 0; i < p->db->ntu; i++)
			vec_add(&p->slots, ((struct slot){.cmd = p->db->tus[i], .unit = job->a.units[i]}));
		free(job->a.units);
		job->a.units = NULL;
		job->a.db = NULL;
		p->dirty = true;
		for (uint32_t i = 0; i < s->docs.n; i++) {
			struct doc *d = s->docs.v[i];

			if (d->project != p)
				continue;
			doc_end_worker(s, d); /* its command may be another one now */
			if (d->has_held)
				unit_free(&d->held);
			d->has_held = false;
			attach(s, d);
			d->stale |= d->seq != d->saved_seq;
		}
	} else if (!p->alone && docs && !p->db) {
		p->alone = p->reload = true;
	}
	job_free(job);
}

static void lower(struct server *s, struct project *p)
{
	struct job *job;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->slots.n; i++)
		n += p->slots.v[i].stale && !p->slots.v[i].doc;
	if (!n)
		return;
	job = job_new(s, p);
	job->kind = JOB_LOWER;
	job->db = *p->db;
	job->db.tus = xcalloc(n, sizeof *job->db.tus);
	job->db.ntu = n;
	job->units = xcalloc(n, sizeof *job->units);
	job->which = xcalloc(n, sizeof *job->which);
	n = 0;
	for (uint32_t i = 0; i < p->slots.n; i++) {
		struct slot *slot = &p->slots.v[i];

		if (!slot->stale || slot->doc)
			continue;
		slot->stale = false;
		slot->busy = true;
		job->which[n] = i;
		job->db.tus[n++] = slot->cmd;
	}
	bg_start(s, job);
}

void project_lowered(struct server *s, struct project *p, struct job *job)
{
	p->job = NULL;
	for (uint32_t i = 0; i < job->db.ntu && !p->closing; i++) {
		struct slot *slot = &p->slots.v[job->which[i]];

		slot->busy = false;
		if (slot->doc || job->rc < 0) /* opened meanwhile: its worker has the newer text */
			continue;
		unit_free(&slot->unit);
		slot->unit = job->units[i];
		job->units[i] = (struct unit){0};
		p->dirty = true;
	}
	job_free(job);
}

/* A round that begins while a newer text is being typed or parsed would be stale at its end. */
static bool typing(struct server *s, struct project *p)
{
	for (uint32_t i = 0; i < s->docs.n; i++) {
		const struct doc *d = s->docs.v[i];

		if (d->project == p && ((d->live && live_busy(d->live)) || s->now - d->typed < TYPING))
			return true;
	}
	return false;
}

/* Rounds follow pauses in typing, and no change waits longer than PATIENCE for its round. One that is overtaken when it has
 * hardly begun makes room for the next. */
static void start_round(struct server *s, struct project *p)
{
	bool pause = !typing(s, p);

	if (!p->dirty)
		p->dirty_since = 0;
	else if (!p->dirty_since)
		p->dirty_since = s->now;
	if (p->round_pid && p->dirty && pause && s->now - p->round_since < p->round_took / 2)
		round_stop(s, p);
	if (p->dirty && !p->round_pid && p->db && (pause || s->now - p->dirty_since > PATIENCE))
		round_start(s, p);
}

double project_deadline(struct server *s)
{
	double first = 0;

	for (uint32_t i = 0; i < s->docs.n; i++) {
		double at = s->docs.v[i]->typed + TYPING;

		if (s->docs.v[i]->project && s->docs.v[i]->project->dirty && at > s->now && (!first || at < first))
			first = at;
	}
	return first;
}

bool project_busy(const struct project *p)
{
	bool busy = !p->indexed || p->reload || p->dirty || p->round_pid || p->job;

	for (uint32_t i = 0; i < p->slots.n && !busy; i++) {
		const struct doc *d = p->slots.v[i].doc;

		busy = p->slots.v[i].stale || (d && d->failed_seq != d->seq && (d->stale || d->unit_seq != d->seq));
	}
	return busy;
}

/* One at a time: what the thread calls was made for a tool with one thread, and the cores are few. */
static bool thread_is_free(const struct server *s)
{
	for (uint32_t i = 0; i < s->projects.n; i++)
		if (s->projects.v[i]->job)
			return false;
	return true;
}

void project_work(struct server *s)
{
	for (uint32_t i = 0; i < s->projects.n; i++) {
		struct project *p = s->projects.v[i];

		if (p->closing) {
			if (p->job)
				continue;
			project_free(s, p);
			s->projects.v[i--] = s->projects.v[--s->projects.n];
			continue;
		}
		if (thread_is_free(s) && p->reload)
			load(s, p);
		else if (thread_is_free(s) && p->indexed && p->db)
			lower(s, p);
		start_round(s, p);
	}
}

/* ---- the end of one ---- */

void project_remove(struct server *s, const char *root)
{
	for (uint32_t i = 0; i < s->projects.n; i++) {
		struct project *p = s->projects.v[i];

		if (strcmp(p->root, root) || p->closing)
			continue;
		p->closing = true;
		round_stop(s, p);
		if (p->job)
			p->job->stop = 1;
		for (uint32_t k = 0; k < s->docs.n; k++) {
			struct doc *d = s->docs.v[k];

			if (d->project != p)
				continue;
			doc_end_worker(s, d);
			project_detach(s, d);
			d->project = project_of(s, d->path);
			attach(s, d);
		}
		publish_view(s, p, &p->view);
	}
}

void project_free(struct server *s, struct project *p)
{
	progress_end(s, p);
	for (uint32_t i = 0; i < s->asked.n; i++)
		if (s->asked.v[i].project == p)
			s->asked.v[i].project = NULL;
	round_stop(s, p);
	clear(p);
	vec_free(&p->slots);
	view_free(&p->view);
	arena_free(p->mem);
	free(p->root);
	free(p);
}
