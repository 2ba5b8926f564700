/* compdb_alike.c - which commands for one file differ in nothing that the file can see.
 *
 * A file that is built for a library and for a hundred test programs has a hundred commands that
 * differ in a macro or a directory which mean nothing to it. To parse it a hundred times would take
 * most of a run and say the same each time.
 *
 * Before parsing, what a file can see is bounded from above: every #include, whatever the condition
 * around it, of the file and of what it includes, looked up in the command's own directories. Two
 * commands are alike if they reach the same files, and differ otherwise only in macros whose names
 * are in none of them. Where the bound is not known (#include MACRO, #include_next, __has_include,
 * another machine's headers) nothing is merged. Names that begin with '_' belong to the compiler
 * and its library, which are not all looked at: they always matter.
 *
 * Files, directories and names are known by 64-bit hashes.
 */
#include "front/compdb.h"

#include <dirent.h>
#include <stdlib.h>

#define MAX_FILE (8u << 20) /* bytes; larger ones are not looked into */

enum { HAS_INCLUDE }; /* the number of the macro __has_include */

struct dir {
	const char *path;
	uint64_t hash;
};
/* What an #include names, and which of the directories searched have it. */
struct name {
	const char *text;
	uint64_t base, sub; /* hashes of the last part, and of what is before it or 0 */
	const char *sub_text;
	uint32_t at, nat; /* in places; at is NONE until it is asked for */
};
struct place {
	uint32_t dir, source; /* source NONE: not looked at yet */
};
struct source {
	struct dir dir;
	uint32_t inc, ninc;	/* in incs */
	VEC(uint32_t) mentions; /* macros of interest that it names */
	bool system;
	bool open; /* what it includes is not known */
};
struct inc {
	uint32_t name : 31, quoted : 1;
	uint32_t source; /* of a system header's: plus 1; 0: not looked up yet; NONE: nowhere */
};
/* Where one command looks for headers. */
struct search {
	VEC(uint32_t) quote, angle; /* directories, in order */
	VEC(const char *) first;    /* -include, -imacros: as written */
	uint64_t hash;
	bool open;
};
struct alike {
	struct arena *mem, *scratch;
	VEC(struct dir) dirs; /* all that any command searches */
	struct map dir_of;
	struct map resolved; /* (directory, argument), by address: to the directory it names */
	uint32_t system[3], nsystem;
	VEC(struct source) sources;
	struct map source_of; /* path to source plus 1, or 0 if there is no such file */
	VEC(struct inc) incs;
	VEC(struct name) names;
	struct map name_of;
	VEC(struct place) places;
	struct map listed;  /* directories that were read */
	struct map entries; /* (directory, name): is there */
	struct map macros;  /* name to number */
	uint32_t nmacro;
	uint64_t macro_shapes[64]; /* by length: which first characters they have, modulo 64 */
	uint32_t *mentioned, scan_round; /* by macro: the round in which it was last met */
	/* what the command at hand reaches */
	const char *file;
	uint64_t search;
	VEC(uint32_t) reached;
	bool known;			/* that is all */
	uint32_t *visited, visit_round; /* by source */
	uint32_t *quote_rank,
		*angle_rank; /* by directory: place in the search, NONE if it is not */
};

/* ---- macros of interest ---- */

static bool is_word(char c)
{
	static const bool word[256] = {
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true};

	return word[(unsigned char)c];
}

static void add_macro(struct alike *k, const char *s, size_t n)
{
	if (*map_slot(&k->macros, hash_bytes(s, n), k->nmacro) == k->nmacro)
		k->nmacro++;
	if (n && n < COUNT(k->macro_shapes))
		k->macro_shapes[n] |= UINT64_C(1) << (*s & 63);
}

static uint32_t find_macro(const struct alike *k, const char *s, size_t n)
{
	if (n >= COUNT(k->macro_shapes) || !(k->macro_shapes[n] >> (*s & 63) & 1))
		return NONE;
	return map_get(&k->macros, hash_bytes(s, n));
}

/* The macro that an argument defines or removes; its length, 0 if it does neither. */
static size_t macro_of(const char *arg, const char **name)
{
	size_t n = 0;

	if (!str_starts(arg, "-D") && !str_starts(arg, "-U"))
		return 0;
	*name = arg + 2;
	while (is_word((*name)[n]))
		n++;
	return n;
}

