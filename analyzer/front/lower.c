/* lower.c - one translation unit from its command to its IR.
 *
 * What is lowered: every definition in the main file, in order; those of other files that other
 * units see too (not of system headers, whose inline functions stand for the library's); and then
 * whatever these reach that only this unit can see, static functions of headers above all.
 */
#include "front/args.h"
#include "front/lower_int.h"

#include <errno.h>
#include <unistd.h>

/* ---- the top level ---- */

static enum CXChildVisitResult on_top(CXCursor c, CXCursor parent, CXClientData data)
{
	struct lower *l = data;
	struct src *src;

	if (c.kind != CXCursor_VarDecl &&
		!(c.kind == CXCursor_FunctionDecl && lc.isCursorDefinition(c)))
		return CXChildVisit_Continue;
	src = place_expansion(l, lc.getCursorLocation(c)).src;
	if (src != l->main) {
		if (!src || lc.getCursorLinkage(c) != CXLinkage_External)
			return CXChildVisit_Continue;
		src_file_id(l, src);
		if (src->system)
			return CXChildVisit_Continue;
		/* gnu_inline: the definition that counts is elsewhere */
		if (c.kind == CXCursor_FunctionDecl && lc.Cursor_isFunctionInlined(c) &&
			lc.Cursor_getStorageClass(c) == CX_SC_Extern)
			return CXChildVisit_Continue;
	}
	if (c.kind == CXCursor_VarDecl)
		global_root(l, c);
	else
		fn_root(l, c);
	return CXChildVisit_Continue;
}

static void lower_init_fn(struct lower *l)
{
	struct ir *ir = l->ir;
	struct fn f = {.type = NONE, .loc = NONE, .flags = FN_STATIC | FN_INIT};

	if (!l->init->ops.n)
		return;
	f.name = ir_str(ir, "(init)");
	f.key = ir_str(ir, arena_printf(l->mem, "(init)@%s", src_path(l, l->main)));
	l->b = l->init;
	l->init->fn = ir_add_fns(ir, f);
	builder_finish(l, l->init);
}

/* What on_top() would have seen in the headers that are precompiled. */
static void replay(struct lower *l)
{
	for (uint32_t i = 0; l->pch && i < l->pch->nseen; i++) {
		struct src *src = src_of(l, lc.getFile(l->tu, l->pch->seen[i].name));

		if (!src) {
			l->gave_up = true;
			return;
		}
		if (!src->asked) {
			src->asked = true;
			src->system = l->pch->seen[i].system;
		}
		src_file_id(l, src);
	}
}

static void lower_unit(struct lower *l)
{
	builder_begin(l, l->init, NONE);
	replay(l);
	lc.visitChildren(lc.getTranslationUnitCursor(l->tu), on_top, l);
	for (uint32_t i = 0; i < l->queue.n; i++) {
		uint32_t id = l->queue.v[i] >> 1;

		if (l->queue.v[i] & 1)
			lower_global(l, id);
		else
			lower_fn(l, id);
	}
	lower_init_fn(l);
	record_fill_queued(l);
	type_sizes(l);
	annot_remarks(l);
	for (uint32_t i = 0; i < l->ir->nfns; i++)
		if (l->ir->fns[i].nblock)
			l->ir->fns[i].hash = ir_hash_fn(l->ir, i);
}

/* ---- diagnostics ---- */

static char *describe(struct lower *l, CXDiagnostic d)
{
	CXString text = lc.getDiagnosticSpelling(d);
	struct sb out = {0};

	describe_place(l, lc.getDiagnosticLocation(d), &out);
	sb_puts(&out, lc.getCString(text));
	lc.disposeString(text);
	return out.s;
}

static void read_errors(struct lower *l, struct lower_result *out)
{
	unsigned n = lc.getNumDiagnostics(l->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = lc.getDiagnostic(l->tu, i);
		struct place p;

		if (lc.getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			p = place_expansion(l, lc.getDiagnosticLocation(d));
			if (p.src && p.src == l->main)
				vec_add(&l->errors, p.off);
			if (!l->nerror++)
				out->first_error = describe(l, d);
		}
		lc.disposeDiagnostic(d);
	}
	out->nerror = l->nerror;
}

/* ---- parsing ---- */

static int failed(struct lower_result *out, const char *fmt, const char *a, const char *b)
{
	struct sb s = {0};

	sb_printf(&s, fmt, a, b);
	out->state = UNIT_FAILED;
	out->first_error = s.s;
	return -1;
}

