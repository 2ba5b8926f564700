/* fixes.c - --fix and --diff: the edits of findings, done or shown.
 *
 * All files are read, and compared with what was analysed, before the first is written. A fix that needs a file that
 * has changed since is left out as a whole. Each file is replaced at once: it is the old one or the new one.
 */
#include "cli/fixes.h"

struct edited {
	const char *name, *path;
	char *text; /* NULL: not to be touched */
	size_t n;
};

static struct edited *file_of(struct fixes *x, const struct patch *e, const char *root)
{
	struct edited *f;

	for (uint32_t i = 0; i < x->nfile; i++)
		if (!strcmp(x->files[i].name, e->file))
			return &x->files[i];
	x->files = xrealloc(x->files, (x->nfile + 1) * sizeof *x->files);
	f = &x->files[x->nfile++];
	*f = (struct edited){e->file, path_join(x->mem, root, e->file), NULL, 0};
	if (fs_read(f->path, &f->text, &f->n) < 0) {
		x->trouble = true;
	} else if (hash_bytes(f->text, f->n) != e->seen) {
		error("'%s' has changed since it was analysed: it is not edited", e->file);
		x->trouble = true;
		free(f->text);
		f->text = NULL;
	}
	return f;
}

void fixes_choose(struct fixes *x, const struct analysis *a)
{
	x->mem = arena_new();
	x->chosen = arena_alloc(x->mem, a->nfinding + 1);
	x->left = fix_choose(a->findings, a->nfinding, x->chosen);
}

/* The files, and the fixes that they are still right for. */
static void load(struct fixes *x, const struct analysis *a)
{
	for (uint32_t i = 0; i < a->nfinding; i++)
		for (uint32_t k = 0; x->chosen[i] && k < a->findings[i].fix->nedit; k++)
			x->chosen[i] = file_of(x, &a->findings[i].fix->edits[k], a->run.root)->text != NULL;
}

static const struct edited *file_named(const struct fixes *x, const char *name)
{
	for (uint32_t i = 0; i < x->nfile; i++)
		if (!strcmp(x->files[i].name, name))
			return &x->files[i];
	return NULL;
}

static int each_file(struct fixes *x, const struct analysis *a, int (*fn)(const struct edited *f, const struct patch *e, uint32_t n, void *ctx),
	void *ctx)
{
	uint32_t n, to, files = 0;
	struct patch *e = fix_edits(a->findings, a->nfinding, x->chosen, &n);

	for (uint32_t from = 0; from < n; from = to) {
		for (to = from + 1; to < n && !strcmp(e[to].file, e[from].file); to++)
			;
		files++;
		if (fn(file_named(x, e[from].file), e + from, to - from, ctx) < 0)
			x->trouble = true;
	}
	free(e);
	return (int)files;
}

static int put_diff(const struct edited *f, const struct patch *e, uint32_t n, void *ctx)
{
	fix_diff(f->name, f->text, f->n, e, n, ctx);
	return 0;
}

static int write_file(const struct edited *f, const struct patch *e, uint32_t n, void *ctx)
{
	struct sb out = {0};
	int rc;

	(void)ctx;
	fix_apply(f->text, f->n, e, n, &out);
	rc = fs_write_atomic(f->path, out.s ? out.s : "", out.n);
	sb_free(&out);
	return rc;
}

int fixes_show(struct fixes *x, const struct analysis *a)
{
	struct sb out = {0};
	int rc;

	load(x, a);
	each_file(x, a, put_diff, &out);
	rc = stdout_write(out.s ? out.s : "", out.n);
	sb_free(&out);
	return rc < 0 || x->trouble ? -1 : 0;
}

int fixes_do(struct fixes *x, struct analysis *a)
{
	bool *mended = arena_alloc(x->mem, a->nfinding + 1);
	uint32_t done = 0, kept = 0;
	int files;

	load(x, a);
	files = each_file(x, a, write_file, NULL);
	if (x->trouble && !files)
		return -1;
	for (uint32_t i = 0; i < a->nfinding; i++) {
		mended[i] = x->chosen[i];
		/* what another finding's edits mend as well */
		for (uint32_t k = 0; k < i && !mended[i] && a->findings[i].fix && !finding_quiet(&a->findings[i]); k++)
			mended[i] = x->chosen[k] && fix_same(a->findings[k].fix, a->findings[i].fix);
		done += mended[i];
	}
	for (uint32_t i = 0; i < a->nfinding; i++)
		if (!mended[i])
			a->findings[kept++] = a->findings[i];
	a->nfinding = kept;
	memset(x->chosen, 0, kept * sizeof *x->chosen);
	if (done)
		note("%u finding%s mended in %d file%s", done, done == 1 ? "" : "s", files, files == 1 ? "" : "s");
	if (x->left)
		note("%u more can be mended by a second run: their edits touch others", x->left);
	return x->trouble ? -1 : 0;
}

void fixes_free(struct fixes *x)
{
	for (uint32_t i = 0; i < x->nfile; i++)
		free(x->files[i].text);
	free(x->files);
	if (x->mem)
		arena_free(x->mem);
	*x = (struct fixes){0};
}
