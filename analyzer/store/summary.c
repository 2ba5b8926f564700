/* summary.c - results of parsing as files: what `map` writes and `link` reads.
 *
 * A file is one unit, with all that the second half needs of it. Paths below the project's root are kept
 * without it, so that machines may have their checkouts where they like. Its name says the unit's
 * position and a hash of its content: a shard that is done again writes the same files, and what two
 * shards wrote from different sources is noticed.
 */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <zstd.h>

#define MAGIC 0x55545654u /* "TVTU" */
#define ROOT "\1tvt-root"  /* in place of the root's path; no path begins so */
/* What a file may make us allocate before we know that it is good. */
enum { FORMAT = 1, MAX_STRING = 1 << 20, MAX_UNITS = 1 << 22, MAX_RATIO = 1024 };

struct head {
	uint32_t magic, format;
	struct hash128 sum;	/* of all that follows it */
	struct hash128 program; /* summary_program() */
	uint32_t index, total;	/* position among all units */
	uint32_t state, nerror;
	uint32_t nfile, ndir, nwhy; /* bytes of the strings that follow: file, directory, first error */
	uint32_t pad;
	uint64_t nir, nzip; /* bytes of the IR, and of it compressed: behind the strings; 0: none */
};

static size_t sum_from(void)
{
	return offsetof(struct head, program);
}

/* s with the root's path, wherever it stands, replaced. */
static void put_moved(struct sb *out, const char *s, const char *from, const char *to)
{
	size_t n = strlen(from);
	const char *hit;

	while ((hit = strstr(s, from))) {
		bool whole = hit[n] == '/' || !hit[n];

		sb_putn(out, s, (size_t)(hit - s));
		sb_puts(out, whole ? to : from);
		s = hit + n;
	}
	sb_puts(out, s);
}

struct hash128 summary_program(const struct compdb *db)
{
	struct hash128 h;
	struct sb b = {0};

	for (uint32_t i = 0; i < db->ntu; i++) {
		const struct tu_cmd *c = &db->tus[i];

		put_moved(&b, c->file, db->root, ROOT);
		sb_putc(&b, '\0');
		put_moved(&b, c->dir, db->root, ROOT);
		sb_putc(&b, '\0');
		for (uint32_t k = 0; k < c->argc; k++) {
			put_moved(&b, c->argv[k], db->root, ROOT);
			sb_putc(&b, '\0');
		}
		sb_putc(&b, '\n');
	}
	h = hash128_bytes(b.s, b.n);
	sb_free(&b);
	return h;
}

/* ---- writing ---- */

int summary_write(const char *dir, const struct compdb *db, struct hash128 program, uint32_t i, const struct unit *u)
{
	struct head h = {.magic = MAGIC,
		.format = FORMAT,
		.program = program,
		.index = i,
		.total = db->ntu,
		.state = u->state,
		.nerror = u->nerror};
	struct arena *a = arena_new();
	struct sb ir = {0}, out = {0};
	int rc = -1;

	sb_putn(&out, &h, sizeof h);
	put_moved(&out, db->tus[i].file, db->root, ROOT);
	h.nfile = (uint32_t)(out.n - sizeof h);
	put_moved(&out, db->tus[i].dir, db->root, ROOT);
	h.ndir = (uint32_t)(out.n - sizeof h) - h.nfile;
	put_moved(&out, u->first_error ? u->first_error : "", db->root, ROOT);
	h.nwhy = (uint32_t)(out.n - sizeof h) - h.nfile - h.ndir;
	if (u->ir) {
		size_t bound, got;

		if (ir_rebase(u->ir, db->root, ROOT, &ir) < 0) {
			error("internal: the unit of '%s' is not well-formed", db->tus[i].file);
			goto out;
		}
		bound = ZSTD_compressBound(ir.n);
		sb_reserve(&out, bound);
		got = ZSTD_compress(out.s + out.n, bound, ir.s, ir.n, 3);
		if (ZSTD_isError(got)) {
			error("internal: zstd: %s", ZSTD_getErrorName(got));
			goto out;
		}
		out.n += got;
		h.nir = ir.n;
		h.nzip = got;
	}
	memcpy(out.s, &h, sizeof h);
	h.sum = hash128_bytes(out.s + sum_from(), out.n - sum_from());
	memcpy(out.s, &h, sizeof h);
	rc = fs_write_atomic(arena_printf(a, "%s/%06u-%016llx.unit", dir, i, (unsigned long long)h.sum.lo),
		out.s, out.n);
out:
	sb_free(&ir);
	sb_free(&out);
	arena_free(a);
	return rc;
}

/* ---- reading ---- */

struct reader {
	const char *root;
	struct compdb *db;
	struct unit *units;
	struct hash128 program;
	struct hash128 *sums;	/* per unit */
	const char **names;	/* per unit: the file it came from; NULL: none yet */
};

static const char *take_string(struct reader *r, const char **p, uint32_t n)
{
	const char *s = arena_strndup(r->db->mem, *p, n);
	struct sb b = {0};

	*p += n;
	sb_reserve(&b, 1);
	put_moved(&b, s, ROOT, r->root);
	s = arena_strdup(r->db->mem, b.s);
	sb_free(&b);
	return s;
}