/* The unit's own arguments, and ours, which have the last word. Compilers before 2024 took for
 * warnings what clang calls errors since C99: implicit int and the like. */
/* Headers are then named in full, as they are in a precompiled header: a nameless struct's spelling has that name.
 * Of the path only "." and "//" may go; ".." behind a link means something. */
static const char *absolute(const struct tu_cmd *cmd, const char *arg, struct arena *mem)
{
	const char *path = args_path(arg), *p = path;
	struct sb b = {0};

	if (!path || !*path || *path == '=')
		return arg;
	sb_putn(&b, arg, (size_t)(path - arg));
	if (*path != '/')
		sb_puts(&b, cmd->dir);
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n && !(n == 1 && *p == '.')) {
			sb_putc(&b, '/');
			sb_putn(&b, p, n);
		}
		p += n + (p[n] == '/');
	}
	if (!strcmp(path, "/"))
		sb_putc(&b, '/');
	arg = arena_strdup(mem, b.s);
	sb_free(&b);
	return arg;
}

const char **lower_arguments(const struct tu_cmd *cmd, const char *pch, struct arena *mem, uint32_t *n)
{
	const char *const ours[] = {"-resource-dir", lc.resource_dir, "-w", "-ferror-limit=1000",
		"-fno-openmp", "-Wno-implicit-function-declaration", "-Wno-implicit-int",
		"-Wno-int-conversion", "-Wno-incompatible-function-pointer-types",
		"-Wno-incompatible-pointer-types", "-include-pch", pch};
	uint32_t nours = COUNT(ours) - (pch ? 0 : 2);
	const char **argv = arena_alloc(mem, (cmd->argc + COUNT(ours)) * sizeof *argv);

	*n = cmd->argc + nours;
	for (uint32_t i = 0; i < cmd->argc; i++)
		argv[i] = absolute(cmd, cmd->argv[i], mem);
	memcpy(argv + cmd->argc, ours, nours * sizeof *ours);
	return argv;
}

enum { PARSE_FLAGS = CXTranslationUnit_KeepGoing | CXTranslationUnit_IgnoreNonErrorsFromIncludedFiles };

static int go_to_dir(struct lower *l, struct lower_result *out)
{
	if (chdir(l->cmd->dir) < 0)
		return failed(out, "cannot enter '%s': %s", l->cmd->dir, strerror(errno));
	return 0;
}

static int parse(struct lower *l, CXIndex index, struct CXUnsavedFile *texts, uint32_t ntext, unsigned flags,
	struct lower_result *out)
{
	static const char *const words[] = {"", "libclang failed", "libclang crashed",
		"libclang was given invalid arguments", "libclang cannot read its tree"};
	enum CXErrorCode rc;
	uint32_t argc;
	const char **argv = lower_arguments(l->cmd, l->pch ? l->pch->path : NULL, l->mem, &argc);

	rc = lc.parseTranslationUnit2(index, l->cmd->file, argv, (int)argc, texts, ntext, flags, &l->tu);
	if (rc != CXError_Success)
		return failed(out, "%s at '%s'", (size_t)rc < COUNT(words) ? words[rc] : words[1],
			l->cmd->file);
	return 0;
}

static void lower_free(struct lower *l)
{
	loc_free(l);
	type_free(l);
	decl_free(l);
	builder_free(l->init);
	builder_free(l->body_builder);
	vec_free(&l->errors);
	vec_free(&l->node);
	vec_free(&l->steps);
	arena_free(l->mem);
}

/* From the tree in l->tu. */
static int lower_parsed(struct lower *l, struct lower_result *out)
{
	src_main(l, lc.getFile(l->tu, l->cmd->file));
	if (!l->main)
		return failed(out, "libclang did not read '%s'%s", l->cmd->file, "");
	read_errors(l, out);
	lower_unit(l);
	out->state = out->nerror ? UNIT_ERRORS : UNIT_OK;
	out->ir = l->ir;
	return 0;
}

static int begin(struct lower *l, struct lower_result *out)
{
	*out = (struct lower_result){.state = UNIT_FAILED};
	if (clang_load(NULL) < 0)
		return failed(out, "libclang cannot be loaded%s%s", "", "");
	l->ir = ir_new();
	l->mem = arena_new();
	l->type_int = type_number(l, "int", 4);
	l->type_bool = type_number(l, "_Bool", 1);
	return 0;
}