/* ---- reading sources ---- */

static void mention(struct alike *k, struct source *s, uint32_t macro)
{
	if (k->mentioned[macro] == k->scan_round)
		return;
	k->mentioned[macro] = k->scan_round;
	vec_add(&s->mentions, macro);
	s->open |= macro == HAS_INCLUDE;
}

static uint32_t name_id(struct alike *k, const char *s, size_t n)
{
	uint32_t id = *map_slot(&k->name_of, hash_bytes(s, n), k->names.n);
	const char *slash = memrchr(s, '/', n);
	struct name *name;

	if (id < k->names.n)
		return id;
	name = vec_push(&k->names);
	*name = (struct name){.text = arena_strndup(k->mem, s, n), .at = NONE};
	if (slash) {
		size_t sub = (size_t)(slash - s);

		name->sub_text = arena_strndup(k->mem, s, sub);
		name->sub = hash_bytes(s, sub) | 1;
		name->base = hash_bytes(slash + 1, n - sub - 1);
	} else {
		name->base = hash_bytes(s, n);
	}
	return id;
}

/* A line behind '#': if it is an #include, what it names. Names in comments are taken too: that is
 * too much, and no harm. */
static void take_directive(struct alike *k, struct source *s, const char *p, const char *end)
{
	static const char word[] = "include";
	const char *close;
	char quote;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(end - p) < sizeof word || memcmp(p, word, sizeof word - 1))
		return;
	p += sizeof word - 1;
	if (*p == '_') { /* #include_next */
		s->open = true;
		return;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	quote = p < end ? *p : '\n';
	if (quote != '"' && quote != '<') {
		s->open |= is_word(quote); /* a macro; else it is no #include */
		return;
	}
	close = memchr(p + 1, quote == '<' ? '>' : '"', (size_t)(end - p - 1));
	if (!close || memchr(p, '\n', (size_t)(close - p)))
		return;
	vec_add(&k->incs, ((struct inc){.name = name_id(k, p + 1, (size_t)(close - p - 1)),
				  .quoted = quote == '"'}));
}

static void scan(struct alike *k, struct source *s, const char *p, const char *end)
{
	k->scan_round++;
	s->inc = k->incs.n;
	while (p < end) {
		const char *start = p;
		uint32_t macro;

		if (!is_word(*p)) {
			if (*p++ == '#')
				take_directive(k, s, p, end);
			continue;
		}
		while (p < end && is_word(*p))
			p++;
		macro = find_macro(k, start, (size_t)(p - start));
		if (macro != NONE)
			mention(k, s, macro);
	}
	s->ninc = k->incs.n - s->inc;
}

/* The source at path, read when it is first asked for; NONE if it cannot be. */
static uint32_t source_at(struct alike *k, const char *path)
{
	uint32_t *at = map_slot(&k->source_of, hash_str(path), k->sources.n + 1);
	struct source s = {0};
	size_t size;
	char *data;

	if (*at != k->sources.n + 1)
		return *at - 1;
	if (fs_read_quiet(path, &data, &size) < 0) {
		*at = 0;
		return NONE;
	}
	s.dir.path = path_dir(k->mem, path);
	s.dir.hash = hash_str(s.dir.path);
	s.system = str_starts(path, "/usr/include/");
	if (size > MAX_FILE)
		s.open = true;
	else
		scan(k, &s, data, data + size);
	/* what the system's headers look for by #include_next or __has_include is the system's */
	s.open &= !s.system;
	free(data);
	vec_add(&k->sources, s);
	k->visited = xrealloc(k->visited, k->sources.n * sizeof *k->visited);
	k->visited[k->sources.n - 1] = 0;
	return k->sources.n - 1;
}

/* ---- looking up ---- */

/* A directory, or one below it, that is read when it is first asked for: to ask for each name would
 * take a system call each. The hash of a lower one is made of two, so that its path need not be. */
static void list_dir(struct alike *k, struct dir dir, const char *sub, uint64_t id)
{
	const char *path = sub ? path_join(k->scratch, dir.path, sub) : dir.path;
	struct dirent *e;
	DIR *d;

	if ((*map_slot(&k->listed, id, 0))++)
		return;
	d = opendir(path);
	while (d && (e = readdir(d)))
		map_put(&k->entries, hash_mix(id, hash_str(e->d_name)), 1);
	if (d)
		closedir(d);
}

