/* since.c - `check --new-from REF`: the findings of the merge base of REF and HEAD, for comparison.
 *
 * The merge base is checked out into a directory of the user's caches (never into the repository: nothing of it
 * changes, not even its list of worktrees), and files that git does not know, such as a generated config.h, are linked
 * into it. Then it is analysed with today's compile commands, moved there. A finding that is new is the branch's doing,
 * whichever file it is in.
 */
#include "cli/since.h"
#include "cli/git.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	struct since *s;
	const char *dir;	 /* the checkout */
	char *lock;		 /* beside it: held while it is in use, by descriptor fd */
	int fd;
	struct map renamed;	 /* hash of today's path -> index in old, relative to top */
	VEC(const char *) old;	 /* its path then */
	VEC(const char *) gone;	 /* C files that are there only then */
	struct map fresh;	 /* files that git does not know yet, though it should: relative to top */
};

/* ---- names ---- */

/* The strings of a list that git wrote with -z. */
static const char *next_name(const struct sb *list, size_t *at)
{
	if (*at >= list->n)
		return NULL;
	const char *s = list->s + *at;
	*at += strlen(s) + 1;
	return s;
}

static const char *short_commit(const struct since *s)
{
	return arena_strndup(s->mem, s->commit, 10);
}

/* What may be included, or is a unit: generated files. What a compiler made is not wanted. */
static bool is_source(const char *path)
{
	static const char *const not[] = {".o", ".a", ".so", ".d", ".lo", ".la", ".gcno", ".gcda", ".pyc", ".ko", ".cmd", ".mod",
		".log", ".exe", ".dll", ".obj", ".pch", ".gch", ".zst", ".gz", ".xz", ".zip", ".png", ".pdf", ".html", ".db"};
	const char *base = path_base(path), *dot = strrchr(base, '.');

	for (size_t i = 0; dot && i < COUNT(not); i++)
		if (!strcmp(dot, not[i]))
			return false;
	return dot != NULL && !strstr(base, ".so.");
}

/* ---- the checkout ---- */

