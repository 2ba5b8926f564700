/* answer.c - what a run said, kept in the cache until something changes.
 *
 * An answer is the bytes of every report and the exit status. It belongs to the results of all units, which the cache
 * has found to be right for the files as they are, and to everything else that a report depends on, which is hashed
 * here: models, settings, house rules, the baseline, pages, the command line. Settings of directories below the root
 * are looked for only where findings are; which ones that were is kept with the answer, and looked at again.
 *
 * A run that had something to say beside its reports, failed, or adds to a history is never kept.
 */
#include "cli/cli.h"
#include "store/store.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static const char settings_name[] = ".tvt-lint";

struct reader {
	const char *at, *end;
};
struct answer {
	const struct cli *c;
	struct hash128 around, key; /* around: of all but the units; both 0: this run is not kept */
	uint32_t said;
	struct sb data;
	int status;
	struct reader rest; /* of data, once it is known to be right: the reports */
};

/* ---- what a report depends on, beside the units ---- */

static void put(struct sb *b, const void *p, size_t n)
{
	sb_putn(b, &n, sizeof n);
	sb_putn(b, p, n);
}

static void put_text(struct sb *b, const char *s)
{
	put(b, s ? s : "", s ? strlen(s) + 1 : 0);
}

static struct hash128 hash_of_file(const char *path)
{
	struct hash128 h = {0};
	const char *data;
	size_t size;

	if (fs_is_file(path) && fs_map(path, &data, &size) == 0) {
		h = hash128_bytes(data, size);
		fs_unmap(data, size);
	}
	return h;
}

static void put_file(struct sb *b, const char *path)
{
	struct hash128 h = hash_of_file(path);

	put_text(b, path);
	put(b, &h, sizeof h);
}