static bool is_in(struct alike *k, struct dir dir, const struct name *name)
{
	uint64_t id = name->sub ? hash_mix(dir.hash, name->sub) : dir.hash;

	if (map_get(&k->listed, id) == NONE)
		list_dir(k, dir, name->sub_text, id);
	return map_get(&k->entries, hash_mix(id, name->base)) != NONE;
}

static uint32_t look_in(struct alike *k, struct dir dir, uint32_t name)
{
	if (!is_in(k, dir, &k->names.v[name]))
		return NONE;
	return source_at(k, path_join(k->scratch, dir.path, k->names.v[name].text));
}

/* Fills the places of a name. Few directories have it, while a command searches dozens. */
static void find_places(struct alike *k, uint32_t name)
{
	uint32_t at = k->places.n;

	for (uint32_t d = 0; d < k->dirs.n; d++)
		if (is_in(k, k->dirs.v[d], &k->names.v[name]))
			vec_add(&k->places, ((struct place){d, NONE}));
	k->names.v[name].at = at;
	k->names.v[name].nat = k->places.n - at;
}

/* The first place of the name in order of rank. */
static uint32_t search_in(struct alike *k, const uint32_t *rank, uint32_t name)
{
	uint32_t best = NONE, best_rank = NONE;
	struct place *p;

	if (k->names.v[name].at == NONE)
		find_places(k, name);
	for (uint32_t i = 0; i < k->names.v[name].nat; i++) {
		uint32_t at = k->names.v[name].at + i, r = rank[k->places.v[at].dir];

		if (r < best_rank) {
			best = at;
			best_rank = r;
		}
	}
	if (best == NONE)
		return NONE;
	p = &k->places.v[best];
	if (p->source == NONE) {
		uint32_t source = source_at(
			k, path_join(k->scratch, k->dirs.v[p->dir].path, k->names.v[name].text));

		k->places.v[best].source = source;
		return source;
	}
	return p->source;
}

/* here: the directory of the file that includes. */
static uint32_t look_up(struct alike *k, struct dir here, uint32_t name, bool quoted)
{
	uint32_t source = NONE;

	if (*k->names.v[name].text == '/')
		return source_at(k, path_normal(k->scratch, k->names.v[name].text));
	if (quoted) {
		source = look_in(k, here, name);
		if (source == NONE)
			source = search_in(k, k->quote_rank, name);
	}
	return source == NONE ? search_in(k, k->angle_rank, name) : source;
}

/* The system's headers include each other, whatever the command. */
static uint32_t look_up_system(struct alike *k, struct dir here, uint32_t inc)
{
	uint32_t source = NONE, name = k->incs.v[inc].name;

	if (k->incs.v[inc].source)
		return k->incs.v[inc].source == NONE ? NONE : k->incs.v[inc].source - 1;
	if (k->incs.v[inc].quoted)
		source = look_in(k, here, name);
	for (uint32_t i = 0; i < k->nsystem && source == NONE; i++)
		source = look_in(k, k->dirs.v[k->system[i]], name);
	k->incs.v[inc].source = source == NONE ? NONE : source + 1;
	return source;
}

/* ---- a command ---- */

#if defined(__x86_64__)
#define TRIPLE "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLE "aarch64-linux-gnu"
#else
#define TRIPLE "none"
#endif

static uint32_t add_dir(struct alike *k, const char *path)
{
	uint64_t h = hash_str(path);
	uint32_t id = *map_slot(&k->dir_of, h, k->dirs.n);

	if (id == k->dirs.n)
		vec_add(&k->dirs, ((struct dir){path, h}));
	return id;
}

/* The directory that an argument of cmd names, behind its flag. Arguments repeat themselves as the
 * same strings. */
static uint32_t dir_of(struct alike *k, const struct tu_cmd *cmd, const char *arg, const char *flag)
{
	uint32_t *at =
		map_slot(&k->resolved, hash_mix((uintptr_t)cmd->dir, (uintptr_t)arg), NONE - 1);

	if (*at == NONE - 1)
		*at = add_dir(k, path_join(k->mem, cmd->dir, arg + strlen(flag)));
	return *at;
}

