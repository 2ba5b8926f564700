/* headers.c - compares the models with the real headers.
 *
 * For every group of 'header' lines one translation unit is parsed through libclang, and each thing
 *that the models say of those headers is looked for: functions with their number of parameters,
 *"...", and which parameters are function pointers; constants' values; records' fields; types;
 *globals; macros. A function pointer of which the model says nothing is an error: it must be a
 *callback or 'silent'.
 *
 * usage: headers MODELS-DIRECTORY [-v] [--with LIBRARY FLAG...]
 *	-v lists what the models leave out: functions of those headers that take function pointers
 *	--with checks that library alone, with its headers found by those flags: for a checkout of a
 *project whose headers are private to it (-include config.h -I include) Exit 77 without
 *libclang 19. What cannot be checked here is counted, with the reason.
 */
#include "model/model.h"

#include <clang-c/Index.h>
#include <dlfcn.h>

#define CLANG_FNS(F)                                                                               \
	F(createIndex)                                                                             \
	F(parseTranslationUnit) F(disposeTranslationUnit) F(disposeIndex) F(                       \
		getTranslationUnitCursor) F(visitChildren) F(getCursorKind) F(getCursorSpelling)   \
		F(getCString) F(disposeString) F(getCursorType) F(getCanonicalType) F(             \
			getPointeeType) F(getNumArgTypes) F(getArgType) F(isFunctionTypeVariadic)  \
			F(getNumDiagnostics) F(getDiagnostic) F(getDiagnosticSeverity)             \
				F(getDiagnosticSpelling) F(disposeDiagnostic)                      \
					F(getDiagnosticLocation) F(getSpellingLocation)            \
						F(getTypedefDeclUnderlyingType) F(getFileName)     \
							F(getTypeDeclaration) F(getCursorLocation)
static struct {
#define F(name) __typeof__(&clang_##name) name;
	CLANG_FNS(F)
#undef F
} lc;

/* How a library's headers are found, where they do not lie in /usr/include itself. */
static const struct {
	const char *library, *pkg;
} packages[] = {
#define PKG(library, pkg) {library, pkg},
#include "packages.def"
#undef PKG
};

struct fn_decl {
	const char *name;
	int narg; /* -1: no prototype */
	bool variadic;
	uint32_t fnptr;	       /* bit per parameter */
	const char *table[32]; /* records that parameters point at, or NULL */
	const char *type[32];  /* typedefs of function pointers */
};
struct field_decl {
	const char *record, *name;
};
struct header {
	struct arena *mem;
	VEC(struct fn_decl) fns;
	VEC(struct field_decl) fields;
	VEC(const char *) types, fn_types, globals;
	const char *record; /* whose fields are being visited */
};
static struct {
	unsigned functions, constants, fields, types, globals, macros, patterns; /* checked */
	unsigned errors, uncheckable, left_out;
	bool verbose;
} count;
static const struct models *models;
static struct {
	const char *library;
	char **flags;
	int nflag;
} with;

PRINTF(3, 4) static void wrong(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%d: ", path_base(file), line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	count.errors++;
}

/* ---- what a header declares ---- */

static const char *spelling(struct arena *mem, CXCursor c)
{
	CXString s = lc.getCursorSpelling(c);
	const char *copy = arena_strdup(mem, lc.getCString(s));

	lc.disposeString(s);
	return copy;
}

static bool is_fn(CXType t)
{
	return t.kind == CXType_FunctionProto || t.kind == CXType_FunctionNoProto;
}

static bool is_fnptr(CXType t)
{
	t = lc.getCanonicalType(t);
	return t.kind == CXType_Pointer && is_fn(lc.getCanonicalType(lc.getPointeeType(t)));
}

/* GFunc, and aeFileProc of "aeFileProc *"; "" if it has no name. */
static const char *typedef_name(struct arena *mem, CXType t)
{
	const char *name = spelling(mem, lc.getTypeDeclaration(t));

	if (!*name && t.kind == CXType_Pointer)
		name = spelling(mem, lc.getTypeDeclaration(lc.getPointeeType(t)));
	return name;
}

static enum CXChildVisitResult visit_field(CXCursor c, CXCursor parent, CXClientData data)
{
	struct header *h = data;
	enum CXCursorKind k = lc.getCursorKind(c);

	/* Unnamed records inside count as part of the one that has a name. */
	if (k == CXCursor_StructDecl || k == CXCursor_UnionDecl)
		return CXChildVisit_Recurse;
	if (k == CXCursor_FieldDecl)
		vec_add(&h->fields, ((struct field_decl){h->record, spelling(h->mem, c)}));
	return CXChildVisit_Continue;
}

