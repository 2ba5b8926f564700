/* lower_call.c - calls, and the builtins that are no calls.
 *
 * (*fp)(x), fp(x) and (&f)(x) are the same to us: parentheses, &, * of functions and casts are
 * taken from the callee first. A direct callee is a function; any other is the value of a local.
 */
#include "front/lower_int.h"

enum builtin {
	B_NONE,
	B_EXPECT,     /* its first operand */
	B_CONSTANT_P, /* 0, operand not evaluated */
	B_SIZE,	      /* object sizes: not known, operand not evaluated */
	B_STOP,
	B_NOTHING,  /* its operands are evaluated, no more: va_start, prefetch, fences */
	B_PURE,	    /* computes something that is not known here */
	B_OVERFLOW, /* stores an unknown result through its third operand */
	B_ATOMIC,
	B_SETJMP, /* a function all the same */
};

static const struct {
	const char *name;
	uint8_t builtin;
} builtins[] = {
	{"__builtin_expect", B_EXPECT},
	{"__builtin_expect_with_probability", B_EXPECT},
	{"__builtin_assume_aligned", B_EXPECT},
	{"__builtin_launder", B_EXPECT},
	{"__builtin_constant_p", B_CONSTANT_P},
	{"__builtin_object_size", B_SIZE},
	{"__builtin_dynamic_object_size", B_SIZE},
	{"__builtin_classify_type", B_SIZE},
	{"__builtin_unreachable", B_STOP},
	{"__builtin_trap", B_STOP},
	{"__builtin_longjmp", B_STOP},
	{"__builtin_va_start", B_NOTHING},
	{"__builtin_c23_va_start", B_NOTHING},
	{"__builtin_va_end", B_NOTHING},
	{"__builtin_va_copy", B_NOTHING},
	{"__builtin_prefetch", B_NOTHING},
	{"__builtin_assume", B_NOTHING},
	{"__builtin_ia32_pause", B_NOTHING},
	{"__builtin___clear_cache", B_NOTHING},
	{"__sync_synchronize", B_NOTHING},
	{"__atomic_thread_fence", B_NOTHING},
	{"__atomic_signal_fence", B_NOTHING},
	{"__c11_atomic_thread_fence", B_NOTHING},
	{"__c11_atomic_signal_fence", B_NOTHING},
	{"__atomic_always_lock_free", B_SIZE},
	{"__atomic_is_lock_free", B_PURE},
	{"__c11_atomic_is_lock_free", B_PURE},
	{"__builtin_add_overflow", B_OVERFLOW},
	{"__builtin_sub_overflow", B_OVERFLOW},
	{"__builtin_mul_overflow", B_OVERFLOW},
	{"__builtin_setjmp", B_SETJMP},
	{"setjmp", B_SETJMP},
	{"_setjmp", B_SETJMP},
	{"sigsetjmp", B_SETJMP},
	{"__sigsetjmp", B_SETJMP},
};

/* Of the functions that are builtins too, __builtin_memcpy and the like: how their names begin. */
static const char *const library[] = {"mem", "str", "stp", "printf", "fprintf", "sprintf",
	"snprintf", "vprintf", "vfprintf", "vsprintf", "vsnprintf", "malloc", "calloc", "realloc",
	"free", "alloca", "abort", "exit", "_exit", "_Exit", "put", "fput", "fwrite", "fscanf",
	"scanf", "sscanf", "bcopy", "bcmp", "bzero", "index", "rindex", "fork", "exec", "__mem",
	"__str", "__stp", "__snprintf_chk", "__sprintf_chk", "__printf_chk", "__fprintf_chk",
	"__vprintf_chk", "__vfprintf_chk", "__vsnprintf_chk", "__vsprintf_chk", "longjmp"};

const char *library_name(const char *name)
{
	if (!str_starts(name, "__builtin_"))
		return name;
	for (size_t i = 0; i < COUNT(library); i++)
		if (str_starts(name + strlen("__builtin_"), library[i]))
			return name + strlen("__builtin_");
	return name;
}

