/* lower_decl.c - functions, globals and enumerators: one id each, however often they are declared.
 *
 * Asking for an id is what makes a declaration part of the unit. If it has a definition outside of
 * the main file that only this unit sees (a static function of a header, a static table), that is
 * queued to be lowered too.
 */
#include "front/lower_int.h"

uint32_t decl_key(struct lower *l, CXCursor c, bool internal)
{
	CXString usr = lc.getCursorUSR(c);
	const char *s = lc.getCString(usr);
	struct src *src;
	uint32_t key;

	s = s ? s : "";
	src = internal || !*s ? place_expansion(l, lc.getCursorLocation(c)).src : NULL;
	if (src) /* libclang's USR of a static has the file's base name only */
		s = arena_printf(l->mem, "%s@%s", s, src_path(l, src));
	key = ir_str(l->ir, s);
	lc.disposeString(usr);
	return key;
}

static uint32_t decl_name(struct lower *l, CXCursor c)
{
	CXString s = lc.getCursorSpelling(c);
	const char *text = lc.getCString(s);
	uint32_t id = text ? ir_str(l->ir, text) : 0;

	lc.disposeString(s);
	return id;
}

static struct src *cursor_src(struct lower *l, CXCursor c)
{
	return place_expansion(l, lc.getCursorLocation(c)).src;
}

static void enqueue(struct lower *l, uint32_t id, bool is_global)
{
	vec_add(&l->queue, id << 1 | is_global);
}

/* ---- functions ---- */

/* The same function under other attributes that only its first declaration shows. */
static void fn_annot(struct lower *l, CXCursor decl, struct fn *f)
{
	CXCursor first = lc.getCanonicalCursor(decl);
	struct annot a = annot_read(l, decl);

	annot_macros(l, decl, &a);
	if (first.data[0] != decl.data[0])
		annot_macros(l, first, &a);
	f->attr = a.attr;
	f->nattr = a.nattr;
	f->flags |= a.fn_flags;
}

/* int f(a, b) char *b; { }: clang makes a prototype of it, which it is not. A parameter that is not
 * an int is declared behind the parentheses. */
static bool is_knr(struct lower *l, CXCursor def)
{
	struct place name = place_expansion(l, lc.getCursorLocation(def)), param;
	uint32_t close = name.off;
	int depth = 0, n = lc.Cursor_getNumArguments(def);

	if (n <= 0 || name.src != l->main)
		return false;
	for (; close < l->main->size; close++) {
		depth += l->main->text[close] == '(';
		depth -= l->main->text[close] == ')';
		if (l->main->text[close] == ')' && depth <= 0)
			break;
	}
	for (int i = 0; i < n; i++) {
		param = place_expansion(
			l, lc.getCursorLocation(lc.Cursor_getArgument(def, (unsigned)i)));
		if (param.src == l->main && param.off > close)
			return true;
	}
	return false;
}

static uint32_t make_fn(struct lower *l, CXCursor c)
{
	CXCursor def = lc.getCursorDefinition(c);
	bool defined = def.kind == CXCursor_FunctionDecl;
	CXCursor decl = defined ? def : c;
	bool internal = lc.getCursorLinkage(decl) == CXLinkage_Internal;
	struct fn_info info = {.def = decl, .defined = defined};
	struct fn f = {.loc = NONE, .type = NONE};
	const char *name;
	uint32_t known;
	CXType t;

	f.name = decl_name(l, decl);
	name = ir_text_of(l->ir, f.name);
	if (library_name(name) != name) {
		f.name = ir_str(l->ir, library_name(name));
		f.key = ir_str(l->ir, arena_printf(l->mem, "c:@F@%s", ir_text_of(l->ir, f.name)));
	} else {
		f.key = decl_key(l, decl, internal);
	}
	known = *map_slot(&l->fn_keys, f.key, l->ir->nfns);
	if (known != l->ir->nfns)
		return known;

	t = lc.getCursorType(decl);
	f.type = type_of(l, t);
	if (type_at(l, f.type)->kind != TYPE_FN)
		f.type = NONE;
	f.flags = (internal ? FN_STATIC : 0) | (type_is_noreturn(l, t) ? FN_NORETURN : 0) |
		  (type_at(l, f.type)->flags & TYPEF_VARIADIC ? FN_VARIADIC : 0) |
		  (lc.getCanonicalType(t).kind == CXType_FunctionNoProto ? FN_KNR : 0);
	f.nparam = type_at(l, f.type)->nparam;
	f.loc = cursor_loc(l, decl);
	fn_annot(l, decl, &f);
	if (defined) {
		int n = lc.Cursor_getNumArguments(decl);

		f.nparam = n < 0 ? 0 : (uint32_t)n;
		if (lc.Cursor_isFunctionInlined(decl))
			f.flags |= FN_INLINE;
		if (is_knr(l, decl))
			f.flags |= FN_KNR;
		if (cursor_src(l, decl) != l->main)
			f.flags |= FN_HEADER;
	}
	vec_add(&l->fns, info);
	return ir_add_fns(l->ir, f);
}