static void add_fn(struct header *h, CXCursor c, CXType type)
{
	CXType t = lc.getCanonicalType(type);
	struct fn_decl f = {.name = spelling(h->mem, c), .narg = lc.getNumArgTypes(t)};

	if (t.kind == CXType_FunctionNoProto)
		f.narg = -1;
	f.variadic = lc.isFunctionTypeVariadic(t);
	for (int i = 0; i < f.narg && i < 32; i++) {
		CXType a = lc.getCanonicalType(lc.getArgType(t, (unsigned)i));

		f.fnptr |= (uint32_t)is_fnptr(a) << i;
		if (is_fnptr(a))
			f.type[i] = typedef_name(h->mem, lc.getArgType(type, (unsigned)i));
		if (a.kind == CXType_Pointer)
			f.table[i] = spelling(h->mem, lc.getTypeDeclaration(lc.getPointeeType(a)));
	}
	vec_add(&h->fns, f);
}

static enum CXChildVisitResult visit(CXCursor c, CXCursor parent, CXClientData data)
{
	struct header *h = data;
	CXType t0 = lc.getCursorType(c), t = lc.getCanonicalType(t0);

	switch (lc.getCursorKind(c)) {
	case CXCursor_FunctionDecl:
		add_fn(h, c, t0);
		break;
	case CXCursor_StructDecl:
	case CXCursor_UnionDecl:
		h->record = spelling(h->mem, c);
		lc.visitChildren(c, visit_field, h);
		break;
	case CXCursor_TypedefDecl: {
		CXType to = lc.getCanonicalType(lc.getTypedefDeclUnderlyingType(c));

		vec_add(&h->types, spelling(h->mem, c));
		if (is_fn(to) || is_fnptr(to))
			vec_add(&h->fn_types, spelling(h->mem, c));
		if (to.kind == CXType_Record) { /* typedef struct { ... } name */
			h->record = spelling(h->mem, c);
			lc.visitChildren(lc.getTypeDeclaration(to), visit_field, h);
		}
		break;
	}
	case CXCursor_VarDecl:
		vec_add(&h->globals, spelling(h->mem, c));
		if (is_fnptr(t)) /* an interface that is filled in at run time is called by the
				    pointer's name */
			add_fn(h, c, lc.getPointeeType(t));
		break;
	default:
		break;
	}
	return CXChildVisit_Continue;
}

static const struct fn_decl *find_fn(const struct header *h, const char *name)
{
	for (uint32_t i = h->fns.n; i-- > 0;)
		if (!strcmp(h->fns.v[i].name, name))
			return &h->fns.v[i];
	return NULL;
}

/* ---- comparisons ---- */

/* A function's type may tell of all parameters that have it. */
static bool type_says(const char *name)
{
	const struct place *pl;
	uint32_t n = models_places(models, &pl);

	for (uint32_t i = 0; i < n; i++)
		if (pl[i].kind == PLACE_TYPE && *name && str_glob(pl[i].name, name))
			return true;
	return false;
}

static bool says(const struct model *m, int param)
{
	if (param < 64 && m->silent >> param & 1)
		return true;
	for (uint32_t i = 0; i < m->ncallback; i++)
		if (m->callbacks[i].param == param)
			return true;
	return false;
}

static bool has_field(const struct header *h, const char *record, const char *pattern)
{
	for (uint32_t i = 0; i < h->fields.n; i++)
		if (str_glob(record, h->fields.v[i].record) &&
			str_glob(pattern, h->fields.v[i].name))
			return true;
	return false;
}

/* Parameter p of the model is parameter p + shift of the declaration. */
static void check_params(
	const struct header *h, const struct model *m, const struct fn_decl *f, int shift)
{
	for (uint32_t i = 0; i < m->ncallback; i++) {
		const struct callback *cb = &m->callbacks[i];
		int p = cb->param + shift;

		if (cb->param >= m->nfixed && !m->open_front)
			continue; /* behind "...": has no type */
		if (p < 0 || p >= f->narg || p >= 32)
			continue; /* said already */
		if (!cb->fields && !(f->fnptr >> p & 1))
			wrong(m->file, cb->line, "'%s': parameter '%s' is no function pointer",
				f->name, m->params[cb->param]);
		for (const char *s = cb->fields; s && *s; s += strspn(s, " ")) {
			size_t n = strcspn(s, " ");
			char *name = arena_strndup(h->mem, s, n);

			if (!f->table[p] || !has_field(h, f->table[p], name))
				wrong(m->file, cb->line, "'%s': parameter '%s' has no field '%s'",
					f->name, m->params[cb->param], name);
			s += n;
		}
	}
	for (int p = 0; p < f->narg && p < 32; p++)
		if (f->fnptr >> p & 1 && !type_says(f->type[p]) &&
			(p - shift < 0 || !says(m, p - shift)))
			wrong(m->file, m->line,
				"'%s': parameter %d is a function pointer; say where it runs, or "
				"'silent'",
				f->name, p + 1);
}