static uint8_t builtin_named(const char *name)
{
	if (*name != '_' && *name != 's')
		return B_NONE;
	for (size_t i = 0; i < COUNT(builtins); i++)
		if (!strcmp(name, builtins[i].name))
			return builtins[i].builtin;
	if (is_atomic_name(name))
		return B_ATOMIC;
	return str_starts(name, "__builtin_") && library_name(name) == name ? B_PURE : B_NONE;
}

/* ---- callees ---- */

static bool is_fn_type(struct lower *l, uint32_t n)
{
	enum CXTypeKind k = lc.getCanonicalType(lc.getCursorType(node_cursor(l, n))).kind;

	return k == CXType_FunctionProto || k == CXType_FunctionNoProto;
}

static uint32_t strip_callee(struct lower *l, uint32_t n)
{
	for (;;) {
		uint32_t c;

		n = strip(l, n);
		c = l->node.v[n].end > n + 1 ? n + 1 : NONE;
		switch (kind_of(l, n)) {
		case CXCursor_UnaryOperator:
			switch (un_kind(l, n)) {
			case CXUnaryOperator_AddrOf:
			case CXUnaryOperator_Extension:
				break;
			case CXUnaryOperator_Deref:
				if (is_fn_type(l, n))
					break;
				/* fallthrough */
			default:
				return n;
			}
			break;
		case CXCursor_CStyleCastExpr:
			c = last_child(l, n);
			break;
		case CXCursor_GenericSelectionExpr:
			c = chosen_generic(l, n);
			break;
		default:
			return n;
		}
		if (c == NONE)
			return n;
		n = c;
	}
}

/* The declaration of the function that callee names, or of another kind. */
static CXCursor named(struct lower *l, uint32_t callee)
{
	if (kind_of(l, callee) != CXCursor_DeclRefExpr)
		return (CXCursor){.kind = CXCursor_InvalidFile};
	return lc.getCursorReferenced(node_cursor(l, callee));
}

static uint8_t builtin_of(struct lower *l, CXCursor fn)
{
	uint32_t b;
	CXString s;

	if (fn.kind != CXCursor_FunctionDecl)
		return B_NONE;
	b = map_get(&l->builtin_ids, (uintptr_t)fn.data[0]);
	if (b == NONE) {
		s = lc.getCursorSpelling(fn);
		b = builtin_named(lc.getCString(s));
		lc.disposeString(s);
		map_put(&l->builtin_ids, (uintptr_t)fn.data[0], b);
	}
	return (uint8_t)b;
}

static uint8_t builtin_called(struct lower *l, uint32_t n)
{
	if (kind_of(l, n) != CXCursor_CallExpr || l->node.v[n].end == n + 1)
		return B_NONE;
	return builtin_of(l, named(l, strip_callee(l, n + 1)));
}

uint32_t expect_operand(struct lower *l, uint32_t n)
{
	return builtin_called(l, n) == B_EXPECT ? child(l, n, 1) : NONE;
}

bool is_constant_p(struct lower *l, uint32_t n)
{
	return builtin_called(l, n) == B_CONSTANT_P;
}

/* ---- calls ---- */

enum { MAX_ARGS = 4096 };

static uint16_t lower_args(struct lower *l, uint32_t n, uint32_t *first)
{
	VEC(struct ref) args = {0};
	uint16_t narg;

	for (uint32_t c = l->node.v[n + 1].end; c < l->node.v[n].end && args.n < MAX_ARGS;
		c = l->node.v[c].end)
		vec_add(&args, lower_arg(l, c));
	*first = l->ir->nargs;
	for (uint32_t i = 0; i < args.n; i++)
		ir_add_args(l->ir, args.v[i]);
	narg = (uint16_t)args.n;
	vec_free(&args);
	return narg;
}

static void stop(struct lower *l, uint32_t loc)
{
	block_here(l);
	end_block(l, TERM_STOP, loc);
}

static struct ref call(
	struct lower *l, uint32_t n, struct ref callee, uint32_t result, enum use use, uint32_t loc)
{
	uint32_t first;
	uint16_t narg = lower_args(l, n, &first);
	struct ref dst = no_ref();
	struct op *op;

