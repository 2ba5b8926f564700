/* clang-format off */
/* ir_text.c - the text form of the IR, .tir: its definition, and the words it is made of.
 *
 * ir_print.c writes it, ir_parse.c reads it. Printing, parsing and printing again gives the same
 * text. Everything can be said, little has to be: what a test does not care about is left out.
 *
 *	fn on_read(c, n) {
 *		%fd = load c->conn:fd			// field fd of record conn
 *		%r = call read(%fd, "buf", n) @12:7	// found at line 12, column 7
 *		store ::total.stats:reads, %r		// a global
 *		if %r <= 0 goto done else more
 *	more:
 *		icall c(0)
 *	done:
 *		ret %r
 *	}
 *
 * A statement ends at the end of its line or at a ';'. "//" begins a comment. NAME is a C
 * identifier, or any text in single quotes. Of two things with one name the second is NAME#2, and
 * nameless ones are #1, #2 and so on, in the order of their declarations. Things may be used
 * before they are declared, or never be declared. Below, (a | b) are alternatives, [x] may be
 * absent, x* repeats.
 *
 * At the top level
 *
 *	file "PATH" (main | system)*
 *	type LABEL KIND [ELEMENT] [SIZE] ["SPELLING"] TYPEFLAG* [params N] [name "TYPEDEF"]
 *	record NAME [size N] [union] [key "KEY"] [{ FIELD* }]
 *	field RECORD:FIELD
 *	global NAME [: TYPE] (extern | GLOBALFLAG)* [in FN] [key "KEY"] [LOC] ATTR*
 *	fn NAME(PARAM, ... [, ...]) [: TYPE] FNFLAG* [key "KEY"] [hash "HEX"] [LOC] ATTR* [{ BODY }]
 *	remark [alone] LOC "TEXT"
 *
 * KIND is void int float enum ptr array record fn or other; ELEMENT a TYPE, of a record its name;
 * SIZE bytes, of an array elements. LABEL has a meaning in this text only. A FIELD is NAME [:
 * TYPE] [bit N] [at N] ATTR*, with its offset in bits and its position; absent, it follows the
 * last one, eight bytes each. Those on a line "field" come on top of what the record lists. A
 * function without BODY is only declared, and its parameters are written '?'. Absent, KEY is the
 * name, and for what is static NAME@FILE. An ATTR is attr (annotate | safety | macro | comment)
 * "TEXT" [LOC].
 *
 * TYPE is a label, '?' (not known), void char short int long float double, uchar ushort uint
 * ulong, *TYPE, [N]TYPE, or struct RECORD. Absent: made up from the way the thing is used.
 *
 * In a body
 *
 *	local NAME [: TYPE] (addr | temp | join | var)* [LOC]
 *	LABEL: (loop | macro | label)*
 *	OP [LOC]
 *	goto BLOCK [LOC]
 *	if VALUE [REL VALUE] goto BLOCK else BLOCK [LOC]
 *	switch VALUE [N: BLOCK, N..N: BLOCK, else: BLOCK] [LOC]
 *	jump BLOCK, ... [LOC]		a computed goto
 *	stop [LOC]			control does not go on
 *	end [LOC]			return
 *
 * A line "local" is only needed to give a type, a flag or a place; PARAM is the same without the
 * word. OP is as in ops.def, its flags behind dots: load.atomic, store.init, call.implicit. VALUE
 * is a number, "a string", a local, &FN, or '?' (not known). REL is == != < <= > >= & (a bit in
 * common) !& (none). %NAME is a nameless local: a temp, or, if several ops assign it, a join. The
 * op that assigns it first may tell its type: %5: int = load ... A number is the local's own,
 * unless that is a parameter. "end" may be absent after an op ret and before the closing brace;
 * else a block without an end goes on to the next one.
 *
 * PATH is a base and steps. The base is a local, ::GLOBAL, a number or "a string"; a step is
 * .RECORD:FIELD, [VALUE] with a constant, a local or '?', .* for what it points to, or
 * ->RECORD:FIELD for the two of .*.RECORD:FIELD
 *
 * LOC is @[FILE:]LINE[:COL][-ENDCOL], and for code from a macro ~[FILE:LINE:COL](MACRO) behind
 * that, which is where it is spelled. FILE absent: that of the function, outside of functions the
 * main file. It goes in double quotes if it begins with a digit or has more than letters, digits
 * and _./+-
 */
/* clang-format on */
#include "ir/ir_int.h"

const struct word tir_file_words[] = {{"main", FILE_MAIN}, {"system", FILE_SYSTEM}, {0}};

const struct word tir_type_kinds[] = {{"void", TYPE_VOID}, {"int", TYPE_INT}, {"float", TYPE_FLOAT},
	{"enum", TYPE_ENUM}, {"ptr", TYPE_PTR}, {"array", TYPE_ARRAY}, {"record", TYPE_RECORD},
	{"fn", TYPE_FN}, {"other", TYPE_OTHER}, {0}};

