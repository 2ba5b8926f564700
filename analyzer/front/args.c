/* args.c - which arguments of a compiler command reach the parser.
 *
 * A database is untrusted input, and clang can be told to write files and load code. So this is a
 * list of what may pass (args.def), never of what may not: an argument that is not on it is dropped
 * and counted. What passes is written anew, flag and value in one word, so that no value can be
 * taken for an option.
 *
 * A database of 40,000 commands has millions of arguments and a few thousand different ones. Each
 * is judged once and remembered (struct memo); a memo also remembers which one came after it last
 * time, which is nearly always right and saves the hashing.
 */
#include "front/args.h"

#include <stdlib.h>

#define MAX_NESTING 16		 /* of response files */
#define MAX_RESPONSE (16u << 20) /* bytes of response files that one command may bring */

enum form { FLAG, JOINED, SEP, EITHER, REST };
enum action { KEEP, PATH, DEFINE, STD, OPT, LANG, TARGET, CPU, OPEN, DROP };

struct row {
	const char *flag;
	uint8_t form, action, arch;
	const char *as;
};
static const struct row rows[] = {
#define ARG(flag, form, action, as) {flag, form, action, ARCH_ANY, as},
#define OPTION(arch, flag, form) {flag, form, KEEP, ARCH_##arch, flag},
#define FEATURE(arch, name)                                                                        \
	{"-m" name, FLAG, KEEP, ARCH_##arch, "-m" name},                                           \
		{"-mno-" name, FLAG, KEEP, ARCH_##arch, "-mno-" name},
#include "front/args.def"
#undef ARG
#undef OPTION
#undef FEATURE
};

/* Fortification turns calls of read() into calls of a wrapper in a header: the checks differ, not
 * the meaning. */
static const char *const macros_dropped[] = {"_FORTIFY_SOURCE"};

/* ---- the state ---- */

struct memo {
	const char *s;
	uint32_t n;
	uint32_t next;	/* the memo of the argument that followed last time, or NONE */
	uint32_t row;	/* NONE: on no list */
	uint32_t kept;	/* what passes, if it is the same every time; or NONE */
	uint32_t count; /* row NONE: how often */
	uint8_t arch;
	bool settled; /* kept is all there is to it */
};
struct list {
	const char **argv;
	uint32_t *ids, n;
};
struct args {
	struct arena *mem, *scratch;
	uint32_t bucket[256], chain[COUNT(rows)]; /* rows by the second character of the flag */
	VEC(struct memo) memos;
	struct map memo_of;
	VEC(const char *) kept; /* arguments that passed */
	struct map kept_of;
	VEC(struct list) lists;
	struct map list_of;
	uint32_t row_count[COUNT(rows)]; /* dropped */
	uint32_t ninput, nresponse; /* dropped: inputs, and response files that cannot be read */
	struct driver driver; /* of the command before, which nearly always is this one's too */
	struct word driver_words[2];
	bool warned;
};
/* One command on its way through. */
struct run {
	struct args *a;
	const char *dir;
	struct word file;
	const char *lang; /* of -x, or NULL */
	VEC(uint32_t) ids;
	uint32_t ndropped;
	uint32_t last;	   /* memo of the argument before, or NONE */
	uint32_t response; /* bytes of response files read */
	uint8_t arch;
	uint8_t opt; /* 0, 's' or '1' */
};

struct args *args_new(struct arena *mem)
{
	struct args *a = xcalloc(1, sizeof *a);

	a->mem = mem;
	a->scratch = arena_new();
	memset(a->bucket, 0xFF, sizeof a->bucket);
	for (uint32_t i = COUNT(rows); i-- > 0;) {
		uint8_t c = (uint8_t)rows[i].flag[1];

		a->chain[i] = a->bucket[c];
		a->bucket[c] = i;
	}
	return a;
}

void args_free(struct args *a)
{
	for (uint32_t i = 0; i < a->lists.n; i++)
		free(a->lists.v[i].ids);
	vec_free(&a->lists);
	vec_free(&a->memos);
	vec_free(&a->kept);
	map_free(&a->memo_of);
	map_free(&a->kept_of);
	map_free(&a->list_of);
	arena_free(a->scratch);
	free(a);
}

static bool word_is(struct word w, const char *s, uint32_t n)
{
	return w.n == n && !memcmp(w.s, s, n);
}

/* ---- what passes ---- */

static uint32_t keep(struct args *a, const char *s, size_t n)
{
	uint64_t h = hash_bytes(s, n);

	for (;; h++) {
		uint32_t id = *map_slot(&a->kept_of, h, a->kept.n);

		if (id == a->kept.n)
			vec_add(&a->kept, arena_strndup(a->mem, s, n));
		else if (strncmp(a->kept.v[id], s, n) || a->kept.v[id][n])
			continue; /* another string with this hash */
		return id;
	}
}

static uint32_t keep_with(struct args *a, const char *flag, struct word val)
{
	struct sb b = {0};
	uint32_t id;

	sb_puts(&b, flag);
	sb_putn(&b, val.s, val.n);
	id = keep(a, b.s, b.n);
	sb_free(&b);
	return id;
}

static bool macro_dropped(struct word def)
{
	for (size_t i = 0; i < COUNT(macros_dropped); i++) {
		uint32_t n = (uint32_t)strlen(macros_dropped[i]);

		if (def.n >= n && !memcmp(def.s, macros_dropped[i], n) &&
			(def.n == n || def.s[n] == '='))
			return true;
	}
	return false;
}

static bool is_cxx_std(struct word val)
{
	return (val.n >= 3 && !memcmp(val.s, "c++", 3)) ||
	       (val.n >= 5 && !memcmp(val.s, "gnu++", 5));
}

static void take(struct run *r, const struct word *w, uint32_t n, uint32_t depth);

static uint32_t drop(struct run *r, const struct row *row)
{
	r->a->row_count[row - rows]++;
	r->ndropped++;
	return NONE;
}

/* -Wp,-DX,-MD,file: each part is an argument. */
static void open_up(struct run *r, struct word val)
{
	struct words parts = {0};
	const char *p = val.s, *end = val.s + val.n;

	while (p <= end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));

		if (!comma)
			comma = end;
		vec_add(&parts.w, ((struct word){p, (uint32_t)(comma - p)}));
		p = comma + 1;
	}
	/* A part cannot hold parts or files: deep enough that neither is looked into. */
	take(r, parts.w.v, parts.w.n, MAX_NESTING);
	vec_free(&parts.w);
}