	if (use == VALUE && type_at(l, result)->kind != TYPE_VOID)
		dst = new_temp(l, result, loc);
	op = emit(l, callee.kind == REF_FN ? OP_CALL : OP_ICALL, 0, dst, callee, loc);
	op->arg = first;
	op->narg = narg;
	return dst;
}

static struct ref indirect_call(struct lower *l, uint32_t n, uint32_t callee, enum use use)
{
	uint32_t loc = node_loc(l, callee);
	CXType t = lc.getCanonicalType(lc.getCursorType(node_cursor(l, callee)));
	struct ref fp = lower_value(l, callee), r;
	bool noreturn = false;

	if (t.kind == CXType_Pointer)
		t = lc.getPointeeType(t);
	if (t.kind == CXType_FunctionProto || t.kind == CXType_FunctionNoProto)
		noreturn = type_is_noreturn(l, t);
	if (fp.kind != REF_FN) /* ?: of functions, and the like, may be direct after all */
		fp = as_local(l, fp, node_type(l, n + 1), loc);
	r = call(l, n, fp, node_type(l, n), use, loc);
	if (noreturn)
		stop(l, loc);
	return r;
}

static void store_unknown(struct lower *l, uint32_t ptr)
{
	struct lv lv = lower_pointee(l, ptr);

	emit_store(l, lv, no_ref(), 0, node_loc(l, ptr));
	lv_drop(l, &lv);
}

static void effects(struct lower *l, uint32_t n)
{
	for (uint32_t c = l->node.v[n + 1].end; c < l->node.v[n].end; c = l->node.v[c].end)
		lower_effect(l, c);
}

static struct ref atomic_call(struct lower *l, uint32_t n, CXCursor fn)
{
	uint32_t args[8], narg = 0;
	char name[64];
	CXString s = lc.getCursorSpelling(fn);

	snprintf(name, sizeof name, "%s", lc.getCString(s));
	lc.disposeString(s);
	for (uint32_t c = l->node.v[n + 1].end; c < l->node.v[n].end && narg < COUNT(args);
		c = l->node.v[c].end)
		args[narg++] = c;
	return lower_atomic(l, n, name, args, narg);
}

static struct ref builtin_call(struct lower *l, uint32_t n, CXCursor fn, enum use use)
{
	uint32_t first = child(l, n, 1), third = child(l, n, 3), loc = node_loc(l, n);

	switch (builtin_of(l, fn)) {
	case B_EXPECT:
		if (use == VALUE)
			return lower_value(l, first);
		lower_effect(l, first);
		return no_ref();
	case B_CONSTANT_P:
		return const_ref(l, 0);
	case B_STOP:
		effects(l, n);
		stop(l, loc);
		return no_ref();
	case B_OVERFLOW:
		lower_effect(l, first);
		lower_effect(l, child(l, n, 2));
		if (third != NONE)
			store_unknown(l, third);
		break;
	case B_ATOMIC:
		return atomic_call(l, n, fn);
	case B_SIZE:
		break;
	default:
		effects(l, n);
	}
	return use == VALUE ? as_local(l, no_ref(), node_type(l, n), loc) : no_ref();
}

struct ref lower_call(struct lower *l, uint32_t n, enum use use)
{
	uint32_t callee, fn, type, loc;
	CXCursor decl;
	struct ref r;

	if (l->node.v[n].end == n + 1)
		return no_ref();
	callee = strip_callee(l, n + 1);
	decl = named(l, callee);
	switch (builtin_of(l, decl)) {
	case B_NONE:
		break;
	case B_SETJMP:
		l->b->flags |= FN_SETJMP;
		break;
	default:
		return builtin_call(l, n, decl, use);
	}
	if (decl.kind != CXCursor_FunctionDecl)
		return indirect_call(l, n, callee, use);
	fn = fn_of(l, decl);
	type = l->ir->fns[fn].type;
	type = type == NONE ? node_type(l, n) : type_at(l, type)->to;
	loc = node_loc(l, callee);
	r = call(l, n, REF(FN, fn), type, use, loc);
	if (l->ir->fns[fn].flags & FN_NORETURN)
		stop(l, loc);
	return r;
}