/* The files of a directory whose names end so, or all; by name. */
static void put_dir(struct sb *b, struct arena *mem, const char *dir, const char *end)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	put_text(b, dir);
	for (int i = 0; i < n; i++) {
		if (str_ends(list[i]->d_name, end) && *list[i]->d_name != '.')
			put_file(b, path_join(mem, dir, list[i]->d_name));
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* Pages are large and come with the tool: their states are enough. */
static void put_pages(struct sb *b, struct arena *mem, const char *data)
{
	const struct rule_info *list;
	uint32_t n = pipeline_rules(&list);
	struct stat st;

	for (uint32_t i = 0; i < n; i++)
		for (int where = 0; where < 2; where++) {
			const char *path = where ? arena_printf(mem, "%s/%s/README.md", data, list[i].id)
						 : arena_printf(mem, "%s/pages/%s.md", data, list[i].id);
			uint64_t state[3] = {0};
			if (stat(path, &st) == 0) {
				state[0] = (uint64_t)st.st_ino;
				state[1] = (uint64_t)st.st_size;
				state[2] = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
			}
			put(b, state, sizeof state);
		}
	put_text(b, data);
}

static void put_command_line(struct sb *b, const struct cli *c)
{
	const int numbers[] = {c->color, c->fail_on, c->pipe.all, c->pipe.confidence, c->quiet, c->verbose, c->no_baseline,
		(int)c->narg, (int)c->nout, report_color(c->color, STDOUT_FILENO), report_links(c->color, STDOUT_FILENO)};

	put(b, numbers, sizeof numbers);
	put(b, &c->said, sizeof c->said);
	put_text(b, TVT_VERSION);
	for (uint32_t i = 0; i < c->narg; i++)
		put_text(b, c->args[i]);
	for (uint32_t i = 0; i < c->nout; i++) {
		put_text(b, c->outs[i].format->name);
		put_text(b, c->outs[i].path);
	}
}

static struct hash128 around(const struct cli *c, const struct analysis *a)
{
	struct arena *mem = arena_new();
	const char *data = data_dir(), *root = a->settings_root ? a->settings_root : a->db->root;
	const struct setting *more = config_get(c->config, CONFIG_MODELS);
	struct hash128 h = {0};
	struct sb b = {0};

	if (data) {
		put_command_line(&b, c);
		put_text(&b, path_cwd(mem));
		put_text(&b, a->db->root);
		put_text(&b, a->db->path);
		put_text(&b, config_file(c->config));
		if (config_file(c->config))
			put_file(&b, config_file(c->config));
		put_file(&b, c->baseline ? path_join(mem, path_cwd(mem), c->baseline)
					 : path_join(mem, a->db->root, config_text(c->config, CONFIG_BASELINE)));
		put_dir(&b, mem, path_join(mem, data, "models"), ".model");
		for (uint32_t i = 0; i < more->nlist; i++) {
			put_file(&b, more->list[i]);
			put_dir(&b, mem, more->list[i], ".model");
		}
		put_dir(&b, mem, path_join(mem, a->db->root, ".tvt"), ".model");
		put_dir(&b, mem, path_join(mem, root, ".tvt/rules"), "");
		put_pages(&b, mem, data);
		h = hash128_bytes(b.s, b.n);
	}
	sb_free(&b);
	arena_free(mem);
	return h;
}

static struct hash128 key_of(struct hash128 around, const uint64_t *ids, uint32_t n)
{
	struct hash128 h[2] = {around, hash128_bytes(ids, n * sizeof *ids)};

	return hash128_bytes(h, sizeof h);
}

/* ---- the bytes: status; settings files, each a hash and a path; reports, each its length and bytes ---- */

static void put_number(struct sb *b, uint32_t n)
{
	sb_putn(b, &n, sizeof n);
}

static uint32_t get_number(struct reader *r)
{
	uint32_t n = 0;

	if ((size_t)(r->end - r->at) < sizeof n) {
		r->at = r->end;
		return 0;
	}
	memcpy(&n, r->at, sizeof n);
	r->at += sizeof n;
	return n;
}

static const char *get_bytes(struct reader *r, uint32_t n)
{
	const char *p = r->at;

	if ((size_t)(r->end - r->at) < n) {
		r->at = r->end;
		return NULL;
	}
	r->at += n;
	return p;
}

/* Are the settings of directories what they were? */
static bool settings_same(struct reader *r)
{
	uint32_t n = get_number(r);

	while (n--) {
		struct hash128 then, now;
		uint32_t size = get_number(r);
		const char *hash = get_bytes(r, sizeof then), *path = get_bytes(r, size);
		if (!hash || !path || !size || path[size - 1])
			return false;
		memcpy(&then, hash, sizeof then);
		now = hash_of_file(path);
		if (!hash128_eq(then, now))
			return false;
	}
	return true;
}

/* ---- asking and keeping ---- */

static bool known(void *ctx, struct analysis *a, struct cache *cache, const uint64_t *ids)
{
	struct answer *w = ctx;

	w->around = around(w->c, a);
	if (!(w->around.lo | w->around.hi) || cli_remembers(w->c, a->db->root))
		return false;
	w->key = key_of(w->around, ids, a->db->ntu);
	if (!cache_answer(cache, w->key, &w->data))
		return false;
	w->rest = (struct reader){w->data.s, w->data.s + w->data.n};
	w->status = (int)get_number(&w->rest);
	return settings_same(&w->rest);
}

struct answer *answer_new(struct cli *c)
{
	struct answer *w;

	if (c->new_from || c->trace || c->nrunlog || c->fix || c->diff || c->profile || c->pipe.no_cache || c->pipe.front.verify ||
		c->pipe.nsummary)
		return NULL;
	w = xcalloc(1, sizeof *w);
	w->c = c;
	w->said = diag_count();
	c->pipe.known = known;
	c->pipe.known_ctx = w;
	return w;
}

void answer_keep(struct answer *w, const struct analysis *a, struct report_in *in, int status)
{
	const struct cli *c = w->c;
	struct run_info run = *in->run;
	struct report_in again = *in;
	struct sb b = {0};
	uint32_t ndir;

	if (!a->ids || status == EXIT_TROUBLE || diag_count() != w->said || cli_remembers(c, a->db->root))
		return;
	struct arena *mem = arena_new();
	struct hash128 now = around(c, a);
	const char *const *dirs = config_looked(c->config, &ndir);
	uint64_t *ids = arena_alloc(mem, (a->db->ntu + 1) * sizeof *ids);
	struct cache *cache = NULL;
	if (!(now.lo | now.hi) || ((w->around.lo | w->around.hi) && !hash128_eq(w->around, now)))
		goto out;
	put_number(&b, (uint32_t)status);
	put_number(&b, ndir);
	for (uint32_t i = 0; i < ndir; i++) {
		const char *path = path_join(mem, dirs[i], settings_name);
		struct hash128 h = hash_of_file(path);
		put_number(&b, (uint32_t)strlen(path) + 1);
		sb_putn(&b, &h, sizeof h);
		sb_putn(&b, path, strlen(path) + 1);
	}
	run.seconds = 0; /* it takes none to say it again */
	run.units_cached = run.units;
	again.run = &run;
	for (uint32_t i = 0; i < (c->nout ? c->nout : 1); i++) {
		const struct output *o = c->nout ? &c->outs[i] : &(const struct output){&formats[0], NULL};
		struct sb out = {0};
		again.color = o->path ? c->color == COLOR_ALWAYS : report_color(c->color, STDOUT_FILENO);
		again.links = !o->path && report_links(c->color, STDOUT_FILENO);
		o->format->write(&again, &out);
		put_number(&b, (uint32_t)out.n);
		if (out.n)
			sb_putn(&b, out.s, out.n);
		sb_free(&out);
	}
	/* still the same files, now that all that was quoted from them has been read */
	cache = cache_open(c->pipe.cache_dir, a->db->root);
	if (cache && cache_find(cache, a->db->tus, a->db->ntu, ids) == a->db->ntu &&
		!memcmp(ids, a->ids, a->db->ntu * sizeof *ids))
		cache_keep_answer(cache, key_of(now, ids, a->db->ntu), b.s, b.n);
out:
	cache_close(cache);
	sb_free(&b);
	arena_free(mem);
}

int answer_say(struct answer *w)
{
	const struct cli *c = w->c;
	int status = w->status;

	for (uint32_t i = 0; i < (c->nout ? c->nout : 1); i++) {
		const char *path = c->nout ? c->outs[i].path : NULL;
		uint32_t n = get_number(&w->rest);
		const char *bytes = get_bytes(&w->rest, n);
		if (!bytes || (path ? fs_write_atomic(path, bytes, n) : stdout_write(bytes, n)) < 0)
			status = EXIT_TROUBLE;
	}
	return status;
}

void answer_free(struct answer *w)
{
	if (w)
		sb_free(&w->data);
	free(w);
}