uint32_t fn_of(struct lower *l, CXCursor fn)
{
	uint32_t id = map_get(&l->fn_ids, (uintptr_t)fn.data[0]);
	struct fn_info *info;

	if (id != NONE)
		return id;
	id = make_fn(l, fn);
	map_put(&l->fn_ids, (uintptr_t)fn.data[0], id);
	info = &l->fns.v[id];
	if (info->defined && (l->ir->fns[id].flags & FN_STATIC) && !info->queued) {
		info->queued = true;
		enqueue(l, id, false);
	}
	return id;
}

void fn_root(struct lower *l, CXCursor def)
{
	uint32_t id = fn_of(l, def);

	if (l->fns.v[id].queued)
		return;
	l->fns.v[id].queued = true;
	enqueue(l, id, false);
}

static enum CXChildVisitResult on_top(CXCursor c, CXCursor parent, CXClientData data)
{
	struct lower *l = data;

	if (c.kind == CXCursor_FunctionDecl) {
		CXString s = lc.getCursorSpelling(c);

		map_put(&l->top_names, hash_str(lc.getCString(s)), l->top.n);
		vec_add(&l->top, c);
		lc.disposeString(s);
	}
	return CXChildVisit_Continue;
}

uint32_t fn_named(struct lower *l, const char *name)
{
	uint32_t i;

	l->gave_up |= l->pch != NULL; /* a visit would read all of it */
	if (!l->top.n)
		lc.visitChildren(lc.getTranslationUnitCursor(l->tu), on_top, l);
	i = map_get(&l->top_names, hash_str(name));
	return i == NONE ? NONE : fn_of(l, l->top.v[i]);
}

/* ---- globals ---- */

bool lower_has_init(CXCursor var)
{
	CXCursor init = lc.Cursor_getVarDeclInitializer(var);

	return init.kind >= CXCursor_FirstExpr && init.kind <= CXCursor_LastExpr;
}

static void initialise(struct lower *l, uint32_t id, CXCursor var)
{
	if (l->globals.v[id].kind == CXCursor_VarDecl)
		return;
	l->globals.v[id] = var;
	enqueue(l, id, true);
}

static uint32_t make_global(struct lower *l, CXCursor var)
{
	CXCursor def = lc.getCursorDefinition(var);
	CXCursor decl = def.kind == CXCursor_VarDecl ? def : var;
	bool external = lc.getCursorLinkage(decl) == CXLinkage_External;
	struct global g = {.fn = NONE};
	struct annot a;
	uint32_t id, known;
	uint8_t tf;

	g.key = decl_key(l, decl, !external);
	known = *map_slot(&l->global_keys, g.key, l->ir->nglobals);
	if (known != l->ir->nglobals)
		return known;
	g.name = decl_name(l, decl);
	g.type = type_of(l, lc.getCursorType(decl));
	type_fill(l, g.type);
	g.loc = cursor_loc(l, decl);
	tf = type_at(l, g.type)->flags;
	g.flags = (external ? 0 : GLOBAL_STATIC) | (tf & TYPEF_CONST ? GLOBAL_CONST : 0) |
		  (tf & TYPEF_VOLATILE ? GLOBAL_VOLATILE : 0) |
		  (tf & TYPEF_ATOMIC ? GLOBAL_ATOMIC : 0) |
		  (lc.getCursorTLSKind(decl) != CXTLS_None ? GLOBAL_TLS : 0) |
		  (lc.Cursor_getStorageClass(decl) != CX_SC_Extern || def.kind == CXCursor_VarDecl
				  ? GLOBAL_DEFINED
				  : 0);
	if (lc.getCursorLinkage(decl) == CXLinkage_NoLinkage && l->body) {
		g.flags |= GLOBAL_LOCAL;
		g.fn = l->body->fn;
	}
	a = annot_read(l, decl);
	g.attr = a.attr;
	g.nattr = a.nattr;
	id = ir_add_globals(l->ir, g);
	vec_add(&l->globals, ((CXCursor){.kind = CXCursor_InvalidFile}));
	if (!external && !(g.flags & GLOBAL_LOCAL) && lower_has_init(decl) &&
		cursor_src(l, decl) != l->main)
		initialise(l, id, decl);
	return id;
}