/* Does what the row says with the value; returns the argument that passes, or NONE. */
static uint32_t apply(struct run *r, const struct row *row, struct word val)
{
	/* A flag has no value, all others need one; one with '-' in front could be taken for an
	 * option. */
	bool bad = row->form != FLAG && (val.n == 0 || (row->action == PATH && val.s[0] == '-'));

	switch (row->action) {
	case KEEP:
	case PATH:
		return bad ? drop(r, row) : keep_with(r->a, row->as, val);
	case DEFINE:
		return bad || macro_dropped(val) ? drop(r, row) : keep_with(r->a, row->as, val);
	case STD:
		return bad || is_cxx_std(val) ? drop(r, row) : keep_with(r->a, row->as, val);
	case CPU:
		return args_cpu_known(r->arch, arena_strndup(r->a->scratch, val.s, val.n))
			       ? keep_with(r->a, row->as, val)
			       : drop(r, row);
	case TARGET:
		r->arch = args_arch(val.s, val.n);
		return bad || val.s[0] == '-' ? drop(r, row) : keep_with(r->a, row->as, val);
	case OPT:
		r->opt = !val.n				      ? '1'
			 : val.s[0] == '0'		      ? 0
			 : val.s[0] == 's' || val.s[0] == 'z' ? 's'
							      : '1';
		return NONE;
	case LANG:
		r->lang = arena_strndup(r->a->scratch, val.s, val.n);
		return NONE;
	case OPEN:
		open_up(r, val);
		return NONE;
	default:
		return drop(r, row);
	}
}

