/* pch.c - units on top of precompiled headers.
 *
 * The result must be that of a plain parse, to the byte, or there is none: so what lowering sees of the headers
 * while it goes through a unit from top to bottom (which of them declare something that other units see too,
 * in which order) is noted when they are precompiled, and told again for each unit. Headers that define such
 * things are not precompiled at all. A unit with an error, or one that asks for what is not known here, is
 * parsed plainly.
 *
 * A worker writes no files. What libclang opens, writes and renames below DIR is a memory file: see reads.c.
 */
#include "front/lower_int.h"
#include "front/plan.h"
#include "front/worker.h"

#include <sys/resource.h>
#include <unistd.h>

#define DIR READS_PCH_DIR

struct made {
	bool tried, good;
	char *path;   /* of the source that does not exist, where the units are */
	char *pch;    /* name of the result */
	char *text;
	struct sb reads;
	VEC(struct seen_src) seen;
};
static struct made *made; /* per shared */

/* ---- precompiling ---- */

struct look {
	struct made *m;
	bool bad;
};

/* What on_top() in lower.c would do at this declaration of a header. */
static enum CXChildVisitResult on_header(CXCursor c, CXCursor parent, CXClientData data)
{
	struct look *look = data;
	bool is_fn = c.kind == CXCursor_FunctionDecl && lc.isCursorDefinition(c), is_new = true;
	CXSourceLocation at = lc.getCursorLocation(c);
	CXFile file = NULL;
	CXString name;

	if (c.kind != CXCursor_VarDecl && !is_fn)
		return CXChildVisit_Continue;
	if (lc.getCursorLinkage(c) != CXLinkage_External)
		return CXChildVisit_Continue;
	lc.getExpansionLocation(at, &file, NULL, NULL, NULL);
	if (!file)
		return CXChildVisit_Continue;
	bool system = lc.Location_isInSystemHeader(at);
	name = lc.getFileName(file);
	for (uint32_t i = look->m->seen.n; i-- > 0 && is_new;)
		is_new = strcmp(look->m->seen.v[i].name, lc.getCString(name)) != 0;
	if (is_new)
		vec_add(&look->m->seen, ((struct seen_src){xstrdup(lc.getCString(name)), system}));
	lc.disposeString(name);
	if (system)
		return CXChildVisit_Continue;
	if (is_fn)
		look->bad |= !(lc.Cursor_isFunctionInlined(c) && lc.Cursor_getStorageClass(c) == CX_SC_Extern);
	else
		look->bad |= lc.Cursor_getStorageClass(c) != CX_SC_Extern || lower_has_init(c);
	return look->bad ? CXChildVisit_Break : CXChildVisit_Continue;
}

static bool has_error(CXTranslationUnit tu)
{
	unsigned n = lc.getNumDiagnostics(tu);
	bool bad = false;

	for (unsigned i = 0; i < n && !bad; i++) {
		CXDiagnostic d = lc.getDiagnostic(tu, i);

		bad = lc.getDiagnosticSeverity(d) >= CXDiagnostic_Error;
		lc.disposeDiagnostic(d);
	}
	return bad;
}

static uint32_t texts_of(const struct plan *p, uint32_t s, struct CXUnsavedFile *texts)
{
	uint32_t n = 0;

	for (; s != NONE; s = p->shared[s].parent)
		texts[n++] = (struct CXUnsavedFile){made[s].path, made[s].text, strlen(made[s].text)};
	return n;
}

/* Precompiled, a file has its name in full, without "." in it. */
static bool named_otherwise(const struct sb *reads)
{
	uint64_t at = 0;
	struct read r;

	while (reads->s && reads_next(reads->s, reads->n, &at, &r))
		if ((r.hash.lo | r.hash.hi) && (strstr(r.path, "/./") || strstr(r.path, "//")))
			return true;
	return false;
}