static void check_fn(const struct header *h, const struct model *m)
{
	const struct fn_decl *f = find_fn(h, m->name);

	count.functions++;
	if (!f) {
		wrong(m->file, m->line, "'%s' is not declared", m->name);
		return;
	}
	if (f->narg < 0)
		return;
	if (!m->open_front && (f->narg != m->nfixed || f->variadic != m->variadic))
		wrong(m->file, m->line, "'%s' has %d parameters%s, the model %d%s", m->name,
			f->narg, f->variadic ? " and '...'" : "", m->nfixed,
			m->variadic ? " and '...'" : "");
	else
		check_params(h, m, f, m->open_front ? f->narg - m->nparam : 0);
}

/* A pattern speaks of the functions that have no model of their own. */
static void check_pattern(const struct models *ms, const struct header *h, const struct model *m)
{
	unsigned n = 0;

	count.patterns++;
	for (uint32_t i = 0; i < h->fns.n; i++) {
		const struct fn_decl *f = &h->fns.v[i];

		if (models_find(ms, f->name) != m)
			continue;
		n++;
		if (f->narg < m->nparam)
			wrong(m->file, m->line, "'%s' has %d parameters, the pattern %d", f->name,
				f->narg, m->nparam);
		else
			check_params(h, m, f, m->open_front ? f->narg - m->nparam : 0);
	}
	if (!n)
		wrong(m->file, m->line, "'%s' matches no function that has no model of its own",
			m->name);
}

static bool among(const char *const *v, uint32_t n, const char *pattern)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_glob(pattern, v[i]))
			return true;
	return false;
}

static void check_place(const struct header *h, const struct place *pl)
{
	switch (pl->kind) {
	case PLACE_FIELD:
		count.fields++;
		if (!has_field(h, pl->record, pl->name))
			wrong(pl->file, pl->line, "no field '%s.%s'", pl->record, pl->name);
		break;
	case PLACE_TYPE:
		count.types++;
		if (!among(h->types.v, h->types.n, pl->name))
			wrong(pl->file, pl->line, "no type '%s'", pl->name);
		else if (!among(h->fn_types.v, h->fn_types.n, pl->name))
			wrong(pl->file, pl->line, "'%s' is no function type", pl->name);
		break;
	case PLACE_GLOBAL:
		count.globals++;
		if (!among(h->globals.v, h->globals.n, pl->name))
			wrong(pl->file, pl->line, "no global '%s'", pl->name);
		break;
	case PLACE_MACRO: /* asked in the source: see write_source() */
		count.macros++;
		break;
	case PLACE_NAME:
		break;
	}
}

/* ---- one group of headers ---- */

struct group {
	const char *const *headers;
	uint32_t nheader;
	const char *library, *uncheckable;
};

static void pkg_flags(const char *library, struct arena *mem, const char **argv, int *argc)
{
	char cmd[256], *flags;
	size_t n;
	FILE *p;

	for (int i = 0; i < with.nflag && *argc < 60; i++)
		argv[(*argc)++] = with.flags[i];
	for (size_t i = 0; i < COUNT(packages); i++) {
		if (strcmp(packages[i].library, library))
			continue;
		if (*packages[i].pkg == '-') {
			argv[(*argc)++] = packages[i].pkg;
			continue;
		}
		snprintf(cmd, sizeof cmd, "pkg-config --cflags %s 2>/dev/null", packages[i].pkg);
		p = popen(cmd, "r");
		if (!p)
			continue;
		flags = arena_alloc(mem, 4096);
		n = fread(flags, 1, 4095, p);
		pclose(p);
		flags[n] = '\0';
		for (char *s = strtok(flags, " \n"); s && *argc < 60; s = strtok(NULL, " \n"))
			argv[(*argc)++] = s;
	}
}