/* ---- which row ---- */

static bool fits(const struct row *row, struct word w, uint32_t len)
{
	if (w.n < len || memcmp(w.s, row->flag, len))
		return false;
	switch (row->form) {
	case FLAG:
	case SEP:
		return w.n == len;
	case JOINED:
		return w.n > len;
	default:
		return true;
	}
}

static uint32_t find_row(const struct args *a, struct word w, enum arch arch)
{
	uint32_t best = NONE, best_len = 0;

	for (uint32_t i = a->bucket[(uint8_t)w.s[1]]; i != NONE; i = a->chain[i]) {
		uint32_t len = (uint32_t)strlen(rows[i].flag);

		if (len > best_len && (rows[i].arch == ARCH_ANY || rows[i].arch == arch) &&
			fits(&rows[i], w, len)) {
			best = i;
			best_len = len;
		}
	}
	return best;
}

static bool is_settled(const struct row *row, struct word w)
{
	bool next = row->form == SEP || (row->form == EITHER && w.n == strlen(row->flag));

	return !next && (row->action <= STD || row->action == CPU || row->action == DROP);
}

/* The memo of an argument that begins with '-'. */
static uint32_t memo_of(struct run *r, struct word w)
{
	struct args *a = r->a;
	uint32_t guess = r->last == NONE ? NONE : a->memos.v[r->last].next;
	uint64_t h;

	if (guess != NONE && a->memos.v[guess].arch == r->arch &&
		word_is(w, a->memos.v[guess].s, a->memos.v[guess].n))
		return guess;
	for (h = hash_mix(hash_bytes(w.s, w.n), r->arch);; h++) {
		uint32_t id = *map_slot(&a->memo_of, h, a->memos.n);
		struct memo *m;

		if (id < a->memos.n && (a->memos.v[id].arch != r->arch ||
					       !word_is(w, a->memos.v[id].s, a->memos.v[id].n)))
			continue;
		if (id == a->memos.n) {
			uint32_t row = find_row(a, w, r->arch);

			m = vec_push(&a->memos);
			*m = (struct memo){
				.s = arena_strndup(a->mem, w.s, w.n),
				.n = w.n,
				.next = NONE,
				.row = row,
				.kept = NONE,
				.arch = r->arch,
				.settled = row != NONE && is_settled(&rows[row], w),
			};
			if (m->settled) {
				uint32_t len = (uint32_t)strlen(rows[row].flag);

				m->kept =
					apply(r, &rows[row], (struct word){m->s + len, m->n - len});
				if (m->kept == NONE) { /* counted when it is taken */
					a->row_count[row]--;
					r->ndropped--;
				}
			}
		}
		if (r->last != NONE)
			a->memos.v[r->last].next = id;
		return id;
	}
}

/* ---- a command ---- */

static void take_response(struct run *r, struct word w, uint32_t depth)
{
	struct args *a = r->a;
	struct words words = {0};
	char *name = arena_strndup(a->scratch, w.s + 1, w.n - 1), *data;
	size_t size;

	if (depth >= MAX_NESTING || r->response > MAX_RESPONSE ||
		fs_read_quiet(path_join(a->scratch, r->dir, name), &data, &size) < 0) {
		if (!a->warned)
			warn("response file '%s' is left out: it cannot be read, or there are too "
			     "many",
				name);
		a->warned = true;
		a->nresponse++;
		r->ndropped++;
		return;
	}
	/* An empty file counts too, or a file that names itself twice would be read 2^16 times. */
	r->response += (uint32_t)(size < MAX_RESPONSE ? size : MAX_RESPONSE) + 1024;
	if (!memchr(data, '\0', size)) {
		args_split(data, size, &words, a->scratch);
		take(r, words.w.v, words.w.n, depth + 1);
	}
	vec_free(&words.w);
	free(data);
}