static void set_search(struct alike *k, const struct tu_cmd *cmd, struct search *s)
{
	static const char *const angle[] = {"-I", "-isystem", "-idirafter"};
	bool standard = true;
	uint64_t h = 0;

	for (uint32_t i = 0; i < cmd->argc; i++) {
		const char *arg = cmd->argv[i];

		s->open |= str_starts(arg, "--sysroot") || str_starts(arg, "-isysroot") ||
			   str_starts(arg, "--target");
		standard &= strcmp(arg, "-nostdinc") && strcmp(arg, "-nostdlibinc");
		if (str_starts(arg, "-iquote"))
			vec_add(&s->quote, dir_of(k, cmd, arg, "-iquote"));
		else if (str_starts(arg, "-include") || str_starts(arg, "-imacros"))
			vec_add(&s->first, arg + strlen("-include"));
	}
	/* as the compiler orders them */
	for (size_t kind = 0; kind < COUNT(angle); kind++) {
		for (uint32_t i = 0; i < cmd->argc; i++)
			if (str_starts(cmd->argv[i], angle[kind]))
				vec_add(&s->angle, dir_of(k, cmd, cmd->argv[i], angle[kind]));
		for (uint32_t i = 0; kind == 1 && standard && i < k->nsystem; i++)
			vec_add(&s->angle, k->system[i]);
	}
	for (uint32_t i = 0; i < s->quote.n; i++)
		h = hash_mix(h, s->quote.v[i] + 1);
	h = hash_mix(h, 0);
	for (uint32_t i = 0; i < s->angle.n; i++)
		h = hash_mix(h, s->angle.v[i] + 1);
	h = hash_mix(h, 0);
	for (uint32_t i = 0; i < s->first.n; i++)
		h = hash_mix(h, hash_str(s->first.v[i]));
	s->hash = hash_mix(h, s->first.n ? hash_str(cmd->dir) : 0);
}

static void free_search(struct search *s)
{
	vec_free(&s->quote);
	vec_free(&s->angle);
	vec_free(&s->first);
}

/* A directory that is searched twice counts where it comes first. */
static void set_ranks(uint32_t *rank, uint32_t ndir, const uint32_t *dirs, uint32_t n)
{
	memset(rank, 0xFF, ndir * sizeof *rank);
	while (n-- > 0)
		rank[dirs[n]] = n;
}

static void visit(struct alike *k, uint32_t source)
{
	if (source == NONE || k->visited[source] == k->visit_round)
		return;
	k->visited[source] = k->visit_round;
	vec_add(&k->reached, source);
}

/* Fills reached, in an order that depends on what is reached alone. */
static void reach(struct alike *k, const struct tu_cmd *cmd, const struct search *s)
{
	struct dir here = {cmd->dir, hash_str(cmd->dir)};

	set_ranks(k->quote_rank, k->dirs.n, s->quote.v, s->quote.n);
	set_ranks(k->angle_rank, k->dirs.n, s->angle.v, s->angle.n);
	k->visit_round++;
	k->reached.n = 0;
	k->known = !s->open;
	visit(k, source_at(k, cmd->file));
	k->known &= k->reached.n == 1;
	for (uint32_t i = 0; i < s->first.n; i++)
		visit(k, look_up(k, here, name_id(k, s->first.v[i], strlen(s->first.v[i])), true));
	for (uint32_t i = 0; i < k->reached.n && k->known; i++) {
		struct source src = k->sources.v[k->reached.v[i]]; /* the array may move */

		k->known &= !src.open;
		for (uint32_t n = src.inc; n < src.inc + src.ninc; n++)
			visit(k, src.system ? look_up_system(k, src.dir, n)
					    : look_up(k, src.dir, k->incs.v[n].name,
						      k->incs.v[n].quoted));
	}
}

static bool is_search(const char *arg)
{
	return str_starts(arg, "-I") || str_starts(arg, "-isystem") || str_starts(arg, "-iquote") ||
	       str_starts(arg, "-idirafter");
}