static int take_ir(struct reader *r, const struct head *h, const char *zip, struct unit *u)
{
	struct sb moved = {0};
	char *raw = xmalloc(h->nir);
	struct ir *ir = NULL;
	void *p = MAP_FAILED;

	if (ZSTD_decompress(raw, h->nir, zip, h->nzip) == h->nir)
		ir = ir_map(raw, h->nir);
	if (ir && ir_rebase(ir, ROOT, r->root, &moved) == 0)
		p = mmap(NULL, moved.n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ir_free(ir);
	free(raw);
	if (p != MAP_FAILED) {
		memcpy(p, moved.s, moved.n);
		u->ir = ir_map(p, moved.n);
		u->blob = p;
		u->nblob = u->nir = moved.n;
	}
	sb_free(&moved);
	return u->ir ? 0 : -1;
}

static int begin(struct reader *r, const struct head *h)
{
	if (h->total > MAX_UNITS)
		return -1;
	r->program = h->program;
	r->db->ntu = h->total;
	r->db->tus = arena_alloc(r->db->mem, (h->total + 1) * sizeof *r->db->tus);
	r->units = xcalloc((size_t)h->total + 1, sizeof *r->units);
	r->sums = arena_alloc(r->db->mem, (h->total + 1) * sizeof *r->sums);
	r->names = arena_alloc(r->db->mem, (h->total + 1) * sizeof *r->names);
	return 0;
}

/* The head of a whole file; NULL if it is damaged. */
static const struct head *check_head(const char *data, size_t size)
{
	const struct head *h = (const struct head *)(const void *)data;

	if (size < sizeof *h || h->magic != MAGIC || h->nfile > MAX_STRING || h->ndir > MAX_STRING ||
		h->nwhy > MAX_STRING || h->nzip > size || h->nir > UINT32_MAX ||
		h->nir / MAX_RATIO > h->nzip || h->index >= h->total || h->state > UNIT_MEMORY)
		return NULL;
	if (size != sizeof *h + h->nfile + h->ndir + h->nwhy + h->nzip)
		return NULL;
	return hash128_eq(h->sum, hash128_bytes(data + sum_from(), size - sum_from())) ? h : NULL;
}

static int take(struct reader *r, const char *path, const char *data, size_t size)
{
	const struct head *h = check_head(data, size);
	const char *p = data + sizeof *h, *why;
	struct unit *u;
	struct tu_cmd *tu;

	if (!h)
		return error("'%s' is damaged: map it again", path);
	if (h->format != FORMAT)
		return error("'%s' was written by another version of the tool", path);
	if (!r->units && begin(r, h) < 0)
		return error("'%s' is damaged: map it again", path);
	if (!hash128_eq(h->program, r->program) || h->total != r->db->ntu)
		return error("'%s' and '%s' are of different programs: their databases differ", path,
			r->names[0] ? r->names[0] : "another file");
	if (r->names[h->index]) {
		if (hash128_eq(r->sums[h->index], h->sum))
			return 0; /* the same, from two directories */
		return error("'%s' and '%s' are one unit, mapped from different sources: map into an empty directory",
			r->names[h->index], path);
	}
	r->names[h->index] = arena_strdup(r->db->mem, path);
	r->sums[h->index] = h->sum;
	tu = &r->db->tus[h->index];
	tu->file = take_string(r, &p, h->nfile);
	tu->dir = take_string(r, &p, h->ndir);
	tu->compiler = "";
	tu->entry = h->index;
	why = take_string(r, &p, h->nwhy);
	u = &r->units[h->index];
	u->state = h->state;
	u->nerror = h->nerror;
	u->first_error = h->nwhy ? xstrdup(why) : NULL;
	if (h->nir && take_ir(r, h, p, u) < 0)
		return error("'%s' was written by another version of the tool", path);
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int read_dir(struct reader *r, const char *dir)
{
	DIR *d = opendir(dir);
	VEC(const char *) names = {0};
	int rc = 0;

	if (!d)
		return error("cannot read '%s': %s", dir, strerror(errno));
	for (struct dirent *e; (e = readdir(d));)
		if (str_ends(e->d_name, ".unit"))
			vec_add(&names, path_join(r->db->mem, dir, e->d_name));
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (uint32_t i = 0; i < names.n && rc == 0; i++) {
		char *data;
		size_t size;

		rc = fs_read(names.v[i], &data, &size);
		if (rc == 0) {
			rc = take(r, names.v[i], data, size);
			free(data);
		}
	}
	vec_free(&names);
	return rc;
}

static int check_complete(const struct reader *r)
{
	uint32_t missing = 0, first = NONE;

	if (!r->units)
		return error("no units: 'map' has written nothing there");
	for (uint32_t i = 0; i < r->db->ntu; i++) {
		if (r->names[i])
			continue;
		missing++;
		if (first == NONE)
			first = i;
	}
	if (missing)
		return error("%u of %u units are missing, the first is number %u: map their shard again", missing,
			r->db->ntu, first);
	return 0;
}

int summary_read(const char *const *dirs, uint32_t ndir, const char *root, struct compdb **db, struct unit **units)
{
	struct arena *mem = arena_new();
	struct reader r = {.db = arena_alloc(mem, sizeof *r.db)};
	int rc = 0;

	r.db->mem = mem;
	r.db->root = r.root = path_normal(mem, path_join(mem, path_cwd(mem), root));
	for (uint32_t i = 0; i < ndir && rc == 0; i++)
		rc = read_dir(&r, dirs[i]);
	if (rc == 0)
		rc = check_complete(&r);
	if (rc < 0) {
		for (uint32_t i = 0; r.units && i < r.db->ntu; i++)
			unit_free(&r.units[i]);
		free(r.units);
		compdb_free(r.db);
		r = (struct reader){0};
	}
	*db = r.db;
	*units = r.units;
	return rc;
}