static struct word base_of(struct word w)
{
	const char *slash = memrchr(w.s, '/', w.n);

	return slash ? (struct word){slash + 1, (uint32_t)(w.s + w.n - slash - 1)} : w;
}

/* The unit's own file, which may be written in another way, is no loss. */
static void take_input(struct run *r, struct word w)
{
	struct word mine = base_of(r->file);

	if (word_is(base_of(w), mine.s, mine.n))
		return;
	r->a->ninput++;
	r->ndropped++;
}

static void take(struct run *r, const struct word *w, uint32_t n, uint32_t depth)
{
	struct args *a = r->a;

	for (uint32_t i = 0; i < n; i++) {
		const struct memo *m;
		const struct row *row;
		uint32_t len, id;
		struct word val;

		if (w[i].n < 2 || w[i].s[0] != '-') {
			if (w[i].n > 1 && w[i].s[0] == '@')
				take_response(r, w[i], depth);
			else
				take_input(r, w[i]);
			continue;
		}
		if (w[i].n == 2 && w[i].s[1] == '-') {
			while (++i < n)
				take_input(r, w[i]);
			return;
		}
		id = memo_of(r, w[i]);
		r->last = id;
		m = &a->memos.v[id];
		if (m->settled && m->kept != NONE) {
			vec_add(&r->ids, m->kept);
			continue;
		}
		if (m->row == NONE) {
			a->memos.v[id].count++;
			r->ndropped++;
			continue;
		}
		row = &rows[m->row];
		if (m->settled) {
			drop(r, row);
			continue;
		}
		len = (uint32_t)strlen(row->flag);
		val = (struct word){w[i].s + len, w[i].n - len};
		if (val.n == 0 && (row->form == SEP || row->form == EITHER))
			val = i + 1 < n ? w[++i] : (struct word){"", 0};
		if (row->action == OPEN && depth >= MAX_NESTING) {
			drop(r, row);
			continue;
		}
		id = apply(r, row, val);
		if (id != NONE)
			vec_add(&r->ids, id);
	}
}

/* ---- the language ---- */

/* "-xc", "-xcpp-output", or NULL if it is another language. Said even where the ending says it, for
 * by their endings clang also reads assembly, LLVM's own code and precompiled headers. */
static const char *language(const struct run *r)
{
	if (r->lang && strcmp(r->lang, "none"))
		return !strcmp(r->lang, "c")		? "-xc"
		       : !strcmp(r->lang, "cpp-output") ? "-xcpp-output"
							: NULL;
	if (!args_is_c_name(r->file.s, r->file.n))
		return NULL;
	if (r->file.s[r->file.n - 1] == 'i')
		return "-xcpp-output";
	return r->a->driver.cxx ? NULL : "-xc";
}

/* ---- lists ---- */

static const struct list *list_of(struct args *a, const uint32_t *ids, uint32_t n)
{
	size_t size = n * sizeof *ids;
	uint64_t h = hash_bytes(ids, size);

	for (;; h++) {
		uint32_t at = *map_slot(&a->list_of, h, a->lists.n);
		struct list *l;

		if (at < a->lists.n) {
			l = &a->lists.v[at];
			if (l->n == n && !memcmp(l->ids, ids, size))
				return l;
			continue;
		}
		l = vec_push(&a->lists);
		l->n = n;
		l->ids = xmalloc(size);
		memcpy(l->ids, ids, size);
		l->argv = arena_alloc(a->mem, n * sizeof *l->argv);
		for (uint32_t i = 0; i < n; i++)
			l->argv[i] = a->kept.v[ids[i]];
		return l;
	}
}

static uint32_t keep_str(struct args *a, const char *s)
{
	return keep(a, s, strlen(s));
}

