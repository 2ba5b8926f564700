/* baseline.c - findings that are known, kept as a text file that people read, review and merge: a line a finding,
 * sorted, with its identity, a hash of its source line and its file, apart by tabs.
 *
 * What makes a finding the same is its identity alone (rule, function, callee); line and file only decide which of
 * several with one identity are meant, so that moved code and renamed files change nothing, and a second call
 * beside a known one is new.
 */
#include "report/report.h"
#include "store/store.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

static const char header[] = "# tvt-lint baseline 1: known findings; written by 'tvt-lint baseline update'";

static const char *visible(struct arena *a, const char *s)
{
	struct sb out = {0};
	sb_put_visible(&out, s, strlen(s));
	const char *r = arena_strndup(a, out.s ? out.s : "", out.n);
	sb_free(&out);
	return r;
}

/* Of the source line without blanks: what a change of the indentation leaves alone. */
static uint64_t line_of(const struct where *at, const char *root)
{
	size_t n;
	const char *s = at->line ? report_line(root, at->file, at->line, &n) : NULL;
	if (!s)
		return 0;
	uint64_t h = 1;
	for (size_t i = 0; i < n; i++)
		if (!isspace((unsigned char)s[i]))
			h = hash_mix(h, (unsigned char)s[i]);
	return h & 0xFFFFFFFF; /* it only tells apart findings of one identity */
}

static struct known known_from(struct arena *a, const struct finding *f, const char *root)
{
	return (struct known){
		visible(a, f->identity ? f->identity : f->rule), visible(a, f->at.file ? f->at.file : ""), line_of(&f->at, root)};
}

static int by_text(const void *x, const void *y)
{
	const struct known *a = x, *b = y;
	int d = strcmp(a->identity, b->identity);
	if (!d)
		d = strcmp(a->file, b->file);
	return d ? d : (a->line > b->line) - (a->line < b->line);
}

static void sort(struct known_set *s)
{
	if (s->list.n)
		qsort(s->list.v, s->list.n, sizeof *s->list.v, by_text);
}

void known_of(struct known_set *s, const struct finding *f, uint32_t n, const char *root)
{
	*s = (struct known_set){.mem = arena_new()};
	for (uint32_t i = 0; i < n; i++)
		if (!f[i].suppressed)
			vec_add(&s->list, known_from(s->mem, &f[i], root));
	sort(s);
}

void known_free(struct known_set *s)
{
	vec_free(&s->list);
	if (s->mem)
		arena_free(s->mem);
	*s = (struct known_set){0};
}

/* ---- the file ---- */

/* "identity \t hash \t file" */
static bool parse(struct arena *a, const char *line, size_t n, struct known *k)
{
	const char *tab = memchr(line, '\t', n), *end;
	if (!tab)
		return false;
	k->identity = arena_strndup(a, line, (size_t)(tab - line));
	k->line = strtoull(tab + 1, (char **)&end, 16);
	if (end == tab + 1 || end >= line + n || *end != '\t')
		return false;
	k->file = arena_strndup(a, end + 1, (size_t)(line + n - end - 1));
	return *k->identity && !strchr(k->file, '\t');
}

int known_read(struct known_set *s, const char *path)
{
	char *text;
	size_t size;
	int rc = 0;

	*s = (struct known_set){.mem = arena_new()};
	if (fs_read(path, &text, &size) < 0)
		return -1;
	uint32_t no = 1;
	for (const char *p = text; p < text + size; no++) {
		size_t n = strcspn(p, "\n");
		const char *next = p + n + (p[n] == '\n');
		struct known k;
		if (no == 1 && (n < sizeof header - 1 || strncmp(p, header, strcspn(header, ":"))))
			rc = error("%s: this is no baseline, or one of another version", path);
		else if (n && *p != '#' && !parse(s->mem, p, n, &k))
			rc = error("%s:%u: not a line of a baseline: %.60s", path, no, p);
		else if (n && *p != '#')
			vec_add(&s->list, k);
		if (rc < 0)
			break;
		p = next;
	}
	free(text);
	sort(s);
	return rc;
}

int known_write(const struct known_set *s, const char *path)
{
	struct sb out = {0};
	struct arena *a = arena_new();
	const char *dir = path_dir(a, path);
	int rc;

	sb_printf(&out, "%s\n", header);
	for (uint32_t i = 0; i < s->list.n; i++)
		sb_printf(&out, "%s\t%llx\t%s\n", s->list.v[i].identity, (unsigned long long)s->list.v[i].line,
			s->list.v[i].file);
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		rc = error("%s: %s", dir, strerror(errno));
	else
		rc = fs_write_atomic(path, out.s, out.n);
	sb_free(&out);
	arena_free(a);
	return rc;
}

/* ---- matching ---- */

/* What must be equal besides the identity, from the strictest on. */
enum { SAME_FILE = 1, SAME_LINE = 2 };
static const int passes[] = {SAME_FILE | SAME_LINE, SAME_LINE, SAME_FILE, 0};

static uint64_t key(const struct known *k, int pass)
{
	uint64_t h = hash_str(k->identity);
	if (pass & SAME_FILE)
		h = hash_mix(h, hash_str(k->file));
	return pass & SAME_LINE ? hash_mix(h, k->line + 1) : h;
}

/* Pairs off what is still free on both sides. Elements with one key are taken in their order. */
static void pair(const struct known_set *s, bool *taken, const struct known *today, uint32_t n, bool *paired, int pass)
{
	struct map first = {0};
	uint32_t *next = xmalloc((s->list.n + 1) * sizeof *next);

	for (uint32_t i = s->list.n; i--;) {
		if (taken[i])
			continue;
		uint32_t *slot = map_slot(&first, key(&s->list.v[i], pass), NONE - 1);
		next[i] = *slot;
		*slot = i;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t k = key(&today[i], pass);
		uint32_t at = paired[i] ? NONE : map_get(&first, k);
		if (at == NONE || at == NONE - 1)
			continue;
		map_put(&first, k, next[at]);
		taken[at] = paired[i] = true;
	}
	map_free(&first);
	free(next);
}

void known_match(const struct known_set *s, struct finding *f, uint32_t n, const char *root, struct compared *c)
{
	struct known *today = xmalloc((n + 1) * sizeof *today);
	bool *paired = xcalloc(n + 1, 1), *taken = xcalloc(s->list.n + 1, 1);

	for (uint32_t i = 0; i < n; i++) {
		today[i] = known_from(s->mem, &f[i], root);
		paired[i] = f[i].suppressed;
	}
	for (size_t p = 0; p < COUNT(passes); p++)
		pair(s, taken, today, n, paired, passes[p]);
	for (uint32_t i = 0; i < n; i++) {
		if (f[i].suppressed)
			continue;
		f[i].known = paired[i];
		c->nknown += paired[i];
		c->nnew += !paired[i];
	}
	/* a known finding that is silenced today is not gone */
	for (uint32_t i = 0; i < n; i++)
		paired[i] = !f[i].suppressed;
	pair(s, taken, today, n, paired, 0);
	struct gone *gone = arena_alloc(s->mem, (s->list.n + 1) * sizeof *gone);
	for (uint32_t i = 0; i < s->list.n; i++)
		if (!taken[i])
			gone[c->ngone++] = (struct gone){s->list.v[i].identity, s->list.v[i].file};
	c->gone = gone;
	free(today);
	free(paired);
	free(taken);
}