/* A directory of its own, always the same if nobody else is at work there, emptied of what a killed run left. */
static int claim(struct tree *t)
{
	struct arena *mem = t->s->mem;
	char *cache = dir_of_user(mem, DIR_CACHE);

	if (!cache)
		return error("--new-from needs a place for another checkout: set HOME or XDG_CACHE_HOME");
	cache = path_join(mem, cache, "trees");
	if (dir_make(cache) < 0)
		return -1;
	for (unsigned i = 0; i < 64; i++) {
		t->dir = arena_printf(mem, "%s/%016llx-%u", cache, (unsigned long long)hash_str(t->s->top), i);
		t->lock = arena_printf(mem, "%s.lock", t->dir);
		t->fd = open(t->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (t->fd < 0)
			return error("cannot open '%s': %s", t->lock, strerror(errno));
		if (flock(t->fd, LOCK_EX | LOCK_NB) == 0)
			return dir_remove(t->dir) < 0 ? -1 : dir_make(t->dir);
		close(t->fd);
		t->fd = -1;
	}
	return error("64 runs with --new-from are at work on '%s'", t->s->top);
}

static void release(struct tree *t)
{
	if (t->fd < 0)
		return;
	dir_remove(t->dir);
	unlink(t->lock);
	close(t->fd);
	t->fd = -1;
}

static int check_out(struct tree *t)
{
	struct since *s = t->s;
	struct sb why = {0};
	/* an index of its own, outside of the tree */
	char *index = arena_printf(s->mem, "GIT_INDEX_FILE=%s.index", t->dir);
	char *work = arena_printf(s->mem, "--work-tree=%s", t->dir);
	int rc = git_run(s->top, index, GIT(work, "read-tree", "--reset", "-u", s->commit), NULL, &why);

	unlink(index + strlen("GIT_INDEX_FILE="));
	if (rc > 0)
		error("cannot check out %s: %s", short_commit(s), why.s ? why.s : "git failed");
	sb_free(&why);
	return rc ? -1 : 0;
}

/* One file that git does not know: there by a link, with real directories above it, so that ".." stays inside. */
static void link_file(struct tree *t, const char *path)
{
	struct arena *a = arena_new();
	const char *to = path_join(a, t->dir, path), *from = path_join(a, t->s->top, path);

	if (!fs_is_dir(path_dir(a, to)))
		dir_make(path_dir(a, to));
	if (symlink(from, to) < 0 && errno != EEXIST)
		warn("cannot link '%s': %s", to, strerror(errno));
	arena_free(a);
}

/* What is ignored was made by a build and is the same for both; what is not ignored is new on this branch if it is C
 * code, unless it lies where builds are made. */
static int link_unknown(struct tree *t, const struct compdb *db)
{
	struct since *s = t->s;
	struct sb list = {0};
	const char *build = db->path ? path_dir(s->mem, db->path) : s->top, *name;
	int rc = git_run(s->top, NULL, GIT("ls-files", "-z", "--others", "--ignored", "--exclude-standard"), &list, NULL);

	for (size_t at = 0; !rc && (name = next_name(&list, &at));)
		if (is_source(name))
			link_file(t, name);
	list.n = 0;
	if (!rc)
		rc = git_run(s->top, NULL, GIT("ls-files", "-z", "--others", "--exclude-standard"), &list, NULL);
	for (size_t at = 0; !rc && (name = next_name(&list, &at));) {
		const char *whole = path_join(s->mem, s->top, name);
		size_t n = strlen(name);
		if (n && name[n - 1] == '/') /* another repository */
			link_file(t, arena_strndup(s->mem, name, n - 1));
		else if (is_source(name) && (!str_ends(name, ".c") || (strcmp(build, s->top) && path_under(build, whole) != whole)))
			link_file(t, name);
		else
			map_put(&t->fresh, hash_str(name), 0);
	}
	sb_free(&list);
	return rc ? error("git cannot list the files of '%s'", s->top) : 0;
}

/* Files that differ between the merge base and the work tree. */
static int compare_trees(struct tree *t)
{
	struct since *s = t->s;
	struct sb list = {0};
	const char *status;
	int rc = git_run(s->top, NULL, GIT("diff", "--name-status", "-z", "-M", s->commit, "--"), &list, NULL);

	for (size_t at = 0; !rc && (status = next_name(&list, &at));) {
		const char *name = next_name(&list, &at), *to = name;
		if (*status == 'R' || *status == 'C')
			to = next_name(&list, &at);
		if (!name || !to)
			break;
		if (*status == 'R') {
			map_put(&t->renamed, hash_str(to), t->old.n);
			vec_add(&t->old, arena_strdup(s->mem, name));
		} else if (*status == 'D' && str_ends(name, ".c")) {
			vec_add(&t->gone, arena_strdup(s->mem, name));
		}
		map_put(&s->changed, hash_str(path_under(s->root, path_join(s->mem, s->top, to))), 0);
	}
	sb_free(&list);
	return rc ? error("git cannot compare '%s' with %s", s->top, short_commit(s)) : 0;
}

/* "@@ -12,3 +14,2 @@": the lines of today. Where something was taken out, those around it. */
static void add_hunk(struct since *s, const char *file, const char *line)
{
	unsigned from, n = 1;
	const char *plus = strstr(line, " +");

	if (!plus || sscanf(plus, " +%u,%u", &from, &n) < 1)
		return;
	for (unsigned l = from; l < from + n || (!n && l < from + 2); l++)
		map_put(&s->changed_lines, hash_mix(hash_str(file), l), 0);
}

/* Only for the words of notes: a name that git has to quote is not found. */
static int compare_lines(struct tree *t)
{
	struct since *s = t->s;
	struct sb out = {0};
	const char *file = NULL;
	int rc = git_run(s->top, NULL, GIT("-c", "core.quotePath=false", "diff", "-U0", "-M", "--no-color", "--no-ext-diff", "--no-textconv",
			"--src-prefix=a/", "--dst-prefix=b/", s->commit, "--", "*.c", "*.h"), &out, NULL);

	for (char *line = out.s, *next; !rc && line && *line; line = next) {
		next = strchrnul(line, '\n');
		if (*next)
			*next++ = '\0';
		if (str_starts(line, "+++ b/"))
			file = path_under(s->root, path_join(s->mem, s->top, line + 6));
		else if (str_starts(line, "@@ ") && file)
			add_hunk(s, file, line);
	}
	sb_free(&out);
	return rc ? error("git cannot compare '%s' with %s", s->top, short_commit(s)) : 0;
}

/* ---- the commands, moved ---- */

/* Every path below top that stands in an argument: alone, behind -I, or behind '='. */
static const char *moved(struct tree *t, const char *arg)
{
	const char *top = t->s->top, *at = strstr(arg, top);
	size_t n = strlen(top);

	if (!at || (at[n] && at[n] != '/') || memchr(arg, '/', (size_t)(at - arg)))
		return arg;
	return arena_printf(t->s->mem, "%.*s%s%s", (int)(at - arg), arg, t->dir, at + n);
}

static const char *const *moved_args(struct tree *t, const struct tu_cmd *tu)
{
	const char **argv = arena_alloc(t->s->mem, (tu->argc + 1) * sizeof *argv);
	for (uint32_t i = 0; i < tu->argc; i++)
		argv[i] = moved(t, tu->argv[i]);
	return argv;
}

/* Where the unit was then; NULL: it was not there. */
static const char *file_then(struct tree *t, const char *file)
{
	const char *below = path_under(t->s->top, file);
	uint32_t old;

	if (below == file)
		return file;
	old = map_get(&t->renamed, hash_str(below));
	if (old != NONE)
		return path_join(t->s->mem, t->dir, t->old.v[old]);
	file = path_join(t->s->mem, t->dir, below);
	return map_get(&t->fresh, hash_str(below)) == NONE && fs_is_file(file) ? file : NULL;
}

/* The unit beside a file that is gone: its command will do. NONE if none is there. */
static uint32_t neighbour(const struct compdb *db, const char *file, struct arena *a)
{
	const char *dir = path_dir(a, file);
	for (uint32_t i = 0; i < db->ntu; i++)
		if (!strcmp(path_dir(a, db->tus[i].file), dir))
			return i;
	return NONE;
}

static int by_file(const void *x, const void *y)
{
	const struct tu_cmd *a = x, *b = y;
	int d = strcmp(a->file, b->file);
	for (uint32_t i = 0; !d && i < a->argc && i < b->argc; i++)
		d = strcmp(a->argv[i], b->argv[i]);
	return d ? d : (a->argc > b->argc) - (a->argc < b->argc);
}

static void move_units(struct tree *t, struct compdb *db)
{
	struct arena *mem = t->s->mem;
	struct tu_cmd *tus = arena_alloc(mem, (db->ntu + t->gone.n + 1) * sizeof *tus);
	uint32_t n = 0;

	for (uint32_t i = 0; i < db->ntu + t->gone.n; i++) {
		const char *file;
		uint32_t from = i;
		if (i < db->ntu) {
			file = file_then(t, db->tus[i].file);
		} else {
			file = path_join(mem, t->s->top, t->gone.v[i - db->ntu]);
			from = neighbour(db, file, mem);
			file = from == NONE ? NULL : path_join(mem, t->dir, t->gone.v[i - db->ntu]);
		}
		if (!file)
			continue;
		tus[n] = db->tus[from];
		tus[n].file = file;
		tus[n].dir = moved(t, db->tus[from].dir);
		tus[n].argv = moved_args(t, &db->tus[from]);
		/* the compiler starts there */
		if (!fs_is_dir(tus[n].dir))
			dir_make(tus[n].dir);
		n++;
	}
	qsort(tus, n, sizeof *tus, by_file);
	db->tus = tus;
	db->ntu = n;
	db->root = moved(t, db->root);
}

/* ---- the whole ---- */

static int find_base(struct since *s)
{
	struct sb out = {0}, why = {0};
	int rc = git_run(s->root, NULL, GIT("rev-parse", "--show-prefix"), &out, &why);

	if (rc > 0)
		error("--new-from: '%s' is not in a git repository", s->root);
	if (rc)
		goto out;
	/* as the database writes it, even if that goes through a link: git would tell the real path */
	s->top = arena_strndup(s->mem, s->root, strlen(s->root) - (out.n > 2 ? out.n - 1 : 0));
	out.n = why.n = 0;
	rc = git_run(s->root, NULL, GIT("rev-parse", "--verify", "--quiet", "--end-of-options",
			arena_printf(s->mem, "%s^{commit}", s->ref)), &out, &why);
	if (rc > 0)
		error("--new-from: git knows no commit '%s'", s->ref);
	if (rc)
		goto out;
	out.n = why.n = 0;
	rc = git_run(s->root, NULL, GIT("merge-base", "--end-of-options", s->ref, "HEAD"), &out, &why);
	if (rc > 0)
		error("--new-from: '%s' and HEAD have no common commit here; a shallow clone needs more of them "
		      "(fetch-depth: 0)",
			s->ref);
	if (!rc)
		snprintf(s->commit, sizeof s->commit, "%.*s", (int)strcspn(out.s, "\n"), out.s);
out:
	sb_free(&out);
	sb_free(&why);
	return rc ? -1 : 0;
}

/* The database has been read: now it is known where the project is. */
static int loaded(void *ctx, struct analysis *a)
{
	struct tree *t = ctx;
	struct since *s = t->s;
	struct compdb *db = a->db;

	a->settings_root = s->root = arena_strdup(s->mem, db->root);
	if (find_base(s) < 0 || claim(t) < 0 || check_out(t) < 0 || compare_trees(t) < 0 || compare_lines(t) < 0 || link_unknown(t, db) < 0)
		return -1;
	move_units(t, db);
	return 0;
}

int since_load(const struct cli *c, struct since *s)
{
	struct tree t = {.s = s, .fd = -1};
	struct cli then = *c;
	struct analysis a;
	int status;

	s->ref = c->new_from;
	s->mem = arena_new();
	then.pipe.loaded = loaded;
	then.pipe.loaded_ctx = &t;
	status = cli_run(&then, STAGE_FINDINGS, &a);
	if (status < 0) {
		known_of(&s->before, a.findings, a.nfinding, a.run.root);
		if (a.run.units_failed)
			warn("%u of %u files of %s could not be analysed: findings in them may seem new", a.run.units_failed,
				a.run.units, short_commit(s));
	}
	pipeline_free(&a);
	release(&t);
	interrupt_die();
	map_free(&t.renamed);
	map_free(&t.fresh);
	vec_free(&t.old);
	vec_free(&t.gone);
	return status;
}

void since_free(struct since *s)
{
	known_free(&s->before);
	map_free(&s->changed);
	map_free(&s->changed_lines);
	if (s->mem)
		arena_free(s->mem);
	*s = (struct since){0};
}

static bool is_changed(const struct since *s, const char *file)
{
	return file && map_get(&s->changed, hash_str(file)) != NONE;
}

/* The step of a chain that the branch changed; if none stands in a changed line, the first in a changed file. */
static const struct trace_step *changed_step(const struct since *s, const struct finding *f)
{
	const struct trace_step *in_file = NULL;

	for (uint32_t t = 0; t < f->ntrace; t++)
		for (uint32_t k = 0; k < f->traces[t].nstep; k++) {
			const struct trace_step *step = &f->traces[t].steps[k];
			if (!is_changed(s, step->at.file))
				continue;
			if (map_get(&s->changed_lines, hash_mix(hash_str(step->at.file), step->at.line)) != NONE)
				return step;
			in_file = in_file ? in_file : step;
		}
	return in_file;
}

void since_explain(const struct since *s, struct finding *f, uint32_t n, struct arena *mem)
{
	for (uint32_t i = 0; i < n; i++) {
		if (finding_quiet(&f[i]) || !*f[i].at.file || is_changed(s, f[i].at.file))
			continue;
		const struct trace_step *step = changed_step(s, &f[i]);
		finding_note(&f[i], mem,
			step ? arena_printf(mem, "this file is as it was at %s; the chain goes through '%s', which is not: %s:%u",
				       s->ref, step->fn ? step->fn : "?", step->at.file, step->at.line)
			     : arena_printf(mem, "this file is as it was at %s; what changed is elsewhere", s->ref));
	}
}