static void set_driver(struct args *a, const struct words *words)
{
	const struct word *w = words->w.v, *old = a->driver_words;
	uint32_t n = a->driver.nword;

	if (n && words->w.n >= n && word_is(w[0], old[0].s, old[0].n) &&
		(n == 1 || word_is(w[1], old[1].s, old[1].n)))
		return;
	args_driver(words, &a->driver, a->mem);
	for (uint32_t i = 0; i < a->driver.nword; i++)
		a->driver_words[i] = (struct word){arena_strndup(a->mem, w[i].s, w[i].n), w[i].n};
}

void args_filter(struct args *a, const char *dir, struct word file, const struct words *words,
	struct args_cmd *out)
{
	struct run r = {.a = a, .dir = dir, .file = file, .last = NONE};
	const struct list *l;

	arena_reset(a->scratch);
	set_driver(a, words);
	vec_add(&r.ids, 0); /* the language, when it is known */
	if (a->driver.target)
		vec_add(&r.ids, keep_str(a, a->driver.target));
	r.arch = args_arch_of_command(&a->driver, words);
	take(&r, words->w.v + a->driver.nword, words->w.n - a->driver.nword, 0);
	*out = (struct args_cmd){.compiler = a->driver.compiler,
		.ndropped = r.ndropped,
		.is_c = language(&r) != NULL};
	if (out->is_c) {
		r.ids.v[0] = keep_str(a, language(&r));
		if (r.opt)
			vec_add(&r.ids, keep_str(a, r.opt == 's' ? "-Os" : "-O1"));
		l = list_of(a, r.ids.v, r.ids.n);
		out->argv = l->argv;
		out->argc = l->n;
	}
	vec_free(&r.ids);
}

void args_default(struct args *a, struct args_cmd *out)
{
	struct words none = {0};

	args_filter(a, "/", (struct word){"a.c", 3}, &none, out);
}

/* ---- what was left out ---- */

static int by_arg(const void *x, const void *y)
{
	return strcmp(((const struct dropped *)x)->arg, ((const struct dropped *)y)->arg);
}

struct dropped *args_dropped(struct args *a, uint32_t *n)
{
	VEC(struct dropped) all = {0};
	struct dropped *out;

	for (uint32_t i = 0; i < COUNT(rows); i++)
		if (a->row_count[i])
			vec_add(&all, ((struct dropped){rows[i].flag, a->row_count[i], true}));
	/* what follows '=' and the like is a value: a path, mostly */
	for (uint32_t i = 0; i < a->memos.n; i++) {
		const struct memo *m = &a->memos.v[i];

		if (m->row == NONE && m->count) {
			size_t len = strcspn(m->s, "=,:/");
			const char *arg = arena_strndup(a->mem, m->s, len + (m->s[len] == '='));

			vec_add(&all, ((struct dropped){arg, m->count, false}));
		}
	}
	if (a->ninput)
		vec_add(&all, ((struct dropped){"(other input)", a->ninput, true}));
	if (a->nresponse)
		vec_add(&all, ((struct dropped){"@file", a->nresponse, false}));
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_arg);
	out = arena_alloc(a->mem, all.n * sizeof *out);
	*n = 0;
	for (uint32_t i = 0; i < all.n; i++) {
		if (*n && !strcmp(out[*n - 1].arg, all.v[i].arg))
			out[*n - 1].count += all.v[i].count;
		else
			out[(*n)++] = all.v[i];
	}
	vec_free(&all);
	return out;
}

void args_resolve(const char *dir, const char *arg, struct sb *out, struct arena *scratch)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].action == PATH && str_starts(arg, rows[i].as)) {
			sb_puts(out, rows[i].as);
			sb_puts(out, path_join(scratch, dir, arg + strlen(rows[i].as)));
			return;
		}
	}
	sb_puts(out, arg);
}

const char *args_path(const char *arg)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].action == PATH && str_starts(arg, rows[i].as))
			return arg + strlen(rows[i].as);
	return NULL;
}