/* Equal for commands of one file that are alike; 0 if that cannot be said. */
static uint64_t key_of(struct alike *k, const struct tu_cmd *cmd)
{
	struct search s = {0};
	uint64_t h = 1;

	arena_reset(k->scratch);
	set_search(k, cmd, &s);
	if (k->file != cmd->file || k->search != s.hash)
		reach(k, cmd, &s);
	k->file = cmd->file;
	k->search = s.hash;
	free_search(&s);
	if (!k->known)
		return 0;
	k->scan_round++;
	for (uint32_t i = 0; i < k->reached.n; i++) {
		const struct source *src = &k->sources.v[k->reached.v[i]];

		h = hash_mix(h, k->reached.v[i]);
		for (uint32_t n = 0; n < src->mentions.n; n++)
			k->mentioned[src->mentions.v[n]] = k->scan_round;
	}
	for (uint32_t i = 0; i < cmd->argc; i++) {
		const char *arg = cmd->argv[i], *name;
		size_t n = macro_of(arg, &name);
		uint32_t macro = n ? find_macro(k, name, n) : NONE;

		if (is_search(arg) || (n && *name != '_' && macro != NONE &&
					      k->mentioned[macro] != k->scan_round))
			continue;
		h = hash_mix(h, hash_str(arg));
	}
	return h ? h : 1;
}

/* ---- all commands ---- */

static bool has_variants(const struct compdb *db, uint32_t i)
{
	return (i && !strcmp(db->tus[i].file, db->tus[i - 1].file)) ||
	       (i + 1 < db->ntu && !strcmp(db->tus[i].file, db->tus[i + 1].file));
}

/* Macros and directories that matter to any of the commands. */
static void collect(struct alike *k, const struct compdb *db)
{
	static const char *const system[] = {
		"/usr/local/include", "/usr/include/" TRIPLE, "/usr/include"};

	for (size_t i = 0; i < COUNT(system); i++)
		k->system[k->nsystem++] = add_dir(k, system[i]);
	add_macro(k, "__has_include", strlen("__has_include"));
	for (uint32_t i = 0; i < db->ntu; i++) {
		struct search s = {0};

		if (!has_variants(db, i))
			continue;
		set_search(k, &db->tus[i], &s);
		free_search(&s);
		for (uint32_t a = 0; a < db->tus[i].argc; a++) {
			const char *name;
			size_t n = macro_of(db->tus[i].argv[a], &name);

			if (n && *name != '_')
				add_macro(k, name, n);
		}
	}
	k->mentioned = xcalloc(k->nmacro, sizeof *k->mentioned);
	k->quote_rank = xcalloc(k->dirs.n, sizeof *k->quote_rank);
	k->angle_rank = xcalloc(k->dirs.n, sizeof *k->angle_rank);
}

/* Reading sources costs some 20 ms, each time; a run with a warm cache is to take 50. */
static bool worth_it(const struct compdb *db)
{
	uint32_t extra = 0;

	for (uint32_t i = 1; i < db->ntu; i++)
		extra += !strcmp(db->tus[i].file, db->tus[i - 1].file);
	return extra > db->ntu / 4;
}

void compdb_merge_alike(struct compdb *db)
{
	struct alike k = {.mem = arena_new(), .scratch = arena_new()};
	struct map seen = {0};
	uint32_t n = 0;

	if (!worth_it(db))
		goto out;
	collect(&k, db);
	for (uint32_t i = 0; i < db->ntu; i++) {
		uint64_t key = has_variants(db, i) ? key_of(&k, &db->tus[i]) : 0;

		if (key && (*map_slot(&seen, hash_mix(hash_str(db->tus[i].file), key), 0))++)
			db->nduplicate++;
		else
			db->tus[n++] = db->tus[i];
	}
	db->ntu = n;
out:
	for (uint32_t i = 0; i < k.sources.n; i++)
		vec_free(&k.sources.v[i].mentions);
	vec_free(&k.dirs);
	vec_free(&k.sources);
	vec_free(&k.incs);
	vec_free(&k.names);
	vec_free(&k.places);
	vec_free(&k.reached);
	map_free(&k.dir_of);
	map_free(&k.resolved);
	map_free(&k.source_of);
	map_free(&k.name_of);
	map_free(&k.listed);
	map_free(&k.entries);
	map_free(&k.macros);
	map_free(&seen);
	free(k.mentioned);
	free(k.visited);
	free(k.quote_rank);
	free(k.angle_rank);
	arena_free(k.mem);
	arena_free(k.scratch);
}