static bool precompile(const struct plan *p, const struct compdb *db, uint32_t s)
{
	const struct shared *sh = &p->shared[s];
	const struct tu_cmd *cmd = &db->tus[sh->unit];
	struct made *m = &made[s];
	struct CXUnsavedFile texts[16];
	struct look look = {m, false};
	struct arena *mem = arena_new();
	CXIndex index = lc.createIndex(1, 0);
	CXTranslationUnit tu = NULL;
	uint32_t argc;
	const char **argv = lower_arguments(cmd, sh->parent == NONE ? NULL : made[sh->parent].pch, mem, &argc);
	bool good = false;

	m->path = xstrdup(arena_printf(mem, "%s/" READS_PCH_SOURCE "%u.h", path_dir(mem, cmd->file), s));
	m->pch = xstrdup(arena_printf(mem, DIR "%u", s));
	m->text = xstrdup(sh->text);
	argv[0] = "-xc-header";
	if (chdir(cmd->dir) < 0)
		goto out;
	reads_begin();
	if (lc.parseTranslationUnit2(index, m->path, argv, (int)argc, texts, texts_of(p, s, texts),
		    CXTranslationUnit_Incomplete | CXTranslationUnit_ForSerialization, &tu) == CXError_Success &&
		!has_error(tu)) {
		lc.visitChildren(lc.getTranslationUnitCursor(tu), on_header, &look);
		if (!look.bad) {
			child_limit(RLIMIT_FSIZE, UINT64_MAX);
			good = lc.saveTranslationUnit(tu, m->pch, CXSaveTranslationUnit_None) == CXSaveError_None;
			child_limit(RLIMIT_FSIZE, 0);
		}
	}
	good = reads_end(cmd->dir, &m->reads) && good && !named_otherwise(&m->reads);
out:
	if (tu)
		lc.disposeTranslationUnit(tu);
	lc.disposeIndex(index);
	arena_free(mem);
	return good;
}

static bool ready(const struct plan *p, const struct compdb *db, uint32_t s)
{
	struct made *m = &made[s];

	if (m->tried)
		return m->good;
	m->tried = true;
	if (p->shared[s].parent != NONE && !ready(p, db, p->shared[s].parent))
		return false;
	return m->good = precompile(p, db, s);
}

/* ---- a unit ---- */

/* The file's text without the first lines that include something; every other byte in its place. */
static char *without_lines(const char *file, uint32_t nlines, size_t *size)
{
	size_t at = 0, begin, end;
	char *text;

	if (fs_read_quiet(file, &text, size) < 0)
		return NULL;
	while (nlines && plan_include(text, *size, &at, &begin, &end)) {
		memset(text + begin, ' ', end - begin);
		nlines--;
	}
	if (!nlines)
		return text;
	free(text);
	return NULL;
}

bool pch_parse(const struct plan *p, const struct compdb *db, uint32_t unit, struct lower_result *out)
{
	uint32_t s = p->of[unit], n, chain[16], nchain = 0;
	const struct tu_cmd *cmd = &db->tus[unit];
	struct CXUnsavedFile texts[17];
	struct lower_pch use = {0};
	VEC(struct seen_src) seen = {0};
	bool good = false;
	size_t size;
	char *text;

	if (!made)
		made = xcalloc(p->nshared + 1, sizeof *made);
	/* what cannot be precompiled may do without its last part */
	while (s != NONE && !ready(p, db, s))
		s = p->shared[s].parent;
	if (s == NONE)
		return false;
	reads_begin();
	text = without_lines(cmd->file, p->shared[s].nlines, &size);
	if (!text)
		return false;
	n = texts_of(p, s, texts);
	texts[n++] = (struct CXUnsavedFile){cmd->file, text, size};
	for (uint32_t k = s; k != NONE; k = p->shared[k].parent)
		chain[nchain++] = k;
	while (nchain-- > 0) {
		const struct made *m = &made[chain[nchain]];

		for (uint32_t i = 0; i < m->seen.n; i++)
			vec_add(&seen, m->seen.v[i]);
		reads_add(m->reads.s, m->reads.n);
	}
	use = (struct lower_pch){made[s].pch, seen.v, seen.n};
	good = lower_on_pch(cmd, &use, texts, n, out) == 0 && !out->nerror;
	if (!good)
		lower_result_free(out);
	vec_free(&seen);
	free(text);
	return good;
}