/* Includes, then a line for each constant, so that an error's line tells which: the first one's is returned. */
static int write_source(const struct group *g, struct sb *src, const struct mconst *consts, uint32_t nconst)
{
	for (uint32_t i = 0; i < g->nheader; i++)
		sb_printf(src, "#include <%s>\n", g->headers[i]);
	for (uint32_t i = 0; i < nconst; i++) {
		if (consts[i].headers == g->headers && consts[i].uncheckable == g->uncheckable) {
			sb_printf(src, "_Static_assert((long long)(%s) == %lldLL, \"\");\n", consts[i].name,
				(long long)consts[i].value);
			count.constants++;
		} else {
			sb_puts(src, "\n");
		}
	}
	return (int)g->nheader + 1;
}

static void macros(const struct group *g, const struct models *ms, struct sb *src)
{
	const struct place *pl;
	uint32_t n = models_places(ms, &pl);

	for (uint32_t i = 0; i < n; i++)
		if (pl[i].headers == g->headers && pl[i].kind == PLACE_MACRO)
			sb_printf(src, "#ifndef %s\n#error no macro %s\n#endif\n", pl[i].name,
				pl[i].name);
}

/* Errors in the source's own part are about constants; an error elsewhere means the header does not
 * parse. */
static bool diagnostics(CXTranslationUnit tu, const struct group *g, int first_const,
	const struct mconst *consts, uint32_t nconst)
{
	for (unsigned i = 0; i < lc.getNumDiagnostics(tu); i++) {
		CXDiagnostic d = lc.getDiagnostic(tu, i);
		unsigned line;
		CXFile file;
		CXString name, text;
		bool own;

		if (lc.getDiagnosticSeverity(d) < CXDiagnostic_Error) {
			lc.disposeDiagnostic(d);
			continue;
		}
		lc.getSpellingLocation(lc.getDiagnosticLocation(d), &file, &line, NULL, NULL);
		name = lc.getFileName(file);
		own = lc.getCString(name) && !strcmp(lc.getCString(name), "models.c");
		lc.disposeString(name);
		text = lc.getDiagnosticSpelling(d);
		if (own && (int)line >= first_const && line < first_const + nconst) {
			const struct mconst *c = &consts[line - (unsigned)first_const];

			wrong(c->file, c->line, "'%s': %s", c->name, lc.getCString(text));
		} else {
			printf("%s: <%s>: %s\n", g->library, g->headers[0], lc.getCString(text));
			lc.disposeString(text);
			lc.disposeDiagnostic(d);
			return false;
		}
		lc.disposeString(text);
		lc.disposeDiagnostic(d);
	}
	return true;
}

static unsigned in_group(const struct group *g, const struct models *ms)
{
	const struct model **all;
	const struct place *pl;
	const struct mconst *consts;
	uint32_t n = models_all(ms, &all), npl = models_places(ms, &pl),
		 nc = models_consts(ms, &consts);
	unsigned sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += all[i]->headers == g->headers && all[i]->uncheckable == g->uncheckable;
	for (uint32_t i = 0; i < npl; i++)
		sum += pl[i].headers == g->headers && pl[i].uncheckable == g->uncheckable;
	for (uint32_t i = 0; i < nc; i++)
		sum += consts[i].headers == g->headers && consts[i].uncheckable == g->uncheckable;
	return sum;
}

/* With -v: callbacks of these headers' own functions that no model knows. */
static void left_out(const struct models *ms, const struct header *h, const struct group *g)
{
	for (uint32_t i = 0; i < h->fns.n; i++) {
		const struct fn_decl *f = &h->fns.v[i];
		bool known = true;

		for (int p = 0; p < f->narg && p < 32; p++)
			known &= !(f->fnptr >> p & 1) || type_says(f->type[p]);
		if (known || models_find(ms, f->name))
			continue;
		count.left_out++;
		printf("left out: %s: %s\n", g->library, f->name);
	}
}