static void end(struct lower *l, struct lower_result *out)
{
	if (!out->ir)
		ir_free(l->ir);
	lower_free(l);
}

int lower_parse(const struct tu_cmd *cmd, struct lower_result *out)
{
	struct builder init = {0}, body = {0};
	struct lower l = {.cmd = cmd, .init = &init, .body_builder = &body};
	CXIndex index;
	double t0 = clock_cpu(), t1;
	int rc;

	if (begin(&l, out) < 0)
		return -1;
	index = lc.createIndex(0, 0);
	rc = go_to_dir(&l, out);
	if (!rc && !fs_is_file(cmd->file))
		rc = failed(out, "'%s' is not a file%s", cmd->file, "");
	if (!rc)
		rc = parse(&l, index, NULL, 0, PARSE_FLAGS, out);
	t1 = clock_cpu();
	out->parse_cpu = t1 - t0;
	if (!rc)
		rc = lower_parsed(&l, out);
	end(&l, out);
	out->lower_cpu = clock_cpu() - t1;
	if (l.tu)
		lc.disposeTranslationUnit(l.tu);
	lc.disposeIndex(index);
	return rc;
}

int lower_on_pch(const struct tu_cmd *cmd, const struct lower_pch *pch, struct CXUnsavedFile *texts, uint32_t ntext,
	struct lower_result *out)
{
	struct builder init = {0}, body = {0};
	struct lower l = {.cmd = cmd, .init = &init, .body_builder = &body, .pch = pch};
	CXIndex index;
	int rc;

	if (begin(&l, out) < 0)
		return -1;
	index = lc.createIndex(1, 0); /* what is precompiled is not visited */
	rc = go_to_dir(&l, out);
	if (!rc)
		rc = parse(&l, index, texts, ntext, PARSE_FLAGS, out);
	if (!rc)
		rc = lower_parsed(&l, out);
	end(&l, out);
	if (l.tu)
		lc.disposeTranslationUnit(l.tu);
	lc.disposeIndex(index);
	return l.gave_up ? -1 : rc;
}

struct lower_kept {
	CXIndex index;
	CXTranslationUnit tu; /* NULL: to be parsed from scratch */
};

static struct lower_kept *kept_new(void)
{
	/* a worker writes no files: not for this either */
	CXIndexOptions o = {.Size = sizeof o, .StorePreamblesInMemory = 1};
	struct lower_kept *k = xcalloc(1, sizeof *k);

	k->index = lc.createIndexWithOptions(&o);
	if (!k->index)
		k->index = lc.createIndex(0, 0);
	return k;
}

int lower_again(const struct tu_cmd *cmd, struct lower_kept **kept, const struct buffer *bufs, uint32_t nbuf,
	struct lower_result *out)
{
	struct builder init = {0}, body = {0};
	struct lower l = {.cmd = cmd, .init = &init, .body_builder = &body};
	struct CXUnsavedFile *texts;
	double t0 = clock_cpu(), t1;
	int rc;

	if (begin(&l, out) < 0)
		return -1;
	if (!*kept)
		*kept = kept_new();
	texts = arena_alloc(l.mem, (nbuf + 1) * sizeof *texts);
	for (uint32_t i = 0; i < nbuf; i++)
		texts[i] = (struct CXUnsavedFile){bufs[i].path, bufs[i].text, bufs[i].size};
	rc = go_to_dir(&l, out);
	if (!rc && (*kept)->tu && lc.reparseTranslationUnit((*kept)->tu, nbuf, texts, 0)) {
		/* the tree is of no use any more but to be freed */
		lc.disposeTranslationUnit((*kept)->tu);
		(*kept)->tu = NULL;
	}
	l.tu = (*kept)->tu;
	if (!rc && !l.tu)
		rc = parse(&l, (*kept)->index, texts, nbuf,
			PARSE_FLAGS | CXTranslationUnit_PrecompiledPreamble |
				CXTranslationUnit_CreatePreambleOnFirstParse,
			out);
	(*kept)->tu = l.tu;
	t1 = clock_cpu();
	out->parse_cpu = t1 - t0;
	if (!rc)
		rc = lower_parsed(&l, out);
	end(&l, out);
	out->lower_cpu = clock_cpu() - t1;
	return rc;
}

void lower_result_free(struct lower_result *r)
{
	ir_free(r->ir);
	free(r->first_error);
	*r = (struct lower_result){0};
}