uint32_t global_of(struct lower *l, CXCursor var)
{
	uint32_t *slot = map_slot(&l->global_ids, (uintptr_t)var.data[0], NONE - 1);
	uint32_t id = *slot;

	if (id != NONE - 1)
		return id;
	id = make_global(l, var);
	map_put(&l->global_ids, (uintptr_t)var.data[0], id);
	return id;
}

void global_root(struct lower *l, CXCursor var)
{
	bool is_extern = lc.Cursor_getStorageClass(var) == CX_SC_Extern, init = lower_has_init(var);
	struct global *g;
	uint32_t id, type;

	if (is_extern && !init)
		return;
	id = global_of(l, var);
	type = type_of(l, lc.getCursorType(var));
	g = &l->ir->globals[id];
	g->flags |= GLOBAL_DEFINED;
	if (!type_at(l, g->type)->size)
		g->type = type; /* extern int a[]; int a[8]; */
	type_fill(l, type);
	if (init)
		initialise(l, id, var);
}

/* The key is where it is, as the same header's literal is one in all units. */
static uint32_t literal_key(struct lower *l, uint32_t loc)
{
	const struct loc *at = loc == NONE ? NULL : &l->ir->locs[loc];
	const char *key;
	uint32_t id;

	if (!at || at->file == NONE)
		key = "(literal)";
	else
		key = arena_printf(l->mem, "(literal)%u:%u@%s", at->line, at->col,
			ir_text_of(l->ir, l->ir->files[at->file].path));
	while (map_get(&l->global_keys, id = ir_str(l->ir, key)) != NONE)
		key = arena_printf(l->mem, "%s'", key);
	map_put(&l->global_keys, id, l->ir->nglobals);
	return id;
}

uint32_t global_literal(struct lower *l, uint32_t type, uint32_t loc)
{
	struct global g = {
		.type = type, .loc = loc, .fn = NONE, .flags = GLOBAL_DEFINED | GLOBAL_STATIC};

	g.key = literal_key(l, loc);
	g.name = ir_str(l->ir, "(literal)");
	if (l->body) {
		g.flags |= GLOBAL_LOCAL;
		g.fn = l->body->fn;
	}
	type_fill(l, type);
	vec_add(&l->globals, ((CXCursor){.kind = CXCursor_InvalidFile}));
	return ir_add_globals(l->ir, g);
}

/* ---- enumerators ---- */

uint32_t enum_const(struct lower *l, CXCursor enumerator)
{
	uint32_t id = map_get(&l->enum_ids, (uintptr_t)enumerator.data[0]);

	if (id == NONE) {
		id = ir_const(l->ir, lc.getEnumConstantDeclValue(enumerator));
		map_put(&l->enum_ids, (uintptr_t)enumerator.data[0], id);
	}
	return id;
}

void decl_free(struct lower *l)
{
	map_free(&l->fn_ids);
	map_free(&l->fn_keys);
	map_free(&l->global_ids);
	map_free(&l->global_keys);
	map_free(&l->enum_ids);
	map_free(&l->builtin_ids);
	map_free(&l->top_names);
	vec_free(&l->fns);
	vec_free(&l->globals);
	vec_free(&l->queue);
	vec_free(&l->top);
}