static void check_group(CXIndex index, const struct models *ms, const struct group *g)
{
	struct header h = {.mem = arena_new()};
	const char *argv[64] = {"-xc", "-std=gnu17", "-D_GNU_SOURCE", "-w", "-ferror-limit=0"};
	int argc = 5, first_const = 0;
	const struct model **all;
	const struct place *pl;
	const struct mconst *consts;
	uint32_t n = models_all(ms, &all), npl = models_places(ms, &pl),
		 nconst = models_consts(ms, &consts);
	struct sb src = {0};
	struct CXUnsavedFile file = {.Filename = "models.c"};
	CXTranslationUnit tu = NULL;
	const char *why = with.library ? NULL : g->uncheckable;

	if (!why) {
		pkg_flags(g->library, h.mem, argv, &argc);
		first_const = write_source(g, &src, consts, nconst);
		macros(g, ms, &src);
		file.Contents = src.s;
		file.Length = src.n;
		tu = lc.parseTranslationUnit(index, "models.c", argv, argc, &file, 1,
			CXTranslationUnit_SkipFunctionBodies);
		if (!tu || !diagnostics(tu, g, first_const, consts, nconst))
			why = "the header is missing here, or does not parse";
	}
	if (why) {
		unsigned some = in_group(g, ms);

		if (some)
			printf("not checked: %3u of %s (%s): %s\n", some, g->library,
				g->nheader ? g->headers[0] : "", why);
		count.uncheckable += some;
	} else {
		lc.visitChildren(lc.getTranslationUnitCursor(tu), visit, &h);
		for (uint32_t i = 0; i < n; i++)
			if (all[i]->headers == g->headers &&
				all[i]->uncheckable == g->uncheckable) {
				if (strpbrk(all[i]->name, "*?"))
					check_pattern(ms, &h, all[i]);
				else
					check_fn(&h, all[i]);
			}
		for (uint32_t i = 0; i < npl; i++)
			if (pl[i].headers == g->headers && pl[i].uncheckable == g->uncheckable)
				check_place(&h, &pl[i]);
		if (count.verbose)
			left_out(ms, &h, g);
	}
	if (tu)
		lc.disposeTranslationUnit(tu);
	vec_free(&h.fns);
	vec_free(&h.fields);
	vec_free(&h.types);
	vec_free(&h.fn_types);
	vec_free(&h.globals);
	sb_free(&src);
	arena_free(h.mem);
}

static bool load_libclang(void)
{
	static const char *const names[] = {
		TVT_LIBCLANG_DIR "/lib/libclang-19.so.1", "libclang-19.so.1"};
	void *lib = NULL;

	for (size_t i = 0; i < COUNT(names) && !lib; i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
#define F(name)                                                                                    \
	*(void **)&lc.name = dlsym(lib, "clang_" #name);                                           \
	if (!lc.name)                                                                              \
		return false;
	CLANG_FNS(F)
#undef F
	return true;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "rules/models";
	struct models *ms;
	const struct model **all;
	const struct place *pl;
	const struct mconst *consts;
	VEC(struct group) groups = {0};
	uint32_t n, npl, nc;
	CXIndex index;

	for (int i = 2; i < argc && !with.library; i++) {
		if (!strcmp(argv[i], "-v"))
			count.verbose = true;
		if (!strcmp(argv[i], "--with") && i + 1 < argc) {
			with.library = argv[i + 1];
			with.flags = argv + i + 2;
			with.nflag = argc - i - 2;
		}
	}
	if (!load_libclang()) {
		printf("libclang 19 is not here\n");
		return 77;
	}
	models = ms = models_load(&dir, 1);
	if (!ms || models_check(ms) < 0)
		return 1;
	n = models_all(ms, &all);
	npl = models_places(ms, &pl);
	nc = models_consts(ms, &consts);
	/* Everything under one run of 'header' lines shares the array of their names. */
#define GROUP(thing, lib)                                                                          \
	do {                                                                                       \
		uint32_t k = 0;                                                                    \
		while (k < groups.n && (groups.v[k].headers != (thing).headers ||                  \
					       groups.v[k].uncheckable != (thing).uncheckable))    \
			k++;                                                                       \
		if (k == groups.n)                                                                 \
			vec_add(&groups, ((struct group){(thing).headers, (thing).nheader, lib,    \
						 (thing).uncheckable}));                           \
	} while (0)
	for (uint32_t i = 0; i < n; i++)
		GROUP(*all[i], all[i]->library);
	for (uint32_t i = 0; i < npl; i++)
		GROUP(pl[i], pl[i].library);
	for (uint32_t i = 0; i < nc; i++)
		GROUP(consts[i], consts[i].library);
#undef GROUP
	index = lc.createIndex(0, 0);
	for (uint32_t i = 0; i < groups.n; i++)
		if (!with.library || !strcmp(with.library, groups.v[i].library))
			check_group(index, ms, &groups.v[i]);
	lc.disposeIndex(index);
	vec_free(&groups);
	models_free(ms);
	printf("checked: %u functions, %u patterns, %u constants, %u fields, %u types, %u globals, "
	       "%u macros\n",
		count.functions, count.patterns, count.constants, count.fields, count.types,
		count.globals, count.macros);
	printf("not checked: %u (reasons above)\n", count.uncheckable);
	if (count.verbose)
		printf("left out: %u\n", count.left_out);
	printf("errors: %u\n", count.errors);
	return count.errors != 0;
}