const struct word tir_type_words[] = {{"const", TYPEF_CONST}, {"volatile", TYPEF_VOLATILE},
	{"atomic", TYPEF_ATOMIC}, {"unsigned", TYPEF_UNSIGNED}, {"variadic", TYPEF_VARIADIC}, {0}};

const struct word tir_global_words[] = {{"static", GLOBAL_STATIC}, {"tls", GLOBAL_TLS},
	{"const", GLOBAL_CONST}, {"atomic", GLOBAL_ATOMIC}, {"volatile", GLOBAL_VOLATILE},
	{"inner", GLOBAL_LOCAL}, {0}};

const struct word tir_fn_words[] = {{"static", FN_STATIC}, {"inline", FN_INLINE},
	{"noreturn", FN_NORETURN}, {"ctor", FN_CTOR}, {"header", FN_HEADER}, {"init", FN_INIT},
	{"knr", FN_KNR}, {"setjmp", FN_SETJMP}, {"degraded", FN_DEGRADED}, {0}};

const struct word tir_attr_kinds[] = {{"annotate", ATTR_ANNOTATE}, {"safety", ATTR_THREAD_SAFETY},
	{"macro", ATTR_MACRO}, {"comment", ATTR_COMMENT}, {0}};

const struct word tir_local_words[] = {{"param", LOCAL_PARAM}, {"temp", LOCAL_TEMP},
	{"addr", LOCAL_ADDR}, {"join", LOCAL_JOIN}, {0}};

const struct word tir_block_words[] = {
	{"loop", BLOCK_LOOP}, {"macro", BLOCK_MACRO}, {"label", BLOCK_LABEL}, {0}};

const struct word tir_op_words[] = {{"atomic", OPF_ATOMIC}, {"volatile", OPF_VOLATILE},
	{"rmw", OPF_RMW}, {"implicit", OPF_IMPLICIT}, {"init", OPF_INIT}, {"macro", OPF_MACRO},
	{"decay", OPF_DECAY}, {"arg", OPF_ARG}, {0}};

const struct word tir_bin_kinds[] = {{"add", BIN_ADD}, {"sub", BIN_SUB}, {"mul", BIN_MUL},
	{"div", BIN_DIV}, {"mod", BIN_MOD}, {"shl", BIN_SHL}, {"shr", BIN_SHR}, {"and", BIN_AND},
	{"or", BIN_OR}, {"xor", BIN_XOR}, {"eq", BIN_EQ}, {"ne", BIN_NE}, {"lt", BIN_LT},
	{"le", BIN_LE}, {"gt", BIN_GT}, {"ge", BIN_GE}, {0}};

const struct word tir_un_kinds[] = {{"neg", UN_NEG}, {"not", UN_NOT}, {"lnot", UN_LNOT}, {0}};

const struct word tir_blind_kinds[] = {{"asm", BLIND_ASM}, {"expr", BLIND_EXPR},
	{"goto", BLIND_GOTO}, {"nest", BLIND_NEST}, {"error", BLIND_ERROR}, {"omp", BLIND_OMP},
	{0}};

const struct word tir_rel_kinds[] = {{"==", REL_EQ}, {"!=", REL_NE}, {"<", REL_LT}, {"<=", REL_LE},
	{">", REL_GT}, {">=", REL_GE}, {"&", REL_BITS}, {"!&", REL_NOBITS}, {0}};

const char *tir_word_of(const struct word *w, uint32_t val)
{
	for (; w->word; w++)
		if (w->val == val)
			return w->word;
	return NULL;
}

bool tir_word_find(const struct word *w, const char *s, size_t n, uint32_t *val)
{
	for (; w->word; w++) {
		if (strlen(w->word) == n && !memcmp(w->word, s, n)) {
			*val = w->val;
			return true;
		}
	}
	return false;
}

uint32_t ir_main_file(const struct ir *ir)
{
	for (uint32_t i = 0; i < ir->nfiles; i++)
		if (ir->files[i].flags & FILE_MAIN)
			return i;
	return ir->nfiles ? 0 : NONE;
}

void ir_usual_key(
	const struct ir *ir, const char *name, uint32_t nth, bool is_static, struct sb *out)
{
	uint32_t file = ir_main_file(ir);

	sb_puts(out, name);
	if (nth > 1 || !*name)
		sb_printf(out, "#%u", nth);
	if (is_static && file != NONE)
		sb_printf(out, "@%s", ir_text_of(ir, ir->files[file].path));
}

uint32_t ir_addr_base(const struct ir *ir, const struct fn *fn, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	uint32_t type;

	if (p->base.kind != REF_LOCAL)
		return NONE;
	type = ir->locals[fn->local + p->base.id].type;
	for (uint32_t i = 0; i < p->nstep; i++) {
		const struct step *s = &ir->steps[p->step + i];

		if (s->kind == STEP_DEREF)
			return NONE;
		if (s->kind == STEP_FIELD) {
			type = ir->fields[s->field].type;
		} else if (type != NONE) {
			const struct type *t = &ir->types[type];

			if (t->kind == TYPE_PTR) /* p[i] follows p */
				return NONE;
			type = t->kind == TYPE_ARRAY ? t->to : NONE;
		}
	}
	return p->base.id;
}
